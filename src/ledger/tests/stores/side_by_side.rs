//! A ledger and a store in memory that take the same steps. Both must give the same results and record the same events; a refused step
//! records nothing.

use std::fmt::Debug;

use super::super::memory::{MemoryError, MemoryStore};
use super::super::*;
use crate::ledger::rules::Recording;
use crate::ledger::store::Store;
use crate::ledger::tables::Tables;

/// One transaction: what the caller asks the rules to do.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Begin(Vec<Intent>),
    Complete(Vec<(u64, Vec<u8>)>),
    Abandon(Vec<u64>),
    Deliver(u64),
    BeginKey(KeyAct),
    CompleteKey(u64),
    FailKey(u64),
    Adopt(u8),
    TakeOver(Box<Takeover>),
    Reserve(Authority, Option<u64>),
    Revoke(Vec<RevocationRequest>),
    Release(u8),
}

/// The result as text, so that the results of two stores can be compared.
fn take<S: Store>(step: &Step, rules: &mut Recording<'_, S>) -> Result<String, S::Error> {
    fn told<T: Debug>(value: T) -> String {
        format!("{value:?}")
    }
    let each = |entries: &[u64]| entries.iter().copied().map(EntryId).collect::<Vec<_>>();
    match step {
        Step::Begin(intents) => {
            let entries: Result<Vec<_>, _> = intents.iter().map(|intent| rules.begin(intent)).collect();
            entries.map(told)
        }
        Step::Complete(outcomes) => outcomes
            .iter()
            .try_for_each(|(entry, signed)| {
                rules.complete(&Outcome {
                    entry: EntryId(*entry),
                    signed,
                })
            })
            .map(told),
        Step::Abandon(entries) => each(entries)
            .into_iter()
            .try_for_each(|entry| rules.abandon(entry, "why"))
            .map(told),
        Step::Deliver(entry) => rules.deliver(EntryId(*entry)).map(told),
        Step::BeginKey(act) => rules.begin_key(&key_intent(*act)).map(told),
        Step::CompleteKey(begun) => rules.complete_key(EntryId(*begun), &key_record()).map(told),
        Step::FailKey(begun) => rules.fail_key(EntryId(*begun), "why").map(told),
        Step::Adopt(number) => rules
            .adopt(&Adoption {
                authority: ca(),
                object: certificate_object(*number),
                certificate: signed(*number),
            })
            .map(told),
        Step::TakeOver(takeover) => rules.take_over(takeover).map(told),
        Step::Reserve(authority, above) => rules
            .reserve_crl_number(authority, above.map(CrlNumber::from))
            .map(told),
        Step::Revoke(requests) => requests
            .iter()
            .try_for_each(|request| rules.revoke(&ca(), request))
            .map(told),
        Step::Release(number) => rules.release(&ca(), &serial(*number)).map(told),
    }
}

/// A ledger and the store in memory, side by side.
pub(super) struct Stores<L> {
    ledger: L,
    /// The directory of the ledger.
    _directory: Option<TempDir>,
    memory: MemoryStore,
}

impl Stores<SqliteLedger> {
    pub(super) fn sqlite() -> Self {
        let Desk { directory, ledger } = Desk::new();
        Self::beside(ledger, Some(directory))
    }
}

#[cfg(all(feature = "postgres", feature = "softhsm-tests"))]
impl Stores<PostgresLedger> {
    pub(super) fn postgres() -> Self {
        Self::beside(
            PostgresLedger::create(&postgres::new_place(), &stamp()).unwrap(),
            None,
        )
    }
}

impl<L: Tables> Stores<L> {
    fn beside(ledger: L, directory: Option<TempDir>) -> Self {
        let stamp = stamp();
        let mut recording = Recording::start(MemoryStore::default(), &stamp).unwrap();
        recording.create().unwrap();
        let (memory, _) = recording.finish();
        Self {
            ledger,
            _directory: directory,
            memory,
        }
    }

    /// Takes the step on both stores. Both do the same, or both refuse and record nothing.
    #[track_caller]
    pub(super) fn take(&mut self, step: &Step) -> Result<String, String> {
        let before = (self.count(), self.memory.events.len());
        let stored = self
            .ledger
            .decide(&stamp(), |rules| take(step, rules))
            .map_err(|error| error.to_string());
        let stamp = stamp();
        let mut recording = Recording::start(self.memory.clone(), &stamp).unwrap();
        let kept = match take(step, &mut recording) {
            Ok(told) => {
                self.memory = recording.finish().0;
                Ok(told)
            }
            Err(MemoryError::Refused(error)) => Err(error.to_string()),
            Err(MemoryError::Contradiction(found)) => panic!("{step:?}: {found}"),
        };
        assert_eq!(stored, kept, "{step:?}");
        if stored.is_err() {
            assert_eq!((self.count(), self.memory.events.len()), before, "{step:?}");
        }
        stored
    }

    #[track_caller]
    pub(super) fn done(&mut self, step: &Step) {
        if let Err(error) = self.take(step) {
            panic!("{step:?}: {error}");
        }
    }

    #[track_caller]
    pub(super) fn refused(&mut self, step: &Step, why: &str) {
        let error = self.take(step).unwrap_err();
        assert!(error.contains(why), "{step:?}: {error}");
    }

    fn count(&self) -> usize {
        usize::try_from(self.ledger.head().unwrap().count).unwrap()
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.ledger.head().unwrap().count
    }

    /// Both stores have the same events, except for the random bytes of the first, and the tables follow from them.
    #[track_caller]
    pub(super) fn assert_alike(&self) {
        let mut exported = Vec::new();
        self.ledger.export(&mut exported).unwrap();
        let text = String::from_utf8(exported).unwrap();
        let stored: Vec<_> = text
            .lines()
            .skip(1)
            .map(|line| &line[83..line.len() - 1])
            .collect();
        let kept: Vec<_> = self
            .memory
            .events
            .iter()
            .skip(1)
            .map(|(body, _)| &**body)
            .collect();
        assert_eq!(stored, kept);
        let mut seen = Vec::new();
        let report = self
            .ledger
            .verify_watched(&Evidence::default(), &mut |events| seen.push(events));
        assert_eq!(report.unwrap().faults, []);
        // The events are read a second time if the sums differ, and the tables are then made again.
        let count = self.ledger.head().unwrap().count;
        let passes: Vec<_> = seen.split_inclusive(|events| *events == count).collect();
        assert!(
            matches!(passes.len(), 1 | 2) && passes.iter().all(|pass| pass.iter().copied().eq(1..=count)),
            "{seen:?}"
        );
    }
}

pub(super) fn begin(numbers: &[u8]) -> Step {
    Step::Begin(numbers.iter().map(|number| certificate(*number)).collect())
}

pub(super) fn complete(entry: u64, number: u8) -> Step {
    Step::Complete(vec![(entry, signed(number))])
}

pub(super) fn revoke(number: u8, reason: RevocationReason) -> Step {
    Step::Revoke(vec![revocation(number, reason)])
}

pub(super) fn by(authority: Authority, intent: Intent) -> Step {
    Step::Begin(vec![Intent { authority, ..intent }])
}
