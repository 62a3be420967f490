//! The client certificate, default or own.

use super::{check, desk, in_state, issue, redate, self_signed, state};

#[test]
fn a_client_certificate_is_aws_default_or_under_the_ca() {
    let rig = desk();
    // Beside the directory, as in the client package of SDK 3. Its expiry does not matter.
    self_signed(&rig, "default", "/CN=default client");
    redate(&rig, "default", true, "2016-02-01", "2026-01-31");
    rig.write("client/client.crt", rig.read("default.crt"));
    let report = check(&rig, &["--server-cert", "server.crt"]).ok().json();
    assert_eq!(report["verified"], true);
    for step in ["kind", "validity"] {
        assert_eq!(state(&report, "client-certificate", step), "note");
    }
    // The same certificate given explicitly.
    let run = check(&rig, &["--client-cert", "client/client.crt"]);
    let failed = [
        "client-certificate: issued-by-the-ca",
        "client-certificate: validity",
    ];
    assert_eq!(in_state(&run.json(), "failed"), failed);
    // In the package's place, but under the CA: it counts as your own.
    rig.write("client/client.crt", rig.read("own.crt"));
    let report = check(&rig, &[]).ok().json();
    assert_eq!(state(&report, "client-certificate", "issued-by-the-ca"), "ok");

    // Under another CA: only with that CA, which must be a registered trust anchor.
    self_signed(&rig, "anchor", "/CN=Anchor");
    issue(&rig, "other", "/CN=application 2", "anchor", "");
    let run = check(&rig, &["--client-cert", "other.crt"]);
    assert_eq!(run.code, Some(3));
    assert_eq!(
        in_state(&run.json(), "failed"),
        ["client-certificate: issued-by-the-ca"]
    );
    check(&rig, &["--client-cert", "other.crt", "--client-ca", "anchor.crt"]).ok();
    // With an intermediate in its own file. A certificate in that file is never an anchor, not even a root.
    issue(
        &rig,
        "between",
        "/CN=Between",
        "anchor",
        "basicConstraints=critical,CA:TRUE",
    );
    issue(&rig, "below", "/CN=application 3", "between", "");
    let chain = ["below.crt", "between.crt", "anchor.crt"]
        .map(|name| rig.read(name))
        .concat();
    rig.write("chain.pem", chain);
    check(&rig, &["--client-cert", "chain.pem", "--client-ca", "anchor.crt"]).ok();
    assert_eq!(check(&rig, &["--client-cert", "chain.pem"]).code, Some(3));

    // Only for servers: openssl does not accept it as a client's either.
    issue(
        &rig,
        "wrong",
        "/CN=application 4",
        "ca",
        "extendedKeyUsage=serverAuth",
    );
    let run = check(&rig, &["--client-cert", "wrong.crt"]);
    assert_eq!(in_state(&run.json(), "failed"), ["client-certificate: purpose"]);
    let verify = [
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        "ca.crt",
        "wrong.crt",
    ];
    assert_ne!(rig.tool("openssl", &verify).code, Some(0));
    // Longer than mutual TLS accepts.
    let own = rig.read("own.crt");
    rig.write("long.pem", own.repeat(6980 / own.len() + 1));
    let report = check(&rig, &["--client-cert", "long.pem"]).ok().json();
    assert_eq!(state(&report, "client-certificate", "chain-length"), "warning");
}
