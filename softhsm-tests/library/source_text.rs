//! Rules for every text of the library, checked in its files.

use std::fs;
use std::path::{Path, PathBuf};

/// The source files of the library, without the program.
pub(super) fn library() -> Vec<PathBuf> {
    fn add(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                add(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    add(&source, &mut found);
    let is_program = |path: &PathBuf| {
        let inside = path.strip_prefix(&source).expect("inside");
        inside.starts_with("cli") || inside == Path::new("main.rs") || inside == Path::new("cli.rs")
    };
    found.retain(|path| !is_program(path));
    assert!(found.len() > 100, "the files of the library have moved");
    found
}

/// Options of other programs, in commands for them.
const OTHER_PROGRAMS: [&str; 4] = [
    "--cluster-id",
    "--disable-key-availability-check",
    "--hsm-ca-cert",
    "--installed",
];

/// The string literals of a file, without its comments and its module of tests.
fn literals(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().expect("a part");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '/', 'r']) {
        let here = &rest[at..];
        let raw = here.strip_prefix('r').map(|after| after.trim_start_matches('#'));
        let skipped = if here.starts_with("//") {
            here.find('\n').unwrap_or(here.len())
        } else if let Some(escape) = here.strip_prefix("'\\") {
            2 + escape.find('\'').map_or(1, |end| end.max(1) + 1)
        } else if here.starts_with('\'') && here.chars().nth(2) == Some('\'') {
            here.char_indices().nth(3).map_or(here.len(), |(end, _)| end)
        } else if let Some(raw) = raw.filter(|raw| raw.starts_with('"')) {
            let hashes = here.len() - raw.len() - 1;
            let end = raw[1..]
                .find(&format!("\"{}", "#".repeat(hashes)))
                .expect("an end");
            found.push(raw[1..=end].to_owned());
            here.len() - raw.len() + 1 + end + 1 + hashes
        } else if let Some(text) = here.strip_prefix('"') {
            let mut escaped = false;
            let end = text.find(|one| {
                let ends = one == '"' && !escaped;
                escaped = one == '\\' && !escaped;
                ends
            });
            let end = end.expect("an end");
            found.push(text[..end].to_owned());
            end + 2
        } else {
            1
        };
        rest = &here[skipped..];
    }
    found
}

/// Everything in a text that looks like a command-line option.
fn options(literal: &str) -> Vec<&str> {
    literal
        .split(|one: char| one.is_whitespace() || "`\"'(),;:".contains(one))
        .filter(|word| {
            word.strip_prefix("--")
                .is_some_and(|name| name.starts_with(|one: char| one.is_ascii_lowercase()))
        })
        .collect()
}

#[test]
fn the_library_names_no_option_and_no_command_of_the_program() {
    let is_test =
        |path: &Path| path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
    let mut seen = 0;
    for path in library().into_iter().filter(|path| !is_test(path)) {
        let text = fs::read_to_string(&path).expect("UTF-8");
        for literal in literals(&text) {
            seen += 1;
            let own: Vec<_> = options(&literal)
                .into_iter()
                .filter(|option| !OTHER_PROGRAMS.contains(option))
                .collect();
            assert!(own.is_empty(), "{}: {own:?} in {literal:?}", path.display());
            let is_comment = literal.starts_with("# A {} test rig");
            assert!(
                is_comment || !literal.contains("`hsm-ca "),
                "{}: a command in {literal:?}",
                path.display()
            );
        }
    }
    assert!(seen > 2000, "only {seen} literals were read");
}

#[test]
fn options_are_seen_in_every_kind_of_literal() {
    let text = r##"
        // "--comment"
        let quote = '"'; let escaped = '\''; let slash = '\\'; fn f<'a>(_: &'a str) {}
        let one = "say \" --first"; let two = r#"" --second"#; let three = b"(--third)"; // "--no"
        let over = "two \
            lines --fourth";
    "##;
    let found = literals(text);
    let found: Vec<_> = found.iter().flat_map(|literal| options(literal)).collect();
    assert_eq!(found, ["--first", "--second", "--third", "--fourth"]);
}
