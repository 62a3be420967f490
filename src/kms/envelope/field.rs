//! Reads BER field by field, and adds the field's name to errors.

use const_oid::ObjectIdentifier;
use const_oid::db::DB;

use super::EnvelopeError;
use crate::kms::ber::{BerError, Reader, Tag};

/// An object identifier for people: with its name, if it has one.
pub(super) fn text(oid: &ObjectIdentifier) -> String {
    match DB.by_oid(oid) {
        Some(name) => format!("{oid} ({name})"),
        None => oid.to_string(),
    }
}

/// Adds the name of the field to an error.
pub(super) fn at(field: &'static str) -> impl FnOnce(BerError) -> EnvelopeError {
    move |cause| EnvelopeError::Malformed { field, cause }
}

/// The elements of the next SEQUENCE, SET or EXPLICIT tag.
pub(super) fn open<'a>(
    reader: &mut Reader<'a>,
    tag: Tag,
    field: &'static str,
) -> Result<Reader<'a>, EnvelopeError> {
    reader
        .expect(tag)
        .and_then(|element| element.inside())
        .map_err(at(field))
}

/// The elements of the only remaining element.
pub(super) fn open_only<'a>(
    mut reader: Reader<'a>,
    tag: Tag,
    field: &'static str,
) -> Result<Reader<'a>, EnvelopeError> {
    let inside = open(&mut reader, tag, field)?;
    reader.finish().map_err(at(field))?;
    Ok(inside)
}

pub(super) fn take_oid(
    reader: &mut Reader<'_>,
    field: &'static str,
) -> Result<ObjectIdentifier, EnvelopeError> {
    reader
        .expect(Tag::OBJECT_IDENTIFIER)
        .and_then(|element| element.object_identifier())
        .map_err(at(field))
}

/// Checks that the next OBJECT IDENTIFIER is `expected`; `refusal` makes the error from the one found and the expected one.
pub(super) fn expect_oid(
    reader: &mut Reader<'_>,
    field: &'static str,
    expected: ObjectIdentifier,
    refusal: impl FnOnce(String, String) -> EnvelopeError,
) -> Result<(), EnvelopeError> {
    let found = take_oid(reader, field)?;
    if found == expected {
        return Ok(());
    }
    Err(refusal(text(&found), text(&expected)))
}

pub(super) fn take_integer(reader: &mut Reader<'_>, field: &'static str) -> Result<i64, EnvelopeError> {
    reader
        .expect(Tag::INTEGER)
        .and_then(|element| element.integer())
        .map_err(at(field))
}

pub(super) fn take_octets(
    reader: &mut Reader<'_>,
    tag: Tag,
    field: &'static str,
) -> Result<Vec<u8>, EnvelopeError> {
    let element = reader.expect(tag).map_err(at(field))?;
    Ok(element.octets().map_err(at(field))?.into_owned())
}
