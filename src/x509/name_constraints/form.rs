//! The form of `nameConstraints` in a certificate that is issued. Other people's certificates are read with fewer demands: for their names, it is
//! enough to know what a constraint means.

use der::asn1::Any;
use der::{Decode, Encode, Sequence};
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;

use super::{NameConstraints, Subtree};
use crate::signer::Hex;
use crate::x509::rule::Breach;

const CLAUSE: &str = "RFC 5280 4.2.1.10";

/// `NameConstraints` as encoded, with a default that is written out.
#[derive(Sequence)]
struct ConstraintsDer {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    permitted: Option<Vec<SubtreeDer>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    excluded: Option<Vec<SubtreeDer>>,
}

/// `GeneralSubtree`. Its base is decoded separately, so that an error can show it.
#[derive(Sequence)]
struct SubtreeDer {
    base: Any,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    minimum: Option<i64>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    maximum: Option<i64>,
}

impl NameConstraints {
    /// Checks a value that is about to be signed: one or more subtrees in each list, without minimum and maximum, each a domain, a host, a mailbox or
    /// a network. Of a kind that is not supported here, only the encoding is checked.
    pub(in crate::x509) fn check_form(value: &[u8]) -> Result<(), Breach> {
        let read =
            ConstraintsDer::from_der(value).map_err(|error| Breach::of(CLAUSE, error.kind().to_string()))?;
        let lists = [("permitted", &read.permitted), ("excluded", &read.excluded)];
        if lists.iter().all(|(_, subtrees)| subtrees.is_none()) {
            return Err(Breach::of(CLAUSE, "it is empty"));
        }
        for (word, subtrees) in lists {
            if subtrees.as_ref().is_some_and(Vec::is_empty) {
                return Err(Breach::of(CLAUSE, format!("{word}Subtrees is empty")));
            }
            for subtree in subtrees.iter().flatten() {
                check_subtree(subtree).map_err(|breach| {
                    let found = format!("the {word} subtree {}", breach.found);
                    Breach { found, ..breach }
                })?;
            }
        }
        match read.to_der().is_ok_and(|der| der == value) {
            true => Ok(()),
            false => Err(Breach::of("X.690 10", "it is not in DER")),
        }
    }
}

/// The words of a breach begin with the subtree.
fn check_subtree(subtree: &SubtreeDer) -> Result<(), Breach> {
    let base = subtree.base.to_der().unwrap_or_default();
    let name = GeneralName::from_der(&base)
        .map_err(|error| Breach::of(CLAUSE, format!("{}: {}", Hex(&base), error.kind())))?;
    let alone = GeneralSubtree {
        base: name,
        minimum: 0,
        maximum: None,
    };
    let shown = Subtree::read(&alone).map_or_else(|_| Hex(&base).to_string(), |tree| tree.to_string());
    let refuse = |clause, reason: String| Err(Breach::of(clause, format!("{shown}: {reason}")));
    match (subtree.minimum, subtree.maximum) {
        (Some(0), _) => {
            return refuse(
                "X.690 11.5",
                "its minimum 0 is written out; DER omits a default".to_owned(),
            );
        }
        (Some(minimum), _) => return refuse(CLAUSE, format!("its minimum is {minimum}; it must be 0")),
        (None, Some(maximum)) => {
            return refuse(CLAUSE, format!("its maximum is {maximum}; it must be absent"));
        }
        (None, None) => {}
    }
    if !Subtree::is_supported(&alone.base) {
        return Ok(());
    }
    match Subtree::read(&alone).and_then(|tree| tree.check()) {
        Ok(()) => Ok(()),
        Err(reason) => refuse(CLAUSE, reason),
    }
}
