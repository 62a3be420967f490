//! `token bench`.

mod issuing;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hsm_ca::signer::KeyAlgorithm;
use hsm_ca::token::Token;
use hsm_ca::workflow::{
    BenchKeys, BenchPlot, BenchPoint, BenchRequest, BenchSummary, Latencies, bench_token, deliver,
};

use crate::cli::canvas::Canvas;
use crate::cli::connect::check_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::common::FileName;
use crate::cli::json::token::{self as output, Latency, NotMeasured, TokenBench};
use crate::cli::key_type;
use crate::cli::number::number;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};
use crate::cli::ui::Ui;

/// Long enough to warm up caches and connections.
const WARM_UP: Duration = Duration::from_millis(300);
/// The width of the bar. With it, a row has 79 columns.
const BAR: usize = 14;

#[derive(Debug, Args)]
pub(in crate::cli) struct BenchToken {
    /// Measure a key of this kind, as rsa:2048 or ec:p256, and refuse a token that lacks it; may be repeated [default: every kind that the
    /// token supports]
    #[arg(long = "type", value_name = "TYPE", value_parser = key_type::parse)]
    kinds: Vec<KeyAlgorithm>,
    /// Sign with this key on the token instead: thousands of texts that state their purpose and cannot be mistaken for a certificate, a
    /// request or a CRL. The ledger does not record them
    #[arg(long, conflicts_with = "kinds")]
    key: Option<String>,
    /// Measure 1, 2, 4 sessions and so on up to this number, or to the token's own limit
    #[arg(long, default_value = "4", value_parser = number::<u16>("a number of sessions", 1..=1024))]
    sessions: u16,
    /// How long to measure each point, after a warm-up of 0.3 seconds. A point ends early at 200,000 signatures or 64 MiB of them
    #[arg(long, default_value = "2", value_parser = number::<u16>("a number of seconds", 1..=60))]
    seconds: u16,
    /// Also issue this many certificates with each kind of key, from a temporary CA: request, rules, signature, ledger and file, as in `csr
    /// sign`
    #[arg(long, value_name = "N", conflicts_with = "key", value_parser = number::<u32>("a number of certificates", 1..=100_000))]
    issue: Option<u32>,
    /// Draw the rates to this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "plot")]
    force: bool,
}

impl BenchToken {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let keys = match &self.key {
            Some(key) => BenchKeys::Existing(check_key_name(key)?),
            None if self.kinds.is_empty() => BenchKeys::Session {
                kinds: KeyAlgorithm::names()
                    .filter_map(|name| name.parse().ok())
                    .collect(),
                must_have: false,
            },
            None => BenchKeys::Session {
                kinds: self.kinds.clone(),
                must_have: true,
            },
        };
        let request = BenchRequest {
            keys,
            sessions: self.sessions.into(),
            warm_up: WARM_UP,
            length: Duration::from_secs(self.seconds.into()),
            issuing: self.issue.and_then(issuing::request),
        };
        let token = settings.find_token(self.key.as_deref())?;
        let session = settings.log_in(&token)?;
        let measure = || bench_token(session, &request, ui);
        let (summary, plot) = match &self.plot {
            None => (measure()?, None),
            Some(path) => {
                let delivery = OutputOptions::of(false, self.force).delivery(path);
                let mut summary = None;
                let (_, delivered) = deliver(&delivery, || {
                    let measured = measure()?;
                    let plot = BenchPlot::draw(&measured);
                    summary = Some(measured);
                    Ok(plot)
                })?;
                let Some(summary) = summary else {
                    return Err(CliError::options("nothing was measured"));
                };
                (summary, Some(split(delivered)))
            }
        };
        let (path, content) = plot.unwrap_or_default();
        let mut text = describe(&summary, ui.canvas());
        if let Some(path) = &path {
            text.push_str(&format!("\nPlot: {}\n", printable(&path.display().to_string())));
        }
        let json = TokenBench {
            plot: path.as_deref().map(FileName::of),
            ..as_json(&summary, &request, &token)?
        };
        let mut report = Report::laid_out(text, json.document());
        report.content = content;
        report.warnings = warnings(&summary);
        Ok(report)
    }
}

fn warnings(summary: &BenchSummary) -> Vec<String> {
    let mut warnings: Vec<_> = summary
        .fewer_sessions
        .iter()
        .map(|reason| format!("fewer sessions than requested: {reason}"))
        .collect();
    let busy: usize = summary.points.iter().map(|point| point.busy).sum();
    if busy > 0 {
        warnings.push(format!(
            "the token answered {busy} times that it was busy; those signatures were not made and are not counted"
        ));
    }
    warnings
}

fn describe(summary: &BenchSummary, canvas: Canvas) -> String {
    let mut text = String::new();
    let same =
        |one: &BenchPoint, other: &BenchPoint| (one.key, one.algorithm) == (other.key, other.algorithm);
    for group in summary.points.chunk_by(same) {
        let Some(first) = group.first() else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!(
            "{}, {} ({})\n{:>8} {:>9} {PERCENTILES}\n",
            first.key, first.algorithm, first.mechanism, "sessions", "per s",
        ));
        let most = group.iter().map(BenchPoint::rate).fold(0.0, f64::max);
        for point in group {
            text.push_str(&format!(
                "{:>8} {:>9.1}{} {}\n",
                point.sessions,
                point.rate(),
                percentiles(&point.latencies),
                bar(point.rate() / most, canvas.lines)
            ));
        }
    }
    text.push_str(&issuing::describe(summary));
    if !summary.unmeasured.is_empty() {
        text.push_str("\nNot measured:\n");
    }
    for one in &summary.unmeasured {
        let signature = one.algorithm.map(|algorithm| format!(", {algorithm}"));
        let what = format!("{}{}", one.key, signature.unwrap_or_default());
        text.push_str(&format!("  {what}: {}\n", printable(&one.reason)));
    }
    text
}

/// The columns of [`percentiles`].
const PERCENTILES: &str = "  p50 ms   p90 ms   p99 ms p99.9 ms   max ms";

fn percentiles(latencies: &Latencies) -> String {
    let times = [
        latencies.p50,
        latencies.p90,
        latencies.p99,
        latencies.p999,
        latencies.max,
    ];
    times
        .into_iter()
        .map(|time| format!(" {:>8}", short(time)))
        .collect()
}

/// Milliseconds in at most eight characters.
fn short(time: Duration) -> String {
    let milliseconds = milliseconds(time);
    if milliseconds < 1000.0 {
        format!("{milliseconds:.3}")
    } else {
        format!("{milliseconds:.0}")
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A bar of this fraction of the full length, in eighths of a cell if the terminal has the characters.
fn bar(part: f64, blocks: bool) -> String {
    const EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let steps = if blocks { 8 } else { 1 };
    let whole = BAR * steps;
    let filled = (0..whole)
        .filter(|step| {
            let step = f64::from(u32::try_from(*step).unwrap_or(u32::MAX));
            let whole = f64::from(u32::try_from(whole).unwrap_or(u32::MAX));
            (step + 0.5) / whole < part
        })
        .count();
    if !blocks {
        return "#".repeat(filled);
    }
    let rest = (filled % 8).checked_sub(1).and_then(|rest| EIGHTHS.get(rest));
    format!("{}{}", "█".repeat(filled / 8), rest.unwrap_or(&""))
}

fn as_json(summary: &BenchSummary, request: &BenchRequest, token: &Token) -> Result<TokenBench, CliError> {
    let unmeasured = summary.unmeasured.iter().map(|one| NotMeasured {
        key_type: one.key.to_string(),
        signature_algorithm: one.algorithm.map(|algorithm| algorithm.to_string()),
        reason: one.reason.clone(),
    });
    let module = token.module().describe()?;
    Ok(TokenBench {
        token: output::Token::of(token.description()),
        library: module.library.clone(),
        session_keys: matches!(request.keys, BenchKeys::Session { .. }),
        seconds: request.length.as_secs(),
        sessions_requested: request.sessions,
        fewer_sessions: summary.fewer_sessions.clone(),
        points: summary.points.iter().map(point_as_json).collect(),
        issuing: issuing::as_json(summary),
        not_measured: unmeasured.collect(),
        plot: None,
    })
}

fn point_as_json(point: &BenchPoint) -> output::BenchPoint {
    output::BenchPoint {
        key_type: point.key.to_string(),
        signature_algorithm: point.algorithm.to_string(),
        mechanism: point.mechanism.to_string(),
        sessions: point.sessions,
        signatures: point.signatures,
        busy: point.busy,
        elapsed_ms: milliseconds(point.elapsed),
        per_second: point.rate(),
        latency_ms: latency_as_json(&point.latencies),
    }
}

fn latency_as_json(latencies: &Latencies) -> Latency {
    Latency {
        min: milliseconds(latencies.min),
        p50: milliseconds(latencies.p50),
        p90: milliseconds(latencies.p90),
        p99: milliseconds(latencies.p99),
        p999: milliseconds(latencies.p999),
        max: milliseconds(latencies.max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_part() {
        assert_eq!(bar(1.0, false), "##############");
        assert_eq!(bar(0.5, false), "#######");
        assert_eq!(bar(0.0, false), "");
        assert_eq!(bar(1.0, true), "██████████████");
        assert_eq!(bar(0.25, true), "███▌");
        assert_eq!(bar(f64::NAN, true), "");
    }

    #[test]
    fn a_time_has_eight_characters_at_most() {
        for (time, text) in [(80, "0.000"), (1_234_567, "1.235"), (999_999_999, "1000.000")] {
            assert_eq!(short(Duration::from_nanos(time)), text);
        }
        assert_eq!(short(Duration::from_secs(600)), "600000");
    }
}
