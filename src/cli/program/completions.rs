//! `completions`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, ValueHint};
use clap_complete::{Shell, generate};
use hsm_ca::kms::KeySpec;
use hsm_ca::signer::KeyAlgorithm;
use hsm_ca::x509::{CrlReason, Profile};

use super::shown::shown_commands;
use crate::cli::json::Output as _;
use crate::cli::json::program::Completions as Output;
use crate::cli::report::Report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Report {
        let script = match self.shell {
            Shell::Bash => for_bash(),
            shell => write(shell, "hsm-ca"),
        };
        let json = Output {
            shell: self.shell.to_string(),
            content: script.clone(),
        };
        Report::laid_out(script, json.document())
    }
}

fn write(shell: Shell, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut with_values(shown_commands(), ""), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// `clap_complete` 4.6 spells a program's name with a hyphen in two ways, so the script does not find the commands. This generates it for a
/// name without a hyphen, and puts the real name only into the last lines, which register the script.
fn for_bash() -> String {
    let script = write(Shell::Bash, "hsm_ca").replace(" default hsm_ca\n", " default hsm-ca\n");
    JOIN_AT_COLON.to_owned() + &script.replace("complete -F _hsm_ca ", "complete -F _hsm_ca_joined ")
}

/// bash divides words at a colon, and `rsa:2048` is one value. What it completes begins after the colon.
const JOIN_AT_COLON: &str = r#"_hsm_ca_joined() {
    local at=$COMP_CWORD before="" cur="$2" prev="$3"
    if [[ $at -gt 2 && "${COMP_WORDS[at]}" == ":" ]]; then
        before="${COMP_WORDS[at-1]}:" cur="${COMP_WORDS[at-1]}:" prev="${COMP_WORDS[at-2]}"
    elif [[ $at -gt 3 && "${COMP_WORDS[at-1]}" == ":" ]]; then
        before="${COMP_WORDS[at-2]}:" cur="${COMP_WORDS[at-2]}:$2" prev="${COMP_WORDS[at-3]}"
    fi
    _hsm_ca "$1" "$cur" "$prev"
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

"#;

/// The commands whose `--profile` is a file of one's own.
const TAKE_FILE: [&str; 2] = ["cert cross-sign", "crl create"];

/// The commands, with what a shell can complete for the value of each option. The parser of the command line accepts more.
fn with_values(command: Command, path: &str) -> Command {
    command
        .mut_args(|option| with_values_of(option, path))
        .mut_subcommands(|below| {
            let path = format!("{path} {}", below.get_name());
            with_values(below, path.trim_start())
        })
}

fn with_values_of(option: Arg, path: &str) -> Arg {
    if !option.get_action().takes_values() || !option.get_possible_values().is_empty() {
        return option;
    }
    let names = option.get_value_names().unwrap_or_default();
    let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    let known = match names[..] {
        ["REASON"] => CrlReason::ALL.map(|reason| reason.name().to_owned()).to_vec(),
        ["TYPE"] => KeyAlgorithm::names().map(str::to_owned).collect(),
        ["SPEC"] => KeySpec::names().map(str::to_owned).to_vec(),
        ["PROFILE"] if TAKE_FILE.contains(&path) => return option.value_hint(ValueHint::FilePath),
        ["PROFILE"] => profiles_for(path),
        ["DIR"] => return option.value_hint(ValueHint::DirPath),
        ["FILE"] => return option.value_hint(ValueHint::FilePath),
        ["FILE|DIR" | "FILE|SERIAL" | "PROFILE|FILE"] => return option.value_hint(ValueHint::AnyPath),
        _ => Vec::new(),
    };
    match (known.is_empty(), option.get_value_hint()) {
        (false, _) => option.value_parser(PossibleValuesParser::new(known)),
        // Not a file.
        (true, ValueHint::Unknown) => option.value_hint(ValueHint::Other),
        (true, _) => option,
    }
}

/// The built-in profiles for a command.
fn profiles_for(path: &str) -> Vec<String> {
    let fits = |profile: &Profile| match path {
        "ca create" => profile.is_self_signed(),
        "csr sign" | "csr create" => !profile.is_self_signed(),
        _ => true,
    };
    let profiles = Profile::built_in().into_iter().filter(fits);
    profiles.map(|profile| profile.name.into_owned()).collect()
}
