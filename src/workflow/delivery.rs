//! The destination of a finished certificate: a file, or the caller, with the same checks.

use std::path::PathBuf;

use super::WorkflowError;
use crate::output::{
    Destination, Encoding, Occupant, OutputError, Reserved, TriedDirectories, Verified, Written,
};

/// Where a result goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// To a file.
    File(Destination),
    /// To the caller, which prints it.
    Caller(Encoding),
}

/// A result that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// In this file.
    File(PathBuf),
    /// Here.
    Content(Vec<u8>),
}

/// A place that is held.
#[derive(Debug)]
pub(super) enum Slot {
    File(Reserved),
    Caller(Encoding),
}

impl Delivery {
    /// Checks that the result could be delivered, and leaves nothing behind. For use before the PIN prompt.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn check(&self) -> Result<(), OutputError> {
        self.reserve().map(drop)
    }

    pub(super) fn reserve(&self) -> Result<Slot, OutputError> {
        Ok(match self {
            Self::File(destination) => Slot::File(destination.reserve()?),
            Self::Caller(encoding) => Slot::Caller(*encoding),
        })
    }

    /// [`reserve`](Self::reserve) for a result whose largest size in bytes is known.
    pub(super) fn reserve_room(&self, longest: impl FnOnce(Encoding) -> usize) -> Result<Slot, OutputError> {
        Ok(match self {
            Self::File(destination) => {
                let bytes = longest(destination.encoding);
                Slot::File(destination.reserve_room(u64::try_from(bytes).unwrap_or(u64::MAX))?)
            }
            Self::Caller(encoding) => Slot::Caller(*encoding),
        })
    }

    /// [`check`](Self::check) for one output of several.
    pub(super) fn check_among(&self, tried: &TriedDirectories) -> Result<(), OutputError> {
        match self {
            Self::File(destination) => destination.check(tried),
            Self::Caller(_) => Ok(()),
        }
    }

    /// The destination, if its file already has exactly this content.
    pub(super) fn place_of(&self, verified: &dyn Verified) -> Option<PathBuf> {
        match self {
            Self::File(destination) => destination.holds(verified).then(|| destination.path.clone()),
            Self::Caller(_) => None,
        }
    }

    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(destination) => Some(&destination.path),
            Self::Caller(_) => None,
        }
    }

    /// The content of the file that would be replaced, at most this many bytes of it.
    pub(super) fn existing(&self, limit: u64) -> Option<Vec<u8>> {
        self.path().and_then(|path| Occupant::at(path).read(limit))
    }
}

impl Slot {
    /// Checks, before the signature, that the result can still go there.
    pub(super) fn check(&self) -> Result<(), OutputError> {
        match self {
            Self::File(reserved) => reserved.check(),
            Self::Caller(_) => Ok(()),
        }
    }

    pub(super) fn deliver(self, verified: &dyn Verified) -> Result<Delivered, OutputError> {
        self.write(verified)?.publish()
    }

    pub(super) const fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(reserved) => Some(reserved.path()),
            Self::Caller(_) => None,
        }
    }

    /// Writes the content, but does not wait for the disk and does not give the file its name.
    pub(super) fn write(self, verified: &dyn Verified) -> Result<Filled, OutputError> {
        match self {
            Self::File(reserved) => reserved.write(verified).map(Filled::File),
            Self::Caller(encoding) => {
                let content = verified.content(encoding);
                verified
                    .recheck(&content)
                    .map_err(|reason| OutputError::Recheck {
                        path: PathBuf::from("-"),
                        reason,
                    })?;
                Ok(Filled::Content(content))
            }
        }
    }
}

/// A place with its content, but without its name.
#[derive(Debug)]
pub(super) enum Filled {
    File(Written),
    Content(Vec<u8>),
}

impl Filled {
    pub(super) fn publish(self) -> Result<Delivered, OutputError> {
        match self {
            Self::File(written) => written.publish().map(Delivered::File),
            Self::Content(content) => Ok(Delivered::Content(content)),
        }
    }

    /// Waits until all are on the disk, then gives each its name. The results are in the same order.
    pub(super) fn publish_all(filled: Vec<Self>) -> Vec<Result<Delivered, OutputError>> {
        let mut contents = Vec::with_capacity(filled.len());
        let mut files = Vec::with_capacity(filled.len());
        for one in filled {
            contents.push(match one {
                Self::File(written) => {
                    files.push(written);
                    None
                }
                Self::Content(content) => Some(content),
            });
        }
        let mut published = Written::publish_all(files).into_iter();
        let each = contents.into_iter().filter_map(|content| match content {
            Some(content) => Some(Ok(Delivered::Content(content))),
            None => published.next().map(|path| path.map(Delivered::File)),
        });
        each.collect()
    }
}

/// Delivers a result that is made only after its place is held.
///
/// # Errors
/// [`WorkflowError`]
pub fn deliver<T: Verified>(
    delivery: &Delivery,
    make: impl FnOnce() -> Result<T, WorkflowError>,
) -> Result<(T, Delivered), WorkflowError> {
    let slot = delivery.reserve()?;
    let made = make()?;
    let delivered = slot.deliver(&made)?;
    Ok((made, delivered))
}
