//! `AlgorithmIdentifier` of signatures (RFC 5280 section 4.1.1.2).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    DSA_WITH_SHA_1, ECDSA_WITH_SHA_224, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512,
    ID_RSASSA_PSS, MD_5_WITH_RSA_ENCRYPTION, SHA_1_WITH_RSA_ENCRYPTION, SHA_224_WITH_RSA_ENCRYPTION,
    SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{Any, Null};
use spki::AlgorithmIdentifierOwned;

use super::X509Error;
use crate::signer::{Hash, MlDsaParameterSet, Pss, PssError, SignatureAlgorithm};

/// Those that their object identifier describes completely.
const KNOWN: [SignatureAlgorithm; 12] = [
    SignatureAlgorithm::RsaPkcs1(Hash::Sha224),
    SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
    SignatureAlgorithm::RsaPkcs1(Hash::Sha384),
    SignatureAlgorithm::RsaPkcs1(Hash::Sha512),
    SignatureAlgorithm::Ecdsa(Hash::Sha224),
    SignatureAlgorithm::Ecdsa(Hash::Sha256),
    SignatureAlgorithm::Ecdsa(Hash::Sha384),
    SignatureAlgorithm::Ecdsa(Hash::Sha512),
    SignatureAlgorithm::Ed25519,
    SignatureAlgorithm::MlDsa(MlDsaParameterSet::MlDsa44),
    SignatureAlgorithm::MlDsa(MlDsaParameterSet::MlDsa65),
    SignatureAlgorithm::MlDsa(MlDsaParameterSet::MlDsa87),
];

const fn oid_of(algorithm: SignatureAlgorithm) -> ObjectIdentifier {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(Hash::Sha224) => SHA_224_WITH_RSA_ENCRYPTION,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha256) => SHA_256_WITH_RSA_ENCRYPTION,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha384) => SHA_384_WITH_RSA_ENCRYPTION,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha512) => SHA_512_WITH_RSA_ENCRYPTION,
        SignatureAlgorithm::RsaPss(_) => ID_RSASSA_PSS,
        SignatureAlgorithm::Ecdsa(Hash::Sha224) => ECDSA_WITH_SHA_224,
        SignatureAlgorithm::Ecdsa(Hash::Sha256) => ECDSA_WITH_SHA_256,
        SignatureAlgorithm::Ecdsa(Hash::Sha384) => ECDSA_WITH_SHA_384,
        SignatureAlgorithm::Ecdsa(Hash::Sha512) => ECDSA_WITH_SHA_512,
        // RFC 8410 section 6: the key and the signature have the same identifier.
        SignatureAlgorithm::Ed25519 => ID_ED_25519,
        SignatureAlgorithm::MlDsa(parameters) => parameters.oid(),
    }
}

/// RFC 3279 section 2.2.3.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

const WEAK: [(&str, ObjectIdentifier); 4] = [
    ("MD5 (md5WithRSAEncryption)", MD_5_WITH_RSA_ENCRYPTION),
    ("SHA-1 (sha1WithRSAEncryption)", SHA_1_WITH_RSA_ENCRYPTION),
    ("SHA-1 (ecdsa-with-SHA1)", ECDSA_WITH_SHA_1),
    ("SHA-1 (dsa-with-SHA1)", DSA_WITH_SHA_1),
];

/// Parameters: NULL for PKCS#1 v1.5 (RFC 4055 section 5), RSASSA-PSS-params for PSS (section 3.1), absent for ECDSA (RFC 5758
/// section 3.2), Ed25519 (RFC 8410 section 3) and ML-DSA (RFC 9881 section 2).
pub(super) fn identifier(algorithm: SignatureAlgorithm) -> Result<AlgorithmIdentifierOwned, X509Error> {
    let parameters = match algorithm {
        SignatureAlgorithm::RsaPkcs1(_) => Some(Any::from(Null)),
        SignatureAlgorithm::RsaPss(pss) => Some(
            pss.to_any()
                .map_err(X509Error::malformed("signature algorithm"))?,
        ),
        SignatureAlgorithm::Ecdsa(_) | SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_) => None,
    };
    Ok(AlgorithmIdentifierOwned {
        oid: oid_of(algorithm),
        parameters,
    })
}

/// The algorithm of a signature on a `what`.
pub(super) fn recognise(
    identifier: &AlgorithmIdentifierOwned,
    what: &'static str,
) -> Result<SignatureAlgorithm, X509Error> {
    if let Some((name, _)) = WEAK.into_iter().find(|(_, oid)| *oid == identifier.oid) {
        return Err(X509Error::WeakSignature {
            what,
            algorithm: name,
        });
    }
    if identifier.oid == ID_RSASSA_PSS {
        return recognise_pss(identifier.parameters.as_ref(), what).map(SignatureAlgorithm::RsaPss);
    }
    let known = KNOWN
        .into_iter()
        .find(|algorithm| oid_of(*algorithm) == identifier.oid);
    let Some(algorithm) = known else {
        return Err(X509Error::UnknownSignature {
            what,
            oid: identifier.oid.to_string(),
        });
    };
    let fits = match (algorithm, &identifier.parameters) {
        // RFC 4055 section 5: "implementations MUST accept the parameters being absent as well as present" (as NULL).
        (SignatureAlgorithm::RsaPkcs1(_), Some(parameters)) => *parameters == Any::from(Null),
        // RFC 5758 section 3.2: "the encoding MUST omit the parameters field"; RFC 8410 section 3 and RFC 9881 section 2 likewise.
        (_, Some(_)) => false,
        (_, None) => true,
    };
    if !fits {
        return Err(X509Error::Malformed {
            what,
            reason: format!("{algorithm} with parameters it does not have"),
        });
    }
    Ok(algorithm)
}

/// RFC 4055 section 3.1: in a signature's identifier the parameters "MUST be present".
fn recognise_pss(parameters: Option<&Any>, what: &'static str) -> Result<Pss, X509Error> {
    let Some(parameters) = parameters else {
        return Err(X509Error::SignatureParameters {
            what,
            reason: "RSASSA-PSS without parameters",
        });
    };
    Pss::from_any(parameters).map_err(|error| match error {
        PssError::WeakHash { algorithm } => X509Error::WeakSignature { what, algorithm },
        PssError::Parameters { reason } => X509Error::SignatureParameters { what, reason },
    })
}

/// The name to show for any signature algorithm, known or not.
pub(super) fn describe(identifier: &AlgorithmIdentifierOwned) -> String {
    match recognise(identifier, "") {
        Ok(algorithm) => algorithm.to_string(),
        Err(X509Error::WeakSignature { algorithm, .. }) => algorithm.to_owned(),
        Err(_) => super::name::describe_oid(identifier.oid),
    }
}
