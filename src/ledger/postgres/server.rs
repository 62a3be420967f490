//! Requests to the server. The program connects when it needs the server, and reconnects after it lost the connection. Only this file and
//! `connection.rs` await anything.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::{Either, join, select};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, RowStream, Statement};

use super::super::waiting::Wait;
use super::super::{Digest, LedgerError};
use super::connection::Link;
use super::failure::Trouble;
use super::place::PostgresPlace;
use super::tls::Tls;
use super::{schema, session};

/// "hsmL": the advisory lock of the issuer whose turn it is to write.
const TURN: i64 = 0x6873_6d4c;

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEvent {
    pub(super) sequence: i64,
    pub(super) body: String,
    pub(super) hash: Digest,
}

/// Receives the events that the server sends.
pub(super) type Taker<'a> = dyn FnMut(StoredEvent) -> Result<(), Trouble> + 'a;

pub(super) struct Server {
    place: PostgresPlace,
    tls: Option<Tls>,
    runtime: Runtime,
    link: Option<Link>,
    /// Whether this issuer records: its sessions then hold the lock of issuers.
    records: bool,
    was_reached: bool,
    /// What limits the present request.
    wait: Wait,
    /// How many answers were waited for.
    pub(super) trips: u64,
}

/// How a commit ended.
pub(super) enum Committed {
    Yes,
    /// The connection was lost before the answer came.
    Unknown(String),
}

impl Server {
    pub(super) fn new(place: &PostgresPlace) -> Result<Self, LedgerError> {
        let tls = place.tls.as_ref().map(Tls::with_files).transpose()?;
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
            records: false,
            was_reached: false,
            wait: Wait::of(super::LONGEST_WAIT),
            trips: 0,
        })
    }

    /// The requests from here on belong to this wait.
    pub(super) fn wait_as(&mut self, wait: &Wait) {
        self.wait = wait.clone();
    }

    /// From the next connection on, other issuers see that this one records.
    pub(super) const fn become_issuer(&mut self) {
        self.records = true;
    }

    /// Whether another session records.
    pub(super) fn has_other_issuers(&mut self) -> Result<bool, Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime
            .block_on(within(&self.wait, session::has_other_issuers(&link.client)))
    }

    /// Drops the connection, with any open transaction.
    pub(super) fn disconnect(&mut self) {
        self.link = None;
    }

    pub(super) const fn place(&self) -> &PostgresPlace {
        &self.place
    }

    /// Whether a server has ever answered.
    pub(super) const fn was_reached(&self) -> bool {
        self.was_reached
    }

    /// The ledger of the database, if it has one: its version, and whether this role can append to it.
    pub(super) fn find_ledger(&mut self) -> Result<Option<schema::Found>, Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 2;
        self.runtime
            .block_on(within(&self.wait, schema::find_ledger(&link.client)))
    }

    /// Refuses a database in which this role cannot create a ledger.
    pub(super) fn refuse_without_create(&mut self) -> Result<(), Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime
            .block_on(within(&self.wait, schema::refuse_without_create(&link.client)))
    }

    /// The names in the schema that differ from what this program creates, each with the difference.
    pub(super) fn schema_differences(&mut self) -> Result<Vec<(String, &'static str)>, Trouble> {
        self.connect()?;
        let link = linked(&self.link)?;
        self.trips += 1;
        self.runtime
            .block_on(within(&self.wait, schema::differences(&link.client)))
    }

    /// Every event from `first` on, in one snapshot.
    pub(super) fn events_from(&mut self, first: u64, each: &mut Taker<'_>) -> Result<(), Trouble> {
        self.prepare()?;
        let Self {
            link,
            runtime,
            trips,
            wait,
            ..
        } = self;
        let link = linked(link)?;
        let since = &link.statements()?.since;
        *trips += 1;
        let read = async {
            let rows = link.client.query_raw(since, [number(first)?]).await?;
            take_rows(rows, each).await
        };
        runtime.block_on(within(wait, read))
    }

    /// Waits for the turn to write, and reads what others have appended. Sends three requests and waits once.
    pub(super) fn take_turn(&mut self, first: u64, each: &mut Taker<'_>) -> Result<(), Trouble> {
        self.prepare()?;
        let Self {
            link,
            runtime,
            trips,
            wait,
            ..
        } = self;
        let link = linked(link)?;
        let statements = link.statements()?;
        *trips += 1;
        let first = number(first)?;
        let taken = async {
            let begin = async {
                link.client.batch_execute(BEGIN).await?;
                Ok::<_, tokio_postgres::Error>(())
            };
            let lock = link.client.query(&statements.turn, &[&TURN]);
            let since = link.client.query_raw(&statements.since, [first]);
            // Each future sends its request when it is first polled, so the requests are sent in this order.
            let (begun, (locked, rows)) = join(begin, join(lock, since)).await;
            begun?;
            locked?;
            take_rows(rows?, each).await
        };
        runtime.block_on(within(wait, taken))
    }

    /// Appends, in the open transaction.
    pub(super) fn insert(&mut self, events: &[StoredEvent]) -> Result<(), Trouble> {
        let link = linked(&self.link)?;
        let append = &link.statements()?.append;
        for chunk in events.chunks(MOST_ROWS) {
            self.trips += 1;
            let inserted = insert(&link.client, append, chunk);
            self.runtime.block_on(within(&self.wait, inserted))?;
        }
        Ok(())
    }

    /// Appends and commits. Waits once for both answers.
    pub(super) fn append(&mut self, events: &[StoredEvent]) -> Result<Committed, Trouble> {
        let (before, last) = events.split_at(events.len().saturating_sub(MOST_ROWS));
        self.insert(before)?;
        self.trips += 1;
        let link = linked(&self.link)?;
        let append = &link.statements()?.append;
        link.warnings().clear();
        let both = async {
            let inserted = insert(&link.client, append, last);
            Ok::<_, Trouble>(join(inserted, link.client.batch_execute("COMMIT")).await)
        };
        let (inserted, committed) = match self.runtime.block_on(within(&self.wait, both)) {
            Ok(answers) => answers,
            Err(Trouble::Lost(found)) => return Ok(Committed::Unknown(found)),
            Err(other) => return Err(other),
        };
        // If the server refused the first, the second has rolled back. If the connection is lost, the server may still have both.
        let committed = inserted.and(committed.map_err(Trouble::from));
        match (committed, link.warnings().first()) {
            // "The transaction has already committed locally, but might not have been replicated to the standby."
            (Ok(()), Some(warning)) => Ok(Committed::Unknown(warning.clone())),
            (Ok(()), None) => Ok(Committed::Yes),
            (Err(Trouble::Lost(found)), _) => Ok(Committed::Unknown(found)),
            (Err(refused), _) => Err(refused),
        }
    }

    /// Ends the turn without recording anything.
    pub(super) fn give_up_turn(&mut self) {
        let rolled_back = match &self.link {
            Some(link) => {
                let rolled_back = link.client.batch_execute("ROLLBACK");
                self.runtime.block_on(within(&self.wait, rolled_back)).is_ok()
            }
            None => true,
        };
        if !rolled_back {
            self.disconnect();
        }
    }

    /// Ends the turn once everything before it is on the disk, and on a synchronous standby. Writes a message, because the commit of an
    /// empty transaction would not wait for either.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        let link = linked(&self.link)?;
        self.trips += 1;
        let settled = link
            .client
            .batch_execute("SELECT pg_logical_emit_message(true, 'hsm-ca', 'settled'); COMMIT");
        self.runtime.block_on(within(&self.wait, settled))
    }

    /// Creates the ledger and its first events, in one transaction.
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
            link,
            runtime,
            trips,
            wait,
            ..
        } = self;
        if let Some(link) = link.as_mut().filter(|link| !link.is_prepared()) {
            *trips += 1;
            runtime.block_on(within(wait, link.prepare()))?;
        }
        Ok(())
    }

    /// Connects to the first server that accepts changes.
    fn connect(&mut self) -> Result<(), Trouble> {
        if self.link.as_ref().is_some_and(|link| !link.client.is_closed()) {
            return Ok(());
        }
        self.link = None;
        let mut trouble = None;
        for host in self.place.hosts.clone() {
            self.trips += 2;
            let link = Link::open(&self.place, self.tls.as_ref(), &host, self.records);
            match self.runtime.block_on(within(&self.wait, link)) {
                Ok(link) => {
                    self.link = Some(link);
                    self.was_reached = true;
                    return Ok(());
                }
                // If one server refuses and another does not answer, the refusal is reported.
                Err(error) if matches!(trouble, None | Some(Trouble::Lost(_))) => trouble = Some(error),
                Err(_) => {}
            }
        }
        Err(trouble.unwrap_or(Trouble::Lost("no server is named".to_owned())))
    }
}

/// How often the limits of a wait are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for an answer, unless the wait is cut short. Then the connection is of no more use: the answer may still come.
async fn within<T, E: Into<Trouble>>(
    wait: &Wait,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    let cut_short = async {
        while !wait.is_cut_short() {
            tokio::time::sleep(LOOK).await;
        }
    };
    match select(pin!(request), pin!(cut_short)).await {
        Either::Left((answer, _)) => answer.map_err(Into::into),
        Either::Right(_) => Err(Trouble::Lost(
            "the server has not answered, and the wait was ended".to_owned(),
        )),
    }
}

/// The most rows of one statement. They must fit into a message of 1 GiB, and into memory.
pub(super) const MOST_ROWS: usize = 1000;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

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
    // A rule or trigger that someone added could drop rows.
    Err(Trouble::Refused {
        code: "00000".to_owned(),
        found: format!("the server inserted {inserted} of {} events", rows.len()),
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
