//! `cert verify` with more than one path, and with two spellings of an issuer's name, compared with openssl.

use crate::harness::{Rig, Run, python_tool};

/// Makes the certificates with Python's `cryptography`, and writes `NAME.crt` for each.
const MAKE: &str = r#"
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type as T, NameOID as N

def name(text, kind=T.UTF8String):
    return x509.Name([x509.NameAttribute(N.ORGANIZATION_NAME, "Example NV", _type=kind),
                      x509.NameAttribute(N.COMMON_NAME, text, _type=kind)])

keys = {}
def key(who):
    return keys.setdefault(who, ec.generate_private_key(ec.SECP256R1()))

serial = [1000]
def make(file, subject, issuer, of, by, years=(-1, 5), ca=True, usage=True):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    year = datetime.timedelta(days=365)
    serial[0] += 1
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key(of).public_key())
        .serial_number(serial[0]).not_valid_before(now + years[0] * year).not_valid_after(now + years[1] * year))
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        if usage:
            builder = builder.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    made = builder.sign(key(by), hashes.SHA256())
    open(file + ".crt", "wb").write(made.public_bytes(serialization.Encoding.PEM))

R, O, S, L = name("Root"), name("Old Root"), name("Sub"), name("leaf")
make("old", R, R, "root", "root", (-9, -1))
make("cur", R, R, "root", "root")
make("coming", R, R, "root", "root", (1, 5))
make("cross", R, O, "root", "other")
make("oldroot", O, O, "other", "other")
make("oldexp", O, O, "other", "other", (-9, -1))
make("crossback", O, R, "other", "root")
make("stranger", R, R, "stranger", "stranger")
make("leaf", L, R, "leaf", "root", ca=False)
make("sub", S, R, "sub", "root")
make("subexp", S, R, "sub", "root", (-9, -1))
make("subcross", S, O, "sub", "other")
make("subleaf", L, S, "leaf", "sub", ca=False)

def crl(file, issuer, by, revoked=()):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(now - day).next_update(now + day)
    for certificate in revoked:
        number = x509.load_pem_x509_certificate(open(certificate, "rb").read()).serial_number
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now - day).build())
    builder = builder.add_extension(x509.CRLNumber(1), False)
    open(file, "wb").write(builder.sign(key(by), hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

crl("sub.crl", S, "sub")
crl("spelled.crl", name("SUB ", T.PrintableString), "sub")
crl("root.crl", R, "root", ["sub.crt"])
crl("both.crl", O, "other", ["subcross.crt"])
for kind in ("PrintableString", "BMPString", "T61String", "UniversalString"):
    make("spelled-" + kind, name("Sub"), name("ROOT  ", T[kind]), "sub2", "root")
    make("leaf-" + kind, L, name("sub", T[kind]), "leaf", "sub2", ca=False)
make("self-odd", name("Odd"), name("ODD", T.PrintableString), "odd", "odd")
make("leaf-odd", L, name("odd", T.PrintableString), "leaf", "odd", ca=False)
make("bmp", name("Z\u00fcrich \u4e2d", T.BMPString), name("Zurich", T.T61String), "x", "x", ca=False)
make("universal", name("Z\u00fcrich", T.UniversalString), name("a\tb\u202e", T.BMPString), "x", "x", ca=False)
"#;

fn rig_with_certificates() -> Rig {
    let rig = Rig::without_token();
    rig.tool(python_tool("python"), &["-c", MAKE]).ok();
    rig
}

fn verify(rig: &Rig, leaf: &str, authorities: &[&str]) -> Run {
    let files: Vec<_> = authorities.iter().map(|name| format!("{name}.crt")).collect();
    let leaf = format!("{leaf}.crt");
    let mut arguments = vec!["cert", "verify", &leaf];
    arguments.extend(files.iter().flat_map(|file| ["--ca", file]));
    rig.json(&arguments)
}

/// Our verdict for every order, in separate files and in one. Returns whether openssl agrees: it may miss a valid path, but must not find
/// one that is invalid.
#[track_caller]
fn assert_verdict(rig: &Rig, leaf: &str, authorities: &[&str], passes: bool) -> bool {
    let pem = |names: &[&str]| {
        let all = names.iter().map(|name| rig.read(&format!("{name}.crt")));
        all.collect::<Vec<_>>().concat()
    };
    rig.write("all.pem", pem(authorities));
    let theirs = ["verify", "-CAfile", "all.pem", &format!("{leaf}.crt")];
    let theirs = rig.tool("openssl", &theirs);
    let agrees = (theirs.code == Some(0)) == passes;
    assert!(agrees || passes, "{leaf} {authorities:?}: {theirs:#?}");
    let mut order = authorities.to_vec();
    for _ in 0..order.len() {
        let run = verify(rig, leaf, &order);
        assert_eq!(
            run.code,
            Some(if passes { 0 } else { 3 }),
            "{leaf} {order:?}: {run:#?}"
        );
        assert_eq!(run.json()["verified"], passes);
        rig.write("together.crt", pem(&order));
        assert_eq!(
            verify(rig, leaf, &["together"]).code,
            run.code,
            "{leaf} {order:?}"
        );
        order.rotate_left(1);
    }
    agrees
}

#[test]
fn any_valid_path_is_enough_whatever_the_order() {
    let rig = rig_with_certificates();
    let mut agreed = 0;
    for (leaf, authorities, passes) in [
        ("leaf", &["old", "cur"][..], true),
        ("leaf", &["coming", "old", "cur"], true),
        ("leaf", &["old", "coming"], false),
        ("leaf", &["stranger"], false),
        ("leaf", &["cross", "cur"], true),
        ("leaf", &["cross", "oldroot"], true),
        ("leaf", &["cross", "oldexp", "cur"], true),
        ("leaf", &["old", "cross", "oldroot"], true),
        ("leaf", &["cross", "crossback"], false),
        ("leaf", &["cross", "crossback", "oldroot"], true),
        ("leaf", &["cross", "crossback", "cur"], true),
        ("leaf", &["cross"], false),
        ("subleaf", &["subexp", "sub", "old", "cur"], true),
        ("subleaf", &["subexp", "cur"], false),
        ("subleaf", &["sub", "cross", "oldroot"], true),
        ("cur", &["cur"], true),
        ("old", &["cur"], false),
    ] {
        agreed += usize::from(assert_verdict(&rig, leaf, authorities, passes));
    }
    assert!(agreed >= 12, "openssl agrees with {agreed} of 17");
}

/// OpenSSL chooses an issuer by name, key identifier and validity, and tries no other if the signature or the path above it is wrong. So
/// its verdict is that of the wrong issuer.
#[test]
fn a_path_that_openssl_does_not_find_is_found() {
    let rig = rig_with_certificates();
    for authorities in [["stranger", "cur"], ["cur", "stranger"]] {
        assert_eq!(
            verify(&rig, "leaf", &authorities).code,
            Some(0),
            "{authorities:?}"
        );
    }
    let third = ["stranger", "old", "cross", "coming", "oldexp", "cur"];
    assert_eq!(verify(&rig, "leaf", &third).code, Some(0));
}

/// A revoked CA certificate excludes its path, but not the CA's other certificate under another root.
#[test]
fn a_path_around_a_revoked_certificate_is_valid() {
    let rig = rig_with_certificates();
    let verify = |authorities: &[&str], crls: &[&str]| {
        let mut arguments = vec!["cert", "verify", "subleaf.crt"];
        arguments.extend(crls.iter().flat_map(|crl| ["--crl", crl]));
        let files: Vec<_> = authorities.iter().map(|name| format!("{name}.crt")).collect();
        arguments.extend(files.iter().flat_map(|file| ["--ca", file]));
        rig.json(&arguments)
    };
    for authorities in [
        ["sub", "cur", "subcross", "oldroot"],
        ["oldroot", "subcross", "cur", "sub"],
    ] {
        let run = verify(&authorities, &["sub.crl", "root.crl"]);
        assert_eq!(run.code, Some(0), "{authorities:?}: {run:#?}");
        let run = verify(&authorities, &["sub.crl", "root.crl", "both.crl"]);
        assert_eq!(run.code, Some(3), "{authorities:?}: {run:#?}");
        assert!(run.stdout.contains("revoked on"), "{run:#?}");
    }
    assert_eq!(verify(&["sub", "cur"], &["sub.crl", "root.crl"]).code, Some(3));
    // The CRL's issuer, spelled differently from the CA's.
    let run = verify(&["sub", "cur"], &["spelled.crl"]).ok();
    assert!(run.stdout.contains("not on the CRL"), "{run:#?}");
}

#[test]
fn when_no_path_is_valid_the_reason_of_the_best_one_is_reported() {
    let rig = rig_with_certificates();
    for (authorities, step, problem, tried) in [
        (&["old", "coming", "stranger"][..], "validity", "expired on", 2),
        (&["stranger"], "signature", "does not verify", 1),
        (
            &["cross", "crossback"],
            "issuer",
            "only lead back into this path",
            1,
        ),
        (&["oldroot"], "issuer", "no given CA certificate has the name", 1),
    ] {
        let run = verify(&rig, "leaf", authorities);
        assert_eq!(run.code, Some(3), "{run:#?}");
        let report = run.json();
        let steps = report["checks"].as_array().expect("steps").iter();
        let failed: Vec<_> = steps.filter(|step| step["state"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{report}");
        assert_eq!(failed[0]["check"], step, "{report}");
        assert!(
            failed[0]["found"].as_str().expect("words").contains(problem),
            "{report}"
        );
        assert_eq!(report["paths_tried"], tried, "{report}");
    }
    let text = rig.command(&[
        "cert",
        "verify",
        "leaf.crt",
        "--ca",
        "old.crt",
        "--ca",
        "coming.crt",
    ]);
    assert!(text.stdout.contains("2 paths were tried"), "{text:#?}");
}

/// RFC 5280 section 7.1. GnuTLS compares bytes, so it is not used here.
#[test]
fn an_issuer_with_another_spelling_of_the_name_is_found() {
    let rig = rig_with_certificates();
    for kind in ["PrintableString", "BMPString", "T61String", "UniversalString"] {
        let (middle, leaf) = (format!("spelled-{kind}"), format!("leaf-{kind}"));
        for (above, passes) in [("cur", true), ("stranger", false)] {
            assert!(
                assert_verdict(&rig, &leaf, &[&middle, above], passes),
                "{kind}: openssl says other"
            );
        }
        assert_verdict(&rig, &leaf, &[&middle, "old", "cur"], true);
    }
    assert_eq!(verify(&rig, "leaf-odd", &["self-odd"]).code, Some(0));
}

#[test]
fn strings_of_every_type_are_shown_as_text() {
    let rig = rig_with_certificates();
    for (file, wanted) in [
        ("bmp", ["CN=Zürich 中,O=Example NV", "CN=Zurich,O=Example NV"]),
        (
            "universal",
            ["CN=Zürich,O=Example NV", "CN=a\\09b\\E2\\80\\AE,O=Example NV"],
        ),
    ] {
        let report = rig.json(&["cert", "show", &format!("{file}.crt")]).ok().json();
        let shown = &report["certificates"][0];
        let shown = if shown.is_null() { &report } else { shown };
        assert_eq!(shown["subject"], wanted[0], "{report}");
        assert_eq!(shown["issuer"], wanted[1], "{report}");
    }
}
