//! Quotes words for a POSIX shell.

/// `text` as one word that a POSIX shell takes literally (POSIX.1-2017, Shell Command Language, 2.2.2).
pub(super) fn quote(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,+@%".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::quote;

    #[test]
    fn a_shell_gives_back_what_was_quoted() {
        for text in [
            "",
            "ca.crt",
            "-x",
            "two words",
            "it's",
            "$(id) `id` \\ \"",
            "a\nb",
            "é",
            "~",
            "*",
        ] {
            let script = format!("printf %s {}", quote(text));
            let shown = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(shown.stdout).unwrap(), text);
        }
    }
}
