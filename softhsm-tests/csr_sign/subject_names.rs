//! Names in requests: string types that RFC 5280 does not allow, two attributes of one type in an RDN, and values that read as others.

use crate::harness::{Rig, python_tool};

/// Makes requests with Python's `cryptography`, which does not check them. `idna` makes the labels.
const MAKE: &str = r#"
import idna
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type as T, NameOID as N, NameAttribute as A, RelativeDistinguishedName as R
from cryptography.x509.oid import ObjectIdentifier as O

key = ec.generate_private_key(ec.SECP256R1())
CN = A(N.COMMON_NAME, "Test")

def make(file, rdns, dns=()):
    name = x509.Name([rdn if isinstance(rdn, R) else R([rdn]) for rdn in rdns])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in dns])
        builder = builder.add_extension(names, False)
    made = builder.sign(key, hashes.SHA256())
    open(file + ".csr", "wb").write(made.public_bytes(serialization.Encoding.PEM))

make("country", [A(N.COUNTRY_NAME, "US", _type=T.UTF8String), CN])
make("serial", [A(N.SERIAL_NUMBER, "1", _type=T.UTF8String), CN])
make("qualifier", [A(N.DN_QUALIFIER, "1", _type=T.UTF8String), CN])
make("email", [A(N.EMAIL_ADDRESS, "a@example.com", _type=T.UTF8String), CN])
make("domain", [A(N.DOMAIN_COMPONENT, "example", _type=T.PrintableString), CN])
make("ev", [A(N.JURISDICTION_COUNTRY_NAME, "US", _type=T.UTF8String), CN])
make("twice", [R([CN, A(N.COMMON_NAME, "Other")])])
make("right", [A(N.COUNTRY_NAME, "US"), A(N.SERIAL_NUMBER, "1", _type=T.PrintableString), A(N.DN_QUALIFIER, "1", _type=T.PrintableString),
               A(N.EMAIL_ADDRESS, "a@example.com", _type=T.IA5String), A(N.DOMAIN_COMPONENT, "example", _type=T.IA5String), CN])
make("leading", [A(N.COMMON_NAME, " example.com")])
make("trailing", [A(N.COMMON_NAME, "example.com ")])
make("dots", [A(N.COMMON_NAME, "www\uff0eexample\uff0ecom")])
make("filler", [A(N.COMMON_NAME, "ex\u3164ample")])
make("braille", [A(N.ORGANIZATION_NAME, "\u2800"), CN])
make("script", [A(N.COMMON_NAME, "ex\u0430mple.com")])
make("many", [A(N.ORGANIZATIONAL_UNIT_NAME, "unit")] * 3000 + [CN])
for number, host in enumerate(["0xC0000201", "0300.0.2.0x1", "1.2.3.0X4", "xn--abc-", "xn--99999999.example",
                               "xn--a-ecp.ru", "xn--" + "a\u3002b".encode("punycode").decode() + ".example"]):
    make("host-%d" % number, [A(N.COMMON_NAME, "host")], [host])
make("hosts", [CN], [idna.encode(host).decode() for host in
    ["b\u00fccher.example", "\u4f8b\u3048.jp", "fa\u00df.de", "\u0939\u093f\u0928\u094d\u0926\u0940.example", "0x1.example"]])
"#;

fn rig_with_requests() -> Rig {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "ca", "--type", "ec:p256"])
        .ok();
    let create = [
        "ca",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=Names CA",
        "--profile",
        "root",
    ];
    rig.command(&[&create[..], &["--out", "ca.crt"]].concat()).ok();
    rig.tool(python_tool("python"), &["-c", MAKE]).ok();
    rig
}

fn sign(rig: &Rig, request: &str, profile: &str) -> crate::harness::Run {
    let (request, out) = (format!("{request}.csr"), format!("{request}-{profile}.crt"));
    rig.json(&[
        "csr",
        "sign",
        &request,
        "--ca",
        "ca.crt",
        "--profile",
        profile,
        "--out",
        &out,
    ])
}

/// The fatal findings and errors of pkilint, one line each.
fn lint(rig: &Rig, certificate: &str) -> String {
    rig.tool(
        python_tool("lint_pkix_cert"),
        &["lint", "-s", "ERROR", certificate],
    )
    .stdout
}

#[test]
fn string_types_and_rdns_must_meet_their_rules() {
    let rig = rig_with_requests();
    for (request, rule) in [
        ("country", "name-string-type"),
        ("serial", "name-string-type"),
        ("qualifier", "name-string-type"),
        ("email", "name-string-type"),
        ("domain", "name-string-type"),
        ("ev", "name-string-type"),
        ("twice", "name-attribute-once"),
    ] {
        let message = sign(&rig, request, "tls-client").refused(3, "rule");
        assert!(message.contains(rule), "{request}: {message}");
        // An HSM's name cannot be changed, so the faults are only reported, and pkilint finds the same.
        let report = sign(&rig, request, "cloudhsm-cluster").ok().json();
        let warnings = report["warnings"].to_string();
        assert!(warnings.contains(rule), "{request}: {report}");
        if rule == "name-string-type" && request != "ev" {
            let found = lint(&rig, &format!("{request}-cloudhsm-cluster.crt"));
            assert!(found.contains("FATAL"), "{request}: {found}");
        }
    }
    let report = sign(&rig, "right", "tls-client").ok().json();
    assert!(report["warnings"].is_null(), "{report}");
    // pkilint also wants the mailbox as a name, which does not concern string types.
    let found = lint(&rig, "right-tls-client.crt");
    assert!(!found.contains("FATAL"), "{found}");
}

#[test]
fn names_that_look_like_others_are_refused() {
    let rig = rig_with_requests();
    for (request, rule, word) in [
        ("leading", "name-text", "a space at"),
        ("trailing", "name-text", "a space at"),
        ("dots", "name-text", "U+FF0E"),
        ("filler", "name-text", "U+3164"),
        ("braille", "name-text", "U+2800"),
        ("script", "name-text", "Cyrillic"),
        ("many", "name-size", "3001 attributes"),
    ] {
        for profile in ["tls-client", "cloudhsm-cluster"] {
            let message = sign(&rig, request, profile).refused(3, "rule");
            assert!(
                message.contains(rule) && message.contains(word),
                "{request}: {message}"
            );
        }
    }
    for number in 0..7 {
        let run = sign(&rig, &format!("host-{number}"), "tls-server");
        assert_eq!(run.code, Some(3), "{number}: {run:#?}");
        assert!(run.stderr.contains("DNS name"), "{number}: {run:#?}");
    }
    sign(&rig, "hosts", "tls-server").ok();
    assert_eq!(lint(&rig, "hosts-tls-server.crt").trim(), "");
    let rules = rig.json(&["cert", "rules"]).ok().stdout;
    for rule in [
        "name-string-type",
        "name-attribute-once",
        "name-text",
        "name-size",
    ] {
        assert!(rules.contains(rule), "{rule}");
    }
}

/// The same for `--subject`: each value gets the type of its attribute, and invalid values are refused.
#[test]
fn a_given_subject_has_the_string_types_of_its_attributes() {
    let rig = rig_with_requests();
    let create = |subject: &str| {
        let create = [
            "csr",
            "create",
            "--key",
            "ca",
            "--subject",
            subject,
            "--out",
            "own.csr",
        ];
        rig.json(&create)
    };
    create("CN=a,dnQualifier=q,serialNumber=7,emailAddress=a@example.com,DC=example,C=US").ok();
    let shown = rig.tool(
        "openssl",
        &[
            "req",
            "-in",
            "own.csr",
            "-noout",
            "-subject",
            "-nameopt",
            "multiline,show_type",
        ],
    );
    let shown = shown.ok().stdout;
    for (kind, wanted) in [
        ("countryName", "PRINTABLESTRING:US"),
        ("domainComponent", "IA5STRING:example"),
        ("emailAddress", "IA5STRING:a@example.com"),
        ("serialNumber", "PRINTABLESTRING:7"),
        ("dnQualifier", "PRINTABLESTRING:q"),
    ] {
        let line = shown.lines().find(|line| line.trim_start().starts_with(kind));
        assert!(line.is_some_and(|line| line.ends_with(wanted)), "{kind}: {shown}");
    }
    for subject in [
        "CN=a+CN=b",
        "CN=a\\ ",
        "CN=www\u{ff0e}example",
        "serialNumber=a_b",
        "DC=ex\u{e4}mple",
    ] {
        let run = create(subject);
        assert_eq!(run.code, Some(2), "{subject}: {run:#?}");
    }
}
