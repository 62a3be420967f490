//! A recording process that is killed at any point: everything it had reported is recorded, later changes are recorded completely or not at
//! all, and the next process continues.

use std::fs;
use std::io::Read as _;
use std::thread;
use std::time::Duration;

use hsm_ca::ledger::Ledger;

use crate::ledger::desk::{LedgerDesk, Said};

#[track_caller]
fn assert_sound(ledger: &dyn Ledger, case: &str) {
    let report = ledger.verify(None).expect("the ledger can be read");
    assert!(report.passed(), "{case}: {:?}", report.faults);
}

/// About two hundred kills at random moments, while another process records undisturbed.
#[test]
fn at_random_moments() {
    let desk = LedgerDesk::new();
    drop(desk.open());
    let (mut told, mut kills) = (0, 0);
    for round in 0..20_u64 {
        let other = LedgerDesk::start(desk.writer(&[], &format!("other-{round}"), 8));
        for turn in 0..10_u64 {
            let mut victim = LedgerDesk::start(desk.writer(&[], &format!("{round}-{turn}"), 100_000));
            let mut lines = Vec::new();
            if turn % 2 == 1 {
                // Even on a busy machine, half of them have recorded something.
                let stdout = victim.stdout.as_mut().expect("a pipe");
                while lines.last() != Some(&b'\n') {
                    let mut byte = [0];
                    stdout.read_exact(&mut byte).expect("a line");
                    lines.push(byte[0]);
                }
            }
            // Between opening the ledger, or its first line, and a few moves later.
            let moment = (round * 10 + turn).wrapping_mul(2_654_435_761) % 60_000;
            thread::sleep(Duration::from_micros(moment));
            victim.kill().expect("SIGKILL");
            let output = victim.wait_with_output().expect("its output");
            assert_eq!(output.status.code(), None, "it was killed: {output:?}");
            lines.extend(&output.stdout);
            let said = Said::of(&lines);
            said.assert_recorded(&desk.open(), "killed");
            told += said.count();
            kills += 1;
        }
        let output = other.wait_with_output().expect("its output");
        assert!(output.status.success(), "{output:?}");
        let ledger = desk.open();
        Said::of(&output.stdout).assert_recorded(&ledger, "not killed");
        assert_sound(&ledger, "random");
    }
    assert_eq!(kills, 200);
    assert!(told >= 100, "only {told} lines");
}

/// The kernel kills a process that writes past `RLIMIT_FSIZE`, after writing up to it. So it dies inside a write, at every position of the
/// write-ahead log in turn. This process keeps the ledger open, so that the shared memory beside it is not written first.
#[test]
fn inside_every_write_to_the_log() {
    const FRAME: usize = 24 + 4096;
    let mut died = 0;
    for frame in 0..40 {
        for inside in [0, 2000] {
            // The log's own header.
            let limit = 32 + frame * FRAME + inside;
            let desk = LedgerDesk::new();
            let watching = desk.open();
            // Its first frames create the tables.
            let before = fs::metadata(desk.path("l.db-wal")).expect("the log").len();
            let limit = limit + usize::try_from(before).expect("small");
            let case = format!("killed at byte {limit} of the log");
            let limit = format!("--fsize={limit}:{limit}");
            let output = LedgerDesk::start(desk.writer(&["prlimit", &limit], "a", 4)).wait_with_output();
            let output = output.expect("its output");
            if output.status.success() {
                continue;
            }
            assert_eq!(output.status.code(), None, "{case}: {output:?}");
            died += 1;
            let said = Said::of(&output.stdout);
            said.assert_recorded(&watching, &case);
            assert_sound(&watching, &case);
            // Like after a reboot: no process has it open, and the log is read from its beginning.
            let copy = LedgerDesk::new();
            for name in ["l.db", "l.db-wal"] {
                fs::copy(desk.path(name), copy.path(name)).expect("a copy");
            }
            let mut recovered = copy.open();
            said.assert_recorded(&recovered, &case);
            assert_sound(&recovered, &case);
            assert_eq!(
                recovered.head().expect("a head"),
                watching.head().expect("a head"),
                "{case}"
            );
            go_on(&mut recovered, &case);
        }
    }
    assert!(died > 70, "{died}");
}

/// While it creates the file, its tables, and the log.
#[test]
fn while_it_creates_the_ledger() {
    let mut died = 0;
    for limit in (0..40_000).step_by(499) {
        let desk = LedgerDesk::new();
        let limit = format!("--fsize={limit}:{limit}");
        let output = LedgerDesk::start(desk.writer(&["prlimit", &limit], "a", 1)).wait_with_output();
        let output = output.expect("its output");
        died += usize::from(output.status.code().is_none());
        let mut ledger = desk.open();
        Said::of(&output.stdout).assert_recorded(&ledger, &limit);
        assert_sound(&ledger, &limit);
        go_on(&mut ledger, &limit);
    }
    assert!(died > 60, "{died}");
}

/// The next process continues recording.
#[track_caller]
fn go_on(ledger: &mut dyn Ledger, case: &str) {
    use hsm_ca::ledger::{Authority, Digest, Name, RecordedName, Stamp, UnixTime};
    let subject = RecordedName {
        text: "CN=Test CA".to_owned(),
        name: Name::from_der(&[0x30, 0]).expect("an empty name"),
    };
    let authority = Authority {
        key_sha256: Digest::of(b"key"),
        subject,
    };
    let stamp = Stamp {
        time: UnixTime(1),
        by: "b".to_owned(),
        tool: "t".to_owned(),
        waived: Vec::new(),
    };
    let first = ledger.reserve_crl_number(&authority, None, &stamp).expect(case);
    let second = ledger.reserve_crl_number(&authority, None, &stamp).expect(case);
    assert_eq!(second.number, first.number.next().expect("the next"), "{case}");
    assert_sound(ledger, case);
}
