//! Files at the paths of answers that are not answers.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{files, lines, publish, published_rig, results};

#[test]
fn a_file_that_is_not_an_earlier_answer_is_not_replaced() {
    let rig = published_rig(4);
    let (told, _) = lines(&rig.json(&publish(&[])).ok());
    let file = |number: usize| rig.path(told[number]["file"].as_str().expect("a path"));
    let serial = |number: usize| {
        told[number]["serial_number"]
            .as_str()
            .expect("a number")
            .to_owned()
    };
    let before = files(&rig);
    let whole = fs::read(file(0)).expect("an answer");
    // Another certificate's answer, half an answer, one in PEM, one more byte, an error, and nothing at all.
    let other = fs::read(file(2)).expect("an answer");
    let same_certificate = fs::read(file(1)).expect("the answer under the other hash");
    let longer = [&whole[..], &[0]].concat();
    let huge = vec![0x30; 100_000];
    let cases: [&[u8]; 7] = [
        &other,
        &same_certificate,
        &whole[..whole.len() / 2],
        &longer,
        &[0x30, 3, 0x0a, 1, 6],
        b"",
        &huge,
    ];
    for case in cases {
        fs::write(file(0), case).expect("a write");
        let message = rig.json(&publish(&[])).refused(3, "other-file");
        assert!(
            message.contains(file(0).file_name().and_then(|name| name.to_str()).expect("UTF-8")),
            "{message}"
        );
        assert_eq!(fs::read(file(0)).expect("the file"), case);
    }
    fs::write(file(0), &other).expect("a write");
    let message = rig.json(&publish(&[])).refused(3, "other-file");
    assert!(message.contains(&serial(0)), "{message}");
    // With --keep-going the others are signed, and --force replaces the file.
    fs::remove_file(file(5)).expect("a file");
    let run = rig.json(&publish(&["--keep-going"]));
    assert_eq!(run.code, Some(3), "{run:?}");
    let (told, summary) = lines(&run);
    assert_eq!(results(&told), ["refused", "signed"]);
    assert_eq!(told[0]["error"]["kind"], "other-file");
    assert_eq!(
        (&summary["unchanged"], &summary["refused"]),
        (&6.into(), &1.into())
    );
    let (told, _) = lines(&rig.json(&publish(&["--force"])).ok());
    assert_eq!(told[0]["because"], "another-file");
    assert_eq!(files(&rig).len(), before.len());
}

#[test]
fn links_and_directories_that_others_can_write_to_are_refused() {
    let rig = published_rig(4);
    let (told, _) = lines(&rig.json(&publish(&[])).ok());
    let file = rig.path(told[3]["file"].as_str().expect("a path"));
    // A link to an answer, even to the right one.
    fs::rename(&file, rig.path("aside.der")).expect("a rename");
    symlink(rig.path("aside.der"), &file).expect("a link");
    let message = rig.json(&publish(&[])).refused(2, "output-exists");
    assert!(message.contains("not a regular file"), "{message}");
    let forced = rig.json(&publish(&["--force"]));
    assert_eq!(forced.code, Some(2), "{forced:?}");
    fs::remove_file(&file).expect("the link");
    fs::create_dir(&file).expect("a directory");
    rig.json(&publish(&[])).refused(2, "output-exists");
    fs::remove_dir(&file).expect("the directory");
    rig.json(&publish(&[])).ok();

    // A directory in which others can put something.
    for mode in [0o775, 0o757, 0o1777] {
        fs::set_permissions(rig.path("answers"), Permissions::from_mode(mode)).expect("a mode");
        let message = rig.json(&publish(&[])).refused(2, "directory");
        assert!(message.contains("answers"), "{message}");
    }
    fs::set_permissions(rig.path("answers"), Permissions::from_mode(0o755)).expect("a mode");
    rig.json(&publish(&[])).ok();
    fs::remove_dir_all(rig.path("answers")).expect("the directory");
    rig.json(&publish(&[])).ok();
    assert!(rig.path("answers").is_dir());
}

#[test]
fn a_signer_that_may_not_sign_is_refused_before_the_token_is_asked() {
    let rig = published_rig(4);
    // A certificate without the signer's purpose, the CA's own, and a validity beyond the signer's.
    for (more, rule) in [
        (&["--signer", "out/000.crt"][..], "ocsp-signer-purpose"),
        (&["--days", "20y"], "ocsp-nesting"),
    ] {
        let message = rig.json(&publish(more)).refused(3, "rule");
        assert!(message.contains(rule), "{message}");
    }
    rig.json(&publish(&["--days", "0"])).refused(2, "usage");
    assert!(files(&rig).is_empty());
}
