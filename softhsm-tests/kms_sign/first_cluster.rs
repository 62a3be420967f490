//! A CloudHSM cluster, from the CSR to INITIALIZED, on a machine that has no HSM yet: its CA's key is in KMS.

use crate::cluster::evidence::{roots, words};
use crate::harness::{HSM1, HSM2, KmsAuthority, LocalCluster};
use crate::oracle::{assert_accepted, openssl};

#[test]
fn the_first_hsm_of_a_team_is_initialized_with_a_kms_key_as_its_ca() {
    for (hsm_type, spec) in [(HSM1, "RSA_2048"), (HSM2, "ECC_NIST_P384")] {
        let authority = KmsAuthority::with_key(spec, &format!("KMSSTART{spec}"));
        let rig = &authority.rig;
        authority
            .create("customerCA.crt", &["--profile", "cloudhsm-ca"])
            .ok();
        let cluster = LocalCluster::create(hsm_type, "");
        rig.json(&["cluster", "fetch", cluster.id(), "--out-dir", "."])
            .ok();
        // The roots that AWS and the manufacturer publish.
        cluster.save(rig);

        let csr = format!("{}_ClusterCsr.csr", cluster.id());
        let signed = format!("{}_CustomerHsmCertificate.crt", cluster.id());
        let sign = [
            "csr",
            "sign",
            csr.as_str(),
            "--ca",
            "customerCA.crt",
            "--key",
            authority.name.as_str(),
        ];
        let more = [
            "--profile",
            "cloudhsm-cluster",
            "--out-dir",
            ".",
            "--identity",
            ".",
        ];
        let roots = roots(rig, "aws-root.crt", "manufacturer-root.crt");
        let made = rig.json(&[&sign[..], &more, &words(&roots)].concat()).ok().json();
        let said = made["warnings"].to_string();
        assert!(said.contains("the key is not on a token"), "{said}");
        assert_accepted(rig, &signed, "customerCA.crt");
        let purpose = [
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            "customerCA.crt",
            signed.as_str(),
        ];
        assert_eq!(openssl(rig, &purpose), format!("{signed}: OK\n"));

        let initialize = ["cluster", "initialize", cluster.id(), "--wait", "--yes"];
        let files = [
            "--signed-cert",
            signed.as_str(),
            "--trust-anchor",
            "customerCA.crt",
        ];
        let result = rig.json(&[&initialize[..], &files].concat()).ok().json();
        assert_eq!(result["state"], "INITIALIZED");
        let check = ["cluster", "check", cluster.id(), "--ca", "customerCA.crt"];
        rig.json(&check).ok();
        rig.json(&["ledger", "verify"]).ok();
        // No token was available.
        assert!(!rig.path("rig").exists());
    }
}
