//! Independent programs that read everything we make, and that make the requests.

use std::fs;
use std::path::Path;

use crate::harness::{Rig, Run, python_tool};

/// `openssl`, which must succeed.
#[track_caller]
pub(crate) fn openssl(rig: &Rig, arguments: &[&str]) -> String {
    rig.tool("openssl", arguments).ok().stdout
}

/// openssl, GnuTLS and pkilint all accept the certificate under the CA's.
#[track_caller]
pub(crate) fn assert_accepted(rig: &Rig, certificate: &str, authority: &str) {
    let verified = openssl(
        rig,
        &[
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-CAfile",
            authority,
            certificate,
        ],
    );
    assert_eq!(verified.trim(), format!("{certificate}: OK"));
    let certtool = rig.tool(
        "certtool",
        &[
            "--verify",
            "--load-ca-certificate",
            authority,
            "--infile",
            certificate,
        ],
    );
    assert!(
        certtool
            .ok()
            .stdout
            .contains("Chain verification output: Verified")
    );
    assert_lints(rig, certificate);
}

/// pkilint finds nothing above INFO, and has run.
#[track_caller]
pub(crate) fn assert_lints(rig: &Rig, certificate: &str) {
    let lint = |severity: &str| -> Run {
        rig.tool(
            python_tool("lint_pkix_cert"),
            &["lint", "-s", severity, certificate],
        )
    };
    assert_eq!(lint("NOTICE").ok().stdout.trim(), "", "pkilint has findings");
    assert!(
        lint("INFO")
            .stdout
            .contains("subject_key_identifier_method_1_identified"),
        "pkilint looked at nothing"
    );
}

/// A request like a real cluster's: a multi-valued first RDN, a comma in the CN, empty attributes.
pub(crate) const CLUSTER_SUBJECT: &str =
    "/C=US+ST=CA+O=Cavium+OU=N3FIPS+L=SanJose/CN=HSM:0123456789ABCDEF0123456789ABCD:PARTN:13, for FIPS mode";

/// Makes `name` with openssl.
pub(crate) fn make_request(rig: &Rig, name: &str, key: &[&str], more: &[&str]) {
    let arguments = [
        &[
            "req",
            "-new",
            "-nodes",
            "-keyout",
            "request.key",
            "-subj",
            CLUSTER_SUBJECT,
            "-out",
            name,
        ],
        key,
        more,
    ];
    openssl(rig, &arguments.concat());
}

/// The cluster's own kind of request.
pub(crate) fn make_cluster_request(rig: &Rig, name: &str) {
    make_request(rig, name, &["-newkey", "rsa:2048"], &["-sha256"]);
}

/// The DER of a PEM request.
pub(crate) fn request_der(rig: &Rig, name: &str) -> Vec<u8> {
    openssl(
        rig,
        &["req", "-in", name, "-outform", "DER", "-out", "request.der"],
    );
    rig.read("request.der")
}

/// The bytes of the `index`-th element at the depth of a structure's fields, according to openssl.
pub(crate) fn field(rig: &Rig, path: &Path, depth: usize, index: usize) -> Vec<u8> {
    let path = path.to_str().expect("UTF-8");
    let listing = openssl(rig, &["asn1parse", "-in", path]);
    let wanted = format!("d={depth} ");
    let line = listing
        .lines()
        .filter(|line| line.contains(&wanted))
        .nth(index)
        .unwrap_or_else(|| panic!("no element {index} at depth {depth}: {listing}"));
    let offset = line.split(':').next().expect("an offset").trim();
    openssl(
        rig,
        &[
            "asn1parse",
            "-in",
            path,
            "-strparse",
            offset,
            "-noout",
            "-out",
            "field.der",
        ],
    );
    rig.read("field.der")
}

/// A P-256 key.
pub(crate) const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// `NAME.crt` and `NAME.key`, by openssl, under `CA.crt` with `CA.key`.
pub(crate) fn issue(rig: &Rig, name: &str, authority: &str, subject: &str, days: &str, extensions: &str) {
    make_request(rig, "x.csr", P256, &["-subj", subject]);
    fs::rename(rig.path("request.key"), rig.path(&format!("{name}.key"))).expect("the key");
    let base = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
    rig.write("x.ext", format!("{base}{extensions}"));
    let [certificate, key] = ["crt", "key"].map(|ending| format!("{authority}.{ending}"));
    let out = format!("{name}.crt");
    let issue = [
        "x509",
        "-req",
        "-in",
        "x.csr",
        "-CA",
        &certificate,
        "-CAkey",
        &key,
        "-CAcreateserial",
        "-days",
        days,
        "-extfile",
        "x.ext",
        "-out",
        &out,
    ];
    openssl(rig, &issue);
}
