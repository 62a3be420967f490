//! `cert show` and `csr show`: they agree with openssl, and are readable at any width.

mod chain;

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::Rig;
use crate::oracle::{P256, issue, make_request, openssl};

const LEAF: &str = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
    subjectAltName=DNS:www.example.com,DNS:a-rather-long-name.of-a-service.example.com,IP:192.0.2.1,dirName:d,RID:1.2.3,\
    otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@example.com\n\
    certificatePolicies=1.2.3.4,@p\ncrlDistributionPoints=URI:http://crl.example.com/example-issuing-ca-1.crl\n\
    authorityInfoAccess=OCSP;URI:http://ocsp.example.com,caIssuers;URI:http://example.com/ca.crt\n1.2.3.4.5.6=critical,ASN1:UTF8:hello\n\
    [d]\nC=US\nCN=dir name\n[p]\npolicyIdentifier=1.2.3.5\nCPS.1=http://example.com/cps\n";

/// `root.crt`, `sub.crt` and `leaf.crt`, by openssl.
fn rig_with_chain() -> Rig {
    let rig = Rig::new();
    let root = [
        "req",
        "-x509",
        "-nodes",
        "-keyout",
        "root.key",
        "-out",
        "root.crt",
        "-subj",
        "/C=US/O=Example, Inc./CN=Root",
        "-days",
        "3650",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ];
    openssl(&rig, &[&root[..], &["-newkey", "rsa:2048"]].concat());
    let authority = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n";
    issue(&rig, "sub", "root", "/O=Example, Inc./CN=Sub", "90", authority);
    issue(&rig, "leaf", "sub", "/CN=www.example.com", "20", LEAF);
    rig
}

fn bundle(rig: &Rig, name: &str, parts: &[&str]) {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| rig.read(&format!("{part}.crt")))
        .collect();
    rig.write(name, parts.concat());
}

/// One value that openssl prints, without its name.
fn ask(rig: &Rig, file: &str, options: &[&str]) -> String {
    let said = openssl(rig, &[&["x509", "-in", file, "-noout"], options].concat());
    said.trim().split_once('=').expect("a value").1.to_owned()
}

#[test]
fn every_field_agrees_with_openssl() {
    let rig = rig_with_chain();
    for file in ["root.crt", "sub.crt", "leaf.crt"] {
        let shown = rig.json(&["cert", "show", file]).ok().json();
        let fingerprint = ask(&rig, file, &["-fingerprint", "-sha256"])
            .replace(':', "")
            .to_lowercase();
        assert_eq!(shown["sha256"], fingerprint);
        assert_eq!(
            shown["serial_number"],
            ask(&rig, file, &["-serial"]).to_lowercase()
        );
        for (ours, theirs) in [("subject", "-subject"), ("issuer", "-issuer")] {
            assert_eq!(shown[ours], ask(&rig, file, &[theirs, "-nameopt", "RFC2253"]));
        }
        for (ours, theirs) in [("not_before", "-startdate"), ("not_after", "-enddate")] {
            let theirs = ask(&rig, file, &[theirs, "-dateopt", "iso_8601"]).replace(' ', "T");
            assert_eq!(shown[ours], theirs);
        }
        let key = openssl(&rig, &["x509", "-in", file, "-noout", "-pubkey"]);
        rig.write("key.pem", key);
        openssl(
            &rig,
            &[
                "pkey", "-pubin", "-in", "key.pem", "-outform", "DER", "-out", "key.der",
            ],
        );
        let pin = openssl(&rig, &["dgst", "-sha256", "-r", "key.der"]);
        assert!(
            pin.starts_with(shown["public_key_sha256"].as_str().expect("a digest")),
            "{pin}"
        );
        let identifier = openssl(
            &rig,
            &["x509", "-in", file, "-noout", "-ext", "subjectKeyIdentifier"],
        );
        let identifier = identifier
            .lines()
            .nth(1)
            .expect("a value")
            .trim()
            .replace(':', "")
            .to_lowercase();
        assert_eq!(shown["key_identifier"], identifier);
        assert_eq!(shown["subject_key_identifier"], identifier);
        assert_eq!(shown["sha256_words"], words_of(&fingerprint));
        assert_eq!(shown["validity"], "valid");
        // The text has the same.
        let text = rig.command(&["cert", "show", file]).ok().stdout;
        for fact in [
            "sha256",
            "serial_number",
            "not_before",
            "not_after",
            "key_identifier",
            "key_type",
        ] {
            assert!(
                text.contains(shown[fact].as_str().expect("text")),
                "{fact}: {text}"
            );
        }
        let words: Vec<_> = text
            .split_once("in words")
            .expect("words")
            .1
            .split_whitespace()
            .collect();
        assert_eq!(json!(words.join(" ")), shown["sha256_words"]);
    }
}

/// The words from the list in the source, without the program. A unit test checks the list itself.
fn words_of(hex: &str) -> String {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/values/word_list.txt");
    let list = fs::read_to_string(list).expect("the list");
    let pairs: Vec<Vec<_>> = list.lines().map(|line| line.split(' ').collect()).collect();
    let byte = |index: usize| usize::from_str_radix(&hex[2 * index..2 * index + 2], 16).expect("hex");
    let words: Vec<_> = (0..hex.len() / 2)
        .map(|index| pairs[byte(index)][index % 2])
        .collect();
    words.join(" ")
}

/// On a terminal there are colours, and lines end at its edge unless a word is longer.
fn on_a_terminal(rig: &Rig, columns: usize, no_color: bool, arguments: &str) -> String {
    let color = if no_color { "NO_COLOR=1" } else { "NO_COLOR=" };
    let shell = format!(
        "stty cols {columns}; env {color} LC_ALL=C.UTF-8 {} {arguments}",
        crate::harness::PROGRAM
    );
    let said = rig.tool("script", &["-qec", &shell, "/dev/null"]).ok().stdout;
    said.replace('\r', "")
}

#[test]
fn it_is_plain_in_a_pipe_and_fits_a_terminal_of_any_width() {
    let rig = rig_with_chain();
    bundle(&rig, "bundle.pem", &["leaf", "sub", "root"]);
    let plain = rig.command(&["cert", "show", "bundle.pem"]).ok().stdout;
    assert!(plain.is_ascii() && !plain.contains('\u{1b}'), "{plain}");
    for columns in [60, 80, 120] {
        let text = on_a_terminal(&rig, columns, true, "cert show bundle.pem");
        assert!(!text.contains('\u{1b}') && text.contains("└─ "), "{text}");
        for line in text.lines() {
            let is_one_word = line.split_whitespace().count() <= 2 && line.contains("example.com");
            assert!(
                line.chars().count() <= columns || is_one_word,
                "{columns}: {line}"
            );
            assert_eq!(line, line.trim_end());
        }
    }
    let coloured = on_a_terminal(&rig, 80, false, "cert show bundle.pem");
    assert!(coloured.contains("\u{1b}[32mverifies under [2]"), "{coloured}");
    assert!(coloured.contains("\u{1b}[33m2"), "20 days are few: {coloured}");
}

#[test]
fn extensions_have_readable_names_and_values() {
    let rig = rig_with_chain();
    let text = rig.command(&["cert", "show", "leaf.crt"]).ok().stdout;
    let wanted = [
        "TLS server certificate, X.509 v3\n\nsubject         CN=www.example.com\nissuer          CN=Sub\n                O=Example\\, Inc.\n",
        "  keyUsage                critical, digitalSignature\n",
        "IP:192.0.2.1, dirName:CN=dir name,C=US, RID:1.2.3, upn:user@example.com\n",
        "  certificatePolicies     1.2.3.4, 1.2.3.5 (CPS http://example.com/cps)\n",
        "  authorityInfoAccess     ocsp URI:http://ocsp.example.com, caIssuers URI:http://example.com/ca.crt\n",
        "  1.2.3.4.5.6             critical, unknown extension: 0c0568656c6c6f\n",
        " days left)\n",
    ];
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    let text = rig.command(&["cert", "show", "root.crt"]).ok().stdout;
    assert!(
        text.starts_with("Root CA certificate, X.509 v3\n\nsubject         CN=Root\n"),
        "{text}"
    );
    assert!(
        text.contains("issuer          itself (self-signed, and the signature verifies)\n"),
        "{text}"
    );
    assert!(
        text.contains("key             RSA 2048, exponent 65537\n"),
        "{text}"
    );
}

#[test]
fn expired_and_future_dates_are_reported() {
    let rig = Rig::new();
    make_request(&rig, "x.csr", P256, &["-subj", "/CN=x"]);
    let configuration = "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n\
        policy=any\nunique_subject=no\n[any]\ncommonName=supplied\n";
    rig.write("ca.cnf", configuration);
    rig.write("index.txt", "");
    rig.write("serial", "01\n");
    for (from, to, word, state) in [
        ("20200101000000Z", "20210101000000Z", "(EXPIRED ", "expired"),
        (
            "20990101000000Z",
            "21000101000000Z",
            "(NOT YET: in ",
            "not-yet-valid",
        ),
    ] {
        let sign = [
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-selfsign",
            "-keyfile",
            "request.key",
            "-in",
            "x.csr",
            "-out",
            "x.crt",
            "-startdate",
            from,
            "-enddate",
            to,
            "-notext",
        ];
        openssl(&rig, &sign);
        let text = rig.command(&["cert", "show", "x.crt"]).ok().stdout;
        assert!(text.contains(word), "{text}");
        let shown = rig.json(&["cert", "show", "x.crt"]).ok().json();
        assert_eq!(shown["validity"], state);
        assert_eq!(shown["days_left"].as_i64().expect("days") < 0, state == "expired");
    }
}

/// A terminal escape, a mark that reverses the text direction, and a line feed.
#[test]
fn a_name_cannot_move_the_cursor_or_reverse_the_line() {
    let rig = Rig::new();
    let subject = "/CN=good\u{1b}[2J\u{202e}moc.live\n\u{7}x";
    let root = [
        "req", "-x509", "-utf8", "-nodes", "-keyout", "x.key", "-out", "x.crt", "-subj", subject,
    ];
    let names = "subjectAltName=URI:http://a\u{1b}[31mb,DNS:\u{1b}[2Jx";
    openssl(&rig, &[&root[..], P256, &["-addext", names]].concat());
    make_request(
        &rig,
        "x.csr",
        P256,
        &["-utf8", "-subj", subject, "-addext", names],
    );
    rig.write("two.pem", [rig.read("x.crt"), rig.read("x.crt")].concat());
    for command in [
        ["cert", "show", "x.crt"],
        ["cert", "show", "two.pem"],
        ["csr", "show", "x.csr"],
    ] {
        for text in [
            rig.command(&command).ok().stdout,
            on_a_terminal(&rig, 80, true, &command.join(" ")),
        ] {
            let strange =
                |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
            assert!(!text.contains(strange), "{text:?}");
            assert!(
                text.contains("CN=good\\1B[2J\\E2\\80\\AEmoc.live\\0A\\07x\n"),
                "{text}"
            );
            assert!(text.contains("URI:http://a\\1B[31mb, DNS:\\1B[2Jx"), "{text}");
        }
        let shown = rig.json(&command).ok().stdout;
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{shown}"
        );
    }
}

#[test]
fn csr_show_reports_the_requested_extensions_and_the_faults() {
    let rig = Rig::new();
    let more = [
        "-subj",
        "/O=Example/CN=www.example.com",
        "-addext",
        "subjectAltName=DNS:www.example.com",
        "-addext",
        "keyUsage=critical,digitalSignature",
    ];
    make_request(&rig, "good.csr", P256, &more);
    let text = rig.command(&["csr", "show", "good.csr"]).ok().stdout;
    for wanted in [
        "Certification request\n\nsubject         CN=www.example.com\n                O=Example\n",
        "signature       valid: the requester has the private key\n",
        "asks for\n  subjectAltName  DNS:www.example.com\n  keyUsage        critical, digitalSignature\n",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    let shown = rig.json(&["csr", "show", "good.csr"]).ok().json();
    openssl(
        &rig,
        &["req", "-in", "good.csr", "-outform", "DER", "-out", "good.der"],
    );
    let digest = openssl(&rig, &["dgst", "-sha256", "-r", "good.der"]);
    let sha256 = shown["sha256"].as_str().expect("a digest");
    assert!(digest.starts_with(sha256), "{digest}");
    assert_eq!(shown["sha256_words"], words_of(sha256));
    // The key's hash and its words are those that the script of a ceremony has: its first 24 octets.
    let key = openssl(&rig, &["req", "-in", "good.csr", "-noout", "-pubkey"]);
    rig.write("good.pub", key);
    openssl(
        &rig,
        &[
            "pkey", "-pubin", "-in", "good.pub", "-outform", "DER", "-out", "pub.der",
        ],
    );
    let digest = openssl(&rig, &["dgst", "-sha256", "-r", "pub.der"]);
    let of_key = shown["public_key_sha256"].as_str().expect("a digest");
    assert!(digest.starts_with(of_key), "{digest}");
    assert_eq!(shown["public_key_sha256_words"], words_of(&of_key[..48]));
    let (request, key) = text
        .split_once("SHA-256 of the key: compare these words in a ceremony\n")
        .expect("two hashes");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(request.contains("SHA-256 of the request (DER)\n"), "{text}");
    assert!(
        flat(request).ends_with(&format!("in words {}", words_of(sha256))),
        "{text}"
    );
    assert!(
        flat(key).ends_with(&format!("in words {}", words_of(&of_key[..48]))),
        "{text}"
    );
    // Other attributes: a name is shown, a password is not.
    let configuration = "[req]\ndistinguished_name=dn\nattributes=more\nprompt=no\n[dn]\nCN=x\n\
        [more]\nchallengePassword=sesame-open\nunstructuredName=a name\n";
    rig.write("req.cnf", configuration);
    openssl(
        &rig,
        &[
            "req",
            "-new",
            "-key",
            "request.key",
            "-config",
            "req.cnf",
            "-out",
            "more.csr",
        ],
    );
    let text = rig.command(&["csr", "show", "more.csr"]).ok().stdout;
    assert!(
        text.contains("other attributes\n") && text.contains("a name\n"),
        "{text}"
    );
    assert!(!text.contains("sesame"), "{text}");
    let weak = ["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"];
    make_request(&rig, "weak.csr", &weak, &[]);
    let text = rig.command(&["csr", "show", "weak.csr"]).ok().stdout;
    assert!(
        text.contains(
            "key             RSA 2048, exponent 3\n                WEAK: the public exponent is below 65537\n"
        ),
        "{text}"
    );
    let mut der = rig.read("good.der");
    *der.last_mut().expect("a byte") ^= 1;
    rig.write("bent.der", der);
    let text = rig.command(&["csr", "show", "bent.der"]).ok().stdout;
    assert!(text.contains("signature       REFUSED: "), "{text}");
}
