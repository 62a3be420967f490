//! Signs a statement with stock `ssh-keygen`: the common part of `approve` and `attest`.

use std::path::{Path, PathBuf};
use std::{env, io};

use clap::Args;
use hsm_ca::ceremony::SshKey;
use hsm_ca::workflow::{OpenedCeremony, PeopleError, PreparedStatement, SignedFiles, SshKeygen};
use serde_json::Value;

use super::words::add_words;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::ceremony::Identity;
use crate::cli::json::ceremony_people::SignedStatement;
use crate::cli::json::common::FileName;
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;
use crate::cli::wrap;

/// A statement in words.
pub(super) struct InWords {
    /// What the person says, as the end of a sentence.
    pub(super) what: String,
    /// The subject of the statement, in lines that people read before they sign.
    pub(super) shown: String,
    /// Whether the person must confirm it, because no option says it.
    pub(super) asked: bool,
}

#[derive(Debug, Args)]
pub(super) struct SigningOptions {
    /// The SSH key that signs. FILE.pub must be beside it; FILE.pub itself stands for the key in the agent
    #[arg(long, value_name = "FILE")]
    ssh_key: PathBuf,
    /// Write the statement only, and print the command that signs it on another machine
    #[arg(long)]
    write_statement: bool,
}

impl SigningOptions {
    /// The public key. Only `ssh-keygen` reads the private key, never this program.
    pub(super) fn public_key(&self) -> Result<SshKey, CliError> {
        let path = self.public_path();
        if !path.exists()
            && let Err(cause) = self.ssh_key.metadata()
        {
            return Err(CliError::read(&self.ssh_key, cause));
        }
        if !path.exists() && path != self.ssh_key {
            return Err(CliError::options(format!(
                "{} does not exist; make it from the private key: ssh-keygen -y -f {} > {}",
                path.display(),
                quote(&self.ssh_key.display().to_string()),
                quote(&path.display().to_string())
            )));
        }
        let bytes = input::read(&path)?;
        let wrong = |reason: String| CliError::config(&path, None, &reason);
        let text =
            String::from_utf8(bytes).map_err(|_| wrong("it is not the text of a public key".to_owned()))?;
        SshKey::from_line(&text).map_err(|error| wrong(error.to_string()))
    }

    fn public_path(&self) -> PathBuf {
        if self
            .ssh_key
            .extension()
            .is_some_and(|extension| extension == "pub")
        {
            return self.ssh_key.clone();
        }
        let mut name = self.ssh_key.clone().into_os_string();
        name.push(".pub");
        PathBuf::from(name)
    }

    /// The width of the terminal that shows the statement, if it is one.
    pub(super) fn width(&self) -> Option<usize> {
        match self.write_statement {
            true => wrap::width_of(io::stdout()),
            false => wrap::width_of(io::stderr()),
        }
    }

    /// Shows the statement and has it signed. `document` makes its JSON output.
    pub(super) fn carry_out(
        &self,
        ceremony: &OpenedCeremony,
        prepared: PreparedStatement,
        said: &InWords,
        document: impl FnOnce(SignedStatement) -> Value,
        settings: &Settings,
        ui: &Ui,
    ) -> Result<Report, CliError> {
        let person = prepared.person().to_owned();
        let namespace = prepared.statement().namespace();
        let mut fields = Fields::default();
        let what = &said.what;
        fields.add("person", &person).add("statement", what);
        fields.add("plan", format!("sha256:{}", ceremony.identity.hash));
        add_words(&mut fields, &ceremony.identity.hash);
        if self.write_statement {
            let path = prepared.write_unsigned()?;
            let command = sign_command(&path, namespace, Some(&self.ssh_key));
            let text = format!(
                "Wrote {}, which counts once it is signed\n{}{}Sign it where the key is, and put the .sig beside it:\n  {command}\n",
                printable(&path.display().to_string()),
                fields.render(2),
                said.shown,
            );
            let json = SignedStatement {
                identity: Identity::of(&ceremony.plan, &ceremony.identity.hash),
                person,
                namespace: namespace.to_owned(),
                statement: FileName::of(&path),
                signature: None,
                command: Some(command),
            };
            return Ok(Report::new(text, document(json)));
        }
        let fields_text = match self.width() {
            Some(width) => wrap::reflow(&fields.render(2), width),
            None => fields.render(2),
        };
        let shown = String::from_utf8_lossy(prepared.statement().bytes());
        ui.explain(&format!(
            "{}ssh-keygen signs this, for the namespace {namespace}:\n{}  {}\n",
            said.shown,
            fields_text,
            printable(shown.trim_end())
        ));
        if said.asked && Ui::has_reader() {
            let question = format!("{} {what}.\nType yes to sign this: ", printable(&person));
            ui.confirm(&question, "yes", "--all or --part")
                .map_err(|reason| CliError::NotSigned { reason })?;
        }
        let may_ask = !settings.no_input;
        let environment = SshKeygen::VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).into(), env::var_os(name)?)));
        let ssh_keygen =
            SshKeygen::find(environment.collect(), ui.is_for_people(), may_ask).map_err(PeopleError::from)?;
        let SignedFiles { statement, signature } = prepared.sign(ceremony, &ssh_keygen, &self.ssh_key)?;
        let files = (FileName::of(&statement), FileName::of(&signature));
        let text = format!(
            "Signed by {}, who {what}\n{}",
            printable(&person),
            [("statement", statement), ("signature", signature)]
                .into_iter()
                .fold(Fields::default(), |mut fields, (name, path)| {
                    fields.add(name, path.display());
                    fields
                })
                .render(2)
        );
        let json = SignedStatement {
            identity: Identity::of(&ceremony.plan, &ceremony.identity.hash),
            person,
            namespace: namespace.to_owned(),
            statement: files.0,
            signature: Some(files.1),
            command: None,
        };
        Ok(Report::new(text, document(json)))
    }
}

/// The command that signs a statement.
pub(super) fn sign_command(statement: &Path, namespace: &str, key: Option<&Path>) -> String {
    let key = key.map_or_else(|| "KEY".to_owned(), |key| quote(&key.display().to_string()));
    format!(
        "ssh-keygen -Y sign -f {key} -n {namespace} {}",
        quote(&statement.display().to_string())
    )
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_there_is_a_file_that_cannot_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let options = |name: &str| SigningOptions {
            ssh_key: directory.path().join(name),
            write_statement: false,
        };
        for name in ["key", "key.pub"] {
            let refused = options(name).public_key().unwrap_err();
            assert!(matches!(refused, CliError::Read { .. }), "{refused}");
        }
        std::fs::write(directory.path().join("key"), "").unwrap();
        let said = options("key").public_key().unwrap_err().to_string();
        assert!(said.contains("ssh-keygen -y"), "{said}");
    }
}
