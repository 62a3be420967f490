//! Checkpoints and proofs, read by the crates `signed_note` and `tlog_tiles`: Cloudflare's ports of Go's `sumdb/note` and `sumdb/tlog`.

use signed_note::{Note, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::{Checkpoint, Hash, check_record, check_tree, record_hash};

use super::checkpoint::{checkpoint, kept, serial};
use crate::harness::Rig;

/// The checkpoint, if this key signed it for its own log.
fn open(note: &[u8], key: &str) -> Option<Checkpoint> {
    let verifier = StandardVerifier::new(key).ok()?;
    let origin = verifier.name().to_owned();
    let note = Note::from_bytes(note).ok()?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).ok()?;
    let checkpoint = Checkpoint::from_bytes(note.text()).ok()?;
    (checkpoint.origin() == origin && checkpoint.extension().is_empty()).then_some(checkpoint)
}

/// The number, the hashes and the signed checkpoint of a proof whose lines before the hashes begin with these words.
fn parts<'a>(proof: &'a [u8], words: &[&str]) -> Option<(u64, Vec<Hash>, &'a [u8])> {
    let text = std::str::from_utf8(proof).ok()?;
    let (head, checkpoint) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let mut last = "";
    for word in words {
        last = lines.next()?.strip_prefix(word)?;
    }
    let hashes = lines.map(|line| Hash::parse_hash(line).ok());
    Some((
        last.parse().ok()?,
        hashes.collect::<Option<_>>()?,
        checkpoint.as_bytes(),
    ))
}

/// Whether the proof shows that one of the log's first events is this one.
fn includes(proof: &[u8], event: &[u8], key: &str) -> bool {
    let found = || {
        let (index, hashes, signed) = parts(proof, &["c2sp.org/tlog-proof@v1", "extra ", "index "])?;
        let at = open(signed, key)?;
        check_record(&hashes, at.size(), *at.hash(), index, record_hash(event)).ok()
    };
    found().is_some()
}

/// Whether the proof shows that its checkpoint extends the older one.
fn extends(proof: &[u8], older: &Checkpoint, key: &str) -> bool {
    let found = || {
        let (size, hashes, signed) = parts(proof, &["old "])?;
        let newer = open(signed, key)?;
        let is_of_older = size == older.size();
        is_of_older.then(|| check_tree(&hashes, newer.size(), *newer.hash(), size, *older.hash()).ok())?
    };
    found().is_some()
}

/// Each change of one bit of these octets is refused.
#[track_caller]
fn assert_each_change_is_refused(whole: &[u8], first: usize, accepts: impl Fn(&[u8]) -> bool) {
    assert!(accepts(whole) && first < whole.len());
    for index in first..whole.len() {
        let mut changed = whole.to_vec();
        changed[index] ^= 1;
        let text = String::from_utf8_lossy(&changed);
        assert!(!accepts(&changed), "octet {index} was changed: {text}");
    }
}

/// The bytes of an event, from the export.
fn event(rig: &Rig, index: usize) -> Vec<u8> {
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    let line = export.lines().nth(index).expect("a line");
    let (_, event) = line.split_once(",\"event\":").expect("an event");
    event.strip_suffix('}').expect("its end").as_bytes().to_vec()
}

#[test]
fn cloudflare_s_crates_read_checkpoints_and_proofs_and_refuse_every_change() {
    let (rig, key) = kept();
    checkpoint(&rig, "second.checkpoint");
    let prove = ["ledger", "prove", "--checkpoint", "second.checkpoint", "--out"];
    rig.json(&[&prove[..], &["first.proof", &serial(&rig, "first.crt")]].concat())
        .ok();
    rig.json(&[&prove[..], &["since.proof", "--since", "first.checkpoint"]].concat())
        .ok();

    let older = rig.read("first.checkpoint");
    assert_each_change_is_refused(&older, 0, |note| open(note, &key).is_some());
    let older = open(&older, &key).expect("a checkpoint");

    let proof = rig.read("first.proof");
    let (index, hashes, _) = parts(&proof, &["c2sp.org/tlog-proof@v1", "extra ", "index "]).expect("a proof");
    assert!(!hashes.is_empty());
    let index = usize::try_from(index).expect("a small number");
    let (recorded, other) = (event(&rig, index), event(&rig, index - 1));
    assert!(!includes(&proof, &other, &key));
    // The event in the proof is for a verifier without the ledger; this one has it from the export.
    let behind_event = proof.windows(7).position(|part| part == b"\nindex ").expect("it") + 1;
    assert_each_change_is_refused(&proof, behind_event, |proof| includes(proof, &recorded, &key));

    let since = rig.read("since.proof");
    assert!(!parts(&since, &["old "]).expect("a proof").1.is_empty());
    assert_each_change_is_refused(&since, 0, |proof| extends(proof, &older, &key));
}
