//! Stores of older versions: brought to now when they are opened, with all that is in them; and one
//! of a newer version, which is left alone.

use crate::sale::Sale;
use admitone_adapter_sqlite::{OpenTrouble, Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_conformance::sale::{balance, charge, row_of_seats};
use admitone_domain::id::{BuyerId, SeatId, ShowId};
use admitone_domain::show::{Attribute, SeatBlock, SeatPlan};
use admitone_domain::{Moment, Row};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// All migrations of the tables, and what takes each back: the one at the end first.
const STEPS: [(&str, &str); 5] = [
    (include_str!("../../migrations/tables/V1__tables.sql"), ""),
    // Left out on purpose where a store is opened without guards.
    (include_str!("../../migrations/tables/V2__guards.sql"), ""),
    (
        include_str!("../../migrations/tables/V3__gateway.sql"),
        "DROP INDEX payment_open; ALTER TABLE payment DROP COLUMN ask_at;",
    ),
    (
        include_str!("../../migrations/tables/V4__asking.sql"),
        "DROP INDEX payment_open_of; ALTER TABLE payment DROP COLUMN asks;",
    ),
    (include_str!("../../migrations/tables/V5__shows_by_date.sql"), "DROP INDEX show_by_date;"),
];

/// Takes the tables back to a version.
fn take_back(directory: &Path, version: usize) {
    let tables = Connection::open(directory.join("tables.db")).unwrap();
    for (_, back) in STEPS[version..].iter().rev() {
        tables.execute_batch(back).unwrap();
    }
    let sql = "DELETE FROM refinery_schema_history WHERE version > ?1";
    assert_eq!(tables.execute(sql, [version]), Ok(STEPS.len() - version));
    let fresh = Connection::open_in_memory().unwrap();
    for (migration, _) in &STEPS[..version] {
        fresh.execute_batch(migration).unwrap();
    }
    assert_eq!(schema(&tables), schema(&fresh), "this is not what version {version} was");
}

/// Every column and index; triggers are the guards, which each opening sees to.
fn schema(connection: &Connection) -> Vec<String> {
    let sql = "SELECT o.type || ' ' || o.name || ' ' || ifnull(c.name, '') FROM sqlite_master o \
               LEFT JOIN pragma_table_info(o.name) c \
               WHERE o.type IN ('table', 'index') AND o.name NOT LIKE '%refinery%' ORDER BY 1";
    let mut query = connection.prepare(sql).unwrap();
    let lines = query.query_map([], |row| row.get(0)).unwrap();
    lines.collect::<Result<_, _>>().unwrap()
}

fn reopened(directory: &Path) -> Result<SqliteStore, OpenTrouble> {
    let clock = Arc::new(HandClock::at(Moment(1_000_000_000)));
    SqliteStore::open(directory, clock, Options::default())
}

/// The files of the sale, with nobody at them.
async fn files() -> tempfile::TempDir {
    let sale = Sale::new().await;
    let directory = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(sale.path()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
    }
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_each_older_version_is_brought_to_now_with_all_that_is_in_it() {
    for version in 1..STEPS.len() {
        let directory = files().await;
        take_back(directory.path(), version);
        let store = reopened(directory.path()).unwrap();
        let report = store.verify(|_| ()).unwrap();
        assert_eq!(report.findings, Vec::<String>::new(), "from version {version}");
        assert!(report.rows > 60, "from version {version}: {} rows", report.rows);
        let had = balance(&store, BuyerId(1)).await;
        assert!(had > 0);
        let settler = admitone_conformance::sale::settler(
            Arc::new(store.clone()),
            admitone_app::ports::store::Mode::Plain,
        );
        assert!(settler.settle(vec![charge(900, BuyerId(1), 5)]).await.remove(0).is_ok());
        store.close().await.unwrap();
        assert_eq!(balance(&store, BuyerId(1)).await, had + 5, "and it goes on");
        drop(store);
        let tables = Connection::open(directory.path().join("tables.db")).unwrap();
        let fresh = Connection::open_in_memory().unwrap();
        for (migration, _) in &STEPS {
            fresh.execute_batch(migration).unwrap();
        }
        assert_eq!(schema(&tables), schema(&fresh), "from version {version}");
    }
}

/// The bytes of a plan as every version wrote them, before anything could be said of seats.
fn written_before(show: ShowId, blocks: &[SeatBlock]) -> Vec<u8> {
    const PLAN: u32 = 2;
    postcard::to_stdvec(&(PLAN, show, blocks)).unwrap()
}

#[test]
fn a_plan_in_which_nothing_is_said_of_seats_is_written_as_it_always_was() {
    let (show, blocks) = (ShowId(3), vec![row_of_seats(5, 7), row_of_seats(50, 1)]);
    let old = written_before(show, &blocks);
    let plan = SeatPlan { blocks, ..SeatPlan::default() };
    assert_eq!(postcard::to_stdvec(&Row::Plan(show, plan.clone())).unwrap(), old);
    assert_eq!(postcard::from_bytes::<Row>(&old).unwrap(), Row::Plan(show, plan));
}

#[test]
fn what_is_said_of_seats_is_nothing_to_a_house_that_knows_nothing_of_it() {
    let (show, blocks) = (ShowId(3), vec![row_of_seats(5, 7)]);
    let attributes = [(SeatId(6), Attribute::Wheelchair)].into();
    let labels = [(SeatId(7), "sponsors".to_owned())].into();
    let kept_until = Some(Moment(9));
    let plan = SeatPlan { blocks: blocks.clone(), attributes, labels, kept_until };
    let new = postcard::to_stdvec(&(Row::Plan(show, plan), "what comes behind")).unwrap();
    let (_, _, read, behind): (u32, ShowId, Vec<SeatBlock>, &str) =
        postcard::from_bytes(&new).unwrap();
    assert_eq!(behind, "what comes behind", "in the journal rows stand one behind the other");
    let seats = |blocks: &[SeatBlock]| blocks.iter().flat_map(SeatBlock::seats).collect::<Vec<_>>();
    assert_eq!(seats(&read), seats(&blocks));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_of_the_tables_is_tried() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/tables");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), STEPS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_version_is_left_alone() {
    let directory = files().await;
    let path = directory.path().join("tables.db");
    let newer = "INSERT INTO refinery_schema_history \
                 SELECT 99, 'newer', applied_on, checksum FROM refinery_schema_history LIMIT 1";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = reopened(directory.path()).err().unwrap().to_string();
    assert!(refused.contains("tables.db") && refused.contains("99"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
