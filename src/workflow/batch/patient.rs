//! Waits for a token that is busy.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::signer::{PublicKey, SignError, SignatureAlgorithm, Signer};

/// The first wait. Each next one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(160);

/// How long one signature waits. A token that is busy for longer does not work: a CloudHSM cluster with a single HSM gives the same answer.
const ALL_WAITS: Duration = Duration::from_secs(10);

/// A signer that waits while its token is busy, and then asks for the same signature again.
///
/// The token's answer is that it has not signed. If it signed all the same, nothing is lost: the second signature is over the same bytes, so it
/// belongs to the same certificate, with the serial number that the ledger has as begun. Any other error is final.
pub(super) struct Patient<'a> {
    signer: Box<dyn Signer + 'a>,
    stop: &'a AtomicBool,
    busy: &'a AtomicUsize,
}

impl<'a> Patient<'a> {
    /// It counts the waits in `busy`, and ends them when `stop` is set.
    pub(super) const fn new(
        signer: Box<dyn Signer + 'a>,
        stop: &'a AtomicBool,
        busy: &'a AtomicUsize,
    ) -> Self {
        Self { signer, stop, busy }
    }
}

impl Signer for Patient<'_> {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let (start, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let error = match self.signer.sign(algorithm, message) {
                Err(error) if self.signer.was_busy(&error) => error,
                answer => return answer,
            };
            if start.elapsed() + wait > ALL_WAITS || self.stop.load(Ordering::SeqCst) {
                return Err(error);
            }
            self.busy.fetch_add(1, Ordering::Relaxed);
            thread::sleep(wait);
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::fixture::SoftwareKey;

    /// Fails a number of times before it signs.
    struct Failing {
        key: SoftwareKey,
        left: AtomicUsize,
        is_busy: bool,
    }

    impl Signer for Failing {
        fn public_key(&self) -> &PublicKey {
            self.key.public_key()
        }

        fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
            let left = |left: usize| left.checked_sub(1);
            match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
                Ok(_) => Err(SignError::new(std::io::Error::other("CKR_FUNCTION_FAILED"))),
                Err(_) => self.key.sign(algorithm, message),
            }
        }

        fn was_busy(&self, _: &SignError) -> bool {
            self.is_busy
        }
    }

    #[test]
    fn a_busy_token_is_asked_again_and_a_failing_one_is_not() {
        for (is_busy, is_stopped, signs, waits) in [
            (true, false, true, 3),
            (true, true, false, 0),
            (false, false, false, 0),
        ] {
            let (stop, busy) = (AtomicBool::new(is_stopped), AtomicUsize::new(0));
            let signer = Failing {
                key: SoftwareKey::generate(),
                left: AtomicUsize::new(3),
                is_busy,
            };
            let key = signer.public_key().clone();
            let algorithm = key.algorithm().default_signature();
            let signed = Patient::new(Box::new(signer), &stop, &busy).sign(algorithm, b"text");
            assert_eq!(signed.is_ok(), signs, "{is_busy} {is_stopped}");
            assert_eq!(busy.into_inner(), waits);
            if let Ok(signature) = signed {
                key.verify(algorithm, b"text", &signature).unwrap();
            }
        }
    }
}
