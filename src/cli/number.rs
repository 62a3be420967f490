//! Numbers in options. The error says what is counted.

use std::ops::RangeInclusive;

/// Reads `what`, as "a number of sessions", if it is in the range. A range up to `u32::MAX` has no upper limit for people.
pub(super) fn number<N: TryFrom<u32>>(
    what: &'static str,
    range: RangeInclusive<u32>,
) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let parsed = text.parse().ok().filter(|number| range.contains(number));
        parsed.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
            match (*range.start(), *range.end()) {
                (0, u32::MAX) => format!("write {what}"),
                (least, u32::MAX) => format!("write {what}, at least {least}"),
                (least, most) => format!("write {what} from {least} to {most}"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_wrong_number_is_answered_with_the_unit_and_the_range() {
        let sessions = number::<u16>("a number of sessions", 1..=1024);
        assert_eq!((sessions("1"), sessions("1024")), (Ok(1), Ok(1024)));
        for wrong in ["0", "1025", "70000", "-1", "", "two"] {
            let said = sessions(wrong).unwrap_err();
            assert_eq!(said, "write a number of sessions from 1 to 1024", "{wrong}");
        }
        let hours = number::<u32>("a number of hours", 1..=u32::MAX);
        assert_eq!(hours("0"), Err("write a number of hours, at least 1".to_owned()));
    }
}
