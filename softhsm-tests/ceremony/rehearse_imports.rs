//! `ceremony rehearse` of a ceremony that imports a key: a stand-in replaces the KMS pair, and the import runs as on the day.

use std::net::TcpListener;

use base64ct::{Base64, Encoding};
use hsm_ca::ceremony::{Digest, to_canonical};
use serde_json::{Value, json};

use super::import_key::importing;
use super::rehearse::{REHEARSE, change, is_empty, number, one_session, temporary};
use super::second_verifier::ask;
use crate::harness::{Rig, Run};

const PLAN: [&str; 6] = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];

/// The public half of a new openssl key, in DER.
fn public_key(rig: &Rig, genpkey: &[&str]) -> Vec<u8> {
    rig.tool("openssl", &[&["genpkey", "-out", "real.pem"], genpkey].concat())
        .ok();
    let public = [
        "pkey", "-in", "real.pem", "-pubout", "-outform", "DER", "-out", "real.der",
    ];
    rig.tool("openssl", &public).ok();
    rig.read("real.der")
}

/// A KMS pair file with this public key. Its ciphertext cannot be decrypted.
fn pair_with(spec: &str, key: &[u8]) -> String {
    json!({
        "PrivateKeyCiphertextBlob": "AQID",
        "PublicKey": Base64::encode_string(key),
        "KeyId": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "KeyPairSpec": spec,
        "EncryptionContext": { "ceremony": "root-r1" },
    })
    .to_string()
}

/// A ceremony with one session that imports a key of this spec, and the key's public half.
fn planned(spec: &str, genpkey: &[&str]) -> (Rig, Vec<u8>) {
    let maker = Rig::without_token();
    let key = public_key(&maker, genpkey);
    let rig = importing(&pair_with(spec, &key));
    one_session(&rig);
    rig.edit(
        "pair = \"pair\"",
        &format!("pair = \"pair\"\nexpect = \"{}\"", Digest::of(&key)),
    );
    rig.json(&PLAN).ok();
    (rig, key)
}

/// Rehearses with credentials and a KMS endpoint that detects any request.
fn rehearse(rig: &Rig) -> Run {
    let kms = TcpListener::bind("127.0.0.1:0").expect("a port");
    kms.set_nonblocking(true).expect("a listener");
    let mut command = rig.prepare(&REHEARSE);
    command
        .env("TMPDIR", temporary(rig))
        .env(
            "AWS_ENDPOINT_URL",
            format!("http://{}", kms.local_addr().expect("an address")),
        )
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example");
    let run = Run::of(&mut command);
    assert!(kms.accept().is_err(), "KMS was asked");
    assert!(is_empty(&temporary(rig)));
    run
}

fn plan_of(rig: &Rig) -> Value {
    serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON")
}

/// The public key in a pair file in a directory.
fn shown_by_pair(rig: &Rig, path: &str) -> Vec<u8> {
    let pair: Value = serde_json::from_slice(&rig.read(path)).expect("JSON");
    Base64::decode_vec(pair["PublicKey"].as_str().expect("base64")).expect("base64")
}

/// An RSA and an EC key. No octet is in a hole: the octets of the stand-in are replaced with the real ones before the comparison.
#[test]
fn the_import_runs_with_a_stand_in_pair_and_every_octet_is_compared() {
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let ec = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    for (spec, genpkey) in [("RSA_2048", rsa), ("ECC_NIST_P384", ec)] {
        let (rig, real) = planned(spec, &genpkey);
        let report = rehearse(&rig).ok().json();
        let session = &report["sessions"][0];
        assert_eq!(
            (
                &report["verified"],
                &report["plan_made_again"],
                &session["findings"]
            ),
            (&json!(true), &json!(true), &json!([])),
            "{report:#}"
        );
        let plan = plan_of(&rig);
        let objects = session["objects"].as_array().expect("objects");
        assert_eq!(objects.len(), 4);
        for object in objects {
            let mut planned = plan["objects"].as_array().expect("objects").iter();
            let planned = planned
                .find(|planned| planned["step"] == object["step"])
                .expect("planned");
            let tbs = Base64::decode_vec(planned["tbs"].as_str().expect("base64")).expect("base64");
            assert_eq!(
                (number(&object["compared"]), &object["in_holes"]),
                (tbs.len(), &json!(0))
            );
        }
        let signatures = json!([
            { "key": "k", "planned": 3, "made": 3 },
            { "key": "legacy-root", "planned": 1, "made": 1 },
        ]);
        assert_eq!(session["signatures"], signatures);

        // This was a real import: its route is in the transcript, and everything verifies under the stand-in key.
        let path = "room/rehearsal/main";
        let verified = rig.json(&["ceremony", "verify", path]).ok().json();
        let case = json!({ "what": "ceremony", "directory": rig.path(path) });
        let head = verified["head"].as_str().expect("a head");
        assert_eq!(ask(&[case]), [format!("ok {head}")]);
        let lines = String::from_utf8(rig.read(&format!("{path}/run/transcript.jsonl"))).expect("text");
        let mut events = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let (mut route, mut key) = (false, Value::Null);
        for event in &mut events {
            route |=
                event["what"] == "note" && event["text"].as_str().expect("text").contains("by the route");
            if event["what"] == "key-end" {
                key = event;
            }
        }
        assert!(route && key["how"] == "imported", "{lines}");
        let stand_in = shown_by_pair(&rig, &format!("{path}/inputs/pair.json"));
        assert_ne!(stand_in, real);
        assert_eq!(key["public-key"], json!(Base64::encode_string(&stand_in)));
        rig.write("made.der", &stand_in);
        let certificate = format!("{path}/out/r1.crt");
        let shown = rig
            .tool("openssl", &["x509", "-in", &certificate, "-noout", "-pubkey"])
            .ok()
            .stdout;
        let made = rig
            .tool(
                "openssl",
                &["pkey", "-pubin", "-inform", "DER", "-in", "made.der"],
            )
            .ok()
            .stdout;
        assert_eq!(shown, made);
        rig.tool(
            "openssl",
            &["verify", "-no_check_time", "-CAfile", &certificate, &certificate],
        )
        .ok();
        // The practice's pair file cannot be mistaken for one from KMS. Everything except key and ciphertext is unchanged.
        let [mut practice, mut of_kms] = [&format!("{path}/inputs/pair.json"), "room/inputs/pair.json"]
            .map(|path| serde_json::from_slice::<Value>(&rig.read(path)).expect("JSON"));
        let ciphertext = practice["PrivateKeyCiphertextBlob"].take();
        let ciphertext = Base64::decode_vec(ciphertext.as_str().expect("base64")).expect("base64");
        assert!(String::from_utf8(ciphertext).expect("text").contains("practice"));
        practice["PublicKey"].take();
        for name in ["PrivateKeyCiphertextBlob", "PublicKey"] {
            of_kms[name].take();
        }
        assert_eq!(practice, of_kms);
        let file = String::from_utf8(rig.read(&format!("{path}/ceremony.toml"))).expect("text");
        assert!(
            file.contains(&format!("expect = \"{}\"", Digest::of(&stand_in))),
            "{file}"
        );
    }
}

/// The plan has another octet beside the key, another octet in the key, and a pin that differs from its file. Every hash is repaired.
#[test]
fn an_octet_beside_the_key_or_in_it_is_found() {
    let (rig, real) = planned(
        "ECC_NIST_P384",
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    );
    let mut plan = plan_of(&rig);
    let place = |plan: &Value, step: &str| {
        let mut objects = plan["objects"].as_array().expect("objects").iter();
        objects
            .position(|object| object["step"] == step)
            .expect("an object")
    };
    // The octet before the coordinates marks an uncompressed point; the last octet belongs to the key.
    let point = &real[real.len() - 97..];
    let mut expected = Vec::new();
    for (step, offset) in [("root", 0), ("x1", 96)] {
        let at = place(&plan, step);
        let mut found = 0;
        let changed = change(&mut plan["objects"][at], |tbs, _| {
            let at = tbs
                .windows(97)
                .position(|window| window == point)
                .expect("the key")
                + offset;
            found = tbs[at];
            tbs[at] ^= 1;
            at
        });
        expected.push((step, changed, found ^ 1, found));
    }
    let at = place(&plan, "i1");
    let changed = change(&mut plan["objects"][at], |tbs, _| {
        // The authority key identifier ends the extension, and its tag precedes it.
        let identifier = [0x30, 0x16, 0x80, 0x14];
        let at = tbs
            .windows(4)
            .position(|window| window == identifier)
            .expect("authorityKeyIdentifier");
        tbs[at + 2] = 0x81;
        at + 2
    });
    expected.push(("i1", changed, 0x81, 0x80));
    let steps = plan["steps"].as_array_mut().expect("steps");
    let step = steps.iter_mut().find(|step| step["id"] == "k").expect("a step");
    step["expect"] = json!("ab".repeat(32));
    rig.write("room/plan.json", to_canonical(&plan).expect("canonical"));

    let run = rehearse(&rig);
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    assert_eq!(report["verified"], json!(false));
    assert!(report["plan_difference"].is_string(), "{report:#}");
    let session = &report["sessions"][0];
    let objects = session["objects"].as_array().expect("objects");
    for (step, at, planned, found) in expected {
        let object = objects.iter().find(|object| object["step"] == step);
        let difference = json!({ "octet": { "at": at, "planned": planned, "found": found } });
        assert_eq!(object.expect("an object")["difference"], difference, "{step}");
    }
    let findings = session["findings"].to_string();
    assert!(findings.contains("the steps differs"), "{findings}");
}

/// The key of an older CA is imported and signs as that CA. The CA's certificate and its pair get the same stand-in.
#[test]
fn an_older_ca_whose_key_is_imported_signs_with_its_stand_in() {
    let (rig, _) = planned(
        "ECC_NIST_P384",
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    );
    let public = [
        "pkey",
        "-in",
        "keys/legacy.pem",
        "-pubout",
        "-outform",
        "DER",
        "-out",
        "legacy.der",
    ];
    rig.tool("openssl", &public).ok();
    let legacy = pair_with("ECC_NIST_P256", &rig.read("legacy.der"));
    rig.write("inputs/old-pair.json", legacy);
    rig.pin_input("old-pair", "old-pair.json");
    rig.edit(
        "[[step]]\nid = \"x1\"",
        "[[step]]\nid = \"old\"\ndo = \"import-key\"\ntoken = \"legacy\"\nlabel = \"old\"\npair = \"old-pair\"\n[[step]]\nid = \"x1\"",
    );
    rig.tool("rm", &["-r", "room"]).ok();
    rig.json(&PLAN).ok();
    let report = rehearse(&rig).ok().json();
    assert_eq!(report["verified"], json!(true), "{report:#}");
    let path = "room/rehearsal/main";
    rig.json(&["ceremony", "verify", path]).ok();
    let stand_in = shown_by_pair(&rig, &format!("{path}/inputs/old-pair.json"));
    rig.write("made.der", &stand_in);
    let made = rig
        .tool(
            "openssl",
            &["pkey", "-pubin", "-inform", "DER", "-in", "made.der"],
        )
        .ok()
        .stdout;
    let legacy = format!("{path}/inputs/legacy.crt");
    let shown = rig
        .tool("openssl", &["x509", "-in", &legacy, "-noout", "-pubkey"])
        .ok()
        .stdout;
    assert_eq!(shown, made);
    for (authority, code) in [(legacy.as_str(), true), ("inputs/legacy.crt", false)] {
        let arguments = [
            "verify",
            "-no_check_time",
            "-CAfile",
            authority,
            &format!("{path}/out/r1-x.crt"),
        ];
        assert_eq!(
            rig.tool("openssl", &arguments).code == Some(0),
            code,
            "{authority}"
        );
    }
}
