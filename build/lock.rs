//! The versions of crates, from the text of a Cargo.lock.

/// The package whose dependencies decide, where a crate has several versions: others may be for its tests only.
const OWN: &str = "hsm-ca";

/// `name=version`, one after the other, with a space between them. Of a crate with several versions, only that on which this program depends itself
/// is there; if it depends on none of them itself, all are.
pub(crate) fn versions(lock: &str) -> String {
    let packages: Vec<_> = lock.split("[[package]]").skip(1).collect();
    let own = packages
        .iter()
        .find(|package| value(package, "name") == Some(OWN))
        .copied()
        .unwrap_or_default();
    let versions = packages.iter().filter_map(|package| {
        let (name, version) = (value(package, "name")?, value(package, "version")?);
        // Cargo.lock adds the version to the name of a dependency only if there are several.
        let is_named = own.contains(&format!("\"{name} "));
        let is_own = own.contains(&format!("\"{name} {version}\""));
        (is_own || !is_named).then(|| format!("{name}={version}"))
    });
    versions.collect::<Vec<_>>().join(" ")
}

/// The value of a line `name = "value"`.
fn value<'a>(package: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = package.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
}
