//! The files of a signed object, in `run/objects`.

use std::path::PathBuf;

use super::CeremonyRun;
use crate::output::{Destination, Encoding};
use crate::workflow::Delivery;

impl CeremonyRun<'_> {
    pub(super) fn delivery(&self, id: &str) -> Delivery {
        let path = self.der_path(id);
        match path.exists() {
            true => Delivery::Caller(Encoding::Der),
            false => Delivery::File(Destination {
                encoding: Encoding::Der,
                mode: 0o600,
                ..Destination::new(path)
            }),
        }
    }

    pub(super) fn der_path(&self, id: &str) -> PathBuf {
        self.request
            .ceremony
            .directory
            .objects()
            .join(format!("{id}.der"))
    }

    pub(super) fn tbs_path(&self, id: &str) -> PathBuf {
        let spare = if self.spare.borrow().contains(id) {
            ".spare"
        } else {
            ""
        };
        let objects = self.request.ceremony.directory.objects();
        objects.join(format!("{id}{spare}.tbs"))
    }

    pub(super) fn sig_path(&self, id: &str) -> PathBuf {
        self.request
            .ceremony
            .directory
            .objects()
            .join(format!("{id}.sig"))
    }
}
