//! The format of an error about the command line or the settings, which could not be read.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::found_config::settings_file;
use super::{ColorChoice, FoundConfig, GlobalOptions, choose_format};
use crate::cli::config::ConfigFile;
use crate::cli::format::Format;
use crate::cli::input;

impl GlobalOptions {
    /// Of settings that could not be read, only the format. Nothing else of them is used.
    pub(in crate::cli) fn rest_of_config(&self) -> FoundConfig {
        FoundConfig {
            config: ConfigFile {
                format: format_in(self.config.clone()),
                ..ConfigFile::default()
            },
            ..FoundConfig::default()
        }
    }
}

/// The format that the arguments of this process ask for, though they could not be parsed; otherwise that of the environment or the settings.
pub(in crate::cli) fn asked_format() -> Format {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let named = last_value(&arguments, "--format");
    let flag = match named.as_deref().and_then(|value| value.to_str()) {
        _ if arguments.iter().any(|argument| argument == "--json") => Some(Format::Json),
        Some("json") => Some(Format::Json),
        Some("text") => Some(Format::Text),
        _ => None,
    };
    choose_format(flag, || {
        format_in(last_value(&arguments, "--config").map(PathBuf::from))
    })
}

/// The value of `--color` of this process, though its arguments could not be parsed.
pub(in crate::cli) fn asked_color() -> ColorChoice {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    color_in(&arguments)
}

fn color_in(arguments: &[OsString]) -> ColorChoice {
    let named = last_value(arguments, "--color");
    let named = named.as_deref().and_then(OsStr::to_str);
    named
        .and_then(|value| ColorChoice::from_str(value, false).ok())
        .unwrap_or(ColorChoice::Auto)
}

/// Whether this process was asked for the options of every command, as `hsm-ca help options`.
pub(in crate::cli) fn asks_for_options() -> bool {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    arguments.windows(2).any(|words| words == ["help", "options"])
}

/// The value of an option, as `--name VALUE` or `--name=VALUE`.
fn last_value(arguments: &[OsString], name: &str) -> Option<OsString> {
    let mut found = None;
    for (place, argument) in arguments.iter().enumerate() {
        if argument == name {
            found = arguments.get(place + 1).cloned().or(found);
        } else if let Some(value) = argument
            .to_str()
            .and_then(|text| text.strip_prefix(name)?.strip_prefix('='))
        {
            found = Some(value.into());
        }
    }
    found
}

/// The format in the settings, if they are TOML; they may have unknown keys. A file that was found and not named counts only if no other user
/// could have written it, as for every use of it.
fn format_in(named: Option<PathBuf>) -> Option<Format> {
    let (path, owners) = settings_file(named)?;
    if path == Path::new("-") {
        return None;
    }
    let bytes = input::read_trusted(&path, owners).ok()?;
    let settings: toml::Table = toml::from_str(&String::from_utf8(bytes).ok()?).ok()?;
    match settings.get("format")?.as_str()? {
        "json" => Some(Format::Json),
        "text" => Some(Format::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_of_a_wrong_command_line_are_those_it_asks_for() {
        let of = |line: &str| color_in(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("--color never nope"), ColorChoice::Never);
        assert_eq!(of("key list -h --color=always"), ColorChoice::Always);
        assert_eq!(of("--color blue"), ColorChoice::Auto);
        assert!(!ColorChoice::Never.has_colors(true) && ColorChoice::Always.has_colors(false));
    }
}
