//! A profile from a file: every field is known, and fits the others, before anything is issued by it.

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use serde::Deserialize;

use super::{AlternativeNames, KeyKinds, Linter, Policy, Profile, ProfileExtension, Purpose, Role, Usage};
use crate::signer::Curve;
use crate::x509::general_name::{NameKind, check_uri};
use crate::x509::name_constraints::Subtree;
use crate::x509::{NameConstraints, X509Error, rules};

/// The fields of a profile file. Which are there depends on the role; unknown ones are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProfileFile {
    name: String,
    role: RoleWord,
    days: u32,
    longest_days: Option<u32>,
    keys: Vec<String>,
    #[serde(default)]
    key_usage: Vec<String>,
    #[serde(default)]
    extended_key_usage: Vec<String>,
    path_length: Option<u8>,
    subject_alternative_name: Option<AlternativeNamesFile>,
    name_constraints: Option<NameConstraintsFile>,
    #[serde(default)]
    policies: Vec<PolicyFile>,
    #[serde(default)]
    crl_urls: Vec<String>,
    #[serde(default)]
    issuer_urls: Vec<String>,
    #[serde(default)]
    ocsp_urls: Vec<String>,
    #[serde(default)]
    ocsp_no_check: bool,
    #[serde(default)]
    waive: Vec<String>,
    linter: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RoleWord {
    Root,
    Intermediate,
    Leaf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AlternativeNamesFile {
    from_request: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    wildcards: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NameConstraintsFile {
    #[serde(default)]
    permitted: Vec<String>,
    #[serde(default)]
    excluded: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    oid: String,
    cps: Option<String>,
}

/// Longer ones are a slip of the finger: 36525 days are a century.
const LONGEST_VALIDITY: u32 = 36_525;

impl ProfileFile {
    /// Checks every field, and makes the profile.
    ///
    /// # Errors
    /// [`X509Error::Profile`]: the first field that does not fit.
    pub fn check(self) -> Result<Profile, X509Error> {
        let name = self.name.clone();
        self.build()
            .map_err(|(field, reason)| X509Error::Profile { name, field, reason })
    }

    fn build(self) -> Result<Profile, (&'static str, String)> {
        let is_word = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(is_word) {
            return Err(("name", "use up to 64 letters, digits, - _ and .".to_owned()));
        }
        if Profile::built_in()
            .iter()
            .any(|profile| profile.name == self.name)
        {
            return Err(("name", "a built-in profile has it".to_owned()));
        }
        let longest = self.longest_days.unwrap_or(LONGEST_VALIDITY);
        if self.days == 0 || self.days > longest {
            return Err(("days", format!("{} is not from 1 to {longest}", self.days)));
        }
        if longest > LONGEST_VALIDITY {
            return Err((
                "longest-days",
                format!("{longest} is more than {LONGEST_VALIDITY}"),
            ));
        }
        let role = match self.role {
            RoleWord::Root => Role::Root,
            RoleWord::Intermediate => Role::Intermediate,
            RoleWord::Leaf => Role::Leaf,
        };
        Ok(Profile {
            keys: read_keys(&self.keys)?,
            extensions: self.extensions(role)?,
            waived: read_waivers(&self.waive)?,
            linter: read_linter(self.linter)?,
            name: Cow::Owned(self.name),
            role,
            default_days: self.days,
            longest_days: self.longest_days,
            longest_pem: None,
            longest_chain: None,
        })
    }

    fn extensions(&self, role: Role) -> Result<Vec<ProfileExtension>, (&'static str, String)> {
        let ca = role != Role::Leaf;
        let only_for = |field, fits: bool, whom: &str| match fits {
            true => Ok(()),
            false => Err((field, format!("it is for {whom} only"))),
        };
        only_for("path-length", ca || self.path_length.is_none(), "CA certificates")?;
        only_for(
            "name-constraints",
            role == Role::Intermediate || self.name_constraints.is_none(),
            "intermediates",
        )?;
        only_for(
            "subject-alternative-name",
            !ca || self.subject_alternative_name.is_none(),
            "leaves",
        )?;
        // RFC 6960 section 4.2.2.2.1
        only_for(
            "ocsp-no-check",
            !self.ocsp_no_check || self.extended_key_usage.iter().any(|name| name == "OCSPSigning"),
            "OCSP signers",
        )?;
        // RFC 5280 sections 4.2.1.13 and 4.2.2.1 are about how to check the certificate, which nobody does with a root.
        let has_urls =
            !(self.crl_urls.is_empty() && self.issuer_urls.is_empty() && self.ocsp_urls.is_empty());
        only_for(
            "crl-urls",
            role != Role::Root || !has_urls,
            "certificates under a CA (as are issuer-urls and ocsp-urls)",
        )?;

        let usages = self.usages(ca)?;
        let mut extensions = vec![ProfileExtension::BasicConstraints {
            ca,
            path_length: self.path_length,
        }];
        if !usages.is_empty() {
            extensions.push(ProfileExtension::KeyUsage(Cow::Owned(usages)));
        }
        extensions.extend(self.purposes(role)?);
        if let Some(names) = &self.subject_alternative_name {
            extensions.push(read_names(names)?);
        }
        if let Some(constraints) = &self.name_constraints {
            extensions.push(read_constraints(constraints)?);
        }
        if !self.policies.is_empty() {
            let policies = self.policies.iter().map(read_policy).collect::<Result<_, _>>()?;
            extensions.push(ProfileExtension::CertificatePolicies(policies));
        }
        for (field, urls) in [
            ("crl-urls", &self.crl_urls),
            ("issuer-urls", &self.issuer_urls),
            ("ocsp-urls", &self.ocsp_urls),
        ] {
            urls.iter().try_for_each(|url| check_url(field, url))?;
        }
        if !self.crl_urls.is_empty() {
            extensions.push(ProfileExtension::CrlDistributionPoints(self.crl_urls.clone()));
        }
        if !(self.issuer_urls.is_empty() && self.ocsp_urls.is_empty()) {
            extensions.push(ProfileExtension::AuthorityInformationAccess {
                ocsp: self.ocsp_urls.clone(),
                issuers: self.issuer_urls.clone(),
            });
        }
        if self.ocsp_no_check {
            extensions.push(ProfileExtension::OcspNoCheck);
        }
        extensions.push(ProfileExtension::SubjectKeyIdentifier);
        if role != Role::Root {
            extensions.push(ProfileExtension::AuthorityKeyIdentifier);
        }
        Ok(extensions)
    }

    /// RFC 5280 section 4.2.1.3, 4.2.1.9: keyCertSign and cRLSign belong to CAs, and a CA has keyCertSign.
    fn usages(&self, ca: bool) -> Result<Vec<Usage>, (&'static str, String)> {
        const FIELD: &str = "key-usage";
        let mut usages = Vec::new();
        for name in &self.key_usage {
            let Some(usage) = Usage::named(name) else {
                let known: Vec<_> = Usage::ALL.iter().map(|(_, known)| *known).collect();
                return Err((FIELD, format!("\"{name}\" is none of {}", known.join(", "))));
            };
            if usages.contains(&usage) {
                return Err((FIELD, format!("{name} stands in it twice")));
            }
            usages.push(usage);
        }
        if ca && usages.is_empty() {
            return Ok(vec![Usage::KeyCertSign, Usage::CrlSign]);
        }
        let signs_certificates = usages.contains(&Usage::KeyCertSign);
        if ca && !signs_certificates {
            return Err((
                FIELD,
                "a CA needs keyCertSign (RFC 5280 section 4.2.1.3)".to_owned(),
            ));
        }
        if !ca && (signs_certificates || usages.contains(&Usage::CrlSign)) {
            return Err((
                FIELD,
                "keyCertSign and cRLSign are for CAs (RFC 5280 section 4.2.1.9)".to_owned(),
            ));
        }
        Ok(usages)
    }

    fn purposes(&self, role: Role) -> Result<Option<ProfileExtension>, (&'static str, String)> {
        const FIELD: &str = "extended-key-usage";
        if self.extended_key_usage.is_empty() {
            return Ok(None);
        }
        if role == Role::Root {
            return Err((
                FIELD,
                "a root has none: it would bind everything below it".to_owned(),
            ));
        }
        let mut purposes = Vec::new();
        for name in &self.extended_key_usage {
            let purpose = Purpose::named(name).ok_or_else(|| {
                (
                    FIELD,
                    format!("\"{name}\" is neither a known purpose nor an object identifier"),
                )
            })?;
            if purposes.contains(&purpose) {
                return Err((FIELD, format!("{name} stands in it twice")));
            }
            purposes.push(purpose);
        }
        Ok(Some(ProfileExtension::ExtendedKeyUsage(Cow::Owned(purposes))))
    }
}

fn read_keys(words: &[String]) -> Result<KeyKinds, (&'static str, String)> {
    const FIELD: &str = "keys";
    let mut kinds = KeyKinds::default();
    let mut curves = Vec::new();
    for word in words {
        match word.split_once(':') {
            Some(("rsa", bits)) => match bits.parse() {
                Ok(bits @ 2048..=16384) => kinds.rsa = Some(bits),
                _ => return Err((FIELD, format!("\"{word}\": from rsa:2048 to rsa:16384"))),
            },
            Some(("ec", "p256")) => curves.push(Curve::P256),
            Some(("ec", "p384")) => curves.push(Curve::P384),
            Some(("ec", "p521")) => curves.push(Curve::P521),
            None if word == "ed25519" => kinds.ed25519 = true,
            _ => {
                let known = "rsa:BITS (so many and more), ec:p256, ec:p384, ec:p521, ed25519";
                return Err((FIELD, format!("\"{word}\" is none of {known}")));
            }
        }
    }
    if words.is_empty() {
        return Err((FIELD, "name at least one kind of key".to_owned()));
    }
    kinds.curves = Cow::Owned(curves);
    Ok(kinds)
}

fn read_names(names: &AlternativeNamesFile) -> Result<ProfileExtension, (&'static str, String)> {
    const FIELD: &str = "subject-alternative-name";
    let mut kinds = Vec::new();
    for word in &names.from_request {
        let kind = NameKind::ALL.into_iter().find(|kind| kind.word() == word);
        kinds.push(kind.ok_or_else(|| (FIELD, format!("\"{word}\" is none of dns, ip, email, uri")))?);
    }
    if kinds.is_empty() {
        return Err((FIELD, "from-request names no kind".to_owned()));
    }
    if names.wildcards && !kinds.contains(&NameKind::Dns) {
        return Err((FIELD, "wildcards are for dns".to_owned()));
    }
    Ok(ProfileExtension::SubjectAlternativeName(AlternativeNames {
        kinds: Cow::Owned(kinds),
        required: names.required,
        wildcards: names.wildcards,
    }))
}

fn read_constraints(file: &NameConstraintsFile) -> Result<ProfileExtension, (&'static str, String)> {
    const FIELD: &str = "name-constraints";
    let trees = |texts: &[String]| -> Result<Vec<Subtree>, (&'static str, String)> {
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
        return Err((FIELD, "neither permitted nor excluded names anything".to_owned()));
    }
    Ok(ProfileExtension::NameConstraints(constraints))
}

fn read_policy(file: &PolicyFile) -> Result<Policy, (&'static str, String)> {
    const FIELD: &str = "policies";
    let identifier = ObjectIdentifier::new(&file.oid)
        .map_err(|_| (FIELD, format!("\"{}\" is no object identifier", file.oid)))?;
    if let Some(cps) = &file.cps {
        check_url(FIELD, cps)?;
    }
    Ok(Policy {
        identifier,
        cps: file.cps.clone(),
    })
}

/// RFC 5280 sections 4.2.1.13 and 4.2.2.1: http or ldap; https could need the very answer that is looked for, but people use it for a CPS.
fn check_url(field: &'static str, url: &str) -> Result<(), (&'static str, String)> {
    check_uri(url).map_err(|reason| (field, reason))?;
    let schemes: &[&str] = if field == "policies" {
        &["http://", "https://"]
    } else {
        &["http://", "ldap://"]
    };
    if schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err((
        field,
        format!("\"{url}\" begins with none of {}", schemes.join(", ")),
    ))
}

fn read_waivers(names: &[String]) -> Result<Vec<Cow<'static, str>>, (&'static str, String)> {
    const FIELD: &str = "waive";
    for name in names {
        match rules::RULES.iter().find(|rule| rule.name == name) {
            None => return Err((FIELD, format!("there is no rule \"{name}\""))),
            Some(rule) if !rule.can_be_waived => {
                return Err((FIELD, format!("{name} ({}) cannot be waived", rule.source)));
            }
            Some(_) => {}
        }
    }
    Ok(names.iter().cloned().map(Cow::Owned).collect())
}

fn read_linter(command: Option<Vec<String>>) -> Result<Option<Linter>, (&'static str, String)> {
    match command {
        None => Ok(None),
        Some(command) if command.first().is_none_or(String::is_empty) => {
            Err(("linter", "it names no program".to_owned()))
        }
        Some(command) => Ok(Some(Linter { command })),
    }
}
