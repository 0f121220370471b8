//! How long a connection is waited for: long between requests, briefly within the head of one.
//!
//! A visitor in line asks every few seconds or every minute, on one connection if he can. Waiting
//! costs a socket; a head that comes byte by byte costs a slot that others need. What happens on
//! the way is noted without asking for the time; somebody looks from time to time.

use admitone_app::ports::clock::Clock;
use axum::body::Body;
use hyper::body::{Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll};

/// Nothing came since the last answer.
const IDLE: u8 = 0;
/// Bytes came; most often they are the whole head.
const STARTED: u8 = 1;
/// They were not: more of the head is awaited.
const PARTIAL: u8 = 2;
/// A request is being answered.
const BUSY: u8 = 3;

/// What a connection is doing.
#[derive(Default)]
pub(super) struct Progress {
    phase: AtomicU8,
    /// How many answers were finished.
    answers: AtomicU32,
    /// Since when a head is awaited.
    partial_since_us: AtomicI64,
}

impl Progress {
    /// A request is being answered until the guard is dropped.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.phase.store(BUSY, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }

    fn before_read(&self, clock: &dyn Clock) {
        if self.phase.load(Ordering::Relaxed) == STARTED {
            self.partial_since_us.store(clock.now().0, Ordering::Relaxed);
            self.phase.store(PARTIAL, Ordering::Relaxed);
        }
    }

    fn after_read(&self) {
        // Only from idle: the other phases are left by what is done with the bytes.
        let _ = self.phase.compare_exchange(IDLE, STARTED, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// While it is there, a request is being answered.
pub(super) struct Answering(Arc<Progress>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answers.fetch_add(1, Ordering::Relaxed);
        self.0.phase.store(IDLE, Ordering::Relaxed);
    }
}

/// Waits until nobody should wait for a connection any longer.
pub(super) async fn lost(progress: &Progress, clock: &dyn Clock, idle_ms: u64, head_ms: u64) {
    let mut idle_since = (clock.now(), 0);
    loop {
        let now = clock.now();
        let answers = progress.answers.load(Ordering::Relaxed);
        let left_ms = match progress.phase.load(Ordering::Relaxed) {
            IDLE if idle_since.1 == answers => idle_ms.saturating_sub(now.ms_since(idle_since.0)),
            PARTIAL => {
                let since = progress.partial_since_us.load(Ordering::Relaxed);
                head_ms.saturating_sub(now.ms_since(admitone_domain::Moment(since)))
            }
            _ => {
                idle_since = (now, answers);
                idle_ms
            }
        };
        if left_ms == 0 {
            return;
        }
        // A head may begin at any moment; it is seen in time when one looks as often as this.
        clock.sleep_ms(left_ms.min(head_ms)).await;
    }
}

/// A connection that notes what it is doing.
pub(super) struct Watched<T> {
    pub(super) stream: T,
    pub(super) progress: Arc<Progress>,
    pub(super) clock: Arc<dyn Clock>,
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        self.progress.before_read(&*self.clock);
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.progress.after_read();
        }
        read
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

/// A body that is part of an answer until its end.
pub(super) struct Answered {
    pub(super) body: Body,
    pub(super) _answering: Answering,
}

impl hyper::body::Body for Answered {
    type Data = <Body as hyper::body::Body>::Data;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
