//! People and their keys, and the template.

use super::*;

#[test]
fn a_person_with_two_names_counts_once() {
    let text = sound().replace(&KEYS[1], &KEYS[0]);
    assert!(refusal(&text).contains("\"Ada\" has the same key"));
}

#[test]
fn a_key_is_one_that_can_approve() {
    let with = |line: &str| sound().replace(&KEYS[0], line);
    let certificate = KEYS[0].replacen("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", 1);
    assert!(refusal(&with(&certificate)).contains("person \"Ada\": key: an SSH certificate"));
    // The error names the line of the key, not the line of its person.
    let text = with("ssh-ed25519 not-base64!");
    let line = text
        .lines()
        .position(|line| line.contains("not-base64!"))
        .unwrap()
        + 1;
    assert!(refusal(&text).starts_with(&format!("line {line}: person \"Ada\": key: ")));
    // The type before the base64 differs from the type inside it.
    let other = KEYS[0].replacen("ssh-ed25519", "ssh-rsa", 1);
    assert!(refusal(&with(&other)).contains("damaged"));
    let security_key = new_key(SshKeyKind::SkEd25519);
    let text =
        with(&security_key).replace("name = \"Ada\"", "require = [\"touch\", \"pin\"]\nname = \"Ada\"");
    let file = CeremonyFile::read(&text).unwrap();
    assert_eq!(file.people[0].require, [Requirement::Touch, Requirement::Pin]);
}

/// The template is refused while a placeholder is left. Once every placeholder is filled in, it is valid.
#[test]
fn the_template_is_sound_once_it_is_filled_in() {
    let template = CeremonyTemplate::dated("2026-12-01T10:00:00Z".parse().unwrap());
    assert!(template.text().contains("date = 2026-12-01\n"));
    assert!(template.text().contains("date = 2026-12-02\n"));
    let error = refusal(template.text());
    assert!(error.contains("lines 31, 44, 46, 49, 51, 54, 56, 95"), "{error}");
    let mut text = template.text().replace("serial = \"FILL-IN\"", "serial = \"1\"");
    for key in KEYS.iter() {
        text = text.replacen("ssh-ed25519 FILL-IN", key, 1);
    }
    let error = refusal(&text);
    assert!(error.contains("lines 44, 49, 54, 95"), "{error}");
    let text = text.replace("FILL-IN", "Example") + "# FILL-IN\n";
    let file = CeremonyFile::read(&text).unwrap();
    assert_eq!(file.steps.len(), 5);
}
