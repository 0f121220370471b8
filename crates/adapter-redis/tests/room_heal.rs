//! A server that loses its memory under a room whose places are written down beside it: nobody
//! loses the place, with whatever token, or with none.

use crate::line::{House, ask, fill, is_inside, line, patient, poll};
use crate::talk::Talk;
use admitone_adapter_redis::room::SCRIPT;
use admitone_adapter_redis::{RedisRoom, RoomOptions};
use admitone_app::waiting_room::{
    Batch, Control, End, EndReason, Generation, Gone, Noted, Place, PlaceBook, Touch,
};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories::{join, touch, user};
use std::time::Duration;

/// As a token in UUID form: it does not say whose it is.
fn nameless(place: u64) -> Batch {
    let touch = Touch { place: Place(place), user: None, generation: Generation(0) };
    Batch { touches: vec![touch], ..Batch::default() }
}

fn end(n: u64) -> Batch {
    let end = End { user: user(n), place: None, reason: EndReason::Paid };
    Batch { ends: vec![end], ..Batch::default() }
}

async fn place_of(room: &mut RedisRoom, n: u64) -> u64 {
    ask(room, &join(n)).await.outcome.joined[0].unwrap().position.place.0
}

#[tokio::test]
async fn whoever_comes_back_without_a_token_or_with_a_nameless_one_has_the_same_place() {
    let Some(server) = Server::start() else { return };
    let house = House::with_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    ask(&mut room, &end(1)).await;
    house.flush().await;
    assert_eq!(poll(&house, &mut room, 5..=12, 20).await, Vec::<u64>::new(), "three are inside");
    for n in [7, 9, 12] {
        assert_eq!(place_of(&mut room, n).await, n, "who joins again");
        let told = ask(&mut room, &nameless(n)).await;
        assert!(told.outcome.touched[0].is_ok(), "who has a token that does not name him");
    }
    for n in 2..=4 {
        assert!(is_inside(&mut room, n).await, "{n}");
    }
    // Who had ended has: his old token leads nowhere, and he stands at the end.
    let told = ask(&mut room, &touch(1, Place(1))).await;
    assert_eq!(told.outcome.touched[0], Err(Gone::Ended));
    assert!(place_of(&mut room, 1).await > 12);
}

/// Without the book the same people lose their places: the harm.
#[tokio::test]
async fn without_a_book_they_stand_at_the_end() {
    let Some(server) = Server::start() else { return };
    let house = House::without_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    ask(&mut room, &end(1)).await;
    house.flush().await;
    assert!(place_of(&mut room, 7).await > 12, "who joins again has lost it");
    let told = ask(&mut room, &nameless(9)).await;
    assert_eq!(told.outcome.touched[0], Err(Gone::Ended), "and so has a nameless token");
    let told = ask(&mut room, &touch(1, Place(1))).await;
    assert!(told.outcome.touched[0].is_ok(), "and who had ended has a second turn");
}

#[tokio::test]
async fn the_line_goes_on_though_nobody_is_left_who_saw_it() {
    let Some(server) = Server::start() else { return };
    let mut house = House::with_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    ask(&mut room, &end(2)).await;
    drop(room);
    house.server.kill();
    house.server.restart();
    let (mut one, mut two) = (house.instance(3).await, house.instance(3).await);
    for n in [1, 3, 4, 8, 12] {
        assert_eq!(place_of(&mut one, n).await, n);
        assert!(ask(&mut two, &nameless(n)).await.outcome.touched[0].is_ok());
    }
    assert!(place_of(&mut two, 2).await > 12, "he had ended");
    // Everybody who has a place asks; the first of them get in, and no more than three.
    let mut called = Vec::new();
    for _ in 0..60 {
        house.clock.step_ms(500);
        let mut batch = Batch::default();
        for n in (1..=12).filter(|n| *n != 2) {
            batch.touches.extend(touch(n, Place(n)).touches);
        }
        let told = ask(&mut one, &batch).await;
        assert!(told.gauges.active_called + told.gauges.active_claimed <= 3);
        called.extend(told.outcome.admitted_now.iter().map(|admission| admission.place.0));
    }
    assert_eq!(called, [1, 3, 4], "in the order of the line");
}

#[tokio::test]
async fn a_reset_that_came_before_the_loss_stays() {
    let Some(server) = Server::start() else { return };
    let house = House::with_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    ask(&mut room, &Batch { controls: vec![Control::Reset], ..Batch::default() }).await;
    assert_eq!(place_of(&mut room, 5).await, 1, "the first of the new life");
    house.flush().await;
    drop(room);
    let mut later = house.instance(3).await;
    assert_eq!(place_of(&mut later, 5).await, 1);
    let told = ask(&mut later, &join(7)).await;
    assert_eq!(told.outcome.snapshot.epoch, 2);
    assert!(
        told.outcome.joined[0].unwrap().position.place.0 > 1,
        "places of the old life are void"
    );
}

#[tokio::test]
async fn an_operators_settings_outlive_the_server() {
    let Some(server) = Server::start() else { return };
    let house = House::with_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    let wider = Control::Change(Box::new(line(5)));
    ask(&mut room, &Batch { controls: vec![wider], ..Batch::default() }).await;
    house.flush().await;
    assert_eq!(ask(&mut room, &Batch::default()).await.settings.active_max, Some(5));
}

/// A server that does what it is asked, and of which nobody hears while it has the key `deaf`.
fn deaf(script: &str) -> String {
    let told = "return exchange(now) end";
    let untold = "local said = exchange(now) \
                  if call('EXISTS', 'deaf') == 1 then return redis.error_reply('ERR deaf') end \
                  return said end";
    assert!(script.contains(told));
    script.replace(told, untold)
}

async fn end_unheard(house: &House, room: &mut RedisRoom, n: u64) {
    house.server.command(&["SET", "deaf", "1"]).await;
    assert!(room.exchange_once(&end(n)).await.is_err());
    house.server.command(&["DEL", "deaf"]).await;
}

async fn is_over(room: &mut RedisRoom, n: u64) -> bool {
    ask(room, &touch(n, Place(n))).await.outcome.touched[0] == Err(Gone::Ended)
}

#[tokio::test]
async fn an_end_of_which_nobody_heard_is_told_again_before_the_server_forgets_it() {
    let not_again = SCRIPT.replace("  tell_all_again(instance, turn)\n", "");
    for (script, is_told_again) in [(SCRIPT, true), (&not_again, false)] {
        let Some(server) = Server::start() else { return };
        let house = House::with_book(server);
        let options = || RoomOptions { script: Some(deaf(script)), ..house.options() };
        let instance = || house.instance_at(patient(&house.server.address()), options(), 3);
        let (mut one, mut two) = (instance().await, instance().await);
        fill(&mut one).await;
        // Both wait: of them no instance knows anything but what it is told.
        end_unheard(&house, &mut one, 7).await;
        ask(&mut one, &Batch::default()).await;
        end_unheard(&house, &mut two, 9).await;
        drop(two);
        // One that is silent for so long is gone, and another is told in its stead.
        for _ in 0..12 {
            house.clock.step_ms(500);
            ask(&mut one, &Batch::default()).await;
        }
        house.flush().await;
        for n in [7, 9] {
            assert_eq!(is_over(&mut one, n).await, is_told_again, "{n}");
        }
        assert!(!is_over(&mut one, 8).await, "who did not end has his place");
    }
}

#[tokio::test]
async fn who_was_inside_and_ended_is_out_though_the_server_forgot_it_before_anybody_heard() {
    let Some(server) = Server::start() else { return };
    let house = House::with_book(server);
    let options = RoomOptions { script: Some(deaf(SCRIPT)), ..house.options() };
    let mut room = house.instance_at(patient(&house.server.address()), options, 3).await;
    fill(&mut room).await;
    end_unheard(&house, &mut room, 2).await;
    house.flush().await;
    assert!(is_over(&mut room, 2).await);
    assert!(is_inside(&mut room, 1).await && is_inside(&mut room, 3).await);
}

/// So many that putting them back takes a while.
const MANY: u64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_while_it_puts_places_back_is_relieved() {
    let Some(server) = Server::start() else { return };
    let house = House::with_book(server);
    let mut book = PlaceBook::new(house.book.clone().unwrap(), 1);
    let given = (1..=MANY).map(|n| (Place(n), user(n), Generation(0))).collect();
    book.note(Noted { epoch: 1, given, ended: Vec::new() }).await;
    let mut two = {
        let dying = async {
            house.instance(3).await;
            panic!("it was not killed in time");
        };
        let killed = async {
            while !house.server.is_at("restoring").await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = dying => {}
            () = killed => {}
        }
        assert!(house.server.is_at("restoring").await, "in the middle of it");
        // Nobody hears of it for five seconds.
        house.clock.step_ms(5_001);
        house.instance(3).await
    };
    assert!(!house.server.is_at("restoring").await);
    for n in [1, 2, MANY / 2, MANY - 1, MANY] {
        assert_eq!(place_of(&mut two, n).await, n);
    }
    assert!(place_of(&mut two, MANY + 1).await > MANY);
}
