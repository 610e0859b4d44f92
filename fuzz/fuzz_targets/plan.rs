//! Any text as a plan, any bytes as a note in a well-formed file: a plan or an error, and a plan survives JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewriter::elf::{read_note, revert};
use rewriter::plan::Plan;

/// Header, then section headers for: nothing, the names, the note.
const HEADER: usize = 52;
const TABLE: usize = 3 * 40;
const NAMES: &[u8; 16] = b"\0.note.ppcpv\0\0\0\0";

fn section(file: &mut Vec<u8>, fields: [usize; 6]) {
    let [name, kind, offset, size, align, entry] = fields;
    for value in [name, kind, 0, 0, offset, size, 0, 0, align, entry] {
        file.extend(u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes());
    }
}

/// A 32-bit big-endian file with a section `.note.ppcpv` that holds `descriptor`, in a note of our form.
fn with_note(descriptor: &[u8]) -> Vec<u8> {
    let note = HEADER + TABLE + NAMES.len();
    let mut file = b"\x7fELF\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x14\0\0\0\x01".to_vec();
    file.extend([0; 8]);
    file.extend((HEADER as u32).to_be_bytes());
    file.extend([0, 0, 0, 0, 0, 52, 0, 32, 0, 0, 0, 40, 0, 3, 0, 1]);
    section(&mut file, [0; 6]);
    section(&mut file, [0, 3, HEADER + TABLE, NAMES.len(), 1, 0]);
    section(&mut file, [1, 7, note, 20 + descriptor.len(), 4, 0]);
    file.extend(NAMES);
    let size = u32::try_from(descriptor.len()).unwrap_or(u32::MAX);
    file.extend([6, size, 1].iter().flat_map(|word: &u32| word.to_be_bytes()));
    file.extend(b"ppcpv\0\0\0");
    file.extend(descriptor);
    file
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = core::str::from_utf8(bytes)
        && let Ok(plan) = Plan::from_json(text)
    {
        assert_eq!(Plan::from_json(&plan.to_json()).expect("a plan"), plan);
        let _ = plan.totals();
    }
    let _ = read_note(bytes);
    let file = with_note(bytes);
    if let Ok(note) = read_note(&file) {
        assert!(note.is_some());
    }
    let _ = revert(file);
});
