//! The section EXAMPLES of a manual page.

use crate::cli::help::examples::EXAMPLES;

/// In hsm-ca(1): the first steps of a CA.
const FIRST_STEPS: [&str; 5] = ["rig new", "key generate", "ca create", "csr sign", "cert verify"];

/// The longest line of a page, in bytes, for `mandoc -T lint`.
const LONGEST: usize = 80;

/// The examples of the command that a page is about, as `hsm-ca-key-list`; of a group, those of all its commands.
pub(super) fn examples_of(page: &str) -> Vec<&'static str> {
    let is_of = |command: &str| match page.strip_prefix("hsm-ca-") {
        Some(about) => {
            let of = command.replace(' ', "-");
            of == about || of.strip_prefix(about).is_some_and(|below| below.starts_with('-'))
        }
        None => FIRST_STEPS.contains(&command),
    };
    let found = EXAMPLES.iter().filter(|(command, _)| is_of(command));
    found.map(|(_, example)| *example).collect()
}

/// The page with its examples before the notes, line by line as they are typed.
pub(super) fn with_examples(page: &str, examples: &[&str]) -> String {
    let lines = examples.iter().flat_map(|example| example.lines());
    let text: String = lines.map(|line| format!("{}\n", set_line(line))).collect();
    let section = format!(".SH EXAMPLES\n.nf\n{text}.fi\n");
    let (before, after) = page.split_at(page.find(".SH NOTES\n").unwrap_or(page.len()));
    format!("{before}{section}{after}")
}

/// A line that a reader can copy: hyphens and quotes stay those of ASCII. A backslash at the end of an input line continues it in the next.
fn set_line(line: &str) -> String {
    let mut set = String::new();
    let mut length = 0;
    for word in line.split_inclusive(' ') {
        let word = word
            .replace('\\', "\\e")
            .replace('-', "\\-")
            .replace('\'', "\\(aq");
        if length > 0 && length + word.len() >= LONGEST {
            set.push_str("\\\n");
            length = 0;
        }
        length += word.len();
        set.push_str(&word);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_the_examples_of_its_commands_and_lines_are_short() {
        assert_eq!(examples_of("hsm-ca-key-list"), ["hsm-ca key list"]);
        let of_group = examples_of("hsm-ca-key");
        assert!(
            of_group.contains(&"hsm-ca key list") && of_group.len() > 4,
            "{of_group:?}"
        );
        assert!(
            of_group.iter().all(|example| example.starts_with("hsm-ca key ")),
            "{of_group:?}"
        );
        assert!(examples_of("hsm-ca").len() >= FIRST_STEPS.len());
        for (_, example) in EXAMPLES {
            for line in example.lines() {
                let set = set_line(line);
                assert!(set.lines().all(|line| line.len() <= LONGEST), "{set}");
                let typed = set.replace("\\\n", "").replace("\\(aq", "'");
                assert_eq!(typed.replace("\\-", "-").replace("\\e", "\\"), line);
            }
        }
    }
}
