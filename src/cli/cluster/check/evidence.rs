//! Collects the available certificates, and says how to get the missing ones.

use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::Cluster;
use hsm_ca::workflow::{
    AuthorityFile, ClientEvidence, Missing, ServerEvidence, SourcedCertificate, TlsEvidence, TrustStore,
};

use super::files::ClusterFiles;
use super::{CheckCluster, Circumstances};
use crate::cli::cluster::directory::names;
use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

/// AWS CloudHSM User Guide, "Client SDK 5 configuration parameters".
const AUTHORITY: &str = "/opt/cloudhsm/etc/customerCA.crt";
/// The directory of the SDK 3 client package. The libraries of SDK 5 have the certificates built in.
const CLIENT_DIRECTORY: &str = "/opt/cloudhsm/etc/certs";
/// The client certificate, in the parent directory.
const CLIENT_CERTIFICATE: &str = "client.crt";

/// What is known about the cluster.
struct Known {
    certificate: Result<SourcedCertificate, Missing>,
    authority: Option<PathBuf>,
    #[cfg(feature = "aws")]
    cluster: Option<Cluster>,
}

impl CheckCluster {
    pub(super) fn gather(&self, circumstances: &mut Circumstances, ui: &Ui) -> Result<TlsEvidence, CliError> {
        let known = match &self.dir {
            Some(directory) => self.look_into(directory, circumstances)?,
            None => self.ask_aws(circumstances, ui)?,
        };
        Ok(TlsEvidence {
            store: self.read_store()?,
            servers: self.find_servers(&known, circumstances, ui)?,
            client: self.read_client()?,
            authority: self.read_authority(&known)?,
            cluster: known.certificate,
        })
    }

    fn look_into(&self, directory: &Path, circumstances: &mut Circumstances) -> Result<Known, CliError> {
        let ClusterFiles {
            cluster,
            given,
            signed,
            authority,
        } = self.find_files(directory)?;
        circumstances.cluster = cluster.as_ref().map(ToString::to_string);
        let read = |path: &PathBuf| input::certificate(path).map(|certificate| (shown(path), certificate));
        let given = given.as_ref().map(read).transpose()?;
        let signed = signed.as_ref().map(read).transpose()?;
        if let (Some((given_path, given)), Some((signed_path, signed))) = (&given, &signed)
            && given.der() != signed.der()
        {
            circumstances.warnings.push(format!(
                "{given_path} and {signed_path} are different certificates: the HSM shows the first, and the first was checked"
            ));
        }
        let certificate = given
            .or(signed)
            .map(|(source, certificate)| SourcedCertificate { source, certificate });
        let id = cluster.map_or_else(|| "CLUSTER".to_owned(), |id| id.to_string());
        Ok(Known {
            certificate: certificate.ok_or_else(|| Missing {
                why: format!("{} has none", directory.display()),
                obtain: format!(
                    "hsm-ca cluster fetch {id} --out-dir {}",
                    quote(&directory.display().to_string())
                ),
            }),
            authority,
            #[cfg(feature = "aws")]
            cluster: None,
        })
    }

    #[cfg(not(feature = "aws"))]
    fn ask_aws(&self, _: &mut Circumstances, _: &Ui) -> Result<Known, CliError> {
        Err(CliError::options("name a directory with --dir"))
    }

    #[cfg(feature = "aws")]
    fn ask_aws(&self, circumstances: &mut Circumstances, ui: &Ui) -> Result<Known, CliError> {
        use hsm_ca::cloudhsm::{CertificateKind, CloudHsm, ClusterService};
        use hsm_ca::x509::Certificate;
        let id = self.cluster_id.as_deref().unwrap_or_default().parse()?;
        ui.announce("asking CloudHSM");
        let cluster = CloudHsm::connect()?.describe(&id)?;
        circumstances.cluster = Some(id.to_string());
        let certificate = match cluster.certificates.get(CertificateKind::ClusterCertificate) {
            Some(pem) => Ok(SourcedCertificate {
                source: "AWS".to_owned(),
                certificate: Certificate::read(pem.as_bytes())
                    .map_err(|error| CliError::in_file(Path::new("ClusterCertificate from AWS"), error))?,
            }),
            None => Err(Missing {
                why: format!("the cluster is {}, and AWS returned none", cluster.state),
                obtain: "a cluster has one once it is initialised".to_owned(),
            }),
        };
        Ok(Known {
            certificate,
            authority: None,
            cluster: Some(cluster),
        })
    }

    fn read_authority(&self, known: &Known) -> Result<Result<AuthorityFile, Missing>, CliError> {
        let path = self
            .ca
            .clone()
            .or_else(|| known.authority.clone())
            .or_else(|| installed(AUTHORITY));
        path.as_deref().map(authority_file).transpose().map(|file| {
            file.ok_or_else(|| Missing {
                why: format!("neither customerCA.crt nor {AUTHORITY} was found"),
                obtain: "name it with --ca FILE: the trust anchor that the cluster was initialised with"
                    .to_owned(),
            })
        })
    }

    fn read_store(&self) -> Result<Result<TrustStore, Missing>, CliError> {
        let Some(directory) = self.client_dir.clone().or_else(|| installed(CLIENT_DIRECTORY)) else {
            return Ok(Err(Missing {
                why: format!(
                    "{CLIENT_DIRECTORY} does not exist; the Client SDK 5 libraries have their certificates built in"
                ),
                obtain: "run this on a client, or name a copy with --client-dir DIR".to_owned(),
            }));
        };
        let mut files = Vec::new();
        for name in names(&directory)? {
            let path = directory.join(&name);
            // A pipe would block until someone writes.
            let content = if path.exists() && !path.is_file() {
                Err("not a regular file".to_owned())
            } else {
                input::read(&path).map_err(|error| error.to_string())
            };
            files.push((name, content));
        }
        Ok(Ok(TrustStore::new(&shown(&directory), files)))
    }

    fn read_client(&self) -> Result<Result<ClientEvidence, Missing>, CliError> {
        let directory = self.client_dir.as_deref().unwrap_or(Path::new(CLIENT_DIRECTORY));
        let of_package = directory.with_file_name(CLIENT_CERTIFICATE);
        let installed = || of_package.exists().then(|| of_package.clone());
        let Some(path) = self.client_cert.clone().or_else(installed) else {
            return Ok(Err(Missing {
                why: format!(
                    "{} does not exist; the Client SDK 5 libraries have a default one built in",
                    of_package.display()
                ),
                obtain: "name your own with --client-cert FILE".to_owned(),
            }));
        };
        let authority = self.client_ca.as_deref().map(authority_file).transpose()?;
        Ok(Ok(ClientEvidence {
            source: shown(&path),
            chain: input::certificates(&path)?,
            length: input::read(&path)?.len(),
            from_package: self.client_cert.is_none(),
            authority,
        }))
    }

    fn find_servers(
        &self,
        known: &Known,
        circumstances: &mut Circumstances,
        ui: &Ui,
    ) -> Result<Result<Vec<ServerEvidence>, Missing>, CliError> {
        if let Some(path) = &self.server_cert {
            let certificate = input::certificates(path)?.into_iter().next();
            return Ok(Ok(vec![ServerEvidence {
                name: shown(path),
                asked: false,
                certificate: certificate.ok_or_else(|| Missing {
                    why: "an empty file".to_owned(),
                    obtain: String::new(),
                }),
            }]));
        }
        self.ask_servers(known, circumstances, ui)
    }

    #[cfg(not(feature = "aws"))]
    fn ask_servers(
        &self,
        _: &Known,
        _: &mut Circumstances,
        _: &Ui,
    ) -> Result<Result<Vec<ServerEvidence>, Missing>, CliError> {
        Ok(Err(no_server()))
    }

    #[cfg(feature = "aws")]
    fn ask_servers(
        &self,
        known: &Known,
        circumstances: &mut Circumstances,
        ui: &Ui,
    ) -> Result<Result<Vec<ServerEvidence>, Missing>, CliError> {
        if self.connect.is_empty() {
            return Ok(Err(no_server()));
        }
        let addresses = self.server_addresses(known.cluster.as_ref())?;
        Ok(Ok(super::servers::ask(&addresses, circumstances, ui)))
    }
}

fn no_server() -> Missing {
    Missing {
        why: "no server certificate was given".to_owned(),
        obtain: "fetch it with --connect, or save it and name it with --server-cert: openssl s_client \
                 -connect IP:2223 </dev/null >server.crt"
            .to_owned(),
    }
}

fn authority_file(path: &Path) -> Result<AuthorityFile, CliError> {
    Ok(AuthorityFile {
        source: shown(path),
        certificates: input::certificates(path)?,
    })
}

/// A path of the client package, if that is installed.
fn installed(path: &str) -> Option<PathBuf> {
    Some(PathBuf::from(path)).filter(|path| path.exists())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
