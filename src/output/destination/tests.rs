use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::output::Sealed;

struct Text(&'static str);

impl Sealed for Text {}

impl Verified for Text {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        if written == b"bad" {
            Err("bad".to_owned())
        } else {
            Ok(())
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    let reserved = Destination::new(&path).reserve().unwrap();
    fs::write(&path, "mine").unwrap();
    assert!(matches!(
        reserved.commit(&Text("new")),
        Err(OutputError::Exists { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(names(directory.path()), ["a"]);
}

#[test]
fn content_that_fails_the_second_decoder_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let reserved = Destination::new(directory.path().join("a")).reserve().unwrap();
    assert!(matches!(
        reserved.commit(&Text("bad")),
        Err(OutputError::Recheck { .. })
    ));
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn force_replaces_a_file_but_not_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "old").unwrap();
    let destination = Destination {
        overwrite: true,
        ..Destination::new(&path)
    };
    destination.reserve().unwrap().commit(&Text("new")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let over_directory = Destination {
        path: directory.path().to_owned(),
        ..destination
    };
    assert!(matches!(
        over_directory.reserve(),
        Err(OutputError::NotReplaceable { .. })
    ));
}

#[test]
fn force_does_not_replace_a_database_of_any_owner() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    fs::write(&path, [&b"SQLite format 3\0"[..], &[0; 84]].concat()).unwrap();
    let destination = Destination {
        overwrite: true,
        ..Destination::new(&path)
    };
    let refused = destination.reserve();
    assert!(
        matches!(refused, Err(OutputError::Database { .. })),
        "{refused:?}"
    );
    assert_eq!(names(directory.path()), ["ledger.db"]);
}

#[test]
fn force_replaces_a_link_to_a_file_but_not_a_system_link_or_a_link_to_a_device() {
    let directory = tempfile::tempdir().unwrap();
    let forced = |path: &Path| Destination {
        overwrite: true,
        ..Destination::new(path)
    };
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "old").unwrap();
    for (name, target) in [
        ("link", "file"),
        ("null", "/dev/null"),
        ("dangling", "nothing"),
        ("up", "."),
    ] {
        std::os::unix::fs::symlink(target, at(name)).unwrap();
    }
    forced(&at("link"))
        .reserve()
        .unwrap()
        .commit(&Text("new"))
        .unwrap();
    assert_eq!(fs::read(at("file")).unwrap(), b"old");
    for path in [
        at("null"),
        at("dangling"),
        at("up"),
        "/dev/stdout".into(),
        "/dev/null".into(),
    ] {
        let refused = forced(&path).reserve();
        assert!(
            matches!(refused, Err(OutputError::NotReplaceable { .. })),
            "{refused:?}"
        );
        // The same without --force, which would not help.
        let refused = Destination::new(&path).reserve();
        assert!(
            matches!(refused, Err(OutputError::NotReplaceable { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_protected_file_is_not_replaced_under_any_name_or_however_late_it_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("profile"), "mine").unwrap();
    fs::hard_link(at("profile"), at("other-name")).unwrap();
    std::os::unix::fs::symlink("profile", at("link")).unwrap();
    let protected = Protected::default();
    for name in ["profile", "other-name", "link"] {
        let destination = Destination {
            overwrite: true,
            protected: protected.clone(),
            ..Destination::new(at(name))
        };
        if name == "profile" {
            let reserved = destination.reserve().unwrap();
            protected.add(&fs::metadata(at("profile")).unwrap());
            assert!(matches!(
                reserved.commit(&Text("new")),
                Err(OutputError::Protected { .. })
            ));
        }
        assert!(
            matches!(destination.reserve(), Err(OutputError::Protected { .. })),
            "{name}"
        );
    }
    assert_eq!(fs::read(at("profile")).unwrap(), b"mine");
}

#[test]
fn a_name_that_the_file_system_does_not_take_is_refused_before_anything_is_signed() {
    let directory = tempfile::tempdir().unwrap();
    for name in [&"x".repeat(256)[..], "nul\0", "slash/", "é".repeat(128).as_str()] {
        let refused = Destination::new(directory.path().join(name)).reserve();
        assert!(
            matches!(refused, Err(OutputError::Io { .. })),
            "{name}: {refused:?}"
        );
    }
    for name in ["x".repeat(255), "a name: é \u{7}".to_owned()] {
        let reserved = Destination::new(directory.path().join(&name)).reserve().unwrap();
        reserved.commit(&Text("new")).unwrap();
    }
    assert_eq!(names(directory.path()).len(), 2);
}
