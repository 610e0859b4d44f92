//! Linux's tables of code addresses: one row each. (A table; see `linux.rs` for what is done with it.)
//!
//! The layouts are facts of the kernel's interface between its assembler macros and its patching code; each row
//! names the function that reads the table.

/// The buffer for the trampolines of Linux's own patcher (`arch/powerpc/kernel/kvm_emul.S`).
pub(in crate::elf) const BUFFER: &str = "kvm_tmp";

/// What an entry of a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Two longs mask and value, then four self-relative longs: code, its end, alternative, its end.
    Alternative,
    /// A self-relative long; so many words are overwritten there, on Book3S and on e500.
    Words([u64; 2]),
    /// Two longs relative to the entry: code and its end.
    Span,
    /// An absolute long; so many words are overwritten there.
    Address(u64),
    /// Two self-relative 32-bit words, code and where it goes when the key is on; a long.
    JumpLabel,
    /// Two self-relative 32-bit words: an instruction that may fault, and where it continues then.
    Exception,
    /// Two absolute longs: code in which an interrupt looks at the interrupted address.
    SoftMask,
    /// Three absolute longs: the same, and where such an interrupt returns to.
    Restart,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name in reports: the section that its entries are assembled into.
    pub table: &'static str,
    /// Another name that its section has in some kernels.
    pub other: &'static str,
    /// The symbols at its start and end.
    pub ends: [&'static str; 2],
    /// What an entry says.
    pub layout: Layout,
}

/// Rows `"table", "other section", "start", "stop", layout;` below the function that reads them.
macro_rules! rows {
    ($($table:literal, $other:literal, $start:literal, $stop:literal, $layout:expr;)*) => {
        /// Every table.
        pub(super) const ROWS: &[Row] =
            &[$(Row { table: $table, other: $other, ends: [$start, $stop], layout: $layout }),*];
    };
}

use Layout::{Address, Alternative, Exception, JumpLabel, Restart, SoftMask, Span, Words};

// lib/feature-fixups.c unless another file is named.
rows! {
    // patch_feature_section
    "__ftr_fixup", "", "__start___ftr_fixup", "__stop___ftr_fixup", Alternative;
    "__mmu_ftr_fixup", "", "__start___mmu_ftr_fixup", "__stop___mmu_ftr_fixup", Alternative;
    "__fw_ftr_fixup", "", "__start___fw_ftr_fixup", "__stop___fw_ftr_fixup", Alternative;
    // do_lwsync_fixups
    "__lwsync_fixup", "", "__start___lwsync_fixup", "__stop___lwsync_fixup", Words([1, 1]);
    // do_stf_entry_barrier_fixups, do_stf_exit_barrier_fixups
    "__stf_entry_barrier_fixup", "", "__start___stf_entry_barrier_fixup", "__stop___stf_entry_barrier_fixup", Words([3, 3]);
    "__stf_exit_barrier_fixup", "", "__start___stf_exit_barrier_fixup", "__stop___stf_exit_barrier_fixup", Words([6, 6]);
    // do_uaccess_flush_fixups
    "__uaccess_flush_fixup", "", "__start___uaccess_flush_fixup", "__stop___uaccess_flush_fixup", Words([4, 4]);
    // __do_entry_flush_fixups
    "__entry_flush_fixup", "", "__start___entry_flush_fixup", "__stop___entry_flush_fixup", Words([3, 3]);
    "__scv_entry_flush_fixup", "", "__start___scv_entry_flush_fixup", "__stop___scv_entry_flush_fixup", Words([3, 3]);
    // __do_rfi_flush_fixups
    "__rfi_flush_fixup", "", "__start___rfi_flush_fixup", "__stop___rfi_flush_fixup", Words([3, 3]);
    // do_barrier_nospec_fixups_range, one for Book3S and one for e500
    "__barrier_nospec_fixup", "__spec_barrier_fixup", "__start___barrier_nospec_fixup", "__stop___barrier_nospec_fixup", Words([1, 2]);
    // patch_btb_flush_section
    "__btb_flush_fixup", "__spec_btb_flush_fixup", "__start__btb_flush_fixup", "__stop__btb_flush_fixup", Span;
    // kernel/trace/ftrace.c: the call to the tracer, or the nops in its place
    "__mcount_loc", "__patchable_function_entries", "__start_mcount_loc", "__stop_mcount_loc", Address(1);
    // kernel/jump_label.c: arch_jump_label_transform
    "__jump_table", "", "__start___jump_table", "__stop___jump_table", JumpLabel;
    // include/asm/extable.h
    "__ex_table", "", "__start___ex_table", "__stop___ex_table", Exception;
    // lib/restart_table.c: search_kernel_soft_mask_table, search_kernel_restart_table
    "__soft_mask_table", "", "__start___soft_mask_table", "__stop___soft_mask_table", SoftMask;
    "__restart_table", "", "__start___restart_table", "__stop___restart_table", Restart;
}

/// Tables by which code is replaced with more than nops, barriers, calls of the tracer or what stands in an
/// alternative: moves of LR and SPRs, calls, returns.
pub(super) const UNKNOWN: [&str; 10] = [
    "__stf_entry_barrier_fixup",
    "__stf_exit_barrier_fixup",
    "__uaccess_flush_fixup",
    "__entry_flush_fixup",
    "__scv_entry_flush_fixup",
    "__rfi_flush_fixup",
    "patch_site",
    "static_call",
    HYPERCALLS[0].0,
    HYPERCALLS[1].0,
];

/// Where `hcall-instructions` of the device tree are written, and how many words
/// (kernel/epapr_paravirt.c: early_init_dt_scan_epapr).
pub(super) const HYPERCALLS: [(&str, u64); 2] = [("epapr_hypercall_start", 4), ("epapr_ev_idle_start", 4)];

/// Code that Linux copies and runs elsewhere, between two symbols.
pub(super) const COPIED: [[&str; 2]; 3] = [
    // kernel/optprobes.c: arch_prepare_optimized_kprobe
    ["optprobe_template_entry", "optprobe_template_end"],
    // kexec/core_32.c: default_machine_kexec
    ["relocate_new_kernel", "relocate_new_kernel_end"],
    // kvm/booke.c: kvmppc_booke_init
    ["kvmppc_handlers_start", "kvmppc_handlers_end"],
];

/// The interrupt vectors, which a relocatable 64-bit kernel copies (lib/feature-fixups.c: do_final_fixups).
pub(super) const VECTORS: [&str; 2] = ["_stext", "__end_interrupts"];

/// Whether a symbol is an end of code that is copied.
pub(in crate::elf) fn is_copied(name: &str) -> bool {
    COPIED.iter().chain([&VECTORS]).flatten().any(|end| *end == name)
}

impl Layout {
    /// Bytes of an entry, where a long has `long` bytes.
    pub fn entry_size(self, long: usize) -> usize {
        match self {
            Self::Alternative => 6 * long,
            Self::Words(_) | Self::Address(_) => long,
            Self::Span | Self::SoftMask => 2 * long,
            Self::Restart => 3 * long,
            Self::JumpLabel => 8 + long,
            Self::Exception => 8,
        }
    }

    /// Whether entries hold absolute addresses, which a loader may have to store.
    pub fn is_absolute(self) -> bool {
        matches!(self, Self::Address(_) | Self::SoftMask | Self::Restart)
    }
}
