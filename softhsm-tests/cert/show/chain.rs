//! Several certificates are drawn as a chain, with its breaks.

use serde_json::{Value, json};

use super::{bundle, rig_with_chain};
use crate::harness::Rig;
use crate::oracle::issue;

fn chain(rig: &Rig, more: &[&str]) -> Value {
    rig.json(&[&["cert", "show"], more].concat()).ok().json()
}

#[test]
fn several_certificates_in_any_order_are_a_chain() {
    let rig = rig_with_chain();
    for (parts, issuers, in_order, told) in [
        (
            ["leaf", "sub", "root"],
            json!([1, 2, null]),
            true,
            "each followed by its issuer",
        ),
        (
            ["root", "sub", "leaf"],
            json!([null, 0, 1]),
            false,
            "from the top down",
        ),
        (
            ["leaf", "root", "sub"],
            json!([2, null, 1]),
            false,
            "OUT OF ORDER",
        ),
    ] {
        bundle(&rig, "bundle.pem", &parts);
        let shown = chain(&rig, &["bundle.pem"]);
        let links = shown["chain"].as_array().expect("links");
        let found: Vec<_> = links.iter().map(|link| link["issuer_index"].clone()).collect();
        assert_eq!(json!(found), issuers);
        assert!(links.iter().all(|link| link["verified"] == true), "{shown}");
        assert_eq!(
            (&shown["in_order"], &shown["chain_verified"]),
            (&json!(in_order), &json!(true))
        );
        assert_eq!(shown["certificates"].as_array().expect("all").len(), 3);
        let text = rig.command(&["cert", "show", "bundle.pem"]).ok().stdout;
        assert!(text.contains(told), "{text}");
        let drawn: Vec<_> = text
            .lines()
            .filter(|line| line.contains("] CN="))
            .take(3)
            .collect();
        let [root, sub, leaf] = drawn[..] else {
            panic!("{text}")
        };
        assert!(
            root.starts_with('[') && sub.starts_with("`- [") && leaf.starts_with("   `- ["),
            "{text}"
        );
    }
    // One alone, up to its root.
    let shown = chain(&rig, &["leaf.crt", "--ca", "root.crt", "--ca", "sub.crt"]);
    assert_eq!(shown["chain"].as_array().expect("links").len(), 3);
    assert_eq!(shown["subject"], "CN=www.example.com");
    assert_eq!(shown["chain_verified"], true);
    // Unrelated certificates are not drawn.
    let shown = chain(&rig, &["root.crt", "--ca", "sub.crt"]);
    assert_eq!(shown["chain"].as_array().expect("links").len(), 1);
}

#[test]
fn too_many_certificates_are_refused() {
    let rig = rig_with_chain();
    let one = rig.read("root.crt");
    rig.write("most.pem", one.repeat(256));
    rig.write("more.pem", one.repeat(257));
    let shown = rig.json(&["cert", "show", "most.pem"]).ok().json();
    assert_eq!(shown["certificates"].as_array().map(Vec::len), Some(256));
    for show in [
        &["cert", "show", "more.pem"][..],
        &["cert", "show", "root.crt", "--ca", "more.pem"],
    ] {
        let message = rig.json(show).refused(3, "too-many-certificates");
        assert!(
            message.contains("more.pem: 257 certificates; at most 256"),
            "{message}"
        );
    }
}

#[test]
fn a_broken_chain_is_reported_where_it_breaks() {
    let rig = rig_with_chain();
    bundle(&rig, "gap.pem", &["leaf", "root"]);
    let shown = chain(&rig, &["gap.pem"]);
    assert_eq!(shown["chain"][0]["state"], "issuer-missing");
    assert_eq!(shown["chain"][0]["verified"], false);
    assert_eq!(shown["in_order"], json!(null));
    let text = rig.command(&["cert", "show", "gap.pem"]).ok().stdout;
    assert!(
        text.contains("(CN=Sub,O=Example\\, Inc.: not in this file)\n`- [1] CN=www.example.com\n"),
        "{text}"
    );
    // Another CA of the same name and another key.
    rig.write("leaf-of-old.crt", rig.read("leaf.crt"));
    let authority = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n";
    issue(&rig, "sub", "root", "/O=Example, Inc./CN=Sub", "90", authority);
    bundle(&rig, "forged.pem", &["leaf-of-old", "sub", "root"]);
    let shown = chain(&rig, &["forged.pem"]);
    assert_eq!(
        (&shown["chain"][0]["verified"], &shown["chain"][1]["verified"]),
        (&json!(false), &json!(true))
    );
    let problems = shown["chain"][0]["problems"].to_string();
    assert!(
        problems.contains("signature is wrong") && problems.contains("authorityKeyIdentifier"),
        "{problems}"
    );
    let text = rig.command(&["cert", "show", "forged.pem"]).ok().stdout;
    assert!(
        text.contains("NOT VERIFIED: the certificate's signature is wrong"),
        "{text}"
    );
    // A CA below a path length of zero, and a leaf as an issuer.
    issue(
        &rig,
        "low",
        "sub",
        "/CN=Low",
        "30",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n",
    );
    issue(
        &rig,
        "leaf",
        "low",
        "/CN=leaf",
        "30",
        "basicConstraints=CA:FALSE\n",
    );
    issue(&rig, "lower", "leaf", "/CN=lower", "30", "");
    bundle(&rig, "long.pem", &["lower", "leaf", "low", "sub", "root"]);
    let shown = chain(&rig, &["long.pem"]);
    let problem = |place: usize| shown["chain"][place]["problems"].to_string();
    assert!(problem(0).contains("CA:FALSE"), "{shown}");
    assert_eq!(problem(1), "[]");
    assert!(problem(2).contains("pathLenConstraint 0, but 1"), "{shown}");
    // The same certificate twice. openssl agrees about all of them.
    bundle(&rig, "twice.pem", &["leaf", "leaf"]);
    assert_eq!(chain(&rig, &["twice.pem"])["chain"][1]["state"], "repeated");
    rig.write(
        "untrusted.pem",
        [rig.read("leaf.crt"), rig.read("low.crt"), rig.read("sub.crt")].concat(),
    );
    let theirs = [
        "verify",
        "-CAfile",
        "root.crt",
        "-untrusted",
        "untrusted.pem",
        "lower.crt",
    ];
    assert_ne!(rig.tool("openssl", &theirs).code, Some(0));
}
