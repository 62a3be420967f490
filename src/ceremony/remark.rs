//! Notes and deviations that people type in place of an answer.

/// The remark in an answer, if there is one, and whether it is a deviation. It begins with `note` or `deviation`, in capitals or not, and a colon.
pub(crate) fn remark_in(answer: &str) -> Option<(bool, &str)> {
    let (kind, text) = answer.split_once(':')?;
    let is = |word: &str| kind.trim().eq_ignore_ascii_case(word);
    match (is("deviation"), is("note")) {
        (false, false) => None,
        (is_deviation, _) => Some((is_deviation, text.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_told_from_an_answer() {
        for (typed, expected) in [
            ("note: the door was open", Some((false, "the door was open"))),
            ("Deviation:the bag is torn ", Some((true, "the bag is torn"))),
            (" NOTE : it is quiet", Some((false, "it is quiet"))),
            ("deviation:", Some((true, ""))),
            ("", None),
            ("A, B", None),
            ("bag 7: no note", None),
            ("2026-12-01 09:05", None),
        ] {
            assert_eq!(remark_in(typed), expected, "{typed}");
        }
    }
}
