//! Reads the output of `Ledger::export` and computes its chain again.

use std::io::{self, BufRead, Read};

use super::event::{Event, Unread};
use super::{Head, UnixTime};

/// Each line has one event with at most one signed object of at most 64 KiB.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The contents of an export, up to its end or its first fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedEvents {
    /// The end of the chain, computed from the events.
    pub head: Head,
    /// When the first event was recorded.
    pub first: Option<UnixTime>,
    /// When the last event was recorded.
    pub last: Option<UnixTime>,
    /// The first wrong line. The lines after it were not read.
    pub fault: Option<ExportFault>,
}

/// Why a line does not belong in the export of one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFault {
    /// It is not an event with its hash.
    Malformed {
        /// From 1.
        line: u64,
    },
    /// Its hash does not follow from the lines before it: an event was changed, removed or moved.
    Chain {
        /// From 1.
        line: u64,
    },
    /// Its number is not one more than the last.
    Sequence {
        /// From 1.
        line: u64,
    },
}

impl std::fmt::Display for ExportFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed { line } => write!(f, "line {line} is not an event with its hash"),
            Self::Chain { line } => write!(
                f,
                "the hash in line {line} does not follow from the lines before it: an event was changed, removed or moved"
            ),
            Self::Sequence { line } => write!(f, "the event in line {line} is not number {line}"),
        }
    }
}

impl ExportedEvents {
    /// Whether `beginning` is the beginning of an export.
    #[must_use]
    pub fn are_meant(beginning: &[u8]) -> bool {
        beginning.starts_with(b"{\"hash\":\"")
    }

    /// Reads an export line by line and computes its chain. This shows that the file was not changed since its head was noted, but not that
    /// the ledger is complete.
    ///
    /// # Errors
    /// An error of the reader.
    pub fn read(mut from: impl BufRead) -> io::Result<Self> {
        let mut found = Self {
            head: Head::EMPTY,
            first: None,
            last: None,
            fault: None,
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(found);
            }
            if let Err(fault) = found.add(&line) {
                found.fault = Some(fault);
                return Ok(found);
            }
        }
    }

    fn add(&mut self, line: &[u8]) -> Result<(), ExportFault> {
        let number = self.head.count.saturating_add(1);
        let malformed = ExportFault::Malformed { line: number };
        let parts = str::from_utf8(line).ok().and_then(|text| {
            let rest = text.strip_prefix("{\"hash\":\"")?;
            let (hash, rest) = rest.split_at_checked(64)?;
            let body = rest.strip_prefix("\",\"event\":")?.strip_suffix("}\n")?;
            Some((hash, body))
        });
        let (hash, body) = parts.ok_or(malformed.clone())?;
        let event: Event<Unread> = Event::decode(body).map_err(|_| malformed)?;
        let head = self.head.after(body.as_bytes());
        if head.hash.to_string() != hash {
            return Err(ExportFault::Chain { line: number });
        }
        if event.sequence != number {
            return Err(ExportFault::Sequence { line: number });
        }
        self.head = head;
        self.first.get_or_insert(event.time);
        self.last = Some(event.time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An export with two events.
    fn export() -> String {
        let mut head = Head::EMPTY;
        let mut text = String::new();
        for number in 1..=2 {
            let body = format!(
                "{{\"sequence\":{number},\"time\":170000000{number},\"by\":\"a\",\"tool\":\"t\",\"event\":{{\"released\":{{\"authority\":2,\"serial\":\"80\"}}}}}}"
            );
            head = head.after(body.as_bytes());
            text.push_str(&format!("{{\"hash\":\"{}\",\"event\":{body}}}\n", head.hash));
        }
        text
    }

    #[test]
    fn the_chain_of_an_export_is_computed_again() {
        let text = export();
        let found = ExportedEvents::read(text.as_bytes()).unwrap();
        assert_eq!((found.head.count, found.fault), (2, None));
        assert_eq!(found.first, Some(UnixTime(1_700_000_001)));
        assert!(ExportedEvents::are_meant(text.as_bytes()));
        let fault = |text: &str| ExportedEvents::read(text.as_bytes()).unwrap().fault;
        let (_, second) = text.split_once('\n').unwrap();
        assert_eq!(
            fault(&text.replace("1700000002", "1700000003")),
            Some(ExportFault::Chain { line: 2 })
        );
        assert_eq!(
            fault(second),
            Some(ExportFault::Chain { line: 1 }),
            "the first is incomplete"
        );
        assert_eq!(
            fault(&text[..text.len() - 1]),
            Some(ExportFault::Malformed { line: 2 })
        );
        assert_eq!(fault("{\"hash\":\"é"), Some(ExportFault::Malformed { line: 1 }));
        assert_eq!(fault(""), None);
    }
}
