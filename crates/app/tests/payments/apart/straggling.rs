//! A process that has decided to take the money of a payment and is stopped before it is saved. It is
//! given up meanwhile, and the process saves and dies: nobody hears what it did.

use crate::world::{ANN, World};
use admitone_app::Trouble;
use admitone_app::payments::WALLET_LEASE_MS;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction, Wanted};
use admitone_domain::command::Part;
use admitone_domain::command::gateway::{Gateway, GiveUp};
use admitone_domain::command::part::Take;
use admitone_domain::id::PaymentId;
use admitone_domain::pass::Admission;
use admitone_domain::payment::{Payment, PaymentState};
use admitone_domain::{Action, Actor, Command, Fingerprint, Rows, Verdict, decide};
use std::sync::Arc;

const MONEY: i64 = 100;

/// What was decided and is not saved.
pub(crate) struct Straggler {
    transaction: Box<dyn Transaction>,
    verdict: Verdict,
}

impl Straggler {
    /// Loads and decides that the money of a payment is taken.
    pub(crate) async fn taking(world: &World, payment: &Payment, mode: Mode) -> Self {
        let Payment { id, buyer, amount, currency, .. } = *payment;
        let named = world.named(buyer);
        let command = Command {
            id: named.id,
            fingerprint: Fingerprint(0),
            fresh: u64::try_from(named.id.0).unwrap(),
            actor: Actor::House,
            admission: Admission::Staff,
            deadline: None,
            action: Action::Part(Part::Take(Take { payment: id, buyer, amount, currency })),
        };
        let mut transaction = world.store.begin(mode, &Fences::default()).await.unwrap();
        let (mut rows, mut keys) = (Rows::default(), Vec::new());
        command.keys(&rows, &mut keys);
        keys.sort_unstable();
        let wanted = Wanted { keys, ..Wanted::default() };
        transaction.load(&wanted, &mut rows).await.unwrap();
        Self { transaction, verdict: decide(&rows, &[command]) }
    }

    /// Saves it, and tells nobody.
    pub(crate) async fn save(mut self) -> Result<(), Trouble> {
        self.transaction.save(&Arc::new(self.verdict)).await?;
        self.transaction.commit().await
    }
}

/// When it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before the wallet is asked to give anything back.
    AtOnce,
    /// After it said that nothing was taken.
    AfterThat,
    /// After that was believed.
    AtLast,
}

/// What became of a payment that was given up, and of the money.
async fn given_up(mode: Mode, when: When) -> (PaymentState, i64, Result<(), String>) {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let payment = process.pin(&world, &held).await.unwrap();
    let mut straggler = Some(Straggler::taking(&world, &world.payment(payment).await, mode).await);
    let mut save_if = async |now: bool| {
        if let Some(straggler) = straggler.take_if(|_| now) {
            // Refused where the mode protects: then nothing is taken.
            let _ = straggler.save().await;
        }
    };
    process.operate(&world, Gateway::GiveUp(GiveUp { payment })).await.unwrap();
    save_if(when == When::AtOnce).await;
    process.deliver(&world).await;
    // What comes twice does not hurry it.
    process.deliver(&world).await;
    save_if(when == When::AfterThat).await;
    world.settle_all().await;
    save_if(when == When::AtLast).await;
    world.settle_all().await;
    (world.state(payment).await, world.balance(ANN).await, world.audit().await)
}

#[tokio::test]
async fn what_is_saved_late_by_who_dies_is_given_back() {
    for (mode, when) in [
        (Mode::Optimistic, When::AtOnce),
        (Mode::Optimistic, When::AfterThat),
        (Mode::Optimistic, When::AtLast),
        // Nothing is checked when it is saved, as it may be for a command of another map.
        (Mode::Plain, When::AtOnce),
        (Mode::Plain, When::AfterThat),
    ] {
        let (state, balance, audited) = given_up(mode, when).await;
        let told = format!("{mode} {when:?}: {state:?}");
        assert_eq!((balance, audited), (MONEY, Ok(())), "{told}");
        assert!(matches!(state, PaymentState::Declined | PaymentState::Refunded), "{told}");
    }
}

#[tokio::test]
async fn unchecked_and_after_all_looks_it_would_be_kept() {
    let (state, balance, audited) = given_up(Mode::Plain, When::AtLast).await;
    assert_eq!((state, balance), (PaymentState::Declined, MONEY - 2), "the harm");
    assert!(audited.is_err(), "and it is found");
}

/// An operator asks about what was given up, so long after it was said that nothing was taken; then the
/// straggler saves, where nothing is checked. What was believed, and what became of it and of the money.
async fn asked_about(after_ms: u64) -> (PaymentState, PaymentState, i64) {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let payment = process.pin(&world, &held).await.unwrap();
    let row = world.payment(payment).await;
    let straggler = Straggler::taking(&world, &row, Mode::Plain).await;
    process.operate(&world, Gateway::GiveUp(GiveUp { payment })).await.unwrap();
    process.deliver(&world).await;
    world.clock.advance_ms(after_ms);
    process.payments.ask_again(payment).await.unwrap();
    let believed = world.state(payment).await;
    straggler.save().await.unwrap();
    world.settle_all().await;
    (believed, world.state(payment).await, world.balance(ANN).await)
}

#[tokio::test]
async fn who_asks_before_its_time_does_not_hurry_what_is_believed_the_second_time() {
    for after_ms in [0, WALLET_LEASE_MS - 1] {
        let (believed, became, balance) = asked_about(after_ms).await;
        assert_eq!(believed, PaymentState::RefundOwed, "after {after_ms} ms");
        assert_eq!((became, balance), (PaymentState::Refunded, MONEY), "after {after_ms} ms");
    }
}

#[tokio::test]
async fn who_asks_in_its_time_is_believed_and_what_is_saved_after_that_is_kept() {
    let (believed, became, balance) = asked_about(WALLET_LEASE_MS).await;
    assert_eq!((believed, became), (PaymentState::Declined, PaymentState::Declined));
    assert_eq!(balance, MONEY - 2, "the harm that the pause keeps away");
}

#[tokio::test]
async fn of_a_payment_that_goes_on_what_is_saved_twice_is_taken_once() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let payment: PaymentId = process.pin(&world, &held).await.unwrap();
    let row = world.payment(payment).await;
    let straggler = Straggler::taking(&world, &row, Mode::Optimistic).await;
    process.deliver(&world).await;
    assert!(straggler.save().await.is_err());
    world.settle_all().await;
    assert_eq!((world.balance(ANN).await, world.audit().await), (MONEY - 1, Ok(())));
}
