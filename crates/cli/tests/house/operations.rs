//! Every operation of the OpenAPI document, asked from outside and answered with success; and a
//! count that finds the one nobody asked.

mod accounts;
mod catalogue;
mod dial;
mod endpoints;
mod line;
mod money;
mod programme;
mod sale;
mod streams;
mod tour;

use crate::process::{House, serve};
use tour::Tour;

/// Asks the operations of one part.
type Chapter = fn(&mut Tour<'_>);

/// The chapters in their order: each begins where the one before left the house.
const CHAPTERS: [(&str, Chapter); 9] = [
    ("catalogue", catalogue::look),
    ("accounts", accounts::open_and_read),
    ("line", line::join_poll_and_leave),
    ("sale", sale::hold_pay_and_give_back),
    ("money", money::charge_use_and_refund),
    ("programme", programme::create_and_change),
    ("dial", dial::turn),
    ("endpoints", endpoints::make_tell_and_remove),
    ("streams", streams::follow),
];

/// What needs a queue or a gateway beside the house: `jobs.rs` and `gateway.rs` ask it. That they
/// ask each of these is not checked here.
const ELSEWHERE: [&str; 11] = [
    "read_command",
    "follow_command",
    "hear_of_payment",
    "list_payments_inbox",
    "reacquire_payment",
    "refund_any_payment",
    "requery_payment",
    "list_queues",
    "act_on_queue",
    "list_jobs",
    "act_on_job",
];

#[test]
fn every_operation_is_asked_and_succeeds() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &["--demo"]);
    // The endpoint that is told of events is beside the house.
    command.env("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true");
    let house = House::run(command, directory.path());
    let mut tour = Tour::of(&house);
    for (name, chapter) in CHAPTERS {
        println!("chapter {name}");
        chapter(&mut tour);
    }
    let mut left = tour.never_succeeded();
    left.retain(|operation| !ELSEWHERE.contains(&operation.as_str()));
    assert_eq!(left, Vec::<String>::new(), "operations without a test");
}

#[test]
fn an_operation_that_nobody_asks_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut tour = Tour::of(&house);
    let all = tour.never_succeeded().len();
    assert!(all >= 50, "only {all} operations");
    let nobody = tour::Who::default();
    tour.ask(&nobody, "GET /api/v1/shows/show_1", "");
    assert_eq!(tour.never_succeeded().len(), all - 1);
    assert!(!tour.never_succeeded().contains(&"read_show".to_owned()));
    tour.refused(&nobody, "GET /api/v1/concerts/concert_999", "", (404, "NOT_FOUND"));
    assert!(tour.never_succeeded().contains(&"read_concert".to_owned()), "a refusal is no success");
}
