//! The validity of a certificate (RFC 5280 section 4.1.2.5), and the choice of one.

use super::{Period, UnixTime, X509Error};

/// First and last second of validity, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`
    pub not_before: UnixTime,
    /// `notAfter`
    pub not_after: UnixTime,
}

impl Validity {
    /// From `start`, for exactly `days` days of 24 hours: RFC 5280 section 4.1.2.5 defines the period "from notBefore through notAfter, inclusive".
    #[must_use]
    pub const fn days_from(start: UnixTime, days: u32) -> Self {
        Self {
            not_before: start,
            not_after: start.plus_days(days).before(),
        }
    }

    /// From `start`, for as long as `period`.
    ///
    /// # Errors
    /// [`X509Error::Calendar`]
    pub fn lasting(start: UnixTime, period: Period) -> Result<Self, X509Error> {
        Ok(Self {
            not_before: start,
            not_after: period.after(start)?.before(),
        })
    }

    /// Its length in seconds, including the first and the last.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.not_after
            .0
            .saturating_sub(self.not_before.0)
            .saturating_add(1)
    }

    /// True if `time` lies inside.
    #[must_use]
    pub fn covers(&self, time: UnixTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// Days until the end, rounded up: on the day of issue all of them, and zero or less when it is over.
    #[must_use]
    pub fn days_left(&self, now: UnixTime) -> i64 {
        now.days_left_until(self.not_after.next())
    }
}

/// The requested validity. Missing parts are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedValidity {
    /// Its first second; the time of issue if `None`.
    pub not_before: Option<UnixTime>,
    /// Its end; the profile's days if `None`.
    pub end: Option<ValidityEnd>,
}

/// The form in which the end of a validity is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidityEnd {
    /// So long after its first second.
    After(Period),
    /// Its last second.
    At(UnixTime),
}

impl AskedValidity {
    /// The validity of a certificate that is issued `now`. A requested end is kept; `default_days` are shortened to `ends`, those of the issuer and
    /// of anything else that must not be outlived.
    ///
    /// # Errors
    /// [`X509Error::Calendar`], [`X509Error::EndsBeforeItBegins`], [`X509Error::OverWhenIssued`]
    pub fn choose(self, default_days: u32, ends: &[UnixTime], now: UnixTime) -> Result<Validity, X509Error> {
        let not_before = self.not_before.unwrap_or(now);
        let validity = match self.end {
            Some(ValidityEnd::At(not_after)) => Validity {
                not_before,
                not_after,
            },
            Some(ValidityEnd::After(period)) => Validity::lasting(not_before, period)?,
            None => {
                let default = Validity::days_from(not_before, default_days);
                Validity {
                    not_after: ends.iter().copied().fold(default.not_after, Ord::min),
                    ..default
                }
            }
        };
        if !validity.not_before.is_in_calendar() || !validity.not_after.is_in_calendar() {
            return Err(X509Error::Calendar);
        }
        if validity.not_after < now {
            return Err(X509Error::OverWhenIssued {
                not_after: validity.not_after,
                now,
            });
        }
        if validity.not_after < validity.not_before {
            return Err(X509Error::EndsBeforeItBegins { validity });
        }
        Ok(validity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn asked(not_before: Option<u64>, end: Option<ValidityEnd>) -> AskedValidity {
        AskedValidity {
            not_before: not_before.map(UnixTime),
            end,
        }
    }

    #[test]
    fn the_last_second_is_counted_in_every_form_of_the_end() {
        let days = |count| Some(ValidityEnd::After(Period::Days(count)));
        for (end, default_days) in [(days(365), 1), (None, 365)] {
            let validity = asked(None, end).choose(default_days, &[], NOW).unwrap();
            assert_eq!(validity.not_before, NOW);
            assert_eq!(validity.not_after, UnixTime(NOW.0 + 365 * DAY - 1));
            assert_eq!(validity.seconds(), 365 * DAY);
        }
        assert_eq!(
            Validity::days_from(NOW, 365),
            Validity::lasting(NOW, Period::Days(365)).unwrap()
        );
        let year = Validity::lasting("2028-01-01".parse().unwrap(), Period::Years(1)).unwrap();
        assert_eq!(year.not_after.to_string(), "2028-12-31T23:59:59Z");
        assert_eq!(year.seconds(), 366 * DAY);
    }

    #[test]
    fn all_days_are_left_on_the_day_of_issue_and_none_at_the_end() {
        let validity = Validity::days_from(NOW, 365);
        for (after, left) in [
            (0, 365),
            (1, 365),
            (DAY - 1, 365),
            (DAY, 364),
            (364 * DAY, 1),
            (365 * DAY - 1, 1),
            (365 * DAY, 0),
            (366 * DAY - 1, 0),
            (366 * DAY, -1),
        ] {
            let now = UnixTime(NOW.0 + after);
            assert_eq!(validity.days_left(now), left, "{after}");
            assert_eq!(validity.covers(now), left > 0, "{after}");
        }
    }

    #[test]
    fn a_default_is_shortened_to_the_ends_of_others_and_a_requested_end_is_not() {
        let (near, far) = (UnixTime(NOW.0 + 10 * DAY), UnixTime(NOW.0 + 20 * DAY));
        let end = |asked: AskedValidity| asked.choose(365, &[far, near], NOW).unwrap().not_after;
        assert_eq!(end(asked(None, None)), near);
        assert_eq!(
            end(asked(None, Some(ValidityEnd::After(Period::Days(30))))),
            UnixTime(NOW.0 + 30 * DAY - 1)
        );
        assert_eq!(end(asked(None, Some(ValidityEnd::At(far)))), far);
        // The calendar ends first, but the CA's end is still found.
        let late = UnixTime(253_402_300_799 - 10);
        let validity = asked(Some(late.0), None)
            .choose(365, &[UnixTime(late.0 + 5)], NOW)
            .unwrap();
        assert_eq!(validity.not_after, UnixTime(late.0 + 5));
    }

    #[test]
    fn an_end_before_the_beginning_or_before_now_is_refused() {
        let at = |end: u64| Some(ValidityEnd::At(UnixTime(end)));
        let choose = |asked: AskedValidity| asked.choose(365, &[], NOW);
        assert!(
            choose(asked(Some(NOW.0 + 5), at(NOW.0 + 5))).is_ok(),
            "one second"
        );
        assert!(matches!(
            choose(asked(Some(NOW.0 + 5), at(NOW.0 + 4))),
            Err(X509Error::EndsBeforeItBegins { .. })
        ));
        assert!(
            choose(asked(Some(0), at(NOW.0))).is_ok(),
            "the last second is now"
        );
        assert!(matches!(
            choose(asked(Some(0), at(NOW.0 - 1))),
            Err(X509Error::OverWhenIssued { .. })
        ));
        assert!(matches!(
            choose(asked(Some(0), Some(ValidityEnd::After(Period::Years(1))))),
            Err(X509Error::OverWhenIssued { .. })
        ));
        // It begins after its CA has ended.
        let ends = [UnixTime(NOW.0 + DAY)];
        assert!(matches!(
            asked(Some(NOW.0 + 2 * DAY), None).choose(365, &ends, NOW),
            Err(X509Error::EndsBeforeItBegins { .. })
        ));
    }

    #[test]
    fn a_validity_beyond_the_calendar_is_refused() {
        let last = 253_402_300_799;
        let choose = |asked: AskedValidity| asked.choose(365, &[], NOW);
        assert!(choose(asked(None, Some(ValidityEnd::At(UnixTime(last))))).is_ok());
        for wrong in [
            asked(None, Some(ValidityEnd::At(UnixTime(last + 1)))),
            asked(None, Some(ValidityEnd::After(Period::Years(7974)))),
            asked(None, Some(ValidityEnd::After(Period::Days(u32::MAX)))),
            asked(Some(last), None),
            asked(Some(u64::MAX), None),
        ] {
            assert!(matches!(choose(wrong), Err(X509Error::Calendar)), "{wrong:?}");
        }
    }
}
