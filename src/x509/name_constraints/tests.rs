use der::Encode;

use super::*;
use crate::x509::AlternativeName;

fn general(texts: &[&str]) -> Vec<GeneralName> {
    let one = |text: &&str| AlternativeName::parse(text).unwrap().to_general_name().unwrap();
    texts.iter().map(one).collect()
}

fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let trees = |texts: &[&str]| texts.iter().map(|text| Subtree::parse(text).unwrap()).collect();
    NameConstraints {
        permitted: trees(permitted),
        excluded: trees(excluded),
    }
}

/// RFC 5280 section 4.2.1.10's own examples, and some close to them.
#[test]
fn the_examples_of_the_rfc_are_inside_or_outside() {
    let cases = [
        ("dns:host.example.com", "dns:www.host.example.com", true),
        ("dns:host.example.com", "dns:HOST.example.com", true),
        ("dns:host.example.com", "dns:host1.example.com", false),
        ("dns:host.example.com", "dns:xhost.example.com", false),
        ("dns:example.com", "dns:*.example.com", true),
        ("dns:.example.com", "dns:example.com", false),
        ("dns:.example.com", "dns:a.example.com", true),
        ("dns:.example.com", "dns:*.example.com", true),
        ("dns:", "dns:anything.example", true),
        ("uri:.example.com", "uri:https://a.b.example.com/x", true),
        ("uri:.example.com", "uri:https://example.com/x", false),
        ("uri:example.com", "uri:https://a.example.com/x", false),
        ("uri:example.com", "uri:https://example.com:1/x", true),
        ("email:root@example.com", "email:root@example.com", true),
        ("email:root@example.com", "email:ROOT@example.com", false),
        ("email:example.com", "email:a@example.com", true),
        ("email:example.com", "email:a@b.example.com", false),
        ("email:.example.com", "email:a@b.example.com", true),
        ("ip:10.0.0.0/8", "ip:10.255.0.1", true),
        ("ip:10.0.0.0/8", "ip:11.0.0.1", false),
        ("ip:10.0.0.0/8", "ip:2001:db8::1", false),
        ("ip:2001:db8::/32", "ip:2001:db8:ffff::1", true),
        ("ip:0.0.0.0/0", "ip:11.0.0.1", true),
        ("ip:192.0.2.128/25", "ip:192.0.2.127", false),
        ("ip:192.0.2.1/32", "ip:192.0.2.1", true),
    ];
    let subject = Name::from_rfc4514("CN=x").unwrap();
    for (tree, name, inside) in cases {
        let name = general(&[name]);
        let permitted = constraints(&[tree], &[]).check(&subject, &name);
        assert_eq!(permitted.is_ok(), inside, "{tree} {name:?}");
        let excluded = constraints(&[], &[tree]).check(&subject, &name);
        assert_eq!(excluded.is_err(), inside, "{tree} {name:?}");
    }
}

/// Another CA's certificate may have what is not signed here. The host follows the user name.
#[test]
fn a_user_name_in_a_uri_is_not_its_host() {
    let uri = der::asn1::Ia5String::new("https://example.com@evil.org:1/x").unwrap();
    let name = [GeneralName::UniformResourceIdentifier(uri)];
    let subject = Name::from_rfc4514("CN=x").unwrap();
    for (tree, inside) in [("uri:example.com", false), ("uri:evil.org", true)] {
        let permitted = constraints(&[tree], &[]).check(&subject, &name);
        assert_eq!(permitted.is_ok(), inside, "{tree}");
    }
}

/// RFC 5280 section 4.2.1.10: a URI without an authority is refused under any constraint of URIs. The text after its scheme is not a host.
#[test]
fn a_uri_without_an_authority_has_no_host() {
    let subject = Name::from_rfc4514("CN=x").unwrap();
    for uri in [
        "urn:x://permitted.example",
        "mailto:a@permitted.example?subject=https://permitted.example",
        "data:,a//permitted.example",
        "scheme:/x://permitted.example",
        "//permitted.example",
        "a/b://permitted.example",
    ] {
        let name = [GeneralName::UniformResourceIdentifier(
            der::asn1::Ia5String::new(uri).unwrap(),
        )];
        let check = |constraints: NameConstraints| constraints.check(&subject, &name);
        assert!(
            check(constraints(&["uri:permitted.example"], &[])).is_err(),
            "{uri}"
        );
        assert!(check(constraints(&[], &["uri:other.example"])).is_err(), "{uri}");
        assert!(check(constraints(&["dns:other.example"], &[])).is_ok(), "{uri}");
    }
}

#[test]
fn a_kind_without_a_permitted_tree_is_not_constrained() {
    let name = general(&["ip:192.0.2.1"]);
    let subject = Name::from_rfc4514("CN=x,O=Example").unwrap();
    assert!(
        constraints(&["dns:example.com"], &[])
            .check(&subject, &name)
            .is_ok()
    );
    assert!(constraints(&["dn:O=Example"], &[]).check(&subject, &name).is_ok());
    assert!(constraints(&["dn:O=Other"], &[]).check(&subject, &name).is_err());
    assert!(constraints(&[], &["dn:O=Example"]).check(&subject, &[]).is_err());
}

#[test]
fn a_wildcard_is_outside_if_one_of_its_names_is() {
    let name = general(&["dns:*.example.com"]);
    let subject = Name::from_rfc4514("CN=x").unwrap();
    assert!(
        constraints(&["dns:www.example.com"], &[])
            .check(&subject, &name)
            .is_err()
    );
    assert!(
        constraints(&[], &["dns:www.example.com"])
            .check(&subject, &name)
            .is_err()
    );
    assert!(
        constraints(&[], &["dns:www.example.org"])
            .check(&subject, &name)
            .is_ok()
    );
}

#[test]
fn the_encoding_reads_back() {
    let constraints = constraints(
        &[
            "dns:example.com",
            "ip:10.0.0.0/8",
            "ip:2001:db8::/32",
            "dn:O=Example,C=US",
        ],
        &["email:.example.com", "uri:bad.example.com"],
    );
    let der = constraints.to_der().unwrap().to_der().unwrap();
    assert_eq!(NameConstraints::from_der(&der).unwrap(), constraints);
}

#[test]
fn networks_with_host_bits_are_refused() {
    for text in [
        "ip:10.0.0.1/8",
        "ip:10.0.0.0/33",
        "ip:10.0.0.0",
        "ip:x/8",
        "dns:-",
        "dn:x",
        "x",
    ] {
        assert!(Subtree::parse(text).is_err(), "{text}");
    }
}

/// Section 4.2.1.10: "the application MUST reject the certificate".
#[test]
fn a_uri_without_a_host_name_is_outside_any_constraint() {
    let subject = Name::from_rfc4514("CN=x").unwrap();
    for uri in [
        "uri:urn:example:com",
        "uri:https://192.0.2.1/",
        "uri:https://[2001:db8::1]/",
    ] {
        for (permitted, excluded) in [(&["uri:example.com"][..], &[][..]), (&[], &["uri:example.com"])] {
            let found = constraints(permitted, excluded).check(&subject, &general(&[uri]));
            assert!(found.unwrap_err().contains("no host name"), "{uri}");
        }
        assert_eq!(
            constraints(&["dns:a.example"], &[]).check(&subject, &general(&[uri])),
            Ok(())
        );
    }
}

#[test]
fn mailboxes_in_the_subject_are_constrained_too() {
    let subject = Name::from_rfc4514("emailAddress=a@example.com,CN=x").unwrap();
    assert_eq!(
        constraints(&["email:example.com"], &[]).check(&subject, &[]),
        Ok(())
    );
    assert!(
        constraints(&["email:example.org"], &[])
            .check(&subject, &[])
            .is_err()
    );
    assert!(
        constraints(&[], &["email:example.com"])
            .check(&subject, &[])
            .is_err()
    );
    assert_eq!(
        constraints(&["dns:example.org"], &[]).check(&subject, &[]),
        Ok(())
    );
}

#[test]
fn directory_names_compare_without_regard_to_case_and_spaces() {
    let subject = Name::from_rfc4514("CN=x,O=Example  Inc,C=US").unwrap();
    assert_eq!(
        constraints(&["dn:O=example inc,C=US"], &[]).check(&subject, &[]),
        Ok(())
    );
    assert!(
        constraints(&["dn:O=example inc"], &[])
            .check(&subject, &[])
            .is_err()
    );
    // A name of a subjectAltName.
    let name = Name::from_rfc4514("O=Other").unwrap();
    let name = GeneralName::DirectoryName(x509_cert::name::Name::from_der(name.der()).unwrap());
    assert!(constraints(&["dn:C=US"], &[]).check(&subject, &[name]).is_err());
}

/// Constraints that this program does not process make a stranger's certificate unusable; RFC 5280 section 4.2.1.10 allows that.
#[test]
fn constraints_that_are_not_processed_are_refused() {
    let tree = |base: &[u8]| {
        [
            &[
                0x30,
                4 + u8::try_from(base.len()).unwrap(),
                0xa0,
                2 + u8::try_from(base.len()).unwrap(),
                0x30,
                u8::try_from(base.len()).unwrap(),
            ][..],
            base,
        ]
        .concat()
    };
    for base in [
        // registeredID 1.2.3
        &b"\x88\x02\x2a\x03"[..],
        // minimum 1
        b"\x82\x01a\x80\x01\x01",
        // maximum 1
        b"\x82\x01a\x81\x01\x01",
        // 10.0.0.0 with the mask 255.0.255.0
        b"\x87\x08\x0a\x00\x00\x00\xff\x00\xff\x00",
        // seven octets
        b"\x87\x07\x0a\x00\x00\x00\xff\x00\x00",
        b"",
    ] {
        assert!(NameConstraints::from_der(&tree(base)).is_err(), "{base:?}");
    }
    assert!(NameConstraints::from_der(&tree(b"\x82\x01a")).is_ok());
}

/// Pairs of trees: the second should contain the first.
#[test]
fn a_tree_is_within_another_if_all_its_names_are() {
    for (inner, outer, is_within) in [
        ("dns:example.com", "dns:EXAMPLE.com", true),
        ("dns:a.example.com", "dns:example.com", true),
        ("dns:.example.com", "dns:example.com", true),
        ("dns:.example.com", "dns:.example.com", true),
        ("dns:.a.example.com", "dns:.example.com", true),
        ("dns:a.example.com", "dns:.example.com", true),
        ("dns:example.com", "dns:.example.com", false),
        ("dns:wwwexample.com", "dns:example.com", false),
        ("dns:com", "dns:example.com", false),
        ("dns:", "dns:example.com", false),
        ("dns:example.com", "dns:", true),
        ("dns:", "dns:", true),
        ("ip:10.1.0.0/16", "ip:10.0.0.0/8", true),
        ("ip:10.0.0.0/8", "ip:10.0.0.0/8", true),
        ("ip:10.0.0.0/7", "ip:10.0.0.0/8", false),
        ("ip:11.0.0.0/16", "ip:10.0.0.0/8", false),
        ("ip:2001:db8::/32", "ip:0.0.0.0/0", false),
        ("ip:2001:db8:1::/48", "ip:2001:db8::/32", true),
        ("email:a@example.com", "email:example.com", true),
        ("email:a@example.com", "email:a@Example.com", true),
        ("email:A@example.com", "email:a@example.com", false),
        ("email:a@x.example.com", "email:example.com", false),
        ("email:a@x.example.com", "email:.example.com", true),
        ("email:example.com", "email:a@example.com", false),
        ("email:x.example.com", "email:example.com", false),
        ("email:x.example.com", "email:.example.com", true),
        ("uri:example.com", "uri:example.com", true),
        ("uri:a.example.com", "uri:example.com", false),
        ("uri:.example.com", "uri:example.com", false),
        ("uri:.a.example.com", "uri:.example.com", true),
        ("uri:example.com", "uri:.example.com", false),
        ("dn:OU=x,O=Example", "dn:O=Example", true),
        ("dn:O=Example", "dn:OU=x,O=Example", false),
        ("dns:example.com", "uri:example.com", false),
    ] {
        let excluding = |text| NameConstraints {
            permitted: Vec::new(),
            excluded: vec![Subtree::parse(text).unwrap()],
        };
        // Excluding the outer tree excludes the inner one.
        let outcome = excluding(outer).check_nesting(&excluding(inner));
        assert_eq!(outcome.is_ok(), is_within, "{inner} in {outer}: {outcome:?}");
    }
}
