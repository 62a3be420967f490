//! Every directory between the root and a file, link by link.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::error::STICKY;
use super::{Owner, TrustError};

/// As many links as Linux follows (path_resolution(7)).
const MOST_LINKS: usize = 40;

const OTHERS_WRITE: u32 = 0o022;

/// A directory on the way.
struct Step {
    path: PathBuf,
    found: Metadata,
    /// What was taken from it next: a directory, a link, or the file.
    next: PathBuf,
    next_found: Metadata,
}

/// A path, resolved.
pub(super) struct Walk {
    steps: Vec<Step>,
    /// Without links.
    pub(super) real: PathBuf,
    /// What is there.
    pub(super) found: Metadata,
}

impl Walk {
    pub(super) fn to(path: &Path) -> Result<Self, TrustError> {
        let start = std::path::absolute(path).map_err(|cause| TrustError::io(path, cause))?;
        let (mut steps, mut links) = (Vec::new(), 0);
        let mut ahead: VecDeque<OsString> = names(&start);
        let mut real = PathBuf::from("/");
        let look = |path: &Path| fs::symlink_metadata(path).map_err(|cause| TrustError::io(path, cause));
        let mut found = look(&real)?;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                real.pop();
                found = look(&real)?;
                continue;
            }
            if !found.is_dir() {
                return Err(TrustError::io(
                    &real,
                    io::Error::from(io::ErrorKind::NotADirectory),
                ));
            }
            let next = real.join(&name);
            let next_found = look(&next)?;
            steps.push(Step {
                path: real.clone(),
                found,
                next: next.clone(),
                next_found: next_found.clone(),
            });
            if !next_found.is_symlink() {
                (real, found) = (next, next_found);
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                let cause = io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
                return Err(TrustError::io(path, cause));
            }
            let target = fs::read_link(&next).map_err(|cause| TrustError::io(&next, cause))?;
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            found = look(&real)?;
            for name in names(&target).into_iter().rev() {
                ahead.push_front(name);
            }
        }
        Ok(Self { steps, real, found })
    }

    pub(super) fn owner(&self) -> u32 {
        self.found.uid()
    }

    /// Refuses a path that a user outside `counting` could change. `sticky_home`: whether the last directory may be one that everyone can write to.
    pub(super) fn check(&self, counting: &[u32], sticky_home: bool) -> Result<(), TrustError> {
        for (index, step) in self.steps.iter().enumerate() {
            let is_home = index + 1 == self.steps.len();
            if !counting.contains(&step.found.uid()) {
                return Err(TrustError::other_owner(&step.path, &step.found));
            }
            if step.found.mode() & OTHERS_WRITE == 0 {
                continue;
            }
            let may_be_sticky = !is_home || sticky_home || self.found.is_dir();
            if step.found.mode() & STICKY == 0 || !may_be_sticky {
                return Err(TrustError::open_to_others(&step.path, &step.found));
            }
            if !counting.contains(&step.next_found.uid()) {
                return Err(match step.next_found.is_symlink() {
                    true => TrustError::other_link(&step.next, &step.next_found),
                    false => TrustError::other_owner(&step.next, &step.next_found),
                });
            }
        }
        if !counting.contains(&self.found.uid()) {
            return Err(TrustError::other_owner(&self.real, &self.found));
        }
        if self.found.mode() & OTHERS_WRITE != 0 {
            return Err(TrustError::open_to_others(&self.real, &self.found));
        }
        Ok(())
    }
}

/// The names on a path, `..` included, because its meaning depends on the links before it.
fn names(path: &Path) -> VecDeque<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}

pub(super) fn refuse_other_kinds(path: &Path, found: &Metadata) -> Result<(), TrustError> {
    if found.is_file() {
        return Ok(());
    }
    Err(TrustError::NotAFile {
        path: path.to_owned(),
        owner: Owner::of(found.uid()),
    })
}
