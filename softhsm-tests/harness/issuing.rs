//! A rig with a CA: import, certificate, signatures.

use std::path::Path;

use super::{Rig, Run, shim};

impl Rig {
    /// Imports `pair.json` with a stored wrapping pair. Tokens generate their own in the tests of the compatibility table, and wherever a
    /// test writes out the command.
    #[track_caller]
    pub(crate) fn import(&self) -> Run {
        self.import_as("customer-ca")
    }

    /// The same with another label.
    #[track_caller]
    pub(crate) fn import_as(&self, label: &str) -> Run {
        let mut command = self.prepare(&["--format", "json", "kms", "import", "pair.json", "--label", label]);
        // Respect a module that the test names.
        let named = self
            .environment
            .iter()
            .rev()
            .find(|(name, _)| name == "HSM_CA_MODULE");
        let module = self.oracle_module();
        if named.is_none_or(|(_, named)| Path::new(named) == module) {
            command
                .env("HSM_CA_MODULE", self.shim.clone().unwrap_or_else(shim))
                .env("CLOUDHSM_SHIM_TARGET", module)
                .env("CLOUDHSM_SHIM_STORED_PAIR", "1");
        }
        self.without_secrets(Run::of(&mut command))
    }

    /// A CA: a pair, imported, and its certificate in `customerCA.crt`.
    pub(crate) fn with_authority(self, spec: &str) -> Self {
        let rig = self.with_pair(spec);
        rig.import().ok();
        rig.command(&[
            "ca",
            "create",
            "--key",
            "customer-ca",
            "--subject",
            "CN=Test CA,O=Test,C=US",
            "--out",
            "customerCA.crt",
        ])
        .ok();
        rig
    }

    /// Adopts the rig's CA into another ledger, with the proof that its key is on the token.
    #[track_caller]
    pub(crate) fn adopt_with_key(&self) {
        let key = ["--key", "customer-ca"];
        self.command(&[&["ca", "adopt", "customerCA.crt"], &key[..]].concat())
            .ok();
    }

    /// Adopts a CA that another program made.
    #[track_caller]
    pub(crate) fn adopt(&self, authority: &str) {
        self.command(&["ca", "adopt", authority]).ok();
    }

    pub(crate) fn sign(&self, request: &str) -> Run {
        self.json(&[
            "csr",
            "sign",
            request,
            "--ca",
            "customerCA.crt",
            "--profile",
            "cloudhsm-cluster",
            "--out",
            "out.crt",
        ])
    }
}
