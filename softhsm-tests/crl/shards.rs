//! CRL shards: each certificate names the CRL of its shard, and other programs use it.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Rig, ready_authority};
use crate::oracle::openssl;

const CERTIFICATES: usize = 8;

fn url(shard: u64) -> String {
    format!("http://crl.example/{shard}.crl")
}

pub(crate) fn write_profile(rig: &Rig, shards: u64) {
    rig.write(
        "web.toml",
        format!(
            "name = \"web\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\nextended-key-usage = [\"clientAuth\"]\n\
             crl-urls = [\"http://crl.example/{{shard}}.crl\"]\ncrl-shards = {shards}\n"
        ),
    );
}

/// The shard as documented: the last eight octets of the serial number, modulo the number of shards, plus 1.
fn shard_of(serial: &str, shards: u64) -> u64 {
    u64::from_str_radix(&serial[serial.len() - 16..], 16).expect("hexadecimal") % shards + 1
}

/// A CA, and certificates in three shards: names of files, serial numbers, shards.
pub(super) fn issued(rig: &Rig) -> Vec<(String, String, u64)> {
    write_profile(rig, 3);
    openssl(
        rig,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            "a.key",
        ],
    );
    openssl(
        rig,
        &["req", "-new", "-key", "a.key", "-subj", "/CN=a", "-out", "a.csr"],
    );
    let sign = |out: &str| {
        let arguments = [
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "./web.toml",
        ];
        let signed = rig
            .json(&[&arguments[..], &["--again", "--out", out]].concat())
            .ok()
            .json();
        signed["certificates"][0]["serial_number"]
            .as_str()
            .expect("a serial number")
            .to_owned()
    };
    let all = (0..CERTIFICATES).map(|index| {
        let name = format!("{index}.crt");
        let serial = sign(&name);
        let shard = shard_of(&serial, 3);
        (name, serial, shard)
    });
    let mut all: Vec<_> = all.collect();
    // By chance, a shard may have no or only one certificate.
    while (1..=3).any(|shard| all.iter().filter(|one| one.2 == shard).count() < 2) {
        let name = format!("{}.crt", all.len());
        let serial = sign(&name);
        let shard = shard_of(&serial, 3);
        all.push((name, serial, shard));
    }
    all
}

pub(super) fn publish(rig: &Rig, more: &[&str]) -> Value {
    let arguments = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./web.toml",
        "--all-shards",
    ];
    rig.json(&[&arguments[..], more].concat()).ok().json()
}

pub(super) fn shards_in(list: &Value) -> Vec<u64> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| one["shard"].as_u64().expect("a number")).collect()
}

pub(super) fn revoke(rig: &Rig, serial: &str) {
    rig.json(&[
        "cert",
        "revoke",
        serial,
        "--ca",
        "customerCA.crt",
        "--reason",
        "superseded",
    ])
    .ok();
}

/// openssl's verdict.
pub(super) fn openssl_says(rig: &Rig, certificate: &str, crls: &[&str]) -> (bool, String) {
    let all: Vec<u8> = crls.iter().flat_map(|crl| rig.read(crl)).collect();
    rig.write("all.crl", all);
    let arguments = [
        "verify",
        "-crl_check",
        "-extended_crl",
        "-use_deltas",
        "-x509_strict",
        "-CAfile",
        "customerCA.crt",
        "-CRLfile",
        "all.crl",
        certificate,
    ];
    let run = rig.tool("openssl", &arguments);
    (run.code == Some(0), run.stdout + &run.stderr)
}

/// The verdict of `cert verify` with only the CRL.
fn we_say(rig: &Rig, certificate: &str, crl: &str) -> (Option<i32>, String) {
    let run = rig.command(&[
        "--ledger",
        "sqlite:other.db",
        "cert",
        "verify",
        certificate,
        "--ca",
        "customerCA.crt",
        "--crl",
        crl,
    ]);
    (run.code, run.stdout + &run.stderr)
}

/// The `DistributionPointName` of that URL, the same in both places (RFC 5280 sections 4.2.1.13 and 5.2.5).
fn name_in_der(url: &str) -> Vec<u8> {
    let wrap = |tag: u8, content: &[u8]| {
        [
            &[tag, u8::try_from(content.len()).expect("a short name")],
            content,
        ]
        .concat()
    };
    wrap(0xa0, &wrap(0xa0, &wrap(0x86, url.as_bytes())))
}

fn der(rig: &Rig, kind: &str, file: &str) -> Vec<u8> {
    openssl(rig, &[kind, "-in", file, "-outform", "DER", "-out", "der"]);
    rig.read("der")
}

fn has(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[test]
fn every_certificate_is_checked_only_with_the_crl_of_its_shard() {
    let rig = ready_authority();
    rig.json(&["--ledger", "sqlite:other.db", "ledger", "new"]).ok();
    let all = issued(&rig);
    // One of each shard is revoked.
    let of_shard = |shard: u64| all.iter().filter(move |one| one.2 == shard);
    for shard in 1..=3 {
        revoke(&rig, &of_shard(shard).next().unwrap().1);
    }
    std::fs::create_dir(rig.path("out")).unwrap();
    let made = publish(&rig, &["--out-dir", "out"]);
    assert_eq!(shards_in(&made["signed"]), [1, 2, 3], "{made}");
    assert_eq!(made["left"], Value::Array(Vec::new()));
    for (name, serial, shard) in &all {
        let certificate = der(&rig, "x509", name);
        let is_revoked = of_shard(*shard).next().unwrap().1 == *serial;
        for other in 1..=3 {
            let crl = format!("out/{other}.crl");
            let point = name_in_der(&url(other));
            assert!(has(&der(&rig, "crl", &crl), &point), "{crl}");
            assert_eq!(has(&certificate, &point), other == *shard, "{name}");
            let (good, said) = openssl_says(&rig, name, &[&crl]);
            let (code, own) = we_say(&rig, name, &crl);
            match other == *shard {
                true if is_revoked => {
                    assert!(!good && said.contains("certificate revoked"), "{said}");
                    assert!(code == Some(3) && own.contains("revoked"), "{own}");
                }
                true => {
                    assert!(good, "{said}");
                    assert_eq!(code, Some(0), "{own}");
                }
                false => {
                    assert!(!good && said.contains("scope"), "{said}");
                    assert!(code == Some(3) && own.contains("does not name"), "{own}");
                }
            }
        }
    }
    assert_java_agrees(&rig, &all);
    assert_gnutls_agrees(&rig, &all);
    // A full CRL has them all.
    rig.json(&["crl", "create", "--ca", "customerCA.crt", "--out", "full.crl"])
        .ok();
    let full = rig.json(&["crl", "show", "full.crl"]).ok().json();
    assert_eq!(full["entries"], 3, "{full}");
    // One octet of the name differs.
    let other = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--distribution-point",
        "http://crl.example/1.crk",
        "--out",
        "bent.crl",
    ];
    rig.json(&other).ok();
    let good = &of_shard(1).nth(1).unwrap().0;
    assert!(!openssl_says(&rig, good, &["bent.crl"]).0);
    assert_eq!(we_say(&rig, good, "bent.crl").0, Some(3));
}

/// The first of each shard is revoked. Java accepts no other shard's CRL.
fn assert_java_agrees(rig: &Rig, all: &[(String, String, u64)]) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/CheckShards.java");
    let lists = ["out/1.crl", "out/2.crl", "out/3.crl"];
    let mut arguments = vec![program.to_str().expect("a path of text"), "customerCA.crt"];
    arguments.extend(all.iter().map(|(name, ..)| name.as_str()));
    arguments.extend(lists);
    let said = rig.tool("java", &arguments).ok().stdout;
    let mut wanted = String::new();
    let mut seen = Vec::new();
    for (name, _, shard) in all {
        let own = match seen.contains(shard) {
            true => "good",
            false => "revoked",
        };
        seen.push(*shard);
        for (list, other) in lists.iter().zip(1..) {
            let status = if other == *shard { own } else { "no-crl" };
            writeln!(wanted, "{name} {list} {status}").expect("a String takes it");
        }
    }
    assert_eq!(said, wanted);
}

/// GnuTLS does not read the issuingDistributionPoint, so it gets the CRL of the certificate's own shard.
fn assert_gnutls_agrees(rig: &Rig, all: &[(String, String, u64)]) {
    let mut seen = Vec::new();
    for (name, _, shard) in all {
        let chain = [name.as_str(), "customerCA.crt", &format!("out/{shard}.crl")];
        let chain: Vec<u8> = chain.iter().flat_map(|file| rig.read(file)).collect();
        rig.write("chain.pem", chain);
        let run = rig.tool("certtool", &["--verify-chain", "--infile", "chain.pem"]);
        let said = run.stdout + &run.stderr;
        let is_revoked = !seen.contains(shard);
        assert_eq!(said.contains("revoked"), is_revoked, "{name}: {said}");
        assert_eq!(run.code == Some(0), !is_revoked, "{name}: {said}");
        seen.push(*shard);
    }
}
