//! Checks the future certificate before the token signs: with a placeholder for its signature, or signed by a throwaway key for a linter that
//! verifies signatures.

mod multi_prime;

use aws_lc_rs::digest::{Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING,
    ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair,
};

use self::multi_prime::MultiPrimeKey;
use super::signed::{Signed, longest_signature};
use super::{Certificate, Checked, Issuer, UnixTime, X509Error, pem, reread, rules};
use crate::output::encode_pem;
use crate::signer::{Curve, KeyAlgorithm, MlDsaParameterSet, PublicKey, SignatureAlgorithm};

/// A key of the issuer's kind, made for one job and never kept. It is not a [`Signer`](crate::signer::Signer): nothing that it signs can become
/// an [`Issued`](super::Issued).
#[derive(Debug)]
pub struct ThrowawayKey(Pair);

#[derive(Debug)]
enum Pair {
    Rsa(MultiPrimeKey),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(MlDsaParameterSet, PqdsaKeyPair),
}

/// A planned certificate, signed by a throwaway key, for programs that check it. It cannot be written as a result.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    certificate: Certificate,
}

impl Rehearsal {
    /// The certificate, for code that only checks it. The issuer's key did not sign it.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The PEM text for a linter.
    #[must_use]
    pub fn pem(&self) -> String {
        encode_pem(pem::CERTIFICATE, self.certificate.der())
    }
}

impl ThrowawayKey {
    /// A key of the same kind as `issuer`, so that the signature has the same form and length.
    ///
    /// # Errors
    /// [`X509Error::Throwaway`] if the system has no random numbers.
    pub fn like(issuer: &PublicKey) -> Result<Self, X509Error> {
        Self::of(issuer.algorithm())
    }

    /// A key of this kind.
    ///
    /// # Errors
    /// [`X509Error::Throwaway`] if the system has no random numbers.
    pub fn of(kind: KeyAlgorithm) -> Result<Self, X509Error> {
        let pair = match kind {
            KeyAlgorithm::Rsa { bits } | KeyAlgorithm::RsaPss { bits, .. } => {
                MultiPrimeKey::generate(bits).map(Pair::Rsa)
            }
            KeyAlgorithm::Ec(curve) => EcdsaKeyPair::generate(match curve {
                Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
                Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
                Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
            })
            .map(|pair| Pair::Ec(curve, pair)),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
            KeyAlgorithm::MlDsa(parameters) => PqdsaKeyPair::generate(match parameters {
                MlDsaParameterSet::MlDsa44 => &ML_DSA_44_SIGNING,
                MlDsaParameterSet::MlDsa65 => &ML_DSA_65_SIGNING,
                MlDsaParameterSet::MlDsa87 => &ML_DSA_87_SIGNING,
            })
            .map(|pair| Pair::MlDsa(parameters, pair)),
        };
        pair.map(Self).map_err(|Unspecified| X509Error::Throwaway)
    }

    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match (&self.0, algorithm) {
            (Pair::Rsa(pair), algorithm) => pair.sign(algorithm, message),
            (Pair::Ec(curve, pair), SignatureAlgorithm::Ecdsa(hash)) => {
                let digest = leftmost(&hash.digest(message), *curve)?;
                Ok(pair.sign_digest(&digest)?.as_ref().to_vec())
            }
            (Pair::Ed25519(pair), SignatureAlgorithm::Ed25519) => Ok(pair.sign(message).as_ref().to_vec()),
            (Pair::MlDsa(parameters, pair), SignatureAlgorithm::MlDsa(wanted)) if *parameters == wanted => {
                let mut signature = vec![0; parameters.signature_bytes()];
                pair.sign(message, &mut signature)?;
                Ok(signature)
            }
            _ => Err(Unspecified),
        }
    }
}

/// FIPS 186-5 section 6.4.1, step 2: if a digest is longer than the curve's order, its leftmost bits count. AWS-LC's interface pairs each curve
/// with the hash of its own length, so these bits are passed as such a digest.
fn leftmost(digest: &[u8], curve: Curve) -> Result<Digest, Unspecified> {
    let algorithm = match curve {
        Curve::P256 | Curve::Secp256k1 => &SHA256,
        Curve::P384 => &SHA384,
        Curve::P521 => &SHA512,
    };
    let leftmost = digest.get(..algorithm.output_len()).ok_or(Unspecified)?;
    Digest::import_less_safe(leftmost, algorithm)
}

impl Checked {
    /// Reads the certificate back with both decoders, with zeros in place of the signature. Checks the second decoder's result against the rules
    /// again. Makes no key: AWS-LC's first random number costs more than the rest of a signature.
    ///
    /// # Errors
    /// [`X509Error`]: the broken rule.
    pub fn read_back(&self, issuer: Issuer<'_>, now: UnixTime) -> Result<(), X509Error> {
        self.decode_again()?;
        self.tbs.clone().check(issuer, now).map(drop)
    }

    /// [`read_back`](Self::read_back) without the rules, for a certificate that was just checked. Both decoders must find the very bytes that
    /// passed the rules.
    ///
    /// # Errors
    /// [`X509Error`]: the rule `read-back`, or a decoder cannot read it.
    pub fn decode_again(&self) -> Result<(), X509Error> {
        let placeholder = vec![0; longest_signature(self.tbs.issuer_key.algorithm())];
        self.decode_with(&placeholder).map(drop)
    }

    /// [`read_back`](Self::read_back) with a valid signature by a throwaway key, for a linter.
    ///
    /// # Errors
    /// [`X509Error`]: the broken rule; [`X509Error::Throwaway`] if the key did not sign.
    pub fn rehearse(
        &self,
        key: &ThrowawayKey,
        issuer: Issuer<'_>,
        now: UnixTime,
    ) -> Result<Rehearsal, X509Error> {
        let Self { tbs, .. } = self;
        let signature = key
            .sign(tbs.signature, &tbs.der)
            .map_err(|Unspecified| X509Error::Throwaway)?;
        let certificate = self.decode_with(&signature)?;
        tbs.clone().check(issuer, now)?;
        Ok(Rehearsal { certificate })
    }

    fn decode_with(&self, signature: &[u8]) -> Result<Certificate, X509Error> {
        let Self { tbs, .. } = self;
        let der = Signed::assemble(&tbs.der, tbs.signature, signature)?.to_der()?;
        let certificate = Certificate::from_der(&der)?;
        let pem = encode_pem(pem::CERTIFICATE, &der);
        if let Err(found) = reread::compare(pem.as_bytes(), &certificate) {
            return Err(X509Error::broken(rules::READ_BACK, found));
        }
        match reread::tbs_of(&der).is_some_and(|read| read == tbs.der) {
            true => Ok(certificate),
            false => Err(X509Error::broken(
                rules::READ_BACK,
                "the bytes read back are not the planned ones",
            )),
        }
    }
}

impl ThrowawayKey {
    /// Its public half.
    ///
    /// # Errors
    /// [`X509Error::Throwaway`] for a key that X.509 cannot express, which AWS-LC does not make.
    pub fn public_key(&self) -> Result<PublicKey, X509Error> {
        let key = match &self.0 {
            Pair::Rsa(pair) => PublicKey::from_rsa(&pair.modulus(), &[1, 0, 1]),
            Pair::Ec(curve, pair) => PublicKey::from_ec_point(*curve, pair.public_key().as_ref()),
            Pair::Ed25519(pair) => PublicKey::from_ed25519(pair.public_key().as_ref()),
            Pair::MlDsa(parameters, pair) => PublicKey::from_ml_dsa(*parameters, pair.public_key().as_ref()),
        };
        key.map_err(|_| X509Error::Throwaway)
    }
}

#[cfg(test)]
mod tests;
