//! The export of a ledger.

use std::path::Path;

use hsm_ca::ledger::{ExportedEvents, UnixTime};

use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::common::Time;
use crate::cli::json::show::LedgerExport;
use crate::cli::report::{Fields, Report};

pub(super) fn show(path: &Path) -> Result<Report, CliError> {
    let events = ExportedEvents::read(input::lines_of(path)?).map_err(|cause| CliError::read(path, cause))?;
    let fault = events.fault.as_ref().map(ToString::to_string);
    let time = |time: Option<UnixTime>| time.map(|time| time.to_string());
    let mut fields = Fields::default();
    fields.add("events", events.head.count);
    for (name, time) in [("first", time(events.first)), ("last", time(events.last))] {
        fields.add(name, time.unwrap_or_else(|| "none".to_owned()));
    }
    fields.add("head", events.head).add(
        "chain",
        match &fault {
            Some(fault) => format!("FAILED: {fault}"),
            None => "ok: compare the head with one that was kept elsewhere".to_owned(),
        },
    );
    let json = LedgerExport {
        events: events.head.count,
        first: events.first.map(Time::of),
        last: events.last.map(Time::of),
        head: events.head.to_string(),
        verified: fault.is_none(),
        problem: fault.clone(),
    };
    Ok(Report {
        failure: fault.map(|fault| CliError::not_verified(path.display(), fault)),
        ..Report::new(
            format!("Events of a ledger\n{}", fields.render(2)),
            json.document(),
        )
    })
}
