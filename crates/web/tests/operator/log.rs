//! The log: who of the staff did what, newest first.

use crate::house::House;

#[tokio::test]
async fn what_operators_and_the_house_did_is_there_and_what_buyers_did_is_not() {
    let house = House::open().await;
    let id = house.buy(&[1]).await;
    let mut opal = house.staff().await;
    let pause = opal.form("/operator", "/operator/rooms/room_1/pause").await;
    opal.post_and_follow(&pause).await;
    let cancel = format!("/operator/reservations/{id}/cancel");
    let form = opal.form(&cancel, &cancel).await;
    opal.post_and_follow(&form).await;

    let log = opal.get("/operator/log").await;
    let at = |text: &str| log.body.find(text).unwrap_or_else(|| panic!("{text}: {}", log.body));
    let by = "<td>Opal &#60;the operator&#62; (op_1)</td>";
    let cancelled = at(&format!(
        "{by}<td>cancelled</td><td>reservation <a href=\"/operator/reservations/{id}\">"
    ));
    let paused = at(&format!("{by}<td>changed</td><td>waiting room <a href=\"/operator#room_1\">"));
    let imported =
        at("<td>the house</td><td>changed</td><td>show <a href=\"/operator/shows/show_1\">");
    assert!(cancelled < paused && paused < imported, "newest first");
    assert!(!log.has("<the operator>") && !log.has("buyer_"), "{}", log.body);
}

#[tokio::test]
async fn a_long_log_goes_on_where_it_stopped() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    for at in 0..110 {
        let action = if at % 2 == 0 { "pause" } else { "resume" };
        let path = format!("/operator/rooms/room_1/{action}");
        let form = opal.form("/operator", &path).await;
        opal.post_and_follow(&form).await;
    }
    let first = opal.get("/operator/log").await;
    assert_eq!(first.body.matches("<tr><td>").count(), 100);
    let next = first.body.split_once("/operator/log?before=").unwrap().1;
    let next = format!("/operator/log?before={}", next.split('"').next().unwrap());
    let second = opal.get(&next).await;
    assert!(second.has("<td>the house</td>") && !second.has("?before="), "{}", second.body);
}
