//! Percentiles of times.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time that the histogram can hold, in nanoseconds: longer ones count as this.
const LONGEST: u64 = 600_000_000_000;

/// How long each of many took, with three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latencies {
    /// The shortest.
    pub min: Duration,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 90 of 100 took no longer.
    pub p90: Duration,
    /// 99 of 100.
    pub p99: Duration,
    /// 999 of 1000.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl Latencies {
    /// `None` without any time.
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut histogram = Histogram::<u64>::new_with_max(LONGEST, 3).ok()?;
        for time in times {
            histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(LONGEST));
        }
        if histogram.is_empty() {
            return None;
        }
        let at = |quantile| Duration::from_nanos(histogram.value_at_quantile(quantile));
        Some(Self {
            min: Duration::from_nanos(histogram.min()),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(histogram.max()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentiles_of_a_thousand_times() {
        assert_eq!(Latencies::of([]), None);
        let times = (1..=1000).rev().map(Duration::from_millis);
        let found = Latencies::of(times).unwrap();
        let about =
            |time: Duration, expected: f64| (time.as_secs_f64() * 1000.0 / expected - 1.0).abs() < 0.002;
        assert!(
            about(found.min, 1.0) && about(found.p50, 500.0) && about(found.p90, 900.0),
            "{found:?}"
        );
        assert!(
            about(found.p99, 990.0) && about(found.p999, 999.0) && about(found.max, 1000.0),
            "{found:?}"
        );
    }
}
