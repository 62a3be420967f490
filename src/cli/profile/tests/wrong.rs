use hsm_ca::x509::{ProfileFile, X509Error};

use super::{CA, LEAF, ROOT, read};

/// A file with one wrong field, and the expected start of the message.
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
        (LEAF, "days = 30", "days = 0", "days: 0 is not between 1"),
        (
            LEAF,
            "days = 30",
            "days = 36526",
            "days: 36526 is not between 1 and 36525",
        ),
        (
            LEAF,
            "days = 30",
            "days = 30\nlongest-days = 29",
            "days: 30 is not between 1 and 29",
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
            "keys: ec:p256 occurs twice",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:2048\", \"rsa:3072\"]",
            "keys: rsa occurs twice",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:1024\"]",
            "keys: \"rsa:1024\": must be from rsa:2048",
        ),
        (
            LEAF,
            "[\"ec:p256\"]",
            "[\"rsa:16384\"]",
            "keys: \"rsa:16384\": must be from rsa:2048 to rsa:8192",
        ),
        (LEAF, "[\"ec:p256\"]", "[\"rsa:x\"]", "keys: \"rsa:x\""),
        (LEAF, "[\"ec:p256\"]", "[\"dsa\"]", "keys: \"dsa\" must be one of"),
        (
            LEAF,
            "",
            "key-usage = [\"sign\"]",
            "key-usage: \"sign\" must be one of digitalSignature",
        ),
        (
            LEAF,
            "",
            "key-usage = [\"digitalSignature\", \"digitalSignature\"]",
            "key-usage: digitalSignature occurs twice",
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
            "extended-key-usage: timeStamping must be the only purpose",
        ),
        (
            ROOT,
            "",
            "extended-key-usage = [\"serverAuth\"]",
            "extended-key-usage: it is only for certificates under a CA",
        ),
        (
            LEAF,
            "",
            "path-length = 0",
            "path-length: it is only for CA certificates",
        ),
        (
            LEAF,
            "",
            "ocsp-no-check = true",
            "ocsp-no-check: it is only for OCSP signers",
        ),
        (
            ROOT,
            "",
            "crl-urls = [\"http://a.example/\"]",
            "crl-urls: it is only for certificates under a CA",
        ),
        (
            ROOT,
            "",
            "issuer-urls = [\"http://a.example/\"]",
            "issuer-urls: it is only for",
        ),
        (
            ROOT,
            "",
            "ocsp-urls = [\"http://a.example/\"]",
            "ocsp-urls: it is only for",
        ),
        (
            LEAF,
            "",
            "crl-urls = [\"https://a.example/\"]",
            "crl-urls: \"https://a.example/\" must begin with one of http://, ldap://",
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
            "crl-urls: http://a.example/ occurs twice",
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
            "policies: \"x\" is not an object identifier",
        ),
        (
            LEAF,
            "",
            "policies = [{ oid = \"1.2.3\" }, { oid = \"1.2.3\" }]",
            "policies: 1.2.3 occurs twice",
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
            "waive: the rule \"nothing\" does not exist",
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
            "waive: common-name occurs twice",
        ),
        (LEAF, "", "linter = []", "linter: it does not name a program"),
        (LEAF, "", "linter = [\"\"]", "linter: it does not name a program"),
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
            "linter: one of its words has a zero byte",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = []",
            "subject-alternative-name: from-request does not name a kind",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"host\"]",
            "subject-alternative-name: \"host\" must be one of dns",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\", \"ip\"]",
            "subject-alternative-name: ip occurs twice",
        ),
        (
            LEAF,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\"]\nwildcards = true",
            "subject-alternative-name: wildcards are only for dns",
        ),
        (
            CA,
            "",
            "[subject-alternative-name]\nfrom-request = [\"ip\"]",
            "subject-alternative-name: it is only for leaves",
        ),
        (
            CA,
            "",
            "[name-constraints]",
            "name-constraints: permitted and excluded are both empty",
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
            "name-constraints: \"dns:*.example.com\": a subtree cannot have a wildcard",
        ),
        (
            CA,
            "",
            "[name-constraints]\nexcluded = [\"ip:10.0.0.1/8\"]",
            "name-constraints: \"ip:10.0.0.1/8\": the address has bits outside the mask",
        ),
        (
            LEAF,
            "",
            "[name-constraints]\npermitted = [\"dns:example.com\"]",
            "name-constraints: it is only for intermediates",
        ),
        (
            ROOT,
            "",
            "[name-constraints]\npermitted = [\"dns:example.com\"]",
            "name-constraints: it is only for intermediates",
        ),
    ];
    let mut others = Vec::new();
    for (base, from, to, wanted) in cases {
        let text = match from {
            &"" => format!("{base}{to}"),
            from => base.replace(from, to),
        };
        let found = read(&text).unwrap_err();
        assert!(matches!(found, X509Error::Profile { .. }), "{text}");
        let found = found.to_string();
        if !found.contains(wanted) || found.contains('\n') {
            others.push(format!("wanted {wanted:?}, found {found:?}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn unknown_missing_and_repeated_fields_make_a_profile_invalid() {
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
