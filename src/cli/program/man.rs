//! `man`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;
use hsm_ca::output::{ManualPage, OutputError};
use hsm_ca::workflow::deliver;

use super::man_examples::{examples_of, with_examples};
use super::shown::shown_commands;
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::common::FileName;
use crate::cli::json::program::Manual;
use crate::cli::output_file::{OutputOptions, split};
use crate::cli::report::{Report, printable};

/// The date in the footer of the pages. It is set for each release, so that the same source gives the same pages.
const DATE: &str = "2026-11-29";

#[derive(Debug, Args)]
pub(in crate::cli) struct WriteManual {
    /// The directory for the pages; created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Replace existing pages
    #[arg(long)]
    force: bool,
}

impl WriteManual {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        let mut root = shown_commands();
        root.build();
        let mut pages = Vec::new();
        render(&root, &mut pages).map_err(|cause| CliError::read(&self.directory, cause))?;
        fs::create_dir_all(&self.directory).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => OutputError::FileAsDirectory {
                path: self.first_file(),
            },
            _ => OutputError::Io {
                path: self.directory.clone(),
                action: "create the directory",
                cause,
            },
        })?;
        let output = OutputOptions::of(false, self.force);
        let pages: Vec<_> = pages
            .into_iter()
            .map(|(name, page)| (output.delivery(&self.directory.join(name)), page))
            .collect();
        // Check all first, so that normally all or none are written.
        for (delivery, _) in &pages {
            delivery.check()?;
        }
        let mut files = Vec::new();
        for (delivery, page) in pages {
            let (_, delivered) = deliver(&delivery, || Ok(page))?;
            files.extend(split(delivered).0.as_deref().map(FileName::of));
        }
        let text = format!(
            "Wrote {} pages to {}\n",
            files.len(),
            printable(&self.directory.display().to_string())
        );
        Ok(Report::new(text, Manual { files }.document()))
    }
}

impl WriteManual {
    /// The directory, or the first path above it that exists: a file.
    fn first_file(&self) -> PathBuf {
        let mut above = self.directory.ancestors();
        let file = above.find(|path| path.is_file()).unwrap_or(&self.directory);
        file.to_owned()
    }
}

/// The pages of this command and all its subcommands, each with the name of its file.
fn render(command: &Command, pages: &mut Vec<(String, ManualPage)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or("hsm-ca").to_owned();
    // What `-h` leaves out to stay short belongs in a page.
    let mut described = command.clone().mut_args(|option| option.hide_short_help(false));
    if described.find_subcommand("help").is_some() {
        // It has no page.
        described = described.mut_subcommand("help", |help| help.hide(true));
    }
    let usage = described.render_usage().to_string();
    described = described.override_usage(usage.trim_start_matches("Usage:").trim().to_owned());
    if name != "hsm-ca" {
        described = described
            .mut_args(|option| match option.is_global_set() {
                true => option.hide(true),
                false => option,
            })
            .after_long_help("The options of every command are in hsm-ca(1).");
    }
    let man = Man::new(described)
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("hsm-ca ", env!("CARGO_PKG_VERSION")))
        .manual("hsm-ca");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8(page).map_err(io::Error::other)?;
    let page = with_examples(&set_lines(&page), &examples_of(&name));
    let page = ManualPage::check(page).map_err(io::Error::other)?;
    pages.push((format!("{name}.1"), page));
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        render(below, pages)?;
    }
    Ok(())
}

/// Formats the page as `mandoc -T lint` requires: lines of at most 80 bytes, without trailing spaces and repeated breaks.
fn set_lines(page: &str) -> String {
    const LONGEST: usize = 80;
    let lines = with_paragraphs(page);
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let is = |other: Option<usize>, request: &str| other.and_then(|at| lines.get(at)) == Some(&request);
        let (before, after) = (place.checked_sub(1), Some(place + 1));
        match *line {
            ".br" if is(before, ".sp") || is(after, ".sp") || is(after, ".br") => continue,
            ".SH EXTRA" => text.push_str(".SH NOTES"),
            ".sp" => text.push_str(".PP"),
            request if request.starts_with('.') => text.push_str(request),
            words => {
                let mut length = 0;
                for word in words.split(' ') {
                    if length > 0 && length + 1 + set_width(word) > LONGEST {
                        text.push('\n');
                        length = 0;
                    } else if length > 0 {
                        text.push(' ');
                        length += 1;
                    }
                    // At the start of a line, these characters would begin a request.
                    if length == 0 && word.starts_with(['.', '\'']) {
                        text.push_str("\\&");
                    }
                    text.push_str(word);
                    length += set_width(word);
                }
            }
        }
        text.push('\n');
    }
    text
}

/// The lines without the blank ones. Between two paragraphs about an option, `.IP` takes the place of the blank line and keeps their indent.
fn with_paragraphs(page: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    let (mut is_in_item, mut is_after_blank) = (false, false);
    for line in page.lines().map(str::trim_end) {
        let is_text = !line.starts_with('.');
        match line {
            ".TP" => is_in_item = true,
            _ if line.starts_with(".SH") => is_in_item = false,
            _ => {}
        }
        let follows_text = lines.last().is_some_and(|last| !last.starts_with('.'));
        if is_after_blank && is_in_item && is_text && follows_text && !line.is_empty() {
            lines.push(".IP");
        }
        is_after_blank = line.is_empty();
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines
}

/// The length of a word for mandoc, which counts a character beyond ASCII as `\[uXXXX]`.
fn set_width(word: &str) -> usize {
    word.chars()
        .map(|character| if character.is_ascii() { 1 } else { 10 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_every_option_with_its_help_and_its_paragraphs() {
        let mut root = shown_commands();
        root.build();
        let mut pages = Vec::new();
        render(&root, &mut pages).unwrap();
        let mut seen = 0;
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for (name, page) in &pages {
            let page = hsm_ca::output::Verified::content(page, hsm_ca::output::Encoding::Pem);
            let page = String::from_utf8(page).unwrap();
            assert!(page.contains("\n.SH EXAMPLES\n.nf\nhsm\\-ca "), "{name}: {page}");
            for word in page.split_whitespace() {
                if let Some(other) = word.strip_suffix("(1)").or(word.strip_suffix("(1).")) {
                    let other = format!("{}.1", other.replace('\\', ""));
                    assert!(names.contains(&other.as_str()), "{name} refers to {other}");
                }
            }
            let lines: Vec<_> = page.lines().collect();
            for option in lines.windows(3).filter(|lines| lines[0] == ".TP") {
                assert!(!option[2].starts_with(".TP"), "{name}: {option:?} has no help");
                seen += 1;
            }
            if name == "hsm-ca-csr-sign.1" {
                assert!(page.contains("<FILE"), "{page}");
                assert!(page.contains("[FILE|DIR]..."), "{page}");
                assert!(page.contains("\n.IP\nX.csr becomes X.crt"), "{page}");
            }
        }
        assert!(seen > 300, "{seen}");
    }

    #[test]
    fn no_line_is_long_and_no_word_becomes_a_request() {
        let page = format!(".TP\n{}.so x\n\n.br\n.sp\na  b \n", "word ".repeat(16));
        let lines = set_lines(&page);
        assert!(lines.lines().all(|line| line.len() <= 80), "{lines}");
        assert!(
            !lines.contains("\n.so") && lines.contains("\n\\&.so x\n"),
            "{lines}"
        );
        assert!(lines.ends_with(".PP\na  b\n"), "{lines}");
    }
}
