mod torn;

use std::fs;
use std::io::Write;

use serde_json::json;

use super::*;

const NOW: UnixTime = UnixTime(1_796_114_400);

fn plan() -> Digest {
    Digest::of(b"{\"plan\":1}\n")
}

fn path() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("transcript.jsonl");
    (directory, path)
}

/// A transcript of four lines.
fn small() -> (Vec<u8>, TranscriptHead) {
    let (_directory, path) = path();
    let mut file = TranscriptFile::create(&path, plan()).unwrap();
    let mut head = file.transcript().head();
    for (second, fields) in [
        json!({"what": "opened", "run": 1}),
        json!({"what": "said", "text": "Jürgen: \"yes\"\n"}),
        json!({"what": "sign-begin", "step": "root", "tbs": "00ff"}),
        json!({"what": "sign-end", "signature": "3045", "ok": true}),
    ]
    .into_iter()
    .enumerate()
    {
        let time = UnixTime(NOW.0 + u64::try_from(second).unwrap());
        head = file.append(time, &fields).unwrap();
        // When the call returns, the whole line is in the file.
        assert_eq!(
            Transcript::read(&fs::read(&path).unwrap(), plan())
                .unwrap()
                .head(),
            head
        );
    }
    (fs::read(&path).unwrap(), head)
}

fn ends(bytes: &[u8]) -> Vec<usize> {
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    newlines.map(|(place, _)| place + 1).collect()
}

#[test]
fn each_line_holds_the_hash_of_the_line_before_it() {
    let (bytes, head) = small();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let mut prev = hex::encode(crate::signer::sha256(b"{\"plan\":1}\n"));
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&value["n"], &value["prev"]), (&json!(index + 1), &json!(prev)));
        prev = hex::encode(crate::signer::sha256(line.as_bytes()));
    }
    assert_eq!(head.to_string(), format!("4:{prev}"));
    assert_eq!(head.to_string().parse(), Ok(head));
    let read = Transcript::read(&bytes, plan()).unwrap();
    assert_eq!(read.records()[3].fields()["ok"], json!(true));
    assert_eq!(read.records()[3].number(), 4);
    assert_eq!(read.records()[3].time(), Some(UnixTime(NOW.0 + 3)));
    assert_eq!(read.follows(head).unwrap(), Following { added: 0 });
    assert_eq!(
        Transcript::read(b"", plan()).unwrap().head().to_string(),
        format!("0:{}", plan())
    );
}

#[test]
fn every_changed_byte_is_found() {
    let (good, head) = small();
    let last_line = ends(&good)[2];
    for place in 0..good.len() {
        // Flips each single bit, then all of them.
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            match Transcript::read(&bytes, plan()) {
                Err(_) => {}
                // Only the head reveals a change in the last line.
                Ok(read) => {
                    assert!(place >= last_line, "byte {place} ^ {change:#x}");
                    let error = read.follows(head).unwrap_err();
                    assert!(matches!(error, TranscriptError::OtherHead { .. }), "{error}");
                }
            }
        }
    }
}

#[test]
fn lines_that_are_missing_doubled_or_exchanged_are_found() {
    let (good, head) = small();
    let ends = ends(&good);
    let line = |index: usize| match index {
        0 => &good[..ends[0]],
        index => &good[ends[index - 1]..ends[index]],
    };
    for order in [
        &[1, 2, 3][..],
        &[0, 2, 3],
        &[0, 1, 3],
        &[0, 0, 1, 2, 3],
        &[0, 2, 1, 3],
        &[0, 1, 2, 3, 3],
    ] {
        let bytes: Vec<u8> = order.iter().flat_map(|index| line(*index).to_vec()).collect();
        assert!(Transcript::read(&bytes, plan()).is_err(), "{order:?}");
    }
    // Cut at the end of a line, the rest is a valid transcript. Only the head reveals the cut.
    for count in 0..4 {
        let shorter: Vec<u8> = (0..count).flat_map(|index| line(index).to_vec()).collect();
        let read = Transcript::read(&shorter, plan()).unwrap();
        let error = read.follows(head).unwrap_err();
        assert!(matches!(error, TranscriptError::Shortened { .. }), "{error}");
        let whole = Transcript::read(&good, plan()).unwrap();
        let added = u64::try_from(4 - count).unwrap();
        assert_eq!(whole.follows(read.head()).unwrap(), Following { added });
    }
    let other_plan = Transcript::read(&good, Digest::of(b"{\"plan\":2}\n")).unwrap_err();
    assert!(
        matches!(other_plan, TranscriptError::Chain { line: 1 }),
        "{other_plan}"
    );
}

#[test]
fn a_transcript_is_made_once_and_open_once() {
    let (directory, path) = path();
    let file = TranscriptFile::create(&path, plan()).unwrap();
    assert!(matches!(
        TranscriptFile::create(&path, plan()),
        Err(TranscriptError::Io { what: "create", .. })
    ));
    assert!(matches!(
        TranscriptFile::open(&path, plan()),
        Err(TranscriptError::InUse { holder: Some(process), .. }) if process == std::process::id()
    ));
    drop(file);
    assert!(TranscriptFile::open(&path, plan()).is_ok());
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(
        TranscriptFile::open(&link, plan()),
        Err(TranscriptError::Io { .. })
    ));
    assert!(TranscriptFile::create(&link, plan()).is_err());
    let missing = directory.path().join("missing");
    assert!(matches!(
        TranscriptFile::open(&missing, plan()),
        Err(TranscriptError::Io { .. })
    ));
}

#[test]
fn nothing_is_added_after_a_write_that_failed() {
    // A full disk: writes to this device fail.
    let full = fs::OpenOptions::new()
        .read(true)
        .append(true)
        .open("/dev/full")
        .unwrap();
    let mut file = TranscriptFile::of_file(full, plan());
    let error = file.append(NOW, &json!({"what": "opened"})).unwrap_err();
    assert!(
        matches!(
            &error,
            TranscriptError::Io {
                what: "append to",
                ..
            }
        ),
        "{error}"
    );
    let error = file.append(NOW, &json!({"what": "opened"})).unwrap_err();
    assert!(matches!(error, TranscriptError::Unknown { .. }), "{error}");
    assert_eq!(file.transcript().head().n, 0);
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let (_directory, path) = path();
    let mut file = TranscriptFile::create(&path, plan()).unwrap();
    assert!(matches!(
        file.append(NOW, &json!([1])),
        Err(TranscriptError::NotAnObject)
    ));
    for name in ["n", "prev", "t"] {
        let error = file.append(NOW, &json!({ name: 1 })).unwrap_err();
        assert!(
            matches!(error, TranscriptError::OwnName { name: found } if found == name),
            "{error}"
        );
    }
    for wrong in [json!({"a": 0.5}), json!({"a": null}), json!({"a": u64::MAX})] {
        assert!(matches!(
            file.append(NOW, &wrong),
            Err(TranscriptError::Line { line: 1, .. })
        ));
    }
    assert!(matches!(
        file.append(UnixTime(u64::MAX), &json!({})),
        Err(TranscriptError::Time { line: 1 })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(file.append(NOW, &json!({})).unwrap().n, 1);
}

/// These lines are canonical and chained, but another program wrote them.
#[test]
fn lines_of_another_program_are_held_to_the_same_rules() {
    let (_directory, path) = path();
    let mut file = fs::File::create(&path).unwrap();
    let prev = plan();
    let read = |line: &str| Transcript::read(line.as_bytes(), plan()).map(|read| read.head().n);
    let line = |n: &str, t: &str| format!("{{\"n\":{n},\"prev\":\"{prev}\",\"t\":\"{t}\"}}\n");
    let good = line("1", "2026-12-01T08:40:00Z");
    assert_eq!(read(&good).unwrap(), 1);
    assert!(matches!(
        read(&line("2", "2026-12-01T08:40:00Z")),
        Err(TranscriptError::Number { line: 1, found: 2 })
    ));
    for time in ["2026-12-01T09:40:00+01:00", "2026-12-01", "yesterday"] {
        assert!(
            matches!(read(&line("1", time)), Err(TranscriptError::Time { line: 1 })),
            "{time}"
        );
    }
    let upper = good.replace(&prev.to_string(), &prev.to_string().to_uppercase());
    for damaged in [
        upper,
        good.replace("\"t\"", "\"time\""),
        good.replace("\"n\":1,", ""),
    ] {
        assert!(
            matches!(read(&damaged), Err(TranscriptError::Line { line: 1, .. })),
            "{damaged}"
        );
    }
    file.write_all(good.as_bytes()).unwrap();
    assert_eq!(
        TranscriptFile::open(&path, plan()).unwrap().transcript().head().n,
        1
    );
}

#[test]
fn a_checkpoint_has_three_lines() {
    let (bytes, _) = small();
    let read = Transcript::read(&bytes, plan()).unwrap();
    // The tree of four leaves, computed by hand.
    let leaf = |line: &[u8]| crate::signer::sha256(&[&[0], line].concat());
    let node = |left: [u8; 32], right: [u8; 32]| crate::signer::sha256(&[&[1][..], &left, &right].concat());
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let root = node(
        node(leaf(lines[0]), leaf(lines[1])),
        node(leaf(lines[2]), leaf(lines[3])),
    );
    use base64ct::Encoding;
    let root = base64ct::Base64::encode_string(&root);
    let origin = "pki.example/ceremony/root-r1-2026";
    let checkpoint = read.checkpoint(origin).unwrap();
    assert_eq!(checkpoint.to_string(), format!("{origin}\n4\n{root}\n"));
    for origin in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{7f}"] {
        assert!(read.checkpoint(origin).is_err(), "{origin:?}");
    }
}

#[test]
fn a_head_has_one_spelling() {
    let hash = plan().to_string();
    for wrong in [
        String::new(),
        hash.clone(),
        format!("4:{}", hash.to_uppercase()),
        format!("04:{hash}"),
        format!("+4:{hash}"),
        format!("4: {hash}"),
        format!("4:{hash}\n"),
        format!("-1:{hash}"),
        "4:00".to_owned(),
    ] {
        assert_eq!(wrong.parse::<TranscriptHead>(), Err(NotAHead), "{wrong}");
    }
}
