//! `customerCA.crt` and the certificates under it.

use serde_json::Value;

use super::{SIGNED, check, desk, in_state, issue, self_signed, state};
use crate::oracle::{CLUSTER_SUBJECT, openssl};

#[test]
fn another_ca_or_one_of_the_same_name_with_another_key_does_not_fit() {
    let rig = desk();
    for (subject, words) in [
        ("/CN=Other CA", "has only"),
        ("/CN=Example CA/O=Example", "a different key"),
    ] {
        self_signed(&rig, "other", subject);
        let run = check(&rig, &["--ca", "other.crt", "--server-cert", "server.crt"]);
        assert_eq!(run.code, Some(3), "{run:#?}");
        let report = run.json();
        assert_eq!(report["verified"], false);
        assert_eq!(
            in_state(&report, "failed"),
            ["cluster-certificate: issued-by-customer-ca"]
        );
        assert!(run.stdout.contains(words), "{run:#?}");
        assert_ne!(
            rig.tool("openssl", &["verify", "-CAfile", "other.crt", "hsm.crt"])
                .code,
            Some(0)
        );
    }
    // With both of the same name in the file, OpenSSL takes the first, regardless of its key.
    let both = |first: &str, second: &str| {
        let files = [first, second].map(|name| rig.read(&format!("{name}.crt")));
        rig.write("both.crt", files.concat());
        let openssl = rig.tool("openssl", &["verify", "-CAfile", "both.crt", "hsm.crt"]);
        (check(&rig, &["--ca", "both.crt"]).json(), openssl.code == Some(0))
    };
    let issued = |report: &Value| state(report, "cluster-certificate", "issued-by-customer-ca");
    let several = |report: &Value| state(report, "customer-ca", "several-certificates");
    let (report, is_verified) = both("other", "ca");
    assert_eq!((issued(&report).as_str(), is_verified), ("failed", false));
    let (report, is_verified) = both("ca", "other");
    assert_eq!((issued(&report).as_str(), is_verified), ("ok", true));
    assert_eq!(several(&report), "warning");
    // Of different names, the one that fits is found and named.
    self_signed(&rig, "other", "/CN=Other CA");
    let (report, is_verified) = both("other", "ca");
    assert_eq!((issued(&report).as_str(), is_verified), ("ok", true));
    assert_eq!(several(&report), "note");
    // A file without the root cannot be used as a trust anchor.
    issue(
        &rig,
        "between",
        "/CN=Between",
        "ca",
        "basicConstraints=critical,CA:TRUE",
    );
    issue(&rig, "below", "/CN=Below", "between", "");
    rig.write(SIGNED, rig.read("below.crt"));
    let run = check(&rig, &["--ca", "between.crt"]);
    assert_eq!(
        in_state(&run.json(), "failed"),
        ["cluster-certificate: issued-by-customer-ca"]
    );
    assert_ne!(
        rig.tool("openssl", &["verify", "-CAfile", "between.crt", "below.crt"])
            .code,
        Some(0)
    );
    rig.write(
        "chain.crt",
        [rig.read("between.crt"), rig.read("ca.crt")].concat(),
    );
    let report = check(&rig, &["--ca", "chain.crt"]).ok().json();
    assert_eq!(
        state(&report, "customer-ca", "self-signed"),
        "note",
        "the intermediate"
    );
    openssl(&rig, &["verify", "-CAfile", "chain.crt", "below.crt"]);
}

#[test]
fn a_small_ca_key_is_reported_with_the_clients_that_refuse_it() {
    let rig = desk();
    let make = [
        "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
    ];
    openssl(
        &rig,
        &[&make[..], &["-subj", "/CN=Small", "-days", "3000"]].concat(),
    );
    issue(&rig, "hsm", CLUSTER_SUBJECT, "ca", "");
    rig.write("dir/customerCA.crt", rig.read("ca.crt"));
    rig.write(SIGNED, rig.read("hsm.crt"));
    let run = check(&rig, &[]).ok();
    let report = run.json();
    assert_eq!(state(&report, "customer-ca", "key"), "warning");
    assert!(run.stdout.contains("5.17.0 and 5.17.1"));
    // Its signatures are not verified here, and not reported as good.
    assert_eq!(
        state(&report, "cluster-certificate", "issued-by-customer-ca"),
        "not-checked"
    );
    assert_eq!(report["verified"], Value::Null);
}
