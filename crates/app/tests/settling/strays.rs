//! What came by a lane that is not its own any more: its show stands behind a waiting room since.

use admitone_app::TroubleKind;
use admitone_app::clock::HandClock;
use admitone_app::lane::{Lane, lane_of};
use admitone_app::lock::{CameBy, LaneLock};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode};
use admitone_app::settle::Settler;
use admitone_conformance::sale::{self, NOW, SHOW, charge, hold, operate, programme};
use admitone_domain::command::Operate;
use admitone_domain::command::operate::{SaveRoom, SaveShow};
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::show::Show;
use admitone_domain::{Key, Rows};
use std::sync::Arc;

const ANN: BuyerId = BuyerId(1);
/// So many that a show and its room are in different ones.
const COUNT: u16 = 64;

/// The lane of a hold of the sale, as its show stands.
async fn lane(store: &MemoryStore) -> Lane {
    let wish = hold(11, ANN, SHOW, &[1], 0);
    let mut rows = Rows::default();
    assert_eq!(lane_of(&wish, &rows, COUNT), Err(Key::Show(SHOW)), "it must be read first");
    let found = store.rows(&[Key::Show(SHOW)]).await.unwrap().remove(0);
    rows.insert(Key::Show(SHOW), found);
    lane_of(&wish, &rows, COUNT).unwrap()
}

#[tokio::test]
async fn what_waited_for_a_show_that_moved_belongs_behind_its_room() {
    let store = MemoryStore::new(Arc::new(HandClock::at(NOW)));
    let usual = sale::settler(Arc::new(store.clone()), Mode::Plain);
    let settle = async |commands| {
        for reply in usual.settle(commands).await {
            sale::answer(reply).unwrap();
        }
    };
    settle(programme(3, 2).collect()).await;
    let before = lane(&store).await;
    let room =
        SaveRoom { id: RoomId(1), name: "Door".into(), settings: "{}".into(), expected: None };
    let show = Show { room: Some(RoomId(1)), ..sale::show(SHOW) };
    let moved = Operate::SaveShow(SaveShow { show, expected: None });
    settle(vec![operate(2_000, Operate::SaveRoom(room)), operate(2_001, moved)]).await;
    let since = lane(&store).await;
    assert_ne!(before, since);

    let came_by = Some(CameBy { lanes: [before, wallet_lane()].into(), count: COUNT });
    let lock = Arc::new(LaneLock { lock: Arc::new(NoLock), fences: Fences::default(), came_by });
    let worker = Settler { lock, ..usual.clone() };
    let batch = vec![hold(11, ANN, SHOW, &[1], 0), charge(12, ANN, 5)];
    let replies = worker.settle(batch.clone()).await;
    assert_eq!(replies[0].as_ref().unwrap_err().kind, TroubleKind::Astray(since));
    assert!(sale::answer(replies[1].clone()).is_ok(), "what is beside it is settled");
    assert_eq!(store.answer(batch[0].id).await, Ok(None), "nothing of it is written");
    // Looked at once, it is decided by whoever has the lane that it had.
    assert!(usual.settle(batch).await[0].is_ok());
}

#[tokio::test]
async fn what_comes_late_is_refused_in_whichever_lane_it_is() {
    let store = MemoryStore::new(Arc::new(HandClock::at(NOW)));
    let came_by = Some(CameBy { lanes: [].into(), count: COUNT });
    let lock = Arc::new(LaneLock { lock: Arc::new(NoLock), fences: Fences::default(), came_by });
    let worker = Settler { lock, ..sale::settler(Arc::new(store.clone()), Mode::Plain) };
    let mut late = charge(12, ANN, 5);
    assert!(worker.settle(vec![late.clone()]).await[0].is_err(), "it is astray");
    late.deadline = Some(admitone_domain::Moment(NOW.0 - 1));
    let refused = sale::answer(worker.settle(vec![late]).await.swap_remove(0));
    assert_eq!(refused, Err(admitone_domain::Refusal::DeadlinePassed));
}

fn wallet_lane() -> Lane {
    lane_of(&charge(12, ANN, 5), &Rows::default(), COUNT).unwrap()
}
