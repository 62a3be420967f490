//! What holds for every session: names mean the system's, a commit is on the disk, and this server takes changes.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::super::LedgerError;
use super::failure::Trouble;
use super::place::PostgresPlace;

/// Others' functions and operators cannot stand in for the system's. A session that stops in the middle of its turn loses it. A commit
/// waits for the disk, and for the synchronous standby if there is one, whatever the server, the database or the role is set to.
const BEGIN: &str = "
    SET search_path = pg_catalog;
    SET lock_timeout = '30s';
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = '30s';
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);
    SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_encoding'), pg_is_in_recovery()";

/// One round trip.
pub(super) async fn begin(client: &Client, place: &PostgresPlace) -> Result<(), Trouble> {
    let answers = client.simple_query(BEGIN).await?;
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
            "the server is a standby, which takes no changes".to_owned(),
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
