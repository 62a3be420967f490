//! The drawing, on a terminal and elsewhere.

use super::desk;
use crate::harness::PROGRAM;

/// The text without frames, signs and colours, which must be the same in both.
fn words(text: &str) -> Vec<String> {
    let drawn = |character: char| "╔╗╝╚═║┌┐┘└─│✔✘•!?+=|-".contains(character);
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').expect("a colour").1;
    }
    plain.push_str(rest);
    let words = plain.split(|character: char| character.is_whitespace() || drawn(character));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_path_is_drawn_on_a_terminal_and_in_ascii_elsewhere_and_fits_80_columns() {
    let rig = desk();
    let arguments = "-q cluster check --dir dir --client-dir client/certs --server-cert server.crt";
    for more in [
        "",
        " --client-cert own.crt",
        " --client-cert server.crt",
        " --warn-days 2500",
    ] {
        let command = format!("{PROGRAM} {arguments}{more}");
        let plain = rig.tool("bash", &["-c", &command]).stdout;
        let narrow = format!("stty cols 80; {command}");
        let shown = rig.tool("script", &["-qec", &narrow, "/dev/null"]).stdout;
        assert!(plain.is_ascii(), "{plain}");
        assert!(
            shown.contains("╔═ server TLS ═") && shown.contains("┌─ HSM TLS") && shown.contains("\u{1b}[32m")
        );
        assert_eq!(words(&plain), words(&shown));
        let is_wide = |line: &&str| plain_columns(line.trim_end()) > 80;
        for line in shown.lines().filter(is_wide) {
            assert!(line.contains("CN=") || line.starts_with("    in "), "{line}");
        }
        assert!(plain.lines().any(|line| is_wide(&line)), "{plain}");
        let frame: Vec<_> = shown
            .lines()
            .map(str::trim_end)
            .filter(|line| line.ends_with(['║', '╗', '╝']))
            .collect();
        assert!(
            frame.len() >= 9 && frame.iter().all(|line| words(line).len() < 20),
            "{shown}"
        );
        // The right wall is straight.
        let columns = |line: &str| plain_columns(line);
        assert!(
            frame.iter().all(|line| columns(line) == columns(frame[0])),
            "{shown}"
        );
    }
    // Without UTF-8, or without colours.
    let command = format!("{PROGRAM} {arguments}");
    let ascii = rig
        .tool("env", &["LC_ALL=C", "script", "-qec", &command, "/dev/null"])
        .stdout;
    assert!(ascii.is_ascii() && ascii.contains("+= server TLS ="));
    let colorless = rig
        .tool("env", &["NO_COLOR=1", "script", "-qec", &command, "/dev/null"])
        .stdout;
    assert!(!colorless.contains('\u{1b}') && colorless.contains('╔'));
}

fn plain_columns(line: &str) -> usize {
    let colors: usize = line
        .split("\u{1b}[")
        .skip(1)
        .filter_map(|rest| rest.find('m'))
        .map(|at| at + 3)
        .sum();
    line.chars().count() - colors
}
