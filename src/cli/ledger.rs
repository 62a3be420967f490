//! `ledger`.

mod accept;
mod checkpoint;
mod checkpoint_options;
mod copy;
mod deliver;
pub(super) mod entry;
mod key;
mod line;
mod list;
mod prove;
mod verify;
mod verify_proof;

use std::ops::ControlFlow;

pub(super) use checkpoint_options::describe as describe_checkpoint;
use clap::{Args, Subcommand};
use hsm_ca::ledger::{Entry, EntryFilter, EntryId, Head, Ledger, LedgerUrl, SerialNumber};
use serde_json::Value;

use super::exit::CliError;
use super::global::Settings;
use super::json::Output as _;
use super::json::ledger::{LedgerList, LedgerNew, LedgerShow};
use super::json::ledger_key::KeyEntry;
use super::report::{Fields, Report, printable};
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Create a new, empty ledger
    ///
    /// `ca create` and `ca adopt` also create one if none exists. No other command does, because a new ledger has no certificates and no
    /// revocations.
    New(NewLedger),
    /// Copy a ledger: its whole chain of events, into a new ledger in a file or on a server
    ///
    /// FROM is verified before copying, and the copy before it takes its place: TO becomes a complete ledger or nothing.
    Copy(copy::CopyLedger),
    /// List what was signed, newest last
    #[command(visible_alias = "ls")]
    List(list::ListEntries),
    /// Show everything known about a certificate or an entry
    Show(ShowEntry),
    /// Write a recorded certificate, request or CRL to a file; nothing is signed
    ///
    /// Its hash and its signature are verified again. Certificates, requests and CRLs up to 64 KiB are kept in the ledger.
    Deliver(deliver::DeliverEntry),
    /// Check every event, the hash chain, and the tables derived from the events
    ///
    /// The ledger is compared with the head from --head or, without --head, with the head that is kept in a file, or on the token if its
    /// PIN source needs no prompt; and with the checkpoint from --checkpoint. Without either, truncation cannot be detected.
    Verify(verify::VerifyLedger),
    /// Write a checkpoint: the number of events, and the root hash of the tree over them
    ///
    /// An auditor who keeps it can later check that the ledger extends it. The format is that of transparency logs (C2SP tlog-checkpoint),
    /// so their tools can read it.
    Checkpoint(checkpoint::WriteCheckpoint),
    /// Prove that a certificate is in the ledger, or that the ledger extends a checkpoint
    ///
    /// `hsm-ca ledger verify-proof` checks the proof, without the ledger.
    Prove(prove::Prove),
    /// Check a proof that `ledger prove` wrote; the ledger is not needed
    VerifyProof(verify_proof::VerifyProof),
    /// Continue with a ledger that does not contain a kept head: after restoring an older copy
    ///
    /// The ledger is verified, the abandoned head is recorded in it, and its own head is kept from now on. Nothing is signed.
    Accept(accept::AcceptLedger),
    /// Write every event to stdout as a line of JSON, with its hash (docs/ledger.md)
    Export,
}

#[derive(Debug, Args)]
pub(super) struct ShowEntry {
    /// A certificate's serial number in hex, or '#N', an entry of `ledger list`
    #[arg(value_parser = parse_wanted)]
    serial: Wanted,
}

/// What to show.
#[derive(Clone, Debug)]
enum Wanted {
    Serial(SerialNumber),
    Entry(EntryId),
}

fn parse_wanted(text: &str) -> Result<Wanted, String> {
    if let Some(number) = text.strip_prefix('#') {
        return number
            .parse()
            .map(|number| Wanted::Entry(EntryId(number)))
            .map_err(|_| "write a number after #".to_owned());
    }
    SerialNumber::from_hex(text)
        .map(Wanted::Serial)
        .ok_or_else(|| "it is not written as hex digits".to_owned())
}

impl LedgerCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::New(new) => new.run(settings),
            Self::Copy(copy) => copy.run(settings, ui),
            Self::Deliver(deliver) => deliver.run(settings),
            Self::List(list) => list.run(settings.open_ledger()?.as_ref(), settings.clock.now()),
            Self::Show(show) => show.run(settings.open_ledger()?.as_ref()),
            Self::Verify(verify) => verify.run(settings, ui),
            Self::Checkpoint(checkpoint) => checkpoint.run(settings),
            Self::Prove(prove) => prove.run(settings),
            Self::VerifyProof(proof) => proof.run(),
            Self::Accept(accept) => accept.run(settings),
            Self::Export => {
                let ledger = settings.open_ledger()?;
                let head = ui.stream(|out| ledger.export(out))?;
                Ok(Report {
                    content: Some(Vec::new()),
                    ..Report::new(
                        format!("Exported {} events.\nhead  {head}\n", head.count),
                        Value::Null,
                    )
                })
            }
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct NewLedger {
    /// On a PostgreSQL server: a role that may read and append, and nothing else
    #[arg(long, value_name = "ROLE")]
    writer_role: Option<String>,
}

impl NewLedger {
    fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let recorder = settings.make_ledger_for(self.writer_role.as_deref())?;
        let (text, json) = describe_new(&settings.ledger()?, recorder.ledger().head()?);
        Ok(Report::new(text, json.document()))
    }
}

fn describe_new(place: &LedgerUrl, head: Head) -> (String, LedgerNew) {
    let mut fields = Fields::default();
    fields.add("head", head);
    let text = format!(
        "Created the ledger: {}\n{}",
        printable(&place.to_string()),
        fields.render(2)
    );
    let json = LedgerNew {
        ledger: place.to_string(),
        head: head.to_string(),
    };
    (text, json)
}

fn collect(ledger: &dyn Ledger, filter: &EntryFilter) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    ledger.entries(filter, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    Ok(entries)
}

/// The one matching entry of a signed object, for `purpose`: "prove" or "deliver". Certificates of several CAs can have the same serial number.
fn find(ledger: &dyn Ledger, wanted: &Wanted, purpose: &'static str) -> Result<EntryId, CliError> {
    let serial = match wanted {
        Wanted::Entry(id) => {
            return match ledger.key(*id)? {
                Some(entry) => Err(CliError::RecordsKey {
                    entry: id.to_string(),
                    key: key::noun(&entry),
                    purpose,
                }),
                None => Ok(*id),
            };
        }
        Wanted::Serial(serial) => serial,
    };
    let filter = EntryFilter {
        serial: Some(serial.clone()),
        ..EntryFilter::default()
    };
    let found = collect(ledger, &filter)?;
    match found.as_slice() {
        [] => Err(CliError::NoEntry {
            wanted: format!("of a certificate {serial}"),
        }),
        [one] => Ok(one.id),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|entry| format!("'{}' of \"{}\"", entry.id, entry.authority.subject.text))
                .collect();
            Err(CliError::options(format!(
                "several CAs have a certificate {serial}: name the entry, one of {}",
                names.join(", ")
            )))
        }
    }
}

impl ShowEntry {
    fn run(&self, ledger: &dyn Ledger) -> Result<Report, CliError> {
        if let Wanted::Entry(id) = &self.serial
            && let Some(found) = ledger.key(*id)?
        {
            let json = LedgerShow(LedgerList {
                entries: Vec::new(),
                keys: vec![KeyEntry::of(&found)],
                before: None,
            });
            return Ok(Report::new(key::text(&found), json.document()));
        }
        let (found, wanted) = match &self.serial {
            Wanted::Entry(id) => (ledger.entry(*id)?.into_iter().collect(), id.to_string()),
            Wanted::Serial(serial) => {
                let filter = EntryFilter {
                    serial: Some(serial.clone()),
                    ..EntryFilter::default()
                };
                (collect(ledger, &filter)?, format!("of a certificate {serial}"))
            }
        };
        if found.is_empty() {
            return Err(CliError::NoEntry { wanted });
        }
        let text: Vec<_> = found.iter().map(entry::text).collect();
        let json = LedgerShow(LedgerList {
            entries: found.iter().map(entry::describe).collect(),
            keys: Vec::new(),
            before: None,
        });
        Ok(Report::new(text.join("\n"), json.document()))
    }
}
