# What the assembly of several files uses.

    .set SPRG0, 272
    .set SPRG1, 273
    .set SPRG3, 275
    .set SPRG4, 276
    .set SPRG5, 277
    .set SPRG6, 278
    .set SPRG7, 279
    .set SRR0, 26
    .set SRR1, 27
    .set CSRR0, 58
    .set CSRR1, 59
    .set MCSRR0, 570
    .set MCSRR1, 571

# A row of the table of functions: assembly that starts here.
.macro ROW name
    .pushsection .kernel.functions, "a"
    .long   \name, 0, 98f, 99f - 98f
    .popsection
    .pushsection .rodata.names, "a"
98: .ascii  "\name"
99:
    .popsection
.endm
