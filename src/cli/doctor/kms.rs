//! `doctor`: KMS.

use hsm_ca::workflow::Check;

use super::DoctorCommand;
#[cfg(feature = "aws")]
use super::without_doctor;
use crate::cli::exit::CliError;
#[cfg(feature = "aws")]
use crate::cli::input;
use crate::cli::ui::Ui;

#[cfg(feature = "aws")]
impl DoctorCommand {
    pub(super) fn look_at_kms(&self, ui: &Ui) -> Result<Vec<Check>, CliError> {
        use hsm_ca::aws::AwsError;
        use hsm_ca::kms::{KeyPairDecryptor as _, KeyPairFile, Kms, KmsError, Reachability};

        ui.announce("asking KMS");
        let pair = self.pair.as_ref().map(|path| {
            KeyPairFile::read(&input::read_text(path)?).map_err(|error| CliError::in_file(path, error))
        });
        let pair = pair.transpose()?;
        let key = self
            .key_id
            .as_deref()
            .or(pair.as_ref().map(|pair| pair.key_id.as_str()));
        let failed = |name, error: KmsError| {
            let refusal = CliError::from(error).explain();
            Check::failed(name, refusal.message).with_hint(without_doctor(refusal.hint))
        };
        let kms = match Kms::connect(key) {
            Ok(kms) => kms.with_grant_tokens(self.grant_token.clone()),
            Err(KmsError::Aws(AwsError::NoRegion)) if key.is_none() => {
                let found = "not set up: no AWS region (only `kms` commands need one)";
                return Ok(vec![Check::warning("KMS", found)]);
            }
            Err(error) => return Ok(vec![failed("KMS", error)]),
        };
        let mut checks = Vec::new();
        let region = kms.region();
        checks.push(match kms.probe() {
            Ok(Reachability::Answered) => Check::passed("KMS", format!("answers in {region}")),
            Ok(Reachability::Denied) => Check::passed(
                "KMS",
                format!("answers in {region} (kms:ListAliases is denied, which does not matter)"),
            ),
            Err(error) => failed("KMS", error),
        });
        if let Some(key) = &self.key_id {
            checks.push(match kms.rehearse_generate(key) {
                Ok(()) => Check::passed("KMS generate", format!("allowed under {key} (DryRun)")),
                Err(error) => failed("KMS generate", error),
            });
        }
        if let Some(pair) = &pair {
            checks.push(match kms.rehearse_decrypt(pair) {
                Ok(()) => Check::passed("KMS decrypt", format!("allowed under {} (DryRun)", pair.key_id)),
                Err(error) => failed("KMS decrypt", error),
            });
        }
        Ok(checks)
    }
}

#[cfg(not(feature = "aws"))]
impl DoctorCommand {
    pub(super) fn look_at_kms(&self, _: &Ui) -> Result<Vec<Check>, CliError> {
        Ok(vec![Check::noted("KMS", "this build has no network code")])
    }
}
