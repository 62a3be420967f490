//! A step in words.

use crate::ceremony::{
    Confirm, CreateCa, Crl, CrossSign, DestroyKey, GenerateKey, ImportKey, Manual, NotAfter, NotBefore,
    Revoke, SignCsr, StepAction,
};

/// The action of a step in words, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StepText {
    /// The action, as one sentence without a full stop.
    pub(super) title: String,
    /// The parameters, as names and values.
    pub(super) facts: Vec<(&'static str, String)>,
}

impl StepText {
    /// Describes a step.
    pub(super) fn of(action: &StepAction) -> Self {
        let mut facts = Facts::default();
        let title = match action {
            StepAction::Manual(Manual { say, record }) => {
                facts.add("read aloud", say);
                let written: Vec<String> = record.iter().map(|name| record_text(name)).collect();
                facts.add_list("write down", &written);
                "Do this by hand, and say so".to_owned()
            }
            StepAction::GenerateKey(GenerateKey {
                token,
                label,
                key_type,
            }) => {
                facts.add("type", key_type).add("label", label);
                format!("Generate a key on token {token}")
            }
            StepAction::ImportKey(ImportKey {
                token,
                label,
                pair,
                expect,
            }) => {
                facts.add("key pair", pair).add("label", label);
                facts.add_option("only key", expect.map(|key| key.to_string()).as_deref());
                facts.add("needs", "AWS KMS: the network, and credentials for it");
                facts.add(
                    "known only then",
                    "whether what KMS decrypts is the private key of this public key",
                );
                format!("Import a key into token {token}")
            }
            StepAction::Confirm(Confirm { sign_by }) => {
                facts.add(
                    "signed by",
                    &format!(
                        "{} different people with the role {}",
                        sign_by.threshold,
                        sign_by.role.word()
                    ),
                );
                "Compare the completed bytes, and sign them".to_owned()
            }
            StepAction::CreateCa(CreateCa {
                key,
                token,
                subject,
                profile,
                not_before,
                days,
                not_after,
                hash,
                out,
            }) => {
                facts.add("subject", subject).add("key", key);
                facts.add_option("token", token.as_deref());
                facts.add("profile", profile);
                facts.add_terms(not_before, *days, not_after.as_ref());
                facts.add_option("hash", hash.as_deref()).add("file", out);
                "Sign the CA's own certificate".to_owned()
            }
            StepAction::SignCsr(SignCsr {
                issuer,
                token,
                csr,
                profile,
                not_before,
                days,
                not_after,
                hash,
                out,
            }) => {
                facts.add("issuer", issuer);
                facts.add_option("token", token.as_deref());
                facts.add("request", csr).add("profile", profile);
                facts.add_terms(not_before, *days, not_after.as_ref());
                facts.add_option("hash", hash.as_deref()).add("file", out);
                "Sign a certificate for a request".to_owned()
            }
            StepAction::CrossSign(CrossSign {
                issuer,
                token,
                subject_of,
                signed_by,
                profile,
                extended_key_usage,
                not_before,
                days,
                not_after,
                hash,
                out,
            }) => {
                facts.add("issuer", issuer);
                facts.add_option("token", token.as_deref());
                facts.add("subject of", subject_of);
                facts.add_option("that one's issuer", signed_by.as_deref());
                facts.add_option("profile", profile.as_deref());
                facts.add_list("purposes", extended_key_usage);
                facts.add_terms(not_before, *days, not_after.as_ref());
                facts.add_option("hash", hash.as_deref()).add("file", out);
                "Sign a cross-certificate".to_owned()
            }
            StepAction::Revoke(Revoke {
                issuer,
                certificate,
                reason,
                invalid_since,
            }) => {
                facts.add("issuer", issuer).add("certificate", certificate);
                facts.add("reason", reason);
                facts.add_option("invalid since", invalid_since.as_deref());
                "Revoke a certificate".to_owned()
            }
            StepAction::Crl(Crl {
                issuer,
                token,
                number,
                previous,
                days,
                hash,
                out,
            }) => {
                facts.add("issuer", issuer);
                facts.add_option("token", token.as_deref());
                facts.add("number", &number.to_string());
                facts.add_option("CRL before", previous.as_deref());
                facts.add("days", &days.to_string());
                facts.add_option("hash", hash.as_deref()).add("file", out);
                "Sign a certificate revocation list".to_owned()
            }
            StepAction::DestroyKey(DestroyKey { token, key }) => {
                facts.add("key", key);
                format!("Destroy a key on token {token}")
            }
        };
        Self {
            title,
            facts: facts.0,
        }
    }
}

/// A name from `record`, in the words of the script: `bag:root` is `number of bag root`.
#[must_use]
pub fn record_text(name: &str) -> String {
    match name.strip_prefix("bag:") {
        Some(bag) => format!("number of bag {bag}"),
        None => name.to_owned(),
    }
}

#[derive(Default)]
struct Facts(Vec<(&'static str, String)>);

impl Facts {
    fn add(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push((name, value.to_owned()));
        self
    }

    fn add_option(&mut self, name: &'static str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.add(name, value);
        }
        self
    }

    fn add_list(&mut self, name: &'static str, values: &[String]) -> &mut Self {
        if !values.is_empty() {
            self.add(name, &values.join(", "));
        }
        self
    }

    fn add_terms(&mut self, not_before: &NotBefore, days: Option<u32>, not_after: Option<&NotAfter>) {
        match not_before {
            NotBefore::Session => self.add("valid from", "the session's first second"),
            NotBefore::At(time) => self.add("valid from", time),
        };
        match (days, not_after) {
            (Some(days), _) => self.add("valid for", &format!("{days} days")),
            (None, Some(NotAfter::Issuer)) => self.add("valid until", "the end of its issuer"),
            (None, Some(NotAfter::At(time))) => self.add("valid until", time),
            (None, None) => self,
        };
    }
}
