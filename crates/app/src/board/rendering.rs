//! A board as bytes: made by one caller at a time, a few times a second, for all who ask.

use super::{Board, Snapshot};
use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use bytes::Bytes;
use std::sync::Arc;

/// The whole of a board is rendered ten times a second at most, five times at once after a pause.
const RENDER_EVERY_US: i64 = 100_000;
const RENDERS_AT_ONCE: i64 = 5;

/// A snapshot as bytes, shared by all who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Of which version.
    pub version: u64,
    /// The strong validator, quotes included.
    pub etag: String,
    /// The bytes.
    pub body: Bytes,
}

/// How often a board may be rendered still.
#[derive(Default)]
pub(super) struct Turn {
    /// When the renderings so far would have come to an end, one after another, in µs.
    busy_until_us: i64,
}

impl Turn {
    /// So many a second; after a pause a few at once.
    fn may_render(&mut self, now: Moment) -> bool {
        let begin_us = self.busy_until_us.max(now.0);
        let may = begin_us - now.0 <= RENDER_EVERY_US * (RENDERS_AT_ONCE - 1);
        if may {
            self.busy_until_us = begin_us.saturating_add(RENDER_EVERY_US);
        }
        may
    }
}

impl Board {
    /// The whole as bytes, made by one caller at a time and off the threads that answer, so many
    /// times a second at most. Who comes meanwhile is given the last one, which says its version.
    ///
    /// # Errors
    /// `render` panicked: a bug.
    pub async fn rendered(
        self: &Arc<Self>,
        now: Moment,
        render: impl FnOnce(&Snapshot) -> Vec<u8> + Send + 'static,
    ) -> Result<Arc<Rendered>, Trouble> {
        if let Some(rendered) = self.newest_rendered() {
            return Ok(rendered);
        }
        let mut turn = match (self.turn.try_lock(), self.rendered.load_full()) {
            (Ok(turn), _) => turn,
            (Err(_), Some(last)) => return Ok(last),
            (Err(_), None) => self.turn.lock().await,
        };
        if let Some(rendered) = self.newest_rendered() {
            return Ok(rendered);
        }
        let may_render = turn.may_render(now);
        if let Some(last) = self.rendered.load_full().filter(|_| !may_render) {
            return Ok(last);
        }
        let board = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || board.render(render)).await;
        let made = made.map_err(|error| {
            Trouble::new(TroubleKind::Inconsistent, "render a board", error.to_string())
        })?;
        self.rendered.store(Some(Arc::clone(&made)));
        Ok(made)
    }

    fn render(&self, render: impl FnOnce(&Snapshot) -> Vec<u8>) -> Arc<Rendered> {
        let snapshot = self.snapshot();
        let etag = format!("\"{:x}-{}\"", snapshot.epoch, snapshot.version);
        let body = Bytes::from(render(&snapshot));
        Arc::new(Rendered { version: snapshot.version, etag, body })
    }

    fn newest_rendered(&self) -> Option<Arc<Rendered>> {
        let version = *self.news.borrow();
        self.rendered.load_full().filter(|rendered| rendered.version == version)
    }
}
