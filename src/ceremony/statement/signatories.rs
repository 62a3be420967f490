//! The people who may sign, and the statements that they signed.

use super::{PlanIdentity, QuorumError, Statement, StatementError, read};
use crate::ceremony::ssh_key::SshKey;
use crate::ceremony::sshsig::SshSignature;
use crate::ceremony::{PlanError, PlannedPerson, Requirement};
use crate::output::{Encoding, Sealed, Verified};
use crate::values::UnixTime;

/// A person who may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatory {
    /// The name, as in the plan.
    pub name: String,
    /// The person's keys. Any one of them signs.
    pub keys: Vec<SignatoryKey>,
}

/// A key of a signatory, and what its signatures must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatoryKey {
    /// The key.
    pub key: SshKey,
    /// What a security key must show in each signature.
    pub require: Vec<Requirement>,
}

/// The people who may sign statements of one kind about one plan. Their names and keys are distinct.
#[derive(Clone, Debug)]
pub struct Signatories {
    plan: PlanIdentity,
    people: Vec<Signatory>,
    /// How errors name them, such as "the approvers".
    called: &'static str,
}

/// A verified statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement<C> {
    bytes: Vec<u8>,
    signature: Vec<u8>,
    person: String,
    key: SshKey,
    time: UnixTime,
    content: C,
}

impl Signatories {
    /// Signatories from these people. Errors name them as `called`.
    ///
    /// # Errors
    /// [`QuorumError`]: two people share a key, a person lists a key twice, a name is used twice, or a key cannot show what is required.
    pub fn new(
        plan: PlanIdentity,
        people: Vec<Signatory>,
        called: &'static str,
    ) -> Result<Self, QuorumError> {
        for (index, signatory) in people.iter().enumerate() {
            let earlier = people.get(..index).unwrap_or_default();
            check_signatory(signatory, earlier)?;
        }
        Ok(Self { plan, people, called })
    }

    /// Signatories from people of a plan.
    ///
    /// # Errors
    /// [`PlanError`]. A plan that was read never causes it.
    pub(in crate::ceremony) fn of<'a>(
        plan: PlanIdentity,
        people: impl Iterator<Item = &'a PlannedPerson>,
        called: &'static str,
    ) -> Result<Self, PlanError> {
        let people: Result<Vec<_>, _> = people.map(PlannedPerson::signatory).collect();
        Self::new(plan, people?, called).map_err(PlanError::Quorum)
    }

    /// How many people there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.people.len()
    }

    /// The plan that they sign statements about.
    #[must_use]
    pub const fn plan(&self) -> &PlanIdentity {
        &self.plan
    }

    /// Verifies a statement and its signature.
    ///
    /// # Errors
    /// [`StatementError`]. Stop on this error: do not skip the file and continue.
    pub fn verify<T: Statement>(
        &self,
        statement: &[u8],
        signature: &[u8],
    ) -> Result<SignedStatement<T::Content>, StatementError> {
        let stated: T = read(statement, &self.plan)?;
        let frame = stated.frame();
        let signatory = self
            .people
            .iter()
            .find(|signatory| signatory.name == frame.person);
        let signatory = signatory.ok_or_else(|| StatementError::UnknownPerson {
            person: frame.person.clone(),
            called: self.called,
        })?;
        let namespace = T::KIND.namespace(self.plan.kind);
        let found =
            SshSignature::verify(signature, namespace, statement).map_err(StatementError::Signature)?;
        let known = signatory.keys.iter().find(|known| known.key == *found.key());
        let known = known.ok_or_else(|| StatementError::NotTheirKey {
            person: frame.person.clone(),
            fingerprint: found.key().fingerprint(),
        })?;
        if frame.key != known.key.fingerprint() {
            return Err(StatementError::OtherKeyStated {
                stated: frame.key.clone(),
                fingerprint: known.key.fingerprint(),
            });
        }
        let shows = |requirement| match requirement {
            Requirement::Touch => found.is_touched(),
            Requirement::Pin => found.is_pin_entered(),
        };
        if let Some(missing) = known.require.iter().find(|requirement| !shows(**requirement)) {
            return Err(StatementError::NotShown {
                person: frame.person.clone(),
                requirement: *missing,
            });
        }
        Ok(SignedStatement {
            bytes: statement.to_vec(),
            signature: signature.to_vec(),
            person: frame.person.clone(),
            key: known.key.clone(),
            time: frame.claimed_time()?,
            content: stated.content()?,
        })
    }
}

impl<C> SignedStatement<C> {
    /// Who signed.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The key that signed.
    #[must_use]
    pub const fn key(&self) -> &SshKey {
        &self.key
    }

    /// The time, as claimed by the signer's machine.
    #[must_use]
    pub const fn claimed_time(&self) -> UnixTime {
        self.time
    }

    /// The content of the statement.
    #[must_use]
    pub const fn content(&self) -> &C {
        &self.content
    }

    /// The bytes of the statement file.
    #[must_use]
    pub fn statement(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature file.
    #[must_use]
    pub fn signature(&self) -> SignatureFile {
        SignatureFile(self.signature.clone())
    }
}

/// A verified armoured signature of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFile(Vec<u8>);

impl Sealed for SignatureFile {}

impl Verified for SignatureFile {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match written == self.0 {
            true => Ok(()),
            false => Err("it reads back differently".to_owned()),
        }
    }
}

fn check_signatory(signatory: &Signatory, earlier: &[Signatory]) -> Result<(), QuorumError> {
    // As for the people of a plan: of ASCII letters only, so that every verifier agrees.
    let same_name = |other: &&Signatory| other.name.eq_ignore_ascii_case(&signatory.name);
    if earlier.iter().any(|other| same_name(&other)) {
        return Err(QuorumError::SameName {
            person: signatory.name.clone(),
        });
    }
    for (index, known) in signatory.keys.iter().enumerate() {
        let of_others = earlier
            .iter()
            .flat_map(|other| other.keys.iter().map(move |key| (other, key)));
        let own = signatory.keys[..index].iter().map(|key| (signatory, key));
        let same = of_others
            .chain(own)
            .find(|(_, other)| other.key.has_numbers_of(&known.key));
        if let Some((other, _)) = same {
            return Err(QuorumError::SameKey {
                person: signatory.name.clone(),
                other: other.name.clone(),
                fingerprint: known.key.fingerprint(),
            });
        }
        if !known.require.is_empty() && !known.key.kind().is_security_key() {
            return Err(QuorumError::CannotShow {
                person: signatory.name.clone(),
                kind: known.key.kind().name(),
            });
        }
    }
    Ok(())
}
