//! Numbers as hexadecimal strings in a plan's JSON, and reading a plan that nobody vouches for.

use alloc::format;
use alloc::string::{String, ToString};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

use super::{Plan, SCHEMA_VERSION};

/// Why a text is not a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is not JSON, or JSON of another form.
    #[error("not a plan: {0}")]
    Form(String),
    /// It is a plan of another version.
    #[error(
        "the plan has schema version {found}, this program reads version {SCHEMA_VERSION}: rewrite the image again"
    )]
    Version {
        /// The version it has.
        found: u32,
    },
}

impl Plan {
    /// The plan as JSON on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| unreachable!("a plan is always JSON: {error}"))
    }

    /// Reads a plan.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, is JSON of another form, or has another schema version. The plan's contents are
    /// not judged here: applying it compares every old word first.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let form = |error: serde_json::Error| PlanError::Form(error.to_string());
        let Version { schema_version } = serde_json::from_str(text).map_err(form)?;
        if schema_version != SCHEMA_VERSION {
            return Err(PlanError::Version {
                found: schema_version,
            });
        }
        serde_json::from_str(text).map_err(form)
    }
}

fn parse_hex(text: &str) -> Result<u64, String> {
    let digits = text
        .strip_prefix("0x")
        .ok_or_else(|| format!("`{text}` does not start with 0x"))?;
    u64::from_str_radix(digits, 16).map_err(|error| format!("`{text}`: {error}"))
}

/// 64-bit numbers.
pub mod hex64 {
    use super::*;

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:#010x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        parse_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Instruction words.
pub mod hex32 {
    use super::*;

    pub fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:#010x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let value = parse_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        u32::try_from(value).map_err(D::Error::custom)
    }
}

/// Lists of instruction words.
pub mod words {
    use super::*;
    use alloc::vec::Vec;

    #[derive(serde::Serialize, Deserialize)]
    struct Word(#[serde(with = "super::hex32")] u32);

    pub fn serialize<S: Serializer>(words: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(words.iter().map(|word| Word(*word)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
        Ok(Vec::<Word>::deserialize(deserializer)?
            .into_iter()
            .map(|Word(word)| word)
            .collect())
    }
}

/// Page features as a list of names.
pub mod features {
    use super::*;
    use alloc::vec::Vec;
    use magicpage::hypercall::PageFeatures;

    pub fn serialize<S: Serializer>(features: &PageFeatures, serializer: S) -> Result<S::Ok, S::Error> {
        let held = PageFeatures::NAMES
            .iter()
            .filter(|(_, bit)| features.contains(*bit));
        serializer.collect_seq(held.map(|(name, _)| name))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PageFeatures, D::Error> {
        let mut features = PageFeatures::empty();
        for name in Vec::<String>::deserialize(deserializer)? {
            let known = PageFeatures::NAMES.iter().find(|(known, _)| *known == name);
            features |= known
                .ok_or_else(|| D::Error::custom(format!("no page feature `{name}`")))?
                .1;
        }
        Ok(features)
    }
}
