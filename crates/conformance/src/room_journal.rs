//! What a journal of rooms promises. An adapter's `tests/room_journal.rs` is a
//! [`RoomJournalFixture`] and [`main`]; a promise is a line under `# Behavior` of the port and a
//! case of that name here.

use crate::{CaseFuture, service};
use admitone_app::ports::room_journal::{Book, News, RoomJournal};
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use std::any::Any;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

const BOOK: Book = Book::Asked(1);

/// A journal for one case.
pub struct FreshJournal {
    /// The journal.
    pub journal: Arc<dyn RoomJournal>,
    /// Whatever must live as long as the journal.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How to come by a journal.
#[async_trait]
pub trait RoomJournalFixture: Send + Sync + 'static {
    /// A new, empty journal.
    async fn fresh(&self) -> FreshJournal;

    /// Why there is none to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }

    /// The same journal as another instance sees it, after the first was killed or beside it.
    async fn another(&self, journal: &FreshJournal) -> FreshJournal;

    /// Whether what it keeps is there after a kill.
    fn outlives_its_process(&self) -> bool;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Promised {
    Always,
    WhereDurable,
}

struct Case {
    name: &'static str,
    promised: Promised,
    run: fn(Arc<dyn RoomJournalFixture>) -> CaseFuture,
}

macro_rules! journal_cases {
    ($($name:ident: $promised:ident),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            promised: Promised::$promised,
            run: |fixture| -> CaseFuture { Box::pin($name(fixture)) },
        }),*]
    };
}

const ALL: &[Case] = journal_cases![
    entries_have_one_order_for_all: Always,
    an_entry_is_read_by_everybody_once: Always,
    the_time_of_a_book_never_goes_back: Always,
    a_written_entry_survives_a_kill: WhereDurable,
    an_image_stands_for_what_it_covers: Always,
    a_large_image_is_whole: Always,
    an_older_image_changes_nothing: Always,
];

/// Runs all cases on a fixture's journals. Without a service they are listed as ignored, or fail
/// where it is required.
pub fn main(fixture: impl RoomJournalFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let is_required = service::is_required();
    let absent = fixture.absent();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of the journal of rooms: {why}"));
    }
    let is_durable = fixture.outlives_its_process();
    let fixture: Arc<dyn RoomJournalFixture> = Arc::new(fixture);
    let promised = ALL.iter().filter(|case| is_durable || case.promised == Promised::Always);
    let trials = promised.map(|case| match absent.clone() {
        Some(why) => {
            Trial::test(case.name, move || Err(Failed::from(why))).with_ignored_flag(!is_required)
        }
        None => trial(Arc::clone(&fixture), case),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trial(fixture: Arc<dyn RoomJournalFixture>, case: &'static Case) -> Trial {
    Trial::test(case.name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on((case.run)(fixture));
        Ok(())
    })
}

async fn write(journal: &FreshJournal, since: u64, said: &str) -> News {
    tell(journal, BOOK, since, Some(said)).await
}

async fn read(journal: &FreshJournal, since: u64) -> News {
    tell(journal, BOOK, since, None).await
}

async fn tell(journal: &FreshJournal, book: Book, since: u64, said: Option<&str>) -> News {
    let entry = said.map(|said| said.as_bytes().to_vec());
    let told = journal.journal.exchange(book, since, entry).await;
    told.unwrap_or_else(|trouble| panic!("{trouble}"))
}

async fn keep(journal: &FreshJournal, sequence: u64, image: &str) {
    let kept = journal.journal.keep(BOOK, sequence, image.as_bytes().to_vec()).await;
    kept.unwrap_or_else(|trouble| panic!("{trouble}"));
}

fn said(news: &News) -> Vec<String> {
    news.entries.iter().map(|entry| String::from_utf8_lossy(&entry.bytes).into_owned()).collect()
}

async fn entries_have_one_order_for_all(fixture: Arc<dyn RoomJournalFixture>) {
    let first = fixture.fresh().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let own = fixture.another(&first).await;
        writers.spawn(async move {
            let mut since = 0;
            for n in 0..25 {
                let news = write(&own, since, &format!("{writer} {n}")).await;
                assert!(news.follows(since), "a gap after {since}: {news:?}");
                since = news.last().unwrap_or(0);
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        assert!(ended.is_ok(), "{ended:?}");
    }
    let news = read(&first, 0).await;
    let sequences: Vec<u64> = news.entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, (1..=100).collect::<Vec<u64>>());
    assert_eq!(said(&news).into_iter().collect::<BTreeSet<_>>().len(), 100);
}

async fn an_entry_is_read_by_everybody_once(fixture: Arc<dyn RoomJournalFixture>) {
    let one = fixture.fresh().await;
    let two = fixture.another(&one).await;
    assert_eq!(read(&one, 0).await, News::default());
    assert_eq!(said(&write(&one, 0, "a").await), ["a"]);
    assert_eq!(said(&write(&two, 0, "b").await), ["a", "b"]);
    assert_eq!(said(&write(&one, 1, "c").await), ["b", "c"]);
    assert_eq!(said(&read(&two, 2).await), ["c"]);
    assert_eq!(said(&read(&two, 3).await), [""; 0]);
    for other in [Book::Asked(2), Book::Places(1)] {
        assert_eq!(tell(&two, other, 0, None).await, News::default(), "books are apart");
    }
}

async fn the_time_of_a_book_never_goes_back(fixture: Arc<dyn RoomJournalFixture>) {
    let one = fixture.fresh().await;
    let two = fixture.another(&one).await;
    for n in 0..20_u64 {
        write(if n.is_multiple_of(2) { &one } else { &two }, n, "x").await;
    }
    let times: Vec<i64> = read(&one, 0).await.entries.iter().map(|entry| entry.at_us).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times[0] > 1_500_000_000_000_000, "{times:?}");
}

async fn a_written_entry_survives_a_kill(fixture: Arc<dyn RoomJournalFixture>) {
    let mut journal = fixture.fresh().await;
    for n in 0..5 {
        write(&journal, n, "x").await;
        journal = fixture.another(&journal).await;
        assert_eq!(read(&journal, 0).await.last(), Some(n + 1));
    }
}

async fn an_image_stands_for_what_it_covers(fixture: Arc<dyn RoomJournalFixture>) {
    let journal = fixture.fresh().await;
    for (n, word) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        write(&journal, n as u64, word).await;
    }
    keep(&journal, 2, "ab").await;
    let anew = read(&journal, 0).await;
    assert_eq!(anew.image, Some((2, b"ab".to_vec())));
    assert_eq!(said(&anew), ["c", "d", "e"]);
    let goes_on = read(&journal, 1).await;
    assert_eq!((goes_on.image.clone(), said(&goes_on).len()), (None, 4), "read lately");
    keep(&journal, 4, "abcd").await;
    let late = read(&journal, 1).await;
    assert_eq!(late.image, Some((4, b"abcd".to_vec())), "what follows 1 is gone");
    assert_eq!(said(&late), ["e"]);
    assert_eq!(said(&read(&journal, 3).await), ["d", "e"]);
    assert_eq!(said(&write(&journal, 5, "f").await), ["f"], "and it goes on counting");
}

async fn a_large_image_is_whole(fixture: Arc<dyn RoomJournalFixture>) {
    let journal = fixture.fresh().await;
    for n in 0..4 {
        write(&journal, n, "x").await;
    }
    // Larger than what a server takes in one message, and no part like another.
    let image = |seed: u32| -> Vec<u8> {
        (0..6_500_000_u32).flat_map(|n| n.wrapping_mul(seed).to_be_bytes()).collect()
    };
    for (sequence, seed) in [(2, 2_654_435_761), (4, 40_503)] {
        let (kept, others) = (image(seed), image(seed + 2));
        let kept_well = async |image: &Vec<u8>| {
            let done = journal.journal.keep(BOOK, sequence, image.clone()).await;
            done.unwrap_or_else(|trouble| panic!("{trouble}"));
        };
        kept_well(&kept).await;
        kept_well(&others).await;
        let news = read(&journal, 0).await;
        assert!(news.image.is_some_and(|image| image == (sequence, kept)), "another image");
    }
}

async fn an_older_image_changes_nothing(fixture: Arc<dyn RoomJournalFixture>) {
    let journal = fixture.fresh().await;
    for n in 0..4 {
        write(&journal, n, "x").await;
    }
    keep(&journal, 3, "newer").await;
    let before = read(&journal, 0).await;
    keep(&journal, 2, "older").await;
    keep(&journal, 3, "as old").await;
    assert_eq!(read(&journal, 0).await, before);
}
