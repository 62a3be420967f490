//! The rows for the token.

use hsm_ca::token::{PinForm, TokenError, UnfitPin};

use super::row::Row;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_token(error: &TokenError) -> Row {
    match error {
        TokenError::Module { .. } => (
            "module",
            UNAVAILABLE,
            Some(
                "name a PKCS#11 module: SoftHSM is Debian's softhsm2, CloudHSM's is /opt/cloudhsm/lib/libcloudhsm_pkcs11.so",
            ),
        ),
        TokenError::ModuleNotFound { .. } => (
            "unreadable-file",
            USAGE,
            Some(
                "check the path; SoftHSM is Debian's softhsm2, CloudHSM's is /opt/cloudhsm/lib/libcloudhsm_pkcs11.so",
            ),
        ),
        TokenError::NoToken { skipped, .. } if !skipped.is_empty() => (
            "token",
            UNAVAILABLE,
            Some("check the token in that slot; `hsm-ca token list` shows what every slot has"),
        ),
        TokenError::NoToken {
            found, uninitialised, ..
        } if found.is_empty() && !uninitialised.is_empty() => (
            "no-token",
            UNAVAILABLE,
            Some(
                "initialise the token with its vendor's tool (SoftHSM: softhsm2-util --init-token --free \
                 --label LABEL); if it is initialised already, the module is reading another configuration: \
                 SoftHSM finds its tokens by SOFTHSM2_CONF",
            ),
        ),
        TokenError::NoToken { .. } => (
            "no-token",
            UNAVAILABLE,
            Some("`hsm-ca token list` shows the tokens; SoftHSM finds its own by SOFTHSM2_CONF"),
        ),
        TokenError::SeveralTokens { .. } => (
            "several-tokens",
            USAGE,
            Some("name one by its serial number: --token 'pkcs11:serial=…'"),
        ),
        // key_mgmt_util-loginHSM: "If you exceed five incorrect login attempts, your account is locked out".
        TokenError::PinIncorrect {
            form: PinForm::CryptoUser,
            ..
        } => (
            "pin-incorrect",
            UNAVAILABLE,
            Some(
                "`/opt/cloudhsm/bin/cloudhsm-cli user list` shows the users: the role must be crypto-user (an admin cannot log in here) and locked must be false; more than five wrong PINs lock a user",
            ),
        ),
        TokenError::PinIncorrect { .. } => {
            ("pin-incorrect", UNAVAILABLE, Some("hsm-ca tries a PIN only once"))
        }
        TokenError::UnfitPin {
            unfit: UnfitPin::Short { .. } | UnfitPin::Long { .. },
            ..
        } => (
            "unfit-pin",
            USAGE,
            Some("check the PIN source; the token has not counted an attempt"),
        ),
        TokenError::UnfitPin { .. } => (
            "unfit-pin",
            USAGE,
            Some(
                "CloudHSM's PIN is a crypto user's name, a colon and the password; `/opt/cloudhsm/bin/cloudhsm-cli user list` shows the users",
            ),
        ),
        TokenError::PinLocked {
            form: PinForm::CryptoUser,
            ..
        } => (
            "pin-locked",
            UNAVAILABLE,
            Some("an admin sets a new password: `cloudhsm-cli user change-password --role crypto-user`"),
        ),
        TokenError::PinLocked { .. } => (
            "pin-locked",
            UNAVAILABLE,
            Some("the security officer sets a new PIN"),
        ),
        TokenError::PinFinalTry { .. } => (
            "pin-final-try",
            UNAVAILABLE,
            Some("log in with another program first, with a PIN you are sure of"),
        ),
        TokenError::PinNotInitialised { .. } => (
            "pin-not-set",
            UNAVAILABLE,
            Some("the security officer sets it; a token that needs no login is used without a PIN source"),
        ),
        TokenError::SessionLimit { .. } => (
            "session-limit",
            UNAVAILABLE,
            Some("try again when other programs have closed their sessions, or sign with fewer threads"),
        ),
        TokenError::NoLocks { .. } => ("no-locks", UNAVAILABLE, Some("sign with one thread")),
        TokenError::PinLength { .. } => ("pin-incorrect", UNAVAILABLE, None),
        TokenError::WriteProtected { .. } => ("write-protected", UNAVAILABLE, None),
        TokenError::KeyWantsPin { .. } => (
            "key-wants-pin",
            UNAVAILABLE,
            Some("give the PIN with --pin-source"),
        ),
        TokenError::KeyPinRefused { .. } => (
            "pin-incorrect",
            UNAVAILABLE,
            Some("hsm-ca tries a PIN only once; the key may have its own PIN, which is not supported"),
        ),
        TokenError::NoKey { .. } => ("no-key", UNAVAILABLE, Some("`hsm-ca key list` shows the keys")),
        // The hint contains their names.
        TokenError::SeveralKeys { .. } => ("several-keys", REFUSED, None),
        TokenError::Memory(_) => (
            "memory",
            FAILED,
            Some("raise the limit of locked memory (ulimit -l)"),
        ),
        TokenError::NoPublicKey { .. } => (
            "no-public-key",
            REFUSED,
            Some(
                "store the key's public key or its certificate on the token, or name its certificate: `hsm-ca key verify KEY --public-key ca.crt`",
            ),
        ),
        TokenError::NoRoute { .. } => (
            "no-route",
            REFUSED,
            Some("`hsm-ca doctor` shows the routes that this token supports"),
        ),
        TokenError::NoMechanism { .. } => (
            "no-mechanism",
            REFUSED,
            Some(
                "nothing was signed or recorded; sign another way (another --hash, without --pss), or with a key on another token",
            ),
        ),
        TokenError::CannotGenerate { .. } => (
            "cannot-generate",
            REFUSED,
            Some("choose another --type, or another token"),
        ),
        TokenError::ContentKey { .. } => (
            "envelope",
            REFUSED,
            Some("nothing was put on the token; find out what is between this machine and KMS"),
        ),
        TokenError::UnfitRecipient { .. } => (
            "unfit-recipient-key",
            REFUSED,
            Some("delete that key, and create one with `hsm-ca kms recipient-key`"),
        ),
        // working-client-sync, troubleshoot-hsm-throttling: CloudHSM uses this answer for both.
        TokenError::Call { function, value, .. }
            if value == "CKR_FUNCTION_FAILED"
                && ["C_UnwrapKey", "C_CreateObject", "C_GenerateKeyPair", "C_SignInit"]
                    .contains(&function.as_str()) =>
        {
            (
                "token",
                UNAVAILABLE,
                Some(
                    "on CloudHSM, the HSM is throttling, or the cluster has only one HSM: `hsm-ca doctor --try-key` shows which",
                ),
            )
        }
        TokenError::Call { value, .. } if value == "CKR_USER_NOT_LOGGED_IN" => (
            "token",
            UNAVAILABLE,
            Some(
                "name a PIN source: --pin-source; without one, hsm-ca does not log in to a token that says it needs no login",
            ),
        ),
        TokenError::Call { function, .. } if function == "C_Initialize" => (
            "token",
            UNAVAILABLE,
            Some(
                "the module does not start: check its configuration and who may read and write the files it \
                 names (SoftHSM: SOFTHSM2_CONF, tokendir; Kryoptic: KRYOPTIC_CONF; NSS: NSS_LIB_PARAMS; \
                 tpm2-pkcs11: TPM2_PKCS11_STORE; opencryptoki: pkcsslotd runs, group pkcs11), and the system \
                 log",
            ),
        ),
        _ => ("token", UNAVAILABLE, None),
    }
}
