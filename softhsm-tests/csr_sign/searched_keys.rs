//! RSA keys whose factors take half a second to find, and keys in a list.

use super::third_party_requests::{make_weak_keys, rig_with_root};
use crate::harness::{Rig, Run};
use crate::oracle::assert_accepted;

/// Factors above 2¹⁶, with the names of their files.
const FACTORED: [(&str, &[&str]); 5] = [
    ("factor-17-bits", &["65537 divides"]),
    ("factor-20-bits", &["1000003 divides"]),
    ("factor-31-bits", &["2147483629 divides"]),
    ("factor-32-bits", &["4294967291 divides"]),
    ("two-factors", &["1000003 divides", "2147483629 divides"]),
];

const OWN: &str = "role = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\nextended-key-usage = \
                   [\"serverAuth\"]\n";

fn sign(rig: &Rig, name: &str, profile: &str) -> Run {
    let request = format!("{name}.csr");
    let sign = ["csr", "sign", &request, "--ca", "root.crt", "--profile", profile];
    rig.json(&[&sign[..], &["--again", "--out", "a.crt"]].concat())
}

#[track_caller]
fn refused_for(run: Run, factors: &[&str]) {
    let message = run.refused(3, "rule");
    let rule = "key-medium-factors (NIST SP 800-89 5.3.3)";
    assert!(message.contains(rule), "{message}");
    assert!(factors.iter().any(|factor| message.contains(factor)), "{message}");
}

#[test]
fn a_factor_above_2_to_the_16_is_refused_for_keys_trusted_for_years() {
    let rig = rig_with_root();
    make_weak_keys(&rig, &FACTORED.map(|(name, _)| name));
    make_weak_keys(&rig, &["sound", "factor-65521"]);
    rig.write(
        "search.toml",
        format!("name = \"search\"\nsearch-factors = true\n{OWN}"),
    );
    rig.write("own.toml", format!("name = \"own\"\n{OWN}"));
    for (name, factors) in FACTORED {
        for profile in ["intermediate", "code-signing", "ocsp-signer", "./search.toml"] {
            refused_for(sign(&rig, name, profile), factors);
            assert!(!rig.path("a.crt").exists(), "{name} {profile}");
        }
        let request = format!("{name}.csr");
        let shown = rig.json(&["csr", "show", &request]).ok().json()["key_problem"].to_string();
        assert!(factors.iter().any(|factor| shown.contains(factor)), "{shown}");
    }
    // For keys that come in large numbers, only trial division is used.
    for profile in ["tls-server", "tls-client", "./own.toml"] {
        sign(&rig, "factor-20-bits", profile).ok();
        assert_accepted(&rig, "a.crt", "root.crt");
        std::fs::remove_file(rig.path("a.crt")).expect("the certificate");
        sign(&rig, "factor-65521", profile).refused(3, "rule");
    }
    let shown = rig.json(&["csr", "show", "sound.csr"]).ok().json();
    assert!(shown["key_problem"].is_null(), "{shown}");
}

/// A key that is refused alone is refused in a batch, and no request of the batch is signed.
#[test]
fn a_batch_refuses_the_keys_that_a_single_signature_refuses() {
    let rig = rig_with_root();
    make_weak_keys(&rig, &["sound", "factor-20-bits", "factor-31-bits"]);
    let batch = |profile: &str| {
        let sign = [
            "csr",
            "sign",
            "sound.csr",
            "factor-31-bits.csr",
            "factor-20-bits.csr",
        ];
        let under = ["--ca", "root.crt", "--profile", profile, "--out-dir", "signed"];
        rig.json(&[&sign[..], &under].concat())
    };
    std::fs::create_dir(rig.path("signed")).expect("a directory");
    let run = batch("code-signing");
    assert!(run.stderr.contains("factor-31-bits.csr"), "{run:?}");
    refused_for(run, &["2147483629 divides"]);
    let signed = || {
        std::fs::read_dir(rig.path("signed"))
            .expect("a directory")
            .count()
    };
    assert_eq!(signed(), 0);
    batch("tls-client").ok();
    assert_eq!(signed(), 3);
}

#[test]
fn a_ca_whose_key_has_a_factor_above_2_to_the_16_is_not_certified_adopted_or_verified() {
    let rig = rig_with_root();
    make_weak_keys(&rig, &["factor-20-bits", "factor-31-bits", "two-factors"]);
    for (name, factors) in [FACTORED[1], FACTORED[2], FACTORED[4]] {
        let certificate = format!("{name}.crt");
        let cross = [
            "cert",
            "cross-sign",
            &certificate,
            "--ca",
            "root.crt",
            "--out",
            "a.crt",
        ];
        refused_for(rig.json(&cross), factors);
        refused_for(rig.json(&["ca", "adopt", &certificate]), factors);
    }
    rig.pkcs11_tool(&[
        "--write-object",
        "factor-20-bits.der",
        "--type",
        "privkey",
        "--label",
        "weak",
        "--usage-sign",
    ]);
    let factors = FACTORED[1].1;
    let verify = ["key", "verify", "weak", "--public-key", "factor-20-bits.crt"];
    refused_for(rig.json(&verify), factors);
    let create = [
        "ca",
        "create",
        "--key",
        "weak",
        "--subject",
        "CN=Weak",
        "--out",
        "a.crt",
    ];
    refused_for(rig.json(&[&create[..], &["--profile", "root"]].concat()), factors);
    assert!(!rig.path("a.crt").exists());
    let recorded = rig.json(&["ledger", "list"]).ok().json().to_string();
    assert!(
        !recorded.contains("CN=Weak") && !recorded.contains("CN=weak"),
        "{recorded}"
    );
}

/// openssl and coreutils make the lists, following their formats.
#[test]
fn keys_in_a_list_of_refused_keys_are_not_certified() {
    let rig = rig_with_root();
    make_weak_keys(&rig, &["sound"]);
    let modulus = "openssl req -in sound.csr -noout -modulus";
    for line in [
        format!("{modulus} | sha1sum | cut -c 21-40 > blacklist.txt"),
        format!(
            "{modulus} | cut -d = -f 2 | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' \
             | sha256sum | cut -c 1-64 > sha256.txt"
        ),
        "printf '%040d' 0 | cut -c 1-20 > other.txt".to_owned(),
        "cp blacklist.txt writable.txt && chmod 666 writable.txt".to_owned(),
        "head -c 19 blacklist.txt > short.txt".to_owned(),
        "printf 'refused-keys = \"blacklist.txt\"\n' > listed.toml".to_owned(),
    ] {
        rig.tool("sh", &["-c", &line]).ok();
    }
    let sign = |options: &[&str]| {
        let sign = [
            "csr",
            "sign",
            "sound.csr",
            "--ca",
            "root.crt",
            "--profile",
            "cloudhsm-client",
        ];
        rig.json(&[&sign[..], &["--out", "a.crt"], options].concat())
    };
    for options in [
        ["--refused-keys", "blacklist.txt"],
        ["--refused-keys", "sha256.txt"],
        ["--config", "listed.toml"],
    ] {
        let message = sign(&options).refused(3, "rule");
        assert!(message.contains("key-refused (CVE-2008-0166)"), "{message}");
        assert!(!rig.path("a.crt").exists());
    }
    let message = sign(&["--refused-keys", "short.txt"]).refused(2, "configuration");
    assert!(message.contains("short.txt: line 1 is not a hash"), "{message}");
    sign(&["--refused-keys", "missing.txt"]).refused(2, "unreadable-file");
    sign(&["--refused-keys", "writable.txt"]).refused(2, "untrusted-file");
    assert!(!rig.path("a.crt").exists());
    sign(&["--refused-keys", "other.txt"]).ok();
    let show = rig.json(&["csr", "show", "sound.csr", "--refused-keys", "blacklist.txt"]);
    let fault = show.ok().json()["key_problem"].to_string();
    assert!(fault.contains("in the list of refused keys"), "{fault}");
}
