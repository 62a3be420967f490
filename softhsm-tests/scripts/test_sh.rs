//! `scripts/test.sh` reports needs that it cannot install before it builds anything.

use crate::harness::{Rig, Run};

/// `scripts/test.sh`, started by setpriv with these arguments. `cargo` is replaced by a program that would reveal a build.
fn refused(setpriv: &[&str]) -> Run {
    let rig = Rig::without_token();
    // A copy: an ordinary user may not be able to read the checkout.
    for directory in ["bin", "scripts"] {
        std::fs::create_dir(rig.path(directory)).expect("a directory");
    }
    let script = include_str!("../../scripts/test.sh");
    rig.write("scripts/test.sh", script);
    let cargo = "#!/bin/sh\ncase $2 in --version) ;; *) echo \"built: $*\" ;; esac\n";
    rig.write_program("bin/cargo", cargo);
    rig.tool("chmod", &["755", ".", "bin", "scripts"]).ok();
    rig.tool("chmod", &["644", "scripts/test.sh"]).ok();
    let mut command = rig.prepare_tool("setpriv", setpriv);
    let path = format!("{}:/usr/bin:/bin", rig.path("bin").display());
    command
        .arg("bash")
        .arg(rig.path("scripts/test.sh"))
        .env("PATH", path);
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(run.stdout, "", "nothing is installed or built");
    run
}

#[test]
fn a_machine_that_permits_too_little_is_refused_before_anything_is_built() {
    let without = "-sys_admin,-sys_ptrace";
    let run = refused(&["--bounding-set", without, "--inh-caps", without]);
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{run:#?}");
    assert!(lines[0].contains("(CAP_SYS_PTRACE)"), "{run:#?}");
    assert!(lines[1].contains("(CAP_SYS_ADMIN)"), "{run:#?}");
}

#[test]
fn an_ordinary_user_is_refused_before_anything_is_built() {
    let run = refused(&["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    assert!(
        run.stderr.starts_with("test.sh: the tests need root;"),
        "{run:#?}"
    );
    assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
}
