//! What lists promise.

use crate::cases::cases;
use crate::steps::{ANN, BOB, balance, charge, hold, programme, row, sale, settle};
use crate::{Case, CaseFuture, Fresh, Promised};
use admitone_app::ports::reads::{ConcertFilter, Page};
use admitone_app::ports::store::Mode;
use admitone_domain::id::ReservationId;
use admitone_domain::{Key, Moment};

pub(crate) const ALL: &[Case] = cases![
    a_committed_row_is_read_at_once: Always,
    lists_show_what_was_answered: Always,
    concerts_are_listed_soonest_first: Always,
    concerts_are_found_by_words_category_and_date: Always,
    lists_of_a_buyer_are_newest_first_and_his_own: Always,
];

const PAGE: Page = Page { before: None, limit: 10 };

async fn a_committed_row_is_read_at_once(fresh: Fresh, mode: Mode) {
    for number in 1..=50 {
        settle(&fresh, mode, vec![charge(number, ANN, 1)]).await;
        assert_eq!(u64::try_from(balance(&fresh, ANN).await), Ok(number));
    }
    assert_eq!(row(&fresh, Key::Wallet(BOB)).await, None);
}

async fn lists_show_what_was_answered(fresh: Fresh, mode: Mode) {
    for number in 1..=20 {
        settle(&fresh, mode, vec![charge(number, ANN, 1)]).await;
        let page = Page { before: None, limit: 100 };
        let entries = fresh.reads.entries(ANN, page).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(u64::try_from(entries.len()), Ok(number));
    }
}

async fn titles(fresh: &Fresh, filter: ConcertFilter) -> Vec<String> {
    let filter =
        ConcertFilter { limit: if filter.limit == 0 { 10 } else { filter.limit }, ..filter };
    let found = fresh.reads.concerts(&filter).await.unwrap_or_else(|e| panic!("{e}"));
    found.into_iter().map(|concert| concert.title).collect()
}

async fn concerts(fresh: &Fresh, mode: Mode) {
    for (id, title, category, day) in [
        (1, "Winter Lights", "ballad", 300),
        (2, "Night Lights", "rock", 100),
        (3, "Morning Jazz", "jazz", 200),
        (4, "Late Rock", "rock", 100),
    ] {
        for command in programme(id, title, category, Moment(day)) {
            assert!(settle(fresh, mode, vec![command]).await[0].is_ok());
        }
    }
}

async fn concerts_are_listed_soonest_first(fresh: Fresh, mode: Mode) {
    concerts(&fresh, mode).await;
    let all = ["Night Lights", "Late Rock", "Morning Jazz", "Winter Lights"];
    assert_eq!(titles(&fresh, ConcertFilter::default()).await, all);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let filter = ConcertFilter { after, limit: 1, ..ConcertFilter::default() };
        let page = fresh.reads.concerts(&filter).await.unwrap_or_else(|e| panic!("{e}"));
        let Some(last) = page.last() else { break };
        after = Some((last.first_at, last.id));
        seen.extend(page.into_iter().map(|concert| concert.title));
    }
    assert_eq!(seen, all, "the cursor skips nothing and repeats nothing");
}

async fn concerts_are_found_by_words_category_and_date(fresh: Fresh, mode: Mode) {
    concerts(&fresh, mode).await;
    let words = |words: &[&str]| ConcertFilter {
        words: words.iter().map(ToString::to_string).collect(),
        ..ConcertFilter::default()
    };
    assert_eq!(titles(&fresh, words(&["light"])).await, ["Night Lights", "Winter Lights"]);
    assert_eq!(titles(&fresh, words(&["LIGHT", "win"])).await, ["Winter Lights"]);
    assert_eq!(titles(&fresh, words(&["ights"])).await, Vec::<String>::new(), "beginnings only");
    let category = Some("rock".to_owned());
    let rock = ConcertFilter { category, ..ConcertFilter::default() };
    assert_eq!(titles(&fresh, rock).await, ["Night Lights", "Late Rock"]);
    let (from, to) = (Some(Moment(150)), Some(Moment(300)));
    let between = ConcertFilter { from, to, ..ConcertFilter::default() };
    assert_eq!(titles(&fresh, between).await, ["Morning Jazz"]);
}

async fn lists_of_a_buyer_are_newest_first_and_his_own(fresh: Fresh, mode: Mode) {
    sale(&fresh, mode, 9).await;
    for number in 1..=4 {
        let buyer = if number % 2 == 0 { BOB } else { ANN };
        assert!(settle(&fresh, mode, vec![hold(number, buyer, 1)]).await[0].is_ok());
        settle(&fresh, mode, vec![charge(100 + number, buyer, 1)]).await;
    }
    let list = |of, page| {
        let reads = std::sync::Arc::clone(&fresh.reads);
        async move {
            let found = reads.reservations(of, page).await.unwrap_or_else(|e| panic!("{e}"));
            found.into_iter().map(|reservation| reservation.id.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(Some(ANN), PAGE).await, [3, 1]);
    assert_eq!(list(Some(ANN), Page { before: Some(3), limit: 10 }).await, [1]);
    assert_eq!(list(None, Page { before: None, limit: 3 }).await, [4, 3, 2]);
    let entries = fresh.reads.entries(BOB, PAGE).await.unwrap_or_else(|e| panic!("{e}"));
    let ids: Vec<u64> = entries.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [104, 102]);
    let payments = fresh.reads.payments(ANN, PAGE).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(payments.is_empty());
    assert!(row(&fresh, Key::Reservation(ReservationId(1))).await.is_some());
}
