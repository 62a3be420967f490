//! The schemas that are checked in are those of the types.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::*;

/// The schema of an output: what its type says, and the fields that every output has or can have.
fn schema<T: Output + JsonSchema>() -> (&'static str, String) {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["title"] = identifier(T::NAME, T::VERSION).into();
    let properties = schema
        .as_object_mut()
        .expect("an object")
        .entry("properties")
        .or_insert_with(|| json!({}));
    properties["schema"] = json!({
        "description": "Name and version of this schema.", "const": identifier(T::NAME, T::VERSION),
    });
    if T::NAME != "error" {
        properties["warnings"] = json!({
            "description": "What people should know before they go on.", "type": "array", "items": { "type": "string" },
        });
    }
    if T::HAS_CONTENT {
        properties["content"] = json!({
            "description": "With `--out -`: what would be in the file, if it is text.", "type": "string",
        });
        properties["content_base64"] = json!({
            "description": "With `--out -`: what would be in the file, if it is DER.", "type": "string",
            "contentEncoding": "base64",
        });
    }
    let required = schema
        .as_object_mut()
        .expect("an object")
        .entry("required")
        .or_insert_with(|| json!([]));
    required
        .as_array_mut()
        .expect("a list")
        .insert(0, "schema".into());
    (T::NAME, format!("{schema:#}\n"))
}

macro_rules! schemas {
    ($($output:ty),* $(,)?) => {
        BTreeMap::from([$(schema::<$output>()),*])
    };
}

fn of_types() -> BTreeMap<&'static str, String> {
    #[allow(unused_mut, reason = "a build without AWS adds none")]
    let mut all = schemas![
        error::ErrorReport,
        key::KeyDelete,
        key::KeyExportPublic,
        key::KeyGenerate,
        key::KeyList,
        key::KeyShow,
        key::KeyVerify,
        profile::ProfileList,
        profile::ProfileShow,
        program::Completions,
        program::Manual,
        program::OptionsHelp,
        program::SchemaList,
        program::Version,
        show::LedgerExport,
        show::Pair,
        show::Plan,
        token::TokenBench,
        token::TokenList,
        token::TokenShow,
    ];
    #[cfg(feature = "aws")]
    all.append(&mut schemas![
        kms::KmsAttest,
        kms::KmsCreateKey,
        kms::KmsGenerateKeyPair,
        kms::KmsImport,
        kms::KmsRecipientKey,
        kms::KmsRecipientKeyDelete,
    ]);
    all
}

#[test]
fn the_schemas_are_those_of_the_types() {
    const HINT: &str = "HSM_CA_WRITE_SCHEMAS=1 cargo test --bin hsm-ca -- json:: writes docs/schema and src/cli/json/schemas.rs";
    let types = of_types();
    if env::var_os("HSM_CA_WRITE_SCHEMAS").is_some() {
        return write(&types);
    }
    let checked_in: BTreeMap<_, _> = SCHEMAS.iter().copied().collect();
    for (name, schema) in &types {
        let found = checked_in.get(name).copied().unwrap_or_default();
        assert!(
            found == schema,
            "docs/schema/{name}.json differs from the type; {HINT}"
        );
    }
    // A build without AWS lacks the types of some.
    if cfg!(feature = "aws") {
        let left: Vec<_> = checked_in
            .keys()
            .filter(|name| !types.contains_key(*name))
            .collect();
        assert!(left.is_empty(), "no type has the schemas {left:?}; {HINT}");
    }
    assert!(SCHEMAS.is_sorted(), "{HINT}");
}

fn write(types: &BTreeMap<&str, String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut table = String::new();
    for (name, schema) in types {
        fs::write(root.join(format!("docs/schema/{name}.json")), schema).expect("docs/schema can be written");
        table.push_str(&format!(
            "    ({name:?}, include_str!(\"../../../docs/schema/{name}.json\")),\n"
        ));
    }
    let source = root.join("src/cli/json/schemas.rs");
    let text = fs::read_to_string(&source).expect("schemas.rs");
    let (head, tail) = text.split_once("= &[").expect("the table");
    let (_, tail) = tail.split_once("];").expect("its end");
    fs::write(&source, format!("{head}= &[\n{table}];{tail}")).expect("schemas.rs can be written");
}

#[test]
fn an_output_names_its_schema() {
    let document = program::SchemaList { schemas: vec!["a"] }.document();
    assert_eq!(document, json!({ "schema": "hsm-ca/schema/1", "schemas": ["a"] }));
}

/// Names that say the same thing have been made one; the schemas keep the others out.
#[test]
fn one_thing_has_one_name() {
    const REPLACED: &[(&str, &str)] = &[
        ("key_arn", "kms_key_arn"),
        ("kms_key_id", "kms_key_arn"),
        ("arn", "kms_key_arn"),
        ("serial", "serial_number"),
        ("sound", "verified"),
        ("fits", "verified"),
        ("passed", "verified"),
        ("signature_valid", "signature_verified"),
        ("invalidity_date", "invalid_since"),
    ];
    for (name, schema) in SCHEMAS {
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        let mut names = Vec::new();
        names_in(&schema, &mut names);
        for (old, new) in REPLACED {
            assert!(
                !names.iter().any(|name| name == old),
                "{name}: {old} is {new} elsewhere"
            );
        }
        if *name != "error" {
            assert!(
                !names.iter().any(|name| name == "kind"),
                "{name}: say what kind of thing it is"
            );
        }
    }
}

fn names_in(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                names.extend(properties.keys().cloned());
            }
            fields.values().for_each(|value| names_in(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        _ => {}
    }
}
