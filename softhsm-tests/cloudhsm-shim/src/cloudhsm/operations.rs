//! The supported functions.

use crate::calls::Call;

/// "The PKCS #11 library supports the following PKCS #11 API operations for AWS CloudHSM Client
/// SDK 5": <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-apis.html>, in its order.
/// The others answer `CKR_FUNCTION_NOT_SUPPORTED` (INF: the value that PKCS#11 v2.40 section 5.1.4
/// has for it). `C_GetFunctionList` is the module's entry and not a forwarder.
pub const SUPPORTED: &[Call] = &[
    Call::C_CloseAllSessions,
    Call::C_CloseSession,
    Call::C_CreateObject,
    Call::C_Decrypt,
    Call::C_DecryptFinal,
    Call::C_DecryptInit,
    Call::C_DecryptUpdate,
    Call::C_DeriveKey,
    Call::C_DestroyObject,
    Call::C_Digest,
    Call::C_DigestFinal,
    Call::C_DigestInit,
    Call::C_DigestUpdate,
    Call::C_Encrypt,
    Call::C_EncryptFinal,
    Call::C_EncryptInit,
    Call::C_EncryptUpdate,
    Call::C_Finalize,
    Call::C_FindObjects,
    Call::C_FindObjectsFinal,
    Call::C_FindObjectsInit,
    Call::C_GenerateKey,
    Call::C_GenerateKeyPair,
    Call::C_GenerateRandom,
    Call::C_GetAttributeValue,
    Call::C_GetInfo,
    Call::C_GetMechanismInfo,
    Call::C_GetMechanismList,
    Call::C_GetSessionInfo,
    Call::C_GetSlotInfo,
    Call::C_GetSlotList,
    Call::C_GetTokenInfo,
    Call::C_Initialize,
    Call::C_Login,
    Call::C_Logout,
    Call::C_OpenSession,
    Call::C_Sign,
    Call::C_SignFinal,
    Call::C_SignInit,
    Call::C_SignUpdate,
    Call::C_UnwrapKey,
    Call::C_Verify,
    Call::C_VerifyFinal,
    Call::C_VerifyInit,
    Call::C_VerifyUpdate,
    Call::C_WrapKey,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_the_page_does_not_name() {
        let missing: Vec<_> = Call::ALL
            .iter()
            .filter(|call| !SUPPORTED.contains(call))
            .collect();
        let names: Vec<_> = missing.iter().map(|call| call.name()).collect();
        assert_eq!(
            names,
            [
                "C_InitToken",
                "C_InitPIN",
                "C_SetPIN",
                "C_GetOperationState",
                "C_SetOperationState",
                "C_CopyObject",
                "C_GetObjectSize",
                "C_SetAttributeValue",
                "C_DigestKey",
                "C_SignRecoverInit",
                "C_SignRecover",
                "C_VerifyRecoverInit",
                "C_VerifyRecover",
                "C_DigestEncryptUpdate",
                "C_DecryptDigestUpdate",
                "C_SignEncryptUpdate",
                "C_DecryptVerifyUpdate",
                "C_SeedRandom",
                "C_GetFunctionStatus",
                "C_CancelFunction",
                "C_WaitForSlotEvent",
            ]
        );
    }
}
