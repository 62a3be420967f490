//! These tests run as root, which can give files to other users.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const SOMEBODY: u32 = 65534;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        for directory in ["a", "a/b"] {
            fs::create_dir(place.path(directory)).unwrap();
        }
        fs::write(place.path("a/b/file"), "x").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn give(&self, name: &str, uid: u32) {
        chown(self.path(name), Some(uid), None).unwrap();
    }

    fn file(&self, owners: Owners) -> Result<PathBuf, TrustError> {
        check_file(&self.path("a/b/file"), owners)
    }
}

/// The last two names of the path that is refused, and why.
fn refusal<T: std::fmt::Debug>(result: Result<T, TrustError>) -> (String, &'static str) {
    let error = result.unwrap_err();
    let why = match &error {
        TrustError::OtherOwner { .. } => "owner",
        TrustError::OpenToOthers { .. } => "mode",
        TrustError::OtherLink { .. } => "link",
        TrustError::NotAFile { .. } => "kind",
        TrustError::Io { .. } => "io",
    };
    let name = error.path().file_name().unwrap_or_default();
    (name.to_str().unwrap().to_owned(), why)
}

#[test]
fn the_temporary_directory_of_these_tests_is_sticky_and_may_be_on_the_way() {
    let place = Place::new();
    let above = place.0.path().parent().unwrap().metadata().unwrap();
    assert_eq!((above.mode() & 0o1002, above.uid()), (0o1002, 0));
    for owners in [Owners::Own, Owners::Any] {
        assert_eq!(
            place.file(owners).unwrap(),
            place.path("a/b/file").canonicalize().unwrap()
        );
    }
    check_directory(&place.path("a/b")).unwrap();
    let file = place.path("a/b/file");
    assert_eq!(refusal(check_directory(&file)), ("file".to_owned(), "io"));
}

#[test]
fn a_writer_of_a_directory_above_can_change_the_file() {
    for mode in [0o777, 0o775, 0o757] {
        for name in ["a", "a/b", "a/b/file"] {
            let place = Place::new();
            place.mode(name, mode);
            let last = name.rsplit('/').next().unwrap().to_owned();
            for owners in [Owners::Own, Owners::Any] {
                assert_eq!(
                    refusal(place.file(owners)),
                    (last.clone(), "mode"),
                    "{mode:o} {name}"
                );
            }
        }
    }
}

#[test]
fn a_file_of_another_user_is_used_only_if_it_was_named() {
    for name in ["a", "a/b", "a/b/file"] {
        let place = Place::new();
        place.give(name, SOMEBODY);
        let last = name.rsplit('/').next().unwrap().to_owned();
        assert_eq!(refusal(place.file(Owners::Own)), (last.clone(), "owner"));
        let named = place.file(Owners::Any);
        if name == "a/b/file" {
            named.unwrap();
        } else {
            // A third person's directory: neither root's, nor ours, nor the file's owner's.
            assert_eq!(refusal(named), (last, "owner"));
        }
    }
    let place = Place::new();
    for name in ["a", "a/b", "a/b/file"] {
        place.give(name, SOMEBODY);
    }
    place.file(Owners::Any).unwrap();
    assert_eq!(
        refusal(check_directory(&place.path("a/b"))),
        ("a".to_owned(), "owner")
    );
}

#[test]
fn a_sticky_directory_may_be_on_the_way_but_may_not_hold_a_found_file() {
    let place = Place::new();
    place.mode("a", 0o1777);
    place.file(Owners::Own).unwrap();
    check_directory(&place.path("a/b")).unwrap();
    assert_eq!(
        refusal(check_directory(&place.path("a"))),
        ("a".to_owned(), "mode")
    );
    place.mode("a/b", 0o1777);
    assert_eq!(refusal(place.file(Owners::Own)), ("b".to_owned(), "mode"));
    place.file(Owners::Any).unwrap();
    // Sticky does not help against the owner of what follows.
    place.mode("a/b", 0o755);
    place.give("a/b", SOMEBODY);
    assert_eq!(refusal(place.file(Owners::Own)), ("b".to_owned(), "owner"));
}

#[test]
fn links_are_followed_one_by_one() {
    let place = Place::new();
    fs::create_dir(place.path("open")).unwrap();
    fs::write(place.path("open/file"), "x").unwrap();
    place.mode("open", 0o777);
    symlink("../open/file", place.path("a/inner")).unwrap();
    symlink(place.path("a/inner"), place.path("outer")).unwrap();
    assert_eq!(
        refusal(check_file(&place.path("outer"), Owners::Any)),
        ("open".to_owned(), "mode")
    );
    // Others can write to the link's directory, but not to its target's.
    symlink("../a/b/file", place.path("open/link")).unwrap();
    assert_eq!(
        refusal(check_file(&place.path("open/link"), Owners::Any)),
        ("open".to_owned(), "mode")
    );
    // In a sticky directory only its owner can replace the link.
    place.mode("open", 0o1777);
    check_file(&place.path("open/link"), Owners::Any).unwrap();
    std::os::unix::fs::lchown(place.path("open/link"), Some(SOMEBODY), None).unwrap();
    let refused = check_file(&place.path("open/link"), Owners::Any);
    assert!(refused.as_ref().is_err_and(TrustError::is_about_shared_directory));
    assert_eq!(refusal(refused), ("link".to_owned(), "link"));
    place.mode("open", 0o777);
    let refused = check_file(&place.path("open/link"), Owners::Any);
    assert!(!refused.as_ref().is_err_and(TrustError::is_about_shared_directory));
    assert_eq!(refusal(refused), ("open".to_owned(), "mode"));
    // `..` is where the links lead, not where the text says.
    symlink("a/b", place.path("short")).unwrap();
    check_file(&place.path("short/../b/file"), Owners::Own).unwrap();
    symlink("circle", place.path("circle")).unwrap();
    assert_eq!(refusal(check_file(&place.path("circle"), Owners::Any)).1, "io");
}

#[test]
fn a_pipe_is_refused_without_waiting_for_it() {
    let place = Place::new();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.path("a/pipe"),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    for path in ["a/pipe", "a/b"] {
        assert_eq!(refusal(open(&place.path(path), Owners::Any)).1, "kind");
    }
    assert_eq!(refusal(open(&place.path("nothing"), Owners::Any)).1, "io");
    assert_eq!(refusal(open(Path::new("/dev/null"), Owners::Any)).1, "kind");
}
