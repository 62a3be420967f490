//! `profile`.

use hsm_ca::signer::KeyAlgorithm;
use hsm_ca::x509::{AlternativeNames, CrlShards, KeyKinds, Profile as Given, ProfileExtension, Usage};
use serde::Serialize;

use super::Output;

/// `profile list`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ProfileList {
    /// The built-in profiles.
    pub(in crate::cli) profiles: Vec<Profile>,
}

impl Output for ProfileList {
    const NAME: &'static str = "profile-list";
}

impl ProfileList {
    pub(in crate::cli) fn new(profiles: &[Given]) -> Self {
        Self {
            profiles: profiles.iter().map(Profile::of).collect(),
        }
    }
}

/// `profile show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ProfileShow {
    pub(in crate::cli) profile: Profile,
}

impl Output for ProfileShow {
    const NAME: &'static str = "profile-show";
}

impl ProfileShow {
    pub(in crate::cli) fn new(profile: &Given) -> Self {
        Self {
            profile: Profile::of(profile),
        }
    }
}

/// A kind of certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Profile {
    /// The name, in the form of `--profile`.
    pub(in crate::cli) name: String,
    /// The certificate's role in the hierarchy.
    #[cfg_attr(test, schemars(extend("enum" = ["root", "intermediate", "leaf"])))]
    pub(in crate::cli) role: &'static str,
    /// The default validity in days.
    pub(in crate::cli) days: u32,
    /// The longest validity in days; null if the profile sets no limit.
    pub(in crate::cli) longest_days: Option<u32>,
    /// The kinds of keys that it certifies; for RSA, with the least number of bits.
    pub(in crate::cli) keys: Vec<String>,
    /// The kinds of keys that may sign it.
    pub(in crate::cli) issuer_keys: Vec<String>,
    /// The extensions, in the order of the certificate.
    pub(in crate::cli) extensions: Vec<Extension>,
    /// The waived rules, as `cert rules` names them.
    pub(in crate::cli) waived_rules: Vec<String>,
    /// The linter that checks each certificate before it is signed, with its arguments.
    pub(in crate::cli) linter: Option<Vec<String>>,
    /// The most characters in its PEM file.
    pub(in crate::cli) longest_pem: Option<usize>,
    /// The most bytes in its PEM file and its issuer's together.
    pub(in crate::cli) longest_chain: Option<usize>,
}

/// An extension that a profile gives a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Extension {
    /// Its name in RFC 5280 or RFC 6960.
    pub(in crate::cli) name: &'static str,
    /// The contents, for people.
    pub(in crate::cli) value: String,
}

impl Profile {
    fn of(profile: &Given) -> Self {
        let extension = |extension: &ProfileExtension| Extension {
            name: extension.name(),
            value: describe(extension),
        };
        Self {
            name: profile.name.to_string(),
            role: profile.role.word(),
            days: profile.default_days,
            longest_days: profile.longest_days,
            keys: words(&profile.keys),
            issuer_keys: words(&profile.signed_by),
            extensions: profile.extensions.iter().map(extension).collect(),
            waived_rules: profile.waived.iter().map(ToString::to_string).collect(),
            linter: profile.linter.as_ref().map(|linter| linter.command.clone()),
            longest_pem: profile.longest_pem,
            longest_chain: profile.longest_chain,
        }
    }
}

/// The words of `keys` in a profile file.
fn words(kinds: &KeyKinds) -> Vec<String> {
    let rsa = kinds.rsa.map(|bits| format!("rsa:{bits}"));
    let restricted = kinds.rsa.filter(|_| kinds.rsa_pss);
    let restricted = restricted.map(|bits| format!("rsa-pss:{bits}"));
    let others = KeyAlgorithm::names().filter(|name| {
        let algorithm = name.parse::<KeyAlgorithm>();
        algorithm.is_ok_and(|algorithm| algorithm.rsa_bits().is_none() && kinds.include(algorithm))
    });
    rsa.into_iter()
        .chain(restricted)
        .chain(others.map(str::to_owned))
        .collect()
}

fn describe(extension: &ProfileExtension) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match extension {
        ProfileExtension::BasicConstraints { ca, path_length } => {
            let ca = if *ca { "CA:TRUE" } else { "CA:FALSE" };
            let length = path_length.map(|length| format!(", path length {length}"));
            format!("{ca}{}", length.unwrap_or_default())
        }
        ProfileExtension::KeyUsage(usages) => {
            let named = Usage::ALL.iter().filter(|(usage, _)| usages.contains(usage));
            list(&mut named.map(|(_, name)| (*name).to_owned()))
        }
        ProfileExtension::ExtendedKeyUsage(purposes) => {
            list(&mut purposes.iter().map(|purpose| purpose.name()))
        }
        ProfileExtension::SubjectAlternativeName(names) => describe_names(names),
        ProfileExtension::NameConstraints(constraints) => {
            let trees = |word: &str, trees: &[_]| match trees {
                [] => None,
                trees => Some(format!(
                    "{word} {}",
                    list(&mut trees.iter().map(ToString::to_string))
                )),
            };
            let parts = [
                trees("permitted", &constraints.permitted),
                trees("excluded", &constraints.excluded),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        ProfileExtension::CertificatePolicies(policies) => {
            list(&mut policies.iter().map(|policy| match &policy.cps {
                Some(cps) => format!("{} ({cps})", policy.identifier),
                None => policy.identifier.to_string(),
            }))
        }
        ProfileExtension::CrlDistributionPoints(urls) => urls.join(", "),
        ProfileExtension::CrlShards(shards) => describe_shards(shards),
        ProfileExtension::AuthorityInformationAccess { ocsp, issuers } => {
            let ocsp = ocsp.iter().map(|url| format!("OCSP {url}"));
            list(&mut ocsp.chain(issuers.iter().map(|url| format!("CA {url}"))))
        }
        ProfileExtension::OcspNoCheck => "the certificate is not looked up by OCSP".to_owned(),
        ProfileExtension::SubjectKeyIdentifier => "of the certificate's key".to_owned(),
        ProfileExtension::AuthorityKeyIdentifier => "of the issuer's key".to_owned(),
        _ => "of another certificate".to_owned(),
    }
}

fn describe_names(names: &AlternativeNames) -> String {
    let kinds: Vec<_> = names.kinds.iter().map(|kind| kind.word()).collect();
    let required = if names.required { ", at least one" } else { "" };
    let wildcards = if names.wildcards { ", also wildcards" } else { "" };
    format!("from the request: {}{required}{wildcards}", kinds.join(", "))
}

fn describe_shards(shards: &CrlShards) -> String {
    format!("{}, one of {} shards", shards.url(1), shards.count())
}
