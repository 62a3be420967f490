//! References between steps.

use super::*;

#[test]
fn what_no_step_uses_is_a_mistake() {
    let text = sound().replace("[token.legacy]", "[token.spare]\nserial = \"1\"\n[token.legacy]");
    assert!(refusal(&text).contains("token \"spare\": no step uses it"));
    let hash = "00".repeat(32);
    let spare = format!("[input]\nspare = {{ file = \"a\", sha256 = \"{hash}\" }}\n");
    let text = sound().replace("[input]\n", &spare);
    assert!(refusal(&text).contains("input \"spare\": no step uses it"));
}

#[test]
fn crl_numbers_rise_and_begin_somewhere() {
    let second = |number: u64| {
        format!(
            "[[step]]\nid = \"crl2\"\ndo = \"crl\"\nissuer = \"root\"\nnumber = {number}\ndays = 9\nout = \"b.crl\"\n[close]"
        )
    };
    let with = |text: &str| sound().replace("[close]", text);
    assert!(CeremonyFile::read(&with(&second(2))).is_ok());
    assert!(refusal(&with(&second(1))).contains("numbers must increase"));
    // The file does not show which CRLs an older CA has issued.
    let old = second(7).replace("issuer = \"root\"", "issuer = \"legacy\"\ntoken = \"legacy\"");
    assert!(refusal(&with(&old)).contains("previous is missing"));
    let none = old.replace("number", "previous = \"none\"\nnumber");
    assert!(CeremonyFile::read(&with(&none)).is_ok());
}

#[test]
fn a_destroyed_key_signs_nothing() {
    let destroy = "[[step]]\nid = \"gone\"\ndo = \"destroy-key\"\ntoken = \"root\"\nkey = \"k\"\n";
    let text = sound().replace(
        "[[step]]\nid = \"i1\"",
        &format!("{destroy}[[step]]\nid = \"i1\""),
    );
    assert!(
        refusal(&text).contains("step \"i1\": its issuer's key is \"k\", which an earlier step destroys")
    );
    let text = sound().replace("[close]", &format!("{destroy}[close]"));
    assert!(CeremonyFile::read(&text).is_ok());
}

#[test]
fn a_revocation_that_no_crl_tells_is_a_mistake() {
    let revoke = "[[step]]\nid = \"r\"\ndo = \"revoke\"\nissuer = \"root\"\ncertificate = \"i1\"\nreason = \"superseded\"\n";
    let text = sound().replace("[close]", &format!("{revoke}[close]"));
    assert!(refusal(&text).contains("no later crl step"));
    let text = sound().replace(
        "[[step]]\nid = \"crl1\"",
        &format!("{revoke}[[step]]\nid = \"crl1\""),
    );
    assert!(CeremonyFile::read(&text).is_ok());
}
