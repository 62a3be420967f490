//! The points as an SVG (1.1): signatures per second against sessions, both logarithmic, a line for each mechanism.

use super::{BenchPoint, BenchSummary};
use crate::output::{Encoding, Sealed, Verified};
use crate::signer::{KeyAlgorithm, SignatureAlgorithm};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
/// Where the lines are: the rest is for what is written around them.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 456.0;
/// Between the names at the ends of the lines.
const LINE_HEIGHT: f64 = 16.0;

/// Colours that people with any kind of colour vision tell apart (Okabe and Ito), but for the yellow, which is pale on white; and how a
/// line is broken, where they come again.
const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000",
];
const DASHES: [&str; 3] = ["none", "7 4", "2 4"];

/// A drawing of what was measured. It holds numbers and names of algorithms; nothing in it comes from the token's own texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchPlot(String);

impl BenchPlot {
    /// Draws every point.
    #[must_use]
    pub fn draw(summary: &BenchSummary) -> Self {
        Self(Axes::around(&summary.points).draw(&lines(&summary.points)))
    }
}

impl Sealed for BenchPlot {}

impl Verified for BenchPlot {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        if written == self.0.as_bytes() {
            return Ok(());
        }
        Err("it reads back differently".to_owned())
    }
}

/// The points of one mechanism.
struct Line<'a> {
    name: String,
    points: Vec<&'a BenchPoint>,
}

fn lines(points: &[BenchPoint]) -> Vec<Line<'_>> {
    let same =
        |one: &BenchPoint, other: &BenchPoint| (one.key, one.algorithm) == (other.key, other.algorithm);
    let groups = points.chunk_by(same).filter_map(|group| {
        let first = group.first()?;
        Some(Line {
            name: name(first.key, first.algorithm),
            points: group.iter().collect(),
        })
    });
    groups.collect()
}

fn name(key: KeyAlgorithm, algorithm: SignatureAlgorithm) -> String {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(_) => format!("{key} PKCS #1 v1.5"),
        SignatureAlgorithm::RsaPss(_) if matches!(key, KeyAlgorithm::Rsa { .. }) => format!("{key} PSS"),
        _ => key.to_string(),
    }
}

/// From numbers to places.
struct Axes {
    most_sessions: f64,
    decades: (i32, i32),
}

impl Axes {
    fn around(points: &[BenchPoint]) -> Self {
        let rates = || points.iter().map(BenchPoint::rate);
        let (least, most) = (rates().fold(f64::MAX, f64::min), rates().fold(1.0, f64::max));
        let mut decades = (-3, -2);
        while 10_f64.powi(decades.0 + 1) <= least && decades.0 < 8 {
            decades.0 += 1;
        }
        decades.1 = decades.0 + 1;
        while 10_f64.powi(decades.1) < most {
            decades.1 += 1;
        }
        Self {
            most_sessions: points.iter().map(sessions).fold(2.0, f64::max),
            decades,
        }
    }

    fn x(&self, sessions: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * sessions.log2() / self.most_sessions.log2()
    }

    fn y(&self, rate: f64) -> f64 {
        let (low, high) = (f64::from(self.decades.0), f64::from(self.decades.1));
        BOTTOM - (BOTTOM - TOP) * (rate.log10() - low) / (high - low)
    }

    fn draw(&self, lines: &[Line<'_>]) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
             <title>Signatures per second, by mechanism and number of sessions</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"26\" font-size=\"16\" font-weight=\"bold\">Signatures per second</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">sessions that sign at once</text>\n",
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 44.0
        );
        self.grid(lines, &mut svg);
        let mut ends: Vec<_> = lines
            .iter()
            .map(|line| line.points.last().map_or(BOTTOM, |point| self.y(point.rate())))
            .enumerate()
            .collect();
        ends.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let places = apart(&ends);
        for (place, (number, end)) in places.into_iter().zip(ends) {
            if let Some(line) = lines.get(number) {
                self.line(line, number, (end, place), &mut svg);
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn grid(&self, lines: &[Line<'_>], svg: &mut String) {
        for decade in self.decades.0..=self.decades.1 {
            let y = self.y(10_f64.powi(decade));
            let label = match decade {
                0.. => thousands(10_f64.powi(decade)),
                _ => format!("{}", 10_f64.powi(decade)),
            };
            svg.push_str(&format!(
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#ccc\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
                LEFT - 8.0,
                y + 4.5
            ));
        }
        let mut levels: Vec<_> = lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| point.sessions)
            .collect();
        levels.sort_unstable();
        levels.dedup();
        let mut free = f64::MIN;
        for level in levels {
            let x = self.x(number(level));
            svg.push_str(&format!("<path d=\"M{x:.1} {BOTTOM}v6\" stroke=\"#666\"/>\n"));
            // 12 and 16 of a thousand would be written over each other.
            if x >= free {
                svg.push_str(&format!(
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{level}</text>\n",
                    BOTTOM + 22.0
                ));
                free = x + 34.0;
            }
        }
    }

    fn line(&self, line: &Line<'_>, number: usize, (end, place): (f64, f64), svg: &mut String) {
        let color = COLORS[number % COLORS.len()];
        let dash = DASHES[number / COLORS.len() % DASHES.len()];
        let at: Vec<_> = line
            .points
            .iter()
            .map(|point| (self.x(sessions(point)), self.y(point.rate())))
            .collect();
        let corners: Vec<_> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        svg.push_str(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\n",
            corners.join(" ")
        ));
        for (x, y) in &at {
            svg.push_str(&format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{color}\"/>\n"
            ));
        }
        let from = at.last().map_or(RIGHT, |(x, _)| *x) + 6.0;
        let to = RIGHT + 20.0;
        svg.push_str(&format!(
            "<path d=\"M{from:.1} {end:.1}L{to} {place:.1}\" stroke=\"{color}\" stroke-opacity=\"0.5\" fill=\"none\"/>\
             <text x=\"{}\" y=\"{:.1}\">{}</text>\n",
            to + 4.0,
            place + 4.5,
            line.name
        ));
    }
}

/// Where the names are written, for lines that end there from top to bottom: none over another, and none below the drawing.
fn apart(ends: &[(usize, f64)]) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::new();
    for (_, end) in ends {
        let free = places.last().map_or(TOP, |last| last + LINE_HEIGHT);
        places.push(end.max(free));
    }
    let mut lowest = BOTTOM;
    for place in places.iter_mut().rev() {
        *place = place.min(lowest);
        lowest = *place - LINE_HEIGHT;
    }
    places
}

fn sessions(point: &BenchPoint) -> f64 {
    number(point.sessions)
}

fn number(sessions: usize) -> f64 {
    f64::from(u32::try_from(sessions).unwrap_or(u32::MAX))
}

/// `10000` as `10,000`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let ends: Vec<_> = [100.0, 101.0, 102.0, 455.0, 456.0]
            .into_iter()
            .enumerate()
            .collect();
        let places = apart(&ends);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LINE_HEIGHT));
        assert!(places.iter().all(|place| (TOP..=BOTTOM).contains(place)));
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(1.0), "1");
        assert_eq!(thousands(1000.0), "1,000");
        assert_eq!(thousands(1_000_000.0), "1,000,000");
    }

    #[test]
    fn nothing_measured_is_drawn_without_a_line() {
        let summary = BenchSummary {
            issuing: Vec::new(),
            points: Vec::new(),
            unmeasured: Vec::new(),
            fewer_sessions: None,
        };
        let BenchPlot(svg) = BenchPlot::draw(&summary);
        assert!(!svg.contains("polyline") && !svg.contains("NaN") && svg.ends_with("</svg>\n"));
    }
}
