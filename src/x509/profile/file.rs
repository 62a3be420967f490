//! A profile from a file. Every field must be known and fit the others before the profile is used.

mod values;

use std::borrow::Cow;

use serde::Deserialize;

use self::values::{
    read_constraints, read_keys, read_linter, read_names, read_policies, read_purposes, read_urls,
    read_usages, read_waivers,
};
use super::{CrlShards, KeyKinds, Profile, ProfileExtension, Purpose, Role, Usage};
use crate::signer::KeySearch;
use crate::x509::X509Error;

/// The invalid field, and why.
type Misfit = (&'static str, String);

/// The fields of a profile file. The role decides which may be present; unknown ones are errors.
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
    crl_shards: Option<u16>,
    #[serde(default)]
    issuer_urls: Vec<String>,
    #[serde(default)]
    ocsp_urls: Vec<String>,
    #[serde(default)]
    ocsp_no_check: bool,
    #[serde(default)]
    waive: Vec<String>,
    search_factors: Option<bool>,
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

/// A longer one is a typing error: 36525 days are a century.
const LONGEST_VALIDITY: u32 = 36_525;

impl ProfileFile {
    /// Checks every field, and makes the profile.
    ///
    /// # Errors
    /// [`X509Error::Profile`]: the first invalid field.
    pub fn check(self) -> Result<Profile, X509Error> {
        let name = self.name.clone();
        self.build()
            .map_err(|(field, reason)| X509Error::Profile { name, field, reason })
    }

    fn build(self) -> Result<Profile, Misfit> {
        let is_word = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(is_word) {
            return Err(("name", "use up to 64 letters, digits, - _ and .".to_owned()));
        }
        if Profile::built_in()
            .iter()
            .any(|profile| profile.name == self.name)
        {
            return Err(("name", "a built-in profile has this name".to_owned()));
        }
        let longest = self.longest_days.unwrap_or(LONGEST_VALIDITY);
        if self.days == 0 || self.days > longest {
            return Err(("days", format!("{} is not between 1 and {longest}", self.days)));
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
        let key_search = match self.search_factors {
            Some(true) => KeySearch::Long,
            Some(false) => KeySearch::Short,
            None => KeySearch::of(role, &read_purposes(&self.extended_key_usage)?),
        };
        Ok(Profile {
            keys: read_keys(&self.keys)?,
            signed_by: KeyKinds::of_authorities(),
            extensions: self.extensions(role)?,
            waived: read_waivers(&self.waive)?,
            linter: read_linter(self.linter)?,
            key_identifier: None,
            key_search,
            refused_keys: None,
            name: Cow::Owned(self.name),
            role,
            default_days: self.days,
            longest_days: self.longest_days,
            longest_pem: None,
            longest_chain: None,
        })
    }

    fn extensions(&self, role: Role) -> Result<Vec<ProfileExtension>, Misfit> {
        let ca = role != Role::Leaf;
        let purposes = read_purposes(&self.extended_key_usage)?;
        self.check_role(role, &purposes)?;
        let mut extensions = vec![ProfileExtension::BasicConstraints {
            ca,
            path_length: self.path_length,
        }];
        let usages = self.usages(ca)?;
        if !usages.is_empty() {
            extensions.push(ProfileExtension::KeyUsage(Cow::Owned(usages)));
        }
        if !purposes.is_empty() {
            extensions.push(ProfileExtension::ExtendedKeyUsage(Cow::Owned(purposes)));
        }
        if let Some(names) = &self.subject_alternative_name {
            extensions.push(read_names(names)?);
        }
        if let Some(constraints) = &self.name_constraints {
            extensions.push(read_constraints(constraints)?);
        }
        if !self.policies.is_empty() {
            extensions.push(ProfileExtension::CertificatePolicies(read_policies(
                &self.policies,
            )?));
        }
        let distribution_points = self.distribution_points()?;
        read_urls("issuer-urls", &self.issuer_urls)?;
        read_urls("ocsp-urls", &self.ocsp_urls)?;
        extensions.extend(distribution_points);
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

    /// Several URLs of one CRL; or, with `crl-shards`, one URL for each of several CRLs.
    fn distribution_points(&self) -> Result<Option<ProfileExtension>, Misfit> {
        const FIELD: &str = "crl-shards";
        let Some(count) = self.crl_shards else {
            read_urls("crl-urls", &self.crl_urls)?;
            let urls = (!self.crl_urls.is_empty()).then(|| self.crl_urls.clone());
            return Ok(urls.map(ProfileExtension::CrlDistributionPoints));
        };
        let [template] = self.crl_urls.as_slice() else {
            let found = format!("crl-urls must have one URL, and it has {}", self.crl_urls.len());
            return Err((FIELD, found));
        };
        if !(1..=CrlShards::MOST).contains(&count) {
            return Err((FIELD, format!("{count} is not between 1 and {}", CrlShards::MOST)));
        }
        let shards = CrlShards::new(template, count).ok_or_else(|| {
            let found =
                format!("\"{template}\" must have {{shard}} once, where the number of the shard goes");
            ("crl-urls", found)
        })?;
        read_urls("crl-urls", &[shards.url(count)])?;
        Ok(Some(ProfileExtension::CrlShards(shards)))
    }

    /// Checks the fields that only some roles may have.
    fn check_role(&self, role: Role, purposes: &[Purpose]) -> Result<(), Misfit> {
        let is_leaf = role == Role::Leaf;
        let only_for = |field, fits: bool, whom: &str| match fits {
            true => Ok(()),
            false => Err((field, format!("it is only for {whom}"))),
        };
        // RFC 5280 section 4.2.1.9: "MUST NOT include the pathLenConstraint field unless the cA boolean is asserted".
        only_for(
            "path-length",
            !is_leaf || self.path_length.is_none(),
            "CA certificates",
        )?;
        // RFC 5280 section 4.2.1.10: "MUST be used only in a CA certificate"; not every verifier looks at a root's.
        only_for(
            "name-constraints",
            role == Role::Intermediate || self.name_constraints.is_none(),
            "intermediates",
        )?;
        only_for(
            "subject-alternative-name",
            is_leaf || self.subject_alternative_name.is_none(),
            "leaves",
        )?;
        // It would limit everything below it (CA/B BR 7.1.2.1.2: "MUST NOT").
        only_for(
            "extended-key-usage",
            role != Role::Root || purposes.is_empty(),
            "certificates under a CA",
        )?;
        // RFC 6960 section 4.2.2.2: it would answer for every certificate of the CA above it.
        if !is_leaf && purposes.contains(&Purpose::OCSP_SIGNING) {
            return Err(("extended-key-usage", "OCSPSigning is only for leaves".to_owned()));
        }
        // RFC 6960 section 4.2.2.2.1
        only_for(
            "ocsp-no-check",
            !self.ocsp_no_check || (is_leaf && purposes.contains(&Purpose::OCSP_SIGNING)),
            "OCSP signers",
        )?;
        // RFC 5280 sections 4.2.1.13 and 4.2.2.1 are about checking the certificate, which verifiers do not do with a root.
        for (field, urls) in [
            ("crl-urls", &self.crl_urls),
            ("issuer-urls", &self.issuer_urls),
            ("ocsp-urls", &self.ocsp_urls),
        ] {
            only_for(
                field,
                role != Role::Root || urls.is_empty(),
                "certificates under a CA",
            )?;
        }
        Ok(())
    }

    /// RFC 5280 section 4.2.1.3, 4.2.1.9: keyCertSign and cRLSign belong to CAs, and a CA has keyCertSign.
    fn usages(&self, ca: bool) -> Result<Vec<Usage>, Misfit> {
        const FIELD: &str = "key-usage";
        let usages = read_usages(&self.key_usage)?;
        let signs_certificates = usages.contains(&Usage::KeyCertSign);
        match ca {
            true if usages.is_empty() => Ok(vec![Usage::KeyCertSign, Usage::CrlSign]),
            true if !signs_certificates => Err((
                FIELD,
                "a CA needs keyCertSign (RFC 5280 section 4.2.1.3)".to_owned(),
            )),
            false if signs_certificates || usages.contains(&Usage::CrlSign) => Err((
                FIELD,
                "keyCertSign and cRLSign are for CAs (RFC 5280 section 4.2.1.9)".to_owned(),
            )),
            _ => Ok(usages),
        }
    }
}
