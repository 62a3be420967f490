//! From held to begun: the last checks, and the record before the signature.

use std::collections::HashMap;

use super::{Begun, Held, Planned, Signable};
use crate::ledger::{EntryId, EntryState, LedgerError, SoleCertificate};
use crate::signer::KeyStore;
use crate::workflow::record::{NewAuthority, authority_with, remembered_by};
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::Certificate;

impl Recorder {
    /// Checks objects against the ledger. Refuses a compromised key, an unknown or revoked CA, and a second certificate of a CA.
    /// [`begin`](Self::begin) does the same. A caller that prompts for a PIN, or signs in parts, calls this first. Records nothing.
    ///
    /// # Errors
    /// [`WorkflowError::X509`] with the rule `compromised-key`, `issuer-status`, `second-certificate` or `same-name-other-key`;
    /// [`WorkflowError::UnknownAuthority`]. Returns the rules that are broken and waived.
    pub fn check_planned<T: Signable>(&mut self, planned: &Planned<T>) -> Result<Vec<String>, WorkflowError> {
        Ok(self.check_all_planned(&[planned])?.pop().unwrap_or_default())
    }

    /// The same for several objects, with the broken and waived rules of each. What they share is checked once: the ledger does not change in
    /// between.
    fn check_all_planned<T: Signable>(
        &mut self,
        planned: &[&Planned<T>],
    ) -> Result<Vec<Vec<String>>, WorkflowError> {
        let compromised = match planned.iter().any(|planned| planned.certified.is_some()) {
            true => self.compromised_keys()?,
            false => HashMap::new(),
        };
        let mut accepted: Option<(&Certificate, bool)> = None;
        let mut waived = Vec::with_capacity(planned.len());
        for planned in planned {
            let (checked, certified) = (&planned.checked, planned.certified.as_ref());
            if !compromised.is_empty()
                && let Some(certified) = certified
                && let Some(entry) = compromised.get(&remembered_by(&certified.key))
            {
                return Err(planned.about(Self::compromised_by(*entry).into()));
            }
            if let Some(authority) = checked.authority() {
                let certifies = certified.is_some();
                let is_accepted = accepted
                    .is_some_and(|(known, it_did)| known.der() == authority.der() && (it_did || !certifies));
                if !is_accepted {
                    self.require_known(authority)?;
                    if certifies {
                        self.refuse_revoked(authority)?;
                        let key = authority.public_key()?;
                        if let Some(entry) = compromised.get(&remembered_by(&key)) {
                            return Err(Self::compromised_by(*entry).into());
                        }
                    }
                    accepted = Some((authority, certifies));
                }
            }
            checked.confirm().map_err(|error| planned.about(error.into()))?;
            waived.push(self.check_new_authority(planned, None)?);
        }
        Ok(waived)
    }

    /// Records what a key of `store` is about to sign: all objects or none, in one transaction. From then on their serial numbers are used. Then
    /// checks again for objects that another process began in between.
    ///
    /// # Errors
    /// Those of [`check_planned`](Self::check_planned); [`WorkflowError::Ledger`]; [`WorkflowError::X509`] with the rule `serial-unused`;
    /// [`WorkflowError::KeptHead`] if this is not the ledger whose head was kept; [`WorkflowError::ClockBehind`]. After an error, nothing may be
    /// signed.
    pub fn begin<T: Signable>(
        &mut self,
        held: Vec<Held<T>>,
        store: &dyn KeyStore,
    ) -> Result<Vec<Begun<T>>, WorkflowError> {
        let (mut begun, mut taken) = (Vec::with_capacity(held.len()), None);
        for one in self.begin_each(held, store)? {
            match one {
                Ok(one) => begun.push(one),
                Err(error) => drop(taken.get_or_insert(error)),
            }
        }
        let Some(error) = taken else {
            return Ok(begun);
        };
        let entries: Vec<_> = begun.iter().map(Begun::entry).collect();
        self.abandon(&entries, &error.to_string());
        Err(error)
    }

    /// [`begin`](Self::begin) for a batch that goes on without the requests for which another process began a certificate in between: each of
    /// these has [`LedgerError::RequestTaken`], and is abandoned.
    ///
    /// # Errors
    /// The other errors of `begin`.
    pub(in crate::workflow) fn begin_each<T: Signable>(
        &mut self,
        held: Vec<Held<T>>,
        store: &dyn KeyStore,
    ) -> Result<Vec<Result<Begun<T>, WorkflowError>>, WorkflowError> {
        let planned: Vec<_> = held.iter().map(Held::planned).collect();
        let waived = self.check_all_planned(&planned)?;
        let intents = planned.iter().zip(waived).map(|(planned, waived)| {
            let mut intent = planned.intent.clone();
            intent.waived.extend(waived);
            intent
        });
        let intents = intents.collect();
        let entries = self.begin_guarded(store, intents)?;
        let mut begun = Vec::with_capacity(held.len());
        for (held, entry) in held.into_iter().zip(entries.iter().copied()) {
            match self.check_begun(&held.planned, entry, &entries) {
                Ok(()) => begun.push(Ok(Begun {
                    sole: held.planned.sole_as(entry),
                    checked: held.planned.checked,
                    slot: held.slot,
                    entry,
                })),
                Err(error @ WorkflowError::Ledger(LedgerError::RequestTaken { .. })) => {
                    self.abandon(&[entry], &error.to_string());
                    begun.push(Err(error));
                }
                Err(error) => {
                    self.abandon(&entries, &error.to_string());
                    return Err(error);
                }
            }
        }
        Ok(begun)
    }

    /// [`begin`](Self::begin) for one object.
    ///
    /// # Errors
    /// Those of `begin`.
    pub fn begin_one<T: Signable>(
        &mut self,
        held: Held<T>,
        store: &dyn KeyStore,
    ) -> Result<Begun<T>, WorkflowError> {
        let begun = self.begin(vec![held], store)?.pop();
        Ok(begun.ok_or(LedgerError::NoEntry { entry: EntryId(0) })?)
    }

    /// Continues what an interrupted process began: the ledger has the same bytes under this entry, begun or signed. The caller decides whether
    /// they may be signed (again). The ledger accepts the same signed object once more, and no other.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`], [`LedgerError::OtherBytes`], [`LedgerError::Ended`]
    pub(in crate::workflow) fn rejoin<T: Signable>(
        &mut self,
        held: Held<T>,
        entry: EntryId,
    ) -> Result<Begun<T>, WorkflowError> {
        let found = self.ledger().entry(entry)?;
        let found = found.ok_or(LedgerError::NoEntry { entry })?;
        let intent = held.planned.intent();
        if found.tbs_sha256 != Some(intent.tbs_sha256) || !found.authority.is(&intent.authority) {
            return Err(LedgerError::OtherBytes { entry }.into());
        }
        match found.state {
            EntryState::Begun | EntryState::Signed { .. } => Ok(Begun {
                sole: held.planned.sole_as(entry),
                checked: held.planned.checked,
                slot: held.slot,
                entry,
            }),
            other => {
                let state = other.name();
                Err(LedgerError::Ended { entry, state }.into())
            }
        }
    }

    /// Checks for objects that another process began in between. The one that began first continues.
    fn check_begun<T: Signable>(
        &mut self,
        planned: &Planned<T>,
        entry: EntryId,
        begun: &[EntryId],
    ) -> Result<(), WorkflowError> {
        self.check_new_authority(planned, Some(entry))?;
        match (planned.since, planned.checked.authority()) {
            (Some(since), Some(authority)) if planned.certified.is_none() => {
                self.refuse_crl_in_between(authority, since, entry, begun)
            }
            _ => match planned.sole_as(entry) {
                Some(sole) => self.refuse_certificate_in_between(&sole),
                None => Ok(()),
            },
        }
    }

    /// Allows one certificate for one request, even if several processes issue for it.
    fn refuse_certificate_in_between(&self, sole: &SoleCertificate) -> Result<(), WorkflowError> {
        let SoleCertificate {
            entry: own,
            authority,
            request_sha256,
            since,
        } = sole;
        match self.ledger().begun_for(authority, request_sha256, *since)? {
            Some(entry) if entry < *own => Err(LedgerError::RequestTaken { entry }.into()),
            _ => Ok(()),
        }
    }

    /// The rules about other certificates of a CA's name.
    fn check_new_authority<T: Signable>(
        &self,
        planned: &Planned<T>,
        entry: Option<EntryId>,
    ) -> Result<Vec<String>, WorkflowError> {
        let certified = planned.certified.as_ref();
        let Some(certified) = certified.filter(|certified| certified.is_authority) else {
            return Ok(Vec::new());
        };
        let new = NewAuthority {
            subject: &certified.subject,
            authority: authority_with(&certified.subject, &certified.key),
            cross_issuer: certified.cross_issuer.as_ref(),
            itself: None,
            entry,
        };
        new.check(self.ledger(), planned.waivers, self.now())
    }
}
