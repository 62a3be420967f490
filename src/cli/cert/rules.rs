//! `cert rules`.

use clap::Args;
use hsm_ca::x509::{CRL_RULES, OCSP_RULES, RULES, Rule};

use crate::cli::json::Output as _;
use crate::cli::json::certificate::{CertRules, RuleText};
use crate::cli::report::Report;
use crate::cli::table::{self, Column, Fit, TableOptions};

#[derive(Debug, Args)]
pub(in crate::cli) struct ListRules {
    #[command(flatten)]
    table: TableOptions,
}

/// A profile and an option have a rule's name.
const COLUMNS: [Column; 3] = [
    ("RULE", Fit::Whole),
    ("SOURCE", Fit::Folded),
    ("REQUIREMENT", Fit::Folded),
];

impl ListRules {
    pub(super) fn run(&self) -> Report {
        let all = || RULES.iter().chain(CRL_RULES).chain(OCSP_RULES);
        let rows: Vec<_> = all().map(row).collect();
        let rules = all()
            .map(|rule| RuleText {
                rule: rule.name,
                source: rule.source,
                asks: rule.asks,
                waivable: rule.can_be_waived,
                flag: flag_of(rule),
            })
            .collect();
        Report::laid_out(
            table::render(&COLUMNS, &rows, self.table.wide),
            CertRules { rules }.document(),
        )
    }
}

/// The option that waives a rule for one signature. It has the rule's name.
fn flag_of(rule: &Rule) -> Option<String> {
    rule.can_be_waived_once.then(|| format!("--{}", rule.name))
}

fn row(rule: &Rule) -> table::Row {
    let waived = match (flag_of(rule), rule.can_be_waived) {
        (Some(flag), _) => format!(" ({flag} waives it)"),
        (None, true) => " (a profile may waive it)".to_owned(),
        (None, false) => String::new(),
    };
    table::row([
        rule.name.to_owned(),
        rule.source.to_owned(),
        format!("{}{waived}", rule.asks),
    ])
}
