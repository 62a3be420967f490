//! `profile show`.

use clap::Args;
use hsm_ca::file_trust::Owners;
use hsm_ca::x509::{Profile, X509Error};

use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::profile::ProfileShow;
use crate::cli::report::{Fields, Report};

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowProfile {
    /// The name of a built-in profile, or a file: ./web.toml
    #[arg(value_name = "PROFILE")]
    profile: String,
}

impl ShowProfile {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        let profile = match super::file_in(&self.profile) {
            Some(path) => super::read(path, input::read_trusted(path, Owners::Any)?)?,
            None => built_in(&self.profile)?,
        };
        Ok(report(&profile))
    }
}

pub(super) fn report(profile: &Profile) -> Report {
    let shown = ProfileShow::new(profile);
    Report::new(describe(&shown), shown.document())
}

fn built_in(name: &str) -> Result<Profile, X509Error> {
    let mut profiles = Profile::built_in();
    match profiles.iter().position(|profile| profile.name == name) {
        Some(place) => Ok(profiles.swap_remove(place)),
        None => Err(X509Error::UnknownProfile {
            name: name.to_owned(),
            known: profiles
                .into_iter()
                .map(|profile| profile.name.into_owned())
                .collect(),
        }),
    }
}

fn describe(shown: &ProfileShow) -> String {
    let profile = &shown.profile;
    let mut fields = Fields::default();
    fields
        .add("profile", &profile.name)
        .add("role", profile.role)
        .add("days", profile.days);
    if let Some(longest) = profile.longest_days {
        fields.add("at most", format!("{longest} days"));
    }
    fields.add("keys", profile.keys.join(", "));
    fields.add("signed by", profile.issuer_keys.join(", "));
    for extension in &profile.extensions {
        fields.add(extension.name, &extension.value);
    }
    if !profile.waived_rules.is_empty() {
        fields.add("waives", profile.waived_rules.join(", "));
    }
    if let Some(linter) = &profile.linter {
        fields.add("linter", linter.join(" "));
    }
    if let Some(longest) = profile.longest_pem {
        fields.add("PEM file", format!("at most {longest} characters"));
    }
    if let Some(longest) = profile.longest_chain {
        fields.add("PEM chain", format!("at most {longest} bytes with its issuer's"));
    }
    fields.render(0)
}
