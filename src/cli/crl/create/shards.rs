//! `crl create --shard` and `--all-shards`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hsm_ca::output::{DirectoryLock, OutputDirectory};
use hsm_ca::workflow::{CrlRequest, Named, ShardRequest, plan_shards, shards_in_use};
use hsm_ca::x509::{Certificate, CertificateRevocationList, CrlShards};

use super::super::super::connect::check_signing_key_name;
use super::super::super::exit::CliError;
use super::super::super::global::Settings;
use super::super::super::json::Output as _;
use super::super::super::json::crl::{CrlCreateShards, LeftShard, SignedShard};
use super::super::super::report::Report;
use super::super::super::ui::Ui;
use super::super::super::{input, profile};
use super::super::show;
use super::CreateCrl;

impl CreateCrl {
    /// The shards of the profile.
    pub(super) fn shards(&self) -> Result<CrlShards, CliError> {
        let text = self.profile.as_deref().unwrap_or_default();
        let profile = profile::find(text, false)?;
        let shards = profile.crl_shards().cloned();
        shards.ok_or_else(|| CliError::options(format!("profile {} has no crl-shards", profile.name)))
    }

    pub(super) fn of_shard(
        &self,
        shard: u16,
        shards: &CrlShards,
        authority: &Named<Certificate>,
        base: Option<Named<CertificateRevocationList>>,
        out: &Path,
    ) -> Result<CrlRequest, CliError> {
        let freshest = self.freshest.as_deref().map(|template| {
            let found = CrlShards::new(template, shards.count()).map(|shards| shards.url(shard));
            found.ok_or_else(|| CliError::options("--freshest needs {shard} once, where the number goes"))
        });
        Ok(CrlRequest {
            distribution_point: Some(shards.url(shard)),
            is_shard: true,
            freshest: freshest.transpose()?,
            base,
            ..self.request(authority, out)
        })
    }

    pub(super) fn run_shards(
        &self,
        directory: &Path,
        settings: &Settings,
        ui: &Ui,
    ) -> Result<Report, CliError> {
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let shards = self.shards()?;
        if file_name(&shards.url(1))? == file_name(&shards.url(2))? {
            return Err(CliError::options(
                "the profile's crl-urls must end with a file name that has {shard} in it",
            ));
        }
        let authority = input::named(&self.ca, input::certificate)?;
        let _made = OutputDirectory::find_or_make(directory)?;
        // Two processes would replace each other's CRLs, and the one with the lower number could be the last.
        let _alone = DirectoryLock::take(directory)?;
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        recorder.tell_unfinished(&authority.value, ui)?;
        let (mut requests, mut files) = (Vec::new(), BTreeMap::new());
        for shard in shards_in_use(&recorder, &authority.value, &shards)? {
            let name = file_name(&shards.url(shard))?;
            let out = directory.join(&name);
            settings.refuse_own_file(&out)?;
            let base = self.base_dir.as_deref().map(|base| base.join(&name));
            let base = base.map(|base| input::named(&base, input::revocation_list));
            requests.push(ShardRequest {
                shard,
                crl: self.of_shard(shard, &shards, &authority, base.transpose()?, &out)?,
                existing: input::replaced_list(&out),
            });
            files.insert(shard, out);
        }
        let planned = plan_shards(requests, &mut recorder, &settings.clock)?;
        let left: Vec<_> = planned.left().to_vec();
        let is_needed = planned.to_sign().next().is_some();
        let signed = match is_needed {
            false => Vec::new(),
            true => {
                let store = settings.open_store(self.key.as_deref())?;
                planned.sign(store.as_ref(), &mut recorder, ui)?
            }
        };
        let file_of = |shard: &u16| files.get(shard).map(|file| file.display().to_string());
        let (mut lines, mut made) = (String::new(), Vec::new());
        for (shard, summary) in &signed {
            let file = file_of(shard).unwrap_or_default();
            let list = summary.issued.list();
            let entries = summary.issued.entries();
            let number = list
                .number()?
                .map(|number| number.to_string())
                .unwrap_or_default();
            lines.push_str(&format!(
                "  {file}  shard {shard}, number {number}, entries: {entries}\n"
            ));
            made.push(SignedShard {
                crl: show::describe(list)?,
                shard: *shard,
                file,
            });
        }
        let kept = left.iter().map(|shard| LeftShard {
            shard: *shard,
            file: file_of(shard),
        });
        let json = CrlCreateShards {
            signed: made,
            left: kept.collect(),
        };
        let text = format!(
            "CRLs signed: {}; unchanged and left as they are: {}\n{lines}",
            signed.len(),
            left.len()
        );
        let mut report = Report::new(text, json.document());
        report.warnings.extend(recorder.take_notices());
        Ok(report.with_receipt(recorder))
    }
}

/// The file name at the end of a URL.
fn file_name(url: &str) -> Result<PathBuf, CliError> {
    let name = url.rsplit('/').next().unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(is_plain) {
        return Err(CliError::options(format!(
            "{url} does not end with a file name of letters, digits, - _ and ."
        )));
    }
    Ok(PathBuf::from(name))
}
