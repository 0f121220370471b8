//! Payments in steps over a carrier, with a process that dies at each boundary of each of them: before
//! and after a command is handed over, once it is taken, before and after it is acknowledged, and before
//! and after the gateway is asked. Whoever takes over has nothing but the store and the carrier.

mod process;
mod world;

use super::CarrierFixture;
use crate::CaseFuture;
use crate::sale::{self, SHOW};
use admitone_app::payments::{WALLET_LEASE_MS, names};
use admitone_app::ports::store::Mode;
use admitone_domain::command::gateway::{Begin, Gateway as Step};
use admitone_domain::command::{Cancel, Pay};
use admitone_domain::id::ReservationId;
use admitone_domain::{Action, Command, Money};
use futures_util::future::join_all;
use process::{Fuse, Process};
use std::pin::Pin;
use std::sync::Arc;
use world::{ANN, CHARGED, World};

/// A case that needs many carriers.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) run: fn(Arc<dyn CarrierFixture>, Option<u16>) -> CaseFuture,
}

macro_rules! saga_cases {
    ($($name:ident: Always),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            run: |fixture, lanes| -> CaseFuture { Box::pin($name(fixture, lanes)) },
        }),*]
    };
}

pub(super) const ALL: &[Case] = saga_cases![
    wherever_a_process_dies_the_money_is_where_the_tickets_are: Always,
    with_nobody_who_takes_over_money_is_where_no_tickets_are: Always,
    a_charge_that_is_booked_twice_is_found: Always,
];

/// What a buyer does at a process.
type Story = for<'a> fn(&'a World, &'a Process) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

const STORIES: [(&str, Story); 2] = [
    ("through the gateway", |world, process| Box::pin(through_the_gateway(world, process))),
    ("from the wallet in parts", |world, process| Box::pin(from_the_wallet(world, process))),
];

/// So many processes die at the same time, each in a world of its own.
const AT_ONCE: u32 = 4;
/// No story has so many boundaries.
const BOUNDARIES_MAX: u32 = 160;

/// The names of what the buyer asks for are the same whenever he asks.
const FIRST: u64 = 2_000_000;
const RESERVATION: ReservationId = ReservationId(FIRST + 1);

/// Two seats are held and paid for, and one of them is cancelled.
async fn through_the_gateway(world: &World, process: &Process) {
    process.submit(sale::hold(FIRST + 1, ANN, SHOW, &[1, 2], 0)).await;
    let order = format!("{RESERVATION}-key");
    let begin = Begin {
        reservation: RESERVATION,
        show: SHOW,
        key: world::KEY.to_owned(),
        amount: Money(2),
        wait_ms: process.payments.lease_ms(),
        order: order.clone(),
    };
    let begin = sale::by(FIRST + 2, ANN, Action::Gateway(Step::Begin(begin)));
    process.submit(Command { id: names::begin(ANN, &order), ..begin }).await;
    process.deliver(world, 0).await;
    process.submit(sale::by(FIRST + 3, ANN, cancel_one())).await;
    process.deliver(world, 0).await;
}

async fn from_the_wallet(world: &World, process: &Process) {
    process.submit(sale::charge(FIRST, ANN, CHARGED)).await;
    process.submit(sale::hold(FIRST + 1, ANN, SHOW, &[1, 2], 0)).await;
    let pay = Action::Pay(Pay { reservation: RESERVATION, expected: None });
    process.submit(sale::by(FIRST + 2, ANN, pay.apart(WALLET_LEASE_MS))).await;
    process.deliver(world, 0).await;
    process.submit(sale::by(FIRST + 3, ANN, cancel_one().apart(WALLET_LEASE_MS))).await;
    process.deliver(world, 0).await;
}

fn cancel_one() -> Action {
    Action::Cancel(Cancel { reservation: RESERVATION, items: Some(vec![1]) })
}

/// Lives a story until a boundary; the world as it was left, and whether the process lived through it.
async fn left_at(
    fixture: &dyn CarrierFixture,
    lanes: Option<u16>,
    (story, boundary): (Story, u32),
) -> (World, bool) {
    let world = World::open(fixture.fresh(lanes).await).await;
    let process = Process::start(&world, &Fuse::of(boundary));
    let has_lived = process.live(story(&world, &process)).await;
    process.die().await;
    (world, has_lived)
}

/// Whoever takes over finds what was left; then the buyer asks again for all of it.
async fn taken_over(world: &World, story: Story) -> Result<(), String> {
    let process = Process::start(world, &Fuse::endless());
    world.has_answered_all_that_was_sent().await;
    process.bring_to_an_end(world).await;
    world.audit().await.map_err(|wrong| format!("{wrong}, and the buyer has gone"))?;
    story(world, &process).await;
    process.bring_to_an_end(world).await;
    process.end().await;
    world.audit().await
}

async fn wherever_a_process_dies_the_money_is_where_the_tickets_are(
    fixture: Arc<dyn CarrierFixture>,
    lanes: Option<u16>,
) {
    for (name, story) in STORIES {
        let die = async |boundary: u32| {
            let (world, has_lived) = left_at(&*fixture, lanes, (story, boundary)).await;
            if has_lived {
                assert_eq!(world.worth().await, 1, "{name}: one of two is left");
            }
            let audit = taken_over(&world, story).await;
            assert_eq!(audit, Ok(()), "{name}, dead at boundary {boundary}");
            has_lived
        };
        let mut deaths = 0;
        for first in (0..BOUNDARIES_MAX).step_by(AT_ONCE as usize) {
            let lived = join_all((first..first + AT_ONCE).map(&die)).await;
            deaths += lived.iter().filter(|has_lived| !**has_lived).count();
            if lived.contains(&true) {
                break;
            }
        }
        // Five for each command that travels, and two for each question to the gateway.
        assert!((24..BOUNDARIES_MAX as usize).contains(&deaths), "{name}: {deaths} boundaries");
    }
}

/// A process that is not followed by another leaves money where no tickets are, at some boundary.
async fn with_nobody_who_takes_over_money_is_where_no_tickets_are(
    fixture: Arc<dyn CarrierFixture>,
    lanes: Option<u16>,
) {
    for (name, story) in STORIES {
        let mut harmed = 0;
        for first in (0..48).step_by(AT_ONCE as usize) {
            let die = async |boundary: u32| {
                let (world, _) = left_at(&*fixture, lanes, (story, boundary)).await;
                u32::from(world.kept().await != world.worth().await)
            };
            harmed += join_all((first..first + AT_ONCE).map(die)).await.iter().sum::<u32>();
            if harmed > 0 {
                break;
            }
        }
        assert!(harmed > 0, "{name}: the audit finds nothing, whatever happens");
    }
}

/// A house that gives the same charge another name each time books it each time; all the money is where
/// it is said to be.
async fn a_charge_that_is_booked_twice_is_found(
    fixture: Arc<dyn CarrierFixture>,
    lanes: Option<u16>,
) {
    let world = World::open(fixture.fresh(lanes).await).await;
    for (number, audit) in [(1, Ok(())), (2, Err("200 came into the wallet, and 100 was charged"))]
    {
        let settler = sale::settler(Arc::new(world.store.clone()), Mode::Optimistic);
        for reply in settler.settle(vec![sale::charge(FIRST + number, ANN, CHARGED)]).await {
            sale::answer(reply).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        assert_eq!(world.audit().await, audit.map_err(str::to_owned));
    }
}
