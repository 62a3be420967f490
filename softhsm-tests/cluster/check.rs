//! `cluster check`: its verdicts, compared with openssl's.

mod authority;
mod aws;
mod client;
mod dates;
mod directory;
mod servers;
mod terminal;

use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::harness::{Rig, Run, TlsServer, ready_authority};
use crate::oracle::{CLUSTER_SUBJECT, openssl};

const CLUSTER: &str = "cluster-igklspoyj5v";
const SIGNED: &str = "dir/cluster-igklspoyj5v_CustomerHsmCertificate.crt";
/// AWS re:Post, "How can I use CloudHSM certificates for a client end-to-end encrypted connection?"
const SERVER_SUBJECT: &str =
    "/C=US/ST=Virginia/L=Herndon/O=AWS/OU=AWS Cryptography/CN=CloudHSM/emailAddress=cloudhsm-team@amazon.com";
/// The name that AWS's package has for it, by the same answer.
const SERVER_HASH: &str = "21a10654";

/// A client where everything matches: `dir` with `customerCA.crt` and a cluster certificate, `client/certs` with the server's certificate,
/// and `own.crt`, a client certificate under the CA.
fn desk() -> Rig {
    static TEMPLATE: OnceLock<Rig> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let rig = Rig::new();
        for directory in ["dir", "client", "client/certs"] {
            fs::create_dir(rig.path(directory)).expect("a directory");
        }
        self_signed(&rig, "ca", "/CN=Example CA/O=Example");
        rig.write("dir/customerCA.crt", rig.read("ca.crt"));
        self_signed(&rig, "server", SERVER_SUBJECT);
        rig.write(&format!("client/certs/{SERVER_HASH}.0"), rig.read("server.crt"));
        issue(&rig, "hsm", CLUSTER_SUBJECT, "ca", "");
        rig.write(SIGNED, rig.read("hsm.crt"));
        issue(
            &rig,
            "own",
            "/CN=application 1",
            "ca",
            "extendedKeyUsage=clientAuth",
        );
        rig
    });
    template.copy()
}

/// `NAME.crt` and `NAME.key`, by openssl.
fn self_signed(rig: &Rig, name: &str, subject: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3000"];
    let files = ["-keyout", &key, "-out", &certificate, "-subj", subject];
    openssl(rig, &[&make[..], &files].concat());
}

/// `NAME.crt` under `AUTHORITY.crt`, with an extension.
fn issue(rig: &Rig, name: &str, subject: &str, authority: &str, extension: &str) {
    let [key, request, certificate] = ["key", "csr", "crt"].map(|kind| format!("{name}.{kind}"));
    let make = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key];
    openssl(rig, &[&make[..], &["-out", &request, "-subj", subject]].concat());
    let [authority, authority_key] = ["crt", "key"].map(|kind| format!("{authority}.{kind}"));
    let issuer = ["-CA", &authority, "-CAkey", &authority_key, "-CAcreateserial"];
    rig.write("extension", extension);
    let sign = [
        "x509",
        "-req",
        "-in",
        &request,
        "-out",
        &certificate,
        "-days",
        "2000",
    ];
    openssl(rig, &[&sign[..], &issuer, &["-extfile", "extension"]].concat());
}

/// Makes `NAME.crt` again with these dates, for the same key and name: under `ca.crt`, or self-signed.
fn redate(rig: &Rig, name: &str, self_signed: bool, from: &str, to: &str) {
    let [key, request, certificate] = ["key", "csr", "crt"].map(|kind| format!("{name}.{kind}"));
    let again = [
        "x509",
        "-x509toreq",
        "-in",
        &certificate,
        "-signkey",
        &key,
        "-out",
        &request,
    ];
    openssl(rig, &again);
    let kind = if name == "ca" {
        "ca\ncert_signing_key\n"
    } else {
        ""
    };
    rig.write(
        "template",
        format!("{kind}activation_date = \"{from}\"\nexpiration_date = \"{to}\"\n"),
    );
    let files = [
        "--load-request",
        &request,
        "--template",
        "template",
        "--outfile",
        &certificate,
    ];
    let issuer: &[&str] = if self_signed {
        &["--generate-self-signed", "--load-privkey", &key]
    } else {
        &[
            "--generate-certificate",
            "--load-ca-certificate",
            "ca.crt",
            "--load-ca-privkey",
            "ca.key",
        ]
    };
    rig.tool("certtool", &[issuer, &files].concat()).ok();
}

/// Checks everything from `desk`, with more arguments.
fn check(rig: &Rig, more: &[&str]) -> Run {
    let all = ["cluster", "check", "--dir", "dir", "--client-dir", "client/certs"];
    rig.json(&[&all[..], more].concat())
}

/// The state of a step, which must exist.
#[track_caller]
fn state(report: &Value, role: &str, step: &str) -> String {
    let steps = report["checks"].as_array().expect("steps");
    let found = steps
        .iter()
        .find(|one| one["component"] == role && one["check"] == step);
    let found = found.unwrap_or_else(|| panic!("no step {role}, {step}: {report:#}"));
    found["state"].as_str().expect("a state").to_owned()
}

/// Role and step of everything in this state.
fn in_state(report: &Value, state: &str) -> Vec<String> {
    let steps = report["checks"].as_array().expect("steps");
    let named = |step: &&Value| step["state"] == state;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    steps
        .iter()
        .filter(named)
        .map(|step| format!("{}: {}", text(&step["component"]), text(&step["check"])))
        .collect()
}

#[test]
fn everything_matches_and_openssl_agrees() {
    let rig = desk();
    for version in ["-tls1_2", "-tls1_3"] {
        let server = TlsServer::start(&rig, "server", None, &[version]);
        let report = check(&rig, &["--connect", server.address(), "--client-cert", "own.crt"])
            .ok()
            .json();
        assert_eq!(report["verified"], true, "{report:#}");
        assert_eq!(report["cluster"], CLUSTER);
        let shown = report["certificates"].as_array().expect("certificates");
        assert_eq!(shown.len(), 4);
        for (role, file) in [
            ("server-certificate", "server.crt"),
            ("client-certificate", "own.crt"),
            ("customer-ca", "ca.crt"),
            ("cluster-certificate", "hsm.crt"),
        ] {
            let found = shown
                .iter()
                .find(|one| one["component"] == role)
                .expect("the certificate");
            let fingerprint = openssl(&rig, &["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
            let fingerprint = fingerprint
                .trim()
                .rsplit('=')
                .next()
                .expect("hex")
                .replace(':', "");
            assert_eq!(found["sha256"], fingerprint.to_lowercase());
        }
        // The handshake was not completed, so nothing was sent inside.
        let said = server.stop();
        assert!(
            !said.contains("CIPHER is") && !said.contains("Client certificate"),
            "{said}"
        );
    }
    let purposes = [("own.crt", "sslclient"), ("hsm.crt", "sslserver")];
    for (file, purpose) in purposes {
        openssl(
            &rig,
            &[
                "verify",
                "-purpose",
                purpose,
                "-CAfile",
                "dir/customerCA.crt",
                file,
            ],
        );
    }
    openssl(
        &rig,
        &[
            "verify",
            "-purpose",
            "sslserver",
            "-CApath",
            "client/certs",
            "server.crt",
        ],
    );
}

#[test]
fn our_certificates_match_and_missing_files_are_named_with_their_command() {
    let rig = ready_authority();
    crate::oracle::make_cluster_request(&rig, "cluster.csr");
    rig.sign("cluster.csr").ok();
    fs::create_dir(rig.path("dir")).expect("a directory");
    rig.write(SIGNED, rig.read("out.crt"));
    rig.write("dir/customerCA.crt", rig.read("customerCA.crt"));
    let report = rig.json(&["cluster", "check", "--dir", "dir"]).ok().json();
    assert_eq!(
        report["verified"],
        Value::Null,
        "what is not checked does not fit yet"
    );
    assert_eq!(
        state(&report, "cluster-certificate", "issued-by-customer-ca"),
        "ok"
    );
    let open = in_state(&report, "not-checked");
    let expected = [
        "client-directory: certificates",
        "server-certificate: certificate",
        "client-certificate: certificate",
    ];
    assert_eq!(open, expected);
    let steps = report["checks"].as_array().expect("steps");
    let missing = steps.iter().filter(|step| step["state"] == "not-checked");
    assert!(
        missing
            .clone()
            .all(|step| step["hint"].as_str().is_some_and(|text| text.contains("--")))
    );
    // Without the cluster's certificate, only the CA is checked.
    fs::remove_file(rig.path(SIGNED)).expect("removed");
    let report = rig.json(&["cluster", "check", "--dir", "dir"]).ok().json();
    assert_eq!(
        state(&report, "cluster-certificate", "certificate"),
        "not-checked"
    );
    assert_eq!(state(&report, "customer-ca", "ca-certificate"), "ok");
}

#[test]
fn a_directory_with_several_clusters_or_none_is_not_guessed_at() {
    let rig = desk();
    let other = "cluster-aaaaaaaaaaa";
    rig.write(
        &format!("dir/{other}_ClusterCertificate.crt"),
        rig.read("server.crt"),
    );
    let message = check(&rig, &[]).refused(2, "usage");
    assert!(message.contains(CLUSTER) && message.contains(other) && message.contains("--cluster"));
    check(&rig, &["--cluster", CLUSTER]).ok();
    assert_eq!(check(&rig, &["--cluster", other]).code, Some(3));
    check(&rig, &["--cluster", "cluster-bbbbbbbbbbb"]).refused(2, "no-cluster-files");
    check(&rig, &["--cluster", "hello"]).refused(2, "no-cluster-files");
    rig.json(&["cluster", "check", "--dir", "client"])
        .refused(2, "no-cluster-files");
    rig.json(&["cluster", "check", "--dir", "nosuch"])
        .refused(2, "unreadable-file");
    let nosuch = [
        "cluster",
        "check",
        "--dir",
        "dir",
        "--cluster",
        CLUSTER,
        "--client-dir",
        "nosuch",
    ];
    rig.json(&nosuch).refused(2, "unreadable-file");
    // The certificate from AWS and the signed one should be the same.
    rig.write(
        &format!("dir/{CLUSTER}_ClusterCertificate.crt"),
        rig.read("own.crt"),
    );
    let report = check(&rig, &["--cluster", CLUSTER]).json();
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("different")
    );
    rig.write("dir/customerCA.crt", "hello");
    check(&rig, &["--cluster", CLUSTER]).refused(3, "malformed");
}
