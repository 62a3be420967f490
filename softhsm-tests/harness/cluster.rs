//! A cluster of the local AWS CloudHSM, and its control by tests (softhsm-tests/local-aws/cluster_control.py).

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Rig;
use super::local_aws::ask;

/// The HSM type of the first generation: hardware certificates of X.509 version 1.
pub(crate) const HSM1: &str = "hsm1.medium";
/// The HSM type of the second generation: hardware certificates of version 3, with RSA keys of 4096 bits.
pub(crate) const HSM2: &str = "hsm2m.medium";

/// The certificates that `DescribeClusters` returns for a claimable cluster, with their file names in AWS's guide.
const CERTIFICATES: [(&str, &str); 4] = [
    ("ClusterCsr", "ClusterCsr.csr"),
    ("HsmCertificate", "HsmCertificate.crt"),
    ("AwsHardwareCertificate", "AwsHardwareCertificate.crt"),
    (
        "ManufacturerHardwareCertificate",
        "ManufacturerHardwareCertificate.crt",
    ),
];

/// A cluster. Whatever the access key id of a request, the cluster is its own, unless the id ends with the twelve digits of an account.
#[derive(Debug)]
pub(crate) struct LocalCluster {
    id: String,
}

impl LocalCluster {
    /// A cluster in UNINITIALIZED with an HSM that is ACTIVE. `variation` is "", or names of cluster_hardware.py joined with `+`.
    pub(crate) fn create(hsm_type: &str, variation: &str) -> Self {
        Self::with(&json!({ "hsm_type": hsm_type, "variation": variation }))
    }

    /// A cluster in UNINITIALIZED without an HSM: it has no CSR.
    pub(crate) fn without_hsm(hsm_type: &str) -> Self {
        Self::with(&json!({ "hsm_type": hsm_type, "hsms": 0 }))
    }

    /// A cluster of another account, which the access key ids that end with its twelve digits belong to.
    pub(crate) fn in_account(hsm_type: &str, account: &str) -> Self {
        Self::with(&json!({ "hsm_type": hsm_type, "account": account }))
    }

    /// A cluster with settings of cluster_control.py's `create`.
    pub(crate) fn with(settings: &Value) -> Self {
        let made = ask("POST", "/_test/cluster", &settings.to_string());
        Self {
            id: made["id"].as_str().expect("an ID").to_owned(),
        }
    }

    /// Its ID.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The cluster as `DescribeClusters` returns it.
    pub(crate) fn describe(&self) -> Value {
        self.inspect()["cluster"].clone()
    }

    /// Its state.
    pub(crate) fn state(&self) -> String {
        self.describe()["State"].as_str().expect("a state").to_owned()
    }

    /// One of its certificates, or the CSR, in PEM. Panics if it does not exist.
    #[track_caller]
    pub(crate) fn certificate(&self, name: &str) -> String {
        let cluster = self.describe();
        let pem = cluster["Certificates"][name].as_str();
        pem.unwrap_or_else(|| panic!("no {name}: {cluster:#}")).to_owned()
    }

    /// Writes the CSR and the certificates as AWS's guide does (`ID_ClusterCsr.csr`, ...), and the roots that its HSM is verified
    /// with (`aws-root.crt`, `manufacturer-root.crt`).
    pub(crate) fn save(&self, rig: &Rig) {
        let answer = self.inspect();
        for (name, file) in CERTIFICATES {
            if let Some(pem) = answer["cluster"]["Certificates"][name].as_str() {
                rig.write(&format!("{}_{file}", self.id), pem);
            }
        }
        for (file, pem) in answer["roots"].as_object().expect("roots") {
            rig.write(file, pem.as_str().expect("PEM"));
        }
    }

    /// AWS's root and the manufacturer's, in PEM.
    pub(crate) fn roots_of_hsm(&self) -> (String, String) {
        let answer = self.inspect();
        let root = |file: &str| answer["roots"][file].as_str().expect("PEM").to_owned();
        (root("aws-root.crt"), root("manufacturer-root.crt"))
    }

    /// How long it is in a state in progress, in seconds; `None`: until `step` or `set_state`.
    pub(crate) fn with_pace(self, seconds: Option<f64>) -> Self {
        self.order(&json!({ "pace": seconds }));
        self
    }

    /// The state after `INITIALIZE_IN_PROGRESS`, by default `INITIALIZED`. `message` becomes its StateMessage.
    pub(crate) fn becoming(self, state: &str, message: Option<&str>) -> Self {
        self.order(&json!({ "becomes": state, "message": message }));
        self
    }

    /// What another account gets when it asks for it, which is CloudHsmResourceNotFoundException otherwise.
    pub(crate) fn tell_strangers(&self, exception: &str) {
        self.order(&json!({ "strangers": exception }));
    }

    /// To the next state at once, as its HSMs.
    pub(crate) fn step(&self) {
        self.order(&json!({ "step": true }));
    }

    /// Into any state, where it stays.
    pub(crate) fn set_state(&self, state: &str) {
        self.order(&json!({ "state": state }));
    }

    /// Its HSMs into any state, where they stay.
    pub(crate) fn set_hsm_state(&self, state: &str) {
        self.order(&json!({ "hsm_state": state }));
    }

    /// AWS replaces its first HSM: another key, another CSR, other certificates.
    pub(crate) fn replace_hsm(&self) {
        self.order(&json!({ "replace_hsm": true }));
    }

    /// Shows any text in place of a certificate; `None`: as if it were not there.
    pub(crate) fn set_certificate(&self, name: &str, pem: Option<&str>) {
        self.order(&json!({ "certificates": { name: pem } }));
    }

    /// Where the local AWS keeps `aws-root.crt`, `manufacturer-root-1.crt` and `manufacturer-root-2.crt`.
    pub(crate) fn roots() -> PathBuf {
        let answer = ask("GET", "/_test/cluster/roots", "");
        PathBuf::from(answer["directory"].as_str().expect("a directory"))
    }

    fn inspect(&self) -> Value {
        ask("GET", &format!("/_test/cluster/{}", self.id), "")
    }

    fn order(&self, order: &Value) {
        ask("POST", &format!("/_test/cluster/{}", self.id), &order.to_string());
    }
}
