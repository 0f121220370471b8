//! Lines are written before the deed, and read with the history as one list.

use super::*;
use crate::clock::HandClock;
use crate::memory::MemoryStore;
use crate::ports::records::Changes;
use crate::ports::records::{Mark as EventMark, Records, Sought};
use crate::trouble::TroubleKind;
use crate::webhooks::DeskTrouble;
use admitone_domain::id::{BuyerId, ShowId};
use admitone_domain::{Event, Happening, Key, Moment};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};

/// A history of which only so much is searched at once.
struct History {
    events: Vec<Event>,
    at_once: usize,
}

#[async_trait]
impl Records for History {
    async fn search(
        &self,
        _sought: Sought<'_>,
        before: Option<EventMark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        let marked = (1..)
            .zip(&self.events)
            .map(|(batch, event)| (EventMark { batch, nth: 0 }, event.clone()));
        let below = marked.filter(|(mark, _)| before.is_none_or(|before| *mark < before));
        let mut found: Vec<_> = below.collect();
        found.reverse();
        let looked_at = self.at_once.min(limit);
        let next = (found.len() > looked_at).then(|| found[looked_at - 1].0);
        found.truncate(looked_at);
        Ok(Changes { found, next })
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        Ok(Vec::new())
    }
}

fn changed_at(at: i64) -> Event {
    let what = Happening::Changed { by: "op_1".into() };
    Event { aggregate: Key::Show(ShowId(1)), version: 1, at: Moment(at), what }
}

fn book(clock: &Arc<HandClock>) -> LogBook {
    let notes = Arc::new(MemoryStore::new(clock.clone()));
    LogBook { notes, clock: clock.clone(), chance: || 7 }
}

fn intent(wish: Option<u128>, why: &str) -> Intent {
    let by = By { who: "op_1".into(), wish, why: why.into() };
    Intent { by, deed: Deed::Paused, target: Target::Queue, id: "job-queue".into() }
}

fn trouble() -> Trouble {
    Trouble::new(TroubleKind::Unavailable, "pause", "no broker")
}

fn refused() -> DeskTrouble {
    DeskTrouble::Cannot("it is paused already")
}

#[tokio::test]
async fn a_line_says_who_did_what_and_why_and_what_came_of_it() {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let book = book(&clock);
    let done =
        book.tell(intent(Some(1), " too many at once "), async { Ok::<_, Trouble>(5) }).await;
    assert_eq!(done, Ok(5));
    clock.advance_ms(1);
    let failed = book.tell(intent(None, ""), async { Err::<(), _>(refused()) }).await;
    assert_eq!(failed, Err(refused()), "whoever asks is told as ever");
    let lines = book.lines(Some("job-queue"), None, 9).await.unwrap();
    let said: Vec<_> =
        lines.iter().map(|line| (line.by.as_str(), line.why.as_str(), &line.end)).collect();
    let failed = End::Failed(refused().to_string());
    assert_eq!(said, [("op_1", "", &failed), ("op_1", "too many at once", &End::Done)]);
    assert_eq!(
        (lines[1].deed, lines[1].target, lines[1].at),
        (Deed::Paused, Target::Queue, Moment(1_000))
    );
    assert_eq!(book.lines(Some("kafka"), None, 9).await, Ok(vec![]));
}

#[tokio::test]
async fn what_was_interrupted_is_told_of_and_the_same_wish_is_one_line() {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let book = book(&clock);
    let never = book.tell(intent(Some(1), ""), std::future::pending::<Result<(), Trouble>>());
    let cut_off = tokio::time::timeout(std::time::Duration::from_millis(1), never).await;
    assert!(cut_off.is_err());
    let ends = async || -> Vec<End> {
        book.lines(None, None, 9).await.unwrap().into_iter().map(|line| line.end).collect()
    };
    assert_eq!(ends().await, [End::Open]);
    let _ = book.tell(intent(Some(1), ""), async { Err::<(), _>(refused()) }).await;
    assert_eq!(ends().await, [End::Failed(refused().to_string())]);
    let _ = book.tell(intent(Some(1), ""), async { Err::<(), _>(trouble()) }).await;
    assert_eq!(ends().await, [End::Open], "it may have been done, and only the answer was lost");
    book.tell(intent(Some(1), ""), async { Ok::<_, Trouble>(()) }).await.unwrap();
    assert_eq!(ends().await, [End::Done]);
    let _ = book.tell(intent(Some(1), ""), async { Err::<(), _>(refused()) }).await;
    let _ = book.tell(intent(Some(1), ""), async { Err::<(), _>(trouble()) }).await;
    assert_eq!(ends().await, [End::Done], "what was done stays done");
}

#[tokio::test]
async fn of_the_same_wish_twice_at_once_done_is_what_stays() {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let book = book(&clock);
    // The first is refused while the second is at it, and is told of first.
    let (begun, may_end) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let second = book.tell(intent(Some(1), ""), async {
        begun.notify_one();
        may_end.notified().await;
        Ok::<_, Trouble>(())
    });
    let first = async {
        begun.notified().await;
        let refused = async { Err::<(), _>(refused()) };
        drop(book.tell(intent(Some(1), ""), refused).await);
        may_end.notify_one();
    };
    let (done, ()) = tokio::join!(second, first);
    assert_eq!(done, Ok(()));
    let lines = book.lines(None, None, 9).await.unwrap();
    assert_eq!(lines.iter().map(|line| &line.end).collect::<Vec<_>>(), [&End::Done]);
}

/// Notes that cannot be written.
struct Broken;

#[async_trait]
impl Notes for Broken {
    async fn put_notes(&self, _: &[Note]) -> Result<Vec<String>, Trouble> {
        Err(trouble())
    }

    async fn notes(&self, _: Kind, _: &[String]) -> Result<Vec<Note>, Trouble> {
        Err(trouble())
    }

    async fn notes_about(
        &self,
        _: Kind,
        _: Option<&str>,
        _: Option<&Mark>,
        _: usize,
    ) -> Result<Vec<Note>, Trouble> {
        Err(trouble())
    }

    async fn drop_notes(&self, _: Kind, _: Moment) -> Result<(), Trouble> {
        Err(trouble())
    }
}

#[tokio::test]
async fn what_cannot_be_told_of_is_not_done() {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let was_done = AtomicBool::new(false);
    let work = async || {
        was_done.store(true, Ordering::Relaxed);
        Ok::<_, Trouble>(())
    };
    let broken = LogBook { notes: Arc::new(Broken), ..book(&clock) };
    assert_eq!(broken.tell(intent(Some(1), ""), work()).await, Err(trouble()));
    assert!(!was_done.load(Ordering::Relaxed));
    // Beside it, with a book that can be written.
    assert_eq!(book(&clock).tell(intent(Some(1), ""), work()).await, Ok(()));
    assert!(was_done.load(Ordering::Relaxed));
}

/// The whole log in pages of a size, as moments; and how many pages that took.
async fn whole(log: &OperatorLog, limit: usize) -> (Vec<i64>, usize) {
    let (mut found, mut pages, mut from) = (Vec::new(), 0, LogCursor::default());
    loop {
        let LogPage { entries, next } = log.page(from, limit).await.unwrap();
        assert!(entries.len() <= limit);
        found.extend(entries.iter().map(|entry| match entry {
            Entry::Event(event) => event.at.0,
            Entry::Line(line) => line.at.0,
        }));
        pages += 1;
        assert!(pages < 50, "it never ends");
        let Some(next) = next else { return (found, pages) };
        // As it travels.
        from = next.to_string().parse().unwrap();
        assert_eq!(from, next);
    }
}

#[tokio::test]
async fn history_and_logbook_are_one_list_with_the_newest_first_on_pages_of_any_size() {
    let clock = Arc::new(HandClock::at(Moment(0)));
    let book = book(&clock);
    for (wish, later_ms) in [(1, 2), (2, 3), (3, 1), (4, 3)] {
        clock.advance_ms(later_ms);
        book.tell(intent(Some(wish), ""), async { Ok::<_, Trouble>(()) }).await.unwrap();
    }
    let expected = [9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000];
    for (limit, at_once) in [(1, 9), (2, 9), (3, 2), (4, 1), (9, 9), (20, 3)] {
        let events = [1_000, 3_000, 4_000, 7_000, 8_000].map(changed_at).to_vec();
        let log =
            OperatorLog { records: Arc::new(History { events, at_once }), book: book.clone() };
        let (found, pages) = whole(&log, limit).await;
        assert_eq!(found, expected, "pages of {limit}, of which {at_once} are looked at");
        assert!(pages > 1 || limit >= 9);
    }
    let records = Arc::new(History { events: Vec::new(), at_once: 9 });
    assert_eq!(
        whole(&OperatorLog { records, book: book.clone() }, 3).await.0,
        [9_000, 6_000, 5_000, 2_000]
    );
}

#[test]
fn a_cursor_is_one_or_is_refused() {
    for text in ["", "1.2", "1.2_5.ab", "_5.0f"] {
        assert_eq!(text.parse::<LogCursor>().unwrap().to_string(), text);
    }
    for text in ["x", "1", "1.2_", "1.2_5", "1.2_5.", "1.2_5.zz'", "4294967296.0", "_x.ab"] {
        assert_eq!(text.parse::<LogCursor>(), Err(()), "{text}");
    }
}
