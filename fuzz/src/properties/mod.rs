//! The properties of each parser for any bytes. A violated property panics. The fuzz targets search for bytes that violate one; the
//! ordinary tests check all of them on the corpus.

pub mod attestation_document;
pub mod certificate;
pub mod certification_request;
pub mod crl;
pub mod envelope;
pub mod issue;
mod made;
pub mod name;
pub mod ocsp;
pub mod openssl_index;
pub mod pair_file;
pub mod pem;
pub mod pieces;
pub mod pkcs11_uri;
pub mod private_key;
pub mod profile;
pub mod public_key;
mod second;
mod shown;

/// A property that must hold for all bytes.
pub type Property = fn(&[u8]);

/// Each with the name of its target and of its folder in the corpus.
pub const ALL: [(&str, Property); 15] = [
    ("attestation_document", attestation_document::check),
    ("certificate", certificate::check),
    ("certification_request", certification_request::check),
    ("crl", crl::check),
    ("envelope", envelope::check),
    ("issue", issue::check),
    ("name", name::check),
    ("ocsp", ocsp::check),
    ("openssl_index", openssl_index::check),
    ("pair_file", pair_file::check),
    ("pem", pem::check),
    ("pkcs11_uri", pkcs11_uri::check),
    ("private_key", private_key::check),
    ("profile", profile::check),
    ("public_key", public_key::check),
];
