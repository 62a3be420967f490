//! TLS accepts the certificates of the TLS profiles: in openssl, and in rustls, whose path validation is webpki.

use std::fs;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::harness::{EchoServer, Hierarchy, Rig};
use crate::oracle::make_request;

/// `NAME.crt` and `NAME.key` under the intermediate.
fn issue(hierarchy: &Hierarchy, name: &str, profile: &str, key: &[&str], names: &str) {
    let rig = &hierarchy.rig;
    let names = format!("subjectAltName={names}");
    make_request(rig, "x.csr", key, &["-subj", "/O=Test", "-addext", &names]);
    fs::rename(rig.path("request.key"), rig.path(&format!("{name}.key"))).expect("the key");
    hierarchy.sign("x.csr", profile, &format!("{name}.crt")).ok();
}

fn certificates(rig: &Rig, names: &[&str]) -> Vec<CertificateDer<'static>> {
    let read = |name: &&str| CertificateDer::from_pem_slice(&rig.read(name)).expect("a certificate");
    names.iter().map(read).collect()
}

/// A handshake in memory, with the client's trust, the server's name, and the client's certificate.
pub(crate) fn shake(rig: &Rig, server: &str, name: &str, client: &str) -> Result<(), rustls::Error> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(certificates(rig, &["root.crt"]).remove(0))
        .expect("a root");
    let roots = Arc::new(roots);
    let identity = |who: &str| {
        let chain = certificates(rig, &[&format!("{who}.crt"), "sub.crt"]);
        let key = PrivateKeyDer::from_pem_slice(&rig.read(&format!("{who}.key"))).expect("a key");
        (chain, key)
    };
    let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .expect("a verifier");
    let (chain, key) = identity(server);
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    let servers = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .expect("a verifier");
    let (chain, key) = identity(client);
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(servers)
        .with_client_auth_cert(chain, key)?;
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    for _ in 0..10 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("memory");
        server.read_tls(&mut &bytes[..]).expect("memory");
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).expect("memory");
        client.read_tls(&mut &bytes[..]).expect("memory");
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

#[test]
fn rustls_accepts_server_and_client_under_an_intermediate() {
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384"] {
        let hierarchy = Hierarchy::new(spec, "");
        let rig = &hierarchy.rig;
        let p256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        issue(
            &hierarchy,
            "server",
            "tls-server",
            p256,
            "DNS:www.example.com,DNS:*.example.org,IP:192.0.2.1",
        );
        issue(
            &hierarchy,
            "client",
            "tls-client",
            &["-newkey", "rsa:2048"],
            "email:a@example.com",
        );
        for name in ["www.example.com", "a.example.org", "192.0.2.1"] {
            assert_eq!(shake(rig, "server", name, "client"), Ok(()), "{spec} {name}");
        }
        for (server, name, client) in [
            ("server", "example.org", "client"),
            ("server", "192.0.2.2", "client"),
            ("client", "www.example.com", "client"),
            ("server", "www.example.com", "server"),
        ] {
            assert!(
                shake(rig, server, name, client).is_err(),
                "{server} {name} {client}"
            );
        }
    }
}

#[test]
fn rustls_enforces_the_name_constraints_of_the_intermediate() {
    let hierarchy = Hierarchy::new(
        "ECC_NIST_P256",
        "[name-constraints]\npermitted = [\"dns:example.com\"]\n",
    );
    let rig = &hierarchy.rig;
    issue(
        &hierarchy,
        "client",
        "tls-client",
        &["-newkey", "rsa:2048"],
        "URI:spiffe://a/b",
    );
    issue(
        &hierarchy,
        "server",
        "tls-server",
        &["-newkey", "rsa:2048"],
        "DNS:www.example.com",
    );
    assert_eq!(shake(rig, "server", "www.example.com", "client"), Ok(()));
    // Made by openssl, without our rules.
    hierarchy.force(
        "outside",
        "/O=Test",
        "subjectAltName=DNS:www.example.org\nextendedKeyUsage=serverAuth",
    );
    assert!(shake(rig, "outside", "www.example.org", "client").is_err());
}

#[test]
fn openssl_accepts_server_and_client_under_an_intermediate() {
    let hierarchy = Hierarchy::new("ECC_NIST_P384", "");
    let rig = &hierarchy.rig;
    issue(
        &hierarchy,
        "server",
        "tls-server",
        &["-newkey", "rsa:2048"],
        "DNS:www.example.com",
    );
    let p384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
    issue(&hierarchy, "client", "tls-client", p384, "email:a@example.com");
    let own = [
        "-cert",
        "server.crt",
        "-key",
        "server.key",
        "-cert_chain",
        "sub.crt",
    ];
    let asking = ["-CAfile", "root.crt", "-Verify", "3", "-verify_return_error"];
    let server = EchoServer::start(rig, &[&own[..], &asking].concat());
    let as_client = [
        "-cert",
        "client.crt",
        "-key",
        "client.key",
        "-cert_chain",
        "sub.crt",
    ];
    let to = |name| ["-CAfile", "root.crt", "-verify_hostname", name];
    for version in ["-tls1_2", "-tls1_3"] {
        assert!(server.answers(
            rig,
            &[&to("www.example.com")[..], &as_client, &[version]].concat()
        ));
        assert!(!server.answers(rig, &[&to("example.com")[..], &as_client, &[version]].concat()));
        assert!(
            !server.answers(rig, &[&to("www.example.com")[..], &own, &[version]].concat()),
            "a server is not a client"
        );
        assert!(
            !server.answers(rig, &[&to("www.example.com")[..], &[version]].concat()),
            "no certificate"
        );
    }
}
