//! The ARN of a KMS key, which is in every answer of KMS about the key.

use std::fmt;

use super::key_id::{is_key_id, resource_of};

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID` (KMS developer guide, "Key identifiers": key ARN).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyArn(String);

impl KeyArn {
    /// Reads a key's ARN; `None` for an alias's ARN, a bare id, and anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let resource = resource_of(text.strip_prefix("arn:")?)?;
        resource
            .strip_prefix("key/")
            .is_some_and(is_key_id)
            .then(|| Self(text.to_owned()))
    }

    /// The ARN as KMS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The AWS account that owns the key: 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The region that the key is in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The key's id. KMS looks for a bare id in the caller's own account only (KMS API reference, `Decrypt`, `KeyId`: "To specify a KMS
    /// key in a different AWS account, you must use the key ARN or alias ARN").
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether `name` (a key's id or ARN, an alias, or an alias's ARN) may mean this key. Only KMS knows where an alias points, but it points at a
    /// key of its own account and region.
    #[must_use]
    pub fn may_be_named(&self, name: &str) -> bool {
        match name.split_once(":alias/") {
            Some((place, _)) => self.0.split_once(":key/").is_some_and(|(own, _)| own == place),
            None => name.starts_with("alias/") || name == self.id() || name == self.0,
        }
    }

    /// Whether both are the same key, or the same multi-Region key in two regions: those share id, account and key material.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        let related = self.id().starts_with("mrk-")
            && [1, 4].iter().all(|place| self.part(*place) == other.part(*place))
            && self.id() == other.id();
        related || self == other
    }

    fn part(&self, place: usize) -> &str {
        self.0.split(':').nth(place).unwrap_or_default()
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const REPLICA: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    fn arn(text: &str) -> KeyArn {
        KeyArn::parse(text).unwrap()
    }

    #[test]
    fn an_arn_has_the_account_the_region_and_the_id() {
        let key = arn(ARN);
        assert_eq!(key.account(), "111122223333");
        assert_eq!(key.region(), "us-gov-west-1");
        assert_eq!(key.id(), "1234abcd-12ab-34cd-56ef-1234567890ab");
        assert_eq!(key.to_string(), ARN);
    }

    #[test]
    fn only_the_arn_of_a_key_is_accepted() {
        for text in [
            "",
            "alias/ca",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:alias/ca",
            "arn:aws:kms:eu-west-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab/x",
        ] {
            assert_eq!(KeyArn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_multi_region_key_is_the_same_in_both_regions_and_no_other_key_is() {
        let replica = arn(REPLICA);
        assert!(replica.is_same_key(&arn(&REPLICA.replace("eu-west-1", "us-east-1"))));
        assert!(!replica.is_same_key(&arn(&REPLICA.replace("111122223333", "999988887777"))));
        assert!(!replica.is_same_key(&arn(&REPLICA.replace("arn:aws:", "arn:aws-cn:"))));
        assert!(!replica.is_same_key(&arn(&REPLICA.replace("1234abcd", "00000000"))));
        let single = arn(ARN);
        assert!(single.is_same_key(&single));
        assert!(!single.is_same_key(&arn(&ARN.replace("us-gov-west-1", "us-gov-east-1"))));
    }
}
