//! `crl create`.

mod shards;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hsm_ca::workflow::{CrlJob, CrlRequest, CrlSources, CrlSummary, Named};
use hsm_ca::x509::{Certificate, CrlNumber, CrlScope, OpensslIndex, Period};

use super::super::connect::check_signing_key_name;
use super::super::exit::CliError;
use super::super::global::Settings;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::crl::CrlCreate;
use super::super::number::number;
use super::super::output_file::{OutputOptions, SignatureOptions, split};
use super::super::report::{Report, printable};
use super::super::ui::Ui;
use super::show;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("of_shards").args(["shard", "all_shards"]))]
pub(in super::super) struct CreateCrl {
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The index.txt of `openssl ca`, or - for stdin: every certificate with status R is on the CRL [default: what the ledger has
    /// revoked]
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// cRLNumber, decimal or 0x…, if another program made the CA's earlier CRLs: above every number that the CA has used (`hsm-ca crl show`
    /// shows the last) [default: the ledger's next]
    #[arg(long, value_name = "N")]
    number: Option<CrlNumber>,
    /// Use a --number that is more than 2^32 above the last number of the CA
    #[arg(long, requires = "number")]
    number_is_right: bool,
    /// The CRL, or - for stdout
    #[arg(
        short = 'o',
        long,
        value_name = "FILE",
        required_unless_present = "all_shards"
    )]
    out: Option<PathBuf>,
    /// Time until the next CRL: days of 24 hours (7 or 7d), hours (12h) or years of the calendar (1y) [default: 7, or until the CA
    /// certificate expires]
    #[arg(long, value_name = "N|7d|12h|1y", allow_negative_numbers = true)]
    days: Option<Period>,
    /// Make a delta CRL: only what changed since this CRL
    #[arg(long, value_name = "FILE", conflicts_with = "freshest")]
    base: Option<PathBuf>,
    /// Limit the CRL to this kind of certificate, and say so in it
    #[arg(long, value_name = "KIND")]
    only: Option<Kind>,
    /// The profile of the certificates, a file with `crl-shards`
    #[arg(long, value_name = "FILE", requires = "of_shards")]
    profile: Option<String>,
    /// Make the CRL of this shard of the profile: only the certificates that name its URL
    #[arg(long, value_name = "N", requires = "profile", conflicts_with_all = ["distribution_point", "revoked", "only", "all_shards"],
        value_parser = number::<u16>("the number of a shard", 1..=65_535))]
    shard: Option<u16>,
    /// Make the CRL of every shard of the profile, and of every other shard that a certificate names. One whose CRL in --out-dir says the
    /// same and is not half way to its nextUpdate is not signed again
    #[arg(long, requires_all = ["profile", "out_dir"], conflicts_with_all = ["distribution_point", "revoked", "only", "number", "base", "out"])]
    all_shards: bool,
    /// Where the CRLs of --all-shards go; created if it does not exist. Each file has the name at the end of its URL
    #[arg(long, value_name = "DIR", requires = "all_shards")]
    out_dir: Option<PathBuf>,
    /// With --all-shards, make delta CRLs to the CRLs in this directory
    #[arg(
        long,
        value_name = "DIR",
        requires = "all_shards",
        conflicts_with = "freshest"
    )]
    base_dir: Option<PathBuf>,
    /// The URL of this CRL, as in the certificates, if the CA has more than one CRL
    #[arg(long, value_name = "URL")]
    distribution_point: Option<String>,
    /// The URL of its delta CRL; for shards, with {shard} in it
    #[arg(long, value_name = "URL")]
    freshest: Option<String>,
    /// The CA's key, if it cannot be found on the token by the CA certificate's public key: a label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// onlyContainsUserCerts
    User,
    /// onlyContainsCACerts
    Ca,
}

impl CreateCrl {
    fn request(&self, authority: &Named<Certificate>, out: &Path) -> CrlRequest {
        CrlRequest {
            authority: authority.clone(),
            key: self.key.clone(),
            number: self.number,
            number_is_right: self.number_is_right,
            period: self.days,
            scope: match self.only {
                None => CrlScope::All,
                Some(Kind::User) => CrlScope::UserCertificates,
                Some(Kind::Ca) => CrlScope::AuthorityCertificates,
            },
            distribution_point: self.distribution_point.clone(),
            is_shard: false,
            freshest: self.freshest.clone(),
            base: None,
            signature: self.signature.chosen(),
            delivery: self.output.delivery(out),
        }
    }

    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        if let Some(directory) = self.out_dir.as_deref().filter(|_| self.all_shards) {
            return self.run_shards(directory, settings, ui);
        }
        let out = self.out.as_deref().unwrap_or(Path::new("-"));
        settings.refuse_own_file(out)?;
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let authority = input::named(&self.ca, input::certificate)?;
        let base = self.base.as_deref();
        let base = base.map(|file| input::named(file, input::revocation_list));
        let base = base.transpose()?;
        let request = match self.shard {
            Some(shard) => self.of_shard(shard, &self.shards()?, &authority, base, out)?,
            None => CrlRequest {
                base,
                ..self.request(&authority, out)
            },
        };
        let job = CrlJob::prepare(request, &settings.clock)?;
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        let index = self.revoked.as_ref().map(|file| input::openssl_index(file));
        let sources = CrlSources {
            index: index.transpose()?.map(OpensslIndex::into_revocations),
            replaced: input::replaced_list(out),
        };
        recorder.tell_unfinished(&authority.value, ui)?;
        let busy = ui.busy("gathering what is revoked, building the CRL and checking it");
        let planned = job.plan(&mut recorder, sources)?;
        drop(busy);
        let unnamed = planned.unnamed_distribution_point().map(|url| {
            ui.warn(&format!(
                "no certificate of this CA in the ledger names the distribution point {url}: a verifier \
                 ignores a CRL with a different issuingDistributionPoint (RFC 5280 sections 5.2.5 and \
                 6.3.3); a profile's crl-urls put it into certificates"
            ))
        });
        let left_out = planned.left_out();
        let store = settings.open_store(self.key.as_deref())?;
        let CrlSummary {
            issued,
            delivered,
            unusual_serials,
        } = planned.sign(store.as_ref(), &mut recorder, ui)?;

        let (path, content) = split(delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let to = shown.as_deref().unwrap_or("to stdout");
        let summary = show::fields(issued.list(), settings.clock.now())?.render(2);
        let json = CrlCreate {
            crl: show::describe(issued.list())?,
            file: shown.clone(),
        };
        let text = format!("Created the CRL: {}\n{summary}", printable(to));
        let mut report = Report::new(text, json.document());
        report.content = content;
        report.warnings.extend(unnamed.flatten());
        report.warnings.extend(recorder.take_notices());
        if left_out > 0 {
            report.warnings.push(format!(
                "revoked in the ledger and not in the index, so not on this CRL: {left_out}"
            ));
        }
        if unusual_serials > 0 {
            report.warnings.push(format!(
                "{unusual_serials} of the serial numbers are zero, negative or above 20 octets, which RFC \
                 5280 section 4.1.2.2 does not allow; they are on the CRL unchanged"
            ));
        }
        Ok(report.with_receipt(recorder))
    }
}
