//! Stand-ins for keys that are in a safe or come from KMS, and for the inputs that contain them: certificates, CRLs, public keys and pair files.

use std::collections::BTreeMap;
use std::path::Path;

use super::RehearsalError;
use super::pairs::{PracticePair, PracticePairs};
use crate::ceremony::{Step, StepAction};
use crate::output::encode_pem;
use crate::signer::{KeyStore, PublicKey, Signer};
use crate::token::{KeySelector, Session};
use crate::workflow::ceremony::objects::signing_key;
use crate::workflow::ceremony::{CeremonyInputs, CeremonySource};
use crate::workflow::{
    GenerateRequest, ImportRequest, KeyLog, Progress, WorkflowError, delete_key, generate_key,
    import_key_pair,
};
use crate::x509::{CERTIFICATE, Certificate, PUBLIC_KEY, X509_CRL, stand_in_certificate, stand_in_list};

/// The inputs that a rehearsal replaces, by name.
pub(super) struct StandIns {
    pub(super) inputs: BTreeMap<String, Vec<u8>>,
}

/// A key in a safe.
struct SafeKey {
    real: PublicKey,
    token: String,
}

/// A stand-in for a key in a safe.
struct StandInKey<'a> {
    real: PublicKey,
    key: PublicKey,
    session: &'a Session,
}

impl StandIns {
    /// Has the tokens make a key for each input whose key signs or is destroyed. Then makes new versions of the inputs that contain those keys or are
    /// signed by them. The stand-in for a KMS key is that of its pair; it is removed from the token if a step will import it.
    pub(super) fn make(
        source: &CeremonySource,
        pairs: &PracticePairs,
        sessions: &BTreeMap<String, Session>,
        lock_directory: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<Self, WorkflowError> {
        let mut keys = Vec::new();
        let mut comes_again = Vec::new();
        for (place, safe) in (1..).zip(find_safe_keys(source)?) {
            let session = sessions.get(&safe.token).ok_or_else(|| RehearsalError::NoToken {
                token: safe.token.clone(),
            })?;
            let label = format!("stand-in-{place}");
            let maker = Maker {
                session,
                lock_directory,
                progress,
            };
            let key = match pairs.stand_in_for(&safe.real) {
                None => maker.generate(&safe.real, &label)?,
                Some(pair) => {
                    if pairs.comes_to(pair, &safe.token) {
                        comes_again.push((session, label.clone()));
                    }
                    maker.import(pair, &label)?
                }
            };
            keys.push(StandInKey {
                real: safe.real,
                key,
                session,
            });
        }
        let mut inputs = BTreeMap::new();
        for name in source.file.inputs.keys() {
            if let Some(bytes) = make_input(&source.inputs, name, &keys, pairs)? {
                inputs.insert(name.clone(), bytes);
            }
        }
        for (session, label) in comes_again {
            let objects = session.key_objects(&KeySelector::labelled(&label))?;
            delete_key(session, objects, &mut KeyLog::nowhere())?;
        }
        Ok(Self { inputs })
    }
}

/// Puts a stand-in onto a token.
struct Maker<'a> {
    session: &'a Session,
    lock_directory: Option<&'a Path>,
    progress: &'a dyn Progress,
}

impl Maker<'_> {
    fn generate(&self, real: &PublicKey, label: &str) -> Result<PublicKey, WorkflowError> {
        let request = GenerateRequest {
            algorithm: real.algorithm(),
            label: label.to_owned(),
            lock_directory: self.lock_directory.map(Path::to_owned),
        };
        let made = generate_key(self.session, &request, &mut KeyLog::nowhere(), self.progress)?;
        Ok(made.proof.public_key)
    }

    fn import(&self, pair: &PracticePair, label: &str) -> Result<PublicKey, WorkflowError> {
        let request = ImportRequest {
            pair: pair.pair.clone(),
            label: label.to_owned(),
            route: None,
            attestation: None,
            keep_recipient_key: false,
            expected: None,
            lock_directory: self.lock_directory.map(Path::to_owned),
        };
        let log = &mut KeyLog::nowhere();
        let made = import_key_pair(self.session, pair, &request, log, self.progress)?;
        Ok(made.proof.public_key)
    }
}

/// The keys of inputs that the steps sign with or destroy. Also the keys that signed a certificate whose key is replaced, if their own certificate is
/// an input: its signature must verify again.
fn find_safe_keys(source: &CeremonySource) -> Result<Vec<SafeKey>, WorkflowError> {
    let mut found: Vec<SafeKey> = Vec::new();
    for step in &source.file.steps {
        let Some((input, token)) = safe_key_of(source, step) else {
            continue;
        };
        let real = source.inputs.public_key(input)?;
        match found.iter().find(|other| other.real.has_numbers_of(&real)) {
            Some(other) if other.token != token => {
                return Err(RehearsalError::TwoTokens {
                    input: input.to_owned(),
                    tokens: [other.token.clone(), token.to_owned()],
                }
                .into());
            }
            Some(_) => {}
            None => found.push(SafeKey {
                real,
                token: token.to_owned(),
            }),
        }
    }
    let names = source.file.inputs.keys();
    let certificates: Vec<Certificate> = names
        .filter_map(|name| source.inputs.certificate(name).ok())
        .collect();
    let mut next = 0;
    while let Some(SafeKey { real, token, .. }) = found.get(next) {
        next += 1;
        let (real, token) = (real.clone(), token.clone());
        let replaced = certificates.iter().filter(|certificate| {
            certificate
                .public_key()
                .is_ok_and(|key| key.has_numbers_of(&real))
        });
        let mut issuers = Vec::new();
        for certificate in replaced {
            let keys = certificates.iter().filter_map(|issuer| issuer.public_key().ok());
            issuers.extend(keys.filter(|key| certificate.verify_signature(key).is_ok()));
        }
        for real in issuers {
            if !found.iter().any(|other| other.real.has_numbers_of(&real)) {
                let token = token.clone();
                found.push(SafeKey { real, token });
            }
        }
    }
    Ok(found)
}

/// The input whose key the step signs with or destroys, and its token.
fn safe_key_of<'a>(source: &'a CeremonySource, step: &'a Step) -> Option<(&'a str, &'a str)> {
    let key = match &step.action {
        StepAction::DestroyKey(destroy) => Some(destroy.key.as_str()),
        _ => signing_key(&source.file, step),
    };
    let key = key.filter(|key| source.inputs.has(key))?;
    Some((key, step.action.token()?))
}

/// The bytes of the input with stand-in keys. `None` if the input neither contains one nor is signed by one.
fn make_input(
    inputs: &CeremonyInputs,
    name: &str,
    keys: &[StandInKey<'_>],
    pairs: &PracticePairs,
) -> Result<Option<Vec<u8>>, WorkflowError> {
    if let Ok(original) = inputs.pair(name) {
        let stand_in = pairs.stand_in_for(&original.public_key);
        return Ok(stand_in.map(PracticePair::file));
    }
    let stand_in_for = |key: &PublicKey| keys.iter().find(|stand_in| stand_in.real.has_numbers_of(key));
    if let Ok(original) = inputs.certificate(name) {
        let own = original.public_key().ok();
        let own = own.as_ref().and_then(stand_in_for).map(|stand_in| &stand_in.key);
        let issuer = keys
            .iter()
            .find(|stand_in| original.verify_signature(&stand_in.real).is_ok());
        if own.is_none() && issuer.is_none() {
            return Ok(None);
        }
        let signer = issuer.map(StandInKey::signer).transpose()?;
        let made = stand_in_certificate(&original, own, signer.as_deref())?;
        return Ok(Some(encode_pem(CERTIFICATE, made.der()).into_bytes()));
    }
    if let Ok(original) = inputs.crl(name) {
        let mut issuers = keys.iter();
        let issuer = issuers.find(|stand_in| original.verify_signature(&stand_in.real).is_ok());
        let Some(issuer) = issuer else {
            return Ok(None);
        };
        let made = stand_in_list(&original, issuer.signer()?.as_ref())?;
        return Ok(Some(encode_pem(X509_CRL, made.der()).into_bytes()));
    }
    let is_key = inputs.request(name).is_err();
    let key = inputs.public_key(name).ok().filter(|_| is_key);
    let stand_in = key.as_ref().and_then(stand_in_for);
    Ok(stand_in.map(|stand_in| encode_pem(PUBLIC_KEY, stand_in.key.der()).into_bytes()))
}

impl<'a> StandInKey<'a> {
    fn signer(&self) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
        Ok(self.session.signer_for(&self.key)?)
    }
}
