//! The commit that a program is built from, without running Git.

use std::fs;
use std::path::{Path, PathBuf};

/// What was found, and the files that it follows from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) commit: Option<String>,
    pub(crate) depends_on: Vec<PathBuf>,
}

/// The commit of the source in `directory`: the one that is `named`; or the one that `cargo package` wrote into the crate; or, where `use_git`
/// says so, what a Git checkout has as its HEAD.
pub(crate) fn find(directory: &Path, named: Option<&str>, use_git: bool) -> Found {
    let named = named.map(str::trim).filter(|name| !name.is_empty());
    if let Some(commit) = named {
        let commit = is_commit(commit).then(|| commit.to_owned());
        assert!(
            commit.is_some(),
            "HSM_CA_COMMIT is not a commit: write 40 or 64 hex digits"
        );
        return Found {
            commit,
            ..Found::default()
        };
    }
    let packaged = directory.join(".cargo_vcs_info.json");
    if let Ok(text) = fs::read_to_string(&packaged) {
        // {"git":{"sha1":"…"},"path_in_vcs":""}
        let commit = text.split('"').map(str::to_owned).find(|word| is_commit(word));
        return Found {
            commit,
            depends_on: vec![packaged],
        };
    }
    if use_git {
        find_in_git(directory)
    } else {
        Found::default()
    }
}

fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Of a checkout or of a further worktree, whose `.git` is a file (gitrepository-layout(5)).
fn find_in_git(directory: &Path) -> Found {
    let mut found = Found::default();
    let git = directory.join(".git");
    let private = match fs::read_to_string(&git) {
        Ok(text) => match text.trim().strip_prefix("gitdir: ") {
            Some(path) => directory.join(path),
            None => return found,
        },
        Err(_) if git.is_dir() => git,
        Err(_) => return found,
    };
    let common = match fs::read_to_string(private.join("commondir")) {
        Ok(path) => private.join(path.trim()),
        Err(_) => private.clone(),
    };
    let head = private.join("HEAD");
    let Ok(text) = fs::read_to_string(&head) else {
        return found;
    };
    found.depends_on.push(head);
    let text = text.trim();
    let Some(name) = text.strip_prefix("ref: ") else {
        found.commit = is_commit(text).then(|| text.to_owned());
        return found;
    };
    let packed = common.join("packed-refs");
    // Before the loose file, which wins: it may appear later.
    if packed.exists() {
        found.depends_on.push(packed.clone());
    }
    let loose = common.join(name);
    let said = fs::read_to_string(&loose).ok();
    if said.is_some() {
        found.depends_on.push(loose);
    }
    let in_packed = || {
        let text = fs::read_to_string(&packed).ok()?;
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned))
    };
    found.commit = said
        .map(|text| text.trim().to_owned())
        .or_else(in_packed)
        .filter(|commit| is_commit(commit));
    found
}
