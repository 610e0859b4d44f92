use rewriter::{elf::*, code::*, analysis::*, classify::*};
fn main() {
    let bytes = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    let image = elf.image();
    let mut m = CodeMap::new(image);
    let a = u64::from_str_radix(&std::env::args().nth(2).unwrap(),16).unwrap();
    for i in 0..12 { println!("{:x} {:x?} {:?}", a+4*i, m.hidden_successors(a+4*i).collect::<Vec<_>>(), m.replaced_by(a+4*i)); }
    let w = image.word(a).unwrap();
    let mut an = Analysis::new(&mut m, &[a]);
    println!("dead {:?}", an.dead_after(a));
    println!("{:?}", an.facts(a, classify(w, image.family).unwrap()));
    for i in 0..12 { println!("{:x} dead {:?}", a+4*i, an.dead_after(a+4*i)); }
}
