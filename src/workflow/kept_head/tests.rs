use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

fn kept(count: u64) -> KeptHead {
    KeptHead {
        key_sha256: Digest::of(b"key"),
        ledger: Digest::of(b"ledger"),
        head: Head {
            count,
            hash: Digest::of(&count.to_be_bytes()),
        },
    }
}

#[test]
fn a_kept_head_reads_back_and_other_text_does_not() {
    let text = kept(7).to_string();
    assert_eq!(KeptHead::parse(text.as_bytes()), Some(kept(7)));
    assert_eq!(KeptHead::parse(format!("{text}\n").as_bytes()), Some(kept(7)));
    for wrong in [
        "",
        "hsm-ca-head-1",
        &text.replace("head-1", "head-2"),
        &format!("{text} more"),
        &text[..text.len() - 1],
    ] {
        assert_eq!(KeptHead::parse(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn a_head_file_is_only_ever_raised_by_any_writer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("head");
    assert_eq!(in_file(&path).unwrap(), None);
    let path = &path;
    std::thread::scope(|scope| {
        for from in 0..4 {
            scope.spawn(move || {
                for step in 0..25 {
                    raise_in_file(path, &kept(1 + from + 4 * step)).unwrap();
                    assert!(in_file(path).unwrap().unwrap().head.count > from + 4 * step);
                }
            });
        }
    });
    assert_eq!(in_file(path).unwrap(), Some(kept(100)));
    raise_in_file(path, &kept(5)).unwrap();
    assert_eq!(in_file(path).unwrap(), Some(kept(100)));
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    fs::set_permissions(path, fs::Permissions::from_mode(0o620)).unwrap();
    assert!(in_file(path).is_err() && raise_in_file(path, &kept(200)).is_err());
}

#[test]
fn the_places_by_name() {
    assert_eq!(HeadPlace::parse("token"), Some(HeadPlace::Token));
    assert_eq!(HeadPlace::parse("none"), Some(HeadPlace::Nowhere));
    assert_eq!(HeadPlace::parse("file:a/b"), Some(HeadPlace::File("a/b".into())));
    for wrong in ["", "file:", "Token", "/x"] {
        assert_eq!(HeadPlace::parse(wrong), None, "{wrong}");
    }
}
