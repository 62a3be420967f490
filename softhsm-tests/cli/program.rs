//! `completions`, `man` and `version`, checked with the programs that read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::{PROGRAM, Rig, Run};

#[path = "../../build/commit.rs"]
mod commit;

/// The commands that `hsm-ca COMMAND -h` lists, without `help`.
pub(crate) fn commands_below(rig: &Rig, command: &[&str]) -> Vec<String> {
    let help = rig.command(&[command, &["-h"]].concat()).ok().stdout;
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn mandoc_reports_nothing_about_any_page() {
    let rig = Rig::without_token();
    rig.command(&["man", "pages"]).ok();
    let pages: Vec<_> = fs::read_dir(rig.path("pages"))
        .expect("the pages")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let mut expected = BTreeSet::from(["hsm-ca.1".to_owned()]);
    for group in commands_below(&rig, &[]) {
        expected.insert(format!("hsm-ca-{group}.1"));
        for below in commands_below(&rig, &[&group]) {
            expected.insert(format!("hsm-ca-{group}-{below}.1"));
        }
    }
    assert!(expected.len() > 60, "{expected:?}");
    let found: BTreeSet<_> = pages
        .iter()
        .map(|page| page.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, expected, "a page for each command, and for nothing else");
    let mut lint = rig.prepare_tool("mandoc", &["-T", "lint"]);
    let run = Run::of(lint.args(&pages)).ok();
    assert_eq!(run.stdout + &run.stderr, "");
    let read = rig
        .tool("mandoc", &["-T", "utf8", "pages/hsm-ca-csr-sign.1"])
        .ok();
    assert!(
        read.stdout.contains("The directory for the certificates"),
        "{read:?}"
    );
}

#[test]
fn pages_replace_nothing_without_force_and_are_all_there_or_none() {
    let rig = Rig::without_token();
    fs::create_dir(rig.path("pages")).expect("a directory");
    rig.write("pages/hsm-ca-token.1", "mine");
    rig.json(&["man", "pages"]).refused(2, "output-exists");
    assert_eq!(rig.read("pages/hsm-ca-token.1"), b"mine");
    assert_eq!(fs::read_dir(rig.path("pages")).expect("the directory").count(), 1);
    let written = rig.json(&["man", "pages", "--force"]).ok().json();
    assert!(
        written["files"].as_array().expect("files").len() > 60,
        "{written}"
    );
    assert_ne!(rig.read("pages/hsm-ca-token.1"), b"mine");
    rig.write("file", "");
    rig.json(&["man", "file"]).refused(2, "no-directory");
}

#[test]
fn the_same_program_writes_the_same_pages() {
    let rig = Rig::without_token();
    rig.command(&["man", "a"]).ok();
    rig.command(&["man", "b"]).ok();
    rig.tool("diff", &["-r", "a", "b"]).ok();
}

#[test]
fn each_shell_reads_its_completion_script() {
    let rig = Rig::without_token();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = rig.command(&["completions", shell]).ok().stdout;
        for name in ["generate-key-pair", "--trust-anchor", "completions"] {
            let bare = name.trim_start_matches('-');
            assert!(script.contains(bare), "{shell}: {name}");
        }
        for hidden in ["initialize-token", "rehearse-session"] {
            assert!(!script.contains(hidden), "{shell}: {hidden}");
        }
        rig.write(shell, &script);
        let json = rig.json(&["completions", shell]).ok().json();
        assert_eq!(
            (&json["shell"], &json["content"]),
            (&shell.into(), &script.into())
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        let run = rig.tool(shell, &["-n", shell]).ok();
        assert_eq!(run.stderr, "", "{shell}");
    }
    // The completions after the Tab key.
    for (words, expected) in [
        ("hsm-ca csr si", "sign"),
        ("hsm-ca kms generate-key-pair --key-i", "--key-id"),
        ("hsm-ca completions fi", "fish"),
        ("hsm-ca cert revoke --reason sup", "superseded"),
        ("hsm-ca csr sign --profile tls-s", "tls-server"),
        ("hsm-ca key generate --type ed", "ed25519"),
        ("hsm-ca key generate --type rsa : 3", "3072"),
        ("hsm-ca key generate --type ec :", "p256 p384 p521"),
        ("hsm-ca csr sign --days ba", "ba"),
        ("hsm-ca csr sign --ca ba", "bash"),
    ] {
        let script = format!(
            "source ./bash; compopt() {{ true; }}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _hsm_ca_joined hsm-ca \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let run = rig.tool("bash", &["-c", &script]).ok();
        assert_eq!(run.stderr, "", "{words}");
        assert_eq!(run.stdout.trim(), expected, "{words}");
    }
    rig.json(&["completions", "cmd.exe"]).refused(2, "usage");
}

#[test]
fn wrong_settings_stop_neither_completion_nor_version() {
    let rig = Rig::without_token();
    rig.write("hsm-ca.toml", "wrong");
    rig.json(&["token", "list"]).refused(2, "configuration");
    for command in [
        &["completions", "bash"][..],
        &["version", "-v"],
        &["man", "pages"],
    ] {
        rig.command(command).ok();
    }
}

#[test]
fn version_lists_the_crates_of_the_program() {
    let rig = Rig::without_token();
    let short = rig.command(&["version"]).ok().stdout;
    assert_eq!(short, format!("hsm-ca {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(rig.command(&["--version"]).ok().stdout, short);
    let long = rig.command(&["version", "-v"]).ok().stdout;
    for name in [
        "commit",
        "features",
        "module API",
        "aws-lc-sys",
        "sha2",
        "cryptoki",
    ] {
        assert!(long.contains(name), "{name}: {long}");
    }
    let json = rig.json(&["version"]).ok().json();
    let all = [
        ("aws", cfg!(feature = "aws")),
        ("postgres", cfg!(feature = "postgres")),
    ];
    let on = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name);
    assert_eq!(json["features"], on.collect::<serde_json::Value>());
    // Cargo's own list of the built versions.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("Cargo.lock");
    let crates = json["crates"].as_object().expect("crates");
    assert!(crates.len() > 8, "{json}");
    for (name, version) in crates {
        let version = version.as_str().expect("a version");
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{name} {version}");
        // Of several versions, the program's own and not one of its tests.
        if lock.matches(&format!("name = \"{name}\"\n")).count() > 1 {
            assert!(
                lock.contains(&format!(" \"{name} {version}\",\n")),
                "{name} {version}"
            );
        }
    }
    let program = fs::read(PROGRAM).expect("the program");
    let directory = root.to_str().expect("UTF-8").as_bytes();
    let in_lock = [b"HSM_CA_CRATES=", directory].concat();
    assert!(!program.windows(in_lock.len()).any(|bytes| bytes == in_lock));
}

#[test]
fn the_commit_is_that_of_git() {
    let rig = Rig::without_token();
    let git = |arguments: &[&str]| {
        let identity = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "init.defaultBranch=main",
        ];
        rig.tool("git", &[&identity, arguments].concat())
            .ok()
            .stdout
            .trim()
            .to_owned()
    };
    git(&["init", "-q", "repo"]);
    assert_eq!(
        commit::find(&rig.path("repo"), None, true).commit,
        None,
        "no commit yet"
    );
    git(&["-C", "repo", "commit", "-q", "--allow-empty", "-m", "one"]);
    let one = git(&["-C", "repo", "rev-parse", "HEAD"]);
    let of = |directory: &str| commit::find(&rig.path(directory), None, true).commit;
    assert_eq!(of("repo").as_deref(), Some(&*one));
    // Packed references, a detached HEAD, another worktree.
    git(&["-C", "repo", "pack-refs", "--all"]);
    assert_eq!(of("repo").as_deref(), Some(&*one));
    git(&["-C", "repo", "worktree", "add", "-q", "../other"]);
    git(&["-C", "other", "commit", "-q", "--allow-empty", "-m", "two"]);
    let two = git(&["-C", "other", "rev-parse", "HEAD"]);
    assert_eq!((of("repo"), of("other")), (Some(one.clone()), Some(two.clone())));
    git(&["-C", "repo", "checkout", "-q", &two]);
    assert_eq!(of("repo").as_deref(), Some(&*two));
    // A debug build does not read the commit. A named commit takes precedence.
    assert_eq!(commit::find(&rig.path("repo"), None, false).commit, None);
    assert_eq!(
        commit::find(&rig.path("repo"), Some(&one), true).commit,
        Some(one.clone())
    );
    // A crate from a registry has no .git; `cargo package` wrote this.
    fs::create_dir(rig.path("crate")).expect("a directory");
    rig.write(
        "crate/.cargo_vcs_info.json",
        format!("{{\n  \"git\": {{\n    \"sha1\": \"{one}\"\n  }},\n  \"path_in_vcs\": \"\"\n}}"),
    );
    assert_eq!(commit::find(&rig.path("crate"), None, false).commit, Some(one));
    assert_eq!(of("nowhere"), None);
    let wrong = std::panic::catch_unwind(|| commit::find(Path::new("."), Some("main"), false));
    assert!(wrong.is_err(), "a branch is not a commit");
}
