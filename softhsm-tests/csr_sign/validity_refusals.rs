//! Refused validities, and those that the CA's own validity cuts.

use crate::cert::cross_sign::{RSA, USAGE, make_root};

use super::validity::{create, desk, read, sign};

#[test]
fn an_invalid_validity_is_refused_in_one_line_before_the_token_is_asked() {
    let rig = desk();
    make_root(
        &rig,
        "other",
        RSA,
        "/CN=Other",
        &["-days", "1000", "-addext", USAGE],
    );
    let cases: &[(&[&str], &str, &str)] = &[
        (&["--days", "0"], "usage", "1 or more"),
        (&["--days", "0y"], "usage", "1 or more"),
        (&["--days", "-1"], "usage", "write a number of days"),
        (&["--days=-1d"], "usage", "write a number of days"),
        (&["--days", "1.5"], "usage", "write a number of days"),
        (&["--days", "3w"], "usage", "write a number of days"),
        (&["--days", ""], "usage", "write a number of days"),
        (&["--days", "4294967296"], "usage", "9999"),
        (&["--days", "99999999y"], "validity", "9999"),
        (&["--days", "4294967295"], "validity", "9999"),
        (&["--days", "8000y"], "validity", "9999"),
        (&["--not-before", "9999-12-31", "--days", "2"], "validity", "9999"),
        (&["--not-after", "10000-01-01"], "usage", "after the year 9999"),
        (
            &["--not-after", "9999-12-31T23:59:59-01:00"],
            "usage",
            "after the year 9999",
        ),
        (&["--not-before", "1949-12-31"], "usage", "before the year 1950"),
        (&["--not-before", "0000-01-01"], "usage", "before the year 1950"),
        (&["--not-before", "1950-01-01"], "usage", "before the year 1970"),
        (&["--not-before", "2027-02-30"], "usage", "does not exist"),
        (
            &["--not-before", "2027-01-31T24:00:00Z"],
            "usage",
            "does not exist",
        ),
        (&["--not-before", "2016-12-31T23:59:60Z"], "usage", "leap second"),
        (&["--not-before", "2027-01-31T00:00:00.5Z"], "usage", "fraction"),
        (&["--not-before", "2027-01-31t00:00:00Z"], "usage", "capital"),
        (&["--not-after", "2027-01-31T00:00:00z"], "usage", "capital"),
        (&["--not-after", "2027-01-31T00:00:00"], "usage", "offset"),
        (&["--not-after", "tomorrow"], "usage", "RFC 3339"),
        (&["--not-after", "-1"], "usage", "RFC 3339"),
        (&["--not-after", "1800000000"], "usage", "RFC 3339"),
        (
            &["--not-after", "2027-01-31", "--days", "2"],
            "usage",
            "cannot be used with",
        ),
        (
            &["--days", "2", "--days", "3"],
            "usage",
            "cannot be used multiple times",
        ),
        (
            &["--not-before", "2027-02-01", "--not-after", "2027-01-31"],
            "validity",
            "before it begins",
        ),
        (&["--not-after", "2020-01-01"], "validity", "already"),
        (
            &["--not-before", "2020-01-01", "--days", "1"],
            "validity",
            "already",
        ),
    ];
    let commands: [&[&str]; 3] = [
        &["ca", "create", "--key", "customer-ca", "--subject", "CN=x"],
        &[
            "csr",
            "sign",
            "a.csr",
            "--ca",
            "customerCA.crt",
            "--profile",
            "tls-client",
        ],
        &["cert", "cross-sign", "other.crt", "--ca", "customerCA.crt"],
    ];
    let before = rig.files();
    for (more, kind, words) in cases {
        for command in commands {
            let json = ["--format", "json"];
            let command = [&json[..], command, &["--out", "never.crt"], more].concat();
            let message = rig.command_with_rule(&command, &[]).refused(2, kind);
            assert!(message.contains(words), "{more:?}: {message}");
        }
    }
    assert_eq!(rig.files(), before, "the module was loaded, or something written");
}

#[test]
fn no_certificate_is_valid_when_its_ca_is_not() {
    let rig = desk();
    let end = read(&rig, "customerCA.crt").1;
    let last: hsm_ca::x509::UnixTime = end.parse().expect("a time");
    sign(&rig, "last.crt", &["--not-after", &end]).ok();
    assert_eq!(read(&rig, "last.crt").1, end);
    let next = last.next().to_string();
    sign(&rig, "out.crt", &["--not-after", &next]).refused(3, "outlives-ca");
    sign(&rig, "out.crt", &["--days", "11y"]).refused(3, "outlives-ca");
    let message = sign(&rig, "out.crt", &["--not-before", "2020-01-01", "--days", "8y"]).refused(3, "rule");
    assert!(message.contains("validity-nesting"), "{message}");
    // It would start after the CA's end, so with the default not one second is left.
    sign(&rig, "out.crt", &["--not-before", &next]).refused(2, "validity");
    sign(&rig, "out.crt", &["--not-before", &next, "--days", "1"]).refused(3, "outlives-ca");
    // A CA that is not valid yet signs nothing.
    create(&rig, "later.crt", &["--not-before", "2030-01-01"]).ok();
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "later.crt",
        "--profile",
        "tls-client",
    ];
    rig.json(&[&sign[..], &["--out", "out.crt"]].concat())
        .refused(3, "ca-not-valid");
    assert!(!rig.path("out.crt").exists());
}
