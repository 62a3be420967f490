//! Certificates with values that a cross-certificate must not repeat.

use crate::cert::cross_sign::{USAGE, cross_sign, make_root, rig_with_root};
use crate::harness::python_tool;
use crate::oracle::{P256, openssl};

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).expect("short");
    let length: &[u8] = match length {
        0..0x80 => &[length],
        _ => &[0x81, length],
    };
    [&[tag], length, &content].concat()
}

/// nameConstraints with one permitted subtree: the base, and what follows it.
fn constraint(kind: u8, base: &[u8], more: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(0xa0, &[&tlv(0x30, &[&tlv(kind, &[base]), more])])])
}

/// certificatePolicies with one policy and one qualifier.
fn qualified(policy: &[u8], kind: &[u8], value: &[u8]) -> Vec<u8> {
    let qualifier = tlv(0x30, &[&tlv(6, &[kind]), value]);
    tlv(
        0x30,
        &[&tlv(0x30, &[&tlv(6, &[policy]), &tlv(0x30, &[&qualifier])])],
    )
}

/// pkilint's command line for each certificate, in one process.
const LINT_EACH: &str = "import sys\nfrom pkilint.bin.lint_pkix_cert import main\nfor name in sys.argv[1:]:\n    print('==', name)\n    main(['lint', '-s', 'ERROR', name])\n";

/// Faults that pkilint calls errors; a cross-certificate would repeat them.
#[test]
fn an_original_with_faults_that_only_its_ca_could_correct_is_refused() {
    const DNS: u8 = 0x82;
    const IP: u8 = 0x87;
    let rig = rig_with_root("ECC_NIST_P256");
    let (names, policies) = ("RFC 5280 4.2.1.10", "RFC 5280 4.2.1.4");
    let (policy, any): (&[u8], &[u8]) = (&[0x2a, 3, 4], &[0x55, 0x1d, 0x20, 0]);
    let cps: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2, 1];
    let notice: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2, 2];
    let text = |tag, text: &[u8]| qualified(policy, notice, &tlv(0x30, &[&tlv(tag, &[text])]));
    let one = tlv(0x30, &[&tlv(6, &[policy])]);
    let cases = [
        (
            "nameConstraints",
            tlv(0x30, &[&tlv(0xa0, &[])]),
            names,
            "permittedSubtrees is empty",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"a.example", &[0x80, 1, 0]),
            "X.690 11.5",
            "dns:a.example: its minimum 0",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"a.example", &[0x80, 1, 1]),
            names,
            "dns:a.example: its minimum is 1",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"a.example", &[0x81, 1, 5]),
            names,
            "dns:a.example: its maximum is 5",
        ),
        (
            "nameConstraints",
            constraint(IP, &[10, 0, 0, 1, 255, 0, 0, 0], &[]),
            names,
            "ip:10.0.0.1/8: the address has bits",
        ),
        (
            "nameConstraints",
            constraint(IP, &[10, 0, 0, 0, 255, 0, 255, 0], &[]),
            names,
            "not a prefix",
        ),
        (
            "nameConstraints",
            constraint(IP, &[10, 0, 0, 0], &[]),
            names,
            "an IP network of 4 octets",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"*.example.com", &[]),
            names,
            "dns:*.example.com: ",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"example.com.", &[]),
            names,
            "dns:example.com.: ",
        ),
        (
            "nameConstraints",
            constraint(DNS, b"_x.de", &[]),
            names,
            "dns:_x.de: ",
        ),
        (
            "nameConstraints",
            constraint(0x86, b"https://example.com/", &[]),
            names,
            "uri:https://example.com/: ",
        ),
        (
            "nameConstraints",
            constraint(0x81, b"exa mple.com", &[]),
            names,
            "email:exa mple.com: ",
        ),
        (
            "certificatePolicies",
            tlv(0x30, &[&one, &one]),
            policies,
            "the policy 1.2.3.4 is in it twice",
        ),
        (
            "certificatePolicies",
            qualified(policy, cps, &tlv(12, &[b"http://x"])),
            policies,
            "CPS pointer \"http://x\"",
        ),
        (
            "certificatePolicies",
            text(12, &[b'n'; 201]),
            policies,
            "a notice of 201 characters",
        ),
        (
            "certificatePolicies",
            text(22, b"text"),
            "RFC 6818 3",
            "the notice \"text\" as IA5String",
        ),
        (
            "certificatePolicies",
            qualified(any, policy, &[5, 0]),
            policies,
            "which anyPolicy cannot have",
        ),
        (
            "policyConstraints",
            vec![0x30, 3, 0x80, 1, 0xff],
            "RFC 5280 4.2.1.11",
            "requireExplicitPolicy is -1",
        ),
    ];
    let mut lint = vec!["-c".to_owned(), LINT_EACH.to_owned()];
    for (index, (extension, value, clause, words)) in cases.iter().enumerate() {
        let name = format!("other{index}");
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        let critical = if *extension == "certificatePolicies" {
            ""
        } else {
            "critical,"
        };
        let extension = format!("{extension}={critical}DER:{hex}");
        let subject = format!("/CN={index}");
        make_root(
            &rig,
            &name,
            P256,
            &subject,
            &["-addext", USAGE, "-addext", &extension],
        );
        let file = format!("{name}.crt");
        let run = cross_sign(&rig, &file, "cross.crt", &[]);
        assert!(
            run.stderr.contains("a cross-certificate would repeat it"),
            "{run:#?}"
        );
        let message = run.refused(3, "rule");
        let wanted = format!(
            "cross-original ({clause}): {}: ",
            extension.split_once('=').expect("a name").0
        );
        assert!(message.contains(&wanted) && message.contains(words), "{message}");
        lint.push(file);
    }
    assert!(!rig.path("cross.crt").exists());
    let lint: Vec<_> = lint.iter().map(String::as_str).collect();
    let theirs = rig.tool(python_tool("python3"), &lint).ok().stdout;
    let findings: Vec<_> = theirs.split("== ").skip(1).collect();
    assert_eq!(findings.len(), cases.len());
    for found in findings {
        assert!(
            found.contains("(ERROR)") || found.contains("(FATAL)"),
            "pkilint accepts {found}"
        );
    }
}

#[test]
fn a_key_identifier_that_no_new_ca_may_have_is_refused() {
    let rig = rig_with_root("ECC_NIST_P256");
    let own = openssl(
        &rig,
        &[
            "x509",
            "-in",
            "root.crt",
            "-noout",
            "-ext",
            "subjectKeyIdentifier",
        ],
    );
    let own: String = own
        .lines()
        .last()
        .expect("a value")
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    for (name, value, rule) in [
        (
            "issuers",
            format!("0414{own}"),
            "subject-key-identifier (RFC 5280 4.2.1.2): the identifier ",
        ),
        (
            "long",
            format!("0441{}", "01".repeat(65)),
            "cross-original (RFC 5280 4.2.1.2): subjectKeyIdentifier: ",
        ),
    ] {
        let identifier = format!("subjectKeyIdentifier=DER:{value}");
        make_root(
            &rig,
            name,
            P256,
            &format!("/CN={name}"),
            &["-addext", USAGE, "-addext", &identifier],
        );
        let message = cross_sign(&rig, &format!("{name}.crt"), "cross.crt", &[]).refused(3, "rule");
        assert!(message.contains(rule), "{message}");
    }
}
