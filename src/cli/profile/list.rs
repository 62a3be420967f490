//! `profile list`.

use hsm_ca::x509::{Profile, ProfileExtension};

use crate::cli::json::Output as _;
use crate::cli::json::profile::ProfileList;
use crate::cli::report::Report;
use crate::cli::table::{self, Column, Fit};

/// The name stays whole: other commands need it.
const COLUMNS: [Column; 4] = [
    ("NAME", Fit::Whole),
    ("ROLE", Fit::Whole),
    ("DAYS", Fit::Whole),
    ("EXTENSIONS", Fit::Folded),
];

pub(super) fn list(wide: bool) -> Report {
    let profiles = Profile::built_in();
    let rows: Vec<_> = profiles.iter().map(row).collect();
    let list = ProfileList::new(&profiles);
    Report::laid_out(table::render(&COLUMNS, &rows, wide), list.document())
}

fn row(profile: &Profile) -> table::Row {
    let extensions: Vec<_> = profile.extensions.iter().map(ProfileExtension::name).collect();
    table::row([
        profile.name.to_string(),
        profile.role.word().to_owned(),
        profile.default_days.to_string(),
        extensions.join(", "),
    ])
}
