//! The checked-in schemas agree with the types.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::*;
use crate::cli::Cli;

/// The schema of an output: the fields of its type, and those that every output has or can have.
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
            "description": "Warnings for people.", "type": "array", "items": { "type": "string" },
        });
    }
    if T::HAS_CONTENT {
        properties["content"] = json!({
            "description": "With `--out -`: the content of the file, if it is text.", "type": "string",
        });
        properties["content_base64"] = json!({
            "description": "With `--out -`: the content of the file, if it is DER.", "type": "string",
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
        authority::CaAdopt,
        authority::CaCreate,
        ceremony::CeremonyAbort,
        ceremony_export::CeremonyExport,
        ceremony::CeremonyNew,
        ceremony::CeremonyNote,
        ceremony::CeremonyPlan,
        ceremony::CeremonyReportPage,
        ceremony::CeremonyRun,
        ceremony::CeremonyScript,
        ceremony::CeremonyShow,
        ceremony_verify::CeremonyVerify,
        ceremony_check::CeremonyCheck,
        ceremony_attest::CeremonyAttest,
        ceremony_people::CeremonyApprovals,
        ceremony_people::CeremonyApprove,
        ceremony_rehearsal::CeremonyRehearse,
        ceremony_rehearsal::CeremonyRehearseSession,
        certificate::CertCrossSign,
        certificate::CertRules,
        certificate::CertShow,
        certificate::CertVerify,
        cluster::ClusterCheck,
        cluster::ClusterVerify,
        crl::CrlCreate,
        crl::CrlCreateShards,
        crl::CrlShow,
        error::ErrorReport,
        key::KeyDelete,
        key::KeyExportPublic,
        key::KeyGenerate,
        key::KeyList,
        key::KeyShow,
        key::KeyVerify,
        profile::ProfileList,
        profile::ProfileShow,
        ledger::CertRevoke,
        ledger::LedgerAccept,
        ledger::LedgerCheckpoint,
        ledger::LedgerCopy,
        ledger::LedgerDeliver,
        ledger::LedgerList,
        ledger::LedgerNew,
        ledger::LedgerProve,
        ledger::LedgerShow,
        ledger::LedgerVerify,
        ledger::LedgerVerifyProof,
        ocsp::OcspPublish,
        ocsp::OcspRespond,
        ocsp::OcspShow,
        preflight::Doctor,
        preflight::RigNew,
        preflight::RigToken,
        program::Completions,
        program::Manual,
        program::OptionsHelp,
        program::SchemaList,
        program::Version,
        request::CsrCreate,
        request::CsrShow,
        request::CsrSign,
        request::CsrSignLine,
        show::Checkpoint,
        show::ExportedCeremony,
        show::LedgerExport,
        show::Pair,
        show::Plan,
        show::Proof,
        show::PublicKeyFile,
        show::SettingsFile,
        show::Statement,
        show::Transcript,
        token::TokenBench,
        token::TokenList,
        token::TokenShow,
    ];
    #[cfg(feature = "aws")]
    all.append(&mut schemas![
        aws_cluster::ClusterFetch,
        aws_cluster::ClusterInitialize,
        aws_cluster::ClusterList,
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
    // A build without AWS lacks some types.
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
fn every_command_has_a_schema() {
    // The events of a ledger have their own format. `show` prints the same as the command for that file, or a show-… output.
    const WITHOUT: [&str; 2] = ["ledger-export", "show"];
    let mut commands = Vec::new();
    leaves(&Cli::command(), "", &mut commands);
    assert!(commands.len() > 50, "{commands:?}");
    commands.retain(|name| schema_of(name).is_none() && !WITHOUT.contains(&name.as_str()));
    assert_eq!(commands, Vec::<String>::new());
}

/// The names of all leaf commands, as arguments of `schema`.
fn leaves(command: &clap::Command, above: &str, found: &mut Vec<String>) {
    for below in command.get_subcommands() {
        let name = format!("{above}{}", below.get_name());
        match below.has_subcommands() {
            true => leaves(below, &format!("{name}-"), found),
            false => found.push(name),
        }
    }
}

#[test]
fn an_output_names_its_schema() {
    let document = program::SchemaList { schemas: vec!["a"] }.document();
    assert_eq!(document, json!({ "schema": "hsm-ca/schema/1", "schemas": ["a"] }));
}

/// Each thing has one field name in all schemas. These are the rejected synonyms.
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
        ("self_signature_valid", "self_signature_verified"),
        ("failed_steps", "failed_checks"),
        ("key_sha256", "public_key_sha256"),
        ("plan_words", "plan_sha256_words"),
        ("uninitialised", "uninitialized"),
        ("obtain", "hint"),
        ("extension", "name"),
    ];
    for (name, schema) in SCHEMAS {
        let mut schema: Value = serde_json::from_str(schema).expect("JSON");
        // An error has the same type everywhere.
        if let Some(parts) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
            parts.remove("ErrorBody");
        }
        let mut names = Vec::new();
        names_in(&schema, &mut names);
        for (old, new) in REPLACED {
            assert!(
                !names.iter().any(|name| name == old),
                "{name}: {old} is {new} elsewhere"
            );
        }
        assert!(
            !names.iter().any(|name| name == "kind"),
            "{name}: say what kind of thing it is"
        );
        let has_role = names.iter().any(|name| name == "role");
        assert!(
            !has_role || name.starts_with("profile-"),
            "{name}: only a profile has a role, as in its file"
        );
    }
}

/// The names of commands and schemas are spelled like the APIs of AWS and PKCS#11.
#[test]
fn initialize_has_one_spelling() {
    for (name, schema) in SCHEMAS {
        assert!(
            !name.contains("initialis") && !schema.contains("\"initialis"),
            "{name}"
        );
    }
}

/// Named values are in kebab-case, except those of RFC 5280 section 5.3.1 and RFC 6960 section 4.2.1.
#[test]
fn named_values_have_one_spelling() {
    const OF_OCSP: [&str; 4] = ["malformedRequest", "internalError", "tryLater", "sigRequired"];
    let reasons = hsm_ca::x509::CrlReason::ALL.map(hsm_ca::x509::CrlReason::name);
    for (name, schema) in SCHEMAS {
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        let mut values = Vec::new();
        values_in(&schema, &mut values);
        for value in values {
            let is_kebab = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
            let is_of_rfc = OF_OCSP.contains(&value.as_str()) || reasons.contains(&value.as_str());
            assert!(is_of_rfc || value.bytes().all(is_kebab), "{name}: {value}");
        }
    }
}

/// The values that `const` and `enum` allow, except the name of the schema.
fn values_in(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            let constant = fields.get("const").into_iter();
            let several = fields.get("enum").and_then(Value::as_array).into_iter().flatten();
            let texts = constant.chain(several).filter_map(Value::as_str);
            found.extend(
                texts
                    .filter(|text| !text.starts_with("hsm-ca/"))
                    .map(str::to_owned),
            );
            fields.values().for_each(|value| values_in(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| values_in(value, found)),
        _ => {}
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
