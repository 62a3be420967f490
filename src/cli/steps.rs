//! The sentence for each step of a workflow.

use std::borrow::Cow;
use std::time::Duration;

use hsm_ca::token::ImportRoute;
use hsm_ca::workflow::{Linted, Step};

/// The progress text for a step; `None` for an unknown step.
pub(super) fn describe_step(step: &Step<'_>) -> Option<Cow<'static, str>> {
    let sentence = match step {
        Step::Lint(what) => {
            let what = match what {
                Linted::Authority => "the CA certificate",
                Linted::Cross => "the cross-certificate",
                Linted::Draft => "a drafted certificate",
                _ => "a certificate",
            };
            return Some(format!("the profile's linter checks {what}").into());
        }
        Step::SignAuthority => "the key signs the CA certificate",
        Step::SignCross => "the CA's key signs the cross-certificate",
        Step::SignCertificate { number, count } => {
            return Some(format!("the CA's key signs certificate {number} of {count}").into());
        }
        Step::SignCrl { entries } => {
            let noun = if *entries == 1 { "entry" } else { "entries" };
            return Some(format!("the CA's key signs a CRL with {entries} {noun}").into());
        }
        Step::SignOcsp => "the key signs the OCSP response",
        Step::SignRequest => "the key signs the request",
        Step::WaitForKeyLock => "another process is putting a key on this token; waiting for it",
        Step::GenerateKey { algorithm } => {
            return Some(format!("generating an {algorithm} key on the token").into());
        }
        Step::Measure { algorithm, sessions } => {
            return Some(format!("measuring {algorithm}, sessions: {sessions}").into());
        }
        Step::MeasureIssuing { key, count } => {
            return Some(format!("issuing {count} certificates with an {key} key").into());
        }
        Step::GenerateRecipientKey => "generating a recipient key on the token",
        Step::GenerateWrappingKey => "generating a wrapping key on the token",
        Step::CheckPresentKey => "the key is already on the token; checking it again",
        Step::RehearseDecrypt { key } => {
            let region = key.region();
            return Some(
                format!("asking KMS in {region} over the network whether it would decrypt the key (DryRun)")
                    .into(),
            );
        }
        Step::DecryptKey => "KMS decrypts the private key",
        Step::SealKey => "KMS encrypts the private key to the token's key",
        Step::ImportKey { route } => match route {
            ImportRoute::CreateObject => "creating it on the token, in plaintext",
            _ => "unwrapping it into the token",
        },
        Step::ProveKey => "proving the key on the token",
        Step::DescribeCluster { cluster } => {
            return Some(format!("asking for the current state and CSR of {cluster}").into());
        }
        Step::InitializeCluster { .. } => {
            "the certificate matches the CSR; asking AWS to initialise the cluster with it"
        }
        Step::WaitForCluster { longest } => {
            let longest = in_words(*longest);
            return Some(format!("waiting up to {longest}; Ctrl-C stops the wait; AWS continues").into());
        }
        Step::ClusterState { cluster, state } => return Some(format!("{cluster} is {state}").into()),
        Step::ClusterUnchanged {
            cluster,
            state,
            waited,
        } => {
            return Some(format!("{cluster} is still {state} after {}", in_words(*waited)).into());
        }
        Step::AskAgain { cause } => return Some(format!("asking again: {cause}").into()),
        _ => return None,
    };
    Some(sentence.into())
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        1 => "1 second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_sentences() {
        let says = |step: Step<'_>| describe_step(&step).unwrap().into_owned();
        assert_eq!(
            says(Step::SignCertificate {
                number: 2,
                count: 150
            }),
            "the CA's key signs certificate 2 of 150"
        );
        assert_eq!(
            says(Step::SignCrl { entries: 100_000 }),
            "the CA's key signs a CRL with 100000 entries"
        );
        assert_eq!(
            says(Step::ImportKey {
                route: ImportRoute::CreateObject
            }),
            "creating it on the token, in plaintext"
        );
        assert_eq!(
            says(Step::ImportKey {
                route: ImportRoute::Sealed
            }),
            "unwrapping it into the token"
        );
        assert_eq!(
            says(Step::Lint(Linted::Cross)),
            "the profile's linter checks the cross-certificate"
        );
    }
}
