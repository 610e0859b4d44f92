//! A whole guest in one file.
//!
//! One line of JSON, which says what the guest is: version, processor, board, and the numbers of the pages of memory
//! that are not all zeros. Behind it stand those pages, in that order, as they are. The JSON has the digest of the pages
//! and of the rest of itself, so that a file that was cut or changed is not taken for a guest.

use board::Board;
use kvm_ppc::Vcpu;
use kvm_ppc::deferral::Policy;
use kvm_ppc::model::Model;
use kvm_ppc::snapshot as processor;
use machine::{Config, RestoreError, Saved};
use magicpage::PAGE_SIZE;
use rewriter::elf::digest;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, EnumMessage, IntoStaticStr};

use super::{Devices, Guest, Machine};

/// The version of the file's form.
pub const VERSION: u32 = 1;
/// What the JSON begins with.
const BEGINNING: &[u8] = b"{\"ppcpv_snapshot\":";

/// Why a snapshot cannot be resumed.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, thiserror::Error)]
#[strum_discriminants(
    name(SnapshotErrorKind),
    derive(EnumIter, EnumMessage, IntoStaticStr),
    strum(serialize_all = "kebab-case"),
    doc = "The kinds of [`SnapshotError`]. Their names are in lower case with hyphens."
)]
pub enum SnapshotError {
    /// The file is no snapshot.
    #[error("not a snapshot: `ppcpv run --snapshot-at N --snapshot FILE` writes one")]
    NotSnapshot,
    /// The snapshot was written by a program of another version.
    #[error("the snapshot is of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// The file was cut or changed.
    #[error("the snapshot is damaged: {0}")]
    Damaged(String),
    /// The snapshot holds a machine that cannot be.
    #[error(transparent)]
    Machine(#[from] RestoreError),
    /// The snapshot holds a processor that cannot be.
    #[error(transparent)]
    Processor(#[from] processor::RestoreError),
}

/// What is read before anything else.
#[derive(Deserialize)]
struct Version {
    ppcpv_snapshot: u32,
}

#[derive(Serialize, Deserialize)]
struct File {
    ppcpv_snapshot: u32,
    /// SHA-256 of everything below, as JSON, and of the pages behind it.
    digest: String,
    body: Body,
}

#[derive(Serialize, Deserialize)]
struct Body {
    /// Instructions in a tick of the time base.
    ratio: std::num::NonZeroU32,
    /// Whether the guest was stopped between two of its exits, so that the host does not look at what waits before it
    /// goes on.
    entered: bool,
    processor: processor::Saved,
    /// Its pages stand behind the JSON.
    machine: Saved,
    pages: Vec<u64>,
    board: Board,
}

/// The bytes of a file that holds the guest.
///
/// # Errors
///
/// When something cannot be written as JSON, which is a mistake here.
pub fn write(guest: &Guest) -> Result<Vec<u8>, serde_json::Error> {
    let mut machine = guest.machine.save();
    let (pages, contents): (Vec<u64>, Vec<Vec<u8>>) = std::mem::take(&mut machine.pages).into_iter().unzip();
    let body = Body {
        ratio: guest.machine.config().ratio,
        entered: guest.is_entered(),
        processor: guest.vcpu.save(),
        machine,
        pages,
        board: guest.machine.devices().board.clone(),
    };
    let contents = contents.concat();
    let file = File {
        ppcpv_snapshot: VERSION,
        digest: sum(&body, &contents)?,
        body,
    };
    let mut bytes = serde_json::to_vec(&file)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&contents);
    Ok(bytes)
}

fn sum(body: &Body, contents: &[u8]) -> Result<String, serde_json::Error> {
    let text = format!("{}{}", digest(&serde_json::to_vec(body)?), digest(contents));
    Ok(digest(text.as_bytes()))
}

/// The guest that a file holds, under another policy if asked for.
///
/// # Errors
///
/// A [`SnapshotError`].
pub fn read(bytes: &[u8], policy: Option<&'static dyn Policy>) -> Result<Guest, SnapshotError> {
    if !bytes.starts_with(BEGINNING) {
        return Err(SnapshotError::NotSnapshot);
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, contents) = bytes.split_at(end.ok_or_else(|| damaged("its first line has no end"))?);
    let contents = &contents[1..];
    let version: Version = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
    if version.ppcpv_snapshot != VERSION {
        return Err(SnapshotError::Version(version.ppcpv_snapshot));
    }
    let file: File = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
    if sum(&file.body, contents).ok() != Some(file.digest) {
        return Err(damaged("its digest is another one: the file was cut or changed"));
    }
    restore(file.body, contents, policy)
}

fn damaged(why: &str) -> SnapshotError {
    SnapshotError::Damaged(why.into())
}

fn restore(body: Body, contents: &[u8], policy: Option<&'static dyn Policy>) -> Result<Guest, SnapshotError> {
    let Body {
        ratio,
        entered,
        processor,
        machine: mut saved,
        pages,
        board,
    } = body;
    let (chunks, rest) = contents.as_chunks::<PAGE_SIZE>();
    if chunks.len() != pages.len() || !rest.is_empty() {
        return Err(damaged("it has not the pages that it lists"));
    }
    saved.pages = pages
        .into_iter()
        .zip(chunks)
        .map(|(number, bytes)| (number, bytes.to_vec()))
        .collect();
    let model = Model::from_name(&processor.model)
        .ok_or_else(|| processor::RestoreError::Model(processor.model.clone()))?;
    let bytes = usize::try_from(saved.ram_bytes).map_err(|_| damaged("its memory is too large"))?;
    let config = Config {
        ratio,
        ..Config::new(model.family, bytes)
    };
    let mut machine =
        Machine::with_devices(config, Devices::new(board)).map_err(|error| damaged(&error.to_string()))?;
    // What the guest printed or reported last was not looked at yet.
    machine.devices_mut().touched = true;
    machine.restore(&saved)?;
    let is_new = policy.is_some_and(|policy| policy.name() != processor.policy);
    let processor = match policy {
        Some(policy) if is_new => under(processor, policy),
        _ => processor,
    };
    let guest = Guest::new(Vcpu::restore(&processor, &mut machine)?, machine);
    Ok(if entered && !is_new {
        guest.reentered()
    } else {
        guest
    })
}

/// The same processor under another policy, which finds its own answer to interrupts that wait.
fn under(saved: processor::Saved, policy: &dyn Policy) -> processor::Saved {
    let held = processor::Held {
        hold: None,
        ..saved.held
    };
    processor::Saved {
        policy: policy.name().into(),
        held,
        ..saved
    }
}
