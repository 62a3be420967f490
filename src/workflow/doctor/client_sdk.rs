//! What is known about the versions of CloudHSM's client, as data with its source: pages of the AWS CloudHSM User Guide.
//!
//! The library reports its major and minor version (`CK_INFO.libraryVersion`) but not the patch level, so some issues are only possible.

use super::{Check, CheckState};

const NAME: &str = "client SDK";

/// How to learn the patch level: check-client_version.
const PATCH_LEVEL: &str =
    "`rpm -qa | grep ^cloudhsm`, on Ubuntu `apt list --installed | grep ^cloudhsm`, shows the patch level";

/// Major, minor, patch.
type Version = (u8, u8, u8);

/// Something that applies from one version on, up to but not including another.
struct Issue {
    from: Version,
    until: Option<Version>,
    state: CheckState,
    what: &'static str,
    /// The page.
    source: &'static str,
}

/// The first issue that makes a version unfit hides the later ones: another version is needed anyway.
const ISSUES: [Issue; 8] = [
    Issue {
        from: (0, 0, 0),
        until: Some((5, 0, 0)),
        state: CheckState::Failed,
        what: "it has reached its end of support, CloudHSM may refuse its connections, and hsm-ca is written for Client SDK 5",
        source: "end-of-life-release",
    },
    Issue {
        from: (5, 0, 0),
        until: Some((5, 8, 1)),
        state: CheckState::Warning,
        what: "it has reached its end of support, and CloudHSM may refuse its connections",
        source: "end-of-life-release",
    },
    Issue {
        from: (5, 0, 0),
        until: Some((5, 12, 0)),
        state: CheckState::Noted,
        what: "your own TLS client key must be PKCS#8, otherwise its log says \"NotPkcs8\"",
        source: "ki-all, issue 11",
    },
    Issue {
        from: (5, 12, 0),
        until: Some((5, 13, 0)),
        state: CheckState::Warning,
        what: "on hsm2m.medium C_GetAttributeValue can fail, and no key is found; its log says \"Invalid integer conversion\"",
        source: "ki-hsm2-old-sdk",
    },
    WEAK_AUTHORITY,
    Issue {
        from: (5, 0, 0),
        until: Some((5, 17, 2)),
        state: CheckState::Noted,
        what: "many signatures at once can fail (its log says \"Sequence number is outside of window\"): then make fewer at once",
        source: "ki-all, issue 16",
    },
    Issue {
        from: (5, 0, 0),
        until: Some((5, 18, 0)),
        state: CheckState::Noted,
        what: "when throttled, C_GetAttributeValue returns CKR_DEVICE_ERROR, and hsm-ca tries again",
        source: "ki-pkcs11-sdk, issue 15",
    },
    Issue {
        from: (5, 16, 0),
        until: None,
        state: CheckState::Noted,
        what: "ECDSA with a hash weaker than the curve is refused as an invalid mechanism; hsm-ca does not use it",
        source: "ki-all, issue 12",
    },
];

/// "Clusters that were initialized with a CA certificate using an RSA key weaker than 2048 bits will fail to connect on Client SDK 5
/// versions 5.17.0 and 5.17.1", "resolved in Client SDK 5.17.2": ki-all, issue 15.
const WEAK_AUTHORITY: Issue = Issue {
    from: (5, 17, 0),
    until: Some((5, 17, 2)),
    state: CheckState::Noted,
    what: "it does not connect if the cluster's CA has an RSA key below 2048 bits (see \"cluster CA\")",
    source: "ki-all, issue 15",
};

/// Whether a version has an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concern {
    No,
    /// Some patch levels of it.
    Some,
    All,
}

impl Issue {
    fn concerns(&self, (major, minor): (u8, u8)) -> Concern {
        let (first, last) = ((major, minor, 0), (major, minor, u8::MAX));
        let is_in = |version| self.from <= version && self.until.is_none_or(|until| version < until);
        match (is_in(first), is_in(last)) {
            (true, true) => Concern::All,
            (false, false) => Concern::No,
            _ => Concern::Some,
        }
    }

    fn tell(&self, concern: Concern) -> String {
        let Self { what, source, .. } = self;
        match self.until {
            Some((major, minor, patch)) if concern == Concern::Some => {
                format!("below {major}.{minor}.{patch}, {what} ({source})")
            }
            _ => format!("{what} ({source})"),
        }
    }
}

/// What is known about a version of the client.
#[must_use]
pub(super) fn check_version((major, minor): (u8, u8)) -> Vec<Check> {
    let is_named = format!("Client SDK {major}.{minor}");
    let concerns = |issue: &Issue| issue.concerns((major, minor));
    let unfit = |issue: &&Issue| issue.until <= Some((5, 8, 1)) && issue.until.is_some();
    if let Some(issue) = ISSUES
        .iter()
        .filter(unfit)
        .find(|issue| concerns(issue) != Concern::No)
    {
        let told = issue.tell(Concern::All);
        let found = format!("{is_named}: {told}");
        let hint = "install the current package cloudhsm-pkcs11 of Client SDK 5".to_owned();
        return vec![Check::new(NAME, issue.state, found).with_hint(hint)];
    }
    let is_open = ISSUES.iter().any(|issue| concerns(issue) == Concern::Some);
    let hint = is_open.then(|| PATCH_LEVEL.to_owned());
    let mut checks = vec![Check::passed(NAME, is_named).with_hint(hint)];
    for issue in &ISSUES {
        let concern = concerns(issue);
        if concern != Concern::No {
            checks.push(Check::new(NAME, issue.state, issue.tell(concern)));
        }
    }
    checks
}

/// Whether a client of this version may refuse a cluster whose CA has an RSA key below 2048 bits; of an unknown version, it may.
pub(super) fn may_refuse_weak_authority(version: Option<(u8, u8)>) -> bool {
    version.is_none_or(|version| WEAK_AUTHORITY.concerns(version) != Concern::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: (u8, u8)) -> Vec<(CheckState, String)> {
        let checks = check_version(version).into_iter();
        checks.map(|check| (check.state, check.found)).collect()
    }

    fn has(version: (u8, u8), words: &str) -> bool {
        told(version).iter().any(|(_, found)| found.contains(words))
    }

    #[test]
    fn an_unsupported_version_is_the_only_thing_reported() {
        for (version, state) in [
            ((2, 3), CheckState::Failed),
            ((3, 4), CheckState::Failed),
            ((5, 0), CheckState::Warning),
            ((5, 8), CheckState::Warning),
        ] {
            let told = told(version);
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!(told[0].0, state);
            assert!(told[0].1.contains("end of support"));
        }
        assert!(!has((5, 9), "end of support"));
    }

    #[test]
    fn every_issue_applies_to_its_versions() {
        for (words, first, last) in [
            ("NotPkcs8", 9, 11),
            ("Invalid integer conversion", 12, 12),
            ("below 2048 bits", 17, 17),
            ("outside of window", 9, 17),
            ("CKR_DEVICE_ERROR", 9, 17),
            ("weaker than the curve", 16, 99),
        ] {
            for minor in 9..100 {
                let expected = (first..=last).contains(&minor);
                assert_eq!(has((5, minor), words), expected, "{words} in 5.{minor}");
            }
        }
    }

    #[test]
    fn an_issue_of_some_patch_levels_says_which() {
        assert!(has((5, 17), "below 5.17.2, it does not connect"));
        assert!(has((5, 17), "below 5.17.2, many signatures"));
        assert!(!has((5, 16), "below 5.17.2"));
        for (minor, is_open) in [(16, false), (17, true), (18, false)] {
            let hints: Vec<_> = check_version((5, minor))
                .into_iter()
                .filter_map(|check| check.hint)
                .collect();
            assert_eq!(hints.len(), usize::from(is_open), "{hints:?}");
            assert!(hints.iter().all(|hint| hint.contains("rpm -qa")));
        }
        let refuses = |version| may_refuse_weak_authority(version);
        assert!(refuses(Some((5, 17))) && refuses(None));
        assert!(!refuses(Some((5, 16))) && !refuses(Some((5, 18))));
    }
}
