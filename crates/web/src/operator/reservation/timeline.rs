//! What happened to a reservation and its payment, who did it and why, from the events.

use super::Known;
use crate::buyer::reservation::{plan, seat_name};
use crate::frame::Frame;
use crate::oops::Oops;
use crate::operator::log::{line_words, named};
use crate::operator::reasons::told;
use crate::site::Site;
use admitone_app::notices::{self, Standing};
use admitone_app::ports::notices::Subject;
use admitone_app::ports::records::Sought;
use admitone_domain::show::SeatPlan;
use admitone_domain::{Event, Happening, Key, Moment};

/// The history is searched in parts, and so many of them at most for one page.
const PARTS_MAX: usize = 10;
/// Of each so many events at most.
const EVENTS_MAX: usize = 200;
/// So many notices at most are told of.
const NOTICES_MAX: usize = 50;
/// And so many lines of the logbook.
const LINES_MAX: usize = 50;

/// A step.
pub(super) struct Step {
    pub(super) at: Moment,
    /// What happened, in words.
    pub(super) what: String,
    /// Who did it, in words.
    pub(super) by: String,
}

/// The steps, the oldest first; and whether there may be older ones.
pub(super) async fn timeline(
    site: &Site,
    frame: &Frame,
    known: &Known,
) -> Result<(Vec<Step>, bool), Oops> {
    let (mut events, is_cut) = events(site, known).await?;
    // They came newest first; of the same moment, too.
    events.reverse();
    events.sort_by_key(|event| event.at);
    let operators = site.office.reads.operators().await?;
    let plan = plan(site, known.reservation.show).await?;
    let name_of = |by: &str| named(frame.language, by, &operators);
    // That staff acted is told beside what happened, about the same version of the same thing.
    let staff = |event: &Event| {
        let beside = events.iter().find_map(|other| match &other.what {
            Happening::Acted { by, .. }
                if (other.aggregate, other.version) == (event.aggregate, event.version) =>
            {
                Some(by.as_str())
            }
            _ => None,
        });
        beside.map(&name_of)
    };
    let steps = events.iter().filter_map(|event| {
        let what = words(frame, &plan, event)?;
        let by = staff(event).unwrap_or_else(|| doer(frame, known, event));
        Some(Step { at: event.at, what, by })
    });
    let mut steps: Vec<Step> = steps.collect();
    let notices = site.notice_book.list(Some(known.reservation.id), None, NOTICES_MAX).await?;
    steps.extend(notices.iter().map(|told| notice(frame, told)));
    let id = known.reservation.id.to_string();
    let lines = site.log.book.lines(Some(&id), None, LINES_MAX).await?;
    steps.extend(lines.iter().filter_map(|line| {
        let what = match line.why.as_str() {
            "" => frame.say(line_words(line.deed)).to_owned(),
            why => frame.say1("timeline.why", why),
        };
        let what = told(frame.language, &line.end, &what)?;
        Some(Step { at: line.at, what, by: named(frame.language, &line.by, &operators) })
    }));
    // What happened, and behind it what the buyer was told of it.
    steps.sort_by_key(|step| step.at);
    Ok((steps, is_cut))
}

/// What became of a notice to the buyer, and when that was.
fn notice(frame: &Frame, told: &notices::Told) -> Step {
    let subject = frame.say(match told.what {
        Subject::Confirmed => "told.confirmed",
        Subject::Expired => "told.expired",
        Subject::Refunded => "told.refunded",
        Subject::Reseated => "told.reseated",
    });
    let what = match &told.standing {
        Standing::Taken => frame.say1("told.taken", subject),
        Standing::Refused { status } => frame.say2("told.refused", subject, status),
        Standing::Trying { why } => frame.say3("told.trying", subject, told.attempts, why),
        Standing::GivenUp { why } => frame.say3("told.given_up", subject, told.attempts, why),
    };
    Step { at: told.tried_at, what, by: frame.say("timeline.the_house").to_owned() }
}

/// The events of a reservation and its payment; back to the hold, unless that is too far.
async fn events(site: &Site, known: &Known) -> Result<(Vec<Event>, bool), Oops> {
    let payment = known.reservation.payment.map(Key::Payment);
    let keys: Vec<Key> =
        [Some(Key::Reservation(known.reservation.id)), payment].into_iter().flatten().collect();
    let (mut events, mut before) = (Vec::new(), None);
    for _ in 0..PARTS_MAX {
        let part = site.records.search(Sought::About(&keys), before, EVENTS_MAX).await?;
        events.extend(part.found.into_iter().map(|(_, event)| event));
        let has_begun = events.iter().any(|event| matches!(event.what, Happening::Held { .. }));
        if has_begun || part.next.is_none() {
            return Ok((events, false));
        }
        before = part.next;
    }
    Ok((events, true))
}

/// What happened, in words; none for what is told of somebody else, or told beside it.
fn words(frame: &Frame, plan: &SeatPlan, event: &Event) -> Option<String> {
    let until = |until: &Moment| frame.date(until, "UTC");
    Some(match &event.what {
        Happening::Held { until: end, .. } => frame.say1("timeline.held", until(end)),
        Happening::Extended { until: end } => frame.say1("timeline.extended", until(end)),
        Happening::Released => frame.say("timeline.released").to_owned(),
        Happening::Expired => frame.say("timeline.expired").to_owned(),
        Happening::Sold { payment } => frame.say1("timeline.sold", payment),
        Happening::Cancelled { items } => {
            let items: Vec<String> = items.iter().map(|item| (item + 1).to_string()).collect();
            frame.say1("timeline.cancelled", items.join(", "))
        }
        Happening::Refunded { .. } => frame.say("timeline.refunded").to_owned(),
        Happening::PaymentRequested { payment } => frame.say1("timeline.requested", payment),
        Happening::PaymentUnknown => frame.say("timeline.unknown").to_owned(),
        Happening::PaymentDeclined { payment } => frame.say1("timeline.declined", payment),
        Happening::RefundOwed { .. } => frame.say("timeline.owed").to_owned(),
        Happening::Admitted { item } => frame.say1("timeline.admitted", item + 1),
        Happening::Reseated { item, from, to } => {
            let name = |seat| seat_name(frame, plan, seat);
            frame.say3("timeline.reseated", item + 1, name(*from), name(*to))
        }
        Happening::Changed { .. } => frame.say("timeline.changed").to_owned(),
        Happening::Acted { .. }
        | Happening::Moved { .. }
        | Happening::PassEnded(_)
        | Happening::PassExtended { .. } => return None,
    })
}

/// Who does that where no operator did.
fn doer(frame: &Frame, known: &Known, event: &Event) -> String {
    match &event.what {
        Happening::Expired => frame.say("timeline.the_house").to_owned(),
        Happening::PaymentUnknown
        | Happening::PaymentDeclined { .. }
        | Happening::RefundOwed { .. } => frame.say("timeline.the_gateway").to_owned(),
        _ => known.buyer.name.clone().unwrap_or_else(|| known.buyer.id.to_string()),
    }
}
