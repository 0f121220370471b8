//! The best seats together, when everybody wants them: nothing is given twice, and whoever was
//! too slow chooses again, three times at most.

use crate::steps::{SHOW, answer, hold, sale, settler, store};
use admitone_app::board::Boards;
use admitone_app::box_office::{BestAvailable, BoxOffice, Request};
use admitone_app::delivery::{Channel, ChannelLimits};
use admitone_app::ids::Ids;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::settle::Settler;
use admitone_app::{Trouble, clock::HandClock};
use admitone_domain::command::Choice;
use admitone_domain::id::{BuyerId, SeatId};
use admitone_domain::pass::Admission;
use admitone_domain::reservation::Ware;
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Fingerprint, Moment, Outcome, Refusal,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_util::task::TaskTracker;

fn office(store: &MemoryStore, boards: Arc<Boards>, delivery: Arc<dyn Delivery>) -> BoxOffice {
    BoxOffice {
        delivery,
        reads: Arc::new(store.clone()),
        boards,
        ids: Arc::new(Ids::new(Arc::new(store.clone()))),
        clock: Arc::new(HandClock::at(Moment(1_000))),
    }
}

async fn best(office: &BoxOffice, buyer: u64, count: u32) -> Answer {
    // The name is a hash: its high half spreads the choices.
    let high = u128::from(buyer.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64;
    let request = Request {
        id: CommandId(high | u128::from(buyer)),
        fingerprint: Fingerprint(buyer),
        actor: Actor::Buyer(BuyerId(u128::from(buyer))),
        admission: Admission::None,
        deadline: None,
        waits: true,
    };
    let wish = BestAvailable { show: SHOW, count, wheelchairs: 0, section: None };
    answer(office.hold_best(&request, &wish).await.unwrap())
}

fn seats(answer: &Answer) -> Vec<SeatId> {
    let Ok(Outcome::Reserved(reservation)) = answer else { return Vec::new() };
    let seat = |ware| match ware {
        Ware::Seat(id) => id,
        Ware::Ticket(_) => panic!("nobody asked for tickets"),
    };
    reservation.items.iter().map(|item| seat(item.what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_buyers_of_the_best_seats_never_get_one_twice_and_all_are_sold() {
    let (store, _) = store();
    sale(&store, 60, 0).await;
    let boards = Arc::new(Boards::new(Arc::new(store.clone()), 1));
    let tasks = TaskTracker::new();
    let settler = Arc::new(settler(store.clone(), vec![boards.clone()]));
    let channel = Arc::new(Channel::start(settler, ChannelLimits::default(), &tasks));
    let office = office(&store, boards, channel);
    let mut given = BTreeSet::new();
    let mut refused = 0;
    for round in 0..20_u64 {
        let buyers: Vec<_> = (1..=50)
            .map(|n| {
                let office = office.clone();
                tasks.spawn(async move { best(&office, round * 50 + n, 2).await })
            })
            .collect();
        for buyer in buyers {
            let answer = buyer.await.unwrap();
            let seats = seats(&answer);
            if seats.is_empty() {
                assert_eq!(answer, Err(Refusal::GroupsTaken));
                refused += 1;
                continue;
            }
            assert_eq!((seats.len(), seats[1].0), (2, seats[0].0 + 1), "together");
            assert!(seats.iter().all(|seat| given.insert(*seat)), "{seats:?} was given twice");
        }
    }
    assert_eq!(given.len(), 60, "30 pairs, and not one seat more");
    assert_eq!(refused, 20 * 50 - 30);
}

/// A delivery before which somebody faster takes all the seats that were chosen, so many times.
struct Faster {
    settler: Settler,
    times: u32,
    tried: AtomicU32,
}

#[async_trait]
impl Delivery for Faster {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let tried = self.tried.fetch_add(1, Ordering::SeqCst);
        if let Action::Hold(hold_best) = &command.action
            && let Choice::FirstFree(groups) = &hold_best.choice
            && tried < self.times
        {
            for seat in groups.iter().flatten() {
                let number = 500_000 + seat.0;
                assert!(self.settler.settle(vec![hold(number, &[seat.0], 0)]).await[0].is_ok());
            }
        }
        self.settler.settle(vec![command]).await.remove(0)
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// What a buyer gets who is beaten so many times, and how often was tried.
async fn beaten(times: u32) -> (Answer, u32) {
    let (store, _) = store();
    sale(&store, 40, 0).await;
    let boards = Arc::new(Boards::new(Arc::new(store.clone()), 1));
    let settler = settler(store.clone(), vec![boards.clone()]);
    let faster = Arc::new(Faster { settler, times, tried: AtomicU32::new(0) });
    let answer = best(&office(&store, boards, faster.clone()), 7, 2).await;
    (answer, faster.tried.load(Ordering::SeqCst))
}

#[tokio::test]
async fn whoever_is_beaten_chooses_again_among_what_is_left() {
    for times in 0..=2 {
        let (answer, tried) = beaten(times).await;
        assert_eq!((seats(&answer).len(), tried), (2, times + 1), "{answer:?}");
    }
}

#[tokio::test]
async fn after_three_choices_the_buyer_is_told() {
    assert_eq!(beaten(3).await, (Err(Refusal::GroupsTaken), 3));
}
