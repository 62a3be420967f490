//! A drawing of both TLS connections, the inner one inside the outer one: on the left what the client has, on the right what the other end
//! shows.

use hsm_ca::workflow::{StepState, TlsEvidence, TlsReport, TlsRole};

use super::telling::{mark, tone};
use crate::cli::canvas::Canvas;
use hsm_ca::values::cut;

/// Columns between the walls of the outer frame.
const OUTER: usize = 74;
/// Columns between the walls of the inner frame.
const INNER: usize = OUTER - 4;
/// The width of the left half, inside a frame.
const LEFT: usize = 36;

/// The characters of a frame: corners from the upper left clockwise, horizontal, vertical.
struct Frame {
    corners: [char; 4],
    horizontal: char,
    vertical: char,
}

impl Frame {
    const fn outer(canvas: Canvas) -> Self {
        if canvas.lines {
            Self {
                corners: ['╔', '╗', '╝', '╚'],
                horizontal: '═',
                vertical: '║',
            }
        } else {
            Self {
                corners: ['+'; 4],
                horizontal: '=',
                vertical: '|',
            }
        }
    }

    const fn inner(canvas: Canvas) -> Self {
        if canvas.lines {
            Self {
                corners: ['┌', '┐', '┘', '└'],
                horizontal: '─',
                vertical: '│',
            }
        } else {
            Self {
                corners: ['+'; 4],
                horizontal: '-',
                vertical: '|',
            }
        }
    }

    fn top(&self, title: &str, width: usize) -> String {
        let [left, right, ..] = self.corners;
        let line = self.line(width.saturating_sub(title.chars().count() + 3));
        format!("{left}{} {title} {line}{right}", self.horizontal)
    }

    fn bottom(&self, width: usize) -> String {
        let [.., right, left] = self.corners;
        format!("{left}{}{right}", self.line(width))
    }

    fn line(&self, width: usize) -> String {
        self.horizontal.to_string().repeat(width)
    }

    fn row(&self, content: &str) -> String {
        format!("{0}{content}{0}", self.vertical)
    }
}

/// Text that may be coloured, with its width in columns.
struct Cell {
    text: String,
    columns: usize,
}

impl Cell {
    fn plain(text: &str, width: usize, canvas: Canvas) -> Self {
        let text = cut(text, width, if canvas.lines { "…" } else { "..." });
        Self {
            columns: text.chars().count(),
            text,
        }
    }

    fn painted(self, state: StepState, canvas: Canvas) -> Self {
        Self {
            text: canvas.paint(tone(state), &self.text),
            ..self
        }
    }
}

/// A left and a right half, in `width` columns.
fn halves(left: &Cell, right: &Cell, width: usize) -> String {
    let gap = LEFT.saturating_sub(left.columns);
    let rest = width.saturating_sub(1 + LEFT.max(left.columns) + right.columns);
    format!(" {}{:gap$}{}{:rest$}", left.text, "", right.text, "")
}

/// The drawing, with the heading above it.
pub(super) fn draw(
    report: &TlsReport,
    evidence: &TlsEvidence,
    cluster: Option<&str>,
    canvas: Canvas,
) -> String {
    let (outer, inner) = (Frame::outer(canvas), Frame::inner(canvas));
    let outer_cell = |text: &str| Cell::plain(text, LEFT - 2, canvas);
    let verdict = |role| {
        let (state, text) = summarise(report, role);
        outer_cell(&format!("{} {text}", mark(state, canvas))).painted(state, canvas)
    };
    let row = |left: &Cell, right: &Cell| outer.row(&halves(left, right, OUTER));
    let nested = |left: &Cell, right: &Cell| {
        let row = inner.row(&halves(left, right, INNER));
        outer.row(&format!(" {row} "))
    };
    let empty = || outer_cell("");
    let hsm = cluster.map_or_else(|| "the HSM".to_owned(), |id| format!("an HSM of {id}"));
    let lines = [
        format!(
            " {}",
            halves(
                &outer_cell("THE CLIENT"),
                &outer_cell(&server_title(evidence)),
                OUTER
            )
        ),
        outer.top("server TLS", OUTER),
        row(
            &outer_cell("shows its client certificate"),
            &outer_cell("shows its server certificate"),
        ),
        row(&verdict(TlsRole::Client), &verdict(TlsRole::Server)),
        row(&outer_cell(&format!("knows {}", store_title(evidence))), &empty()),
        row(&verdict(TlsRole::ClientDirectory), &outer_cell(&hsm)),
        outer.row(&format!(" {} ", inner.top("HSM TLS, inside it", INNER))),
        nested(
            &outer_cell(&format!("trusts {}", authority_title(evidence))),
            &outer_cell("shows the cluster certificate"),
        ),
        nested(&verdict(TlsRole::CustomerAuthority), &verdict(TlsRole::Cluster)),
        outer.row(&format!(" {} ", inner.bottom(INNER))),
        outer.bottom(OUTER),
    ];
    lines
        .iter()
        .map(|line| format!("  {}\n", line.trim_end()))
        .chain(["\n".to_owned()])
        .collect()
}

fn server_title(evidence: &TlsEvidence) -> String {
    match evidence.servers.as_deref() {
        Ok([server]) if server.asked => format!("SERVER {}", server.name),
        Ok([server, rest @ ..]) if server.asked => format!("SERVER {} and {} more", server.name, rest.len()),
        _ => "THE SERVER OF THE HSM".to_owned(),
    }
}

fn store_title(evidence: &TlsEvidence) -> &str {
    evidence
        .store
        .as_ref()
        .map_or("AWS's servers", |store| store.path())
}

/// The title of a certificate file. A long path is cut at its beginning.
fn authority_title(evidence: &TlsEvidence) -> &str {
    let source = evidence
        .authority
        .as_ref()
        .map_or("customerCA.crt", |file| file.source.as_str());
    source.rsplit('/').next().unwrap_or(source)
}

/// The worst result for a part of the path, in a few words.
fn summarise(report: &TlsReport, role: TlsRole) -> (StepState, String) {
    let steps = || report.steps.iter().filter(|step| step.role == role);
    let worst = steps()
        .map(|step| step.state)
        .max()
        .unwrap_or(StepState::NotChecked);
    // A note does not outweigh a passed check.
    let worst = match worst {
        StepState::Noted if steps().any(|step| step.state == StepState::Passed) => StepState::Passed,
        worst => worst,
    };
    let names: Vec<_> = steps()
        .filter(|step| step.state == worst)
        .map(|step| step.name)
        .collect();
    let end = report
        .certificates
        .iter()
        .filter(|listed| listed.role == role && !listed.may_expire)
        .map(|listed| listed.certificate.validity().not_after)
        .min();
    let text = match (worst, end) {
        (StepState::Passed | StepState::Noted, Some(end)) => format!("until {}", day(&end.to_string())),
        (StepState::Warning, Some(end)) if names.iter().all(|name| *name == "validity") => {
            format!("until {}", day(&end.to_string()))
        }
        (StepState::Passed, None) => steps().map(|step| step.found.clone()).next().unwrap_or_default(),
        (StepState::NotChecked, _) if names == ["certificate"] || names == ["certificates"] => String::new(),
        (StepState::Noted, None) => "the default of the package".to_owned(),
        _ => names.join(", "),
    };
    (worst, text)
}

/// The date without the time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
