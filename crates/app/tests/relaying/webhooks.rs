//! Endpoints of webhooks over a network that is played: what fails is tried again in its order, what
//! is gone is told nothing more, and none of them stops another.

use crate::house::House;
use crate::logged::{by, chance};
use admitone_app::events::Lookout;
use admitone_app::logbook::LogBook;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::webhooks::{Answered, Attempt, Courier, Endpoint, Letter, Webhooks, Wish};
use admitone_app::webhooks::{
    Asked, Change, DeskTrouble, NewEndpoint, Supervisor, SupervisorSetup, WebhookDesk, sign,
};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Answers each address as it was told to, and keeps what was sent.
#[derive(Default)]
struct Network {
    answers: Mutex<HashMap<String, Result<Answered, String>>>,
    sent: Mutex<Vec<Letter>>,
}

impl Network {
    fn answers(&self, url: &str, answer: Result<u16, String>) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer.map(Answered::from));
    }

    fn asks_for_patience(&self, url: &str, status: u16, not_within_ms: u64) {
        let answer = Answered { status, not_within_ms: Some(not_within_ms) };
        self.answers.lock().unwrap().insert(url.to_owned(), Ok(answer));
    }

    fn at(&self, url: &str) -> Vec<Letter> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|letter| letter.url == url).cloned().collect()
    }

    fn versions(&self, url: &str) -> Vec<u64> {
        let version = |letter: &Letter| {
            let body: Value = serde_json::from_slice(&letter.body).unwrap();
            body["data"]["version"].as_u64().unwrap()
        };
        self.at(url).iter().map(version).collect()
    }
}

#[async_trait]
impl Courier for Network {
    fn check(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") { Ok(()) } else { Err("no TLS".to_owned()) }
    }

    async fn send(&self, letter: &Letter) -> Result<Answered, String> {
        self.sent.lock().unwrap().push(letter.clone());
        let answer = self.answers.lock().unwrap().get(&letter.url).cloned();
        answer.unwrap_or(Ok(204.into()))
    }
}

/// A wish of an operator.
pub(crate) fn asked(wish: u64) -> Asked {
    let (by, wish) = ("op_1".to_owned(), Wish { id: wish, print: wish });
    Asked { by, wish, expected: None, why: "for the shop".to_owned() }
}

/// Instances with endpoints on one store.
pub(crate) struct Stage {
    pub(crate) house: House,
    network: Arc<Network>,
    pub(crate) desk: WebhookDesk,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let house = House::new().await;
        let network = Arc::new(Network::default());
        let desk = WebhookDesk {
            webhooks: house.store.clone(),
            courier: network.clone(),
            outbox: house.store.clone(),
            clock: house.clock.clone(),
            random: || [7; 32],
            changed: Arc::default(),
            book: LogBook { notes: house.store.clone(), clock: house.clock.clone(), chance },
        };
        Self { house, network, desk }
    }

    pub(crate) async fn endpoint(&self, id: u64, url: &str) -> Endpoint {
        let types = vec!["wallet.*".to_owned()];
        let wanted = NewEndpoint { url: url.to_owned(), types };
        self.desk.create(wanted, asked(id)).await.unwrap().endpoint
    }

    async fn instance(&self, id: u128) -> Instance {
        let clock = self.house.clock.clone();
        let outbox = self.house.store.clone();
        let lookout = Arc::new(Lookout::begin(outbox, clock.clone(), true).await.unwrap());
        let setup = SupervisorSetup {
            webhooks: self.house.store.clone(),
            courier: self.network.clone(),
            lanes: self.house.store.clone(),
            lookout: lookout.clone(),
            clock,
            source: "/admitone/test".into(),
            base: "https://us".to_owned(),
            changed: Arc::default(),
            id,
        };
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(Arc::clone(&lookout).run(stop.clone()));
        let supervisor = Supervisor::new(setup, tasks.clone());
        let mut instance = Instance { supervisor, stop };
        instance.look().await;
        instance
    }

    /// Lets the instances work until something is so.
    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..200_000 {
            if is_so(self) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never: {what}; {:?}", self.network.sent.lock().unwrap());
    }

    async fn log(&self, id: u64) -> Vec<Attempt> {
        let log = self.house.store.attempts(id, None, 100).await.unwrap();
        log.into_iter().map(|(_, attempt)| attempt).collect()
    }
}

struct Instance {
    supervisor: Supervisor,
    stop: CancellationToken,
}

impl Instance {
    async fn look(&mut self) {
        self.supervisor.look(&self.stop).await.unwrap();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn messages_are_signed_and_each_endpoint_has_its_own_order() {
    let stage = Stage::new().await;
    stage.house.charge(9).await;
    let made = stage.endpoint(1, "https://shop").await;
    assert_eq!(stage.endpoint(1, "https://shop").await, made, "the same wish makes it once");
    let _instance = stage.instance(1).await;
    for _ in 0..3 {
        stage.house.charge(1).await;
    }
    stage.until("three arrived", |stage| stage.network.at("https://shop").len() == 3).await;
    assert_eq!(stage.network.versions("https://shop"), [1, 2, 3], "and nothing from before");
    let letter = stage.network.at("https://shop").remove(0);
    let header = |name: &str| {
        let found = letter.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    let at = header("webhook-timestamp").parse().unwrap();
    let signature = sign(&[&made.secret], &header("webhook-id"), at, &letter.body);
    assert_eq!(header("webhook-signature"), signature);
    let body: Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!(body["type"], "wallet.moved");
    // Sent again: under the same id, and it stands in the log.
    let event = stage.log(1).await.pop().unwrap().event;
    assert_eq!(stage.desk.replay(1, event, by()).await.unwrap().status, Some(204));
    assert_eq!(stage.network.at("https://shop")[3].headers[0].1, header("webhook-id"));
    assert_eq!(stage.log(1).await[0].attempt, 0);
    let missing = stage.desk.replay(1, 1, by()).await;
    assert_eq!(missing, Err(DeskTrouble::Missing("message in the log")));
}

#[tokio::test]
async fn what_fails_is_tried_again_before_what_follows_it_and_stops_no_other_endpoint() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://shop").await;
    stage.endpoint(2, "https://down").await;
    stage.network.answers("https://down", Err("no answer in 5000 ms".to_owned()));
    let instance = stage.instance(1).await;
    for _ in 0..3 {
        stage.house.charge(1).await;
    }
    stage.until("the other has all", |stage| stage.network.at("https://shop").len() == 3).await;
    stage.until("it was tried", |stage| !stage.network.at("https://down").is_empty()).await;
    for _ in 0..5_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.network.versions("https://down"), [1], "the rest waits for the first");
    // The instance is killed, and another knows how often it was tried.
    drop(instance);
    stage.house.clock.advance_ms(10_000);
    let _next = stage.instance(2).await;
    stage.until("it was tried again", |stage| stage.network.at("https://down").len() == 2).await;
    assert_eq!(stage.log(2).await[0].attempt, 2);
    stage.network.answers("https://down", Ok(200));
    stage.house.clock.advance_ms(40_000);
    stage.until("all has arrived", |stage| stage.network.at("https://down").len() == 5).await;
    assert_eq!(stage.network.versions("https://down"), [1, 1, 1, 2, 3]);
}

#[tokio::test]
async fn an_endpoint_that_asks_for_patience_is_not_asked_before() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://busy").await;
    stage.network.asks_for_patience("https://busy", 429, 3_600_000);
    let _instance = stage.instance(1).await;
    stage.house.charge(1).await;
    stage.until("it is written down", |stage| !stage.network.at("https://busy").is_empty()).await;
    while stage.log(1).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let attempt = stage.log(1).await.remove(0);
    assert_eq!(attempt.status, Some(429));
    let waits_ms = attempt.next.unwrap().ms_since(attempt.at);
    assert!(waits_ms >= 3_600_000, "{waits_ms}");
    stage.network.answers("https://busy", Ok(200));
    // Of somebody else, in another lane.
    stage.house.charge(2).await;
    stage.house.clock.advance_ms(3_500_000);
    for _ in 0..5_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.network.at("https://busy").len(), 1, "the hour is not over");
    stage.house.clock.advance_ms(200_000);
    stage.until("both arrive", |stage| stage.network.at("https://busy").len() == 3).await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_enabled_again_it_begins_anew() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://gone").await;
    stage.network.answers("https://gone", Ok(410));
    let mut instance = stage.instance(1).await;
    stage.house.charge(1).await;
    stage.house.charge(1).await;
    stage.until("it was asked", |stage| !stage.network.at("https://gone").is_empty()).await;
    for _ in 0..5_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.network.at("https://gone").len(), 1);
    assert!(stage.desk.read(1).await.unwrap().disabled.is_some());
    instance.look().await;
    stage.network.answers("https://gone", Ok(200));
    let enabled = Change { is_enabled: Some(true), ..Change::default() };
    let enabled = stage.desk.change(1, enabled, asked(2)).await.unwrap();
    assert_eq!(enabled.endpoint.life, 2);
    instance.look().await;
    stage.house.charge(1).await;
    stage.until("it is told", |stage| stage.network.at("https://gone").len() == 2).await;
    assert_eq!(stage.network.versions("https://gone"), [1, 3], "of what happened since");
}

#[tokio::test]
async fn a_message_is_given_up_three_days_after_it_was_tried_first() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://down").await;
    stage.network.answers("https://down", Ok(302));
    let _instance = stage.instance(1).await;
    stage.house.charge(1).await;
    let mut tried = 0;
    while stage.log(1).await.first().is_none_or(|last| last.next.is_some()) {
        tried += 1;
        stage
            .until("the next attempt", |stage| stage.network.at("https://down").len() >= tried)
            .await;
        // The log is written behind the answer.
        while stage.log(1).await.len() < tried {
            tokio::task::yield_now().await;
        }
        stage.house.clock.advance_ms(15 * 3_600_000);
    }
    assert!((5..=7).contains(&tried), "{tried} attempts, fifteen hours apart");
    stage.house.charge(1).await;
    let all = tried + 1;
    stage
        .until("what follows is tried", |stage| stage.network.at("https://down").len() == all)
        .await;
    assert_eq!(stage.network.versions("https://down").last(), Some(&2));
}

#[tokio::test]
async fn after_a_change_of_the_secret_both_sign_for_a_day() {
    let stage = Stage::new().await;
    let made = stage.endpoint(1, "https://shop").await;
    assert_eq!(made.secrets(made.created_at).len(), 1);
    let changed = stage.desk.rotate(1, asked(2)).await.unwrap().endpoint;
    assert_ne!(changed.version, made.version);
    let now = changed.created_at;
    assert_eq!(changed.secrets(now).len(), 2);
    assert_eq!(changed.secrets(now.plus_ms(24 * 3_600_000)).len(), 1);
    // Asked again it is not done again: the earlier secret would be lost.
    let again = stage.desk.rotate(1, asked(2)).await.unwrap();
    assert_eq!((again.is_repeated, again.endpoint), (true, changed));
    let other = Asked { wish: Wish { id: 2, print: 9 }, ..asked(2) };
    assert_eq!(stage.desk.rotate(1, other).await, Err(DeskTrouble::Reused));
}

#[tokio::test]
async fn what_cannot_be_told_anything_is_refused() {
    let stage = Stage::new().await;
    let made = stage.endpoint(1, "https://shop").await;
    let wanted = |url: &str, types: &[&str]| NewEndpoint {
        url: url.to_owned(),
        types: types.iter().map(|kind| (*kind).to_owned()).collect(),
    };
    let inside = stage.desk.create(wanted("http://inside", &[]), asked(2)).await;
    assert_eq!(inside, Err(DeskTrouble::Invalid("`url`: no TLS".to_owned())));
    let sung = stage.desk.create(wanted("https://shop", &["reservation.sung"]), asked(2)).await;
    assert!(matches!(sung, Err(DeskTrouble::Invalid(why)) if why.contains("reservation.sung")));
    let inside = Change { url: Some("http://inside".to_owned()), ..Change::default() };
    assert!(stage.desk.change(1, inside, asked(3)).await.is_err());
    let outdated = Asked { expected: Some(made.version + 1), ..asked(4) };
    let refused = stage.desk.change(1, Change::default(), outdated).await;
    assert_eq!(refused, Err(DeskTrouble::Changed { version: made.version }));
    let missing = stage.desk.change(9, Change::default(), asked(5)).await;
    assert_eq!(missing, Err(DeskTrouble::Missing("endpoint")));
    let later = stage.house.clock.now().plus_ms(1);
    assert!(stage.desk.replay_since(1, later, asked(6)).await.is_err(), "of what is to come");
    assert_eq!(stage.desk.list().await.unwrap(), [made]);
}

#[tokio::test]
async fn an_endpoint_is_tried_with_a_message_that_tells_of_nothing() {
    let stage = Stage::new().await;
    stage.endpoint(1, "https://shop").await;
    stage.network.answers("https://shop", Ok(500));
    assert_eq!(stage.desk.test(1, by()).await.unwrap().status, Some(500));
    let letter = stage.network.at("https://shop").remove(0);
    let body: Value = serde_json::from_slice(&letter.body).unwrap();
    assert_eq!([&body["type"], &body["data"]["id"]], ["endpoint.tested", "endpoint_1"]);
    assert_eq!(stage.log(1).await[0].kind, "endpoint.tested");
    assert_eq!(stage.log(1).await[0].next, None, "once");
    let nothing = stage.desk.replay(1, 0, by()).await;
    assert_eq!(nothing, Err(DeskTrouble::Missing("message in the log")));
}

#[tokio::test]
async fn what_happened_since_a_moment_is_told_again_beside_what_happens_now() {
    let stage = Stage::new().await;
    stage.house.charge(1).await;
    stage.house.clock.advance_ms(60_000);
    let since = stage.house.clock.now();
    stage.house.charge(1).await;
    stage.house.charge(1).await;
    stage.endpoint(1, "https://shop").await;
    let mut instance = stage.instance(1).await;
    stage.house.charge(1).await;
    stage.until("the first", |stage| stage.network.at("https://shop").len() == 1).await;
    let replayed = stage.desk.replay_since(1, since, asked(2)).await.unwrap().endpoint;
    let again = stage.desk.replay_since(1, since, asked(2)).await.unwrap();
    assert_eq!((again.is_repeated, again.endpoint.replays.len()), (true, 1));
    instance.look().await;
    stage.until("three more", |stage| stage.network.at("https://shop").len() == 4).await;
    assert_eq!(stage.network.versions("https://shop"), [4, 2, 3, 4]);
    stage.house.charge(1).await;
    stage.until("what happens now", |stage| stage.network.at("https://shop").len() == 5).await;
    for _ in 0..5_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.network.versions("https://shop"), [4, 2, 3, 4, 5], "once");
    // After its time the road is forgotten.
    let until = replayed.replays[0].until;
    stage.house.clock.advance_ms(until.ms_since(stage.house.clock.now()));
    instance.look().await;
    let left = stage.desk.read(1).await.unwrap();
    assert_eq!((left.replays.len(), left.roads().len()), (0, 1));
}
