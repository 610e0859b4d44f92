//! An executable file around the demo kernel's words.

use object::elf::{
    EM_PPC, ET_EXEC, FileFlags, OsAbi, PF_R, PF_W, PF_X, PT_LOAD, SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS,
    STB_GLOBAL, STT_FUNC, SymbolInfo, SymbolOther, SymbolSection,
};
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, SectionIndex, Sym, Writer};
use object::write::{Result, StringId};

use super::{BASE, Function};

/// The code's alignment, in memory and in the file.
const ALIGN: u64 = 0x1000;

/// Indices and names that the writer gives out before anything is written.
struct Reserved {
    text: SectionIndex,
    text_name: StringId,
    offset: u64,
    names: Vec<StringId>,
}

/// One loaded segment with one section, and a symbol for each function.
///
/// # Errors
///
/// When the writer refuses, which only a mistake here makes it do.
pub fn executable(words: &[u32], functions: &[Function]) -> Result<Vec<u8>> {
    let code: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(object::Endianness::Big, false, &mut bytes);
    let reserved = reserve(&mut writer, code.len() as u64, functions)?;
    let header = FileHeader {
        os_abi: OsAbi(0),
        abi_version: 0,
        e_type: ET_EXEC,
        e_machine: EM_PPC,
        e_entry: u64::from(BASE),
        e_flags: FileFlags(0),
    };
    writer.write_file_header(&header)?;
    let size = code.len() as u64;
    writer.write_align_program_headers();
    writer.write_program_header(&ProgramHeader {
        p_type: PT_LOAD,
        p_flags: PF_R | PF_W | PF_X,
        p_offset: reserved.offset,
        p_vaddr: u64::from(BASE),
        p_paddr: 0,
        p_filesz: size,
        p_memsz: size,
        p_align: ALIGN,
    });
    writer.write_align(ALIGN);
    writer.write(&code);
    write_symbols(&mut writer, &reserved, functions);
    writer.write_shstrtab();
    writer.write_null_section_header();
    writer.write_section_header(&SectionHeader {
        sh_name: writer.section_name_offset(Some(reserved.text_name)),
        sh_type: SHT_PROGBITS,
        sh_flags: SHF_ALLOC | SHF_EXECINSTR,
        sh_addr: u64::from(BASE),
        sh_offset: reserved.offset,
        sh_size: size,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: ALIGN,
        sh_entsize: 0,
    });
    writer.write_symtab_section_header(1);
    writer.write_strtab_section_header();
    writer.write_shstrtab_section_header();
    Ok(bytes)
}

/// Everything has to be reserved in the order in which it is written.
fn reserve<'f>(writer: &mut Writer<'f>, size: u64, functions: &'f [Function]) -> Result<Reserved> {
    writer.reserve_null_section_index();
    let text_name = writer.add_section_name(b".text");
    let text = writer.reserve_section_index();
    writer.reserve_symtab_section_index();
    writer.reserve_strtab_section_index();
    writer.reserve_shstrtab_section_index();
    writer.reserve_file_header();
    writer.reserve_program_headers(1);
    let offset = writer.reserve(size, ALIGN);
    writer.reserve_null_symbol_index();
    let names = functions
        .iter()
        .map(|function| writer.add_string(function.name.as_bytes()))
        .collect();
    for _ in functions {
        writer.reserve_symbol_index(None);
    }
    writer.reserve_symtab();
    writer.reserve_strtab()?;
    writer.reserve_shstrtab()?;
    writer.reserve_section_headers();
    Ok(Reserved {
        text,
        text_name,
        offset,
        names,
    })
}

fn write_symbols(writer: &mut Writer, reserved: &Reserved, functions: &[Function]) {
    writer.write_null_symbol();
    for (function, name) in functions.iter().zip(&reserved.names) {
        writer.write_symbol(&Sym {
            st_name: writer.string_offset(Some(*name)),
            section: Some(reserved.text.0),
            st_info: SymbolInfo::new(STB_GLOBAL, STT_FUNC),
            st_other: SymbolOther(0),
            st_shndx: SymbolSection(0),
            st_value: u64::from(BASE + function.offset),
            st_size: u64::from(function.size),
        });
    }
    writer.write_strtab();
}
