//! Lists of concerts where there are 700,000: a page is found by an index, not by looking.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::{Options, SqliteStore};
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::reads::{ConcertFilter, Reads};
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Currency, Moment, Row};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const CONCERTS: u64 = 700_000;
const CATEGORIES: u64 = 7;
/// The aim is 5 ms on a quiet machine, with a release build; to look through all of them takes
/// many times as long as this, each time. So the least of some is looked at: the machine may have stood still in
/// the others.
const AT_MOST: Duration = Duration::from_millis(50);
/// The dates of all that have a word are looked at: with so many it takes longer.
const OF_A_COMMON_WORD: Duration = Duration::from_secs(5);

fn concert(id: u64) -> Concert {
    let word = ["night", "morning", "winter", "summer", "river"][usize::try_from(id % 5).unwrap()];
    Concert {
        id: ConcertId(id),
        title: format!("{word} concert rare{}", id % 1_000),
        category: format!("category {}", id % CATEGORIES),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment(i64::try_from(id).unwrap() * 1_000),
        last_at: Moment::MAX,
    }
}

/// As if they had been folded, which is not what is looked at here.
fn fill(directory: &Path) {
    let mut tables = Connection::open(directory.join("tables.db")).unwrap();
    tables.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let transaction = tables.transaction().unwrap();
    {
        let sql = "INSERT INTO concert VALUES (?1, 1, ?2, ?3, ?4)";
        let mut insert = transaction.prepare(sql).unwrap();
        let sql = "INSERT INTO show VALUES (?1, 1, ?1, ?2, x'')";
        let mut show = transaction.prepare(sql).unwrap();
        let sql = "INSERT INTO concert_title (rowid, title) VALUES (?1, ?2)";
        let mut title = transaction.prepare(sql).unwrap();
        for one in (1..=CONCERTS).map(concert) {
            title.execute((one.id.0, &one.title)).unwrap();
            let (id, first_at, category) = (one.id.0, one.first_at.0, one.category.clone());
            if id % 10 == 0 {
                show.execute((id, first_at)).unwrap();
            }
            let body = postcard::to_stdvec(&Row::Concert(one)).unwrap();
            insert.execute((id, first_at, category, body)).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn all() -> ConcertFilter {
    ConcertFilter { limit: 50, ..ConcertFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_found_quickly_whatever_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let opened = || SqliteStore::open(directory.path(), clock.clone(), Options::default()).unwrap();
    drop(opened());
    fill(directory.path());
    let store = opened();

    let middle = Moment(350_000_000);
    let category = Some("category 3".to_owned());
    let day = Some((middle, Moment(355_000_000)));
    let after = Some((middle, ConcertId(350_000)));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    for (asked, filter, first) in [
        ("the soonest", all(), 1),
        ("from a day on", ConcertFilter { from: Some(middle), ..all() }, 350_000),
        ("of a day", ConcertFilter { day, ..all() }, 350_000),
        (
            "of a category and a day",
            ConcertFilter { category: category.clone(), day, ..all() },
            350_010,
        ),
        ("the next page", ConcertFilter { after, ..all() }, 350_001),
        ("of a category", ConcertFilter { category: category.clone(), ..all() }, 3),
        ("of it after one", ConcertFilter { category: category.clone(), after, ..all() }, 350_003),
        ("with a rare word", ConcertFilter { words: words(&["rare777"]), ..all() }, 777),
        ("with two words", ConcertFilter { words: words(&["winter", "rare777"]), ..all() }, 777),
        ("with a common word", ConcertFilter { words: words(&["concert"]), ..all() }, 1),
    ] {
        let at_most = if asked == "with a common word" { OF_A_COMMON_WORD } else { AT_MOST };
        let mut took = Vec::new();
        for _ in 0..7 {
            let (began, found) = (system_now(), store.concerts(&filter).await.unwrap());
            took.push(Duration::from_micros(u64::try_from(system_now() - began).unwrap_or(0)));
            assert_eq!((found.len(), found[0].id), (50, ConcertId(first)), "{asked}");
        }
        took.sort_unstable();
        println!("{asked}: {:?} in the median", took[3]);
        assert!(took[0] < at_most, "{asked}: {took:?}");
    }
}

fn system_now() -> i64 {
    SystemClock::default().now().0
}
