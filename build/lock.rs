//! The versions of crates, from the text of a Cargo.lock.

/// `name=version`, one after the other, with a space between them. A crate with two versions is there twice.
pub(crate) fn versions(lock: &str) -> String {
    let packages = lock.split("[[package]]").skip(1);
    let versions = packages.filter_map(|package| {
        let value = |name: &str| {
            let mut lines = package.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        Some(format!("{}={}", value("name")?, value("version")?))
    });
    versions.collect::<Vec<_>>().join(" ")
}
