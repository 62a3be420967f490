//! The files of docs/publication: the units' commands publish, nginx serves, and independent clients fetch.

use std::fs;

use super::{make_signer, revoke};
use crate::harness::{Rig, Run, WebServer, ready_authority};
use crate::oracle::{make_request, openssl};

const UNITS: [(&str, &str); 4] = [
    (
        "hsm-ca-crl.service",
        include_str!("../../../docs/publication/hsm-ca-crl.service"),
    ),
    (
        "hsm-ca-crl.timer",
        include_str!("../../../docs/publication/hsm-ca-crl.timer"),
    ),
    (
        "hsm-ca-ocsp.service",
        include_str!("../../../docs/publication/hsm-ca-ocsp.service"),
    ),
    (
        "hsm-ca-ocsp.timer",
        include_str!("../../../docs/publication/hsm-ca-ocsp.timer"),
    ),
];

const SITE: &str = include_str!("../../../docs/publication/nginx.conf");

/// Requests whose base64 ends in `/`, and in several.
const SLASHES: [&str; 2] = [
    "555555555555555555555555555555555555553f",
    "5555555555555555555555555555ffffffffffff",
];

/// Certificates `good.crt` and `revoked.crt` that name the responder and the CRL at this port.
fn rig_at(port: u16) -> Rig {
    let rig = ready_authority();
    rig.write(
        "web.toml",
        format!(
            "name = \"web\"\nrole = \"leaf\"\ndays = 90\nkeys = [\"ec:p256\"]\nkey-usage = [\"digitalSignature\"]\nextended-key-usage = [\"serverAuth\"]\n\
             crl-urls = [\"http://127.0.0.1:{port}/ca.crl\"]\nocsp-urls = [\"http://127.0.0.1:{port}/ocsp\"]\n\n\
             [subject-alternative-name]\nfrom-request = [\"dns\"]\nrequired = true\nwildcards = false\n"
        ),
    );
    for name in ["good", "revoked"] {
        let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
        let names = [
            "-subj",
            "/CN=a.example",
            "-addext",
            "subjectAltName=DNS:a.example",
        ];
        make_request(
            &rig,
            &request,
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            &names,
        );
        let sign = [
            "csr",
            "sign",
            &request,
            "--ca",
            "customerCA.crt",
            "--profile",
            "./web.toml",
        ];
        rig.json(&[&sign[..], &["--out", &out]].concat()).ok();
    }
    let lines = SLASHES.map(|serial| format!("V\t350101000000Z\t\t{serial}\tunknown\t/O=Test\n"));
    rig.write("index.txt", lines.concat());
    rig.command(&["ca", "adopt", "customerCA.crt", "--revoked", "index.txt"])
        .ok();
    rig
}

/// The command of a unit, with the paths of the rig and the PIN as a systemd credential.
fn start_unit(rig: &Rig, unit: &str) -> Run {
    let (_, text) = UNITS.iter().find(|(name, _)| *name == unit).expect("a unit");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/hsm-ca "));
    let line = line
        .expect("a command")
        .replace("/etc/hsm-ca/ca.crt", "customerCA.crt")
        .replace("/etc/hsm-ca/ocsp.crt", "signer.crt")
        .replace("/srv/pki", "srv");
    assert!(!line.contains("/etc") && !line.contains("/srv"), "{line}");
    let mut command = rig.prepare(&line.split_whitespace().collect::<Vec<_>>());
    assert!(text.contains("LoadCredential=token-pin:"));
    command
        .env("HSM_CA_PIN_SOURCE", "credential:token-pin")
        .env("CREDENTIALS_DIRECTORY", rig.path("credentials"));
    Run::of(&mut command)
}

#[test]
fn systemd_accepts_the_units() {
    let rig = ready_authority();
    let mut names = Vec::new();
    for (name, text) in UNITS {
        // Only the program has another path.
        rig.write(name, text.replace("/usr/bin/hsm-ca", "/usr/bin/true"));
        names.push(name);
    }
    let run = rig
        .tool("systemd-analyze", &[&["verify"][..], &names].concat())
        .ok();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let limit = ["security", "--offline=yes", "--threshold=20"];
    for service in ["hsm-ca-crl.service", "hsm-ca-ocsp.service"] {
        rig.tool("systemd-analyze", &[&limit[..], &[service]].concat())
            .ok();
    }
}

#[test]
fn nginx_serves_the_published_files_to_openssl_and_java() {
    let port = WebServer::free_port();
    let rig = rig_at(port);
    make_signer(&rig, "ec:p256");
    revoke(&rig, "revoked.crt", "superseded");
    for directory in ["srv", "srv/ocsp", "credentials"] {
        fs::create_dir(rig.path(directory)).expect("a directory");
    }
    rig.write("credentials/token-pin", rig.pin());
    for unit in ["hsm-ca-crl.service", "hsm-ca-ocsp.service"] {
        start_unit(&rig, unit).ok();
        // The timer starts it again.
        start_unit(&rig, unit).ok();
    }
    let root = rig.path("srv");
    let site = SITE
        .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
        .replace("/srv/pki", root.to_str().expect("UTF-8"));
    let _server = WebServer::start(&rig, &site, port);
    let here = |file: &str| {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ocsp/publish/");
        format!("{directory}{file}")
    };
    let (url, crl) = (
        format!("http://127.0.0.1:{port}/ocsp/"),
        format!("http://127.0.0.1:{port}/ca.crl"),
    );
    let slashes = SLASHES.map(|serial| format!("0x{serial}=good"));
    let asked = [
        &url,
        &crl,
        "good.crt=good",
        "revoked.crt=revoked",
        &slashes[0],
        &slashes[1],
    ];
    rig.tool("python3", &[&[here("get.py").as_str()][..], &asked].concat())
        .ok();
    let java = rig.tool(
        "java",
        &[&here("Check.java"), "customerCA.crt", "good.crt", "revoked.crt"],
    );
    assert_eq!(java.ok().stdout, "good.crt good\nrevoked.crt REVOKED\n");
    // The served CRL has the same status.
    openssl(
        &rig,
        &["crl", "-in", "got.crl", "-inform", "DER", "-out", "got.pem"],
    );
    let check = [
        "verify",
        "-crl_check",
        "-CAfile",
        "customerCA.crt",
        "-CRLfile",
        "got.pem",
    ];
    openssl(&rig, &[&check[..], &["good.crt"]].concat());
    let refused = rig.tool("openssl", &[&check[..], &["revoked.crt"]].concat());
    assert!(refused.stderr.contains("certificate revoked"), "{refused:?}");
}
