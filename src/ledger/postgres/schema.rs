//! The schema, its versions, the role that appends, and whether anything was changed.

use tokio_postgres::Client;

use super::super::{Access, LedgerError, LedgerPlace};
use super::failure::Trouble;

/// Upgrades from each version to the next. The first creates a ledger.
const MIGRATIONS: [&str; 1] = [include_str!("version_1.sql")];

/// The ledger that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) version: i64,
    pub(super) is_empty: bool,
    /// Whether this role may append.
    pub(super) may_append: bool,
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

impl Found {
    pub(super) fn refuse(self, access: Access, place: &LedgerPlace) -> Result<(), LedgerError> {
        let (place, known) = (place.clone(), newest());
        if self.version > known {
            let found = self.version;
            return Err(LedgerError::Newer { place, found, known });
        }
        if self.is_empty {
            return Err(LedgerError::Empty { place });
        }
        if access == Access::Record && !self.may_append {
            return Err(LedgerError::Denied {
                place,
                found: "this role may not append to it (INSERT on hsm_ca.events)".to_owned(),
            });
        }
        Ok(())
    }
}

/// The statements that create the newest version and let this role append.
pub(super) fn statements(writer: Option<&str>) -> String {
    let mut statements = MIGRATIONS.concat();
    if let Some(role) = writer {
        let role = format!("\"{}\"", role.replace('"', "\"\""));
        statements.push_str(&format!(
            "GRANT USAGE ON SCHEMA hsm_ca TO {role};
             GRANT SELECT ON hsm_ca.ledger TO {role};
             GRANT SELECT, INSERT ON hsm_ca.events TO {role};"
        ));
    }
    statements
}

pub(super) async fn find_ledger(client: &Client) -> Result<Option<Found>, Trouble> {
    let there = client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'hsm_ca')",
            &[],
        )
        .await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let row = client
        .query_one(
            "SELECT version, NOT EXISTS (SELECT FROM hsm_ca.events),
             has_table_privilege('hsm_ca.events', 'INSERT') FROM hsm_ca.ledger",
            &[],
        )
        .await?;
    Ok(Some(Found {
        version: row.try_get(0)?,
        is_empty: row.try_get(1)?,
        may_append: row.try_get(2)?,
    }))
}

/// Refuses a database in which this role cannot create a ledger.
pub(super) async fn refuse_without_create(client: &Client) -> Result<(), Trouble> {
    let may = client
        .query_one("SELECT has_database_privilege(current_database(), 'CREATE')", &[])
        .await?;
    match may.try_get(0)? {
        true => Ok(()),
        false => Err(Trouble::Refused {
            code: "42501".to_owned(),
            found: "this role may not create a schema in the database (CREATE)".to_owned(),
        }),
    }
}

/// Everything that can change the contents or visibility of rows, one line each: kind, name, and definition.
const OBJECTS: &str = "
    SELECT 'column ' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text || ' ' || a.attgenerated::text
        FROM pg_attribute a WHERE a.attrelid = 'hsm_ca.events'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'trigger ' || t.tgname, t.tgenabled::text || ' ' || t.tgtype::text || ' ' || (t.tgqual IS NULL)::text || ' ' || n.nspname || ' ' || p.proname
            || ' ' || encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') || ' ' || coalesce(array_to_string(p.proconfig, ','), '')
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE t.tgrelid = 'hsm_ca.events'::regclass
    UNION ALL
    SELECT 'rule ' || r.rulename, '' FROM pg_rewrite r WHERE r.ev_class = 'hsm_ca.events'::regclass
    UNION ALL
    SELECT 'constraint ' || c.conname, c.contype::text || ' ' || pg_get_constraintdef(c.oid)
        FROM pg_constraint c WHERE c.conrelid = 'hsm_ca.events'::regclass
    UNION ALL
    SELECT 'table events', c.relkind::text || ' ' || c.relpersistence::text || ' ' || c.relrowsecurity::text || ' ' || c.relhassubclass::text || ' '
            || (EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid))::text
        FROM pg_class c WHERE c.oid = 'hsm_ca.events'::regclass
    ORDER BY 1";

/// The objects of version 1, as [`OBJECTS`] lists them. A test compares them.
const MADE: &str = include_str!("made.txt");

/// The names of objects that differ from what this program creates, each with the difference.
pub(super) async fn differences(client: &Client) -> Result<Vec<(String, &'static str)>, Trouble> {
    let found = objects(client).await?;
    let made: Vec<_> = MADE.lines().filter_map(|line| line.split_once(" = ")).collect();
    let mut differences = Vec::new();
    for (name, how) in &made {
        match found.iter().find(|(other, _)| other == name) {
            None => differences.push(((*name).to_owned(), "it is missing")),
            Some((_, other)) if other != how => differences.push(((*name).to_owned(), "it was changed")),
            Some(_) => {}
        }
    }
    for (name, _) in &found {
        if !made.iter().any(|(other, _)| other == name) {
            differences.push((name.clone(), "it does not belong there"));
        }
    }
    Ok(differences)
}

pub(super) async fn objects(client: &Client) -> Result<Vec<(String, String)>, Trouble> {
    let mut objects = Vec::new();
    for row in client.query(OBJECTS, &[]).await? {
        objects.push((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(objects)
}
