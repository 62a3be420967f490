//! Random sequences of operations by several connections at once: the ledger stays sound, no number is used twice, and everything
//! acknowledged is recorded.

use std::collections::BTreeSet;
use std::thread;

use super::*;

/// SplitMix64: the same seed, the same sequence.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(super) fn byte(&mut self, sides: u64) -> u8 {
        u8::try_from(self.roll(sides)).unwrap()
    }
}

#[derive(Default)]
struct Acknowledged {
    serials: Vec<SerialNumber>,
    numbers: Vec<u64>,
    signed: Vec<EntryId>,
}

/// Refusals are expected; any other error is not.
#[track_caller]
fn fair<T>(result: Result<T, LedgerError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            LedgerError::SerialUsed { .. }
            | LedgerError::CrlNumber { .. }
            | LedgerError::Ended { .. }
            | LedgerError::OtherBytes { .. }
            | LedgerError::UnknownCertificate { .. }
            | LedgerError::AlreadyRevoked { .. }
            | LedgerError::NotOnHold { .. },
        ) => None,
        Err(error) => panic!("{error}"),
    }
}

fn play(ledger: &mut SqliteLedger, dice: &mut Dice, moves: usize) -> Acknowledged {
    let mut done = Acknowledged::default();
    let mut open: Vec<(EntryId, u8)> = Vec::new();
    for _ in 0..moves {
        match dice.roll(8) {
            0 | 1 => {
                let numbers: Vec<u8> = (0..=dice.roll(3)).map(|_| dice.byte(200)).collect();
                let intents: Vec<_> = numbers.iter().map(|number| certificate(*number)).collect();
                if let Some(entries) = fair(ledger.begin_many(&intents, &stamp())) {
                    done.serials.extend(numbers.iter().map(|number| serial(*number)));
                    open.extend(entries.into_iter().zip(numbers));
                }
            }
            2 | 3 if !open.is_empty() => {
                let at = usize::try_from(dice.roll(u64::try_from(open.len()).unwrap())).unwrap();
                let (entry, number) = open.swap_remove(at);
                if dice.roll(4) == 0 {
                    fair(ledger.abandon(entry, "dice", &stamp()));
                } else if fair(ledger.complete(entry, &signed(number), &stamp())).is_some() {
                    done.signed.push(entry);
                }
            }
            4 => {
                let base = done.numbers.last().copied().filter(|_| dice.roll(2) == 0);
                let reserved = fair(ledger.reserve_crl_number(&ca(), None, &stamp())).unwrap();
                let number = reserved.number.to_u64().unwrap();
                done.numbers.push(number);
                if dice.roll(2) == 0
                    && let Some(entry) = fair(ledger.begin(&crl(number, base, 5), &stamp()))
                {
                    open.push((entry, 0));
                }
            }
            5 => {
                let reason = RevocationReason::ALL[usize::try_from(dice.roll(9)).unwrap()];
                fair(ledger.revoke(&ca(), &revocation(dice.byte(200), reason), &stamp()));
            }
            6 => drop(fair(ledger.release(&ca(), &serial(dice.byte(200)), &stamp()))),
            _ => drop(revoked(ledger, &ca(), None)),
        }
    }
    done
}

#[test]
fn parallel_connections_never_use_a_number_twice() {
    for seed in 0..8 {
        let desk = Desk::new();
        let players: Vec<_> = (0..4)
            .map(|player| {
                let mut ledger = desk.again();
                thread::spawn(move || play(&mut ledger, &mut Dice(seed * 100 + player), 60))
            })
            .collect();
        let results: Vec<_> = players.into_iter().map(|player| player.join().unwrap()).collect();
        desk.assert_sound();
        let serials: Vec<_> = results.iter().flat_map(|done| &done.serials).collect();
        assert_eq!(
            serials.iter().collect::<BTreeSet<_>>().len(),
            serials.len(),
            "seed {seed}"
        );
        let numbers: Vec<_> = results.iter().flat_map(|done| &done.numbers).collect();
        assert_eq!(
            numbers.iter().collect::<BTreeSet<_>>().len(),
            numbers.len(),
            "seed {seed}"
        );
        for done in &results {
            assert!(
                done.numbers.is_sorted_by(|a, b| a < b),
                "seed {seed}: {:?}",
                done.numbers
            );
            for serial in &done.serials {
                assert!(
                    desk.ledger.certificate(&ca(), serial).unwrap().is_some(),
                    "seed {seed}"
                );
            }
            for entry in &done.signed {
                let told = desk.ledger.entry(*entry).unwrap().unwrap();
                assert_eq!(told.state.name(), "signed", "seed {seed}");
            }
        }
        let now = revoked(&desk.ledger, &ca(), None);
        assert!(now.is_sorted_by(|a, b| a.serial.octets() < b.serial.octets()));
    }
}

#[test]
fn the_same_sequence_gives_the_same_events_except_the_ledger_id() {
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let mut desk = Desk::new();
        play(&mut desk.ledger, &mut Dice(7), 200);
        let mut exported = Vec::new();
        desk.ledger.export(&mut exported).unwrap();
        let text = String::from_utf8(exported).unwrap();
        bodies.push(
            text.lines()
                .skip(1)
                .map(|line| line[83..].to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(bodies[0], bodies[1]);
}
