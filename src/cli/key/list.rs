//! `key list`.

use hsm_ca::signer::Hex;
use hsm_ca::token::{KeyClass, KeyDescription, NOTE_LABEL};
use hsm_ca::workflow::heads_on_token;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::key::{KeyList, TokenKey};
use crate::cli::report::Report;
use crate::cli::table::{self, Fit};
use crate::cli::ui::Ui;

pub(super) fn list(settings: &Settings, ui: &Ui, wide: bool) -> Result<Report, CliError> {
    let session = settings.open_session(None)?;
    let keys = session.keys()?;
    let mut text = match keys.is_empty() {
        true => "No key on the token.\n".to_owned(),
        false => render(&rows(&keys), wide),
    };
    // They are not keys, so a failure to read them is only a warning.
    let heads = heads_on_token(session);
    if let Ok(heads) = &heads
        && !heads.is_empty()
    {
        let count = heads.len();
        let line = format!(
            "Besides the keys, the token has {count} data object{} named \"{NOTE_LABEL}\"",
            if count == 1 { "" } else { "s" }
        );
        text.push_str(&format!("\n{}", table::below(&line)));
    }
    let shown = heads.as_ref().ok();
    let list = KeyList {
        keys: keys.iter().map(TokenKey::of).collect(),
        kept_heads: shown.map(|heads| heads.iter().map(ToString::to_string).collect()),
    };
    let warnings = Vec::from_iter(heads.err().and_then(|error| ui.warn(&error.to_string())));
    Ok(Report {
        warnings,
        ..Report::laid_out(text, list.document())
    })
}

/// The label and the id stay whole: the next command needs one of them.
const COLUMNS: [table::Column; 5] = [
    ("LABEL", Fit::Whole),
    ("KIND", Fit::Whole),
    ("OBJECTS", Fit::Whole),
    ("USE", Fit::Folded),
    ("ID", Fit::Whole),
];

/// For a narrow terminal: half of a pair is mentioned with its use.
const NARROW: [table::Column; 4] = [
    ("LABEL", Fit::Whole),
    ("KIND", Fit::Whole),
    ("USE", Fit::Folded),
    ("ID", Fit::Whole),
];

/// For long labels, with the id below the label.
const STACKED: [table::Column; 3] = [
    ("LABEL, ID", Fit::Whole),
    ("KIND", Fit::Whole),
    ("USE", Fit::Folded),
];

/// A key pair, or a half without its other half.
struct Line {
    label: String,
    kind: String,
    objects: String,
    usage: String,
    id: String,
}

fn render(lines: &[Line], wide: bool) -> String {
    let all = |line: &Line| {
        let cells = [&line.label, &line.kind, &line.objects, &line.usage, &line.id];
        table::row(cells.map(Clone::clone))
    };
    let narrow = |line: &Line| {
        let cells = [&line.label, &line.kind, &line.usage_of_half(), &line.id];
        table::row(cells.map(Clone::clone))
    };
    let stacked = |line: &Line| {
        vec![
            table::Cell(vec![line.label.clone(), line.id.clone()]),
            table::Cell(vec![line.kind.clone()]),
            table::Cell(vec![line.usage_of_half()]),
        ]
    };
    let layouts: [(&[table::Column], _); 3] = [
        (&COLUMNS, lines.iter().map(all).collect()),
        (&NARROW, lines.iter().map(narrow).collect()),
        (&STACKED, lines.iter().map(stacked).collect()),
    ];
    table::render_first(&layouts, wide)
}

impl Line {
    /// `sign` for a pair; `private key only: sign`
    fn usage_of_half(&self) -> String {
        match (self.objects.as_str(), self.usage.is_empty()) {
            (PAIR, _) => self.usage.clone(),
            (half, true) => format!("{half} key only"),
            (half, false) => format!("{half} key only: {}", self.usage),
        }
    }
}

const PAIR: &str = "pair";

/// A line for each key pair, and for each half without its other half.
fn rows(keys: &[KeyDescription]) -> Vec<Line> {
    let mut is_shown = vec![false; keys.len()];
    let mut rows = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        if is_shown[place] {
            continue;
        }
        let is_half = |other: &KeyDescription| {
            let classes = [key.class, other.class];
            let is_pair = classes.contains(&KeyClass::Private) && classes.contains(&KeyClass::Public);
            is_pair
                && !key.id.is_empty()
                && other.id == key.id
                && other.label == key.label
                && other.kind == key.kind
        };
        let half = (place + 1..keys.len()).find(|at| !is_shown[*at] && is_half(&keys[*at]));
        if let Some(half) = half {
            is_shown[half] = true;
        }
        let private = [Some(key), half.map(|at| &keys[at])]
            .into_iter()
            .flatten()
            .find(|key| key.class == KeyClass::Private);
        rows.push(Line {
            label: key.label.clone(),
            kind: key.kind.clone(),
            objects: half.map_or_else(|| key.class.to_string(), |_| PAIR.to_owned()),
            usage: private.map(describe_use).unwrap_or_default(),
            id: Hex(&key.id).to_string(),
        });
    }
    rows
}

/// What a private key may do, and any capability it should not have.
fn describe_use(key: &KeyDescription) -> String {
    let mut words = vec![usages(key)];
    if key.attributes.extractable == Some(true) {
        words.push("EXTRACTABLE".to_owned());
    }
    if key.attributes.sensitive == Some(false) {
        words.push("NOT SENSITIVE".to_owned());
    }
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

fn usages(key: &KeyDescription) -> String {
    let attributes = key.attributes;
    let usages = [
        ("sign", attributes.sign),
        ("sign-recover", attributes.sign_recover),
        ("decrypt", attributes.decrypt),
        ("unwrap", attributes.unwrap),
        ("derive", attributes.derive),
    ];
    usages
        .iter()
        .filter(|(_, may)| *may == Some(true))
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}
