//! Any certificate that a profile and a request can produce must parse, re-encode to the same bytes, pass the rules, be readable by the second
//! decoder, and verify up to its root. The random numbers are the same every time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::signer::{Curve, KeyAlgorithm};
use crate::x509::fixture::issue;
use crate::x509::{ProfileFile, ThrowawayKey, verify_chain};

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A subset of a list, in the same order.
    fn some_of<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        list.iter().filter(|_| self.is(2)).cloned().collect()
    }
}

fn profile(chance: &mut Chance) -> Value {
    let is_leaf = !chance.is(4);
    let mut file = json!({
        "name": "any",
        "role": if is_leaf { "leaf" } else { "intermediate" },
        "days": 1 + chance.below(30),
        "keys": ["rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519"],
    });
    let mut set = |name: &str, value: Value| file[name] = value;
    let purposes = [
        "serverAuth",
        "clientAuth",
        "emailProtection",
        "codeSigning",
        "OCSPSigning",
        "1.3.6.1.4.1.99999.1",
    ];
    set("extended-key-usage", json!(chance.some_of(&purposes)));
    if chance.is(8) {
        set("extended-key-usage", json!(["timeStamping"]));
    }
    if chance.is(2) {
        let usages: &[&str] = if is_leaf {
            &[
                "digitalSignature",
                "nonRepudiation",
                "keyEncipherment",
                "keyAgreement",
            ]
        } else {
            &["digitalSignature", "keyCertSign", "cRLSign"]
        };
        set("key-usage", json!(chance.some_of(usages)));
    }
    set(
        "policies",
        json!(chance.some_of(&[
            json!({ "oid": "2.23.140.1.2.1" }),
            json!({ "oid": "1.3.6.1.4.1.99999.2", "cps": "https://example.com/cps" }),
        ])),
    );
    set(
        "crl-urls",
        json!(chance.some_of(&["http://crl.example.com/1.crl", "ldap://ldap.example.com/cn=ca"])),
    );
    set(
        "issuer-urls",
        json!(chance.some_of(&["http://crl.example.com/ca.crt"])),
    );
    set(
        "ocsp-urls",
        json!(chance.some_of(&["http://ocsp.example.com/", "http://[2001:db8::1]:80/"])),
    );
    if chance.is(2) {
        set("ocsp-no-check", json!(is_leaf));
    }
    if is_leaf && !chance.is(4) {
        let kinds = chance.some_of(&["dns", "ip", "email", "uri"]);
        let wildcards = kinds.contains(&"dns") && chance.is(2);
        set(
            "subject-alternative-name",
            json!({ "from-request": kinds, "required": chance.is(2), "wildcards": wildcards }),
        );
    }
    if !is_leaf {
        if chance.is(2) {
            set("path-length", json!(chance.below(3)));
        }
        if chance.is(2) {
            set(
                "name-constraints",
                json!({
                    "permitted": chance.some_of(&["dns:example.com", "ip:10.0.0.0/9", "ip:2001:db8::/33", "email:example.com", "uri:.example.com", "dn:C=US"]),
                    "excluded": chance.some_of(&["dns:", "dns:.bad.example.com", "ip:0.0.0.0/0", "email:a@example.com"]),
                }),
            );
        }
    }
    file
}

fn subject(chance: &mut Chance) -> Name {
    let parts = [
        "CN=some body",
        "O=Example\\, Inc.",
        "OU=\u{dc}nit+L=B\u{e9}ziers",
        "C=US",
        "emailAddress=a@example.com",
    ];
    let parts = chance.some_of(&parts);
    match parts.is_empty() {
        true => Name::from_der(&[0x30, 0]).unwrap(),
        false => Name::from_rfc4514(&parts.join(",")).unwrap(),
    }
}

/// The names of a request, as `GeneralNames`: mostly valid, sometimes with an invalid one.
fn names(chance: &mut Chance) -> Vec<u8> {
    let sound: [&[u8]; 9] = [
        b"\x82\x0fwww.example.com",
        b"\x82\x0d*.example.com",
        b"\x82\x0fbad.example.org",
        b"\x87\x04\x0a\x00\x00\x01",
        b"\x87\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\x81\x0da@example.com",
        b"\x86\x17https://a.example.com/x",
        b"\x86\x0aurn:oid:1\x2e",
        // registeredID
        b"\x88\x02\x2a\x03",
    ];
    let broken: [&[u8]; 4] = [
        b"\x82\x00",
        b"\x87\x05\x0a\x00\x00\x01\x02",
        b"\x82\x03a_b",
        b"\x81\x01a",
    ];
    let mut names: Vec<_> = chance.some_of(&sound).concat();
    if chance.is(12) {
        names.extend_from_slice(broken[chance.below(broken.len())]);
    }
    let mut list = vec![0x30];
    match u8::try_from(names.len()).unwrap() {
        length @ 0..=127 => list.push(length),
        length => list.extend([0x81, length]),
    }
    list.extend(names);
    list
}

fn asked(chance: &mut Chance) -> Vec<Extension> {
    let one = |extn_id: &str, value: &[u8]| Extension {
        extn_id: const_oid::ObjectIdentifier::new(extn_id).unwrap(),
        critical: false,
        extn_value: OctetString::new(value).unwrap(),
    };
    let mut asked = Vec::new();
    if !chance.is(4) {
        asked.push(one("2.5.29.17", &names(chance)));
    }
    // CA:TRUE, every key usage, a purpose, and an unknown extension.
    let greedy = [
        one("2.5.29.19", b"\x30\x03\x01\x01\xff"),
        one("2.5.29.15", b"\x03\x02\x00\xff"),
        one("2.5.29.37", b"\x30\x06\x06\x04\x55\x1d\x25\x00"),
        one("1.2.3.4", b"\x05\x00"),
    ];
    asked.extend(chance.some_of(&greedy));
    asked
}

const KINDS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::Rsa { bits: 2048 },
    KeyAlgorithm::Ec(Curve::P256),
    KeyAlgorithm::Ec(Curve::P384),
    KeyAlgorithm::Ec(Curve::P521),
    KeyAlgorithm::Ed25519,
];

/// A CA for each kind of key: its path, lowest first, its key, and a throwaway key.
struct Authority {
    path: Vec<Certificate>,
    key: SoftwareKey,
    throwaway: ThrowawayKey,
}

fn authorities() -> Vec<Authority> {
    let constrained: ProfileFile = serde_json::from_value(json!({
        "name": "below", "role": "intermediate", "days": 30, "path-length": 1, "keys": ["rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519"],
        "name-constraints": { "permitted": ["dns:example.com", "email:example.com"], "excluded": ["ip:192.0.2.0/24"] },
    }))
    .unwrap();
    let constrained = constrained.check().unwrap();
    let make = |kind: KeyAlgorithm| {
        let key = SoftwareKey::of(kind);
        let throwaway = ThrowawayKey::like(key.public_key()).unwrap();
        let root_key = SoftwareKey::of(kind);
        let root = Tbs::self_signed(
            Profile::root(),
            root_key.public_key(),
            &Name::from_rfc4514("CN=Root").unwrap(),
            &serial(),
            Validity::days_from(NOW, 3652),
            kind.default_signature(),
        );
        let root = root
            .unwrap()
            .check(Issuer::Itself, NOW)
            .unwrap()
            .sign(&root_key)
            .unwrap();
        let root = root.certificate().clone();
        let below = issue(&constrained, &request(&key, "CN=Below"), &root, &root_key);
        let alone = Authority {
            throwaway: ThrowawayKey::like(root_key.public_key()).unwrap(),
            path: vec![root.clone()],
            key: root_key,
        };
        [
            alone,
            Authority {
                path: vec![below, root],
                key,
                throwaway,
            },
        ]
    };
    KINDS.into_iter().flat_map(make).collect()
}

#[test]
fn every_certificate_of_a_profile_and_a_request_is_sound() {
    let mut chance = Chance(5);
    let authorities = authorities();
    let keys = KINDS.map(SoftwareKey::of);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..1200 {
        let file = profile(&mut chance);
        let outcome = match serde_json::from_value::<ProfileFile>(file.clone())
            .unwrap()
            .check()
        {
            Err(X509Error::Profile { field, .. }) => format!("profile: {field}"),
            Err(other) => panic!("{round}: {other:?}"),
            Ok(profile) => {
                let authority = chance.one_of(&authorities);
                let key = chance.one_of(&keys);
                let subject = subject(&mut chance);
                let request = VerifiedRequest::asking_for(key, &subject, asked(&mut chance)).unwrap();
                match produce(profile, &request, authority) {
                    Ok(()) => "issued".to_owned(),
                    Err(X509Error::Rule { rule, .. }) => rule.to_owned(),
                    Err(X509Error::Malformed {
                        what: "subjectAltName",
                        ..
                    }) => "malformed".to_owned(),
                    Err(other) => panic!("{round}: {file}: {other:?}"),
                }
            }
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    // Each of these must occur often enough among the random choices to mean something.
    for (wanted, least) in [
        ("issued", 300),
        ("malformed", 10),
        ("subject", 5),
        ("name-constraints", 20),
        ("subject-alternative-name", 5),
        ("profile: ocsp-no-check", 5),
    ] {
        let count = outcomes.get(wanted).copied().unwrap_or_default();
        assert!(count >= least, "{wanted}: {outcomes:?}");
    }
}

fn produce(profile: Profile, request: &VerifiedRequest, authority: &Authority) -> Result<(), X509Error> {
    let issuer = &authority.path[0];
    let days = profile.default_days;
    let signature = issuer.public_key()?.algorithm().default_signature();
    let validity = Validity::days_from(NOW, days);
    let plan = Tbs::for_request(profile.clone(), request, issuer, &serial(), validity, signature)?;
    let checked = plan.check(Issuer::Authority(issuer), NOW)?;
    checked.rehearse(&authority.throwaway, Issuer::Authority(issuer), NOW)?;
    let planned = checked.der().to_vec();
    let issued = checked.sign(&authority.key)?;
    let certificate = issued.certificate();

    // The bytes are those of the plan, and the only encoding of their content.
    assert_eq!(reread::tbs_of(certificate.der()), Some(planned.clone()));
    let decoded = TbsCertificate::from_der(&planned).unwrap();
    assert_eq!(decoded.to_der().unwrap(), planned);
    assert_eq!(reread::compare(certificate.der(), certificate), Ok(()));
    // What was requested beyond the profile is left out.
    for (found, wanted) in certificate.extensions().iter().zip(&profile.extensions) {
        assert!(found.extn_value.as_bytes().len() > 1, "{wanted:?}");
    }
    assert!(certificate.extensions().len() <= profile.extensions.len());
    let is_ca = extension::find_basic_constraints(certificate.extensions())?
        .unwrap()
        .ca;
    assert_eq!(is_ca, profile.role != crate::x509::Role::Leaf);
    assert_eq!(certificate.subject(), request.subject());
    let report = verify_chain(certificate, &authority.path, NOW);
    assert!(report.passed(), "{report:?}");
    Ok(())
}
