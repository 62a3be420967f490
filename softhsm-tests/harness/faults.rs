//! What the fault tests look at: the PKCS#11 calls of a command, and what is on the token afterwards.

use std::fmt;
use std::fs;

use super::Rig;

/// One PKCS#11 call of a command: which function, and which call of it, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) nth: usize,
}

impl Call {
    /// True for a call that may change what is on the token, or in the session.
    pub(crate) fn is_mutating(&self) -> bool {
        const MUTATING: [&str; 6] = [
            "C_GenerateKeyPair",
            "C_UnwrapKey",
            "C_CreateObject",
            "C_CopyObject",
            "C_SetAttributeValue",
            "C_DestroyObject",
        ];
        MUTATING.contains(&self.function.as_str())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.function, self.nth)
    }
}

/// How many key objects of each class are on a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) private: usize,
    pub(crate) public: usize,
    pub(crate) secret: usize,
}

impl Keys {
    pub(crate) const NONE: Self = Self::of(0, 0);
    /// What an import leaves.
    pub(crate) const PAIR: Self = Self::of(1, 1);
    /// What `kms recipient-key` leaves.
    pub(crate) const RECIPIENT: Self = Self::of(1, 0);

    const fn of(private: usize, public: usize) -> Self {
        Self {
            private,
            public,
            secret: 0,
        }
    }
}

impl Rig {
    /// The key objects on the token as pkcs11-tool sees them.
    #[track_caller]
    pub(crate) fn keys(&self) -> Keys {
        let objects = self.objects();
        let count = |class: &str| objects.matches(&format!("{class} Key Object")).count();
        Keys {
            private: count("Private"),
            public: count("Public"),
            secret: count("Secret"),
        }
    }

    /// The calls of the last command behind the fault-injecting module, with what the command was answered.
    pub(crate) fn answered_calls(&self) -> Vec<(String, bool)> {
        let log = fs::read_to_string(self.path("calls.log")).expect("the module was loaded");
        let calls = log.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()? == "rv=0x0"))
        });
        calls.collect()
    }

    /// No signature was asked for after one that failed, none twice, and no PIN was tried twice.
    #[track_caller]
    pub(crate) fn assert_nothing_precious_was_repeated(&self, case: &str) {
        let calls = self.answered_calls();
        let of = |name: &str| calls.iter().filter(|(function, _)| function == name).count();
        assert!(of("C_Login") <= 1, "{case}: {calls:?}");
        assert!(of("C_SignInit") <= 1, "{case}: {calls:?}");
        assert!(of("C_Sign") <= 1, "{case}: {calls:?}");
        let failed = calls
            .iter()
            .position(|(function, done)| function.starts_with("C_Sign") && !done);
        let after = failed.map_or(&[][..], |failed| &calls[failed + 1..]);
        assert!(
            !after.iter().any(|(function, _)| function.starts_with("C_Sign")),
            "{case}: {calls:?}"
        );
    }
}
