//! Images that are read: a file, or the demo kernel.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};

use rewriter::elf::{ElfImage, Note, ReadOptions, read_note, revert};

use crate::args::ImageArgs;
use crate::demo;
use crate::error::Error;

/// The bytes of an image, and where they are from.
pub struct Input {
    /// Name to show.
    pub name: String,
    /// The file, if it is one.
    pub path: Option<PathBuf>,
    /// The whole file.
    pub bytes: Vec<u8>,
}

impl Input {
    /// The image that the command line names.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn of(args: &ImageArgs) -> Result<Self, Error> {
        match &args.image {
            Some(path) => Self::file(path),
            None => Ok(Self {
                name: "the demo kernel".into(),
                path: None,
                bytes: demo::kernel(),
            }),
        }
    }

    /// A file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn file(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|cause| Error::Read {
            path: path.into(),
            cause,
        })?;
        Ok(Self {
            name: path.display().to_string(),
            path: Some(path.into()),
            bytes,
        })
    }

    /// The image in the bytes.
    ///
    /// # Errors
    ///
    /// When they are no image that can be read.
    pub fn parse(&self, options: &ReadOptions) -> Result<ElfImage<'_>, Error> {
        ElfImage::parse(&self.bytes, options).map_err(|cause| Error::Image {
            image: self.name.clone(),
            cause,
        })
    }

    /// What the image says was done to it, if anything.
    ///
    /// # Errors
    ///
    /// When the file is no ELF file, or its note is damaged.
    pub fn note(&self) -> Result<Option<Note>, Error> {
        read_note(&self.bytes).map_err(|cause| Error::Note {
            image: self.name.clone(),
            cause,
        })
    }

    /// The entry point that the file's header names.
    pub fn entry(&self) -> Option<u64> {
        let file = object::File::parse(self.bytes.as_slice()).ok()?;
        Some(object::Object::entry(&file))
    }

    /// The original of a rewritten image, beside it.
    ///
    /// # Errors
    ///
    /// As [`Input::revert`].
    pub fn original(&self) -> Result<Self, Error> {
        let copy = Self {
            name: self.name.clone(),
            path: self.path.clone(),
            bytes: self.bytes.clone(),
        };
        copy.revert()
    }

    /// The original of a rewritten image, instead of it.
    ///
    /// # Errors
    ///
    /// When the image was not rewritten, or changed since.
    pub fn revert(self) -> Result<Self, Error> {
        let Self { name, path, bytes } = self;
        match revert(bytes) {
            Ok(bytes) => Ok(Self { name, path, bytes }),
            Err(cause) => Err(Error::Revert { image: name, cause }),
        }
    }

    /// The file's mode, for a file that is made from it.
    pub fn permissions(&self) -> Option<Permissions> {
        let path = self.path.as_ref()?;
        fs::metadata(path).ok().map(|metadata| metadata.permissions())
    }
}
