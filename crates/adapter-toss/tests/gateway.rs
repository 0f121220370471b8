//! The adapter before a real server: the fake gateway of this repository.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_toss::{Toss, TossOptions};
use admitone_app::clock::SystemClock;
use admitone_app::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_domain::{Currency, Money};
use admitone_fake_gateway::{FakeGateway, Options, Session};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

struct Served {
    gateway: FakeGateway,
    address: String,
    _ends: DropGuard,
}

async fn served() -> Served {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let clock = Arc::new(SystemClock::default());
    let gateway = FakeGateway::open(Options::default(), clock, tasks.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(gateway.clone().serve(listener, stop.clone()));
    Served { gateway, address, _ends: stop.drop_guard() }
}

/// So long what is answered is waited for, however busy the machine is.
const PATIENCE_MS: u64 = 60_000;

fn toss(address: &str, secret_key: &str) -> Toss {
    toss_within(address, secret_key, PATIENCE_MS)
}

fn toss_within(address: &str, secret_key: &str, answer_ms: u64) -> Toss {
    let address = address.parse().unwrap();
    Toss::new(&TossOptions { address, secret_key: secret_key.to_owned(), answer_ms })
}

fn charge(key: &str) -> Charge {
    let order = format!("res_1-{}", key.rsplit('.').next().unwrap());
    Charge { key: key.to_owned(), order, amount: Money(1_000), currency: Currency::KRW }
}

fn agree(served: &Served, charge: &Charge) {
    let session = Session {
        payment_key: charge.key.clone(),
        order_id: charge.order.clone(),
        amount: charge.amount.0,
    };
    served.gateway.ledger().agree(session).unwrap();
}

#[tokio::test]
async fn what_is_confirmed_twice_is_taken_once() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    let charge = charge("plain.a");
    agree(&served, &charge);
    assert_eq!(toss.find(&charge).await, Word::Open, "nobody has confirmed it yet");
    for _ in 0..2 {
        assert_eq!(toss.confirm(&charge).await, Word::Taken);
    }
    assert_eq!(toss.find(&charge).await, Word::Taken);
    assert_eq!(served.gateway.ledger().payments().count(), 1);
}

#[tokio::test]
async fn what_may_have_been_done_is_never_said_to_be_declined() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    for key in ["silent.a", "lost.b", "trouble.c"] {
        let charge = charge(key);
        assert!(matches!(toss.confirm(&charge).await, Word::Unknown { .. }), "{key}");
    }
    // Who does not wait for as long as it takes.
    let hasty = toss_within(&served.address, "test_sk_admitone", 500);
    let slow = charge("delay-600000.d");
    assert_eq!(hasty.confirm(&slow).await, Word::Unknown { code: None });
    assert_eq!(toss.find(&charge("silent.a")).await, Word::Taken);
    assert_eq!(toss.find(&charge("lost.b")).await, Word::Open);
    assert_eq!(toss.confirm(&charge("lost.b")).await, Word::Taken);
    // Nobody there at all.
    let nobody = self::toss("http://127.0.0.1:1", "k");
    assert_eq!(nobody.confirm(&charge("plain.e")).await, Word::Unknown { code: None });
}

#[tokio::test]
async fn a_decline_has_the_code_of_the_gateway() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    let charge = charge("decline-REJECT_CARD_COMPANY.a");
    let declined = Word::Declined { code: "REJECT_CARD_COMPANY".into() };
    assert_eq!(toss.confirm(&charge).await, declined);
    assert_eq!(toss.find(&charge).await, Word::Declined { code: "ABORTED".into() });
    let nothing = Word::Declined { code: "NOT_FOUND_PAYMENT".into() };
    assert_eq!(toss.find(&self::charge("never.b")).await, nothing);
}

#[tokio::test]
async fn another_amount_or_order_than_was_asked_for_is_no_approval() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    assert_eq!(toss.confirm(&charge("more-5.a")).await, Word::Mismatched);
    let mine = charge("plain.b");
    assert_eq!(toss.confirm(&mine).await, Word::Taken);
    let stolen = Charge { order: "res_2-b".into(), ..mine };
    assert!(matches!(toss.confirm(&stolen).await, Word::Unknown { .. }));
    assert_eq!(toss.find(&stolen).await, Word::Mismatched);
}

#[tokio::test]
async fn a_key_that_the_gateway_does_not_take_says_nothing_of_the_payment() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_of_somebody_else");
    let wrong = Word::Misconfigured { code: "UNAUTHORIZED_KEY".into() };
    assert_eq!(toss.confirm(&charge("plain.a")).await, wrong);
    assert_eq!(toss.find(&charge("plain.a")).await, wrong);
}

#[tokio::test]
async fn money_goes_back_once_for_each_number() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    let charge = charge("quiet-1.a");
    assert_eq!(toss.confirm(&charge).await, Word::Taken);
    let part = GiveBack { number: 0, amount: Money(300), is_all: false };
    assert_eq!(toss.give_back(&charge, &part).await, BackWord::Unknown { code: None });
    assert_eq!(toss.give_back(&charge, &part).await, BackWord::Done, "asked again");
    assert_eq!(toss.find(&charge).await, Word::GivenBack(Money(300)), "paid once");
    let rest = GiveBack { number: 1, amount: Money(700), is_all: false };
    assert_eq!(toss.give_back(&charge, &rest).await, BackWord::Done);
    assert_eq!(toss.find(&charge).await, Word::GivenBack(Money(1_000)));
    let more = GiveBack { number: 2, amount: Money(1), is_all: false };
    assert_eq!(toss.give_back(&charge, &more).await, BackWord::Done, "all of it is back");
    assert_eq!(served.gateway.ledger().find("quiet-1.a").unwrap().balance(), 0);
}

#[tokio::test]
async fn what_the_gateway_keeps_is_refused_and_not_asked_for_ever() {
    let served = served().await;
    let toss = toss(&served.address, "test_sk_admitone");
    let charge = charge("kept.a");
    assert_eq!(toss.confirm(&charge).await, Word::Taken);
    let all = GiveBack { number: 0, amount: Money(1_000), is_all: true };
    let refused = BackWord::Refused { code: "NOT_CANCELABLE_PAYMENT".into() };
    assert_eq!(toss.give_back(&charge, &all).await, refused);
}
