//! `ledger list`.

use std::ops::ControlFlow;

use clap::Args;
use hsm_ca::ledger::{EntryFilter, EntryId, KeyEntry, KeyFilter, Ledger, UnixTime};

use super::line::Line;
use super::{entry, key};
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::ledger::LedgerList;
use crate::cli::json::ledger_key;
use crate::cli::number::number;
use crate::cli::report::Report;
use crate::cli::table::{self, Cell, Column, Fit, TableOptions};

#[derive(Debug, Args)]
pub(in crate::cli) struct ListEntries {
    /// The number of entries to list [default: 20; all with --open]
    #[arg(long, value_name = "N", value_parser = number::<u64>("a number of entries", 0..=u32::MAX))]
    last: Option<u64>,
    /// Only entries that have not ended (whether a signature was made is unknown), and those signed but not delivered. Certificates
    /// that are revoked or have expired are settled and not listed, nor are CRLs, OCSP responses and requests that a later one has
    /// replaced
    #[arg(long)]
    open: bool,
    /// Only entries before entry N, to page back
    #[arg(long, value_name = "N", value_parser = entry_number)]
    before: Option<u64>,
    #[command(flatten)]
    table: TableOptions,
}

/// The number of an entry, also in the form in which `ledger list` shows it.
fn entry_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let wrong = |_| "write the number of an entry, as 12 or #12".to_owned();
    digits.parse().map_err(wrong)
}

/// The number of entries without `--last` and `--open`.
const LAST: u64 = 20;

/// At most this many earlier entries are counted.
const MOST_COUNTED: u64 = 1000;

/// On a narrower terminal, two columns are merged: a serial number has up to 40 digits.
const ROOMY: u16 = 140;

const NARROW: [Column; 3] = [
    ("ENTRY", Fit::Whole),
    ("WHAT", Fit::Folded),
    ("ABOUT", Fit::Folded),
];

const WIDE: [Column; 6] = [
    ("ENTRY", Fit::Whole),
    ("BEGUN", Fit::Whole),
    ("WHAT", Fit::Folded),
    ("STATE", Fit::Folded),
    ("SERIAL", Fit::Whole),
    ("ABOUT", Fit::Folded),
];

/// The lines as a table. Entry numbers and serial numbers stay whole, because they name entries.
pub(super) fn render(lines: &[Line], wide: bool) -> String {
    match table::width(wide).is_some_and(|width| width < ROOMY) {
        true => table::render(&NARROW, &lines.iter().map(narrow_row).collect::<Vec<_>>(), wide),
        false => table::render(&WIDE, &lines.iter().map(wide_row).collect::<Vec<_>>(), wide),
    }
}

/// A row for a narrow terminal, with only the date. `ledger show` has the exact time.
fn narrow_row(line: &Line) -> table::Row {
    let day = line.begun.split('T').next().unwrap_or_default();
    let about = line.serial.iter().chain([&line.about]);
    let about = about.filter(|line| !line.is_empty()).cloned();
    vec![
        Cell(vec![line.entry.to_string(), day.to_owned()]),
        Cell(vec![line.what.to_owned(), line.state.clone()]),
        Cell(about.collect()),
    ]
}

fn wide_row(line: &Line) -> table::Row {
    table::row([
        line.entry.to_string(),
        line.begun.clone(),
        line.what.to_owned(),
        line.state.clone(),
        line.serial.clone().unwrap_or_default(),
        line.about.clone(),
    ])
}

impl ListEntries {
    pub(super) fn run(&self, ledger: &dyn Ledger, now: UnixTime) -> Result<Report, CliError> {
        let most = self.last.or((!self.open).then_some(LAST));
        let filter = EntryFilter {
            open: self.open,
            undelivered: self.open,
            without_replaced: self.open,
            before: self.before.map(EntryId),
            // One more shows whether there are earlier ones. Of the open ones, some may be settled.
            limit: most.filter(|_| !self.open).map(|most| most.saturating_add(1)),
            ..EntryFilter::default()
        };
        let (mut entries, mut found) = (Vec::new(), 0);
        ledger.entries(&filter, &mut |entry| {
            if self.open && entry.is_over(now) {
                return ControlFlow::Continue(());
            }
            entries.push(entry);
            found += 1;
            match most.is_some_and(|most| found > most) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        let keys = collect_keys(
            ledger,
            &KeyFilter {
                open: self.open,
                before: filter.before,
                limit: most.map(|most| most.saturating_add(1)),
            },
        )?;
        // Both lists come newest first. The newest of both together are shown, the newest at the end.
        let mut lines: Vec<_> = entries.iter().map(|one| (one.id, entry::line(one))).collect();
        lines.extend(keys.iter().map(|one| (one.id, key::line(one))));
        lines.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        let found = lines.len();
        lines.truncate(most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)));
        let first = lines.last().map_or(EntryId(0), |(id, _)| *id);
        let before = (found > lines.len() && !lines.is_empty()).then_some(first.0);
        let lines: Vec<_> = lines.into_iter().rev().map(|(_, line)| line).collect();
        let text = match (lines.is_empty(), self.open) {
            (true, true) => "No open entries, and nothing undelivered.\n".to_owned(),
            (true, false) => "No entries.\n".to_owned(),
            (false, _) => {
                let earlier = match before {
                    Some(before) => self.describe_earlier(ledger, EntryId(before), now)?,
                    None => String::new(),
                };
                render(&lines, self.table.wide) + &earlier
            }
        };
        let entries = entries.iter().rev().filter(|one| one.id >= first);
        let keys = keys.iter().rev().filter(|one| one.id >= first);
        let json = LedgerList {
            entries: entries.map(entry::describe).collect(),
            keys: keys.map(ledger_key::KeyEntry::of).collect(),
            before,
        };
        Ok(Report::laid_out(text, json.document()))
    }

    /// `… 172 earlier entries: --before 2087`
    fn describe_earlier(
        &self,
        ledger: &dyn Ledger,
        before: EntryId,
        now: UnixTime,
    ) -> Result<String, CliError> {
        let (mut count, most) = (0, MOST_COUNTED);
        let mut add = |is_listed: bool| {
            count += u64::from(is_listed);
            match count < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        let entries = EntryFilter {
            open: self.open,
            undelivered: self.open,
            without_replaced: self.open,
            before: Some(before),
            ..EntryFilter::default()
        };
        ledger.entries(&entries, &mut |entry| add(!(self.open && entry.is_over(now))))?;
        let keys = KeyFilter {
            open: self.open,
            before: Some(before),
            limit: None,
        };
        ledger.keys(&keys, &mut |_| add(true))?;
        let words = match count {
            1 => "1 earlier entry".to_owned(),
            count if count < most => format!("{count} earlier entries"),
            _ => format!("{most} or more earlier entries"),
        };
        Ok(format!(
            "\u{2026} {words}: --before {before}\n",
            before = before.0
        ))
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
