//! Which places are read, and how each is shown.

use super::*;

fn parse(rest: &str) -> Result<PostgresPlace, LedgerUrlError> {
    PostgresPlace::parse(rest)
}

#[test]
fn a_place_is_read_and_shown_in_one_spelling() {
    for (given, shown) in [
        ("localhost/ca", "localhost:5432/ca"),
        ("/ca?host=/run/postgresql", "%2Frun%2Fpostgresql:5432/ca"),
        ("%2Frun%2Fpg:5433/ca", "%2Frun%2Fpg:5433/ca"),
        ("/ca?host=/run/pg&port=6000", "%2Frun%2Fpg:6000/ca"),
        ("issuer@127.0.0.1:5433/c%20a", "issuer@127.0.0.1:5433/c%20a"),
        ("[::1]/ca", "[::1]:5432/ca"),
        ("[::1]:7/ca", "[::1]:7/ca"),
        (
            "u@db1.example,db2.example:5433/ca?sslrootcert=ca.pem",
            "u@db1.example:5432,db2.example:5433/ca?sslmode=verify-full&sslrootcert=ca.pem",
        ),
        (
            "db/ca?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
            "db:5432/ca?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        ),
        (
            "db/ca?sslkey=i.key&sslcert=%2Fetc%2Fi.pem&sslrootcert=ca.pem",
            "db:5432/ca?sslmode=verify-full&sslrootcert=ca.pem&sslcert=/etc/i.pem&sslkey=i.key",
        ),
    ] {
        let place = parse(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!(place.to_string(), format!("postgres://{shown}"));
    }
}

#[test]
fn a_password_is_refused_wherever_it_stands() {
    for url in [
        "u:secret@localhost/ca",
        ":secret@localhost/ca",
        "u:@localhost/ca",
        "u%40:x@localhost/ca",
        "localhost/ca?password=secret",
        "localhost/ca?passfile=/x",
    ] {
        assert_eq!(parse(url), Err(LedgerUrlError::Password), "{url}");
    }
}

#[test]
fn over_a_network_the_server_is_verified() {
    for url in [
        "db.example/ca",
        "10.0.0.1/ca",
        "localhost.example/ca",
        "127.0.0.1.example/ca",
        "0.0.0.0/ca",
        "[fe80::1]/ca",
        "localhost,db/ca",
        "db/ca?sslmode=verify-full",
        "localhost/ca?sslmode=verify-full",
    ] {
        assert_eq!(parse(url), Err(LedgerUrlError::NoRootCertificates), "{url}");
    }
    for url in ["db/ca?sslmode=disable", "db/ca?sslmode=disable&sslrootcert=x"] {
        assert_eq!(parse(url), Err(LedgerUrlError::Plain), "{url}");
    }
    for mode in ["require", "verify-ca", "prefer", "allow", "", "VERIFY-FULL"] {
        assert_eq!(
            parse(&format!("db/ca?sslmode={mode}")),
            Err(LedgerUrlError::SslMode)
        );
    }
}

#[test]
fn an_invalid_place_is_refused() {
    for (url, error) in [
        ("", LedgerUrlError::NoDatabase),
        ("localhost", LedgerUrlError::NoDatabase),
        ("localhost/", LedgerUrlError::NoDatabase),
        ("localhost/a/b", LedgerUrlError::NoDatabase),
        ("/ca", LedgerUrlError::NoHost),
        ("u@/ca", LedgerUrlError::NoHost),
        ("localhost:0/ca", LedgerUrlError::Host),
        ("localhost:/ca", LedgerUrlError::Host),
        ("localhost:65536/ca", LedgerUrlError::Host),
        ("local host/ca", LedgerUrlError::Host),
        ("::1/ca", LedgerUrlError::Host),
        ("[::1/ca", LedgerUrlError::Host),
        ("[127.0.0.1]/ca", LedgerUrlError::Host),
        ("[::1]5/ca", LedgerUrlError::Host),
        ("localhost/c%0", LedgerUrlError::Encoding),
        ("localhost/c%00", LedgerUrlError::Encoding),
        ("localhost/c%ff", LedgerUrlError::Encoding),
        ("localhost/ca?x=1", LedgerUrlError::Option),
        ("localhost/ca?options=-cfsync%3Doff", LedgerUrlError::Option),
        ("/ca?host=relative", LedgerUrlError::Option),
        ("/ca?host=/a&host=/b", LedgerUrlError::Option),
        ("localhost/ca?port", LedgerUrlError::Option),
    ] {
        assert_eq!(parse(url), Err(error), "{url}");
    }
}

#[test]
fn a_certificate_of_the_issuer_has_a_key_and_a_verified_server() {
    for url in [
        "db/ca?sslrootcert=ca.pem&sslcert=i.pem",
        "db/ca?sslrootcert=ca.pem&sslkey=i.key",
        "localhost/ca?sslkey=i.key",
    ] {
        assert_eq!(parse(url), Err(LedgerUrlError::ClientCertificate), "{url}");
    }
    for url in [
        "db/ca?sslcert=i.pem&sslkey=i.key",
        "localhost/ca?sslcert=i.pem&sslkey=i.key",
    ] {
        assert_eq!(parse(url), Err(LedgerUrlError::NoRootCertificates), "{url}");
    }
    for url in [
        "db/ca?sslrootcert=ca.pem&sslcert=&sslkey=i.key",
        "db/ca?sslrootcert=ca.pem&sslcert=i.pem&sslkey=i.key&sslkey=j.key",
    ] {
        assert_eq!(parse(url), Err(LedgerUrlError::Option), "{url}");
    }
    let place = parse("db/ca?sslrootcert=ca.pem&sslcert=i.pem&sslkey=/keys/i.key").unwrap();
    let files = place.beside(Path::new("/etc")).files();
    assert_eq!(
        files,
        ["/etc/ca.pem", "/etc/i.pem", "/keys/i.key"].map(PathBuf::from)
    );
}
