//! The connection to KMS for steps that import keys.

use std::collections::BTreeMap;

use hsm_ca::workflow::{CeremonyDecryptors, CeremonySource};

use crate::cli::exit::CliError;
use crate::cli::ui::Ui;

/// Makes a connection for each import step, in the region of its KMS key. This only loads settings, and sends no request to KMS.
#[cfg(feature = "aws")]
pub(super) fn connect_kms(source: &CeremonySource) -> Result<CeremonyDecryptors, CliError> {
    use hsm_ca::kms::Kms;
    let mut decryptors: CeremonyDecryptors = BTreeMap::new();
    for import in source.pairs()? {
        let kms = Kms::connect(Some(import.pair.key_id.as_str()))?;
        decryptors.insert(import.step, Box::new(kms));
    }
    Ok(decryptors)
}

/// A build without network code cannot connect, and refuses a caller that needs KMS.
#[cfg(not(feature = "aws"))]
pub(super) fn connect_kms(_: &CeremonySource) -> Result<CeremonyDecryptors, CliError> {
    Ok(BTreeMap::new())
}

/// Warns which steps need the network, and whether this program can use it.
pub(super) fn warn_of_network(source: &CeremonySource, ui: &Ui) -> Result<Vec<String>, CliError> {
    let mut warnings = Vec::new();
    for import in source.pairs()? {
        let region = import.pair.key_id.region();
        let mut warning = format!(
            "step {:?} needs the network in the room: KMS in {region} decrypts the key, with AWS credentials of account {}",
            import.step,
            import.pair.key_id.account()
        );
        warning.push_str(
            ". Only then it is known that what KMS decrypts is the private key of the planned public key; otherwise the step stops, and \
             nothing is on the token",
        );
        if cfg!(not(feature = "aws")) {
            warning.push_str(". This program was built without the feature aws, and cannot do it");
        }
        warnings.extend(ui.warn(&warning));
    }
    Ok(warnings)
}
