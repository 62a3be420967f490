//! X.509: building, checking, signing and reading certificates and certification requests.
//!
//! `Tbs` → [`Tbs::check`] → [`Checked`] → [`Checked::sign`] → [`Issued`]: unchecked bytes cannot be signed, and a certificate that was not verified
//! in software cannot be written.

mod algorithm;
mod bundle;
mod certificate;
mod chain;
mod check;
mod crl;
mod cross;
mod csr;
mod error;
mod extension;
#[cfg(test)]
pub(crate) mod fixture;
mod foreign_file;
mod general_name;
mod host;
mod issue;
mod name;
mod name_constraints;
mod name_hash;
mod named;
mod object_identifier;
mod ocsp;
mod path;
mod path_rules;
mod pem;
mod period;
mod profile;
mod public_key_file;
mod purpose;
mod rehearsal;
mod reopen;
mod repeat;
mod requested;
mod reread;
mod rule;
pub mod rules;
mod serial;
mod signed;
mod stand_in;
mod structure;
mod summary;
mod tbs;
mod text;
mod time;
mod validity;
mod words;

pub use bundle::{Link, LinkState, link};
pub use certificate::Certificate;
pub use chain::{ChainCheck, ChainReport, ChainStep, verify_chain};
use check::confirm_quality;
pub use check::{CertificateContent, Checked, check_existing_key, check_quality};
pub use crl::{
    CRL_RULES, CertificateRevocationList, CheckedCrl, CrlContent, CrlEntry, CrlKind, CrlScope, CrlTbs,
    IndexedCertificate, IssuedCrl, ListedStatus, OpensslIndex, Revocation, Revocations, RevocationsError,
    listed_status,
};
pub use cross::{Change, Original, compare_with_original};
pub use csr::{
    CertificationRequest, CheckedRequest, IssuedRequest, RequestTbs, VerifiedHash, VerifiedRequest,
};
pub use error::X509Error;
pub use extension::ExtensionText;
pub use foreign_file::ForeignFile;
pub use general_name::{AlternativeName, NameKind};
pub use host::HostName;
pub use issue::Issued;
pub use name::NameFault;
pub use name_constraints::{NameConstraints, Subtree};
pub use ocsp::{
    AcceptedOcspRequest, BasicResponse, CertId, CertIdHash, CertificateStatus, CheckedOcsp, IndexStatuses,
    IssuedOcsp, OCSP_RULES, OcspContent, OcspMessage, OcspRequest, OcspResponse, OcspTbs, Responder,
    ResponderId, ResponderIdKind, ResponseStatus, SingleResponse,
};
pub use path::{Finding, Outlived, PathCertificate, PathPolicy, PathStep, verify_path};
pub use pem::{
    CERTIFICATE, CERTIFICATE_REQUEST, OCSP_REQUEST, OCSP_RESPONSE, PUBLIC_KEY, X509_CRL, decode_all,
    decode_in_place, decode_one,
};
pub use period::{Period, PeriodTextError};
pub use profile::{
    AlternativeNames, CarriedExtension, CrlShards, KeyKinds, Linter, Policy, Profile, ProfileExtension,
    ProfileFile, Purpose, Role, Usage,
};
pub use public_key_file::PublicKeyFile;
pub use purpose::{TlsEnd, check_path_purpose};
pub use rehearsal::{Rehearsal, ThrowawayKey};
pub use reopen::Basis;
pub use requested::dropped;
pub use rule::Rule;
pub use rules::RULES;
pub use signed::{join_signature, signed_content};
pub use stand_in::{stand_in_certificate, stand_in_list};
pub use structure::Structure;
pub use summary::{CertificateRole, KeySummary};
pub use tbs::{Issuer, Tbs};
pub use text::to_utf8;
pub use validity::{AskedValidity, Validity, ValidityEnd};
pub use words::{read_words, words};

pub use const_oid::ObjectIdentifier;

pub use crate::values::{
    CrlNumber, CrlNumberTextError, CrlReason, Name, NotAName, SerialNumber, TimeTextError, UnixTime,
};
