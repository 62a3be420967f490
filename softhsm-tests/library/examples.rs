//! Runs the programs in `examples/` as their first lines say, and checks them with independent programs.

use std::fs;

use crate::harness::{Rig, Run, TokenKind, example};

impl Rig {
    /// An example that works on the rig's token.
    fn example_on_token(&self, name: &str, more: &[&str]) -> Run {
        let module = self.oracle_module();
        let module = module.to_str().expect("UTF-8");
        let run = self.tool(example(name), &[&[module, "ca", "rig/pin"], more].concat());
        self.without_secrets(run)
    }
}

/// Expects a failure with a one-line error.
#[track_caller]
fn refuses(run: &Run, said: &str) {
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains(said) && run.stdout.is_empty(), "{run:?}");
}

#[test]
fn openssl_verifies_signatures_of_a_key_that_the_example_generates() {
    let rig = Rig::new();
    let run = rig.example_on_token("generate-key", &["signer"]).ok();
    rig.write("public.pem", &run.stdout);
    refuses(&rig.example_on_token("generate-key", &["signer"]), "LabelTaken");
    rig.write("notes.txt", "what is signed");
    let run = rig.example_on_token("sign-file", &["signer", "notes.txt"]).ok();
    assert_eq!(run.stdout, "ecdsa-with-SHA384\n");
    let verify = [
        "dgst",
        "-sha384",
        "-verify",
        "public.pem",
        "-signature",
        "notes.txt.sig",
        "notes.txt",
    ];
    rig.tool("openssl", &verify).ok();
    let signature = rig.read("notes.txt.sig");
    refuses(
        &rig.example_on_token("sign-file", &["signer", "notes.txt"]),
        "AlreadyExists",
    );
    assert_eq!(rig.read("notes.txt.sig"), signature);
    refuses(
        &rig.example_on_token("sign-file", &["nobody", "notes.txt"]),
        "nobody",
    );
}

#[test]
fn a_pair_that_the_example_imports_is_proven_by_the_program() {
    let rig = Rig::of(TokenKind::SoftHsm).with_aws();
    rig.generate_pair("ECC_NIST_P256", "");
    let run = rig
        .example_on_token("import-key-pair", &["pair.json", "imported"])
        .ok();
    assert!(run.stdout.starts_with("imported by "), "{run:?}");
    rig.command(&["key", "verify", "imported"]).ok();
    let run = rig
        .example_on_token("import-key-pair", &["pair.json", "imported"])
        .ok();
    assert_eq!(run.stdout, "the token has it already\n");
    rig.write("pair.json", "{}");
    refuses(
        &rig.example_on_token("import-key-pair", &["pair.json", "other"]),
        "Pair",
    );
}

#[test]
fn the_example_verifies_exactly_what_openssl_verifies() {
    let rig = Rig::without_token();
    let issue = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \"$1.key\" -out \"$1.crt\" -subj \"/CN=$1\" \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign";
    for name in ["root", "other"] {
        rig.tool("/bin/sh", &["-ec", issue, "sh", name]).ok();
    }
    let leaf = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.crt -subj /CN=leaf \
         -CA root.crt -CAkey root.key -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature";
    rig.tool("/bin/sh", &["-ec", leaf]).ok();
    let verify = |files: &[&str]| rig.tool(example("verify-certificate"), files);
    let run = verify(&["leaf.crt", "other.crt", "root.crt"]).ok();
    assert!(run.stdout.contains("CN=leaf: signature: ok\n"), "{run:?}");
    let run = verify(&["leaf.crt", "other.crt"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.contains("no given CA certificate has the name"),
        "{run:?}"
    );
    // One bit of the signature.
    let pem = rig.tool(
        "openssl",
        &["x509", "-in", "leaf.crt", "-outform", "DER", "-out", "leaf.der"],
    );
    pem.ok();
    let mut der = fs::read(rig.path("leaf.der")).expect("the certificate");
    let last = der.last_mut().expect("a byte");
    *last ^= 1;
    rig.write("forged.der", der);
    let run = verify(&["forged.der", "root.crt"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("CN=leaf: signature: "), "{run:?}");
    refuses(&verify(&[]), "usage");
}
