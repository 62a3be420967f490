//! The part of `token bench` about certificates that were issued.

use std::env;
use std::num::NonZeroUsize;

use hsm_ca::workflow::{BenchPoint, BenchSummary, IssuingPoint, IssuingRequest};

use super::{PERCENTILES, latency_as_json, milliseconds, percentiles};
use crate::cli::json::token::BenchIssuing;

/// The ledger and the certificates are in the user's temporary directory during the measurement.
pub(super) fn request(certificates: u32) -> Option<IssuingRequest> {
    let certificates = usize::try_from(certificates).ok().and_then(NonZeroUsize::new)?;
    Some(IssuingRequest {
        certificates,
        directory: env::temp_dir(),
    })
}

/// The rate as a fraction of the signatures per second with the same number of sessions.
fn of_signatures(point: &IssuingPoint, summary: &BenchSummary) -> Option<f64> {
    let is_alike = |raw: &&BenchPoint| {
        (raw.key, raw.algorithm, raw.sessions) == (point.key, point.algorithm, point.sessions)
    };
    let raw = summary.points.iter().find(is_alike)?;
    Some(point.rate() / raw.rate())
}

pub(super) fn describe(summary: &BenchSummary) -> String {
    if summary.issuing.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\nIssuing: request, rules, signature, ledger and file\n{:<12} {:>8} {:>12} {:>9}  of the signatures\n",
        "key", "sessions", "certificates", "per s"
    );
    for point in &summary.issuing {
        let part =
            of_signatures(point, summary).map_or_else(String::new, |part| format!("{:.0} %", part * 100.0));
        text.push_str(&format!(
            "{:<12} {:>8} {:>12} {:>9.1}  {part:>17}\n",
            point.key.to_string(),
            point.sessions,
            point.certificates,
            point.rate()
        ));
    }
    text.push_str(&format!(
        "\nTime for one certificate, with the wait for the others of its group\n{:<12} {}\n",
        "key", PERCENTILES
    ));
    for point in &summary.issuing {
        text.push_str(&format!(
            "{:<12}{}\n",
            point.key.to_string(),
            percentiles(&point.latencies)
        ));
    }
    text
}

pub(super) fn as_json(summary: &BenchSummary) -> Vec<BenchIssuing> {
    let points = summary.issuing.iter().map(|point| BenchIssuing {
        key_type: point.key.to_string(),
        signature_algorithm: point.algorithm.to_string(),
        sessions: point.sessions,
        certificates: point.certificates,
        elapsed_ms: milliseconds(point.elapsed),
        per_second: point.rate(),
        of_signatures: of_signatures(point, summary),
        latency_ms: latency_as_json(&point.latencies),
    });
    points.collect()
}
