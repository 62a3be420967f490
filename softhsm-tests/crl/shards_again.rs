//! CRL shards from one publication to the next: changed shards, unchanged ones, and refusals.

use super::shards::{issued, openssl_says, publish, revoke, shards_in, write_profile};
use crate::harness::ready_authority;

#[test]
fn only_the_changed_shard_is_signed_again_and_its_delta_is_valid() {
    let rig = ready_authority();
    let all = issued(&rig);
    std::fs::create_dir(rig.path("out")).unwrap();
    std::fs::create_dir(rig.path("delta")).unwrap();
    let freshest = ["--freshest", "http://crl.example/delta/{shard}.crl"];
    let made = publish(&rig, &[&["--out-dir", "out"][..], &freshest].concat());
    assert_eq!(shards_in(&made["signed"]), [1, 2, 3], "{made}");
    let again = [
        "--pin-source",
        "file:nowhere",
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./web.toml",
    ];
    let again = [&again[..], &["--all-shards", "--out-dir", "out"], &freshest].concat();
    // Nothing changed: no PIN is read, and existing files cause no error.
    let nothing = rig.json(&again).ok().json();
    assert_eq!(shards_in(&nothing["left"]), [1, 2, 3], "{nothing}");
    let (name, serial, shard) = &all[0];
    revoke(&rig, serial);
    let delta = publish(&rig, &["--base-dir", "out", "--out-dir", "delta"]);
    assert_eq!(shards_in(&delta["signed"]), [1, 2, 3], "{delta}");
    let base = format!("out/{shard}.crl");
    assert!(
        openssl_says(&rig, name, &[&base]).0,
        "the full CRL does not have it yet"
    );
    let (good, said) = openssl_says(&rig, name, &[&base, &format!("delta/{shard}.crl")]);
    assert!(!good && said.contains("certificate revoked"), "{said}");
    for (name, _, shard) in all.iter().skip(1) {
        let (good, said) = openssl_says(
            &rig,
            name,
            &[&format!("out/{shard}.crl"), &format!("delta/{shard}.crl")],
        );
        assert!(good, "{said}");
    }
    let unchanged = publish(&rig, &["--base-dir", "out", "--out-dir", "delta", "--force"]);
    assert_eq!(shards_in(&unchanged["left"]), [1, 2, 3], "{unchanged}");
    // Another validity or hash is signed, and is current after that.
    for more in [&["--days", "3"][..], &["--days", "3", "--hash", "sha512"]] {
        let more = [&["--base-dir", "out", "--out-dir", "delta", "--force"][..], more].concat();
        assert_eq!(shards_in(&publish(&rig, &more)["signed"]), [1, 2, 3], "{more:?}");
        assert_eq!(shards_in(&publish(&rig, &more)["left"]), [1, 2, 3], "{more:?}");
    }
    // The file is there, and is not overwritten unless asked.
    let refused = rig.json(
        &[
            &[
                "crl",
                "create",
                "--ca",
                "customerCA.crt",
                "--profile",
                "./web.toml",
            ][..],
            &["--all-shards", "--out-dir", "out"],
            &freshest,
        ]
        .concat(),
    );
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("already exists"), "{refused:#?}");
    let changed = publish(&rig, &[&["--out-dir", "out", "--force"][..], &freshest].concat());
    assert_eq!(shards_in(&changed["signed"]), [*shard], "{changed}");
    assert_eq!(shards_in(&changed["left"]).len(), 2);
    assert!(!openssl_says(&rig, name, &[&base]).0);
}

#[test]
fn an_old_shard_is_made_as_long_as_a_certificate_names_it() {
    let rig = ready_authority();
    let all = issued(&rig);
    write_profile(&rig, 1);
    std::fs::create_dir(rig.path("out")).unwrap();
    let old = all.iter().find(|one| one.2 == 3).unwrap();
    revoke(&rig, &old.1);
    let made = publish(&rig, &["--out-dir", "out"]);
    assert_eq!(shards_in(&made["signed"]), [1, 2, 3], "{made}");
    let entries: Vec<_> = made["signed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["entries"])
        .collect();
    assert_eq!(entries, [0, 0, 1], "{made}");
    let one = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./web.toml",
        "--shard",
        "3",
        "--out",
        "3.crl",
    ];
    rig.json(&one).ok();
    assert!(
        openssl_says(&rig, &old.0, &["3.crl"])
            .1
            .contains("certificate revoked")
    );
    // The same request gets the same certificate, regardless of the shard of its serial number.
    write_profile(&rig, 3);
    let again = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./web.toml",
        "--out",
        "again.crt",
    ];
    let retried = rig.json(&again).ok().json();
    assert_eq!(retried["certificates"][0]["retried"], true, "{retried}");
}

#[test]
fn options_that_do_not_fit_shards_are_refused() {
    let rig = ready_authority();
    write_profile(&rig, 3);
    let base = ["crl", "create", "--ca", "customerCA.crt", "--profile"];
    for (more, what) in [
        (&["./web.toml", "--all-shards"][..], "--out-dir"),
        (&["./web.toml", "--shard", "0", "--out", "a"], "--shard"),
        (
            &[
                "./web.toml",
                "--shard",
                "1",
                "--revoked",
                "index.txt",
                "--out",
                "a",
            ],
            "--revoked",
        ),
        (&["tls-server", "--shard", "1", "--out", "a"], "crl-shards"),
        (
            &[
                "./web.toml",
                "--all-shards",
                "--out-dir",
                ".",
                "--freshest",
                "http://a/b",
            ],
            "{shard}",
        ),
    ] {
        let run = rig.json(&[&base[..], more].concat());
        assert!(run.code == Some(2) && run.stderr.contains(what), "{run:#?}");
    }
    for (shards, urls, what) in [
        ("0", "[\"http://a/{shard}.crl\"]", "not between 1 and 10000"),
        ("10001", "[\"http://a/{shard}.crl\"]", "not between 1 and 10000"),
        ("3", "[\"http://a/1.crl\"]", "must have {shard} once"),
        ("3", "[\"http://a/{shard}/{shard}\"]", "must have {shard} once"),
        ("3", "[\"https://a/{shard}\"]", "must begin with"),
        (
            "3",
            "[\"http://a/{shard}\", \"http://b/{shard}\"]",
            "must have one URL",
        ),
        ("3", "[]", "must have one URL"),
    ] {
        let profile = format!(
            "name = \"web\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\ncrl-urls = {urls}\ncrl-shards = {shards}\n"
        );
        rig.write("web.toml", profile);
        let run = rig.json(&[&base[..], &["./web.toml", "--shard", "1", "--out", "a"]].concat());
        assert!(run.code == Some(2) && run.stderr.contains(what), "{run:#?}");
    }
}
