//! Lists of concerts where there are 700,000: a page is found by an index, not by looking.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_app::ports::reads::{ConcertFilter, Reads};
use admitone_conformance::servers::{Server, execute};
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Currency, Moment, Row};
use std::fmt::Write;
use std::time::{Duration, Instant};

const CONCERTS: u64 = 700_000;
const ASKED: usize = 300;
/// The aim is 5 ms for 99 of 100 on a quiet machine. To look through all of them takes many times
/// as long as this, each time: so a tenth of the answers is looked at, those that the machine held up least.
const A_TENTH_AT_MOST: Duration = Duration::from_millis(10);

/// All have the same body: what is looked at is how they are found.
async fn fill(url: &str) {
    let concert = Concert {
        id: ConcertId(1),
        title: "One of many".into(),
        category: "category 1".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment(0),
        last_at: Moment::MAX,
    };
    let body = postcard::to_stdvec(&Row::Concert(concert)).unwrap();
    let body = body.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let insert = format!(
        "INSERT INTO concert (id, version, first_at, category, body) \
         SELECT id, 1, id * 1000, 'category ' || id % 7, '\\x{body}' \
         FROM generate_series(1, {CONCERTS}) AS id"
    );
    execute(url, &insert).await;
    execute(url, "ANALYZE concert").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_found_quickly_by_date_and_by_category() {
    let Some(url) = Server::Postgres.fresh().await else { return };
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    fill(&url).await;
    let middle = Moment(350_000_000);
    let after = Some((middle, ConcertId(350_000)));
    let category = Some("category 3".to_owned());
    let all = || ConcertFilter { limit: 50, ..ConcertFilter::default() };
    for (asked, filter) in [
        ("the soonest", all()),
        ("from a day on", ConcertFilter { from: Some(middle), ..all() }),
        ("the next page", ConcertFilter { after, ..all() }),
        ("of a category", ConcertFilter { category: category.clone(), ..all() }),
        ("of it after one", ConcertFilter { category, after, ..all() }),
    ] {
        let mut took = Vec::new();
        for _ in 0..ASKED {
            let began = Instant::now();
            assert_eq!(store.concerts(&filter).await.unwrap().len(), 50, "{asked}");
            took.push(began.elapsed());
        }
        took.sort_unstable();
        let (tenth, median, high) = (took[ASKED / 10], took[ASKED / 2], took[ASKED * 99 / 100]);
        println!("{asked}: median {median:.1?}, 99 of 100 within {high:.1?}");
        assert!(tenth < A_TENTH_AT_MOST, "{asked}: {tenth:?}");
    }
}
