//! The page of queues: what is in them, what is done about it, and by whom.

use crate::browser::{Browser, Form};
use crate::house::{House, OPERATOR};
use admitone_app::clock::HandClock;
use admitone_app::delivery::Job;
use admitone_app::memory::MemoryCarrier;
use admitone_app::ports::carrier::{Carrier, Consumer, Dead, Heard, Lane, Outgoing, Urgency};
use admitone_app::ports::queues::{JobState, Lying, NamedQueues, QueueReport, Queues, Start};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::command::Charge;
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, Command, CommandId, Currency, Fingerprint, Moment, Money};
use async_trait::async_trait;
use axum::http::StatusCode;
use std::sync::Arc;

const HERE: &str = "/operator/queues";

/// The queue of a carrier, under its name, and behind it one whose broker is away and one whose broker goes away once
/// it has said how the queue stands.
pub(crate) fn of(carrier: &MemoryCarrier) -> Arc<NamedQueues> {
    let name = MemoryCarrier::NAME.to_owned();
    let away = ("kafka".to_owned(), Arc::new(Away { lists: false }) as _);
    let goes = ("rabbitmq".to_owned(), Arc::new(Away { lists: true }) as _);
    Arc::new(NamedQueues(vec![(name, Arc::new(carrier.clone())), away, goes]))
}

/// Queues of a broker that does not answer.
struct Away {
    /// Whether it says how they stand, and nothing more.
    lists: bool,
}

fn away<T>() -> Result<T, Trouble> {
    Err(Trouble::new(TroubleKind::Unavailable, "look", "connection <refused>"))
}

#[async_trait]
impl Queues for Away {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        if !self.lists {
            return away();
        }
        let memory = MemoryCarrier::new(None, Arc::new(HandClock::at(Moment(0))));
        let mut reports = memory.list().await?;
        for report in &mut reports {
            "rabbitmq".clone_into(&mut report.name);
        }
        Ok(reports)
    }

    async fn jobs(&self, _: &str, _: JobState, _: usize) -> Result<Vec<Lying>, Trouble> {
        away()
    }

    async fn retry(&self, _: &str, _: &str) -> Result<bool, Trouble> {
        away()
    }

    async fn discard(&self, _: &str, _: &str) -> Result<bool, Trouble> {
        away()
    }

    async fn drain(&self, _: &str) -> Result<u64, Trouble> {
        away()
    }

    async fn pause(&self, _: &str, _: bool) -> Result<(), Trouble> {
        away()
    }

    async fn restart(&self, _: &str, _: Start) -> Result<(), Trouble> {
        away()
    }
}

fn charge() -> Job {
    let charge = Charge { amount: Money(7), currency: Currency::KRW };
    let command = Command {
        id: CommandId(1),
        fingerprint: Fingerprint(0),
        fresh: 1,
        actor: Actor::Buyer(BuyerId(7)),
        admission: Admission::Bypass { room: RoomId(1) },
        deadline: Some(Moment(1_795_658_400_000_000)),
        action: Action::Charge(charge),
    };
    Job { command, sent_at: Moment(0) }
}

async fn hand_over(carrier: &MemoryCarrier, bodies: Vec<Vec<u8>>) {
    let outgoing = |body| Outgoing { body, lane: Lane(0), urgency: Urgency::Usual, delay_ms: 0 };
    let handed = carrier.publish(bodies.into_iter().map(outgoing).collect()).await;
    assert!(handed.iter().all(Result::is_ok), "{handed:?}");
}

/// Puts two jobs away: a charge, and something that is no job. Whoever has them stays.
pub(crate) async fn put_away(carrier: &MemoryCarrier) -> Box<dyn Consumer> {
    hand_over(carrier, vec![charge().encode().unwrap(), b"<i>".to_vec()]).await;
    let mut consumer = carrier.consumer().await.unwrap();
    let Heard::Jobs(jobs) = consumer.next(9).await.unwrap() else { panic!("no jobs") };
    let dead = |arrival: &admitone_app::ports::carrier::Arrival| Dead {
        tag: arrival.tag,
        reason: "<b>why</b>".into(),
    };
    consumer.put_away(jobs.iter().map(dead).collect()).await.unwrap();
    consumer
}

async fn lying(house: &House, state: JobState) -> Vec<Lying> {
    house.queue.jobs(MemoryCarrier::NAME, state, 9).await.unwrap()
}

/// The form about a job.
async fn form_about(opal: &mut Browser, job: &str) -> Form {
    let page = opal.get(&format!("{HERE}?queue=memory")).await;
    let field = format!("name=\"job\" value=\"{job}\"");
    let form = page.body.split("<form").find(|form| form.contains(&field)).map(str::to_owned);
    let form = form.unwrap_or_else(|| panic!("nothing about {job}: {}", page.body));
    assert!(form.contains("<button disabled hidden>"), "Enter does something: {form}");
    page.form(HERE).with("queue", "memory").with("job", job)
}

#[tokio::test]
async fn what_was_put_away_is_looked_into_tried_again_or_thrown_away() {
    let house = House::open().await;
    let consumer = put_away(&house.queue).await;
    let mut opal = house.staff().await;
    let page = opal.get(&format!("{HERE}?queue=memory&state=dead")).await;
    for said in ["memory: put away", "<code>charge</code>", "<td>buyer_", "cannot be read"] {
        assert!(page.has(said), "{said}: {}", page.body);
    }
    assert!(page.has("&#60;b&#62;why") && !page.has("<b>why"), "{}", page.body);

    let [first, second] = &lying(&house, JobState::Dead).await[..] else { panic!("not two") };
    let form = form_about(&mut opal, &first.id).await;
    let retry = form.with("action", "retry").with("why", "the store is back");
    let after = opal.post_and_follow(&retry).await;
    assert!(!after.has("<code>charge</code>"), "{}", after.body);
    assert_eq!(lying(&house, JobState::Waiting).await.len(), 1);
    let form = form_about(&mut opal, &second.id).await.with("action", "drop");
    assert!(opal.post_and_follow(&form).await.has("There is none."));
    assert!(lying(&house, JobState::Dead).await.is_empty());
    let again = opal.post(&form).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    assert!(again.has("There is no such job"), "{}", again.body);

    let log = opal.get("/operator/log").await;
    for said in ["had it tried again", "the store is back", "threw it away", "not done"] {
        assert!(log.has(said), "{said}: {}", log.body);
    }
    drop(consumer);
}

#[tokio::test]
async fn a_queue_is_paused_resumed_drained_and_started_elsewhere() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let page = opal.get(HERE).await;
    let form = page.form(HERE);
    assert_eq!(form.fields.iter().find(|(name, _)| name == "queue").unwrap().1, "memory");
    let body = &page.body[page.body.find("class=\"dial\"").unwrap()..];
    let first = body.find("<button").unwrap();
    assert!(body[first..].starts_with("<button disabled"), "Enter does something: {body}");
    let paused = opal.post_and_follow(&form.clone().with("action", "pause")).await;
    assert!(paused.has("memory <span class=\"soft\">memory, paused") && paused.has("Go on"));
    hand_over(&house.queue, vec![b"1".to_vec(), b"2".to_vec()]).await;
    opal.post_and_follow(&form.clone().with("action", "drain")).await;
    assert!(lying(&house, JobState::Waiting).await.is_empty());
    opal.post_and_follow(&form.clone().with("action", "resume")).await;
    assert!(!opal.get(HERE).await.has("memory, paused"));
    hand_over(&house.queue, vec![b"3".to_vec()]).await;
    opal.post_and_follow(&form.clone().with("action", "start").with("from", "end")).await;
    assert!(lying(&house, JobState::Waiting).await.is_empty(), "what waited is passed over");

    let start = form.clone().with("action", "start");
    let offsets = opal.post(&start.clone().with("from", "0-120")).await;
    assert_eq!(offsets.status, StatusCode::CONFLICT, "{}", offsets.body);
    assert!(offsets.has("Only a log has offsets"), "{}", offsets.body);
    let nowhere = opal.post(&start.with("from", "soon")).await;
    assert!(nowhere.has("This is no place to go on from"), "{}", nowhere.body);
    let long = opal.post(&form.clone().with("action", "pause").with("why", &"w".repeat(501))).await;
    assert_eq!(long.status, StatusCode::BAD_REQUEST);
    for (name, value) in [("action", "explode"), ("queue", "none"), ("job", "x\0")] {
        let form = form.clone().with("action", "pause").with(name, value);
        let refused = opal.post(&form).await;
        assert!(refused.status.is_client_error(), "{name}={value}: {}", refused.body);
    }
    assert!(!opal.get(HERE).await.has("memory, paused"), "nothing of it was done");
    let told = opal.get("/operator/log").await;
    assert!(told.has(&format!("({OPERATOR})")), "{}", told.body);
}

#[tokio::test]
async fn a_broker_that_is_away_hides_no_other_queue_and_why_stands_there() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    for path in [HERE.to_owned(), format!("{HERE}?queue=kafka&state=dead")] {
        let page = opal.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for said in ["<h2>memory", "kafka cannot be seen now:", "connection &#60;refused&#62;"] {
            assert!(page.has(said), "{path}: no {said} in {}", page.body);
        }
    }
}

#[tokio::test]
async fn a_broker_that_goes_away_while_its_queue_is_opened_hides_no_other_queue() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let page = opal.get(&format!("{HERE}?queue=rabbitmq&state=dead")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for said in [
        "<h2>memory",
        "rabbitmq cannot be seen now: <span lang=\"en\">connection &#60;refused&#62;</span>",
    ] {
        assert!(page.has(said), "no {said} in {}", page.body);
    }
    assert!(!page.has("There is none."), "that is not known: {}", page.body);
}

#[tokio::test]
async fn where_this_page_was_once_leads_here() {
    let house = House::open().await;
    let moved = house.nobody().get("/queues").await;
    assert_eq!((moved.status, moved.location.as_str()), (StatusCode::SEE_OTHER, HERE));
}

#[tokio::test]
async fn where_nothing_travels_there_are_no_queues() {
    let house = House::demonstration().await;
    let mut opal = house.staff().await;
    let page = opal.get(HERE).await;
    assert!(page.has("there are no queues"), "{}", page.body);
    assert!(page.try_form(HERE).is_none());
}
