//! Commands that a build without network code does not have.

use std::ffi::OsString;

/// What to do where `word`, which is not a command in this build, is one that needs the network. `None` for every other word.
pub(super) fn hint_for(word: &str, arguments: &[OsString]) -> Option<&'static str> {
    const OF_CLUSTER: [&str; 4] = ["list", "ls", "fetch", "initialize"];
    let is_of_cluster = || arguments.iter().any(|argument| argument == "cluster");
    let is_absent = word == "kms" || (OF_CLUSTER.contains(&word) && is_of_cluster());
    is_absent.then_some(
        "this build has no network code: use the package hsm-ca in place of hsm-ca-offline, or build with the feature `aws`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_that_need_the_network_are_explained() {
        let is_explained = |word, line: &str| {
            let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
            hint_for(word, &arguments).is_some()
        };
        assert!(is_explained("kms", "hsm-ca --json kms import pair.json"));
        assert!(is_explained("fetch", "hsm-ca cluster fetch cluster-1"));
        assert!(!is_explained("fetch", "hsm-ca csr fetch"));
        assert!(!is_explained("kmss", "hsm-ca kmss"));
    }
}
