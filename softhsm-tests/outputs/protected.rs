//! What no output replaces, even with `--force`: inputs, settings, PINs, ledgers, the stores of tokens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Rig, TokenKind, authority, ready_authority};
use crate::oracle::make_request;

#[test]
fn force_replaces_nothing_that_the_command_reads_and_nothing_of_a_rig() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    rig.write(
        "mine.toml",
        "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n\
         key-usage = [\"digitalSignature\"]\nextended-key-usage = [\"clientAuth\"]\n",
    );
    fs::hard_link(rig.path("mine.toml"), rig.path("same.toml")).expect("a link");
    let other = Rig::new();
    let of_other = |name: &str| other.path("rig").join(name).display().to_string();
    let files = [
        "mine.toml",
        "same.toml",
        "a.csr",
        "customerCA.crt",
        "rig/pin",
        "rig/so-pin",
        "rig/hsm-ca.toml",
        "rig/softhsm2.conf",
        "rig/env.sh",
        "rig/hsm-ca.db",
    ]
    .map(str::to_owned);
    let others = ["pin", "so-pin", "hsm-ca.toml", "softhsm2.conf", "env.sh"].map(of_other);
    for out in files.iter().chain(&others) {
        let before = fs::read(rig.path(out)).expect("it is there");
        let sign = [
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "./mine.toml",
            "--force",
            "--out",
            out,
        ];
        let run = rig.json(&sign);
        assert_eq!(run.code, Some(2), "{out}: {run:?}");
        assert_eq!(fs::read(rig.path(out)).expect("it is there"), before, "{out}");
    }
}

/// Every file below a directory.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn no_output_goes_into_the_store_of_a_token_or_beside_a_ledger() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic] {
        let (rig, other) = (authority(kind, "ECC_NIST_P256"), authority(kind, "ECC_NIST_P256"));
        let stores = [&rig, &other].map(|rig| rig.path("rig/tokens"));
        let mut outputs: Vec<_> = stores.iter().flat_map(|store| files_below(store)).collect();
        // The token would read a new file in its store as an object.
        let objects = outputs
            .clone()
            .into_iter()
            .filter(|path| path.ends_with("token.object"));
        outputs.extend(
            objects
                .map(|object| object.with_file_name("new.object"))
                .collect::<Vec<_>>(),
        );
        for rig in [&rig, &other] {
            outputs.extend(
                ["-lock", "-wal", "-audit"].map(|ending| rig.path(&format!("rig/hsm-ca.db{ending}"))),
            );
        }
        assert!(outputs.len() >= 8, "{outputs:?}");
        let is_object = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "object");
        let objects = || {
            let objects = outputs.iter().filter(is_object);
            objects.map(|path| fs::read(path).ok()).collect::<Vec<_>>()
        };
        let before = objects();
        for out in &outputs {
            let out = out.to_str().expect("UTF-8");
            let export = ["key", "export-public", "customer-ca", "--force", "--out", out];
            let run = rig.json(&export);
            assert_eq!(run.code, Some(2), "{out}: {run:?}");
        }
        assert!(objects() == before, "{kind:?}: a store was written");
        rig.json(&["key", "verify", "customer-ca"]).ok();
    }
}
