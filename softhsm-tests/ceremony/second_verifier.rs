//! `verify.py`, written from docs/ceremony-format.md, agrees on every sound and every broken file.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use hsm_ca::ceremony::{Digest, SshSignature, Transcript, TranscriptFile, from_canonical};
use hsm_ca::values::UnixTime;
use serde_json::{Value, json};

use super::ssh_keygen::{MESSAGE, NAMESPACE, key, sign};
use crate::harness::python_tool;

/// The answer of the second verifier for each case.
pub(super) fn ask(cases: &[Value]) -> Vec<String> {
    const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/softhsm-tests/ceremony/verify.py");
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let answers = ask_python(&[VERIFIER], lines);
    let answers: Vec<_> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// The answers of a Python program to these lines.
pub(super) fn ask_python(arguments: &[&str], lines: String) -> String {
    let mut python = Command::new(python_tool("python"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut stdin = python.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("answers");
    writer.join().expect("a thread").expect("written");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The verdicts about one file: ours, and the case for the second verifier.
struct Cases(Vec<(String, Value)>);

impl Cases {
    fn canonical(&mut self, bytes: &[u8]) {
        let ours = match from_canonical::<Value>(bytes) {
            Ok(_) => "ok".to_owned(),
            Err(_) => "refused".to_owned(),
        };
        self.0
            .push((ours, json!({"what": "canonical", "hex": hex::encode(bytes)})));
    }

    fn signature(&mut self, armour: &[u8], message: &[u8]) {
        let ours = match SshSignature::verify(armour, NAMESPACE, message) {
            Ok(signature) => format!("ok {}", signature.key().fingerprint()),
            Err(_) => "refused".to_owned(),
        };
        let case = json!({
            "what": "signature",
            "hex": hex::encode(armour),
            "message": hex::encode(message),
            "namespace": NAMESPACE,
        });
        self.0.push((ours, case));
    }

    fn transcript(&mut self, bytes: &[u8], plan: Digest, head: &str) {
        let read = Transcript::read(bytes, plan);
        let kept = head.parse().expect("a head");
        let follows = read.and_then(|read| read.follows(kept).map(|_| read));
        let ours = match follows {
            Ok(read) => format!("ok {} {}", read.head(), read.tree_head()),
            Err(_) => "refused".to_owned(),
        };
        let plan = plan.to_string();
        let case = json!({"what": "transcript", "hex": hex::encode(bytes), "plan": plan, "head": head});
        self.0.push((ours, case));
    }

    /// How many cases both accept, and how many both refuse.
    fn compare(self) -> (usize, usize) {
        let cases: Vec<_> = self.0.iter().map(|(_, case)| case.clone()).collect();
        let answers = ask(&cases);
        let mut accepted = 0;
        for ((ours, case), theirs) in self.0.iter().zip(&answers) {
            let both_refuse = ours == "refused" && theirs.starts_with("refused");
            assert!(
                both_refuse || ours == theirs,
                "{ours}, and the second verifier: {theirs}: {case}"
            );
            accepted += usize::from(!both_refuse);
        }
        (accepted, answers.len() - accepted)
    }
}

/// Changes each byte in turn, by one bit in a moving position, and truncates to each length.
fn broken(good: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let changed = (0..good.len()).map(|place| {
        let mut bytes = good.to_vec();
        bytes[place] ^= 1 << (place % 8);
        bytes
    });
    changed.chain((0..good.len()).map(|length| good[..length].to_vec()))
}

#[test]
fn both_verifiers_agree_on_sound_and_on_broken_files() {
    let mut cases = Cases(Vec::new());
    let text = "{\"a\":[1,-9007199254740991,true,\"\\u001f\\n\u{7f}\u{20ac}\"],\"\u{20ac}\":\"/\",\"\u{1f600}\":{},\"\u{fb33}\":[]}\n";
    cases.canonical(text.as_bytes());
    broken(text.as_bytes()).for_each(|bytes| cases.canonical(&bytes));
    for text in [
        "1.0\n",
        "-0\n",
        "1e3\n",
        "null\n",
        "9007199254740992\n",
        "{\"a\":1,\"a\":1}\n",
        "\"\\ud800\"\n",
        "NaN\n",
        "[ ]\n",
        "7",
    ] {
        cases.canonical(text.as_bytes());
    }
    let kinds: [&[&str]; 3] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "3072"],
    ];
    for kind in kinds {
        let directory = key(kind);
        let armour = sign(directory.path(), "k", &[]);
        cases.signature(&armour, MESSAGE);
        cases.signature(&armour, b"another message");
        cases.signature(&[&armour[..], b"\n"].concat(), MESSAGE);
        cases.signature(&[&armour[..], &armour].concat(), MESSAGE);
        broken(&armour).for_each(|bytes| cases.signature(&bytes, MESSAGE));
    }
    let short = key(&["-t", "rsa", "-b", "2048"]);
    cases.signature(&sign(short.path(), "k", &[]), MESSAGE);

    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("transcript.jsonl");
    let plan = Digest::of(b"the plan\n");
    let mut file = TranscriptFile::create(&path, plan).expect("a transcript");
    let mut heads = vec![file.transcript().head().to_string()];
    for step in 0..5 {
        let head = file.append(
            UnixTime(1_796_114_400 + step),
            &json!({"what": "said", "step": step}),
        );
        heads.push(head.expect("appended").to_string());
    }
    let bytes = fs::read(&path).expect("a transcript");
    let last = heads[5].clone();
    heads.iter().for_each(|head| cases.transcript(&bytes, plan, head));
    cases.transcript(&bytes, Digest::of(b"another plan\n"), &last);
    cases.transcript(&bytes, plan, &last.replacen("5:", "4:", 1));
    broken(&bytes).for_each(|bytes| cases.transcript(&bytes, plan, &last));
    let (accepted, refused) = cases.compare();
    // The sound value and its neighbours, three signatures, six heads.
    assert!(
        accepted >= 10 && refused > 2000,
        "{accepted} accepted, {refused} refused"
    );
}
