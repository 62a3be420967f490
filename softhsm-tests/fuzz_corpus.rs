//! Checks the properties of the fuzz targets on their corpus, without instrumentation, so that earlier findings do not return.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

#[allow(unreachable_pub, reason = "they are public in the crate of the fuzz targets")]
#[path = "../fuzz/src/properties/mod.rs"]
mod properties;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("the folder is read").path())
        .collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let name = |path: PathBuf| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    files(folder).into_iter().map(name).collect()
}

#[test]
fn every_input_of_the_corpus_keeps_its_property() {
    for (name, property) in properties::ALL {
        let inputs = files(&format!("corpus/{name}"));
        assert!(inputs.len() >= 4, "{name} has {} inputs", inputs.len());
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let kept = catch_unwind(|| property(&bytes));
            assert!(kept.is_ok(), "{} breaks {name}", input.display());
        }
    }
}

#[test]
fn every_property_has_a_target_and_a_corpus() {
    let properties: BTreeSet<_> = properties::ALL
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(names("fuzz_targets"), properties);
    assert_eq!(names("corpus"), properties);
}
