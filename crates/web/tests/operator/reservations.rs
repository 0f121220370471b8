//! Reservations are found, told with all that happened, and released, cancelled and refunded after
//! the operator was shown what it comes to.

use crate::house::House;
use admitone_app::ports::notices::Fate;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::ReservationId;
use admitone_domain::reservation::{Reservation, ReservationState};
use admitone_domain::{Action, Key, Money, Row};
use axum::http::StatusCode;

async fn reservation(house: &House, id: ReservationId) -> Reservation {
    match house.row(Key::Reservation(id)).await {
        Row::Reservation(reservation) => reservation,
        other => panic!("{other:?}"),
    }
}

async fn balance(house: &House) -> Money {
    match house.row(Key::Wallet(house.ann)).await {
        Row::Wallet(wallet) => wallet.balance,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_reservation_is_found_by_its_number_its_buyer_its_ticket_and_its_payment() {
    let house = House::open().await;
    let id = house.buy(&[1, 2]).await;
    let payment = reservation(&house, id).await.payment.unwrap();
    let mut opal = house.staff().await;
    let list = opal.get("/operator/reservations").await;
    assert!(list.has(&format!(">{id}</a>")), "{}", list.body);
    let own = format!("/operator/reservations/{id}");
    let ticket = format!("ticket_{}_0", id.0);
    for q in [id.to_string(), id.0.to_string(), payment.to_string(), ticket] {
        let found = opal.get(&format!("/operator/reservations?q={q}")).await;
        assert_eq!(found.location, own, "{q}");
    }
    let hers = opal.get(&format!("/operator/reservations?q={}", house.ann)).await;
    assert!(hers.has("<h2>Ann</h2>") && hers.has(&format!(">{id}</a>")), "{}", hers.body);
    let nobody = opal.get("/operator/reservations?q=%3Cb%3Enobody").await;
    assert_eq!(nobody.status, StatusCode::OK);
    assert!(nobody.has("Nothing was found") && !nobody.has("<b>nobody"), "{}", nobody.body);
    let missing = opal.get("/operator/reservations/res_99").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn all_that_happened_is_told_and_who_did_it() {
    let house = House::open().await;
    let id = house.buy(&[1, 2]).await;
    let mut opal = house.staff().await;
    let path = format!("/operator/reservations/{id}");
    let before = opal.get(&path).await;
    let (held, sold) = (before.body.find("held until"), before.body.find("paid with pay_"));
    assert!(held.unwrap() < sold.unwrap(), "the oldest first: {}", before.body);
    assert!(!before.has("Opal"));

    let cancel = format!("{path}/cancel");
    let form = opal.form(&format!("{cancel}?choose=1&item=1"), &cancel).await;
    let after = opal.post_and_follow(&form).await;
    assert!(after.has("cancelled: item 2"), "{}", after.body);
    assert!(after.has("Opal &#60;the operator&#62; (op_1)"), "{}", after.body);
    assert!(after.has("money went back"), "{}", after.body);
}

#[tokio::test]
async fn a_hold_is_released_after_it_was_said_what_that_comes_to() {
    let house = House::open().await;
    let id = house.hold(&[1, 2, 3]).await;
    let mut opal = house.staff().await;
    let release = format!("/operator/reservations/{id}/release");
    let asked = opal.get(&release).await;
    assert!(asked.has("by others at once: 3"), "{}", asked.body);
    assert_eq!(reservation(&house, id).await.state(), ReservationState::Held, "only looked at");
    let done = opal.post_and_follow(&asked.form(&release)).await;
    assert!(done.has("given back before it was paid"), "{}", done.body);
    assert_eq!(reservation(&house, id).await.state(), ReservationState::Released);
    let again = opal.get(&release).await;
    assert!(again.has("nothing to do here") && again.try_form(&release).is_none());
    let late = opal.post(&asked.form(&release).with("key", "another")).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
}

#[tokio::test]
async fn cancelling_shows_the_sum_first_and_pays_it_into_the_wallet() {
    let house = House::open().await;
    let id = house.buy(&[1, 2, 11]).await;
    let had = balance(&house).await;
    let mut opal = house.staff().await;
    let cancel = format!("/operator/reservations/{id}/cancel");
    let one = opal.get(&format!("{cancel}?choose=1&item=2")).await;
    assert!(one.has("₩500 go back: to the wallet of the buyer."), "{}", one.body);
    opal.post_and_follow(&one.form(&cancel)).await;
    assert_eq!(balance(&house).await, Money(had.0 + 500));

    let refund = format!("/operator/reservations/{id}/refund");
    let rest = opal.get(&refund).await;
    assert!(rest.has("₩2,000 go back"), "{}", rest.body);
    assert!(rest.has("by others at once: 2"), "{}", rest.body);
    let form = rest.form(&refund);
    opal.post_and_follow(&form).await;
    opal.post_and_follow(&form).await;
    assert_eq!(balance(&house).await, Money(had.0 + 2_500), "once, however often it is posted");
    assert_eq!(reservation(&house, id).await.state(), ReservationState::Cancelled);
}

#[tokio::test]
async fn a_confirmation_is_sent_again_once_for_each_wish() {
    let house = House::open().await;
    let (sold, held) = (house.buy(&[1, 2]).await, house.hold(&[4]).await);
    let mut opal = house.staff().await;
    let page = format!("/operator/reservations/{sold}");
    let form = opal.form(&page, &format!("{page}/resend")).await;
    assert!(opal.post_and_follow(&form).await.has("on its way to the buyer"));
    opal.post(&form).await;
    let told = house.told.all();
    assert_eq!(told.len(), 1, "posted twice, sent once: {told:?}");
    assert_eq!((told[0].buyer, told[0].reservation), (house.ann, Some(sold)));
    let form = opal.form(&page, &format!("{page}/resend")).await;
    opal.post(&form).await;
    assert_eq!(house.told.all().len(), 2, "another wish is another notice");

    let page = format!("/operator/reservations/{held}");
    assert!(opal.get(&page).await.try_form(&format!("{page}/resend")).is_none());
    let mut forced = form;
    forced.action = format!("{page}/resend");
    assert_eq!(opal.post(&forced).await.status, StatusCode::CONFLICT, "nothing to confirm");
}

#[tokio::test]
async fn what_became_of_a_confirmation_is_said_as_it_is() {
    let house = House::open().await;
    let sold = house.buy(&[1]).await;
    let mut opal = house.staff().await;
    let page = format!("/operator/reservations/{sold}");
    let away = Trouble::new(TroubleKind::Unavailable, "send a notice", "nobody is there");
    let told = [
        (Ok(Fate::Refused(422)), "refused it with 422"),
        (Err(away), "did not take it now"),
        (Ok(Fate::Taken), "on its way to the buyer"),
    ];
    for (answer, words) in told {
        house.told.answer(answer);
        let form = opal.form(&page, &format!("{page}/resend")).await;
        let after = opal.post_and_follow(&form).await;
        assert!(after.has(words), "{words}: {}", after.body);
        assert_eq!(after.has("on its way"), words.contains("on its way"), "{}", after.body);
    }
    // And what happened says so as long as it is remembered.
    let later = opal.get(&page).await;
    for words in [
        "was not told that it is confirmed: whoever sends it refused it with 422",
        "given up, attempts 1, nobody is there",
        "is told that it is confirmed: whoever sends it has it",
    ] {
        assert!(later.has(words), "{words}: {}", later.body);
    }
    let forged = opal.get(&format!("{page}?sent=refused&answered=%3Cb%3E")).await;
    assert!(forged.has("refused it with 0") && !forged.has("<b>"), "{}", forged.body);
}

#[tokio::test]
async fn all_reservations_are_had_as_a_table_in_which_nothing_is_computed() {
    let house = House::without_a_line().await;
    let sold = house.buy(&[1, 2]).await;
    let mut eve = house.nobody();
    let form = eve.form("/sign-up", "/sign-up").await;
    let form = form.with("name", "=1+1, \"Eve\"").with("password", "a long password");
    eve.post_and_follow(&form).await;
    let form = eve.form("/shows/show_1/seats", "/shows/show_1/hold").await;
    let held = eve.post(&form.with("how", "items").with("seat", "seat_4")).await;
    let held = held.location.strip_prefix("/reservations/").unwrap().to_owned();

    let mut opal = house.staff().await;
    let table = opal.get("/operator/reservations.csv").await;
    assert_eq!(table.status, StatusCode::OK);
    let lines: Vec<&str> = table.body.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}reservation,state,made,"), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("{held},held,")), "the newest first: {}", lines[1]);
    assert!(lines[1].contains(",\"'=1+1, \"\"Eve\"\"\",1,0,0,KRW,"), "{}", lines[1]);
    assert!(lines[2].starts_with(&format!("{sold},sold,")), "{}", lines[2]);
    assert!(lines[2].contains(",Winter <Lights>,"), "{}", lines[2]);
    assert!(lines[2].contains(",Ann,0,2,2000,KRW,pay_"), "{}", lines[2]);
    assert_eq!(lines[3..], [""]);
    assert!(opal.get("/operator/reservations").await.has("href=\"/operator/reservations.csv\""));
}

#[tokio::test]
async fn a_long_table_has_every_reservation_once() {
    let house = House::open().await;
    for _ in 0..205 {
        let id = house.hold(&[1]).await;
        let release = admitone_domain::command::Release { reservation: id };
        house.submit(admitone_domain::Actor::Buyer(house.ann), Action::Release(release)).await;
    }
    let table = house.staff().await.get("/operator/reservations.csv").await;
    let mut ids: Vec<&str> =
        table.body.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids.len(), 205);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 205);
}

#[tokio::test]
async fn a_ticket_gets_another_seat_of_its_price_and_it_is_told_why() {
    let house = House::open().await;
    let id = house.buy(&[1, 2]).await;
    let taken = house.hold(&[4]).await;
    let mut opal = house.staff().await;
    let page = format!("/operator/reservations/{id}");
    let reseat = format!("{page}/reseat");
    assert!(opal.get(&page).await.has(&format!("href=\"{reseat}\"")));
    let shown = opal.get(&format!("{reseat}?item=1")).await;
    assert!(shown.has("Section A, row 1, seat 2") && shown.has("seat_3\""), "{}", shown.body);
    let offered: Vec<u64> =
        (1..=20).filter(|n| shown.has(&format!("value=\"seat_{n}\""))).collect();
    assert_eq!(offered, [3, 5, 6, 7, 8, 9, 10], "free, and of its price: {}", shown.body);
    let first = shown.body.find("value=\"seat_3\"").unwrap();
    assert!(first < shown.body.find("value=\"seat_5\"").unwrap(), "the nearest first");
    let form = shown.form(&reseat).with("seat", "seat_7").with("why", "a <broken> chair");
    let told = opal.post_and_follow(&form).await;
    assert!(told.has("Section A, row 1, seat 7"), "{}", told.body);
    let words =
        "item 2 got another seat: Section A, row 1, seat 2 before, Section A, row 1, seat 7 now";
    assert!(told.has(words), "{}", told.body);
    assert!(told.has("the reason given: a &#60;broken&#62; chair"), "{}", told.body);
    assert!(told.has("Opal &#60;the operator&#62; (op_1)"), "{}", told.body);
    let again = opal.post_and_follow(&form).await;
    assert_eq!(again.body.matches("got another seat").count(), 1, "posted twice it is done once");
    let log = opal.get("/operator/log").await;
    assert!(log.has("gave another seat"), "{}", log.body);
    for (seat, words) in [("seat_4", "Somebody was faster"), ("seat_11", "another price")] {
        let forced = opal.post(&form.clone().with("seat", seat).with("key", seat)).await;
        assert_eq!(forced.status, StatusCode::CONFLICT, "{}", forced.body);
        assert!(forced.has(words), "{seat}: {}", forced.body);
    }
    let mut ann = house.as_ann();
    let tickets = ann.get(&format!("/reservations/{id}/tickets")).await;
    assert!(tickets.has("Section A, row 1, seat 7"), "the ticket shows it: {}", tickets.body);
    assert_eq!(ann.get(&reseat).await.status, StatusCode::FORBIDDEN);
    assert_eq!(reservation(&house, taken).await.state(), ReservationState::Held);
}

#[tokio::test]
async fn an_item_that_has_no_seat_or_is_nobodys_is_given_none() {
    let house = House::open().await;
    let id = house.hold(&[1]).await;
    let mut opal = house.staff().await;
    let reseat = format!("/operator/reservations/{id}/reseat");
    let elsewhere = opal.get(&format!("{reseat}?section=B")).await;
    assert!(elsewhere.has("No free seat has the price"), "{}", elsewhere.body);
    let form = opal.form(&reseat, &reseat).await;
    let release = format!("/operator/reservations/{id}/release");
    let released = opal.form(&release, &release).await;
    opal.post_and_follow(&released).await;
    let nothing = opal.get(&reseat).await;
    assert!(nothing.has("nothing to do here") && nothing.try_form(&reseat).is_none());
    let late = opal.post(&form.with("key", "late")).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
}
