//! What comes after a certificate was issued, in the commands of AWS's own pages.

use std::path::Path;

#[cfg(feature = "aws")]
use hsm_ca::signer::PublicKey;
use hsm_ca::workflow::{Delivered, IssueSummary};
use hsm_ca::x509::{Profile, words};

use super::report::printable;
use super::shell::quote;

/// The next steps with the certificate in `file`, under the CA certificate in `authority`; none for most profiles.
pub(super) fn after(profile: &Profile, file: &Path, authority: &Path) -> Option<String> {
    match &*profile.name {
        "cloudhsm-cluster" => Some(after_cluster(file, authority)),
        "cloudhsm-client" => Some(after_client(file, authority)),
        _ => None,
    }
}

fn shown(path: &Path) -> String {
    printable(&quote(&path.display().to_string()))
}

/// User Guide, "Initialize the cluster". The file's name, in AWS's guide, begins with the cluster's id.
fn after_cluster(file: &Path, authority: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let cluster = name
        .strip_suffix("_CustomerHsmCertificate.crt")
        .unwrap_or("CLUSTER");
    format!(
        "Next, on AWS CloudHSM:\n  hsm-ca cluster initialize {} --wait \\\n    \
         --signed-cert {} \\\n    --trust-anchor {}\n",
        printable(cluster),
        shown(file),
        shown(authority)
    )
}

/// User Guide, "Set up mutual TLS between client and AWS CloudHSM".
fn after_client(file: &Path, authority: &Path) -> String {
    let mut chain = file.file_stem().unwrap_or_default().to_owned();
    chain.push("-chain.pem");
    let chain = shown(&file.with_file_name(chain));
    let (file, authority) = (shown(file), shown(authority));
    format!(
        "Next, on AWS CloudHSM (hsm2m.medium; docs/cloudhsm.md, \"Client certificates\"):\n  \
         cat {file} {authority} > {chain}\n  \
         once for this CA, in cloudhsm-cli, logged in as an admin:\n    \
         cluster mtls register-trust-anchor --path {authority}\n  \
         on the client:\n    \
         sudo /opt/cloudhsm/bin/configure-pkcs11 \\\n      \
         --client-cert-hsm-tls-file {chain} \\\n      \
         --client-key-hsm-tls-file KEY\n"
    )
}

fn word(text: &str) -> String {
    printable(&quote(text))
}

/// After `kms create-key`: a key pair under that key.
#[cfg(feature = "aws")]
pub(super) fn after_kms_key(name: &str) -> String {
    format!(
        "hsm-ca kms generate-key-pair --key-id {} --spec RSA_2048 -o pair.json",
        word(name)
    )
}

/// After `kms generate-key-pair`: the import of that very key.
#[cfg(feature = "aws")]
pub(super) fn after_pair(file: &Path, key: &PublicKey) -> String {
    format!(
        "hsm-ca kms import {} --label customer-ca --expect {}",
        shown(file),
        key.fingerprint()
    )
}

/// After a key came to the token: its certificate.
#[cfg(feature = "aws")]
pub(super) fn after_key(label: &str) -> String {
    format!(
        "hsm-ca ca create --key {} --subject 'CN=Example CA' -o customerCA.crt",
        word(label)
    )
}

/// After `ca create`: note the fingerprint, then what the CA is for.
pub(super) fn after_authority(issued: &IssueSummary, profile: &str) -> Option<String> {
    let Delivered::File(file) = &issued.delivered else {
        return None;
    };
    let fingerprint: String = words(&issued.certificate.sha256())
        .chunks(8)
        .map(|line| format!("  {}\n", line.join(" ")))
        .collect();
    let command = match profile {
        "cloudhsm-ca" => "hsm-ca cluster fetch CLUSTER --out-dir cluster".to_owned(),
        _ => format!(
            "hsm-ca csr sign FILE --ca {} -o FILE --profile intermediate",
            shown(file)
        ),
    };
    Some(format!(
        "write down the certificate's SHA-256, which `hsm-ca cert show {}` shows again:\n{fingerprint}then: {command}",
        shown(file)
    ))
}

/// After `cluster verify`: the signature for that HSM only.
pub(super) fn after_identity(
    directory: &Path,
    cluster: &str,
    roots: impl Iterator<Item = (&'static str, String)>,
) -> String {
    let file = |suffix: &str| shown(&directory.join(format!("{cluster}{suffix}")));
    let mut command = format!(
        "hsm-ca csr sign {} --ca customerCA.crt -o {} --identity {} --cluster {}",
        file("_ClusterCsr.csr"),
        file("_CustomerHsmCertificate.crt"),
        shown(directory),
        word(cluster)
    );
    for (option, value) in roots {
        command.push_str(&format!(" {option} {}", word(&value)));
    }
    command
}
