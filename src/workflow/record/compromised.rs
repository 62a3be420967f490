//! Keys that a revocation in this ledger reports as compromised. No certificate or request is signed for such a key again.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{CompromisedKey, Digest, EntryId, Ledger, LedgerError};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::x509::{Certificate, X509Error, rules};

/// The exponent that stands for every exponent.
const F4: [u8; 3] = [1, 0, 1];

/// The digest that identifies a key: the private key of an RSA modulus works for every exponent, and for RSASSA-PSS too.
pub(in super::super) fn remembered_by(key: &PublicKey) -> Digest {
    let rsa = key
        .rsa_integers()
        .and_then(|(modulus, _)| PublicKey::from_rsa(modulus, &F4).ok());
    Digest::of(rsa.as_ref().unwrap_or(key).der())
}

impl Recorder {
    /// Every key that a revocation for keyCompromise or cACompromise covers, with its entry. Any CA of this ledger may have revoked it. A key is
    /// identified as in [`remembered_by`].
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(in super::super) fn compromised_keys(&self) -> Result<HashMap<Digest, EntryId>, WorkflowError> {
        let mut keys = HashMap::new();
        self.ledger().compromised(&mut |revoked| {
            if let Some(key) = key_of(&revoked) {
                keys.insert(key, revoked.entry);
            }
            ControlFlow::Continue(())
        })?;
        Ok(keys)
    }

    /// The refusal of a key that this entry marks as compromised.
    pub(in super::super) fn compromised_by(entry: EntryId) -> X509Error {
        let found = format!(
            "the private key of this public key is recorded as compromised: entry {entry} of the ledger was revoked for that reason"
        );
        X509Error::broken(rules::COMPROMISED_KEY, found)
    }
}

/// The key that was revoked. `None` if the certificate cannot be read here: no readable request can have its key.
fn key_of(revoked: &CompromisedKey) -> Option<Digest> {
    let of_certificate = || {
        let certificate = Certificate::from_der(&revoked.certificate.as_ref()?.0).ok()?;
        Some(remembered_by(&certificate.public_key().ok()?))
    };
    revoked.key_sha256.or_else(of_certificate)
}

/// The entry that was revoked because this key is compromised.
pub(in super::super) fn find_compromised(
    ledger: &dyn Ledger,
    key: &PublicKey,
) -> Result<Option<EntryId>, LedgerError> {
    let wanted = remembered_by(key);
    let mut found = None;
    ledger.compromised(&mut |revoked| {
        if key_of(&revoked) == Some(wanted) {
            found = Some(revoked.entry);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_modulus_is_one_key_whatever_the_exponent() {
        let modulus = [0xff; 256];
        let key = |exponent: &[u8]| PublicKey::from_rsa(&modulus, exponent).unwrap();
        assert_eq!(remembered_by(&key(&[3])), remembered_by(&key(&F4)));
        assert_eq!(remembered_by(&key(&F4)), Digest::of(key(&F4).der()));
        let other = PublicKey::from_rsa(&[0xfd; 256], &F4).unwrap();
        assert_ne!(remembered_by(&key(&F4)), remembered_by(&other));
        let point = [&[4][..], &[7; 64]].concat();
        let curve = PublicKey::from_ec_point(crate::signer::Curve::P256, &point).unwrap();
        assert_eq!(remembered_by(&curve), Digest::of(curve.der()));
    }
}
