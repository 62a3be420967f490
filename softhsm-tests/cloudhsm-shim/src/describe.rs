//! Logs a call's arguments: mechanism numbers, attribute types, and only the values of `CK_BBOOL` attributes. Never labels, keys or data.

use cryptoki_sys::*;

use crate::attribute;
use crate::log;
use crate::template::Template;

/// # Safety
///
/// `mechanism` is null or points to a mechanism.
pub unsafe fn mechanism(mechanism: *mut CK_MECHANISM) {
    // SAFETY: as the caller promises.
    if let Some(mechanism) = unsafe { mechanism.as_ref() } {
        log::field("mechanism", &format!("{:#x}", mechanism.mechanism));
    }
}

/// A template with its `CK_BBOOL` values.
///
/// # Safety
///
/// `template` is a template of `count` attributes as PKCS#11 v2.40 describes it.
pub unsafe fn template(template: *mut CK_ATTRIBUTE, count: CK_ULONG) {
    // SAFETY: as the caller promises.
    unsafe { named("template", template, count) };
}

/// A template of attributes to read, without values yet.
///
/// # Safety
///
/// As for [`template`].
pub unsafe fn types(template: *mut CK_ATTRIBUTE, count: CK_ULONG) {
    // SAFETY: as the caller promises.
    let Ok(template) = (unsafe { Template::read(template, count) }) else {
        return;
    };
    let names: Vec<_> = template.types().map(attribute::name).collect();
    log::field("template", &format!("[{}]", names.join(",")));
}

/// # Safety
///
/// As for [`mechanism`] and [`template`].
pub unsafe fn made(kind: *mut CK_MECHANISM, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) {
    // SAFETY: as the caller promises.
    unsafe {
        mechanism(kind);
        template(attributes, count);
    }
}

/// # Safety
///
/// As for [`mechanism`] and [`template`].
pub unsafe fn pair(
    kind: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
) {
    // SAFETY: as the caller promises.
    unsafe {
        mechanism(kind);
        named("public", public, public_count);
        named("private", private, private_count);
    }
}

/// # Safety
///
/// As for [`template`].
unsafe fn named(name: &str, template: *mut CK_ATTRIBUTE, count: CK_ULONG) {
    // SAFETY: as the caller promises.
    let Ok(template) = (unsafe { Template::read(template, count) }) else {
        return;
    };
    let told = template.types().map(|kind| match template.boolean(kind) {
        Some(value) if attribute::is_boolean(kind) => format!("{}={value}", attribute::name(kind)),
        _ => attribute::name(kind),
    });
    log::field(name, &format!("[{}]", told.collect::<Vec<_>>().join(",")));
}
