//! `schema`.

use clap::Args;

use crate::cli::exit::CliError;
use crate::cli::json::program::SchemaList;
use crate::cli::json::{Output as _, SCHEMAS, schema_of};
use crate::cli::report::Report;
use crate::cli::suggest;

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowSchema {
    /// The command, as `key list`; or `error`. Without it, the names of all schemas
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl ShowSchema {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        if self.command.is_empty() {
            let schemas: Vec<_> = SCHEMAS.iter().map(|(name, _)| *name).collect();
            let text: String = schemas.iter().map(|name| format!("{name}\n")).collect();
            return Ok(Report::new(text, SchemaList { schemas }.document()));
        }
        let name = self.command.join("-");
        let schema = schema_of(&name).ok_or_else(|| {
            let names = SCHEMAS.iter().map(|(name, _)| *name);
            let below: Vec<_> = names
                .clone()
                .filter(|below| below.starts_with(&format!("{name}-")))
                .collect();
            if !below.is_empty() {
                return CliError::options(format!(
                    "{} has several JSON outputs; name one of {}",
                    self.command.join(" "),
                    below.join(", ")
                ));
            }
            CliError::NoSchema {
                meant: suggest::closest(&name, names),
                name: name.clone(),
            }
        })?;
        let json = serde_json::from_str(schema).unwrap_or_default();
        Ok(Report::laid_out(schema, json))
    }
}
