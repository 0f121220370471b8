//! What only this store promises: its directory, its guards, its recovery.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::{OpenTrouble, Options, SqliteStore};
use admitone_app::TroubleKind;
use admitone_app::clock::HandClock;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::{Page, Reads};
use admitone_app::ports::store::{Fences, Mode, Sequence, Store};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::Charge;
use admitone_domain::id::{BuyerId, NUMBER_MAX, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{
    Action, Actor, Change, Command, CommandId, Currency, Delta, Fingerprint, Guard, Key, Moment,
    Money, Row, Verdict,
};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

const ANN: BuyerId = BuyerId(7);

fn open(directory: &Path) -> SqliteStore {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    SqliteStore::open(directory, clock, Options::default()).unwrap()
}

async fn charge(store: &SqliteStore, number: u64) -> bool {
    let charge = Charge { amount: Money(1), currency: Currency::KRW };
    let command = Command {
        id: CommandId(u128::from(number)),
        fingerprint: Fingerprint(0),
        fresh: number,
        actor: Actor::Buyer(ANN),
        admission: Admission::None,
        deadline: None,
        action: Action::Charge(charge),
    };
    let settler = Settler {
        store: Arc::new(store.clone()),
        lock: Arc::new(NoLock),
        mode: Mode::Plain,
        clock: Arc::new(HandClock::at(Moment(1_000))),
        taps: Vec::new(),
        limits: SettleLimits::default(),
    };
    settler.settle(vec![command]).await.remove(0).is_ok()
}

async fn balance(store: &SqliteStore) -> Option<i64> {
    match store.rows(&[Key::Wallet(ANN)]).await.unwrap().pop().flatten()?.into_row() {
        Row::Wallet(wallet) => Some(wallet.balance.0),
        other => panic!("{other:?}"),
    }
}

/// The files as a crash at this moment would leave them.
fn crashed(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_crash_folded_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for number in 1..=30 {
        assert!(charge(&store, number).await);
        if number % 10 == 0 {
            store.close().await.unwrap();
        }
        let copy = crashed(directory.path());
        let recovered = open(copy.path());
        assert_eq!(balance(&recovered).await, i64::try_from(number).ok());
        assert!(charge(&recovered, number).await, "the answer is given again");
        assert_eq!(
            balance(&recovered).await,
            i64::try_from(number).ok(),
            "and nothing is done twice"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tables_had_not_synced_is_still_in_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for number in 1..=40 {
        assert!(charge(&store, number).await);
        match number % 10 {
            // Folded: the tables have it, in a log that a power cut may take away.
            5 => assert_eq!(
                store.entries(ANN, Page { before: None, limit: 1 }).await.unwrap().len(),
                1
            ),
            0 => store.close().await.unwrap(),
            _ => {}
        }
        let copy = crashed(directory.path());
        std::fs::remove_file(copy.path().join("tables.db-wal")).unwrap();
        let page = Page { before: None, limit: 100 };
        let entries = open(copy.path()).entries(ANN, page).await.unwrap().len();
        assert_eq!(u64::try_from(entries), Ok(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_the_journal_stays_small_under_a_load_without_a_pause() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let is_done = Cell::new(false);
    let write = async {
        for number in 0..200 {
            let verdict = Verdict { changes: vec![large_plan(number)], ..Verdict::default() };
            let mut transaction = store.begin(Mode::Plain, &Fences::default()).await.unwrap();
            transaction.save(&Arc::new(verdict)).await.unwrap();
            transaction.commit().await.unwrap();
            // The other one's turn: a commit waits for the disk, and lets nobody in.
            tokio::task::yield_now().await;
        }
        is_done.set(true);
    };
    // The fold syncs beside the writer, which never pauses.
    let fold = async {
        while !is_done.get() {
            store.close().await.unwrap();
        }
    };
    tokio::join!(write, fold);
    let written_mib = 200 * LARGE / 1_048_576;
    let log = std::fs::metadata(directory.path().join("journal.db-wal")).unwrap().len();
    assert!(log / 1_048_576 < written_mib / 2, "{log} bytes of log for {written_mib} MiB");
}

/// The bytes of a large row.
const LARGE: u64 = 1_000_000;

/// The change of a row with a text of a megabyte.
fn large_plan(version: u64) -> Change {
    let settings = "x".repeat(usize::try_from(LARGE).unwrap());
    let row = Row::Room { id: RoomId(1), name: "Entrance".into(), settings };
    let (guard, delta) = (Guard::Unchanged, Delta::Whole);
    Change { seen: version, guard, delta, row: Arc::new(row) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_beyond_what_the_store_can_keep_names_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let keys =
        [Key::Seat(SeatId(u64::MAX)), Key::Show(ShowId(1 << 63)), Key::Seat(SeatId(NUMBER_MAX))];
    assert_eq!(store.rows(&keys).await, Ok(vec![None, None, None]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_never_reserved_twice_across_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert_eq!(store.reserve(Sequence::Seat, 50).await, Ok(1));
    assert_eq!(store.reserve(Sequence::Show, 1).await, Ok(1), "each kind counts for itself");
    let copy = crashed(directory.path());
    assert_eq!(open(copy.path()).reserve(Sequence::Seat, 1).await, Ok(51));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_opened_once_and_again_when_it_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let second = SqliteStore::open(directory.path(), clock, Options::default());
    assert!(matches!(second, Err(OpenTrouble::InUse(_))));
    assert!(charge(&store, 1).await);
    drop(store);
    assert_eq!(balance(&open(directory.path())).await, Some(1), "and at once");
}

/// Saves a ticket type that sold more than there is, as a broken rule would.
async fn oversell(store: &SqliteStore) {
    let oversold = TicketType {
        id: TicketTypeId(1),
        show: ShowId(1),
        name: "Standing".into(),
        price: Money(1),
        capacity: 1,
        held: 0,
        sold: 2,
    };
    let row = Arc::new(Row::TicketType(oversold));
    let change = Change { seen: 0, guard: Guard::Unchanged, delta: Delta::Whole, row };
    let verdict = Arc::new(Verdict { changes: vec![change], ..Verdict::default() });
    let mut transaction = store.begin(Mode::Plain, &Fences::default()).await.unwrap();
    transaction.save(&verdict).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_guards_the_store_stops_at_a_broken_rule() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    oversell(&store).await;
    assert_eq!(store.check().await, Ok(()));
    let folded = store.close().await.unwrap_err();
    assert!(folded.detail.contains("more held and sold than there is"), "{folded}");
    assert!(store.begin(Mode::Plain, &Fences::default()).await.is_err(), "nothing more is taken");
    assert!(store.check().await.is_err_and(|trouble| !trouble.is_temporary()), "and it says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_guards_a_broken_rule_reaches_the_tables_and_the_verifier_finds_it() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let options = Options { guards: false, ..Options::default() };
    let store = SqliteStore::open(directory.path(), clock, options).unwrap();
    oversell(&store).await;
    store.close().await.unwrap();
    let findings = store.verify(|_| ()).unwrap().findings;
    assert!(findings.iter().any(|f| f.starts_with("more held and sold than there is: type_1")));
    assert!(
        findings.iter().any(|f| f.contains("1 says 0 held and 2 sold, its items are 0 and 0")),
        "{findings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn guards_that_were_left_out_come_back_with_the_next_opening() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let options = Options { guards: false, ..Options::default() };
    drop(SqliteStore::open(directory.path(), clock, options).unwrap());
    let store = open(directory.path());
    oversell(&store).await;
    let folded = store.close().await.unwrap_err();
    assert!(folded.detail.contains("more held and sold than there is"), "{folded}");
}

/// A clock that breaks when the fold looks at it.
struct Breaking(HandClock);

#[async_trait::async_trait]
impl Clock for Breaking {
    fn now(&self) -> Moment {
        assert_ne!(std::thread::current().name(), Some("fold"), "broken on purpose");
        self.0.now()
    }

    async fn sleep_ms(&self, ms: u64) {
        self.0.sleep_ms(ms).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fold_that_ended_by_a_bug_is_noticed_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(Breaking(HandClock::at(Moment(1_000))));
    let store = SqliteStore::open(directory.path(), clock, Options::default()).unwrap();
    assert!(charge(&store, 1).await);
    assert!(store.reservations(None, Page { before: None, limit: 1 }).await.is_err());
    let ended = store.check().await.unwrap_err();
    assert_eq!((ended.kind, ended.operation), (TroubleKind::Unavailable, "fold"));
    assert!(!charge(&store, 2).await, "nothing more is taken");
    drop(store);
    assert_eq!(balance(&open(directory.path())).await, Some(1), "what was answered is there");
}
