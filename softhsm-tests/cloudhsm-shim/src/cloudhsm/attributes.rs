//! The attributes that a template may have, their defaults, and which can be read.

use cryptoki_sys::*;

use crate::attribute;
use crate::log;
use crate::target::Answer;
use crate::template::Template;

pub mod tables;
#[cfg(test)]
mod tests;

/// The columns of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    EcPrivate,
    EcPublic,
    RsaPrivate,
    RsaPublic,
    Aes,
    Des3,
    GenericSecret,
}

/// A table of <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-attributes-interpreting.html>.
pub struct Table {
    pub kinds: &'static [Kind],
    pub rows: &'static [Row],
}

/// An attribute; a character for each of the table's kinds; and the default.
///
/// - `+` supported
/// - `1` footnote 1: "must be explicitly set only to the default value"
/// - `2` footnote 2: mandatory
/// - `x` not supported
/// - `R` read-only
/// - `S` sensitive: it cannot be read
pub struct Row(pub CK_ATTRIBUTE_TYPE, pub &'static str, pub Option<bool>);

impl Kind {
    /// The column for a class and a key type. An Ed25519 key is `CKK_EC` at CloudHSM (AWS's EdDSA
    /// sample) and `CKK_EC_EDWARDS` at a target.
    pub fn of(class: CK_OBJECT_CLASS, key_type: CK_KEY_TYPE) -> Option<Self> {
        match (class, key_type) {
            (CKO_PRIVATE_KEY, CKK_EC) => Some(Self::EcPrivate),
            (CKO_PUBLIC_KEY, CKK_EC) => Some(Self::EcPublic),
            (CKO_PRIVATE_KEY, CKK_RSA) => Some(Self::RsaPrivate),
            (CKO_PUBLIC_KEY, CKK_RSA) => Some(Self::RsaPublic),
            (CKO_SECRET_KEY, CKK_AES) => Some(Self::Aes),
            (CKO_SECRET_KEY, CKK_DES3) => Some(Self::Des3),
            (CKO_SECRET_KEY, CKK_GENERIC_SECRET) => Some(Self::GenericSecret),
            _ => None,
        }
    }

    /// The column for the class and the key type in a template, which are mandatory without a mechanism that implies them.
    pub fn stated(template: &Template) -> Answer<Self> {
        let class = template.number(CKA_CLASS).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
        let key_type = template.number(CKA_KEY_TYPE).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
        Self::of(class, key_type).ok_or(CKR_TEMPLATE_INCONSISTENT)
    }

    /// Every usage that a target may support for such a key.
    pub fn usages(self) -> &'static [CK_ATTRIBUTE_TYPE] {
        match self {
            Self::EcPrivate | Self::RsaPrivate => {
                &[CKA_DECRYPT, CKA_SIGN, CKA_SIGN_RECOVER, CKA_UNWRAP, CKA_DERIVE]
            }
            Self::EcPublic | Self::RsaPublic => {
                &[CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_WRAP, CKA_DERIVE]
            }
            Self::Aes | Self::Des3 | Self::GenericSecret => &[
                CKA_ENCRYPT,
                CKA_DECRYPT,
                CKA_SIGN,
                CKA_VERIFY,
                CKA_WRAP,
                CKA_UNWRAP,
                CKA_DERIVE,
            ],
        }
    }
}

impl Table {
    /// Checks a template and completes it for the target with CloudHSM's defaults, because the
    /// target's differ: SoftHSM's usages are true.
    ///
    /// The answers are those of <https://docs.aws.amazon.com/cloudhsm/latest/userguide/attr-errors.html>.
    /// Its `CKR_ATTRIBUTE_INCOMPLETE` is not a value of PKCS#11: `CKR_TEMPLATE_INCOMPLETE` is. For
    /// footnote 1 it has none; `CKR_ATTRIBUTE_VALUE_INVALID` is what PKCS#11 v2.40 section 4.1.1 has
    /// for a wrong value of a right attribute (INF).
    pub fn complete(&self, kind: Kind, given: &Template) -> Answer<Template> {
        for one in given.types() {
            let row = self.row(one);
            let wrong = match row.map_or('x', |row| self.cell(row, kind)) {
                '+' | '2' => None,
                '1' if given.boolean(one) == row.and_then(|row| row.2) => None,
                '1' => Some(CKR_ATTRIBUTE_VALUE_INVALID),
                'R' => Some(CKR_ATTRIBUTE_READ_ONLY),
                _ => Some(CKR_TEMPLATE_INCONSISTENT),
            };
            if let Some(rv) = wrong {
                log::note(&format!(
                    "{} is not for a template of this key",
                    attribute::name(one)
                ));
                return Err(rv);
            }
        }
        for row in self.rows.iter().filter(|row| self.cell(row, kind) == '2') {
            if !given.has(row.0) {
                log::note(&format!("{} is mandatory", attribute::name(row.0)));
                return Err(CKR_TEMPLATE_INCOMPLETE);
            }
        }
        Ok(self.with_defaults(kind, given))
    }

    fn with_defaults(&self, kind: Kind, given: &Template) -> Template {
        let mut complete = given.clone();
        // A usage that is not in the table is not available for the key.
        for usage in kind.usages().iter().filter(|usage| !given.has(**usage)) {
            complete.set(*usage, false);
        }
        for Row(one, _, default) in self
            .rows
            .iter()
            .filter(|row| matches!(self.cell(row, kind), '+' | '1'))
        {
            if let Some(default) = default
                && is_different_elsewhere(*one)
                && !given.has(*one)
            {
                complete.set(*one, *default);
            }
        }
        complete
    }

    /// Whether an attribute can be read: its character, or `x` if it is not in the table.
    pub fn readable(&self, kind: Kind, attribute: CK_ATTRIBUTE_TYPE) -> char {
        self.row(attribute).map_or('x', |row| self.cell(row, kind))
    }

    fn row(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<&Row> {
        self.rows.iter().find(|row| row.0 == attribute)
    }

    fn cell(&self, row: &Row, kind: Kind) -> char {
        let column = self.kinds.iter().position(|one| *one == kind);
        column.and_then(|column| row.1.chars().nth(column)).unwrap_or('x')
    }
}

/// The defaults that may differ in a target. The others are those of PKCS#11 itself (`CKA_MODIFIABLE`, `CKA_DESTROYABLE`, `CKA_TRUSTED`,
/// `CKA_WRAP_WITH_TRUSTED`, `CKA_LOCAL`), and some targets do not accept them in a template.
fn is_different_elsewhere(attribute: CK_ATTRIBUTE_TYPE) -> bool {
    matches!(
        attribute,
        CKA_TOKEN
            | CKA_PRIVATE
            | CKA_SENSITIVE
            | CKA_EXTRACTABLE
            | CKA_ENCRYPT
            | CKA_DECRYPT
            | CKA_SIGN
            | CKA_VERIFY
            | CKA_WRAP
            | CKA_UNWRAP
            | CKA_DERIVE
    )
}
