//! Why an instruction cannot be encoded.

/// What is wrong with a mnemonic or its operands. Operands are counted from 1, a displacement and its base as two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The family has no instruction of the name.
    #[error("unknown instruction mnemonic")]
    Unknown,
    /// There are not as many operands as the instruction has.
    #[error("it takes {least} to {most} operands, not {given}")]
    Count {
        /// How many there are.
        given: usize,
        /// How many there must be.
        least: usize,
        /// How many there may be.
        most: usize,
    },
    /// The same, where there is one number only.
    #[error("it takes {expected} operands, not {given}")]
    ExactCount {
        /// How many there are.
        given: usize,
        /// How many there must be.
        expected: usize,
    },
    /// No instruction has as many operands.
    #[error("too many operands")]
    TooMany,
    /// An operand is neither register nor number.
    #[error("operand {operand} is no register or number")]
    Unreadable {
        /// Its position.
        operand: usize,
    },
    /// An operand is something else than the instruction takes.
    #[error("operand {operand} is no {wanted}")]
    Kind {
        /// Its position.
        operand: usize,
        /// What it should be.
        wanted: &'static str,
    },
    /// An operand does not fit into its field.
    #[error("operand {operand} is out of range: {value} (expected between {low} and {high})")]
    Range {
        /// Its position.
        operand: usize,
        /// Its value; of a branch target the distance in bytes.
        value: i64,
        /// The least value.
        low: i64,
        /// The greatest value.
        high: i64,
    },
    /// An operand has lower bits that the field does not hold.
    #[error("operand {operand} is no multiple of {of}: {value}")]
    Multiple {
        /// Its position.
        operand: usize,
        /// Its value.
        value: i64,
        /// What it should be a multiple of.
        of: i64,
    },
    /// An operand is none of those that the mnemonic stands for.
    #[error("operand {operand} cannot be {value}")]
    Unsuitable {
        /// Its position.
        operand: usize,
        /// Its value.
        value: u32,
    },
    /// The special register has no such index.
    #[error("there is no special register of that number")]
    NoSuchRegister,
    /// Each operand fits, but the architecture does not allow them together.
    #[error("the operands do not go together")]
    Invalid,
}

impl EncodeError {
    pub(super) const fn count(given: usize, least: usize, most: usize) -> Self {
        if least == most {
            Self::ExactCount {
                given,
                expected: most,
            }
        } else {
            Self::Count { given, least, most }
        }
    }

    /// How far an attempt came: of several rows with one mnemonic, the nearest one's failure is told.
    pub(super) const fn nearness(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Count { .. } | Self::ExactCount { .. } | Self::TooMany => 1,
            Self::Unreadable { .. } | Self::Kind { .. } => 2,
            Self::Range { .. } | Self::Multiple { .. } | Self::Unsuitable { .. } | Self::NoSuchRegister => 3,
            Self::Invalid => 4,
        }
    }
}
