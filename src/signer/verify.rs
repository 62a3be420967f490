//! Verification in software, for each kind of key and signature algorithm.

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{self as lc, RsaPssSaltLength, VerificationAlgorithm};

use super::{
    BadSignature, Curve, Hash, KeyAlgorithm, MlDsaParameterSet, Pss, PublicKey, SignatureAlgorithm,
    rsa_sha224,
};

impl PublicKey {
    /// Verifies `signature` over `message` in software, without the token.
    ///
    /// # Errors
    /// [`BadSignature`], also if the key does not use this algorithm.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let verified = match (self.algorithm(), algorithm) {
            (KeyAlgorithm::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(hash)) => {
                self.verify_pkcs1(hash, message, signature)
            }
            (KeyAlgorithm::Rsa { .. }, SignatureAlgorithm::RsaPss(pss)) => {
                self.verify_pss(pss, message, signature)
            }
            (KeyAlgorithm::RsaPss { only, .. }, SignatureAlgorithm::RsaPss(pss))
                if only.is_none_or(|only| only.permits(pss)) =>
            {
                self.verify_pss(pss, message, signature)
            }
            (KeyAlgorithm::Ec(curve), SignatureAlgorithm::Ecdsa(hash)) => {
                self.verify_ecdsa(curve, hash, message, signature)
            }
            (KeyAlgorithm::Ed25519, SignatureAlgorithm::Ed25519) => {
                lc::ED25519.verify_sig(self.subject_public_key(), message, signature)
            }
            (KeyAlgorithm::MlDsa(key), SignatureAlgorithm::MlDsa(parameters)) if key == parameters => {
                let algorithm = match key {
                    MlDsaParameterSet::MlDsa44 => &lc::ML_DSA_44,
                    MlDsaParameterSet::MlDsa65 => &lc::ML_DSA_65,
                    MlDsaParameterSet::MlDsa87 => &lc::ML_DSA_87,
                };
                // With an empty context, which AWS-LC uses without documenting it.
                algorithm.verify_sig(self.subject_public_key(), message, signature)
            }
            _ => Err(Unspecified),
        };
        verified.map_err(|Unspecified| BadSignature)
    }

    fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        let algorithm = match hash {
            Hash::Sha224 => return rsa_sha224::verify_pkcs1(self, message, signature).ok_or(Unspecified),
            Hash::Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
        };
        algorithm.verify_sig(self.subject_public_key(), message, signature)
    }

    fn verify_pss(&self, pss: Pss, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        let algorithm = match pss.hash {
            Hash::Sha224 => {
                return rsa_sha224::verify_pss(self, pss.salt_bytes, message, signature).ok_or(Unspecified);
            }
            Hash::Sha256 => lc::RSA_PSS_2048_8192_SHA256,
            Hash::Sha384 => lc::RSA_PSS_2048_8192_SHA384,
            Hash::Sha512 => lc::RSA_PSS_2048_8192_SHA512,
        };
        algorithm
            .with_pss_salt_length(RsaPssSaltLength::Custom(pss.salt_bytes))
            .verify_sig(self.subject_public_key(), message, signature)
    }

    fn verify_ecdsa(
        &self,
        curve: Curve,
        hash: Hash,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        let algorithm = match (curve, hash) {
            (Curve::P256, Hash::Sha224) => {
                return self.verify_ecdsa_sha224(&lc::ECDSA_P256_SHA256_ASN1, &SHA256, message, signature);
            }
            (Curve::P384, Hash::Sha224) => {
                return self.verify_ecdsa_sha224(&lc::ECDSA_P384_SHA384_ASN1, &SHA384, message, signature);
            }
            (Curve::P256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
            (Curve::P256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
            (Curve::P256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
            (Curve::P384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
            (Curve::P384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
            (Curve::P384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
            (Curve::P521, Hash::Sha224) => &lc::ECDSA_P521_SHA224_ASN1,
            (Curve::P521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
            (Curve::P521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
            (Curve::P521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
            (Curve::Secp256k1, Hash::Sha256) => &lc::ECDSA_P256K1_SHA256_ASN1,
            (Curve::Secp256k1, _) => return Err(Unspecified),
        };
        algorithm.verify_sig(self.subject_public_key(), message, signature)
    }

    /// AWS-LC's interface supports SHA-224 only with P-521. ECDSA treats the digest as a number (FIPS 186-5 section 6.4.2, step 2), here shorter
    /// than the curve's order. So leading zeros, up to the length of the hash `longer`, change nothing.
    fn verify_ecdsa_sha224(
        &self,
        algorithm: &dyn VerificationAlgorithm,
        longer: &'static Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unspecified> {
        let digest = Hash::Sha224.digest(message);
        let mut number = vec![0; longer.output_len().saturating_sub(digest.len())];
        number.extend(digest);
        let number = Digest::import_less_safe(&number, longer)?;
        algorithm.verify_digest_sig(self.subject_public_key(), &number, signature)
    }
}

#[cfg(test)]
mod tests;
