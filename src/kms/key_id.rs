//! The parts that the names of KMS keys have in common.

/// The resource of an ARN, `PARTITION:kms:REGION:ACCOUNT:RESOURCE` without the `arn:`.
pub(super) fn resource_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(5, ':');
    let partition = parts.next()?;
    let service = parts.next()?;
    let region = parts.next()?;
    let account = parts.next()?;
    let account_fits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !partition.is_empty() && service == "kms" && !region.is_empty() && account_fits;
    parts.next().filter(|_| fits)
}

/// A UUID, or `mrk-` and its digits for a multi-Region key (KMS developer guide, "Key identifiers").
pub(super) fn is_key_id(text: &str) -> bool {
    let digits = text.strip_prefix("mrk-").unwrap_or(text);
    (32..=36).contains(&digits.len())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
