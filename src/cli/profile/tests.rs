//! Every field, used and wrong.

mod wrong;

use const_oid::ObjectIdentifier;
use hsm_ca::signer::{Curve, KeyAlgorithm, KeySearch};
use hsm_ca::x509::{
    AlternativeNames, Linter, NameConstraints, NameKind, Policy, Profile, ProfileExtension, ProfileFile,
    Purpose, Role, Subtree, Usage, X509Error,
};

#[test]
fn a_profile_of_the_other_command_is_named_as_such() {
    let refused = |name, self_signed| super::find(name, self_signed).unwrap_err().to_string();
    assert!(
        refused("root", false)
            .starts_with("the profile \"root\" is for self-signed certificates; those that fit: "),
        "{}",
        refused("root", false)
    );
    assert!(
        refused("tls-server", true)
            .starts_with("the profile \"tls-server\" is for certificates that a CA signs; those that fit: "),
        "{}",
        refused("tls-server", true)
    );
    assert!(refused("nothing", true).contains("does not exist"));
}

fn read(text: &str) -> Result<Profile, X509Error> {
    toml::from_str::<ProfileFile>(text).unwrap().check()
}

const LEAF: &str = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\n";
const CA: &str = "name = \"mine\"\nrole = \"intermediate\"\ndays = 30\nkeys = [\"ec:p256\"]\n";
const ROOT: &str = "name = \"mine\"\nrole = \"root\"\ndays = 30\nkeys = [\"ec:p256\"]\n";

/// By default, keys that are trusted for years are searched longer.
#[test]
fn the_profile_says_how_long_a_key_is_searched() {
    use KeySearch::{Long, Short};
    let built_in = [
        ("cloudhsm-ca", Short),
        ("root", Long),
        ("cloudhsm-cluster", Short),
        ("cloudhsm-client", Short),
        ("intermediate", Long),
        ("tls-server", Short),
        ("tls-client", Short),
        ("ocsp-signer", Long),
        ("code-signing", Long),
    ];
    for (profile, (name, search)) in Profile::built_in().into_iter().zip(built_in) {
        assert_eq!((&*profile.name, profile.key_search), (name, search));
    }
    let usage = "key-usage = [\"digitalSignature\"]\n";
    for (text, default) in [
        (ROOT.to_owned(), Long),
        (CA.to_owned(), Long),
        (format!("{LEAF}{usage}"), Short),
        (
            format!("{LEAF}{usage}extended-key-usage = [\"serverAuth\"]\n"),
            Short,
        ),
        (
            format!("{LEAF}{usage}extended-key-usage = [\"codeSigning\"]\n"),
            Long,
        ),
        (
            format!("{LEAF}{usage}extended-key-usage = [\"timeStamping\"]\n"),
            Long,
        ),
        (
            format!("{LEAF}{usage}extended-key-usage = [\"1.3.6.1.5.5.7.3.9\"]\n"),
            Long,
        ),
    ] {
        assert_eq!(read(&text).unwrap().key_search, default, "{text}");
        for (word, search) in [("true", Long), ("false", Short)] {
            let text = format!("{text}search-factors = {word}\n");
            assert_eq!(read(&text).unwrap().key_search, search, "{text}");
        }
    }
}

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
    // Extensions that a CA must have are added automatically.
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
