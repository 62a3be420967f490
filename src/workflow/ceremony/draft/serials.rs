//! The serial numbers of a draft or a new plan.

use std::cell::RefCell;

use crate::signer::RandomSource;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::objects::SerialSource;
use crate::x509::SerialNumber;

/// Provides serial numbers and spare ones, for a draft or a new plan.
pub(in crate::workflow::ceremony) trait PlanSerials: SerialSource {
    /// The serial number to use if a signature is lost.
    fn spare(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError>;
}

/// Draws serial numbers when they are needed. All have the same length, because a spare one replaces the first in place.
pub(in crate::workflow::ceremony) struct DrawnSerials<'a> {
    random: &'a dyn RandomSource,
    drawn: RefCell<Vec<SerialNumber>>,
}

impl<'a> From<&'a dyn RandomSource> for DrawnSerials<'a> {
    fn from(random: &'a dyn RandomSource) -> Self {
        Self {
            random,
            drawn: RefCell::default(),
        }
    }
}

impl SerialSource for DrawnSerials<'_> {
    fn serial(&self, _: &str, _: &str) -> Result<SerialNumber, WorkflowError> {
        /// The maximum length (RFC 5280 section 4.1.2.2).
        const OCTETS: usize = 20;
        loop {
            let serial = SerialNumber::random(self.random)?;
            let mut drawn = self.drawn.borrow_mut();
            // One number in 128 is shorter or needs an octet for its sign, which its text does not contain; it is drawn again. A source that repeats
            // itself fails at the second number instead of looping forever.
            if drawn.contains(&serial) {
                return Err(CeremonyError::SameSerial.into());
            }
            drawn.push(serial.clone());
            if serial.octets().len() == OCTETS && serial.octets().first() != Some(&0) {
                return Ok(serial);
            }
        }
    }
}

impl PlanSerials for DrawnSerials<'_> {
    fn spare(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError> {
        self.serial(session, step)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::signer::SignError;

    /// Returns numbers that begin with these pairs of octets, one after the other.
    struct Beginning(AtomicUsize, &'static [[u8; 2]]);

    impl RandomSource for Beginning {
        fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
            let turn = self.0.fetch_add(1, Ordering::SeqCst);
            buffer.fill(7);
            buffer[..2].copy_from_slice(&self.1[turn]);
            Ok(())
        }
    }

    #[test]
    fn every_serial_number_has_twenty_octets_and_none_for_its_sign() {
        let random = Beginning(AtomicUsize::new(0), &[[0, 0x70], [0, 0x80], [0x80, 0xff], [1, 2]]);
        let source: &dyn RandomSource = &random;
        let serials = DrawnSerials::from(source);
        let serial = serials.serial("main", "root").unwrap();
        assert_eq!(random.0.load(Ordering::SeqCst), 4);
        assert_eq!(serial.to_string(), format!("0102{}", "07".repeat(18)));
        assert_eq!(hex::decode(serial.to_string()).unwrap(), serial.octets());
    }
}
