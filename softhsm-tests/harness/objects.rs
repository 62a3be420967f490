//! The objects on the token, as pkcs11-tool sees them.

use super::Rig;

impl Rig {
    /// pkcs11-tool, logged in, which must succeed.
    #[track_caller]
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let (pin, module) = (self.pin(), self.oracle_module());
        let module = module.to_str().expect("UTF-8");
        let login = [
            "--module",
            module,
            "--token-label",
            "ca",
            "--login",
            "--pin",
            &pin,
        ];
        self.tool("pkcs11-tool", &[&login[..], arguments].concat())
            .ok()
            .stdout
    }

    /// Deletes both halves of a key from the token.
    #[track_caller]
    pub(crate) fn delete_key(&self, id: &str) {
        for kind in ["privkey", "pubkey"] {
            self.pkcs11_tool(&["--delete-object", "--type", kind, "--id", id]);
        }
    }

    /// The objects on the token as pkcs11-tool sees them.
    #[track_caller]
    pub(crate) fn objects(&self) -> String {
        let listed = self.pkcs11_tool(&["--list-objects"]);
        // Kryoptic shows its mechanisms as objects (CKO_MECHANISM, 7).
        let shown = listed.lines().filter(|line| !line.ends_with(", type 7"));
        shown.map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    pub(crate) fn assert_token_is_empty(&self) {
        assert_eq!(self.objects().trim(), "", "objects are left on the token");
    }
}
