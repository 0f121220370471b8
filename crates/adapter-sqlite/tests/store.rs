//! What only this store promises: its directory, its guards, its recovery.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::{OpenTrouble, Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode, Sequence, Store};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::Charge;
use admitone_domain::id::{BuyerId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{
    Action, Actor, Change, Command, CommandId, Currency, Delta, Fingerprint, Guard, Key, Moment,
    Money, Row, Verdict,
};
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
    store.close().await.unwrap();
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
    let folded = store.close().await.unwrap_err();
    assert!(folded.detail.contains("more held and sold than there is"), "{folded}");
    assert!(store.begin(Mode::Plain, &Fences::default()).await.is_err(), "nothing more is taken");
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
