//! What the properties issue with: a CA with an Ed25519 software key, which is fast and deterministic, and a stranger's request.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use hsm_ca::output::{Encoding, Verified};
use hsm_ca::signer::{PublicKey, RandomSource, SignError, SignatureAlgorithm, Signer};
use hsm_ca::x509::{
    Certificate, CertificationRequest, Issuer, Name, Profile, RULES, Rehearsal, SerialNumber, Tbs,
    ThrowawayKey, UnixTime, Validity, VerifiedRequest, X509Error, verify_chain,
};
use x509_parser::parse_x509_certificate;

use super::pieces::element;
use super::shown::{printable, printable_extensions};

/// 2026-11-22T00:00:00Z
pub(super) const NOW: UnixTime = UnixTime(1_795_305_600);

/// A key in software.
pub(super) struct SoftwareKey {
    pair: Ed25519KeyPair,
    public_key: PublicKey,
}

impl SoftwareKey {
    fn of_seed(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any 32 bytes are a seed");
        let public_key = PublicKey::from_ed25519(pair.public_key().as_ref()).expect("it is 32 bytes");
        Self { pair, public_key }
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, _: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}

/// Random numbers in which all bytes are the same.
struct Constant;

impl RandomSource for Constant {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        buffer.fill(0x5a);
        Ok(())
    }
}

pub(super) static CA_KEY: LazyLock<SoftwareKey> = LazyLock::new(|| SoftwareKey::of_seed(1));
static STRANGERS_KEY: LazyLock<SoftwareKey> = LazyLock::new(|| SoftwareKey::of_seed(2));
static THROWAWAY: LazyLock<ThrowawayKey> =
    LazyLock::new(|| ThrowawayKey::like(CA_KEY.public_key()).expect("there are random numbers"));

/// The CA's certificate.
pub(super) static CA: LazyLock<Certificate> = LazyLock::new(|| {
    let root = Profile::named("root", true).expect("it is built in");
    issue_root(root).expect("a sound root")
});

pub(super) fn serial() -> SerialNumber {
    SerialNumber::random(&Constant).expect("it is not zero")
}

/// A stranger's request in DER, from the content of its subject and its encoded requested extensions.
pub(super) fn request(subject: &[u8], extensions: &[u8]) -> Vec<u8> {
    // RFC 2986 section 4.1: version, subject, subjectPKInfo, attributes [0]; RFC 2985 section 5.4.2: extensionRequest.
    const EXTENSION_REQUEST: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";
    const ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";
    let list = element(0x31, &element(0x30, extensions));
    let attribute = element(0x30, &[EXTENSION_REQUEST, &list].concat());
    let info = [
        &[2, 1, 0],
        &element(0x30, subject)[..],
        STRANGERS_KEY.public_key.der(),
        &element(0xa0, &attribute),
    ];
    let info = element(0x30, &info.concat());
    let signature = [&[0], STRANGERS_KEY.pair.sign(&info).as_ref()].concat();
    element(0x30, &[&info, ED25519, &element(3, &signature)].concat())
}

/// A request that is valid for every profile.
pub(super) fn sound_request() -> VerifiedRequest {
    // CN=www.example.com, and the same in subjectAltName.
    let subject = element(
        0x31,
        &element(0x30, b"\x06\x03\x55\x04\x03\x0c\x0fwww.example.com"),
    );
    let names = element(
        0x30,
        b"\x06\x03\x55\x1d\x11\x04\x13\x30\x11\x82\x0fwww.example.com",
    );
    let request = CertificationRequest::read(&request(&subject, &names)).expect("a sound request");
    request.verify().expect("it verifies")
}

/// Issues a root with this profile.
pub(super) fn issue_root(profile: Profile) -> Result<Certificate, X509Error> {
    let (subject, validity) = (
        Name::from_rfc4514("CN=Root")?,
        Validity::days_from(NOW, profile.default_days),
    );
    let signature = CA_KEY.public_key.algorithm().default_signature();
    let plan = Tbs::self_signed(
        profile,
        &CA_KEY.public_key,
        &subject,
        &serial(),
        validity,
        signature,
    )?;
    finish(plan, Issuer::Itself)
}

/// Issues a certificate for a request with this profile, under the CA.
pub(super) fn issue(profile: Profile, request: &VerifiedRequest) -> Result<Certificate, X509Error> {
    let validity = Validity::days_from(NOW, profile.default_days);
    let signature = CA_KEY.public_key.algorithm().default_signature();
    let plan = Tbs::for_request(profile, request, &CA, &serial(), validity, signature)?;
    finish(plan, Issuer::Authority(&CA))
}

/// Checks, rehearses and signs. The result encodes to the same bytes, the second decoder parses it, and it verifies up to its root.
fn finish(plan: Tbs, issuer: Issuer<'_>) -> Result<Certificate, X509Error> {
    let checked = plan.check(issuer, NOW)?;
    let _: Rehearsal = checked.rehearse(&THROWAWAY, issuer, NOW)?;
    let planned = checked.der().to_vec();
    let issued = checked.sign(&*CA_KEY)?;
    let certificate = issued.certificate();
    for encoding in [Encoding::Pem, Encoding::Der] {
        assert_eq!(issued.recheck(&issued.content(encoding)), Ok(()));
    }
    let (rest, read) = parse_x509_certificate(certificate.der()).expect("the second decoder parses it");
    assert!(rest.is_empty());
    assert_eq!(read.tbs_certificate.as_ref(), planned);
    let root = match issuer {
        Issuer::Itself => certificate.clone(),
        Issuer::Authority(authority) => authority.clone(),
    };
    let report = verify_chain(certificate, &[root], NOW);
    assert!(report.passed(), "{report:?}");
    printable(certificate.subject());
    printable_extensions(&certificate.describe_extensions());
    Ok(certificate.clone())
}

/// A refusal names its rule, or the extension that cannot be read.
pub(super) fn named(error: &X509Error) {
    match error {
        X509Error::Rule { rule, .. } => assert!(RULES.iter().any(|known| known.name == *rule), "{rule}"),
        X509Error::Malformed { what, .. } | X509Error::TrailingBytes { what, .. } => {
            assert!(
                ["subjectAltName", "extensionRequest", "extension"].contains(what),
                "{what}"
            );
        }
        other => panic!("no rule: {other:?}"),
    }
}
