//! Any bytes as a file: an image or an error, and what is read of it holds together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magicpage::Family;
use rewriter::elf::{ElfImage, ReadOptions, revert};

fuzz_target!(|bytes: &[u8]| {
    for family in [None, Some(Family::Book3s32), Some(Family::E500)] {
        let options = ReadOptions { family, accept_rewritten: true, ..ReadOptions::default() };
        let Ok(elf) = ElfImage::parse(bytes, &options) else { continue };
        let image = elf.image();
        for region in &image.regions {
            assert!(region.address.is_multiple_of(4) && image.word(region.address).is_some());
        }
        assert!(image.regions.windows(2).all(|pair| pair[0].end() <= pair[1].address));
        assert!(image.symbols.is_sorted_by_key(|symbol| symbol.address));
        assert!(image.relocated.is_sorted_by_key(|word| word.address));
        assert!(image.areas.iter().all(|area| area.range.start < area.range.end));
        for address in image.roots.iter().chain(&image.referenced) {
            let _ = image.symbol(*address);
        }
    }
    let _ = revert(bytes.to_vec());
});
