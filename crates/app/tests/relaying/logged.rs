//! What is done to endpoints leaves a line in the logbook, whoever asks for it and whichever way.

use crate::webhooks::{Stage, asked};
use admitone_app::logbook::{By, Deed, End};
use admitone_app::ports::clock::Clock;
use admitone_app::webhooks::Change;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whoever has no wish with a name.
pub(crate) fn by() -> By {
    By { who: "op_1".to_owned(), wish: None, why: String::new() }
}

/// Never the same twice.
pub(crate) fn chance() -> u128 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn whatever_is_done_to_an_endpoint_stands_in_the_logbook() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://shop").await;
    let desk = &stage.desk;
    let off = Change { is_enabled: Some(false), ..Change::default() };
    desk.change(1, off.clone(), asked(2)).await.unwrap();
    desk.change(1, off, asked(2)).await.unwrap();
    desk.rotate(1, asked(3)).await.unwrap();
    desk.test(1, by()).await.unwrap();
    assert!(desk.replay(1, 9, by()).await.is_err());
    let since = stage.house.clock.now();
    assert!(desk.replay_since(1, since, asked(4)).await.is_err(), "it is switched off");
    desk.remove(1, by()).await.unwrap();
    let lines = desk.book.lines(Some("endpoint_1"), None, 20).await.unwrap();
    let mut told: Vec<_> =
        lines.iter().map(|line| (line.deed.name(), line.end == End::Done)).collect();
    // At one moment of a clock that stands still no order is told.
    told.sort_unstable();
    let expected = [
        ("changed", true),
        ("made", true),
        ("removed", true),
        ("replayed", false),
        ("replayed", false),
        ("rotated", true),
        ("tested", true),
    ];
    assert_eq!(told, expected, "and what was asked for twice stands there once");
    let made = lines.iter().find(|line| line.deed == Deed::Made).unwrap();
    assert_eq!((made.by.as_str(), made.why.as_str()), ("op_1", "for the shop"));
}
