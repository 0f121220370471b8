//! Server-sent events: streams that end when the house closes.

use crate::house::House;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream};
use futures_util::stream::{BoxStream, Stream, StreamExt};
use std::convert::Infallible;

/// A response of events.
pub(crate) type Events = Sse<KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

/// The events as a response. They end with the house: a stream that nobody ends would keep it from
/// closing.
pub(crate) fn until_closed(
    house: &House,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Events {
    let events = events.take_until(house.doors.closing.clone().cancelled_owned());
    Sse::new(events.map(Ok).boxed()).keep_alive(KeepAlive::default())
}
