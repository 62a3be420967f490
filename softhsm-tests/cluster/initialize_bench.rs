//! A cluster that waits for its certificates, and files for `cluster initialize` that both the program and the AWS CLI get.

use crate::cluster::initialize::{asked, counted, initialize};
use crate::harness::{LocalCluster, Rig, Run, python_tool};
use crate::local_cluster::states::{self, make_authority, sign};
use crate::oracle::openssl;

pub(crate) const CONSTRAINTS: &str = "basicConstraints=critical,CA:TRUE";
pub(crate) const RSA: &[&str] = &["-newkey", "rsa:2048"];

/// A cluster with a signed certificate of the guide's kind, for one bad input after the other.
pub(crate) struct Bench {
    pub(crate) rig: Rig,
    pub(crate) cluster: LocalCluster,
    access_key: &'static str,
}

impl Bench {
    pub(crate) fn new(hsm_type: &str, access_key: &'static str) -> Self {
        let rig = counted(access_key);
        // openssl's own configuration adds extensions.
        rig.write("bare.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
        let cluster = LocalCluster::create(hsm_type, "").with_pace(Some(0.0));
        sign(&rig, &cluster);
        Self {
            rig,
            cluster,
            access_key,
        }
    }

    /// Restores both correct files.
    pub(crate) fn restore(&self) {
        make_authority(&self.rig);
        sign(&self.rig, &self.cluster);
    }

    pub(crate) fn text(&self, file: &str) -> String {
        String::from_utf8(self.rig.read(file)).expect("PEM")
    }

    /// `customerCA.crt` with this key and these extensions, and `signed.crt` by it.
    pub(crate) fn authority(&self, key: &[&str], extensions: &[&str]) {
        let make = [
            "req",
            "-new",
            "-x509",
            "-nodes",
            "-days",
            "3652",
            "-config",
            "bare.cnf",
            "-subj",
            "/CN=Example",
        ];
        let files = ["-keyout", "customerCA.key", "-out", "customerCA.crt"];
        let added: Vec<_> = extensions.iter().flat_map(|text| ["-addext", text]).collect();
        openssl(&self.rig, &[&make[..], &files, key, &added].concat());
        sign(&self.rig, &self.cluster);
    }

    /// `customerCA.crt` again, by certtool, with these dates and the same key.
    pub(crate) fn dated_authority(&self, from: &str, until: &str) {
        let dates = format!("activation_date = \"{from}\"\nexpiration_date = \"{until}\"\n");
        let template = format!("cn = Example\nca\ncert_signing_key\n{dates}");
        self.rig.write("dated.tmpl", template);
        let make = ["--generate-self-signed", "--template", "dated.tmpl"];
        let files = ["--load-privkey", "customerCA.key", "--outfile", "customerCA.crt"];
        self.rig.tool("certtool", &[&make[..], &files].concat()).ok();
        sign(&self.rig, &self.cluster);
    }

    /// `signed.crt` with openssl's options for it, and these extensions.
    pub(crate) fn leaf(&self, options: &[&str], extensions: &str) {
        self.rig.write("leaf.ext", extensions);
        let sign = [
            "x509",
            "-req",
            "-in",
            "cluster.csr",
            "-out",
            "signed.crt",
            "-extfile",
            "leaf.ext",
        ];
        let issuer = ["-CA", "customerCA.crt", "-CAkey", "customerCA.key"];
        openssl(&self.rig, &[&sign[..], &issuer, options].concat());
    }

    /// Refused here, without a call.
    #[track_caller]
    pub(crate) fn refuses_alone(&self, kind: &str, words: &str) {
        let run = initialize(&self.rig, &self.cluster, &["--wait"]);
        let message = run.refused(3, kind);
        assert!(message.contains(words), "{message}");
        assert_eq!(asked(self.access_key), 0, "{message}");
    }

    /// The same files by the AWS CLI, whose calls are counted elsewhere.
    pub(crate) fn ask_aws(&self) -> Run {
        let initialize = [
            "cloudhsmv2",
            "initialize-cluster",
            "--cluster-id",
            self.cluster.id(),
        ];
        let files = [
            "--signed-cert",
            "file://signed.crt",
            "--trust-anchor",
            "file://customerCA.crt",
        ];
        let mut command = self
            .rig
            .prepare_tool(python_tool("aws"), &[&initialize[..], &files].concat());
        Run::of(command.env("AWS_ACCESS_KEY_ID", "test"))
    }

    /// Refused here without a call, and by AWS.
    #[track_caller]
    pub(crate) fn refuses(&self, kind: &str, words: &str) {
        self.refuses_alone(kind, words);
        states::refused(&self.ask_aws(), "CloudHsmInvalidRequestException", "");
    }

    /// Refused here because clients would refuse it, or because of the API reference; the local AWS accepts it.
    #[track_caller]
    pub(crate) fn refuses_what_aws_takes(&self, kind: &str, words: &str) {
        self.refuses_alone(kind, words);
        self.ask_aws().ok();
    }
}
