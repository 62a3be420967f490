//! Every field, used and wrong.

use const_oid::ObjectIdentifier;
use hsm_ca::signer::{Curve, KeyAlgorithm};
use hsm_ca::x509::{
    AlternativeNames, Linter, NameConstraints, NameKind, Policy, Profile, ProfileExtension, ProfileFile,
    Purpose, Role, Subtree, Usage, X509Error,
};

fn read(text: &str) -> Result<Profile, X509Error> {
    toml::from_str::<ProfileFile>(text).unwrap().check()
}

const LEAF: &str = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\n";
const CA: &str = "name = \"mine\"\nrole = \"intermediate\"\ndays = 30\nkeys = [\"ec:p256\"]\n";
const ROOT: &str = "name = \"mine\"\nrole = \"root\"\ndays = 30\nkeys = [\"ec:p256\"]\n";

#[test]
fn every_field_of_a_leaf_is_used() {
    let profile = read(
        r#"
        name = "web"
        role = "leaf"
        days = 30
        longest-days = 90
        keys = ["rsa:3072", "ec:p256", "ec:p384", "ec:p521", "ed25519"]
        key-usage = ["digitalSignature", "keyEncipherment"]
        extended-key-usage = ["serverAuth", "1.3.6.1.4.1.99999.1"]
        policies = [{ oid = "2.23.140.1.2.1" }, { oid = "1.3.6.1.4.1.99999.2", cps = "https://example.com/cps" }]
        crl-urls = ["http://crl.example.com/1.crl", "ldap://ldap.example.com/cn=ca"]
        issuer-urls = ["http://crl.example.com/ca.crt"]
        ocsp-urls = ["http://ocsp.example.com/"]
        waive = ["common-name"]
        linter = ["lint_pkix_cert", "lint", "-s", "ERROR"]

        [subject-alternative-name]
        from-request = ["dns", "ip"]
        required = true
        wildcards = true
        "#,
    )
    .unwrap();
    assert_eq!((&*profile.name, profile.role), ("web", Role::Leaf));
    assert_eq!((profile.default_days, profile.longest_days), (30, Some(90)));
    assert!(profile.keys.include(KeyAlgorithm::Ec(Curve::P521)));
    assert!(!profile.keys.include(KeyAlgorithm::Rsa { bits: 2048 }));
    assert!(profile.signed_by.include(KeyAlgorithm::Rsa { bits: 2048 }));
    assert!(profile.waives("common-name"));
    let command = ["lint_pkix_cert", "lint", "-s", "ERROR"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(profile.linter, Some(Linter { command }));
    let url = |text: &str| vec![text.to_owned()];
    let oid = |text: &str| ObjectIdentifier::new(text).unwrap();
    let wanted = [
        ProfileExtension::BasicConstraints {
            ca: false,
            path_length: None,
        },
        ProfileExtension::KeyUsage(vec![Usage::DigitalSignature, Usage::KeyEncipherment].into()),
        ProfileExtension::ExtendedKeyUsage(
            vec![Purpose::SERVER_AUTH, Purpose(oid("1.3.6.1.4.1.99999.1"))].into(),
        ),
        ProfileExtension::SubjectAlternativeName(AlternativeNames {
            kinds: vec![NameKind::Dns, NameKind::Ip].into(),
            required: true,
            wildcards: true,
        }),
        ProfileExtension::CertificatePolicies(vec![
            Policy {
                identifier: oid("2.23.140.1.2.1"),
                cps: None,
            },
            Policy {
                identifier: oid("1.3.6.1.4.1.99999.2"),
                cps: Some("https://example.com/cps".to_owned()),
            },
        ]),
        ProfileExtension::CrlDistributionPoints(
            ["http://crl.example.com/1.crl", "ldap://ldap.example.com/cn=ca"]
                .map(str::to_owned)
                .to_vec(),
        ),
        ProfileExtension::AuthorityInformationAccess {
            ocsp: url("http://ocsp.example.com/"),
            issuers: url("http://crl.example.com/ca.crt"),
        },
        ProfileExtension::SubjectKeyIdentifier,
        ProfileExtension::AuthorityKeyIdentifier,
    ];
    assert_eq!(profile.extensions, wanted);
}

#[test]
fn every_field_of_a_ca_is_used() {
    let more = "path-length = 1\n[name-constraints]\npermitted = [\"dns:example.com\"]\nexcluded = [\"ip:0.0.0.0/0\"]\n";
    let profile = read(&format!("{CA}{more}")).unwrap();
    assert_eq!(
        profile.extensions[0],
        ProfileExtension::BasicConstraints {
            ca: true,
            path_length: Some(1)
        }
    );
    // What a CA cannot be without is there without being asked for.
    assert_eq!(
        profile.extensions[1],
        ProfileExtension::KeyUsage(vec![Usage::KeyCertSign, Usage::CrlSign].into())
    );
    let tree = |text: &str| vec![Subtree::parse(text).unwrap()];
    let constraints = NameConstraints {
        permitted: tree("dns:example.com"),
        excluded: tree("ip:0.0.0.0/0"),
    };
    assert_eq!(
        profile.extensions[2],
        ProfileExtension::NameConstraints(constraints)
    );
    let root = read(ROOT).unwrap();
    assert!(root.is_self_signed());
    assert!(
        !root
            .extensions
            .contains(&ProfileExtension::AuthorityKeyIdentifier)
    );
    let ocsp = "extended-key-usage = [\"1.3.6.1.5.5.7.3.9\"]\nocsp-no-check = true\n";
    let ocsp = read(&format!("{LEAF}{ocsp}")).unwrap();
    assert!(ocsp.extensions.contains(&ProfileExtension::OcspNoCheck));
}

/// A file that is wrong in one field, the field that is named, and a word of the reason.
#[test]
fn every_field_can_be_wrong() {
    let cases: &[(&str, &str, &str, &str)] = &[
        (LEAF, "name = \"mine\"", "name = \"\"", "name: use up to 64"),
        (LEAF, "name = \"mine\"", "name = \"a b\"", "name: use up to 64"),
        (
            LEAF,
            "name = \"mine\"",
            "name = \"tls-server\"",
            "name: a built-in profile",
        ),
        (LEAF, "days = 30", "days = 0", "days: 0 is not from 1"),
        (
            LEAF,
            "days = 30",
            "days = 36526",
            "days: 36526 is not from 1 to 36525",
        ),
        (
            LEAF,
            "days = 30",
            "days = 30\nlongest-days = 29",
            "days: 30 is not from 1 to 29",
        ),
        (
            LEAF,
            "days = 30",
            "days = 30\nlongest-days = 40000",
            "longest-days: 40000",
        ),
        (LEAF, "[\"ec:p256\"]", "[]", "keys: name at least one"),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"ec:p256\", \"ec:p256\"]",
            "keys: ec:p256 stands in it twice",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:2048\", \"rsa:3072\"]",
            "keys: rsa stands in it twice",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:1024\"]",
            "keys: \"rsa:1024\": from rsa:2048",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:16384\"]",
            "keys: \"rsa:16384\": from rsa:2048 to rsa:8192",
        ),
        (LEAF, "[\"ec:p256\"]", "[\"rsa:x\"]", "keys: \"rsa:x\""),
        (LEAF, "[\"ec:p256\"]", "[\"dsa\"]", "keys: \"dsa\" is none of"),
        (
            LEAF,
            "",
            "key-usage = [\"sign\"]",
            "key-usage: \"sign\" is none of digitalSignature",
        ),
        (
            LEAF,
            "",
            "key-usage = [\"digitalSignature\", \"digitalSignature\"]",
            "key-usage: digitalSignature stands",
        ),
        (
            LEAF,
            "",
            "key-usage = [\"keyCertSign\"]",
            "key-usage: keyCertSign and cRLSign are for CAs",
        ),
        (
            LEAF,
            "",
            "key-usage = [\"cRLSign\"]",
            "key-usage: keyCertSign and cRLSign are for CAs",
        ),
        (
            CA,
            "",
            "key-usage = [\"cRLSign\"]",
            "key-usage: a CA needs keyCertSign",
        ),
        (
            LEAF,
            "",
            "extended-key-usage = [\"webServer\"]",
            "extended-key-usage: \"webServer\"",
        ),
        (
            LEAF,
            "",
            "extended-key-usage = [\"serverAuth\", \"1.3.6.1.5.5.7.3.1\"]",
            "extended-key-usage: 1.3.6.1",
        ),
        (
            LEAF,
            "",
            "extended-key-usage = [\"timeStamping\", \"codeSigning\"]",
            "extended-key-usage: timeStamping stands alone",
        ),
        (
            ROOT,
            "",
            "extended-key-usage = [\"serverAuth\"]",
            "extended-key-usage: it is for certificates under a CA",
        ),
        (
            LEAF,
            "",
            "path-length = 0",
            "path-length: it is for CA certificates only",
        ),
        (
            LEAF,
            "",
            "ocsp-no-check = true",
            "ocsp-no-check: it is for OCSP signers",
        ),
        (
            ROOT,
            "",
            "crl-urls = [\"http://a.example/\"]",
            "crl-urls: it is for certificates under a CA",
        ),
        (
            ROOT,
            "",
            "issuer-urls = [\"http://a.example/\"]",
            "issuer-urls: it is for",
        ),
        (
            ROOT,
            "",
            "ocsp-urls = [\"http://a.example/\"]",
            "ocsp-urls: it is for",
        ),
        (
            LEAF,
            "",
            "crl-urls = [\"https://a.example/\"]",
            "crl-urls: \"https://a.example/\" begins with none of http://, ldap://",
        ),
        (
            LEAF,
            "",
            "crl-urls = [\"a.example\"]",
            "crl-urls: the URI \"a.example\" is not absolute",
        ),
        (
            LEAF,
            "",
            "crl-urls = [\"http://a.example/\", \"http://a.example/\"]",
            "crl-urls: http://a.example/ stands in it twice",
        ),
        (
            LEAF,
            "",
            "issuer-urls = [\"http://a example/\"]",
            "issuer-urls: the URI",
        ),
        (
            LEAF,
            "",
            "ocsp-urls = [\"ldap://a.example/\"]",
            "ocsp-urls: \"ldap://a.example/\"",
        ),
        (
            LEAF,
            "",
            "policies = [{ oid = \"x\" }]",
            "policies: \"x\" is no object identifier",
        ),
        (
            LEAF,
            "",
            "policies = [{ oid = \"1.2.3\" }, { oid = \"1.2.3\" }]",
            "policies: 1.2.3 stands in it twice",
        ),
        (
            LEAF,
            "",
            "policies = [{ oid = \"1.2.3\", cps = \"ftp://a.example/\" }]",
            "policies: \"ftp://a.example/\"",
        ),
        (
            LEAF,
            "",
            "waive = [\"nothing\"]",
            "waive: there is no rule \"nothing\"",
        ),
        (
            LEAF,
            "",
            "waive = [\"issuer\"]",
            "waive: issuer (RFC 5280 4.1.2.4) cannot be waived",
        ),
        (
            LEAF,
            "",
            "waive = [\"common-name\", \"common-name\"]",
            "waive: common-name stands in it twice",
        ),
        (LEAF, "", "linter = []", "linter: it names no program"),
        (LEAF, "", "linter = [\"\"]", "linter: it names no program"),
        (
            LEAF,
            "",
            "linter = [\"./lint\"]",
            "linter: \"./lint\": write the whole path",
        ),
        (
            LEAF,
            "",
            "linter = [\"lint\", \"a\\u0000\"]",
            "linter: a word of it has a zero byte",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = []",
            "subject-alternative-name: from-request names no kind",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"host\"]",
            "subject-alternative-name: \"host\" is none of dns",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\", \"ip\"]",
            "subject-alternative-name: ip stands in it twice",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\"]\nwildcards = true",
            "subject-alternative-name: wildcards are for dns",
        ),
        (
            CA,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\"]",
            "subject-alternative-name: it is for leaves",
        ),
        (
            CA,
            "",
            "[name-constraints]",
            "name-constraints: neither permitted nor excluded",
        ),
        (
            CA,
            "",
            "[name-constraints]\npermitted = [\"example.com\"]",
            "name-constraints: \"example.com\" is not of the form",
        ),
        (
            CA,
            "",
            "[name-constraints]\nexcluded = [\"dns:*.example.com\"]",
            "name-constraints: \"dns:*.example.com\": a tree has no wildcard",
        ),
        (
            CA,
            "",
            "[name-constraints]\nexcluded = [\"ip:10.0.0.1/8\"]",
            "name-constraints: \"10.0.0.1/8\" is no network",
        ),
        (
            LEAF,
            "",
            "[name-constraints]\npermitted = [\"dns:example.com\"]",
            "name-constraints: it is for intermediates",
        ),
        (
            ROOT,
            "",
            "[name-constraints]\npermitted = [\"dns:example.com\"]",
            "name-constraints: it is for intermediates",
        ),
    ];
    for (base, from, to, wanted) in cases {
        let text = match from {
            &"" => format!("{base}{to}"),
            from => base.replace(from, to),
        };
        let found = read(&text).unwrap_err();
        assert!(matches!(found, X509Error::Profile { .. }), "{text}");
        let found = found.to_string();
        assert!(found.contains(wanted) && !found.contains('\n'), "{text}: {found}");
    }
}

#[test]
fn what_is_unknown_missing_or_twice_is_no_profile() {
    for (from, to) in [
        ("days = 30", "days = 30\nday = 30"),
        ("days = 30", "days = 30\ndays = 30"),
        ("days = 30", ""),
        ("days = 30", "days = -1"),
        ("days = 30", "days = \"30\""),
        ("role = \"leaf\"", "role = \"branch\""),
        ("role = \"leaf\"", ""),
        ("name = \"mine\"", ""),
        ("keys = [\"ec:p256\"]", ""),
        ("keys = [\"ec:p256\"]", "keys = \"ec:p256\""),
        ("keys = [\"ec:p256\"]", "keys = [\"ec:p256\"]\npath-length = 256"),
        ("keys = [\"ec:p256\"]", "keys = [\"ec:p256\"]\npath_length = 1"),
        (
            "keys = [\"ec:p256\"]",
            "keys = [\"ec:p256\"]\n[subject-alternative-name]\nrequired = true",
        ),
        (
            "keys = [\"ec:p256\"]",
            "keys = [\"ec:p256\"]\n[name-constraints]\npermit = []",
        ),
        (
            "keys = [\"ec:p256\"]",
            "keys = [\"ec:p256\"]\npolicies = [{ id = \"1.2.3\" }]",
        ),
    ] {
        let text = LEAF.replace(from, to);
        assert!(toml::from_str::<ProfileFile>(&text).is_err(), "{text}");
    }
    assert!(toml::from_str::<ProfileFile>(LEAF).is_ok());
}
