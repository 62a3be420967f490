//! The functions that go over the socket, and which of their answers carry results.

use cryptoki_sys::{
    CK_RV, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL, CKR_OK,
};

/// Whether `C_GetAttributeValue` has processed the whole template when it returns `rv`. With the last three values, section 5.7 requires
/// the other attributes to be answered.
pub fn fills_template(rv: CK_RV) -> bool {
    matches!(
        rv,
        CKR_OK | CKR_ATTRIBUTE_SENSITIVE | CKR_ATTRIBUTE_TYPE_INVALID | CKR_BUFFER_TOO_SMALL
    )
}

/// Whether a function that returns `rv` has reported the length of its result (section 5.2).
pub fn fills_room(rv: CK_RV) -> bool {
    matches!(rv, CKR_OK | CKR_BUFFER_TOO_SMALL)
}

macro_rules! calls {
    ($($name:ident),* $(,)?) => {
        /// A function, named as in PKCS#11.
        #[allow(non_camel_case_types, reason = "PKCS#11's own names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call { $($name),* }

        impl Call {
            const ALL: &[Self] = &[$(Self::$name),*];

            pub fn number(self) -> u64 {
                self as u64
            }

            pub fn by_number(number: u64) -> Option<Self> {
                Self::ALL.get(usize::try_from(number).ok()?).copied()
            }
        }
    };
}

calls! {
    C_Initialize,
    C_Finalize,
    C_GetInfo,
    C_GetSlotList,
    C_GetSlotInfo,
    C_GetTokenInfo,
    C_GetMechanismList,
    C_GetMechanismInfo,
    C_OpenSession,
    C_CloseSession,
    C_CloseAllSessions,
    C_GetSessionInfo,
    C_Login,
    C_Logout,
    C_CreateObject,
    C_CopyObject,
    C_DestroyObject,
    C_GetAttributeValue,
    C_SetAttributeValue,
    C_FindObjectsInit,
    C_FindObjects,
    C_FindObjectsFinal,
    C_EncryptInit,
    C_Encrypt,
    C_DecryptInit,
    C_Decrypt,
    C_SignInit,
    C_Sign,
    C_VerifyInit,
    C_Verify,
    C_GenerateKey,
    C_GenerateKeyPair,
    C_WrapKey,
    C_UnwrapKey,
    C_SeedRandom,
    C_GenerateRandom,
}
