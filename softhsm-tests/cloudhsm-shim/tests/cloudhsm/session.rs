//! A session of the module under test.

use cryptoki_sys::*;

use crate::module::{Answer, Attribute, Module, ask, plain, raw};

pub struct Session<'a> {
    pub module: &'a Module,
    pub handle: CK_SESSION_HANDLE,
}

impl Session<'_> {
    pub fn login(&self, user: CK_USER_TYPE, pin: &str) -> Answer {
        let mut pin = pin.as_bytes().to_vec();
        ask!(
            self.module,
            C_Login(self.handle, user, pin.as_mut_ptr(), pin.len() as CK_ULONG)
        )
    }

    pub fn create(&self, template: &[Attribute]) -> Answer<CK_OBJECT_HANDLE> {
        let (mut raw, mut key) = (raw(template), 0);
        ask!(
            self.module,
            C_CreateObject(self.handle, raw.as_mut_ptr(), raw.len() as CK_ULONG, &mut key)
        )?;
        Ok(key)
    }

    pub fn generate(&self, mechanism: CK_MECHANISM, template: &[Attribute]) -> Answer<CK_OBJECT_HANDLE> {
        let (mut mechanism, mut raw, mut key) = (mechanism, raw(template), 0);
        let count = raw.len() as CK_ULONG;
        ask!(
            self.module,
            C_GenerateKey(self.handle, &mut mechanism, raw.as_mut_ptr(), count, &mut key)
        )?;
        Ok(key)
    }

    /// The public and the private key.
    pub fn generate_pair(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        public: &[Attribute],
        private: &[Attribute],
    ) -> Answer<(CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)> {
        let (mut mechanism, mut public, mut private) = (plain(mechanism), raw(public), raw(private));
        let (mut public_key, mut private_key) = (0, 0);
        ask!(
            self.module,
            C_GenerateKeyPair(
                self.handle,
                &mut mechanism,
                public.as_mut_ptr(),
                public.len() as CK_ULONG,
                private.as_mut_ptr(),
                private.len() as CK_ULONG,
                &mut public_key,
                &mut private_key,
            )
        )?;
        Ok((public_key, private_key))
    }

    pub fn wrap(
        &self,
        mechanism: CK_MECHANISM,
        wrapping: CK_OBJECT_HANDLE,
        key: CK_OBJECT_HANDLE,
    ) -> Answer<Vec<u8>> {
        let (mut mechanism, mut out) = (mechanism, vec![0; 8192]);
        let mut len = out.len() as CK_ULONG;
        ask!(
            self.module,
            C_WrapKey(
                self.handle,
                &mut mechanism,
                wrapping,
                key,
                out.as_mut_ptr(),
                &mut len
            )
        )?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn unwrap(
        &self,
        mechanism: CK_MECHANISM,
        unwrapping: CK_OBJECT_HANDLE,
        wrapped: &[u8],
        template: &[Attribute],
    ) -> Answer<CK_OBJECT_HANDLE> {
        let (mut mechanism, mut wrapped, mut raw, mut key) = (mechanism, wrapped.to_vec(), raw(template), 0);
        ask!(
            self.module,
            C_UnwrapKey(
                self.handle,
                &mut mechanism,
                unwrapping,
                wrapped.as_mut_ptr(),
                wrapped.len() as CK_ULONG,
                raw.as_mut_ptr(),
                raw.len() as CK_ULONG,
                &mut key,
            )
        )?;
        Ok(key)
    }

    pub fn sign_init(&self, mechanism: CK_MECHANISM_TYPE, key: CK_OBJECT_HANDLE) -> Answer {
        ask!(self.module, C_SignInit(self.handle, &mut plain(mechanism), key))
    }

    pub fn sign(&self, mechanism: CK_MECHANISM_TYPE, key: CK_OBJECT_HANDLE, data: &[u8]) -> Answer<Vec<u8>> {
        self.sign_init(mechanism, key)?;
        let (mut data, mut out) = (data.to_vec(), vec![0; 1024]);
        let mut len = out.len() as CK_ULONG;
        let data_len = data.len() as CK_ULONG;
        ask!(
            self.module,
            C_Sign(
                self.handle,
                data.as_mut_ptr(),
                data_len,
                out.as_mut_ptr(),
                &mut len
            )
        )?;
        out.truncate(len as usize);
        Ok(out)
    }

    pub fn verify(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        key: CK_OBJECT_HANDLE,
        data: &[u8],
        signature: &[u8],
    ) -> Answer {
        ask!(self.module, C_VerifyInit(self.handle, &mut plain(mechanism), key))?;
        let (mut data, mut signature) = (data.to_vec(), signature.to_vec());
        let (data_len, len) = (data.len() as CK_ULONG, signature.len() as CK_ULONG);
        ask!(
            self.module,
            C_Verify(
                self.handle,
                data.as_mut_ptr(),
                data_len,
                signature.as_mut_ptr(),
                len
            )
        )
    }

    /// Reads attributes in one call. Returns its answer and the values.
    pub fn read(
        &self,
        object: CK_OBJECT_HANDLE,
        kinds: &[CK_ATTRIBUTE_TYPE],
    ) -> (Answer, Vec<Option<Vec<u8>>>) {
        let blank: Vec<_> = kinds.iter().map(|kind| Attribute(*kind, vec![0; 1024])).collect();
        let mut raw = raw(&blank);
        let count = raw.len() as CK_ULONG;
        let answer = ask!(
            self.module,
            C_GetAttributeValue(self.handle, object, raw.as_mut_ptr(), count)
        );
        let values = raw.iter().zip(&blank).map(|(raw, blank)| match raw.ulValueLen {
            CK_UNAVAILABLE_INFORMATION => None,
            len => Some(blank.1[..len as usize].to_vec()),
        });
        (answer, values.collect())
    }

    pub fn is(&self, object: CK_OBJECT_HANDLE, kind: CK_ATTRIBUTE_TYPE) -> bool {
        let (answer, values) = self.read(object, &[kind]);
        assert_eq!(answer, Ok(()), "{kind:#x}");
        values[0] == Some(vec![1])
    }

    pub fn destroy(&self, object: CK_OBJECT_HANDLE) -> Answer {
        ask!(self.module, C_DestroyObject(self.handle, object))
    }

    pub fn find(&self, template: &[Attribute]) -> Answer<Vec<CK_OBJECT_HANDLE>> {
        let mut raw = raw(template);
        ask!(
            self.module,
            C_FindObjectsInit(self.handle, raw.as_mut_ptr(), raw.len() as CK_ULONG)
        )?;
        let (mut found, mut count) = (vec![0; 64], 0);
        ask!(
            self.module,
            C_FindObjects(self.handle, found.as_mut_ptr(), 64, &mut count)
        )?;
        ask!(self.module, C_FindObjectsFinal(self.handle))?;
        found.truncate(count as usize);
        Ok(found)
    }
}
