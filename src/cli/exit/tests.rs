//! docs/exit-codes.md has every row of the table, and every error that reaches it.

mod table_source;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::LazyLock;

use hsm_ca::ceremony::CeremonyKind;
use hsm_ca::workflow::{CeremonyError, Refusals, WorkflowError};
use hsm_ca::x509::X509Error;
use hsm_ca::x509::rules::SECOND_CERTIFICATE;
use syn::{File, Item};
use table_source::TableSource;

use super::ceremony_table::explain_ceremony;
use super::{CliError, USAGE};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

static TABLE: LazyLock<TableSource> = LazyLock::new(|| {
    let mut of_table = sources(&Path::new(ROOT).join("src/cli/exit"), ".rs");
    of_table.retain(|text| text.contains("-> Row {") && !text.contains("#[test]"));
    let tables: Vec<_> = of_table.iter().map(|text| parse(text)).collect();
    assert!(tables.len() > 10, "{}", tables.len());
    let all = sources(&Path::new(ROOT).join("src"), ".rs");
    TableSource::read(&tables, |name| variants(&all, name))
});

/// The text of every file below a directory with this name ending.
fn sources(directory: &Path, ending: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts.extend(sources(&path, ending));
        } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
            texts.push(fs::read_to_string(path).expect("a text"));
        }
    }
    texts
}

fn parse(text: &str) -> File {
    syn::parse_file(text).expect("Rust")
}

/// The variants of an enum, with those of every feature.
fn variants(sources: &[String], name: &str) -> BTreeSet<String> {
    let mark = format!("enum {name} {{");
    let files = sources
        .iter()
        .filter(|text| text.contains(&mark))
        .map(|text| parse(text));
    let mut found: Vec<_> = files
        .flat_map(|file| file.items)
        .filter_map(|item| match item {
            Item::Enum(found) if found.ident == name => Some(found.variants),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 1, "definitions of {name}");
    let variants = found.remove(0);
    variants.iter().map(|variant| variant.ident.to_string()).collect()
}

/// The rows of the document.
fn document(table: &TableSource) -> String {
    let cell = |text: String| text.replace('|', "\\|");
    let mut text = String::new();
    for ((kind, code), said) in &table.rows {
        let errors: Vec<_> = said.errors.iter().map(|error| format!("`{error}`")).collect();
        let hints = cell(said.hints.join("<br>or: "));
        text.push_str(&format!(
            "| `{kind}` | {code} | {hints} | {} |\n",
            errors.join(" ")
        ));
    }
    text
}

#[test]
fn every_row_of_the_table_is_in_the_document() {
    const HEAD: &str = "| kind | exit code | hint | errors of the library |\n|---|---|---|---|\n";
    let path = Path::new(ROOT).join("docs/exit-codes.md");
    let found = fs::read_to_string(&path).expect("docs/exit-codes.md");
    let (before, rows) = found.split_once(HEAD).expect("the table");
    let wanted = document(&TABLE);
    if env::var_os("HSM_CA_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{HEAD}{wanted}")).expect("docs/exit-codes.md can be written");
    } else {
        assert!(
            rows == wanted,
            "docs/exit-codes.md differs from the table; HSM_CA_WRITE_DOCS=1 cargo test --bin hsm-ca -- exit:: writes it"
        );
    }
}

#[test]
fn every_variant_of_every_error_has_a_row() {
    assert!(TABLE.enums.len() > 25, "{:?}", TABLE.enums.keys());
    for (name, variants) in &TABLE.enums {
        for variant in variants {
            let error = format!("{name}::{variant}");
            assert!(TABLE.covered.contains(&error), "{error} has no row");
        }
    }
    for name in [
        "CliError",
        "WorkflowError",
        "TokenError",
        "KmsError",
        "LedgerError",
        "X509Error",
        "OutputError",
    ] {
        assert!(TABLE.enums.contains_key(name), "{name}");
    }
}

#[test]
fn a_batch_of_which_none_is_signed_says_how_many_and_how_to_go_on() {
    let none_signed = |are_all| CliError::NoneSigned {
        requests: 6,
        refused: Refusals { count: 3, are_all },
        first: Box::new(CliError::read(Path::new("-"), ErrorKind::NotFound.into())),
    };
    let refusal = none_signed(true).explain();
    assert_eq!(
        refusal.message,
        "3 of 6 requests were refused, and none was signed: stdin cannot be read: entity not found"
    );
    assert_eq!(refusal.hint.as_deref(), Some("--keep-going signs the other 3"));
    assert_eq!((refusal.kind, refusal.exit_code), ("unreadable-file", USAGE));
    // Later checks may refuse others.
    let refusal = none_signed(false).explain();
    assert!(
        refusal
            .message
            .starts_with("at least 3 of 6 requests were refused"),
        "{}",
        refusal.message
    );
    assert_eq!(
        refusal.hint.as_deref(),
        Some("--keep-going signs those that are not refused")
    );
}

#[test]
fn one_kind_has_one_exit_code() {
    // A transcript that cannot be written or was changed; a key file that is invalid, or a key with another use; a rehearsal that cannot
    // start, or whose session failed.
    const TWO: [&str; 3] = ["ceremony-transcript", "checkpoint-key", "rehearsal"];
    let mut kinds: Vec<_> = TABLE.rows.keys().map(|(kind, _)| kind.as_str()).collect();
    assert!(kinds.len() > 200, "{}", kinds.len());
    kinds.dedup();
    for kind in kinds {
        let codes: Vec<_> = TABLE.rows.keys().filter(|(of, _)| of == kind).collect();
        assert_eq!(codes.len() > 1, TWO.contains(&kind), "{codes:?}");
    }
}

#[test]
fn the_system_s_words_stand_without_its_number() {
    let error = CliError::read(Path::new("a.crt"), std::io::Error::from_raw_os_error(2));
    assert_eq!(
        error.explain().message,
        "a.crt cannot be read: No such file or directory"
    );
    for same in ["", "(os error 2)", "x (os error two)", "x (os error 2"] {
        assert_eq!(super::without_number(same), same);
    }
}

#[test]
fn only_a_practice_is_told_to_take_a_new_rig() {
    let hint = |kind| {
        let rule = WorkflowError::X509(X509Error::Rule {
            rule: SECOND_CERTIFICATE.name,
            source: "the ledger",
            found: "a root of this name".to_owned(),
        });
        let error = CeremonyError::Step {
            kind,
            step: "root".to_owned(),
            session: "main".to_owned(),
            cause: Box::new(rule),
        };
        explain_ceremony(&error).2.unwrap()
    };
    let practice = hint(CeremonyKind::Practice);
    assert!(
        practice.contains("hsm-ca rig new") && !practice.contains("waive"),
        "{practice}"
    );
    let production = hint(CeremonyKind::Production);
    assert!(
        !production.contains("practice") && production.contains("waive"),
        "{production}"
    );
}

#[test]
fn the_hint_after_a_lost_signature_follows_from_its_cause() {
    use hsm_ca::ledger::{Access, EntryId, LedgerError, SqliteLedger};
    use hsm_ca::output::OutputError;

    let hint = |error: WorkflowError| CliError::from(error).explain().hint.unwrap();
    let place = || match SqliteLedger::open(Path::new("/no-such-ledger.db"), Access::Read) {
        Err(LedgerError::NotFound { place }) => place,
        other => panic!("{other:?}"),
    };
    let unrecorded = |cause| WorkflowError::Unrecorded {
        entry: EntryId(5),
        others: 63,
        cause,
    };
    let full = unrecorded(LedgerError::Full { place: place() });
    assert!(
        full.to_string().starts_with("entry #5 and 63 more were signed"),
        "{full}"
    );
    assert!(hint(full).starts_with("free some space"));
    let locked = unrecorded(LedgerError::Locked {
        place: place(),
        waited: std::time::Duration::from_secs(30),
    });
    assert!(hint(locked).contains("no longer writes"));
    let damaged = unrecorded(LedgerError::Damaged {
        place: place(),
        found: String::new(),
    });
    assert!(hint(damaged).starts_with("repair the ledger"));
    let no_space = || OutputError::NoSpace {
        path: "out/a.crt".into(),
    };
    assert_eq!(
        hint(no_space().into()),
        "free some space, and run the same command again"
    );
    let undelivered = |cause: OutputError| WorkflowError::SomeUndelivered {
        entry: EntryId(5),
        count: 66,
        cause: Box::new(cause.into()),
    };
    let elsewhere = OutputError::NoDirectory {
        directory: "out".into(),
    };
    assert!(hint(undelivered(elsewhere)).starts_with("run the same command again"));
    assert!(hint(undelivered(no_space())).starts_with("free some space"));
}
