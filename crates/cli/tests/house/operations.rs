//! Every operation of the OpenAPI document, asked from outside and answered with success; and a
//! count that finds the one nobody asked.

mod accounts;
mod catalogue;
mod dial;
mod endpoints;
mod keys;
mod line;
mod money;
mod notices;
mod programme;
mod sale;
mod streams;
mod tour;

use crate::endpoint::Endpoint;
use crate::process::{House, serve};
use tour::Tour;

/// Asks the operations of one part.
type Chapter = fn(&mut Tour<'_>);

/// The chapters in their order: each begins where the one before left the house.
const CHAPTERS: [(&str, Chapter); 11] = [
    ("catalogue", catalogue::look),
    ("accounts", accounts::open_and_read),
    ("line", line::join_poll_and_leave),
    ("sale", sale::hold_pay_and_give_back),
    ("money", money::charge_use_and_refund),
    ("programme", programme::create_and_change),
    ("dial", dial::turn),
    ("endpoints", endpoints::make_tell_and_remove),
    ("notices", notices::list_and_send_again),
    ("keys", keys::make_list_and_refuse),
    ("streams", streams::follow),
];

/// What needs commands that travel, payments that nobody knows of, or minutes: by which test it is asked,
/// and how that reads. A payment that surfaced is reacquired only while its seats are free: there it is
/// refused.
const ELSEWHERE: [(&str, &str, &str); 15] = [
    ("read_command", JOBS, "/api/v1/commands/{id}"),
    ("follow_command", JOBS, "{place}/events"),
    ("act_on_queue", JOBS, "POST /api/v1/operator/queues/job-queue/{action}"),
    ("list_jobs", JOBS, "/api/v1/operator/queues/job-queue/jobs?state=waiting"),
    ("act_on_job", JOBS, "jobs/{id}/actions/drop"),
    ("hear_of_payment", FAKE_GATEWAY, "{}/api/v1/gateway/webhooks"),
    ("reacquire_payment", GATEWAY, r#"act("reacquire")"#),
    ("admit_ticket", DOOR, "POST /api/v1/operator/admissions"),
    ("begin_drill", DRILL, "ask_under(\"once\", &post"),
    ("list_drills", DRILL, "opal.read(DRILLS)"),
    ("read_drill", DRILL, "opal.read(&format!(\"{DRILLS}/{id}\"))"),
    ("stop_drill", DRILL, "POST {DRILLS}/{id}/actions/stop"),
    ("read_drill_report", DRILL, "opal.read(&format!(\"{DRILLS}/{id}/report\"))"),
    ("refund_any_payment", GATEWAY, r#"act("refund")"#),
    ("requery_payment", GATEWAY, r#"act("requery")"#),
];

/// What operators change in those: how it is shown there that it leaves a row in their log.
const LOGGED_ELSEWHERE: [(&str, &str, &str); 8] = [
    ("act_on_queue", JOBS, r#"["resumed", "dropped", "dropped", "dropped", "paused"]"#),
    ("act_on_job", JOBS, r#"["resumed", "dropped", "dropped", "dropped", "paused"]"#),
    ("admit_ticket", DOOR, "log.contains(\"<td>let in</td>\")"),
    ("begin_drill", DRILL, r#"one["what"] == "rehearsed""#),
    ("stop_drill", DRILL, r#"one["what"] == "stopped""#),
    ("requery_payment", GATEWAY, r#"["refunded", "asked_again"]"#),
    ("refund_any_payment", GATEWAY, r#"["refunded", "asked_again"]"#),
    // It is refused there; a command of staff tells of itself when it is done.
    ("reacquire_payment", RULES, "Deed::Reacquired"),
];

const RULES: &str = include_str!("../../../domain/tests/rules/gateway/refunds.rs");
const JOBS: &str = include_str!("jobs.rs");
const DRILL: &str = include_str!("drill.rs");
const DOOR: &str = include_str!("operators.rs");
const GATEWAY: &str = include_str!("gateway.rs");
const FAKE_GATEWAY: &str = include_str!("gateway/fake.rs");

#[test]
fn every_operation_is_asked_and_succeeds() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &["--demo"]);
    // The endpoint that is told of events is beside the house.
    command.env("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true");
    let post = Endpoint::start();
    command.env("ADMITONE_NOTICES", post.url("/notices"));
    command.env("ADMITONE_NOTICES_SECRET", "whsec_bm90aWNlcyBub3RpY2VzIG5vdGljZXMgbm90");
    let house = House::run(command, directory.path());
    let mut tour = Tour::of(&house);
    for (name, chapter) in CHAPTERS {
        println!("chapter {name}");
        chapter(&mut tour);
    }
    let mut left = tour.never_succeeded();
    let is_asked = |operation: &String| {
        let found = ELSEWHERE.iter().find(|(known, ..)| *known == *operation);
        found.is_some_and(|(_, test, how)| test.contains(how))
    };
    left.retain(|operation| !is_asked(operation));
    assert_eq!(left, Vec::<String>::new(), "operations without a test");
    let mut silent = tour.never_logged();
    silent.retain(|operation| {
        let found = LOGGED_ELSEWHERE.iter().find(|(known, ..)| known == operation);
        !found.is_some_and(|(_, test, how)| test.contains(how))
    });
    assert_eq!(silent, Vec::<String>::new(), "what operators change and no log tells");
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
