//! What comes after a certificate was issued, in the commands of AWS's own pages.

use std::path::Path;

use hsm_ca::x509::Profile;

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
