//! Requests in UTF-16, with a byte-order mark, or in the output of the AWS CLI; and short errors for other files.

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_cluster_request, openssl};

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Our view of a request's subject and key agrees with openssl's.
#[track_caller]
fn assert_read(rig: &Rig, file: &str, fingerprint: &str) {
    let shown = rig.json(&["csr", "show", file]).ok().json();
    assert_eq!(shown["sha256"], fingerprint, "{file}");
    assert_eq!(shown["signature_verified"], true, "{file}");
}

#[test]
fn a_request_is_read_in_every_wrapping() {
    let rig = ready_authority();
    make_cluster_request(&rig, "plain.csr");
    let pem = String::from_utf8(rig.read("plain.csr")).expect("ASCII");
    let fingerprint = rig.json(&["csr", "show", "plain.csr"]).ok().json()["sha256"]
        .as_str()
        .expect("hex")
        .to_owned();
    let windows = pem
        .replace('\n', "\r\n")
        .replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    for (name, bytes) in [
        (
            "le",
            [&[0xff, 0xfe][..], &utf16(&windows, u16::to_le_bytes)].concat(),
        ),
        (
            "be",
            [&[0xfe, 0xff][..], &utf16(&windows, u16::to_be_bytes)].concat(),
        ),
        ("le-no-mark", utf16(&windows, u16::to_le_bytes)),
        ("be-no-mark", utf16(&windows, u16::to_be_bytes)),
        ("mark", [&[0xef, 0xbb, 0xbf][..], windows.as_bytes()].concat()),
    ] {
        rig.write(name, bytes);
        assert_read(&rig, name, &fingerprint);
    }
    // The output of `aws cloudhsmv2 describe-clusters` has the request among certificates.
    openssl(&rig, &["x509", "-in", "customerCA.crt", "-out", "hardware.pem"]);
    let certificate = String::from_utf8(rig.read("hardware.pem")).expect("ASCII");
    let script = r#"
import json, sys, yaml
csr, certificate = open("plain.csr").read(), open("hardware.pem").read()
one = {"Certificates": {"AwsHardwareCertificate": certificate, "ClusterCsr": csr, "HsmCertificate": certificate}, "State": "UNINITIALIZED"}
all = {"Clusters": [one]}
write = lambda name, text: open(name, "w").write(text)
write("output.json", json.dumps(all, indent=4))
write("cluster.json", json.dumps(one))
write("list.json", json.dumps([csr]))
write("string.json", json.dumps(csr))
write("escaped.json", json.dumps(all).replace("+", "\\u002b").replace("/", "\\/"))
write("output.yaml", yaml.safe_dump(all))
write("literal.yaml", yaml.safe_dump(all, default_style="|"))
write("double.yaml", yaml.safe_dump(all, default_style='"'))
write("two.json", json.dumps({"Clusters": [one, one]}))
write("no-request.json", json.dumps({"Clusters": [{"Certificates": {"HsmCertificate": certificate}}]}))
write("output.csv", "a;b\n1;2\n")
write("page.html", "<html></html>")
write("bare.b64", "".join(csr.splitlines()[1:-1]))
write("dash.csr", csr.replace("\nM", "\n\u2013", 1))
"#;
    rig.tool(crate::harness::python_tool("python3"), &["-c", script])
        .ok();
    assert!(!certificate.is_empty());
    for name in [
        "output.json",
        "cluster.json",
        "list.json",
        "string.json",
        "escaped.json",
        "output.yaml",
        "literal.yaml",
        "double.yaml",
    ] {
        assert_read(&rig, name, &fingerprint);
    }
    let output = utf16(
        &String::from_utf8(rig.read("output.json")).expect("ASCII"),
        u16::to_le_bytes,
    );
    rig.write("powershell.json", [&[0xff, 0xfe][..], &output].concat());
    assert_read(&rig, "powershell.json", &fingerprint);
    rig.sign("powershell.json").ok();
    for (name, says) in [
        ("no-request.json", "it is JSON"),
        ("output.csv", "it is text"),
        ("page.html", "it is XML"),
        ("bare.b64", "it is base64 without its BEGIN line"),
        ("dash.csr", "U+2013 in its line 2 is not base64"),
    ] {
        let run = rig.json(&["csr", "show", name]);
        let message = run.refused(3, "malformed");
        assert!(message.contains(says), "{name}: {message}");
    }
    let two = rig.json(&["csr", "show", "two.json"]).refused(3, "several-pem");
    assert!(two.contains("2 PEM blocks"), "{two}");
    // Trusted certificates are not read from such a file.
    rig.json(&["cert", "show", "output.json"]).refused(3, "malformed");
    let half = [&[0xff, 0xfe][..], &output, &[0]].concat();
    rig.write("half", half);
    let message = rig.json(&["csr", "show", "half"]).refused(3, "malformed");
    assert!(message.contains("UTF-16"), "{message}");
}
