//! Queues of commands that wait here or travel: how they stand. What is in them and what is done about it stands
//! on the page `/queues` of the API.

use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::ports::queues::{QueueReport, Queues};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

#[derive(Template)]
#[template(path = "operator/queues.html")]
struct Page {
    frame: Frame,
    queues: Vec<QueueReport>,
}

/// `GET /operator/queues`.
pub(crate) async fn queues(State(site): State<Site>, staff: Staff) -> Result<Response<Body>, Oops> {
    let queues = site.queues.list().await?;
    page(&Page { frame: Frame::new(&site, &staff.visitor), queues })
}

impl Page {
    /// What was done, given back and done in the last minute, what is behind and how long the oldest
    /// waits; what nobody counts is a dash.
    fn told(&self, queue: &QueueReport) -> [String; 5] {
        let QueueReport { done, retries, done_last_minute, lag, oldest_ms, .. } = *queue;
        let or_none = |number: Option<u64>| number.map_or_else(|| "–".into(), |n| n.to_string());
        [done, retries, done_last_minute, Some(lag), oldest_ms].map(or_none)
    }
}
