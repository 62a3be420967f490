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

    fn verdict(&mut self, text: &Value) -> String {
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
pub(crate) fn verdict(text: &Value) -> String {
    static VALIDATOR: OnceLock<Mutex<Validator>> = OnceLock::new();
    let validator = VALIDATOR.get_or_init(|| Mutex::new(Validator::start()));
    validator.lock().expect("the validator").verdict(text)
}

/// Panics unless `text` is valid under the schema that it names.
#[track_caller]
pub(crate) fn validate(text: &Value) {
    let verdict = verdict(text);
    assert!(verdict == "ok", "{verdict}: {text:#}");
}

/// Validates the output of a run of the program in JSON format: a result, or several results on one line each, and the error on stderr. Every
/// exit code except 0 has an error. For any other process, such as a shell, every JSON text that names a schema of the program is validated.
#[track_caller]
pub(crate) fn validate_run(command: &Command, code: Option<i32>, stdout: &str, stderr: &str) {
    let arguments: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let is_killed = code.is_none();
    let is_program = command.get_program().to_string_lossy().ends_with("/hsm-ca");
    if !is_program || is_killed || !asks_for_json(command, &arguments) {
        let is_ours = |text: &&Value| {
            text["schema"]
                .as_str()
                .is_some_and(|name| name.starts_with("hsm-ca/"))
        };
        let found = texts(stdout).into_iter().chain(texts(stderr));
        let found: Vec<_> = found.flatten().collect();
        found.iter().filter(is_ours).for_each(validate);
        return;
    }
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let read = |output: &str| -> Vec<Value> {
        let read: Result<Vec<_>, _> = texts(output).into_iter().collect();
        read.unwrap_or_else(|error| panic!("not JSON ({error}): {arguments:?}: {output}"))
    };
    let is_page = ["help", "-h", "--help", "-V", "--version"].into_iter().any(has);
    assert!(
        is_page || stdout.is_empty() || stdout.starts_with('{'),
        "stdout has more than JSON: {arguments:?}: {stdout}"
    );
    // The events of a ledger have their own format (docs/ledger.md), and `schema` prints a schema.
    let is_export = has("ledger") && has("export");
    let is_result = |text: &&Value| !is_export && text["$schema"].is_null();
    read(stdout).iter().filter(is_result).for_each(validate);
    let errors = read(stderr);
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

/// Whether the last of the options, or else the environment, asks for JSON.
fn asks_for_json(command: &Command, arguments: &[String]) -> bool {
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let named = arguments.windows(2).find(|pair| pair[0] == "--format");
    match named {
        _ if has("--json") || has("--format=json") => true,
        Some(pair) => pair[1] == "json",
        None => command
            .get_envs()
            .any(|(name, value)| name == "HSM_CA_FORMAT" && value.is_some_and(|value| value == "json")),
    }
}

/// The JSON objects in `output`, each of which begins a line. One that cannot be read is an error.
fn texts(output: &str) -> Vec<serde_json::Result<Value>> {
    let mut found = Vec::new();
    let mut rest = output;
    while let Some(start) = start_of_object(rest) {
        let mut read = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<Value>();
        match read.next() {
            Some(Ok(text)) => {
                let end = start + read.byte_offset();
                found.push(Ok(text));
                rest = &rest[end..];
            }
            Some(Err(error)) => {
                found.push(Err(error));
                rest = rest[start..].split_once('\n').map_or("", |(_, rest)| rest);
            }
            None => break,
        }
    }
    found
}

fn start_of_object(output: &str) -> Option<usize> {
    match output.starts_with('{') {
        true => Some(0),
        false => output.find("\n{").map(|place| place + 1),
    }
}
