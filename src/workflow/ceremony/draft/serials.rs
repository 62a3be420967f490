//! The serial numbers of a draft, and of a new plan.

use std::cell::RefCell;

use crate::signer::RandomSource;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::objects::SerialSource;
use crate::x509::SerialNumber;

/// Serial numbers, and the spare ones, for a draft and for a new plan.
pub(in crate::workflow::ceremony) trait PlanSerials: SerialSource {
    /// The one for the case that a signature is lost.
    fn spare(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError>;
}

/// Drawn when they are needed. Each is as long as the others: a spare one takes the place of the first.
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
        /// RFC 5280 section 4.1.2.2: at most this many.
        const OCTETS: usize = 20;
        loop {
            let serial = SerialNumber::random(self.random)?;
            let mut drawn = self.drawn.borrow_mut();
            // One of 128 is shorter, or has an octet for its sign, which its text does not have. A source that repeats itself would be found by the second number, and not by an endless loop.
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

    /// Numbers that begin with these two octets, one after the other.
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
