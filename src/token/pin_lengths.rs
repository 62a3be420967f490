//! The lengths of a PIN that a token accepts.

use cryptoki_sys::{CK_ULONG, CK_UNAVAILABLE_INFORMATION};

use super::UnfitPin;
use crate::secret::Pin;

/// `ulMinPinLen` and `ulMaxPinLen` of `CK_TOKEN_INFO` (PKCS#11 v2.40 section 3.2), in bytes. `None` if the token sets no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinLengths {
    /// The minimum.
    pub least: Option<u64>,
    /// The maximum.
    pub most: Option<u64>,
}

impl PinLengths {
    /// 0 means no limit (for the maximum, so does `CK_EFFECTIVELY_INFINITE`), and so does `CK_UNAVAILABLE_INFORMATION`. Limits that no PIN can
    /// satisfy are a mistake of the token, which then decides by itself.
    pub(super) fn of(least: CK_ULONG, most: CK_ULONG) -> Self {
        let limit = |value: CK_ULONG| (value != 0 && value != CK_UNAVAILABLE_INFORMATION).then_some(value);
        match (limit(least), limit(most)) {
            (Some(least), Some(most)) if least > most => Self::default(),
            (least, most) => Self { least, most },
        }
    }

    /// Refuses a PIN that the token cannot have.
    pub(super) fn check(self, pin: &Pin) -> Result<(), UnfitPin> {
        self.check_length(pin.expose().len())
    }

    fn check_length(self, length: usize) -> Result<(), UnfitPin> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        match self {
            Self {
                least: Some(least), ..
            } if length < least => Err(UnfitPin::Short { least }),
            Self { most: Some(most), .. } if length > most => Err(UnfitPin::Long { most }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_limit_refuses_nothing() {
        const UNKNOWN: CK_ULONG = CK_UNAVAILABLE_INFORMATION;
        for (least, most) in [(0, 0), (UNKNOWN, UNKNOWN), (0, UNKNOWN), (UNKNOWN, 0), (9, 8)] {
            assert_eq!(
                PinLengths::of(least, most),
                PinLengths::default(),
                "{least} {most}"
            );
        }
        for length in [0, 1, 4096] {
            assert_eq!(PinLengths::default().check_length(length), Ok(()));
        }
    }

    #[test]
    fn both_limits_are_accepted_lengths() {
        let lengths = PinLengths::of(4, 8);
        for (length, expected) in [
            (3, Err(UnfitPin::Short { least: 4 })),
            (4, Ok(())),
            (8, Ok(())),
            (9, Err(UnfitPin::Long { most: 8 })),
        ] {
            assert_eq!(lengths.check_length(length), expected, "{length}");
        }
        assert_eq!(PinLengths::of(8, 8).check_length(8), Ok(()));
        assert_eq!(PinLengths::of(0, 8).check_length(0), Ok(()));
        assert_eq!(PinLengths::of(4, 0).check_length(4096), Ok(()));
    }
}
