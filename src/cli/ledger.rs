//! `ledger`.

mod accept;
mod deliver;
pub(super) mod entry;
mod key;

use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use hsm_ca::ledger::{
    Entry, EntryFilter, EntryId, Fault, KeptHead, KeyEntry, KeyFilter, Ledger, SerialNumber, VerifyReport,
};
use serde_json::{Value, json};

use super::exit::{CliError, REFUSED};
use super::global::Settings;
use super::report::{Fields, Report, printable};
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Make a new, empty ledger
    ///
    /// `ca create` and `ca adopt` also make one if there is none. No other command does: a new ledger knows no certificates and no
    /// revocations.
    New,
    /// List what was signed, newest last
    List(ListEntries),
    /// Show everything known about a certificate or an entry
    Show(ShowEntry),
    /// Write a recorded certificate, request or CRL to a file; nothing is signed
    ///
    /// Its hash and its signature are verified again. Certificates, requests and CRLs up to 64 KiB are kept in the ledger.
    Deliver(deliver::DeliverEntry),
    /// Check every event, the chain through them, and the tables that follow from them
    ///
    /// The ledger is compared with the head that --head gives or, without --head, with the head that is kept in a file, or on the token if
    /// its PIN source needs no prompt. Without a kept head, truncation cannot be detected.
    Verify,
    /// Continue with a ledger that does not contain a kept head: after restoring an older copy
    ///
    /// The ledger is verified, the abandoned head is recorded in it, and its own head is kept from now on. Nothing is signed.
    Accept(accept::AcceptLedger),
    /// Write every event to stdout as a line of JSON, with its hash (docs/ledger.md)
    Export,
}

#[derive(Debug, Args)]
pub(super) struct ListEntries {
    /// How many entries
    #[arg(long, value_name = "N", default_value = "20")]
    last: u64,
    /// Only entries that began but did not end (whether a signature was made is not known), and those signed but not delivered
    #[arg(long)]
    open: bool,
    /// Only those before entry N: the page before
    #[arg(long, value_name = "N")]
    before: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct ShowEntry {
    /// A certificate's serial number in hex, or '#N', an entry of `ledger list`
    #[arg(value_parser = parse_wanted)]
    serial: Wanted,
}

/// What `show` shows.
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
            Self::New => make_new(settings),
            Self::Deliver(deliver) => deliver.run(settings),
            Self::List(list) => list.run(settings.open_ledger()?.as_ref()),
            Self::Show(show) => show.run(settings.open_ledger()?.as_ref()),
            Self::Verify => verify(settings),
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

fn make_new(settings: &Settings) -> Result<Report, CliError> {
    let recorder = settings.make_ledger()?;
    let (place, head) = (settings.ledger()?, recorder.ledger().head()?);
    let mut fields = Fields::default();
    fields.add("head", head);
    let text = format!(
        "Made the ledger: {}\n{}",
        printable(&place.to_string()),
        fields.render(2)
    );
    Ok(Report::new(
        text,
        json!({ "ledger": place.to_string(), "head": head.to_string() }),
    ))
}

fn collect(ledger: &dyn Ledger, filter: &EntryFilter) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    ledger.entries(filter, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    Ok(entries)
}

impl ListEntries {
    fn run(&self, ledger: &dyn Ledger) -> Result<Report, CliError> {
        let filter = EntryFilter {
            open: self.open,
            undelivered: self.open,
            before: self.before.map(EntryId),
            limit: Some(self.last),
            ..EntryFilter::default()
        };
        let entries = collect(ledger, &filter)?;
        let keys = collect_keys(
            ledger,
            &KeyFilter {
                open: self.open,
                before: filter.before,
                limit: filter.limit,
            },
        )?;
        // Both come newest first; the last of both together are shown, the newest at the end.
        let mut lines: Vec<_> = entries.iter().map(|one| (one.id, entry::line(one))).collect();
        lines.extend(keys.iter().map(|one| (one.id, key::line(one))));
        lines.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        lines.truncate(usize::try_from(self.last).unwrap_or(usize::MAX));
        let first = lines.last().map_or(EntryId(0), |(id, _)| *id);
        let mut text: String = lines.iter().rev().map(|(_, line)| line.as_str()).collect();
        if lines.is_empty() {
            text.push_str(if self.open {
                "No open entry, and nothing undelivered.\n"
            } else {
                "No entry.\n"
            });
        }
        let entries = entries.iter().rev().filter(|one| one.id >= first);
        let keys = keys.iter().rev().filter(|one| one.id >= first);
        let list: Vec<_> = entries.map(entry::describe).collect();
        let keys: Vec<_> = keys.map(key::describe).collect();
        Ok(Report::new(text, json!({ "entries": list, "keys": keys })))
    }
}

fn collect_keys(ledger: &dyn Ledger, filter: &KeyFilter) -> Result<Vec<KeyEntry>, CliError> {
    let mut keys = Vec::new();
    ledger.keys(filter, &mut |key| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

impl ShowEntry {
    fn run(&self, ledger: &dyn Ledger) -> Result<Report, CliError> {
        if let Wanted::Entry(id) = &self.serial
            && let Some(found) = ledger.key(*id)?
        {
            let json = json!({ "entries": [], "keys": [key::describe(&found)] });
            return Ok(Report::new(key::text(&found), json));
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
        let list: Vec<_> = found.iter().map(entry::describe).collect();
        Ok(Report::new(text.join("\n"), json!({ "entries": list })))
    }
}

/// With the head that is given, or the one that is kept where the settings say.
fn verify(settings: &Settings) -> Result<Report, CliError> {
    let ledger = settings.open_ledger_to_verify()?;
    let (head, warning) = match settings.guards().head {
        Some(head) => (Some(head), None),
        None => settings.kept_head(ledger.as_ref())?,
    };
    let report = ledger.verify(head.as_ref())?;
    Ok(Report {
        exit_code: if report.passed() { 0 } else { REFUSED },
        warnings: warning.into_iter().collect(),
        ..Report::new(verdict(&report), describe(&report))
    })
}

fn verdict(report: &VerifyReport) -> String {
    let mut fields = Fields::default();
    fields.add("events", report.head.count).add("head", report.head);
    if report.open > 0 {
        let those = format!(
            "{} began but did not end: see `hsm-ca ledger list --open`",
            report.open
        );
        fields.add("open", those);
    }
    if let Some(KeptHead::OnTheChain { later }) = report.kept {
        fields.add(
            "kept",
            format!("the head that was kept is on the chain, {later} events ago"),
        );
    }
    let mut text = fields.render(0);
    for fault in &report.faults {
        text.push_str(&format!("FAILED: {}\n", printable(&fault.to_string())));
    }
    if report.more > 0 {
        text.push_str(&format!("FAILED: and {} more\n", report.more));
    }
    text.push_str(match (report.passed(), report.kept) {
        (false, _) => "The ledger is NOT sound.\n",
        (true, Some(_)) => "The ledger is sound.\n",
        (true, None) => {
            "The ledger is sound, but it was compared with no head that was kept elsewhere. Give one\n\
             with --head: without it, nobody can tell that events were cut off the end, or all replaced.\n"
        }
    });
    text
}

fn describe(report: &VerifyReport) -> Value {
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|fault| {
            let sequence = match fault {
                Fault::Gap { first, .. } => Some(*first),
                Fault::Hash { sequence } | Fault::Body { sequence, .. } | Fault::Event { sequence, .. } => {
                    Some(*sequence)
                }
                _ => None,
            };
            json!({ "event": sequence, "found": fault.to_string() })
        })
        .collect();
    let kept = report.kept.map(|kept| match kept {
        KeptHead::OnTheChain { .. } => "on-the-chain",
        KeptHead::Missing => "missing",
        KeptHead::Another => "another",
    });
    json!({
        "sound": report.passed(), "events": report.head.count, "head": report.head.to_string(),
        "open": report.open, "kept_head": kept, "faults": faults, "more_faults": report.more,
    })
}
