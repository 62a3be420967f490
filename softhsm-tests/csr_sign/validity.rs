//! The validity of signed certificates, to the second, read by independent programs.

use serde_json::Value;

use crate::cert::cross_sign::{RSA, USAGE, make_root};
use crate::harness::{Rig, Run, python_tool, ready_authority};
use crate::oracle::{make_request, openssl};

const DAY: i64 = 24 * 60 * 60;

/// The first second, the last second and the number of seconds, by Python's cryptography.
const READ: &str = "
import sys
from cryptography import x509
one = x509.load_pem_x509_certificate(open(sys.argv[1], 'rb').read())
first, last = one.not_valid_before_utc, one.not_valid_after_utc
print(first.strftime('%Y-%m-%dT%H:%M:%SZ'), last.strftime('%Y-%m-%dT%H:%M:%SZ'), int((last - first).total_seconds()) + 1)
";

pub(crate) fn read(rig: &Rig, file: &str) -> (String, String, i64) {
    let read = rig.tool(python_tool("python3"), &["-c", READ, file]).ok().stdout;
    let words: Vec<_> = read.split_whitespace().map(str::to_owned).collect();
    let seconds = words[2].parse().expect("a number");
    (words[0].clone(), words[1].clone(), seconds)
}

pub(crate) fn seconds(rig: &Rig, file: &str) -> i64 {
    read(rig, file).2
}

/// The lines of `openssl x509 -dates`.
pub(crate) fn dates(rig: &Rig, file: &str) -> [String; 2] {
    let iso = ["-noout", "-dates", "-dateopt", "iso_8601"];
    let dates = openssl(rig, &[&["x509", "-in", file], &iso[..]].concat());
    let mut lines = dates
        .lines()
        .map(|line| line.split_once('=').expect("a date").1.to_owned());
    [(); 2].map(|()| lines.next().expect("two dates"))
}

pub(crate) fn desk() -> Rig {
    let rig = ready_authority();
    make_request(
        &rig,
        "a.csr",
        &["-newkey", "rsa:2048"],
        &["-subj", "/CN=a.example"],
    );
    rig
}

/// `ca create` with a unique name.
pub(crate) fn create(rig: &Rig, out: &str, more: &[&str]) -> Run {
    let subject = format!("CN={out},O=Test");
    let create = [
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        &subject,
        "--out",
        out,
    ];
    rig.json(&[&create[..], more].concat())
}

pub(crate) fn sign(rig: &Rig, out: &str, more: &[&str]) -> Run {
    let sign = ["csr", "sign", "a.csr", "--ca", "customerCA.crt", "--out", out];
    let profile: &[&str] = match more.contains(&"--profile") {
        true => &[],
        false => &["--profile", "tls-client"],
    };
    rig.json(&[&sign[..], profile, more].concat())
}

pub(crate) fn cross(rig: &Rig, out: &str, more: &[&str]) -> Run {
    let sign = [
        "cert",
        "cross-sign",
        "other.crt",
        "--ca",
        "customerCA.crt",
        "--out",
        out,
    ];
    rig.json(&[&sign[..], more].concat())
}

pub(crate) fn warnings(run: &Run) -> String {
    run.json()["warnings"].to_string()
}

#[test]
fn n_days_are_n_days_for_every_kind_of_certificate() {
    let rig = desk();
    make_root(
        &rig,
        "other",
        RSA,
        "/CN=Other",
        &["-days", "1000", "-addext", USAGE],
    );
    create(&rig, "ca.crt", &["--days", "9132"]).ok();
    assert_eq!(seconds(&rig, "ca.crt"), 9132 * DAY);
    sign(&rig, "leaf.crt", &["--days", "200"]).ok();
    assert_eq!(seconds(&rig, "leaf.crt"), 200 * DAY);
    cross(&rig, "cross.crt", &["--days", "30"]).ok();
    assert_eq!(seconds(&rig, "cross.crt"), 30 * DAY);
    // The defaults.
    assert_eq!(seconds(&rig, "customerCA.crt"), 3652 * DAY);
    sign(&rig, "default.crt", &[]).ok();
    assert_eq!(seconds(&rig, "default.crt"), 365 * DAY);
    // A validity that is cut to the CA's ends with it, to the second.
    sign(&rig, "clipped.crt", &["--profile", "cloudhsm-cluster"]).ok();
    assert_eq!(read(&rig, "clipped.crt").1, read(&rig, "customerCA.crt").1);
    cross(&rig, "clipped-cross.crt", &["--second-certificate"]).ok();
    assert_eq!(read(&rig, "clipped-cross.crt").1, read(&rig, "other.crt").1);
}

#[test]
fn pkilint_finds_no_second_too_many() {
    let rig = desk();
    let finds = |file: &str, kind: &str, finding: &str| {
        let lint = ["lint", "-t", kind, "-s", "ERROR", file];
        let run = rig.tool(python_tool("lint_cabf_serverauth_cert"), &lint);
        run.stdout.contains(finding)
    };
    // CA/B BR 7.1.2.1.1: a root of at most 9132 days; 6.3.2: from 2026-03-15 a leaf of at most 200.
    const ROOT: &str = "root_validity_period_too_long";
    const LEAF: &str = "certificate_validity_period_exceeds_200_days";
    let begin = ["--not-before", "2026-11-20"];
    create(&rig, "root.crt", &[&begin[..], &["--days", "9132"]].concat()).ok();
    create(
        &rig,
        "longer.crt",
        &[&begin[..], &["--not-after", "2051-11-21T00:00:00Z"]].concat(),
    )
    .ok();
    assert!(!finds("root.crt", "ROOT-CA", ROOT));
    assert!(finds("longer.crt", "ROOT-CA", ROOT), "pkilint looked at nothing");
    assert_eq!(seconds(&rig, "longer.crt"), seconds(&rig, "root.crt") + 1);
    sign(&rig, "leaf.crt", &["--days", "200"]).ok();
    let (first, last, _) = read(&rig, "leaf.crt");
    assert!(!finds("leaf.crt", "DV-FINAL-CERTIFICATE", LEAF));
    let next = last
        .parse::<hsm_ca::x509::UnixTime>()
        .expect("a time")
        .next()
        .to_string();
    sign(
        &rig,
        "longer-leaf.crt",
        &["--not-before", &first, "--not-after", &next],
    )
    .ok();
    assert!(finds("longer-leaf.crt", "DV-FINAL-CERTIFICATE", LEAF));
}

#[test]
fn a_profile_s_longest_days_may_be_used_to_the_last_second() {
    let rig = desk();
    let profile = "name = \"mine\"\nrole = \"leaf\"\ndays = 60\nlongest-days = 60\nkeys = [\"rsa:2048\"]\n";
    rig.write("mine.toml", profile);
    let mine = |out: &str, more: &[&str]| sign(&rig, out, &[&["--profile", "./mine.toml"], more].concat());
    mine("default.crt", &[]).ok();
    mine("days.crt", &["--days", "60d"]).ok();
    mine("hours.crt", &["--days", "1440h"]).ok();
    for file in ["default.crt", "days.crt", "hours.crt"] {
        assert_eq!(seconds(&rig, file), 60 * DAY, "{file}");
    }
    let begin = read(&rig, "default.crt").0;
    let end = begin
        .parse::<hsm_ca::x509::UnixTime>()
        .expect("a time")
        .plus_days(60);
    let begin = ["--not-before", &begin, "--not-after"];
    mine("last.crt", &[&begin[..], &[&end.before().to_string()]].concat()).ok();
    for more in [
        &[&begin[..], &[&end.to_string()]].concat()[..],
        &["--days", "61"],
        &["--days", "1y"],
    ] {
        let message = mine("never.crt", more).refused(3, "rule");
        assert!(
            message.contains("validity-length") && message.contains("at most 60"),
            "{message}"
        );
    }
}

#[test]
fn all_the_days_are_left_on_the_day_of_issue() {
    let rig = desk();
    sign(&rig, "a.crt", &["--days", "365"]).ok();
    let shown = rig.json(&["cert", "show", "a.crt"]).ok().json();
    assert_eq!(shown["days_left"], 365);
    let text = rig.command(&["cert", "show", "a.crt"]).ok().stdout;
    assert!(text.contains("(365 days left)"), "{text}");
    // openssl agrees that it is valid for the whole of the 365th day, except for the seconds of this test.
    for (seconds, ends) in [(365 * DAY - 60, 0), (365 * DAY, 1)] {
        let checkend = [
            "x509",
            "-in",
            "a.crt",
            "-noout",
            "-checkend",
            &seconds.to_string(),
        ];
        assert_eq!(rig.tool("openssl", &checkend).code, Some(ends), "{seconds}");
    }
    sign(&rig, "hours.crt", &["--days", "2h"]).ok();
    let text = rig.command(&["cert", "show", "hours.crt"]).ok().stdout;
    assert!(text.contains("(less than a day left)"), "{text}");
}

#[test]
fn durations_are_hours_days_and_years_of_the_calendar() {
    let rig = desk();
    create(
        &rig,
        "ten.crt",
        &["--not-before", "2027-02-01T10:00:00+01:00", "--days", "10y"],
    )
    .ok();
    assert_eq!(
        dates(&rig, "ten.crt"),
        ["2027-02-01 09:00:00Z", "2037-02-01 08:59:59Z"]
    );
    create(&rig, "leap.crt", &["--not-before", "2028-02-29", "--days", "1y"]).ok();
    assert_eq!(
        dates(&rig, "leap.crt"),
        ["2028-02-29 00:00:00Z", "2029-02-27 23:59:59Z"]
    );
    sign(&rig, "hours.crt", &["--days", "12h"]).ok();
    assert_eq!(seconds(&rig, "hours.crt"), DAY / 2);
    sign(&rig, "days.crt", &["--days", "90d"]).ok();
    assert_eq!(seconds(&rig, "days.crt"), 90 * DAY);
}

#[test]
fn both_ends_can_be_given_as_a_date_or_as_a_time() {
    let rig = desk();
    let day = ["--not-before", "2027-01-31", "--not-after", "2027-01-31"];
    let run = sign(&rig, "day.crt", &day).ok();
    assert_eq!(
        dates(&rig, "day.crt"),
        ["2027-01-31 00:00:00Z", "2027-01-31 23:59:59Z"]
    );
    assert!(
        warnings(&run).contains("not valid before 2027-01-31T00:00:00Z"),
        "{run:?}"
    );
    let described: Value = run.json()["certificates"][0].clone();
    assert_eq!(described["not_before"], "2027-01-31T00:00:00Z");
    assert_eq!(described["not_after"], "2027-01-31T23:59:59Z");
    let times = [
        "--not-before",
        "2027-03-01T00:30:00+01:00",
        "--not-after",
        "2027-02-28T20:00:00-05:00",
    ];
    sign(&rig, "times.crt", &times).ok();
    assert_eq!(
        dates(&rig, "times.crt"),
        ["2027-02-28 23:30:00Z", "2027-03-01 01:00:00Z"]
    );
    // GnuTLS reads the same.
    let text = rig.tool("certtool", &["-i", "--infile", "times.crt"]).ok().stdout;
    for line in [
        "Not Before: Sun Feb 28 23:30:00 UTC 2027",
        "Not After: Mon Mar 01 01:00:00 UTC 2027",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // A date that was set by hand is reported.
    let run = create(&rig, "old.crt", &["--not-before", "1970-01-01", "--days", "100y"]).ok();
    assert!(warnings(&run).contains("days before it is signed"), "{run:?}");
    assert_eq!(
        dates(&rig, "old.crt"),
        ["1970-01-01 00:00:00Z", "2069-12-31 23:59:59Z"]
    );
    let run = sign(&rig, "plain.crt", &[]).ok();
    assert_eq!(run.json()["warnings"], Value::Null);
}

#[test]
fn the_encoding_changes_with_2050_and_the_calendar_ends_with_9999() {
    let rig = desk();
    for (end, encoding, digits) in [
        ("2049-12-31", "UTCTIME", ":491231235959Z"),
        ("2050-01-01T00:00:00Z", "GENERALIZEDTIME", ":20500101000000Z"),
        ("9999-12-31", "GENERALIZEDTIME", ":99991231235959Z"),
    ] {
        let again = ["--force", "--second-certificate"];
        create(&rig, "ca.crt", &[&["--not-after", end][..], &again].concat()).ok();
        let parsed = openssl(&rig, &["asn1parse", "-in", "ca.crt"]);
        let line = parsed.lines().find(|line| line.ends_with(digits));
        assert!(
            line.is_some_and(|line| line.contains(encoding)),
            "{end}: {parsed}"
        );
        let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt", "ca.crt"];
        openssl(&rig, &verify);
    }
}

/// nextUpdate is not a validity period: it is when a newer CRL is available (RFC 5280 section 5.1.2.5), counted like `openssl ca -crldays`.
#[test]
fn next_update_is_exactly_the_requested_time_later() {
    const READ: &str = "import sys\nfrom cryptography import x509\n\
        crl = x509.load_pem_x509_crl(open(sys.argv[1], 'rb').read())\n\
        print(int((crl.next_update_utc - crl.last_update_utc).total_seconds()))";
    let rig = desk();
    let create = |more: &[&str]| {
        let create = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--out",
            "a.crl",
            "--force",
        ];
        rig.json(&[&create[..], more].concat())
    };
    for (more, expected) in [
        (&[][..], 7 * DAY),
        (&["--days", "1"], DAY),
        (&["--days", "30d"], 30 * DAY),
        (&["--days", "12h"], DAY / 2),
    ] {
        let made = create(more).ok().json();
        let seconds = rig
            .tool(python_tool("python3"), &["-c", READ, "a.crl"])
            .ok()
            .stdout;
        // The ledger may have reserved the number a second after the program started.
        let missing = expected - seconds.trim().parse::<i64>().expect("a number");
        assert!((0..3).contains(&missing), "{more:?}: {seconds} {made}");
    }
    create(&["--days", "0"]).refused(2, "usage");
    create(&["--days", "1w"]).refused(2, "usage");
    create(&["--days", "99999999y"]).refused(2, "validity");
    create(&["--days", "11y"]).refused(3, "rule");
}
