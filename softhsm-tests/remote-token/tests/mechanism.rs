//! Parameters of mechanisms, from C to a frame and back to C.

use std::os::unix::net::UnixStream;
use std::ptr;
use std::slice;

use cryptoki_sys::*;
use remote_token::mechanism::{self, Mechanism};
use remote_token::wire::{Reader, Writer};

/// The mechanism that the server reads.
fn sent<T>(number: CK_MECHANISM_TYPE, parameters: &mut T) -> Mechanism {
    let mechanism = CK_MECHANISM {
        mechanism: number,
        pParameter: ptr::from_mut(parameters).cast(),
        ulParameterLen: size_of::<T>() as CK_ULONG,
    };
    let mut mechanism = transfer(&raw const mechanism);
    // SAFETY: it is not null, as the one that was sent.
    let header = unsafe { *mechanism.pointer() };
    assert_eq!(
        (header.mechanism, header.ulParameterLen),
        (number, size_of::<T>() as CK_ULONG)
    );
    assert_ne!(header.pParameter, ptr::from_mut(parameters).cast());
    mechanism
}

fn transfer(mechanism: *const CK_MECHANISM) -> Mechanism {
    let (one, other) = UnixStream::pair().expect("a socket");
    let mut request = Writer::new();
    // SAFETY: the test's own mechanism.
    unsafe { mechanism::write(mechanism, &mut request) };
    request.send(&one).expect("a frame");
    let mut received = Reader::receive(&other).expect("a frame");
    let mechanism = Mechanism::read(&mut received).expect("a mechanism");
    assert!(received.is_at_end());
    mechanism
}

fn parameters<T: Copy>(mechanism: &mut Mechanism) -> T {
    // SAFETY: `sent` checked that it is there, and its length.
    unsafe { (*mechanism.pointer()).pParameter.cast::<T>().read() }
}

fn oaep(label: &mut [u8]) -> CK_RSA_PKCS_OAEP_PARAMS {
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA256,
        mgf: CKG_MGF1_SHA384,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: label.as_mut_ptr().cast(),
        ulSourceDataLen: label.len() as CK_ULONG,
    }
}

fn assert_oaep(parameters: CK_RSA_PKCS_OAEP_PARAMS, label: &[u8]) {
    assert_eq!(
        (parameters.hashAlg, parameters.mgf, parameters.source),
        (CKM_SHA256, CKG_MGF1_SHA384, CKZ_DATA_SPECIFIED)
    );
    let length = parameters.ulSourceDataLen as usize;
    // SAFETY: the copy, which lives as long as the mechanism.
    let copy = unsafe { slice::from_raw_parts(parameters.pSourceData.cast::<u8>(), length) };
    assert_eq!(copy, label);
    assert_ne!(copy.as_ptr(), label.as_ptr());
}

#[test]
fn no_mechanism_and_no_parameters() {
    assert!(transfer(ptr::null()).pointer().is_null());
    let plain = CK_MECHANISM {
        mechanism: CKM_VENDOR_DEFINED | 0x216f,
        pParameter: ptr::null_mut(),
        ulParameterLen: 0,
    };
    let mut copy = transfer(&raw const plain);
    // SAFETY: it is not null.
    let copy = unsafe { *copy.pointer() };
    assert_eq!((copy.mechanism, copy.ulParameterLen), (plain.mechanism, 0));
    assert!(copy.pParameter.is_null());
}

#[test]
fn structures_without_pointers_and_initialisation_vectors() {
    let mut vector = [3_u8; 16];
    assert_eq!(
        parameters::<[u8; 16]>(&mut sent(CKM_AES_CBC, &mut vector)),
        vector
    );
    let mut pss = CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: CKM_SHA384,
        mgf: CKG_MGF1_SHA384,
        sLen: 48,
    };
    let copy: CK_RSA_PKCS_PSS_PARAMS = parameters(&mut sent(CKM_SHA384_RSA_PKCS_PSS, &mut pss));
    assert_eq!(
        (copy.hashAlg, copy.mgf, copy.sLen),
        (CKM_SHA384, CKG_MGF1_SHA384, 48)
    );
}

#[test]
fn structures_with_pointers() {
    let mut label = *b"label";
    assert_oaep(
        parameters(&mut sent(CKM_RSA_PKCS_OAEP, &mut oaep(&mut label.clone()))),
        b"label",
    );

    let mut inner = oaep(&mut label);
    let mut outer = CK_RSA_AES_KEY_WRAP_PARAMS {
        ulAESKeyBits: 256,
        pOAEPParams: &raw mut inner,
    };
    let mut mechanism = sent(CKM_RSA_AES_KEY_WRAP, &mut outer);
    let copy: CK_RSA_AES_KEY_WRAP_PARAMS = parameters(&mut mechanism);
    assert_eq!(copy.ulAESKeyBits, 256);
    // SAFETY: the copy, which lives as long as the mechanism.
    assert_oaep(unsafe { *copy.pOAEPParams }, b"label");
    outer.pOAEPParams = ptr::null_mut();
    let copy: CK_RSA_AES_KEY_WRAP_PARAMS = parameters(&mut sent(CKM_RSA_AES_KEY_WRAP, &mut outer));
    assert!(copy.pOAEPParams.is_null());

    let mut context = *b"context";
    let mut eddsa = CK_EDDSA_PARAMS {
        phFlag: CK_TRUE,
        ulContextDataLen: 7,
        pContextData: context.as_mut_ptr(),
    };
    let mut mechanism = sent(CKM_EDDSA, &mut eddsa);
    let copy: CK_EDDSA_PARAMS = parameters(&mut mechanism);
    assert_eq!((copy.phFlag, copy.ulContextDataLen), (CK_TRUE, 7));
    // SAFETY: the copy, which lives as long as the mechanism.
    assert_eq!(unsafe { slice::from_raw_parts(copy.pContextData, 7) }, b"context");
}
