//! The roots of `cluster verify`: given as files, recognised by fingerprint; an unknown root is trusted only on request.

use crate::cluster::evidence::{Evidence, FILES_OF_ROOTS, Verdict, roots, words};
use crate::harness::{HSM1, HSM2};
use crate::oracle::openssl;

/// The part, the step and the words of each failure, without those about key identifiers.
fn failures(verdict: &Verdict) -> Vec<String> {
    let mut failed = verdict.steps("failed");
    failed.retain(|[_, _, step, _]| step != "key-identifiers");
    let line = |[_, role, step, found]: [String; 4]| format!("{role}, {step}: {found}");
    failed.into_iter().map(line).collect()
}

#[track_caller]
fn assert_failures(verdict: &Verdict, expected: &[&str]) {
    let failed = failures(verdict);
    let fits = failed.len() == expected.len()
        && failed
            .iter()
            .zip(expected)
            .all(|(line, begin)| line.starts_with(begin));
    assert!(fits, "{failed:#?}, not {expected:#?}");
}

#[test]
fn unknown_roots_are_refused_and_with_trust_they_are_named() {
    let evidence = Evidence::of(HSM2, "");
    let verdict = Verdict::of(&evidence.verify(&FILES_OF_ROOTS));
    let unknown = ["AWS", "the manufacturer"].map(|owner| {
        let role = owner.trim_start_matches("the ").to_lowercase();
        format!("{role}-root, root: its SHA-256 matches no known root of {owner}")
    });
    assert_failures(&verdict, &unknown.each_ref().map(String::as_str));
    assert_eq!(verdict.0["unknown_roots"], serde_json::json!([]));

    let verdict = Verdict::of(&evidence.verify_with_roots());
    assert_eq!(verdict.0["verified"], true);
    let parts = ["aws-chain", "manufacturer-chain", "csr"];
    for (part, name) in verdict.0["parts"].as_array().expect("a list").iter().zip(parts) {
        assert_eq!(part["part"], name);
    }
    let named = verdict.0["unknown_roots"].as_array().expect("a list");
    assert_eq!(named.len(), 2);
    let text = evidence.rig.command(
        &[
            &["cluster", "verify", "--dir", "."],
            &words(&evidence.roots())[..],
        ]
        .concat(),
    );
    let text = text.ok().stdout;
    for (name, file) in named.iter().zip(["aws-root.crt", "manufacturer-root.crt"]) {
        let name = ["subject", "sha256"].map(|field| name[field].as_str().expect("text"));
        let show = ["x509", "-in", file, "-noout", "-fingerprint", "-sha256"];
        let shown = openssl(&evidence.rig, &show).replace(':', "").to_lowercase();
        let fingerprint = shown.trim().rsplit('=').next().expect("hex").to_owned();
        assert!(name[0].contains("CN=") && name[1] == fingerprint, "{name:?}");
        let last = text.lines().last().expect("a verdict");
        assert!(
            last.starts_with("Verified, but under roots that hsm-ca does not know: ")
                && name.iter().all(|part| last.contains(part)),
            "{text}"
        );
    }
}

/// One side's fingerprint does not count for the other side, nor another root's at all.
#[test]
fn each_root_is_trusted_by_its_own_fingerprint() {
    let evidence = Evidence::of(HSM2, "");
    let both = evidence.roots();
    for (side, role) in [(0, "manufacturer"), (4, "aws")] {
        let one = [&FILES_OF_ROOTS[..], &words(&both)[side + 2..side + 4]].concat();
        let failed = failures(&Verdict::of(&evidence.verify(&one)));
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert!(
            failed[0].starts_with(&format!("{role}-root, root: its SHA-256 matches no known root")),
            "{failed:?}"
        );
    }
    for place in [3, 7] {
        let mut other = both.clone();
        other[place] = "0".repeat(64);
        let failed = failures(&Verdict::of(&evidence.verify(&words(&other))));
        assert!(
            failed.iter().any(|line| line.contains("not the given one")),
            "{failed:?}"
        );
        other[place] = "12".to_owned();
        evidence.verify(&words(&other)).refused(2, "usage");
    }
}

#[test]
fn refusals_are_repeated_at_the_end() {
    let evidence = Evidence::of(HSM1, "csr-other-key+aws-expired");
    let run = evidence.rig.command(
        &[
            &["cluster", "verify", "--dir", "."],
            &words(&evidence.roots())[..],
        ]
        .concat(),
    );
    assert_eq!(run.code, Some(3));
    let lines: Vec<_> = run.stdout.lines().rev().take(3).collect();
    assert_eq!(lines[0], "NOT verified: sign nothing for this HSM.");
    assert!(
        lines[1].starts_with("FAILED  The CSR, ClusterCsr, key: "),
        "{lines:?}"
    );
    assert!(
        lines[2].starts_with("FAILED  AWS's chain, AWS hardware certificate, validity: expired on "),
        "{lines:?}"
    );
    assert!(!run.stdout.contains("Verified"), "{}", run.stdout);
}

#[test]
fn an_unnamed_root_must_be_a_known_one_in_the_directory() {
    let evidence = Evidence::of(HSM2, "");
    let trust = ["--aws-root-sha256", &"0".repeat(64)];
    let message = evidence.verify(&trust).refused(2, "usage");
    assert!(
        message.contains("no known root of AWS") && message.contains("--aws-root"),
        "{message}"
    );
    let message = evidence
        .verify(&[trust[0], trust[1], "--aws-root", "aws-root.crt"])
        .refused(2, "usage");
    assert!(
        message.contains("no known root of the manufacturer") && message.contains("--manufacturer-root"),
        "{message}"
    );
}

/// A root with this name and an unknown key.
fn forge_root(evidence: &Evidence, file: &str, subject: &str) {
    let make = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "forged.key",
    ];
    let subject = ["-utf8", "-subj", subject, "-out", file];
    openssl(&evidence.rig, &[&make[..], &subject].concat());
}

#[test]
fn a_root_of_the_right_name_and_the_wrong_key() {
    const AWS: &str =
        "/C=US/ST=Virginia/L=Herndon/O=Amazon Web Services INC./OU=CloudHSM/CN=Local AWS CloudHSM Root G1";
    let generations = [
        (
            HSM1,
            "/C=US/ST=California/L=San Jose/O=Cavium, Inc./OU=LiquidSecurity/CN=local.liquidsecurity.cavium.com",
        ),
        (
            HSM2,
            "/C=US+ST=CA+OU=SSBU+L=SanJose+O=Marvell/CN=local-ls2-root-AR-v1",
        ),
    ];
    for (hsm_type, manufacturer) in generations {
        for (option, subject, role) in [
            ("--aws-root", AWS, "aws-hardware-certificate"),
            (
                "--manufacturer-root",
                manufacturer,
                "manufacturer-hardware-certificate",
            ),
        ] {
            let evidence = Evidence::of(hsm_type, "");
            forge_root(&evidence, "forged.crt", subject);
            let given = ["--aws-root", "--manufacturer-root"].map(|side| {
                let own = side.trim_start_matches("--").to_owned() + ".crt";
                if side == option {
                    "forged.crt".to_owned()
                } else {
                    own
                }
            });
            let options = roots(&evidence.rig, &given[0], &given[1]);
            let options = words(&options);
            let failure =
                format!("{role}, signature: it does not verify: the issuer's certificate has the right name");
            assert_failures(&Verdict::of(&evidence.verify(&options)), &[&failure]);
        }
    }
}

#[test]
fn roots_in_each_other_s_place_and_one_root_for_both() {
    let evidence = Evidence::of(HSM2, "");
    let options = |aws, manufacturer| roots(&evidence.rig, aws, manufacturer);
    let [of_aws, of_manufacturer] = ["aws", "manufacturer"].map(|side| {
        ["issuer: it is issued by", "signature: "].map(|step| format!("{side}-hardware-certificate, {step}"))
    });
    let swapped = options("manufacturer-root.crt", "aws-root.crt");
    let expected = [&of_aws[..], &of_manufacturer].concat();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    assert_failures(&Verdict::of(&evidence.verify(&words(&swapped))), &expected);

    let same = "root, root: AWS's root and the manufacturer's have the same key";
    let [aws_root, manufacturer_root] = ["aws", "manufacturer"].map(|side| format!("{side}-{same}"));
    let verdict = Verdict::of(&evidence.verify(&words(&options("aws-root.crt", "aws-root.crt"))));
    assert_failures(
        &verdict,
        &[
            &aws_root,
            &of_manufacturer[0],
            &of_manufacturer[1],
            &manufacturer_root,
        ],
    );
    let verdict =
        Verdict::of(&evidence.verify(&words(&options("manufacturer-root.crt", "manufacturer-root.crt"))));
    assert_failures(&verdict, &[&of_aws[0], &of_aws[1], &aws_root, &manufacturer_root]);
}

#[test]
fn a_root_is_self_signed() {
    let evidence = Evidence::of(HSM2, "");
    let hardware = evidence.file("AwsHardwareCertificate.crt");
    let options = roots(&evidence.rig, &hardware, "manufacturer-root.crt");
    let failed = failures(&Verdict::of(&evidence.verify(&words(&options))));
    // It would be its own issuer: its key is in the path twice, without a root.
    for begin in [
        "aws-hardware-certificate, key: it is also the key of",
        "aws-root, self-signature: it is not a root",
    ] {
        assert!(failed.iter().any(|line| line.starts_with(begin)), "{failed:#?}");
    }
}
