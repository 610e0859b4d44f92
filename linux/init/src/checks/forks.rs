//! Children have a copy of their parent's memory, change it without the parent's noticing, and are waited for.

use crate::Failure;
use crate::process::Child;

const CHILDREN: u8 = 16;

/// Starts children that change what they have copied and sum it up; each must come to its own sum.
pub fn run(round: u32) -> Result<u32, Failure> {
    let mut page = [0_u32; 1024];
    for number in 0..CHILDREN {
        page.fill(round);
        let child = Child::start(|| {
            page.iter_mut()
                .for_each(|word| *word = word.wrapping_add(number.into()));
            let sum = page.iter().fold(0_u32, |sum, word| sum.wrapping_add(*word));
            low_byte(sum >> 10)
        })?;
        let (is, should) = (child.wait()?, low_byte(round + u32::from(number)));
        if is != should {
            return Err(Failure::Wrong("a child's sum", is.into(), should.into()));
        }
        if let Some(word) = page.iter().find(|word| **word != round) {
            return Err(Failure::Wrong("a word of the parent", *word, round));
        }
    }
    Ok(CHILDREN.into())
}

const fn low_byte(number: u32) -> u8 {
    number.to_be_bytes()[3]
}
