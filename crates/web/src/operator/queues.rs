//! Queues of commands that travel: how they stand. What is in them and what is done about it stands
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
    /// How long the oldest job has waited, where one waits and the broker knows.
    fn oldest_ms(&self, queue: &QueueReport) -> String {
        queue.oldest_ms.map_or_else(|| "–".to_owned(), |oldest| oldest.to_string())
    }
}
