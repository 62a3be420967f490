//! Shards from one publication to the next, with a clock that the tests set.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::ledger::{Access, Head, Name, SqliteLedger, Stamp};
use crate::output::Encoding;
use crate::signer::SignatureChoice;
use crate::workflow::{AuthorityRequest, Delivery, Named, Waivers};
use crate::x509::fixture::{NOW, SoftwareKey};
use crate::x509::{AskedValidity, CrlScope, Profile};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Half of a week, the default time to the next CRL.
const HALF: u64 = 84 * HOUR;

const fn at(seconds: u64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

/// No shard was signed.
const NONE: [u16; 0] = [];

/// The published CRLs by shard.
type Lists = BTreeMap<u16, CertificateRevocationList>;

struct Site {
    directory: TempDir,
    key: SoftwareKey,
    authority: Certificate,
}

impl Site {
    /// A CA without certificates.
    fn new() -> Self {
        let (directory, key) = (TempDir::new().unwrap(), SoftwareKey::generate());
        let stamp = Stamp {
            time: NOW,
            by: "a test".to_owned(),
            tool: "a test".to_owned(),
            waived: Vec::new(),
        };
        let ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp).unwrap();
        let clock = Clock::stopped_at(NOW);
        let mut recorder = Recorder::new(Box::new(ledger), "a test".to_owned(), clock.clone());
        let request = AuthorityRequest {
            key: "ca".to_owned(),
            subject: Name::from_rfc4514("CN=CA with shards").unwrap(),
            profile: Arc::new(Profile::cloudhsm_ca()),
            validity: AskedValidity::default(),
            signature: SignatureChoice::default(),
            waivers: Waivers::default(),
            delivery: Delivery::Caller(Encoding::Der),
        };
        let planned = request.prepare(&key, &clock, &()).unwrap();
        let authority = planned.sign(&mut recorder, &()).unwrap().certificate;
        Self {
            directory,
            key,
            authority,
        }
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.directory.path().join("l.db"), Access::Record).unwrap()
    }

    fn head(&self) -> Head {
        use crate::ledger::Ledger as _;
        self.ledger().head().unwrap()
    }

    fn request(
        shard: u16,
        authority: &Certificate,
        existing: Option<&CertificateRevocationList>,
        base: Option<&CertificateRevocationList>,
    ) -> ShardRequest {
        let shards = CrlShards::new("http://crl.example/{shard}.crl", 2).unwrap();
        ShardRequest {
            shard,
            crl: CrlRequest {
                authority: Named::new("ca.crt", authority.clone()),
                key: None,
                number: None,
                number_is_right: false,
                period: None,
                scope: CrlScope::All,
                distribution_point: Some(shards.url(shard)),
                is_shard: true,
                freshest: None,
                base: base.map(|base| Named::new("base.crl", base.clone())),
                signature: SignatureChoice::default(),
                delivery: Delivery::Caller(Encoding::Der),
            },
            existing: existing.cloned(),
        }
    }

    /// Publishes these shards, as delta CRLs if there are `bases`. Returns those that were signed.
    fn publish(&self, now: UnixTime, shards: &[u16], lists: &mut Lists, bases: Option<&Lists>) -> Vec<u16> {
        let clock = Clock::stopped_at(now);
        let mut recorder = Recorder::new(Box::new(self.ledger()), "a test".to_owned(), clock.clone());
        let requests = shards.iter().map(|shard| {
            let base = bases.map(|bases| &bases[shard]);
            Self::request(*shard, &self.authority, lists.get(shard), base)
        });
        let planned = plan_shards(requests.collect(), &mut recorder, &clock).unwrap();
        let left = planned.left().to_vec();
        let mut signed = Vec::new();
        for (shard, summary) in planned.sign(&self.key, &mut recorder, &()).unwrap() {
            let list = summary.issued.list();
            assert_eq!(list.this_update(), now);
            assert_eq!(list.next_update(), Some(UnixTime(now.0 + 2 * HALF)));
            lists.insert(shard, list.clone());
            signed.push(shard);
        }
        let mut all = [left, signed.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, shards);
        signed
    }
}

#[test]
fn an_unchanged_shard_is_signed_when_half_of_its_time_is_over_and_not_before() {
    let (site, mut lists) = (Site::new(), Lists::new());
    assert_eq!(site.publish(at(0), &[1], &mut lists, None), [1]);
    assert_eq!(site.publish(at(DAY), &[1, 2], &mut lists, None), [2]);
    let before = site.head();
    for time in [at(DAY), at(2 * DAY), at(HALF)] {
        assert_eq!(site.publish(time, &[1, 2], &mut lists, None), NONE, "{time}");
    }
    assert_eq!(site.head(), before, "no number was used");
    // Each shard by its own dates.
    assert_eq!(site.publish(at(HALF + 1), &[1, 2], &mut lists, None), [1]);
    assert_eq!(site.publish(at(DAY + HALF), &[1, 2], &mut lists, None), NONE);
    assert_eq!(site.publish(at(DAY + HALF + 1), &[1, 2], &mut lists, None), [2]);
    // Long past their nextUpdate.
    assert_eq!(site.publish(at(60 * DAY), &[1, 2], &mut lists, None), [1, 2]);
}

#[test]
fn a_delta_crl_is_signed_when_half_of_its_time_is_over_or_its_base_is_another() {
    let (site, mut bases, mut deltas) = (Site::new(), Lists::new(), Lists::new());
    site.publish(at(0), &[1, 2], &mut bases, None);
    let mut publish = |now, bases: &Lists| site.publish(now, &[1, 2], &mut deltas, Some(bases));
    assert_eq!(publish(at(HOUR), &bases), [1, 2]);
    for time in [at(DAY), at(HOUR + HALF)] {
        assert_eq!(publish(time, &bases), NONE, "{time}");
    }
    assert_eq!(publish(at(HOUR + HALF + 1), &bases), [1, 2]);
    // The full CRL of shard 2 was signed again, so its delta CRL needs the new base's number.
    let now = at(HOUR + HALF + 2);
    assert_eq!(site.publish(now, &[2], &mut bases, None), [2]);
    assert_eq!(publish(now, &bases), [2]);
    assert_eq!(publish(at(HOUR + 2 * HALF + 1), &bases), NONE);
    assert_eq!(publish(at(HOUR + 2 * HALF + 2), &bases), [1]);
    assert_eq!(publish(at(HOUR + 2 * HALF + 3), &bases), [2]);
}
