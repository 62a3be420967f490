//! The next command after each step from an empty KMS to an initialised cluster, quoted for a shell.

use std::path::Path;

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::{CloudHsmError, Cluster, ClusterId, ClusterState, NoCsr};
#[cfg(feature = "aws")]
use hsm_ca::signer::PublicKey;
use hsm_ca::x509::Profile;

use super::report::printable;
use super::shell::quote;

/// After `csr sign`: the use of the certificate in `file`, issued by `authority`; empty for most profiles.
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

/// User Guide, "Initialize the cluster". In AWS's guide, the file's name begins with the cluster's id.
fn after_cluster(file: &Path, authority: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let cluster = name
        .strip_suffix("_CustomerHsmCertificate.crt")
        .unwrap_or("CLUSTER");
    initialize(cluster, file, authority)
}

/// `cluster initialize`, which follows the states to the end.
fn initialize(cluster: &str, file: &Path, authority: &Path) -> String {
    format!(
        "hsm-ca cluster initialize {} --signed-cert {} --trust-anchor {} --wait",
        word(cluster),
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
        "cat {file} {authority} > {chain}\n\
         # once for this CA (hsm2m.medium), in cloudhsm-cli, logged in as an admin:\n\
         #   cluster mtls register-trust-anchor --path {authority}\n\
         # on the client (docs/cloudhsm.md, \"Client certificates\"):\n\
         sudo /opt/cloudhsm/bin/configure-pkcs11 --client-cert-hsm-tls-file {chain} --client-key-hsm-tls-file KEY"
    )
}

fn word(text: &str) -> String {
    printable(&quote(text))
}

/// After `rig new`: its settings in this shell, then the first key.
pub(super) fn after_rig(environment: &Path) -> String {
    let generate = "hsm-ca key generate --label root --type ec:p384";
    let key = match cfg!(feature = "aws") {
        true => {
            format!("hsm-ca kms create-key --alias alias/customer-ca\n# or a key without AWS KMS: {generate}")
        }
        false => generate.to_owned(),
    };
    format!(". {}\n{key}", shown(environment))
}

/// After `key generate`: a certificate for the key.
pub(super) fn after_generated_key(label: &str) -> String {
    let name = word(label);
    let file = shown(Path::new(&format!("{}.crt", file_stem(label))));
    let request = shown(Path::new(&format!("{}.csr", file_stem(label))));
    format!(
        "hsm-ca ca create --key {name} --subject 'CN=Example Root' --profile root -o {file}\n\
         # or, under another CA: hsm-ca csr create --key {name} --subject 'CN=Example CA' -o {request}"
    )
}

/// A file name from a label, which may contain a slash.
fn file_stem(label: &str) -> String {
    label.replace('/', "-")
}

/// After `csr create`: the signature by the other CA.
pub(super) fn after_request(file: &str, profile: &str) -> String {
    format!(
        "# where the CA's key is:\nhsm-ca csr sign {} --ca CA --profile {} -o CERTIFICATE",
        word(file),
        word(profile)
    )
}

/// After `kms create-key`: a key pair under that key.
#[cfg(feature = "aws")]
pub(super) fn after_kms_key(name: &str) -> String {
    format!(
        "hsm-ca kms generate-key-pair --key-id {} --spec RSA_2048 -o pair.json",
        word(name)
    )
}

/// After `kms generate-key-pair`: the import of exactly that key.
#[cfg(feature = "aws")]
pub(super) fn after_pair(file: &Path, key: &PublicKey) -> String {
    format!(
        "hsm-ca kms import {} --label customer-ca --expect {}",
        shown(file),
        key.fingerprint()
    )
}

/// After `kms recipient-key`: the import of a key that is encrypted to it.
#[cfg(feature = "aws")]
pub(super) fn after_recipient_key(file: &Path) -> String {
    format!(
        "# have {} attested, in an enclave or by a NitroTPM (docs/import.md); then:\n\
         hsm-ca kms import PAIR --label LABEL --attestation-document FILE",
        shown(file)
    )
}

/// After an import: the CA certificate for the key.
#[cfg(feature = "aws")]
pub(super) fn after_key(label: &str) -> String {
    format!(
        "hsm-ca ca create --key {} --subject 'CN=Example CA' -o customerCA.crt",
        word(label)
    )
}

/// After `ca create`: the use of the CA.
pub(super) fn after_authority(file: &Path, profile: &str) -> String {
    match (profile, cfg!(feature = "aws")) {
        ("cloudhsm-ca", true) => "hsm-ca cluster list".to_owned(),
        ("cloudhsm-ca", false) => "hsm-ca cluster verify --dir DIR".to_owned(),
        _ => format!(
            "hsm-ca key generate --label issuing --type ec:p256\n\
             hsm-ca csr create --key issuing --subject 'CN=Example Issuing CA' -o issuing.csr\n\
             hsm-ca csr sign issuing.csr --ca {} --profile intermediate -o issuing.crt",
            shown(file)
        ),
    }
}

/// After `cert revoke`: the CRL that publishes it.
pub(super) fn after_revocation(authority: &Path) -> String {
    let authority = match authority == Path::new("-") {
        true => "CA".to_owned(),
        false => shown(authority),
    };
    format!("hsm-ca crl create --ca {authority} -o FILE")
}

/// After `cluster list`: fetching the files of the cluster that has a CSR, or of one of several. Before that, AWS makes the cluster and its
/// first HSM (AWS CloudHSM User Guide, "Create a cluster" and "Create an HSM").
#[cfg(feature = "aws")]
pub(super) fn after_clusters(clusters: &[Cluster]) -> Option<String> {
    let with = |has: &dyn Fn(&Cluster) -> bool| {
        let mut found = clusters.iter().filter(|cluster| has(cluster));
        let first = found.next()?;
        Some(match found.next() {
            None => word(first.id.as_str()),
            Some(_) => "CLUSTER".to_owned(),
        })
    };
    if clusters.is_empty() {
        return Some(
            "# ID: a subnet of the VPC; one in each of two Availability Zones is better\n\
             aws cloudhsmv2 create-cluster --hsm-type hsm2m.medium --mode FIPS --subnet-ids ID"
                .to_owned(),
        );
    }
    if let Some(cluster) = with(&|cluster| cluster.csr().is_ok()) {
        return Some(format!("hsm-ca cluster fetch {cluster} --out-dir cluster"));
    }
    let cluster = with(&|cluster| lacks_hsm(cluster))?;
    Some(format!(
        "# ZONE: the Availability Zone of one of the cluster's subnets; then `hsm-ca cluster list` again\n\
         aws cloudhsmv2 create-hsm --cluster-id {cluster} --availability-zone ZONE"
    ))
}

/// Whether AWS waits for its first HSM.
#[cfg(feature = "aws")]
fn lacks_hsm(cluster: &Cluster) -> bool {
    matches!(
        cluster.csr(),
        Err(CloudHsmError::NoCsr {
            reason: NoCsr::NoHsm,
            ..
        })
    )
}

/// After `cluster fetch`: the verification, with FILE for each root that is not in the directory.
#[cfg(feature = "aws")]
pub(super) fn after_fetch(directory: &Path, missing_roots: &[&str]) -> String {
    let mut next = String::new();
    if !missing_roots.is_empty() {
        next.push_str("# where the roots come from: docs/cloudhsm.md\n");
    }
    next.push_str(&format!("hsm-ca cluster verify --dir {}", shown(directory)));
    for option in missing_roots {
        next.push_str(&format!(" {option} FILE"));
    }
    next
}

/// After `cluster verify`: signing for exactly that HSM.
pub(super) fn after_identity(
    directory: &Path,
    cluster: &str,
    roots: impl Iterator<Item = (&'static str, String)>,
) -> String {
    let file = |suffix: &str| shown(&directory.join(format!("{cluster}{suffix}")));
    // Its usual name, if there is such a file.
    let authority = match Path::new("customerCA.crt").is_file() {
        true => "customerCA.crt",
        false => "CA",
    };
    let mut command = format!(
        "hsm-ca csr sign {} --ca {authority} -o {} --identity {} --cluster {}",
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

/// After `cluster initialize`: waiting, if AWS is still at work; otherwise the check and the client (AWS CloudHSM User Guide, "Install and
/// configure CloudHSM CLI", "Activate the cluster").
#[cfg(feature = "aws")]
pub(super) fn after_initialize(
    cluster: &ClusterId,
    state: &ClusterState,
    file: &Path,
    anchor: &Path,
) -> String {
    if is_under_way(state) {
        return initialize(cluster.as_str(), file, anchor);
    }
    let anchor = match anchor == Path::new("-") {
        true => "customerCA.crt".to_owned(),
        false => shown(anchor),
    };
    let activate = match state {
        ClusterState::Active => "",
        _ => "\n/opt/cloudhsm/bin/cloudhsm-cli interactive    # type: cluster activate",
    };
    format!(
        "hsm-ca cluster check {cluster} --ca {anchor}\n\
         # then on a client instance in the cluster's VPC:\n\
         sudo openssl x509 -in {anchor} -out /opt/cloudhsm/etc/customerCA.crt\n\
         sudo /opt/cloudhsm/bin/configure-cli --cluster-id {cluster}{activate}"
    )
}

/// Whether AWS is still initialising it.
#[cfg(feature = "aws")]
pub(super) const fn is_under_way(state: &ClusterState) -> bool {
    matches!(
        state,
        ClusterState::InitializeInProgress | ClusterState::Uninitialized
    )
}

/// After `cluster check`: the head that later proves that the ledger is complete.
pub(super) fn after_check() -> String {
    "hsm-ca ledger verify    # keep the head that it prints somewhere else".to_owned()
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use hsm_ca::cloudhsm::{Certificates, Hsm};

    use super::*;

    fn cluster(id: &str, hsms: Vec<Hsm>, certificates: Certificates) -> Cluster {
        Cluster {
            id: id.parse().expect("an id"),
            state: ClusterState::Uninitialized,
            state_message: None,
            hsm_type: None,
            mode: None,
            vpc: None,
            hsms,
            certificates,
        }
    }

    #[test]
    fn a_cluster_and_its_first_hsm_are_made_with_the_tools_of_aws() {
        let next = after_clusters(&[]).unwrap();
        assert!(next.contains("\naws cloudhsmv2 create-cluster "), "{next}");
        let empty = cluster("cluster-igklspoyj5v", Vec::new(), Certificates::default());
        let next = after_clusters(std::slice::from_ref(&empty)).unwrap();
        assert!(
            next.ends_with(
                "\naws cloudhsmv2 create-hsm --cluster-id cluster-igklspoyj5v --availability-zone ZONE"
            ),
            "{next}"
        );
        let next = after_clusters(&[empty.clone(), empty.clone()]).unwrap();
        assert!(next.contains("--cluster-id CLUSTER "), "{next}");
        let creating = Cluster {
            state: ClusterState::CreateInProgress,
            ..empty
        };
        assert_eq!(after_clusters(&[creating]), None);
    }
}
