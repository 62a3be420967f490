use der::asn1::OctetString;
use der::{Decode, Encode};
use x509_cert::ext::Extension;

use super::*;
use crate::signer::{Hash, Pss, Signer};
use crate::x509::Tbs;
use crate::x509::fixture::{NOW, SoftwareKey, authority_plan, issue, plan};
use crate::x509::tbs::TbsCertificate;
use crate::x509::{Name, Profile, SerialNumber, Validity, VerifiedRequest};

const KINDS: [KeyAlgorithm; 11] = [
    KeyAlgorithm::Rsa { bits: 2048 },
    KeyAlgorithm::Rsa { bits: 2304 },
    KeyAlgorithm::Rsa { bits: 4096 },
    KeyAlgorithm::Rsa { bits: 8192 },
    KeyAlgorithm::Ec(Curve::P256),
    KeyAlgorithm::Ec(Curve::P384),
    KeyAlgorithm::Ec(Curve::P521),
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa44),
    KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa65),
    KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa87),
];

#[test]
fn the_throwaway_key_is_of_the_issuers_kind_and_new_each_time() {
    for kind in KINDS {
        let issuer = SoftwareKey::of(kind);
        let throwaway = ThrowawayKey::like(issuer.public_key()).unwrap();
        assert_eq!(throwaway.public_key().unwrap().algorithm(), kind);
        assert_ne!(&throwaway.public_key().unwrap(), issuer.public_key());
        // Its signatures verify with every hash that fits.
        let fitting = Hash::ALL.iter().filter_map(|hash| kind.signature_with(*hash));
        for algorithm in fitting.chain([kind.default_signature()]) {
            let signature = throwaway.sign(algorithm, b"message").unwrap();
            throwaway
                .public_key()
                .unwrap()
                .verify(algorithm, b"message", &signature)
                .unwrap_or_else(|_| panic!("{kind} {algorithm}"));
        }
    }
}

#[test]
fn a_throwaway_key_signs_with_pss_too() {
    let key = ThrowawayKey::of(KeyAlgorithm::Rsa { bits: 2048 }).unwrap();
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let salt_bytes = hash.bytes();
        let algorithm = SignatureAlgorithm::RsaPss(Pss { hash, salt_bytes });
        let signature = key.sign(algorithm, b"message").unwrap();
        assert!(
            key.public_key()
                .unwrap()
                .verify(algorithm, b"message", &signature)
                .is_ok(),
            "{hash}"
        );
    }
}

#[test]
fn a_rehearsal_is_the_certificate_except_for_the_signature() {
    let key = SoftwareKey::generate();
    let checked = authority_plan(&key).check(Issuer::Itself, NOW).unwrap();
    let throwaway = ThrowawayKey::like(key.public_key()).unwrap();
    let rehearsal = checked.rehearse(&throwaway, Issuer::Itself, NOW).unwrap();
    let read = Certificate::read(rehearsal.pem().as_bytes()).unwrap();
    let issued = checked.clone().sign(&key).unwrap();
    assert_eq!(
        reread::tbs_of(read.der()),
        reread::tbs_of(issued.certificate().der())
    );
    assert_ne!(read.der(), issued.certificate().der());
    // It does not belong to the issuer.
    assert!(read.verify_signature(key.public_key()).is_err());
    assert!(read.verify_signature(&throwaway.public_key().unwrap()).is_ok());
}

#[test]
fn the_certificate_read_back_is_checked_against_the_rules_again() {
    let (ca_key, key) = (SoftwareKey::generate(), SoftwareKey::generate());
    let ca = authority_plan(&ca_key).check(Issuer::Itself, NOW).unwrap();
    let ca = ca.sign(&ca_key).unwrap().certificate().clone();
    let request = VerifiedRequest::for_tests(&key, &Name::from_rfc4514("CN=x").unwrap());
    let throwaway = ThrowawayKey::like(ca_key.public_key()).unwrap();
    let sound = plan(&Profile::tls_client(), &request, &ca);
    // Both rehearsals, with a placeholder and with a signature, refuse the same.
    let rehearse = |plan: Tbs| {
        let checked = Checked::unchecked(plan);
        let rehearsed = checked
            .rehearse(&throwaway, Issuer::Authority(&ca), NOW)
            .map(drop);
        let read_back = checked.read_back(Issuer::Authority(&ca), NOW);
        assert_eq!(format!("{rehearsed:?}"), format!("{read_back:?}"));
        rehearsed
    };
    assert!(rehearse(sound.clone()).is_ok());
    let other = Tbs {
        profile: Profile::code_signing().into(),
        ..sound.clone()
    };
    assert!(matches!(
        rehearse(other),
        Err(X509Error::Rule {
            rule: "extended-key-usage",
            ..
        })
    ));
    // An extension unknown to the second decoder.
    let mut tbs = TbsCertificate::from_der(&sound.der).unwrap();
    tbs.extensions.as_mut().unwrap().push(Extension {
        extn_id: const_oid::ObjectIdentifier::new_unwrap("1.2.3"),
        critical: false,
        extn_value: OctetString::new([5, 0]).unwrap(),
    });
    let unknown = Tbs {
        der: tbs.to_der().unwrap(),
        ..sound
    };
    assert!(matches!(
        rehearse(unknown),
        Err(X509Error::Rule {
            rule: "read-back",
            ..
        })
    ));
    // An extension that only this program knows.
    issue(&Profile::ocsp_signer(), &request, &ca, &ca_key);
}

#[test]
fn a_placeholder_is_read_back_under_every_kind_of_key() {
    for kind in KINDS {
        let key = SoftwareKey::of(kind);
        let subject = Name::from_rfc4514("CN=Root").unwrap();
        let (serial, validity) = (SerialNumber::from_octets([1; 20]), Validity::days_from(NOW, 30));
        let signature = kind.default_signature();
        let plan = Tbs::self_signed(
            Profile::root(),
            key.public_key(),
            &subject,
            &serial,
            validity,
            signature,
        );
        let checked = plan.unwrap().check(Issuer::Itself, NOW).unwrap();
        checked.read_back(Issuer::Itself, NOW).unwrap();
    }
}
