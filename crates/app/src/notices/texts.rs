//! The texts of notices, in English and in Korean.

use super::Story;
use crate::ports::notices::{Subject, Text};
use admitone_domain::Currency;
use admitone_domain::show::Show;

/// What a notice says, in both languages.
pub(super) fn write(what: Subject, story: &Story) -> (Text, Text) {
    let title = story.concert.as_ref().map_or("", |concert| concert.title.as_str());
    let when = story.show.as_ref().map(when).unwrap_or_default();
    let reservation = story.reservation.as_ref();
    let id = reservation.map(|one| one.id.to_string()).unwrap_or_default();
    let items = reservation.map_or(0, |one| one.items.len());
    let money = |amount: i64, currency: Currency| format!("{amount} {currency}");
    match what {
        Subject::Confirmed => {
            let paid = story.payment.as_ref();
            let paid = paid.map(|paid| money(paid.amount.0, paid.currency)).unwrap_or_default();
            (
                text(
                    format!("Your tickets for {title}"),
                    &[
                        format!("{items} tickets for {title}, {when}, are yours."),
                        format!("Paid: {paid}. Reservation: {id}."),
                    ],
                ),
                text(
                    format!("{title} 예매가 완료되었습니다"),
                    &[
                        format!("{title} ({when}) 티켓 {items}장의 예매가 확정되었습니다."),
                        format!("결제 금액: {paid}. 예매 번호: {id}."),
                    ],
                ),
            )
        }
        Subject::Expired => (
            text(
                format!("Your hold for {title} has ended"),
                &[
                    format!("{items} places for {title}, {when}, were held for you and not paid."),
                    format!("Others can take them now. Reservation: {id}."),
                ],
            ),
            text(
                format!("{title} 임시 예약이 만료되었습니다"),
                &[
                    format!("{title} ({when}) {items}석이 결제되지 않아 예약이 해제되었습니다."),
                    format!("이제 다른 분이 예매할 수 있습니다. 예매 번호: {id}."),
                ],
            ),
        ),
        Subject::Reseated => reseated(story, (title, &when, &id)),
        Subject::Refunded => {
            let payment = story.payment.as_ref();
            let sum = payment.map(|one| money(one.refunded.0, one.currency)).unwrap_or_default();
            let of = payment.map(|one| one.id.to_string()).unwrap_or_default();
            (
                text(
                    "Your refund".to_owned(),
                    &[format!("{sum} of payment {of} have gone back to you so far.")],
                ),
                text(
                    "환불이 처리되었습니다".to_owned(),
                    &[format!("결제 {of}에서 지금까지 {sum}이(가) 환불되었습니다.")],
                ),
            )
        }
    }
}

fn reseated(story: &Story, (title, when, id): (&str, &str, &str)) -> (Text, Text) {
    let seat = |said: fn(&(String, String, u32)) -> String| {
        story.seat.as_ref().map(said).into_iter().collect::<String>()
    };
    let english = seat(|(section, row, number)| {
        format!(" You sit in section {section}, row {row}, seat {number} now.")
    });
    let korean =
        seat(|(section, row, number)| format!(" 새 좌석: {section}구역 {row}열 {number}번."));
    (
        text(
            format!("Your seat for {title} has changed"),
            &[
                format!("You have another seat for {title}, {when}.{english}"),
                format!("The price stays, and a ticket keeps its code. Reservation: {id}."),
            ],
        ),
        text(
            format!("{title} 좌석이 변경되었습니다"),
            &[
                format!("{title} ({when}) 좌석이 변경되었습니다.{korean}"),
                format!("가격과 티켓 코드는 그대로입니다. 예매 번호: {id}."),
            ],
        ),
    )
}

fn text(title: String, lines: &[String]) -> Text {
    Text { title, body: lines.join("\n") }
}

/// When a show begins, where it is.
fn when(show: &Show) -> String {
    let zoned = show.opens_at.timestamp().in_tz(&show.time_zone);
    zoned.map_or_else(
        |_| show.opens_at.to_string(),
        |zoned| zoned.strftime("%Y-%m-%d %H:%M %Z").to_string(),
    )
}
