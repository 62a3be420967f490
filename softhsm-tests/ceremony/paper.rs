//! The pages that people read and print: `ceremony show`, `ceremony script` and `ceremony report`. A strict, independent HTML reader reads them back.

use serde_json::{Value, json};

use super::check::ceremony;
use super::proof::Planned;
use crate::harness::{Rig, python_tool};

/// The planned ceremony.
pub(super) fn planned() -> Rig {
    let rig = ceremony();
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    rig.json(&plan).ok();
    rig
}

/// The content of a page as Python reads it. The reader fails on anything that could run or load something.
pub(super) fn read_page(rig: &Rig, page: &str) -> Value {
    read_page_of(rig, page, "room")
}

/// The same for a page about the ceremony in this directory.
fn read_page_of(rig: &Rig, page: &str, directory: &str) -> Value {
    rig.write("read_page.py", include_str!("read_page.py"));
    rig.write("words.txt", include_str!("../../src/values/word_list.txt"));
    let plan = format!("{directory}/plan.json");
    let arguments = ["read_page.py", page, &plan, "words.txt"];
    rig.tool(python_tool("python3"), &arguments).ok().json()
}

fn texts<'a>(page: &'a Value, class: &str) -> Vec<&'a str> {
    let found = page["classes"][class].as_array();
    let found = found.unwrap_or_else(|| panic!("no element of class {class}"));
    found.iter().filter_map(Value::as_str).collect()
}

fn has_text(page: &Value, text: &str) -> bool {
    let texts = page["texts"].as_array().expect("texts");
    texts.iter().any(|found| found.as_str() == Some(text))
}

#[test]
fn the_script_has_the_words_that_another_program_computes_and_each_step() {
    let rig = planned();
    let report = rig
        .json(&["ceremony", "script", "room", "--out", "script.html"])
        .ok()
        .json();
    assert_eq!(report["file"], "script.html");
    let page = read_page(&rig, "script.html");
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    let steps = plan["steps"].as_array().expect("steps");
    let is_typed = |step: &&Value| !["manual", "confirm"].contains(&step["do"].as_str().expect("a step"));
    let typed = steps
        .iter()
        .filter(is_typed)
        .filter_map(|step| step["id"].as_str());
    let expected: Vec<&Value> = ["opening"]
        .into_iter()
        .chain(typed)
        .chain(["closing"])
        .map(|step| &page["script_words"][step])
        .collect();
    assert_eq!(texts(&page, "typed"), expected);
    for number in 1..=steps.len() {
        let start = format!("Step {number} of {}: ", steps.len());
        let texts = page["texts"].as_array().expect("texts");
        assert!(
            texts
                .iter()
                .any(|text| text.as_str().is_some_and(|text| text.starts_with(&start)))
        );
    }
    // The words of the request's key, as its owner reads them from `csr show`.
    let shown = rig.json(&["csr", "show", "inputs/i1.csr"]).ok().json();
    let words = shown["public_key_sha256_words"].as_str().expect("words");
    let words: Vec<_> = words.split(' ').collect();
    let pairs = words.chunks(2).enumerate();
    let pairs: Vec<_> = pairs
        .map(|(index, pair)| Value::from(format!("{} {}", 2 * index + 1, pair.join(" "))))
        .collect();
    let texts = page["texts"].as_array().expect("texts");
    assert!(texts.windows(12).any(|lines| lines == pairs), "{pairs:?}");
    assert!(has_text(
        &page,
        shown["public_key_sha256"].as_str().expect("a hash")
    ));
    // The whole hash in the footer of each sheet, and every exact value of every session.
    let words = page["plan_words"].as_str().expect("words");
    let style = page["style"].as_str().expect("a style");
    assert!(
        style.contains(&format!("@bottom-left {{ content: \"Plan {words}\" }}")),
        "{style}"
    );
    assert!(style.contains("size: A4"));
    for object in plan["objects"].as_array().expect("objects") {
        for line in object["shown"].as_array().expect("lines") {
            let line = line.as_str().expect("text");
            let value = line.split_once(": ").map_or(line, |(_, value)| value);
            assert!(has_text(&page, value), "{line}");
        }
    }
    assert!(!page.to_string().contains("PRACTICE"));

    let letter = ["ceremony", "script", "room", "--out", "-", "--paper", "letter"];
    let printed = rig.command(&letter).ok().stdout;
    assert!(printed.contains("size: letter") && printed.contains("</html>"));
    // Nothing overwrites it.
    rig.json(&["ceremony", "script", "room", "--out", "script.html"])
        .refused(2, "output-exists");
}

#[test]
fn a_practice_is_marked_and_no_text_of_the_file_becomes_markup() {
    let rig = ceremony();
    rig.edit("kind = \"production\"", "kind = \"practice\"");
    rig.edit(
        "The clock agrees",
        "<script>alert(1)</script> <img src=x onerror='y'> The clock agrees",
    );
    let plan = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];
    rig.json(&plan).ok();
    rig.json(&["ceremony", "script", "room", "--out", "script.html"])
        .ok();
    let page = read_page(&rig, "script.html");
    assert_eq!(texts(&page, "kind"), ["practice ceremony"]);
    assert!(texts(&page, "banner")[0].starts_with("PRACTICE"));
    let style = page["style"].as_str().expect("a style");
    assert!(style.contains("@top-right { content: \"PRACTICE\" }"));
    let said = page["texts"].as_array().expect("texts").iter();
    let mut said = said.filter_map(Value::as_str);
    assert!(said.any(|text| text.starts_with("<script>alert(1)</script> <img src=x onerror='y'> The clock")));
}

#[test]
fn show_is_the_text_of_the_plan_and_its_state() {
    let rig = planned();
    let shown = rig.command(&["ceremony", "show", "room"]).ok().stdout;
    let text = String::from_utf8(rig.read("room/plan.txt")).expect("UTF-8");
    let state =
        "\nState\n  approvals  not approved yet: 3 more people must approve\n  run        not started\n";
    assert_eq!(shown.strip_prefix(&text), Some(state));
    for line in text.lines() {
        let is_one_word = !line.trim_start().contains(' ');
        assert!(line.chars().count() <= 80 || is_one_word, "{line}");
    }
    let report = rig.json(&["ceremony", "show", "room"]).ok().json();
    let sum = rig.tool("sha256sum", &["room/plan.json"]).ok().stdout;
    assert_eq!(sum.split(' ').next(), report["plan_sha256"].as_str());
    assert!(text.contains("in words"));
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    assert_eq!(report["plan"], plan);

    // Only the script contains the words that run asks for.
    rig.json(&["ceremony", "script", "room", "--out", "script.html"])
        .ok();
    let page = read_page(&rig, "script.html");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(page["plan_words"].as_str().expect("words")));
    for words in page["script_words"].as_object().expect("words").values() {
        assert!(!flat.contains(words.as_str().expect("words")), "{words}");
    }

    rig.write("room/plan.json", "{}\n");
    rig.json(&["ceremony", "show", "room"])
        .refused(3, "ceremony-plan");
}

#[test]
fn the_report_has_what_openssl_reads_and_says_verified_only_when_it_is() {
    let planned = Planned::new();
    let head = planned.hold("held", "", "");
    let rig = &planned.0;
    let report = ["ceremony", "report", "held", "--out", "report.html"];
    assert_eq!(rig.json(&report).ok().json()["verified"], true);
    let page = read_page_of(rig, "report.html", "held");
    assert!(has_text(&page, "Verified when this report was made."));
    assert!(has_text(&page, &head));
    let words = page["plan_words"].as_str().expect("words");
    let style = page["style"].as_str().expect("a style");
    assert!(
        style.contains(&format!("@bottom-left {{ content: \"Plan {words}\" }}")),
        "{style}"
    );
    assert!(!page.to_string().contains("NOT VERIFIED"));

    // `show` shows the transcript with its ceremony, and a copy alone.
    let show = |file: &str| rig.json(&["show", file]);
    let transcript = String::from_utf8(rig.read("held/run/transcript.jsonl")).expect("text");
    rig.write("copy.jsonl", &transcript);
    let shown = show("held/run/transcript.jsonl").ok().json();
    let copy = show("copy.jsonl").ok().json();
    assert_eq!(
        (&copy["run"], &copy["run"]["head"]),
        (&shown["run"], &json!(head))
    );
    rig.write("copy.jsonl", transcript.replacen("\"n\":7", "\"n\":8", 1));
    assert_eq!(show("copy.jsonl").code, Some(3));

    let plan: Value = serde_json::from_slice(&rig.read("held/plan.json")).expect("JSON");
    let objects = plan["objects"].as_array().expect("objects").iter();
    for out in objects.filter_map(|object| object["out"].as_str()) {
        let path = format!("held/out/{out}");
        let kind = if out.ends_with(".crl") { "crl" } else { "x509" };
        let arguments = [kind, "-in", &path, "-noout", "-fingerprint", "-sha256"];
        let line = rig.tool("openssl", &arguments).ok().stdout;
        let (_, fingerprint) = line.trim().split_once('=').expect("a fingerprint");
        let fingerprint = fingerprint.replace(':', "").to_ascii_lowercase();
        assert!(has_text(&page, &fingerprint), "{out}: {fingerprint}");
    }

    for due in [
        "publish r1.crl, the first CRL of CN=Root R1,O=Example",
        "CA/B BR 4.9.7: within 24 hours of its first certificate",
    ] {
        assert!(has_text(&page, due), "{due}");
    }

    // A certificate of the ceremony that was replaced afterwards.
    let root = rig.read("held/out/r1.crt");
    rig.write("held/out/i1.crt", root);
    let broken = ["ceremony", "report", "held", "--out", "broken.html"];
    assert_eq!(rig.json(&broken).code, Some(3));
    let page = read_page_of(rig, "broken.html", "held");
    assert!(has_text(&page, "NOT VERIFIED.") && !has_text(&page, "Verified when this report was made."));
    let style = page["style"].as_str().expect("a style");
    assert!(style.contains("@top-right { content: \"NOT VERIFIED\" }"));
}
