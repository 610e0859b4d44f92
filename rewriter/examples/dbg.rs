use rewriter::{elf::*, code::*};
fn main() {
    let bytes = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let elf = ElfImage::parse(&bytes, &ReadOptions::default()).unwrap();
    let image = elf.image();
    let mut m = CodeMap::new(image);
    let a = u64::from_str_radix(&std::env::args().nth(2).unwrap(),16).unwrap();
    let u = m.unit(a).unwrap();
    println!("{u:x?}");
    for x in (u.start..u.end).step_by(4) { if m.is_code(x) { println!("reached {x:x}"); } }
    println!("{:x?} {:x?}", m.entered_by(u), m.runs_into(u));
    println!("{:x?}", m.computed_targets(u).collect::<Vec<_>>());
    println!("{:x?}", m.entries_of(u).collect::<Vec<_>>());
}
