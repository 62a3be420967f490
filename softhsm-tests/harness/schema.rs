//! Every JSON text of the program is valid under the schema that it names. An independent validator decides, in one process for all tests.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::python_tool;

struct Validator {
    _process: Child,
    texts: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Validator {
    fn start() -> Self {
        const PROGRAM: &str = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/softhsm-tests/programs/validate_json.py"
        );
        let mut process = Command::new(python_tool("python3"))
            .arg(PROGRAM)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the validator starts");
        let texts = process.stdin.take().expect("its input");
        let answers = BufReader::new(process.stdout.take().expect("its output"));
        Self {
            _process: process,
            texts,
            answers,
        }
    }

    fn judge(&mut self, text: &Value) -> String {
        writeln!(self.texts, "{text}").expect("the validator reads");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("the validator answers");
        assert!(
            !answer.is_empty(),
            "the validator ended: if a Python package is missing, run scripts/install.sh"
        );
        answer.trim_end().to_owned()
    }
}

/// `ok`, or the fault.
pub(crate) fn judge(text: &Value) -> String {
    static VALIDATOR: OnceLock<Mutex<Validator>> = OnceLock::new();
    let validator = VALIDATOR.get_or_init(|| Mutex::new(Validator::start()));
    validator.lock().expect("the validator").judge(text)
}

/// Panics unless `text` is valid under the schema that it names.
#[track_caller]
pub(crate) fn validate(text: &Value) {
    let verdict = judge(text);
    assert!(verdict == "ok", "{verdict}: {text:#}");
}

/// Validates the output of a run: a result, or several results on one line each, and the error on stderr. Every exit code except 0 has an
/// error.
#[track_caller]
pub(crate) fn validate_run(command: &Command, code: Option<i32>, stdout: &str, stderr: &str) {
    let arguments: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let is_program = command.get_program().to_string_lossy().ends_with("/hsm-ca");
    let has = |pair: [&str; 2]| arguments.windows(2).any(|found| found == pair);
    if !is_program || !has(["--format", "json"]) {
        return;
    }
    // The events of a ledger have their own format (docs/ledger.md), and `schema` prints a schema.
    let is_result = |text: &Value| !has(["ledger", "export"]) && text["$schema"].is_null();
    texts(stdout)
        .iter()
        .filter(|text| is_result(text))
        .for_each(validate);
    let errors = texts(stderr);
    errors.iter().for_each(validate);
    // Signals and the exit code of a panic are not exit codes of the program.
    if let Some(code @ 0..=4) = code {
        let codes: Vec<_> = errors
            .iter()
            .map(|text| text["error"]["exit_code"].clone())
            .collect();
        let expected = if code == 0 {
            vec![]
        } else {
            vec![Value::from(code)]
        };
        assert_eq!(
            codes, expected,
            "the errors of {arguments:?}, exit code {code}: {stderr}"
        );
    }
}

/// The JSON objects that begin a line of `output`.
fn texts(output: &str) -> Vec<Value> {
    let Some(start) = output.lines().position(|line| line.starts_with('{')) else {
        return Vec::new();
    };
    let rest: Vec<_> = output.lines().skip(start).collect();
    serde_json::Deserializer::from_str(&rest.join("\n"))
        .into_iter::<Value>()
        .map_while(Result::ok)
        .filter(Value::is_object)
        .collect()
}
