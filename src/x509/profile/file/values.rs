//! Checks the fields of a profile file, one by one.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;

use super::{AlternativeNamesFile, Misfit, NameConstraintsFile, PolicyFile};
use crate::signer::{Curve, MlDsaParameterSet};
use crate::x509::general_name::{NameKind, check_uri};
use crate::x509::profile::{AlternativeNames, KeyKinds, Linter, Policy, ProfileExtension, Purpose, Usage};
use crate::x509::{NameConstraints, Subtree, rules};

pub(super) fn read_keys(words: &[String]) -> Result<KeyKinds, Misfit> {
    const FIELD: &str = "keys";
    refuse_repetition(FIELD, words)?;
    let mut kinds = KeyKinds::default();
    let (mut curves, mut ml_dsa) = (Vec::new(), Vec::new());
    for word in words {
        match word.split_once(':') {
            Some(("rsa", bits)) => match bits.parse() {
                Ok(bits @ 2048..=8192) if kinds.rsa.is_none() => kinds.rsa = Some(bits),
                Ok(2048..=8192) => return Err((FIELD, "rsa occurs twice".to_owned())),
                _ => return Err((FIELD, format!("\"{word}\": must be from rsa:2048 to rsa:8192"))),
            },
            Some(("ec", "p256")) => curves.push(Curve::P256),
            Some(("ec", "p384")) => curves.push(Curve::P384),
            Some(("ec", "p521")) => curves.push(Curve::P521),
            None if word == "ed25519" => kinds.ed25519 = true,
            None if word == "ml-dsa-44" => ml_dsa.push(MlDsaParameterSet::MlDsa44),
            None if word == "ml-dsa-65" => ml_dsa.push(MlDsaParameterSet::MlDsa65),
            None if word == "ml-dsa-87" => ml_dsa.push(MlDsaParameterSet::MlDsa87),
            _ => {
                let known = "rsa:BITS (that size or larger), ec:p256, ec:p384, ec:p521, ed25519, ml-dsa-44, ml-dsa-65, ml-dsa-87";
                return Err((FIELD, format!("\"{word}\" must be one of {known}")));
            }
        }
    }
    if words.is_empty() {
        return Err((FIELD, "name at least one kind of key".to_owned()));
    }
    kinds.curves = Cow::Owned(curves);
    kinds.ml_dsa = Cow::Owned(ml_dsa);
    Ok(kinds)
}

pub(super) fn read_names(names: &AlternativeNamesFile) -> Result<ProfileExtension, Misfit> {
    const FIELD: &str = "subject-alternative-name";
    let mut kinds = Vec::new();
    refuse_repetition(FIELD, &names.from_request)?;
    for word in &names.from_request {
        let kind = NameKind::ALL.into_iter().find(|kind| kind.word() == word);
        kinds.push(kind.ok_or_else(|| (FIELD, format!("\"{word}\" must be one of {}", NameKind::words())))?);
    }
    if kinds.is_empty() {
        return Err((FIELD, "from-request does not name a kind".to_owned()));
    }
    if names.wildcards && !kinds.contains(&NameKind::Dns) {
        return Err((FIELD, "wildcards are only for dns".to_owned()));
    }
    Ok(ProfileExtension::SubjectAlternativeName(AlternativeNames {
        kinds: Cow::Owned(kinds),
        required: names.required,
        wildcards: names.wildcards,
    }))
}

pub(super) fn read_constraints(file: &NameConstraintsFile) -> Result<ProfileExtension, Misfit> {
    const FIELD: &str = "name-constraints";
    let trees = |texts: &[String]| -> Result<Vec<Subtree>, Misfit> {
        texts
            .iter()
            .map(|text| Subtree::parse(text).map_err(|reason| (FIELD, reason)))
            .collect()
    };
    let constraints = NameConstraints {
        permitted: trees(&file.permitted)?,
        excluded: trees(&file.excluded)?,
    };
    // RFC 5280 section 4.2.1.10: "MUST NOT issue certificates where name constraints is an empty sequence".
    if constraints == NameConstraints::default() {
        return Err((FIELD, "permitted and excluded are both empty".to_owned()));
    }
    Ok(ProfileExtension::NameConstraints(constraints))
}

pub(super) fn read_policies(files: &[PolicyFile]) -> Result<Vec<Policy>, Misfit> {
    const FIELD: &str = "policies";
    let mut policies: Vec<Policy> = Vec::new();
    for file in files {
        let identifier = ObjectIdentifier::new(&file.oid)
            .map_err(|_| (FIELD, format!("\"{}\" is not an object identifier", file.oid)))?;
        if let Some(cps) = &file.cps {
            check_url(FIELD, cps)?;
        }
        // RFC 5280 section 4.2.1.4: "A certificate policy OID MUST NOT appear more than once".
        if policies.iter().any(|policy| policy.identifier == identifier) {
            return Err((FIELD, format!("{identifier} occurs twice")));
        }
        policies.push(Policy {
            identifier,
            cps: file.cps.clone(),
        });
    }
    Ok(policies)
}

pub(super) fn read_urls(field: &'static str, urls: &[String]) -> Result<(), Misfit> {
    refuse_repetition(field, urls)?;
    urls.iter().try_for_each(|url| check_url(field, url))
}

/// RFC 5280 sections 4.2.1.13 and 4.2.2.1: http or ldap, because an https request might depend on the certificate that is being checked. A CPS is
/// read by people.
fn check_url(field: &'static str, url: &str) -> Result<(), Misfit> {
    check_uri(url).map_err(|reason| (field, reason))?;
    let schemes: &[&str] = match field {
        "policies" => &["http://", "https://"],
        // RFC 6960 appendix A.1: "an HTTP-based" transport.
        "ocsp-urls" => &["http://"],
        _ => &["http://", "ldap://"],
    };
    if schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err((
        field,
        format!("\"{url}\" must begin with one of {}", schemes.join(", ")),
    ))
}

fn refuse_repetition(field: &'static str, words: &[String]) -> Result<(), Misfit> {
    let is_repeated = |(index, word): &(usize, &String)| words[..*index].contains(word);
    match words.iter().enumerate().find(is_repeated) {
        Some((_, word)) => Err((field, format!("{word} occurs twice"))),
        None => Ok(()),
    }
}

pub(super) fn read_waivers(names: &[String]) -> Result<Vec<Cow<'static, str>>, Misfit> {
    const FIELD: &str = "waive";
    refuse_repetition(FIELD, names)?;
    for name in names {
        match rules::RULES.iter().find(|rule| rule.name == name) {
            None => return Err((FIELD, format!("the rule \"{name}\" does not exist"))),
            Some(rule) if !rule.can_be_waived => {
                return Err((FIELD, format!("{name} ({}) cannot be waived", rule.source)));
            }
            Some(_) => {}
        }
    }
    Ok(names.iter().cloned().map(Cow::Owned).collect())
}

pub(super) fn read_linter(command: Option<Vec<String>>) -> Result<Option<Linter>, Misfit> {
    const FIELD: &str = "linter";
    let Some(command) = command else {
        return Ok(None);
    };
    match command.first().map(String::as_str) {
        None | Some("") => Err((FIELD, "it does not name a program".to_owned())),
        // A path relative to the caller's directory would be a different program each time.
        Some(program) if program.contains('/') && !program.starts_with('/') => Err((
            FIELD,
            format!(
                "\"{program}\": write the whole path, or a name that is in {}",
                Linter::PATH
            ),
        )),
        Some(_) if command.iter().any(|word| word.contains('\0')) => {
            Err((FIELD, "one of its words has a zero byte".to_owned()))
        }
        Some(_) => Ok(Some(Linter { command })),
    }
}

pub(super) fn read_usages(names: &[String]) -> Result<Vec<Usage>, Misfit> {
    const FIELD: &str = "key-usage";
    refuse_repetition(FIELD, names)?;
    let usage = |name: &String| {
        Usage::named(name).ok_or_else(|| {
            let known: Vec<_> = Usage::ALL.iter().map(|(_, known)| *known).collect();
            (FIELD, format!("\"{name}\" must be one of {}", known.join(", ")))
        })
    };
    names.iter().map(usage).collect()
}

pub(super) fn read_purposes(names: &[String]) -> Result<Vec<Purpose>, Misfit> {
    const FIELD: &str = "extended-key-usage";
    let mut purposes = Vec::new();
    for name in names {
        let Some(purpose) = Purpose::named(name) else {
            let reason = format!("\"{name}\" is neither a known purpose nor an object identifier");
            return Err((FIELD, reason));
        };
        if purposes.contains(&purpose) {
            return Err((FIELD, format!("{name} occurs twice")));
        }
        purposes.push(purpose);
    }
    // RFC 3161 section 2.3: "exactly one instance of the extended key usage field extension … with KeyPurposeID having value:
    // id-kp-timeStamping".
    if purposes.len() > 1 && purposes.contains(&Purpose::TIME_STAMPING) {
        return Err((
            FIELD,
            "timeStamping must be the only purpose (RFC 3161 section 2.3)".to_owned(),
        ));
    }
    Ok(purposes)
}
