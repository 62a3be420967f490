//! The bytes of a statement.

use super::*;

#[test]
fn each_statement_says_exactly_one_thing() {
    let (keys, mut count) = five();
    let good = String::from_utf8(statement("A", &keys[0], &Decision::Approve)).unwrap();
    let mut refused = |text: &str| {
        let signature = keys[0].sign(APPROVAL, text.as_bytes());
        count
            .add(text.as_bytes(), signature.as_bytes())
            .map(|_| ())
            .unwrap_err()
    };
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{good}");
        good.replacen(from, to, 1)
    };
    let error = refused(&with("\"approve\"", "\"maybe\""));
    assert!(matches!(error, StatementError::Decision { .. }), "{error}");
    for text in [
        with("\"approve\"", "\"reject\""),
        with("{", "{\"because\":\"all is well\","),
    ] {
        let error = refused(&text);
        assert!(matches!(error, StatementError::Reason { .. }), "{error}");
    }
    for because in ["", " ", "two\\nlines", "\\u001b[2K"] {
        let text = with("\"approve\"", "\"reject\"");
        let error = refused(&text.replacen('{', &format!("{{\"because\":\"{because}\","), 1));
        assert!(
            matches!(error, StatementError::Reason { .. }),
            "{because}: {error}"
        );
    }
    let now = NOW.to_string();
    for time in ["2026-12-01", "2026-12-01T08:40:00+00:00", "now", ""] {
        let error = refused(&with(&now, time));
        assert!(matches!(error, StatementError::Time { .. }), "{time}: {error}");
    }
    for text in [
        with("{", "{\"also\":\"this\","),
        with("\"person\":\"A\"", "\"person\":\"A\",\"person\":\"A\""),
        with("{", "{ "),
        good.trim_end().to_owned(),
        with("\"kind\":\"production\",", ""),
        with("\"person\":\"A\"", "\"person\":1"),
        with("\"plan\":\"", "\"plan\":\"A"),
    ] {
        let error = refused(&text);
        assert!(matches!(error, StatementError::Statement(_)), "{text}: {error}");
    }
    let error = refused(&with("approval 1", "approval 2"));
    assert!(
        matches!(error, StatementError::OtherPlan { what: "format", .. }),
        "{error}"
    );
    assert!(ApprovalStatement::new(&plan(), "A", &keys[0].key(), NOW, &reject(" ")).is_err());
}

#[test]
fn every_changed_byte_of_a_statement_is_found() {
    let (keys, mut count) = five();
    let good = statement("A", &keys[0], &Decision::Approve);
    let signature = keys[0].sign(APPROVAL, &good);
    for place in 0..good.len() {
        for change in [0x01, 0x02, 0x20, 0x80] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            let added = count.add(&bytes, signature.as_bytes());
            assert!(added.is_err(), "byte {place} ^ {change:#x}");
        }
    }
    assert!(count.add(&good, signature.as_bytes()).is_ok());
}

/// An approver without this program signs this file with `ssh-keygen -Y sign`.
#[test]
fn the_statement_is_the_documented_one() {
    let key = TestKey::new(SshKeyKind::Ed25519);
    let text = String::from_utf8(statement("A", &key, &reject("no second witness"))).unwrap();
    let expected = format!(
        "{{\"because\":\"no second witness\",\"ceremony\":\"root-r1-2026\",\"decision\":\"reject\",\
         \"format\":\"hsm-ca ceremony approval 1\",\"key\":\"{}\",\"kind\":\"production\",\"person\":\"A\",\
         \"plan\":\"{}\",\"time\":\"2026-12-01T08:40:00Z\"}}\n",
        key.key().fingerprint(),
        plan().hash
    );
    assert_eq!(text, expected);
}
