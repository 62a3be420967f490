//! The start of every session: names resolve to the system's, commits wait for the disk, and the server must accept changes.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::super::LedgerError;
use super::failure::Trouble;
use super::place::PostgresPlace;

/// Other users' functions and operators cannot replace the system's. A session that stops in the middle of its turn loses it. A session that is
/// idle while the token signs is not ended (PostgreSQL 14 and newer have a setting for that). A commit waits for the disk, and for a synchronous
/// standby. All of this is regardless of the settings of the server, the database or the role.
const BEGIN: &str = "
    SET search_path = pg_catalog;
    SET lock_timeout = '30s';
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout';
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)";

/// What the server must answer.
const ANSWERS: &str = "
    SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_encoding'), pg_is_in_recovery()";

/// "hsmI": the advisory lock that every issuer holds, shared, for as long as its session lasts. A certificate that was begun and not signed
/// has two explanations: its issuer died, or is about to sign. Without another session that holds this lock, it died.
const ISSUER: i64 = 0x6873_6d49;

/// Whether another session holds the lock of issuers. PostgreSQL shows a lock's number in two halves.
pub(super) async fn has_other_issuers(client: &Client) -> Result<bool, Trouble> {
    let question = format!(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND classid = 0 AND objid = {ISSUER} AND pid <> pg_backend_pid()
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    );
    let row = client.query_one(&question, &[]).await?;
    Ok(row.try_get(0)?)
}

/// One round trip.
pub(super) async fn begin(client: &Client, place: &PostgresPlace, records: bool) -> Result<(), Trouble> {
    let lock = match records {
        true => format!("SELECT pg_advisory_lock_shared({ISSUER});"),
        false => String::new(),
    };
    // The settings come first: they decide what the names of functions mean.
    let question = format!("{BEGIN}; {lock} {ANSWERS}");
    let answers = client.simple_query(&question).await?;
    let row = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let said = |index| {
        row.and_then(|row| row.try_get(index).ok().flatten())
            .unwrap_or_default()
    };
    if said(3) != "f" {
        return Err(Trouble::Lost(
            "the server is a standby, which accepts no changes".to_owned(),
        ));
    }
    for (index, setting, wanted) in [
        (0, "fsync", "on"),
        (1, "full_page_writes", "on"),
        (2, "server_encoding", "UTF8"),
    ] {
        if said(index) != wanted {
            return Err(LedgerError::NotDurable {
                place: super::named(place),
                found: format!("{setting} is {:?}, and must be {wanted:?}", said(index)),
            }
            .into());
        }
    }
    Ok(())
}
