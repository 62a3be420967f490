//! What stands in for the Nitro Secure Module.

use std::path::Path;

use super::{Rig, attestation_root, python_tool};

impl Rig {
    /// An attestation document that carries the public key in a file.
    pub(crate) fn attest(&self, public_key: &str, out: &str) {
        self.attest_with(public_key, out, &[]);
    }

    /// The same, with more of attest.py's options.
    pub(crate) fn attest_with(&self, public_key: &str, out: &str, options: &[&str]) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/local-aws/attest.py");
        let program = program.to_str().expect("UTF-8");
        let root = attestation_root().to_str().expect("UTF-8");
        let arguments = [program, "--public-key", public_key, "--root", root, "--out", out];
        self.tool(python_tool("python"), &[&arguments[..], options].concat())
            .ok();
    }

    /// A document for a key that no token has.
    pub(crate) fn write_any_attestation(&self, out: &str) {
        let key = [
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
            "any.key",
        ];
        self.tool("openssl", &key).ok();
        self.tool(
            "openssl",
            &["pkey", "-in", "any.key", "-pubout", "-out", "any.pem"],
        )
        .ok();
        self.attest("any.pem", out);
    }
}
