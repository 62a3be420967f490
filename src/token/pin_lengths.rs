//! The lengths of a PIN that a token takes.

use cryptoki_sys::{CK_ULONG, CK_UNAVAILABLE_INFORMATION};

use super::UnfitPin;
use crate::secret::Pin;

/// `ulMinPinLen` and `ulMaxPinLen` of `CK_TOKEN_INFO` (PKCS#11 v2.40 section 3.2), in bytes. `None` where the token sets no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinLengths {
    /// The fewest bytes.
    pub least: Option<u64>,
    /// The most bytes.
    pub most: Option<u64>,
}

impl PinLengths {
    /// 0 means no limit (for the upper one it is `CK_EFFECTIVELY_INFINITE` too), nor is `CK_UNAVAILABLE_INFORMATION`. Limits that no PIN
    /// can keep are a token's mistake: then the token decides by itself.
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
    fn a_limit_that_is_none_refuses_nothing() {
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
    fn both_limits_belong_to_what_is_taken() {
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
