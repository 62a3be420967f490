//! The connection to the server: made when it is needed, made again when it was lost. Nothing outside of here is asynchronous.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::{join, try_join};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, RowStream, Statement};

use super::super::{Digest, LedgerError};
use super::failure::Trouble;
use super::place::{Host, PostgresPlace};
use super::tls::Tls;
use super::{schema, session};

/// To wait for one server to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// A server that vanished is noticed after so long.
const SILENCE: Duration = Duration::from_secs(30);

/// "hsmL": the advisory lock that is the turn to write.
const TURN: i64 = 0x6873_6d4c;

const SINCE: &str = "SELECT sequence, body, hash FROM hsm_ca.events WHERE sequence >= $1 ORDER BY sequence";
const APPEND: &str = "INSERT INTO hsm_ca.events (sequence, body, hash)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[]) ORDER BY 1";

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEvent {
    pub(super) sequence: i64,
    pub(super) body: String,
    pub(super) hash: Digest,
}

/// What takes the events that the server sends.
pub(super) type Taker<'a> = dyn FnMut(StoredEvent) -> Result<(), Trouble> + 'a;

pub(super) struct Server {
    place: PostgresPlace,
    tls: Option<Tls>,
    runtime: Runtime,
    link: Option<Link>,
    was_reached: bool,
    /// How often an answer was waited for.
    pub(super) trips: u64,
}

struct Link {
    client: Client,
    warnings: Arc<Mutex<Vec<String>>>,
    /// Where there is a ledger.
    statements: Option<Statements>,
}

struct Statements {
    turn: Statement,
    since: Statement,
    append: Statement,
}

/// How a commit ended.
pub(super) enum Committed {
    Yes,
    /// The connection was lost before the answer came.
    Unknown(String),
}

impl Server {
    pub(super) fn new(place: &PostgresPlace) -> Result<Self, LedgerError> {
        let tls = place
            .root_certificates
            .as_deref()
            .map(Tls::with_roots)
            .transpose()?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|cause| LedgerError::Failed {
            place: super::named(place),
            found: cause.to_string(),
        })?;
        Ok(Self {
            place: place.clone(),
            tls,
            runtime,
            link: None,
            was_reached: false,
            trips: 0,
        })
    }

    /// Forgets the connection, whatever was going on in it.
    pub(super) fn disconnect(&mut self) {
        self.link = None;
    }

    pub(super) const fn place(&self) -> &PostgresPlace {
        &self.place
    }

    /// Whether it has ever answered.
    pub(super) const fn was_reached(&self) -> bool {
        self.was_reached
    }

    /// Whether there is a ledger, of which version, and whether it can be appended to.
    pub(super) fn find_ledger(&mut self) -> Result<Option<schema::Found>, Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 2;
        self.runtime.block_on(schema::find_ledger(&link.client))
    }

    /// Refuses a database where this role can make no ledger.
    pub(super) fn refuse_without_create(&mut self) -> Result<(), Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime.block_on(schema::refuse_without_create(&link.client))
    }

    /// What is not as this program makes it: name, and how.
    pub(super) fn schema_differences(&mut self) -> Result<Vec<(String, &'static str)>, Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime.block_on(schema::differences(&link.client))
    }

    /// Every event from this one on, in one state of the ledger.
    pub(super) fn events_from(&mut self, first: u64, each: &mut Taker<'_>) -> Result<(), Trouble> {
        self.prepare()?;
        let Self {
            link, runtime, trips, ..
        } = self;
        let link = linked(link)?;
        let since = &link.statements()?.since;
        *trips += 1;
        runtime.block_on(async {
            let rows = link.client.query_raw(since, [number(first)?]).await?;
            take_rows(rows, each).await
        })
    }

    /// Waits for the turn to write, and reads what others have appended. Three requests, one answer to wait for.
    pub(super) fn take_turn(&mut self, first: u64, each: &mut Taker<'_>) -> Result<(), Trouble> {
        self.prepare()?;
        let Self {
            link, runtime, trips, ..
        } = self;
        let link = linked(link)?;
        let statements = link.statements()?;
        *trips += 1;
        let first = number(first)?;
        runtime.block_on(async {
            let begin = async {
                link.client.batch_execute(BEGIN).await?;
                Ok::<_, tokio_postgres::Error>(())
            };
            let lock = link.client.query(&statements.turn, &[&TURN]);
            let since = link.client.query_raw(&statements.since, [first]);
            // Each sends its request when it is first polled: they stand in this order on the wire.
            let (begun, (locked, rows)) = join(begin, join(lock, since)).await;
            begun?;
            locked?;
            take_rows(rows?, each).await
        })
    }

    /// Appends, in the transaction that is open.
    pub(super) fn insert(&mut self, events: &[StoredEvent]) -> Result<(), Trouble> {
        let link = linked(&self.link)?;
        let append = &link.statements()?.append;
        for chunk in events.chunks(MOST_ROWS) {
            self.trips += 1;
            self.runtime.block_on(insert(&link.client, append, chunk))?;
        }
        Ok(())
    }

    /// Appends and commits; two answers, waited for together.
    pub(super) fn append(&mut self, events: &[StoredEvent]) -> Result<Committed, Trouble> {
        let (before, last) = events.split_at(events.len().saturating_sub(MOST_ROWS));
        self.insert(before)?;
        self.trips += 1;
        let link = linked(&self.link)?;
        let append = &link.statements()?.append;
        link.warnings().clear();
        let (inserted, committed) = self.runtime.block_on(join(
            insert(&link.client, append, last),
            link.client.batch_execute("COMMIT"),
        ));
        // Where the first was refused, the second has rolled back. The server may have got both, and only the answers are lost.
        let committed = inserted.and(committed.map_err(Trouble::from));
        match (committed, link.warnings().first()) {
            // "The transaction has already committed locally, but might not have been replicated to the standby."
            (Ok(()), Some(warning)) => Ok(Committed::Unknown(warning.clone())),
            (Ok(()), None) => Ok(Committed::Yes),
            (Err(Trouble::Lost(found)), _) => Ok(Committed::Unknown(found)),
            (Err(refused), _) => Err(refused),
        }
    }

    /// Ends the turn, and leaves nothing.
    pub(super) fn give_up_turn(&mut self) {
        let rolled_back = match &self.link {
            Some(link) => self
                .runtime
                .block_on(link.client.batch_execute("ROLLBACK"))
                .is_ok(),
            None => true,
        };
        if !rolled_back {
            self.disconnect();
        }
    }

    /// Ends the turn when everything before it is on the disk, and on the standby if there is a synchronous one: an empty transaction would
    /// not wait for either.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime
            .block_on(
                link.client
                    .batch_execute("SELECT pg_logical_emit_message(true, 'hsm-ca', 'settled'); COMMIT"),
            )
            .map_err(Trouble::from)
    }

    /// Makes the ledger and its first events, in one transaction.
    pub(super) fn create(&mut self, statements: &str) -> Result<(), Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime.block_on(async {
            link.client.batch_execute(BEGIN).await?;
            link.client
                .execute("SELECT pg_advisory_xact_lock($1)", &[&TURN])
                .await?;
            link.client.batch_execute(statements).await?;
            Ok::<_, Trouble>(())
        })?;
        self.prepare()
    }

    fn prepare(&mut self) -> Result<(), Trouble> {
        self.connect()?;
        let Self {
            link, runtime, trips, ..
        } = self;
        let Some(link) = link.as_mut().filter(|link| link.statements.is_none()) else {
            return Ok(());
        };
        *trips += 1;
        let client = &link.client;
        let (turn, (since, append)) = runtime.block_on(try_join(
            client.prepare("SELECT pg_advisory_xact_lock($1)"),
            try_join(client.prepare(SINCE), client.prepare(APPEND)),
        ))?;
        link.statements = Some(Statements { turn, since, append });
        Ok(())
    }

    /// Connects to the first of the servers that takes changes.
    fn connect(&mut self) -> Result<(), Trouble> {
        if self.link.as_ref().is_some_and(|link| !link.client.is_closed()) {
            return Ok(());
        }
        self.link = None;
        let mut trouble = None;
        for host in self.place.hosts.clone() {
            self.trips += 2;
            match self.connect_to(&host) {
                Ok(link) => {
                    self.link = Some(link);
                    self.was_reached = true;
                    return Ok(());
                }
                // What a server refuses outright is worth more than that another is away.
                Err(error) if matches!(trouble, None | Some(Trouble::Lost(_))) => trouble = Some(error),
                Err(_) => {}
            }
        }
        Err(trouble.unwrap_or(Trouble::Lost("no server is named".to_owned())))
    }

    fn connect_to(&self, host: &Host) -> Result<Link, Trouble> {
        let config = self.config(host);
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&warnings);
        let client = self.runtime.block_on(async {
            let client = match &self.tls {
                Some(tls) => open(&config, tls.clone(), collected).await?,
                None => open(&config, NoTls, collected).await?,
            };
            session::begin(&client, &self.place).await?;
            Ok::<_, Trouble>(client)
        })?;
        Ok(Link {
            client,
            warnings,
            statements: None,
        })
    }

    fn config(&self, host: &Host) -> Config {
        let mut config = Config::new();
        match host {
            Host::Directory(path, port) => config.host_path(PathBuf::from(path)).port(*port),
            Host::Tcp(name, port) => config.host(name).port(*port),
        };
        if let Some(address) = host.loopback() {
            config.hostaddr(address);
        }
        if let Some(user) = &self.place.user {
            config.user(user);
        }
        if let Some(password) = &self.place.password {
            config.password(password.expose());
        }
        let ssl_mode = match self.tls {
            Some(_) => SslMode::Require,
            None => SslMode::Disable,
        };
        config
            .dbname(&self.place.database)
            .application_name("hsm-ca")
            .ssl_mode(ssl_mode)
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE / 3)
            .keepalives_interval(SILENCE / 6)
            .keepalives_retries(4);
        config
    }
}

/// Rows for one statement: an array of them has to fit into a message of 1 GiB, and into memory.
pub(super) const MOST_ROWS: usize = 1000;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

impl Link {
    fn warnings(&self) -> MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn statements(&self) -> Result<&Statements, Trouble> {
        let lost = || Trouble::Lost("the connection was closed".to_owned());
        self.statements.as_ref().ok_or_else(lost)
    }
}

fn linked(link: &Option<Link>) -> Result<&Link, Trouble> {
    let lost = || Trouble::Lost("the connection was closed".to_owned());
    link.as_ref().ok_or_else(lost)
}

fn number(sequence: u64) -> Result<i64, Trouble> {
    Ok(i64::try_from(sequence).map_err(|_| LedgerError::Range)?)
}

async fn insert(client: &Client, append: &Statement, rows: &[StoredEvent]) -> Result<(), Trouble> {
    if rows.is_empty() {
        return Ok(());
    }
    let sequences: Vec<_> = rows.iter().map(|event| event.sequence).collect();
    let bodies: Vec<_> = rows.iter().map(|event| event.body.as_str()).collect();
    let hashes: Vec<_> = rows.iter().map(|event| &event.hash.0[..]).collect();
    let inserted = client.execute(append, &[&sequences, &bodies, &hashes]).await?;
    if u64::try_from(rows.len()).is_ok_and(|expected| expected == inserted) {
        return Ok(());
    }
    // A rule or a trigger of somebody else's could swallow rows.
    Err(Trouble::Refused {
        code: "00000".to_owned(),
        found: format!("it took {inserted} of {} events", rows.len()),
    })
}

async fn take_rows(rows: RowStream, each: &mut Taker<'_>) -> Result<(), Trouble> {
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        let hash: &[u8] = row.try_get(2)?;
        let hash = hash.try_into().map(Digest).unwrap_or(Digest([0; 32]));
        each(StoredEvent {
            sequence: row.try_get(0)?,
            body: row.try_get(1)?,
            hash,
        })?;
    }
    Ok(())
}

async fn open<T>(config: &Config, tls: T, warnings: Arc<Mutex<Vec<String>>>) -> Result<Client, Trouble>
where
    T: MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: TlsStream + Send + 'static,
    T::TlsConnect: Send,
{
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(drive(connection, warnings));
    Ok(client)
}

/// Keeps the connection going, and what the server warns of.
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
