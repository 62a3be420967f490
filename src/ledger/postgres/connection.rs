//! One connection to one server.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::try_join;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Statement};

use super::failure::Trouble;
use super::place::{Host, PostgresPlace};
use super::session;
use super::tls::Tls;

/// How long to wait for one server to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// After this time without an answer, a connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);

const SINCE: &str = "SELECT sequence, body, hash FROM hsm_ca.events WHERE sequence >= $1 ORDER BY sequence";
const APPEND: &str = "INSERT INTO hsm_ca.events (sequence, body, hash)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[]) ORDER BY 1";

/// A connection, and the statements that were prepared in it.
pub(super) struct Link {
    pub(super) client: Client,
    warnings: Arc<Mutex<Vec<String>>>,
    /// `None` until the database has a ledger.
    statements: Option<Statements>,
}

pub(super) struct Statements {
    pub(super) turn: Statement,
    pub(super) since: Statement,
    pub(super) append: Statement,
}

impl Link {
    pub(super) async fn open(
        place: &PostgresPlace,
        tls: Option<&Tls>,
        host: &Host,
        records: bool,
    ) -> Result<Self, Trouble> {
        let config = config(place, tls, host);
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&warnings);
        let client = match tls {
            Some(tls) => connect(&config, tls.clone(), collected).await?,
            None => connect(&config, NoTls, collected).await?,
        };
        session::begin(&client, place, records).await?;
        Ok(Self {
            client,
            warnings,
            statements: None,
        })
    }

    pub(super) async fn prepare(&mut self) -> Result<(), Trouble> {
        let client = &self.client;
        let (turn, (since, append)) = try_join(
            client.prepare("SELECT pg_advisory_xact_lock($1)"),
            try_join(client.prepare(SINCE), client.prepare(APPEND)),
        )
        .await?;
        self.statements = Some(Statements { turn, since, append });
        Ok(())
    }

    pub(super) const fn is_prepared(&self) -> bool {
        self.statements.is_some()
    }

    pub(super) fn statements(&self) -> Result<&Statements, Trouble> {
        let lost = || Trouble::Lost("the connection was closed".to_owned());
        self.statements.as_ref().ok_or_else(lost)
    }

    /// What the server has warned of.
    pub(super) fn warnings(&self) -> MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn config(place: &PostgresPlace, tls: Option<&Tls>, host: &Host) -> Config {
    let mut config = Config::new();
    match host {
        Host::Directory(path, port) => config.host_path(PathBuf::from(path)).port(*port),
        Host::Tcp(name, port) => config.host(name).port(*port),
    };
    if let Some(address) = host.loopback() {
        config.hostaddr(address);
    }
    if let Some(user) = &place.user {
        config.user(user);
    }
    if let Some(password) = &place.password {
        config.password(password.expose());
    }
    let ssl_mode = match tls {
        Some(_) => SslMode::Require,
        None => SslMode::Disable,
    };
    config
        .dbname(&place.database)
        .application_name("hsm-ca")
        .ssl_mode(ssl_mode)
        .connect_timeout(CONNECT)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE / 3)
        .keepalives_interval(SILENCE / 6)
        .keepalives_retries(4);
    config
}

async fn connect<T>(config: &Config, tls: T, warnings: Arc<Mutex<Vec<String>>>) -> Result<Client, Trouble>
where
    T: MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: TlsStream + Send + 'static,
    T::TlsConnect: Send,
{
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(drive(connection, warnings));
    Ok(client)
}

/// Runs the connection, and collects the server's warnings.
async fn drive<S, T>(mut connection: Connection<S, T>, warnings: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notice(notice) = message
            && notice.severity() == "WARNING"
        {
            let text = format!("{} (SQLSTATE {})", notice.message(), notice.code().code());
            warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }
}
