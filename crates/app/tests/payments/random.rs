//! Random stories: payments that go in any manner, processes that die anywhere, time that passes.
//! In the end all of it is settled, and the ledgers agree.

use crate::apart::straggling::Straggler;
use crate::gateway::Manner;
use crate::world::{ANN, BOB, Fuse, World};
use admitone_app::ports::gateway::{Charge, Gateway as _};
use admitone_app::ports::store::Mode;
use admitone_domain::command::gateway::{Gateway, GiveUp};
use admitone_domain::payment::{Attempt, Method, Payment};
use admitone_domain::reservation::Reservation;
use admitone_domain::{Currency, Money};
use proptest::prelude::*;
use std::collections::VecDeque;

#[derive(Debug, Clone)]
enum Step {
    Pay {
        buyer: bool,
        seat: u64,
        manner: Manner,
    },
    /// From the wallet, in parts, with money for it or not.
    Pin {
        buyer: bool,
        seat: u64,
        is_rich: bool,
    },
    Cancel(usize),
    GiveUp(usize),
    TakeLate(usize),
    Hint(usize),
    Deliver,
    /// Somebody has decided to take the money of a payment in parts, and is stopped.
    Straggle(usize),
    /// The same of a new one, which is given up at once.
    Doubt {
        buyer: bool,
        seat: u64,
    },
    /// The first of them goes on, saves, and dies.
    Save,
    Die(u32),
    Wait(u64),
}

fn manner() -> impl Strategy<Value = Manner> {
    (any::<bool>(), 0..3_u32, 0..3_u32, 0..3_u32).prop_map(|(declines, silent, lost, quiet)| {
        Manner { declines, silent, lost, quiet, ..Manner::default() }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (any::<bool>(), 1..=4_u64, manner())
            .prop_map(|(buyer, seat, manner)| Step::Pay { buyer, seat, manner }),
        4 => (any::<bool>(), 1..=4_u64, any::<bool>())
            .prop_map(|(buyer, seat, is_rich)| Step::Pin { buyer, seat, is_rich }),
        2 => (0..4_usize).prop_map(Step::Cancel),
        1 => (0..4_usize).prop_map(Step::GiveUp),
        1 => (0..4_usize).prop_map(Step::TakeLate),
        1 => (0..4_usize).prop_map(Step::Hint),
        2 => (0..4_usize).prop_map(Step::Straggle),
        1 => (any::<bool>(), 1..=4_u64).prop_map(|(buyer, seat)| Step::Doubt { buyer, seat }),
        1 => Just(Step::Save),
        3 => Just(Step::Deliver),
        2 => (0..12_u32).prop_map(Step::Die),
        2 => (1..=90_000_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..25)
}

/// What a story has made so far.
#[derive(Default)]
struct Made {
    held: Vec<Reservation>,
    keys: Vec<String>,
    stragglers: VecDeque<Straggler>,
}

async fn run(steps: &[Step]) -> Result<(), String> {
    let world = World::open().await;
    let mut made = Made::default();
    let mut fuse = Fuse::of(u32::MAX);
    for step in steps {
        if fuse.is_blown() {
            fuse = Fuse::of(u32::MAX);
        }
        if let Step::Die(boundary) = step {
            fuse = Fuse::of(*boundary);
            continue;
        }
        let process = world.process(&fuse);
        process.live(take(step, &world, &process, &mut made)).await;
    }
    world.settle_all().await;
    // What was decided long ago may be saved still.
    for straggler in made.stragglers {
        let _ = straggler.save().await;
    }
    let process = world.lasting();
    // A gateway says by itself that there is news; of a wallet nobody has to be told.
    let of_gateways = |one: &Payment| matches!(one.method, Method::Gateway(_));
    for payment in world.payments().await.into_iter().filter(of_gateways) {
        process.payments.ask_again(payment.id).await.unwrap();
    }
    world.settle_all().await;
    world.audit().await
}

async fn take(step: &Step, world: &World, process: &crate::world::Process, made: &mut Made) {
    match step {
        Step::Pay { buyer, seat, manner } => {
            let buyer = if *buyer { ANN } else { BOB };
            let key = format!("key{}", made.keys.len());
            world.accounts.set(&key, *manner);
            let Some(held) = try_hold(world, process, buyer, *seat).await else { return };
            made.held.push(held.clone());
            made.keys.push(key.clone());
            let _ = process.begin(world, &held, &key).await;
        }
        Step::Pin { buyer, seat, is_rich } => {
            let buyer = if *buyer { ANN } else { BOB };
            if *is_rich {
                process.charge(world, buyer, 1).await;
            }
            let Some(held) = try_hold(world, process, buyer, *seat).await else { return };
            made.held.push(held.clone());
            made.keys.push(String::new());
            let _ = process.pin(world, &held).await;
        }
        Step::GiveUp(at) => {
            // A gateway that knows nothing of a payment says nothing definite either.
            if let Some(payment) = world.payments().await.get(*at).filter(|one| is_apart(one)) {
                let give_up = Gateway::GiveUp(GiveUp { payment: payment.id });
                let _ = process.operate(world, give_up).await;
            }
        }
        Step::Cancel(at) => {
            if let Some(held) = made.held.get(*at) {
                let _ = process.cancel(world, held).await;
            }
        }
        // Only what was begun can be taken: a gateway asks its buyer, and he agrees.
        Step::TakeLate(at) => {
            let key = made.keys.get(*at);
            let is_begun = |key: &&String| world.accounts.all().contains_key(*key);
            let payments = world.payments().await;
            let known = key.filter(is_begun).filter(|key| {
                payments.iter().any(|one| one.attempt().is_some_and(|a| a.key == **key))
            });
            let is_fresh = |key: &&String| world.accounts.all()[*key].taken == 0;
            if let Some(key) = known.filter(is_fresh) {
                world.accounts.take_late(key, 1);
            }
        }
        Step::Hint(at) => {
            if let Some(payment) = world.payments().await.get(*at) {
                process.payments.ask_again(payment.id).await.unwrap();
            }
        }
        Step::Straggle(at) => {
            if let Some(payment) = world.payments().await.get(*at).filter(|one| is_asked(one)) {
                straggle(world, payment, made).await;
            }
        }
        Step::Doubt { buyer, seat } => {
            let pin = Step::Pin { buyer: *buyer, seat: *seat, is_rich: true };
            Box::pin(take(&pin, world, process, made)).await;
            give_up_in_doubt(world, process, made).await;
        }
        Step::Save => {
            if let Some(straggler) = made.stragglers.pop_front() {
                let _ = straggler.save().await;
            }
        }
        Step::Deliver => process.deliver(world).await,
        Step::Wait(span_ms) => world.clock.advance_ms(*span_ms),
        Step::Die(_) => {}
    }
}

/// Somebody decides to take the money of a payment, and does not save it yet.
async fn straggle(world: &World, payment: &Payment, made: &mut Made) {
    made.stragglers.push_back(Straggler::taking(world, payment, Mode::Optimistic).await);
}

/// What is about to be taken is given up.
async fn give_up_in_doubt(world: &World, process: &crate::world::Process, made: &mut Made) {
    if let Some(payment) = world.payments().await.iter().find(|one| is_asked(one)) {
        straggle(world, payment, made).await;
        let give_up = Gateway::GiveUp(GiveUp { payment: payment.id });
        let _ = process.operate(world, give_up).await;
    }
}

/// Whether its wallet is to be asked: nobody takes for another.
fn is_asked(payment: &Payment) -> bool {
    is_apart(payment) && payment.attempt().is_some_and(Attempt::is_pending)
}

fn is_apart(payment: &Payment) -> bool {
    matches!(payment.method, Method::Apart(_))
}

/// A hold of one seat, if nobody has it.
async fn try_hold(
    world: &World,
    process: &crate::world::Process,
    buyer: admitone_domain::id::BuyerId,
    seat: u64,
) -> Option<Reservation> {
    use admitone_domain::command::{Choice, Hold};
    use admitone_domain::{Action, Outcome};
    let seats = vec![admitone_domain::id::SeatId(seat)];
    let choice = Choice::Items { seats, tickets: Vec::new() };
    let hold = Action::Hold(Hold { show: admitone_conformance::sale::SHOW, choice });
    match process.submit(&world.named(buyer), hold).await {
        Ok(Outcome::Reserved(reservation)) => Some(reservation),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_happens_on_the_way_the_ledgers_agree_in_the_end(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let audited = runtime.block_on(run(&steps));
        prop_assert!(audited.is_ok(), "{audited:?}");
    }
}

/// A wallet says that there is no money, and the process dies before that is believed. Somebody who read the payment
/// before that asks again when there is money, and dies of it.
#[tokio::test]
async fn what_a_wallet_had_no_money_for_is_not_taken_by_who_comes_late() {
    let poor = |seat| Step::Pin { buyer: false, seat, is_rich: false };
    let pay = Step::Pay { buyer: false, seat: 4, manner: Manner::default() };
    let rich = Step::Pin { buyer: false, seat: 1, is_rich: true };
    let story = [poor(2), poor(1), Step::Die(5), Step::Deliver, pay, rich, Step::Straggle(1)];
    assert_eq!(run(&story).await, Ok(()));
}

#[tokio::test]
async fn a_house_that_asks_a_gateway_within_a_transaction_is_found_out() {
    let world = World::open().await;
    let fuse = Fuse::of(u32::MAX);
    let line = world.line(&fuse);
    let charge = Charge {
        key: "key".into(),
        order: "order".into(),
        amount: Money(1),
        currency: Currency::KRW,
    };
    line.find(&charge).await;
    assert_eq!(world.audit().await, Ok(()), "before and after it is right");
    let _settling = fuse.settling();
    line.find(&charge).await;
    assert!(world.audit().await.is_err_and(|why| why.contains("settled")));
}
