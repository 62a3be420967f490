//! Expired, not valid yet, and soon over.

use super::{SIGNED, check, desk, in_state, redate};

#[test]
fn dates_are_judged_for_each_certificate_and_listed_in_their_order() {
    let (past, future) = (("2020-01-01", "2021-01-01"), ("2090-01-01", "2091-01-01"));
    for (name, role, file) in [
        ("ca", "customer-ca", "dir/customerCA.crt"),
        ("hsm", "cluster-certificate", SIGNED),
        ("server", "server-certificate", "client/certs/21a10654.0"),
        ("own", "client-certificate", "own.crt"),
    ] {
        for (from, to) in [past, future] {
            let rig = desk();
            redate(&rig, name, matches!(name, "ca" | "server"), from, to);
            rig.write(file, rig.read(&format!("{name}.crt")));
            // openssl wrote the old CA's key identifier, by its own method, into the client's certificate.
            let client: &[&str] = if name == "ca" {
                &[]
            } else {
                &["--client-cert", "own.crt"]
            };
            let run = check(&rig, &[&["--server-cert", "server.crt"], client].concat());
            assert_eq!(run.code, Some(3), "{name} {from}: {run:#?}");
            let report = run.json();
            assert_eq!(
                in_state(&report, "failed"),
                [format!("{role}: validity")],
                "{name} {from}"
            );
            let words = if from == past.0 {
                "expired on 2021-01-01"
            } else {
                "not valid before 2090-01-01"
            };
            assert!(run.stdout.contains(words), "{run:#?}");
            let verified: &[&str] = match name {
                "server" => &["verify", "-CApath", "client/certs", "server.crt"],
                "own" => &["verify", "-CAfile", "dir/customerCA.crt", "own.crt"],
                _ => &["verify", "-CAfile", "dir/customerCA.crt", SIGNED],
            };
            let said = rig.tool("openssl", verified);
            let words = if from == past.0 {
                "has expired"
            } else {
                "not yet valid"
            };
            assert!(said.stderr.contains(words), "{said:#?}");
            let expiries = report["expiries"].as_array().expect("expiries");
            let dates: Vec<_> = expiries
                .iter()
                .map(|one| one["not_after"].as_str().expect("a date"))
                .collect();
            assert!(
                dates.is_sorted() && dates.len() == 3 + client.len() / 2,
                "{dates:?}"
            );
            assert_eq!(
                from == past.0,
                expiries[0]["state"] == "failed" && expiries[0]["component"] == role
            );
        }
    }
}

#[test]
fn an_early_expiry_is_a_warning_not_a_failure() {
    let rig = desk();
    let days = [
        "--warn-days",
        "2500",
        "--server-cert",
        "server.crt",
        "--client-cert",
        "own.crt",
    ];
    let run = check(&rig, &days).ok();
    let warned = in_state(&run.json(), "warning");
    assert_eq!(
        warned,
        ["client-certificate: validity", "cluster-certificate: validity"]
    );
    let report = check(&rig, &["--server-cert", "server.crt", "--client-cert", "own.crt"])
        .ok()
        .json();
    assert_eq!(in_state(&report, "warning"), [""; 0]);
    assert_eq!(report["verified"], true);
}
