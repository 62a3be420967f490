//! A rig behind the fault-injecting module.

use std::fs;
use std::path::Path;

use super::{Rig, Run, example, shim};

impl Rig {
    /// With a private copy of the fault-injecting module.
    pub(crate) fn behind(self, shim: &Path) -> Self {
        Self {
            shim: Some(shim.to_owned()),
            ..self
        }
    }

    /// CloudHSM's rules with generated wrapping pairs, as on every other token. By default, a stored pair is used.
    pub(crate) fn generating_wrapping_pairs(mut self) -> Self {
        self.environment
            .retain(|(name, _)| name != "CLOUDHSM_SHIM_STORED_PAIR");
        self
    }

    /// Behind the fault-injecting module, with one of its rules.
    pub(crate) fn command_with_rule(&self, arguments: &[&str], rules: &[(&str, &str)]) -> Run {
        let mut command = self.prepare(arguments);
        command
            .env("HSM_CA_MODULE", self.shim.clone().unwrap_or_else(shim))
            .env("CLOUDHSM_SHIM_TARGET", self.oracle_module());
        command
            .env("CLOUDHSM_SHIM_LOG", self.path("calls.log"))
            .env("CLOUDHSM_SHIM_STORED_PAIR", "1");
        for (name, value) in rules {
            command.env(format!("CLOUDHSM_SHIM_{name}"), value);
        }
        let _ = fs::remove_file(self.path("calls.log"));
        self.without_secrets(Run::of(&mut command))
    }

    /// One of our example programs behind that module, with its rules. Its arguments begin with the module and the token.
    pub(crate) fn example_with_rule(&self, program: &str, arguments: &[&str], rules: &[(&str, &str)]) -> Run {
        let module = shim();
        let first = [module.to_str().expect("UTF-8"), self.kind.label()];
        let mut command = self.prepare_tool(example(program), &[&first[..], arguments].concat());
        command
            .env("CLOUDHSM_SHIM_TARGET", self.oracle_module())
            .env("CLOUDHSM_SHIM_LOG", self.path("calls.log"));
        for (name, value) in rules {
            command.env(format!("CLOUDHSM_SHIM_{name}"), value);
        }
        let _ = fs::remove_file(self.path("calls.log"));
        self.without_secrets(Run::of(&mut command))
    }

    /// How often that command called one of them.
    pub(crate) fn count(&self, function: &str) -> usize {
        self.calls().iter().filter(|call| *call == function).count()
    }

    /// The PKCS#11 functions that the last command behind the fault-injecting module called.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("calls.log")).expect("the module was loaded");
        log.lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    }
}
