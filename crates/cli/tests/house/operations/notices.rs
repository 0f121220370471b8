//! Notices to buyers: told of what was bought, listed with what became of each, sent again.

use super::tour::{Tour, Who};
use crate::buyer::text;
use crate::endpoint::until;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/operator/notices";

pub(super) fn list_and_send_again(tour: &mut Tour<'_>) {
    let (staff, ann) = (tour.operator(), tour.buyer_inside());
    let wish = json!({ "show": "show_1", "seats": ["seat_9"] });
    let held = tour.done(&ann, "POST /api/v1/reservations", &wish);
    let reservation = text(&held, "id");
    let notify = format!("POST /api/v1/operator/reservations/{reservation}/actions/notify");
    tour.refused(&staff, &notify, "", (409, "INVALID_STATE"));
    let nothing = "POST /api/v1/operator/reservations/res_999999/actions/notify";
    tour.refused(&staff, nothing, "", (404, "NOT_FOUND"));
    tour.done(&ann, "POST /api/v1/payments", &json!({ "reservation": reservation }));

    let of_hers = format!("{ALL}?reservation={reservation}");
    let told = until("she is told", || {
        let told = tour.read(&staff, &of_hers)["data"][0].clone();
        (told["state"] == "taken").then_some(told)
    });
    assert_eq!((&told["what"], &told["reservation"]), (&json!("confirmed"), &json!(reservation)));
    assert_eq!((&told["attempts"], &told["status"]), (&json!(1), &Value::Null));

    let again = tour.done(&staff, &notify, &Value::Null);
    assert_eq!(again["state"], "taken");
    assert_ne!(again["id"], told["id"], "it is another notice");
    once_under_a_key(tour, &staff, &notify);
    let page = tour.read(&staff, &format!("{of_hers}&limit=2"));
    assert_eq!(page["has_more"], true);
    let rest = format!("{of_hers}&after={}", text(&page, "next_cursor"));
    assert_eq!(tour.read(&staff, &rest)["data"], json!([told]), "the oldest");
    tour.refused(&staff, &format!("GET {ALL}?after=x"), "", (400, "INVALID_REQUEST"));
    tour.refused(&staff, &format!("GET {ALL}?after=1.%00"), "", (400, "INVALID_REQUEST"));
    tour.refused(&staff, &format!("GET {ALL}?limit=0"), "", (400, "INVALID_REQUEST"));
    tour.refused(&staff, &format!("GET {ALL}?reservation=x"), "", (400, "INVALID_REQUEST"));
    tour.refused(&ann, &format!("GET {ALL}"), "", (403, "FORBIDDEN"));
    tour.refused(&ann, &notify, "", (403, "FORBIDDEN"));
}

fn once_under_a_key(tour: &mut Tour<'_>, staff: &Who, notify: &str) {
    let mut once = || {
        let mut headers = staff.headers();
        headers.push(("idempotency-key", "again"));
        let answer = tour.house.connect().send(notify, &headers, "");
        tour.note(notify, answer.status);
        answer
    };
    let first = once();
    assert_eq!(first.json()["state"], "taken", "{}", first.body);
    let second = once();
    assert_eq!(second.json(), first.json(), "it is not sent again");
    assert!(second.has_header("idempotent-replayed: true"), "{}", second.head);
}
