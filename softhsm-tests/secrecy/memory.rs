//! Searches the program's memory for a private key that it imported. The token is in another process, so any find belongs to the program.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hsm_ca::kms::KeyPairFile;
use hsm_ca::secret::{MemoryGuard, PrivateKeyDer, PrivateKeyParts};
use hsm_ca::signer::Hex;
use remote_token::scan::Memory;
use rustix::process::Signal;

use crate::harness::{Reporting, Rig, TokenKind, example, signal};
use crate::oracle::openssl;

/// A private key in one of the forms that could remain in memory.
struct Form {
    name: String,
    bytes: Vec<u8>,
}

/// The private key of `pair.json`: its numbers one by one, the PKCS#8 around them and its base64 at all three alignments, each in
/// both byte orders.
fn forms_of_the_private_key(rig: &Rig) -> Vec<Form> {
    let base64 = rig.decrypt_with_aws_cli();
    rig.write("plaintext.b64", &base64);
    let decode = [
        "base64",
        "-d",
        "-A",
        "-in",
        "plaintext.b64",
        "-out",
        "plaintext.der",
    ];
    openssl(rig, &decode);
    let der = rig.read("plaintext.der");
    for name in ["plaintext.der", "plaintext.b64"] {
        fs::remove_file(rig.path(name)).expect("removed");
    }
    let pair = KeyPairFile::read(&rig.read("pair.json")).expect("a pair");
    let guard = MemoryGuard::engage().expect("locked memory");
    let key = PrivateKeyDer::take(&guard, &mut der.clone()).expect("locked memory");
    let key = key.check(&pair.public_key).expect("the pair's private key");
    let secrets: Vec<(&str, Vec<u8>)> = match key.parts().expect("its numbers") {
        PrivateKeyParts::Rsa([_, _, d, p, q, dp, dq, qinv]) => {
            let names = ["d", "p", "q", "dP", "dQ", "qInv"];
            names
                .into_iter()
                .zip([d, p, q, dp, dq, qinv].map(<[u8]>::to_vec))
                .collect()
        }
        PrivateKeyParts::Ec(_, scalar) => vec![("d", scalar.to_vec())],
        PrivateKeyParts::Ed25519(seed) => vec![("seed", seed.to_vec())],
    };
    let position = |part: &[u8]| {
        der.windows(part.len())
            .position(|window| window == part)
            .expect("in the DER")
    };
    let from = secrets
        .iter()
        .map(|(_, part)| position(part))
        .min()
        .expect("a number");
    let to = secrets
        .iter()
        .map(|(_, part)| position(part) + part.len())
        .max()
        .expect("a number");
    let mut forms: Vec<Form> = secrets
        .into_iter()
        .map(|(name, bytes)| Form {
            name: name.to_owned(),
            bytes,
        })
        .collect();
    forms.push(Form {
        name: "PKCS#8".to_owned(),
        bytes: der[from..to].to_vec(),
    });
    for alignment in 0..3 {
        // Only whole groups of three secret bytes: those at the ends hold public bytes too.
        let whole = &der[from + alignment..to];
        let whole = &whole[..whole.len() / 3 * 3];
        rig.write("secret.bin", whole);
        let text = rig
            .tool("openssl", &["base64", "-A", "-in", "secret.bin"])
            .ok()
            .stdout;
        fs::remove_file(rig.path("secret.bin")).expect("removed");
        forms.push(Form {
            name: format!("base64, alignment {alignment}"),
            bytes: text.trim().as_bytes().to_vec(),
        });
    }
    let backwards: Vec<Form> = forms
        .iter()
        .map(|form| Form {
            name: format!("{}, backwards", form.name),
            bytes: form.bytes.iter().rev().copied().collect(),
        })
        .collect();
    forms.extend(backwards);
    forms
}

/// The forms found in memory, with the number of consecutive bytes of each.
fn found(memory: &Memory, forms: &[Form]) -> Vec<(String, usize)> {
    let secrets: Vec<&[u8]> = forms.iter().map(|form| form.bytes.as_slice()).collect();
    let runs = memory.longest_runs(&secrets);
    let named = forms.iter().map(|form| form.name.clone()).zip(runs);
    named.filter(|(_, run)| *run > 0).collect()
}

/// Asserts that the scan works: it finds the key identifier, which the process is about to report.
fn assert_the_scan_sees(memory: &Memory, rig: &Rig) {
    let pair = KeyPairFile::read(&rig.read("pair.json")).expect("a pair");
    let identifier = Hex(&pair.public_key.key_identifier()).to_string();
    assert_eq!(
        memory.longest_run(identifier.as_bytes()),
        identifier.len(),
        "the scan does not see what is being reported"
    );
}

const PLAINTEXT_ROUTES: [(TokenKind, &str); 4] = [
    (TokenKind::SoftHsm, "oaep-aes-kwp"),
    (TokenKind::Kryoptic, "oaep-aes-kwp"),
    (TokenKind::CloudHsm, "rsa-aes-key-wrap"),
    (TokenKind::Kryoptic, "create-object"),
];

#[test]
fn after_each_route_nothing_of_the_key_is_left_in_memory() {
    for (kind, route) in PLAINTEXT_ROUTES {
        for spec in ["RSA_2048", "ECC_NIST_P256"] {
            let rig = Rig::of(kind).with_pair(spec);
            let forms = forms_of_the_private_key(&rig);
            let _token = rig.start_remote_token();
            let mut command = rig.prepare(&[
                "kms",
                "import",
                "pair.json",
                "--label",
                "customer-ca",
                "--route",
                route,
            ]);
            rig.use_remote_token(&mut command);
            let mut program = Reporting::start(command);
            program.wait_until_reporting();
            let memory = Memory::of(program.id()).expect("its memory");
            assert_the_scan_sees(&memory, &rig);
            assert_eq!(found(&memory, &forms), [], "{kind:?} {route} {spec}");
            assert!(
                program.finish().contains("Imported the key"),
                "{kind:?} {route} {spec}"
            );
        }
    }
}

#[test]
fn on_the_sealed_route_nothing_of_the_key_is_in_memory_at_any_time() {
    for spec in ["RSA_2048", "ECC_NIST_P384"] {
        let rig = Rig::of(TokenKind::Kryoptic).with_pair(spec);
        rig.command(&["kms", "recipient-key", "--out", "recipient.pem"])
            .ok();
        rig.attest(&[]);
        let forms = forms_of_the_private_key(&rig);
        let _token = rig.start_remote_token();
        let import = [
            "kms",
            "import",
            "pair.json",
            "--label",
            "customer-ca",
            "--attestation-document",
            "document",
        ];
        let mut command = rig.prepare(&import);
        rig.use_slow_remote_token(&mut command);
        let mut program = Reporting::start(command);
        let (mut samples, began) = (0, Instant::now());
        loop {
            sleep(Duration::from_millis(1));
            let last = program.is_reporting();
            // The process is stopped while it is read, so that a sample is one moment. It stays stopped while the sample is searched: on a busy
            // machine it would otherwise end after a few samples.
            signal(program.id(), Signal::STOP);
            let memory = Memory::of(program.id());
            let secrets = memory.as_ref().map(|memory| found(memory, &forms));
            signal(program.id(), Signal::CONT);
            if let (Ok(memory), Ok(secrets)) = (&memory, secrets) {
                assert_eq!(secrets, [], "sample {samples} of {spec}");
                samples += 1;
                if last {
                    assert_the_scan_sees(memory, &rig);
                    break;
                }
            }
            assert!(
                began.elapsed() < Duration::from_secs(300),
                "it does not come to an end"
            );
        }
        println!("{spec}: {samples} samples in {:?}", began.elapsed());
        assert!(samples >= 10, "{samples} samples are too few");
        assert!(
            program
                .finish()
                .contains("sealed: nothing outside KMS and the token")
        );
    }
}

/// The published recipe: KMS's answer through a pipe into openssl.
#[test]
fn the_scan_finds_the_key_in_the_openssl_pipe() {
    let rig = Rig::new().with_pair("RSA_2048");
    let forms = forms_of_the_private_key(&rig);
    rig.write("plaintext.b64", rig.decrypt_with_aws_cli());
    let pipe = "openssl base64 -d -A -in plaintext.b64 | exec openssl req -new -x509 -subj /CN=x -days 1 -key /dev/stdin -keyform DER";
    let shell = rig.prepare_tool("bash", &["-c", pipe]);
    let mut program = Reporting::start(shell);
    // bash waits; the last part of the pipe is its child.
    let signing = child_that_reports(&mut program);
    let memory = Memory::of(signing).expect("its memory");
    let found = found(&memory, &forms);
    fs::remove_file(rig.path("plaintext.b64")).expect("removed");
    assert!(
        found.len() >= 3,
        "the scan finds only {found:?} where openssl signs with the key"
    );
    program.finish();
}

/// The child of the shell that waits for its reader.
fn child_that_reports(shell: &mut Reporting) -> u32 {
    for _ in 0..1000 {
        let children =
            fs::read_to_string(format!("/proc/{0}/task/{0}/children", shell.id())).unwrap_or_default();
        for child in children.split_whitespace() {
            let waits_in = fs::read_to_string(format!("/proc/{child}/wchan")).unwrap_or_default();
            if waits_in.contains("pipe_write") {
                return child.parse().expect("a number");
            }
        }
        sleep(Duration::from_millis(10));
    }
    panic!("openssl did not come to write");
}

/// The same library in a program without the wiping allocator.
#[test]
fn the_scan_finds_the_key_in_a_leaky_build() {
    let rig = Rig::new().with_pair("RSA_2048");
    let forms = forms_of_the_private_key(&rig);
    let _token = rig.start_remote_token();
    let mut command = rig.prepare_tool(example("leaky-import"), &[]);
    rig.use_remote_token(&mut command);
    let mut program = Reporting::start(command);
    program.wait_until_reporting();
    let memory = Memory::of(program.id()).expect("its memory");
    let found = found(&memory, &forms);
    assert!(
        !found.is_empty(),
        "the scan finds nothing in a program that wipes nothing"
    );
    program.finish();
}
