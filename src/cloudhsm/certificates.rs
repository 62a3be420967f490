//! The CSR and the certificates in the answer of `DescribeClusters`, and the names that AWS's guide gives their files.

use super::ClusterId;

/// One of the five (API reference, `Certificates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CertificateKind {
    /// The cluster's certification request, made by its first HSM. It exists only while the cluster is UNINITIALIZED.
    ClusterCsr,
    /// The HSM's certificate, issued by the hardware.
    HsmCertificate,
    /// The hardware's certificate, issued by AWS.
    AwsHardwareCertificate,
    /// The hardware's certificate, issued by its manufacturer.
    ManufacturerHardwareCertificate,
    /// The certificate that the cluster was initialised with, issued by its owner.
    ClusterCertificate,
}

impl CertificateKind {
    /// All, in the order of the API reference.
    pub const ALL: [Self; 5] = [
        Self::ClusterCsr,
        Self::HsmCertificate,
        Self::AwsHardwareCertificate,
        Self::ManufacturerHardwareCertificate,
        Self::ClusterCertificate,
    ];

    /// The field's name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClusterCsr => "ClusterCsr",
            Self::HsmCertificate => "HsmCertificate",
            Self::AwsHardwareCertificate => "AwsHardwareCertificate",
            Self::ManufacturerHardwareCertificate => "ManufacturerHardwareCertificate",
            Self::ClusterCertificate => "ClusterCertificate",
        }
    }

    /// The end of the file's name: `ID_ClusterCsr.csr`, `ID_HsmCertificate.crt` and so on, as in AWS CloudHSM User Guide,
    /// "Verify the identity and authenticity of your cluster's HSM".
    #[must_use]
    pub const fn file_suffix(self) -> &'static str {
        match self {
            Self::ClusterCsr => "_ClusterCsr.csr",
            Self::HsmCertificate => "_HsmCertificate.crt",
            Self::AwsHardwareCertificate => "_AwsHardwareCertificate.crt",
            Self::ManufacturerHardwareCertificate => "_ManufacturerHardwareCertificate.crt",
            Self::ClusterCertificate => "_ClusterCertificate.crt",
        }
    }

    /// The file's name for a cluster.
    #[must_use]
    pub fn file_name(self, cluster: &ClusterId) -> String {
        format!("{cluster}{}", self.file_suffix())
    }
}

/// Those that a cluster has at the moment, as PEM text that was not parsed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates([Option<String>; 5]);

impl Certificates {
    /// One of them; an empty text counts as none.
    #[must_use]
    pub fn get(&self, kind: CertificateKind) -> Option<&str> {
        let at = CertificateKind::ALL.iter().position(|one| *one == kind)?;
        self.0[at].as_deref().filter(|text| !text.trim().is_empty())
    }

    /// Adds one of them.
    #[must_use]
    pub fn with(mut self, kind: CertificateKind, text: Option<String>) -> Self {
        if let Some(at) = CertificateKind::ALL.iter().position(|one| *one == kind) {
            self.0[at] = text;
        }
        self
    }
}
