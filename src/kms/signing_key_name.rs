//! How to name a KMS key that signs.

use std::fmt;

use super::key_id::{is_key_id, resource_of};
use super::{KeyArn, KmsError};

/// A KMS key that signs, as `kms:KEY`: its id, its ARN, `alias/NAME`, or an alias's ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyName(String);

impl SigningKeyName {
    /// The prefix of such a name. A token's key whose label begins with it is named by a `pkcs11:` URI.
    pub const SCHEME: &str = "kms:";

    /// Whether `name` is meant as a KMS key.
    #[must_use]
    pub fn is_meant(name: &str) -> bool {
        name.starts_with(Self::SCHEME)
    }

    /// Reads `kms:KEY`. KMS would take an alias without `alias/` for a key's id, so anything else is refused here.
    ///
    /// # Errors
    /// [`KmsError::KeyName`]
    pub fn parse(name: &str) -> Result<Self, KmsError> {
        let key = name.strip_prefix(Self::SCHEME).unwrap_or_default();
        let resource = match key.strip_prefix("arn:") {
            Some(arn) => resource_of(arn),
            None => Some(key),
        };
        let valid = resource.is_some_and(|resource| match resource.strip_prefix("alias/") {
            Some(alias) => is_alias(alias),
            None if key.starts_with("arn:") => resource.strip_prefix("key/").is_some_and(is_key_id),
            None => is_key_id(resource),
        });
        valid
            .then(|| Self(key.to_owned()))
            .ok_or_else(|| KmsError::KeyName {
                name: name.to_owned(),
            })
    }

    /// The name as KMS expects it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0
    }

    /// Whether this may be a name of the key with that ARN. Only KMS knows where an alias points, but it points at a key of its own account and
    /// region.
    #[must_use]
    pub fn may_be(&self, key_arn: &str) -> bool {
        KeyArn::parse(key_arn).is_some_and(|arn| arn.may_be_named(&self.0))
    }
}

impl fmt::Display for SigningKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::SCHEME, self.0)
    }
}

/// KMS API reference, `CreateAlias`: 1 to 256 characters with `alias/`, of letters, digits, / _ and -.
fn is_alias(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    (1..=250).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn name(key: &str) -> SigningKeyName {
        SigningKeyName::parse(&format!("kms:{key}")).unwrap()
    }

    #[test]
    fn the_four_kinds_of_name_that_kms_has_are_read() {
        for key in [
            ID,
            ARN,
            "alias/customer/CA_1",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/ca",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
        ] {
            assert_eq!(name(key).key(), key);
            assert_eq!(name(key).to_string(), format!("kms:{key}"));
        }
        assert!(!SigningKeyName::is_meant("customer-ca"));
        assert!(!SigningKeyName::is_meant("pkcs11:object=kms%3Ax"));
    }

    #[test]
    fn a_text_that_does_not_name_a_key_is_refused() {
        for key in [
            "",
            "ca",
            "alias/",
            "alias/a b",
            "alias/a\nb",
            "ALIAS/ca",
            "key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890ag",
            "arn:aws:s3:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms::111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/alias/ca",
            "arn:aws:kms:eu-west-1:111122223333",
        ] {
            let parsed = SigningKeyName::parse(&format!("kms:{key}"));
            assert!(matches!(parsed, Err(KmsError::KeyName { .. })), "{key}");
        }
        assert!(SigningKeyName::parse(ARN).is_err());
    }

    #[test]
    fn an_answer_about_another_key_is_noticed_if_the_name_shows_it() {
        let other = ARN.replace("1234abcd", "00000000");
        assert!(name(ID).may_be(ARN) && !name(ID).may_be(&other));
        assert!(name(ARN).may_be(ARN) && !name(ARN).may_be(&other));
        assert!(name("alias/ca").may_be(ARN));
        assert!(name("arn:aws:kms:eu-west-1:111122223333:alias/ca").may_be(&other));
        assert!(!name("arn:aws:kms:eu-west-2:111122223333:alias/ca").may_be(ARN));
        assert!(!name("alias/ca").may_be(ID), "an answer has the ARN");
    }
}
