//! The sale as it goes: rooms, stock, holds and payments, with lamps for what must never be; and the
//! dial of each room.
//!
//! The figures are a part of the page, rendered once for everybody and sent to the script as it
//! stands. The script draws what it saw of them; without it they are numbers.

mod dial;
mod figures;

pub(crate) use dial::{act, create, turn};
pub(crate) use figures::{Figures, Live};

use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::pulse::Beat;
use admitone_app::waiting_room::Mode;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use figures::{RoomFigures, SectionFigures};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "operator/live.html")]
struct Page {
    frame: Frame,
    figures: Arc<Figures>,
    now: Now,
    stock: Stock,
}

/// What changes on the page, sent alone to its script.
#[derive(Template)]
#[template(path = "operator/live_part.html")]
struct Part {
    now: Now,
    stock: Stock,
}

/// How it goes: lamps, figures, times, rooms.
#[derive(Template)]
#[template(path = "operator/live_now.html")]
struct Now {
    frame: Frame,
    figures: Arc<Figures>,
}

/// What is left of every show, by section.
#[derive(Template)]
#[template(path = "operator/live_stock.html")]
struct Stock {
    frame: Frame,
    figures: Arc<Figures>,
}

/// `GET /operator`.
pub(crate) async fn live(State(site): State<Site>, staff: Staff) -> Result<Response<Body>, Oops> {
    let figures = site.live().figures(&site).await?;
    let frame = Frame::new(&site, &staff.visitor);
    let Part { now, stock } = Part::of(&site, &staff, &figures);
    page(&Page { frame, figures, now, stock })
}

/// `GET /operator/live/part`: what changes on the page, for its script.
pub(crate) async fn live_part(
    State(site): State<Site>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let figures = site.live().figures(&site).await?;
    page(&Part::of(&site, &staff, &figures))
}

impl Page {
    /// The actions that a room's state leaves, with the keys of their words.
    fn actions(&self, room: &RoomFigures) -> Vec<(&'static str, &'static str)> {
        let all = [
            ("resume", "live.resume"),
            ("pause", "live.pause"),
            ("drain", "live.drain"),
            ("close", "live.close"),
        ];
        let now = match room.mode {
            Mode::Open => "resume",
            Mode::Paused => "pause",
            Mode::Draining => "drain",
            Mode::Closed => "close",
            Mode::Bypass { .. } => "",
        };
        all.into_iter().filter(|(action, _)| *action != now).collect()
    }

    fn users(&self, room: &RoomFigures) -> String {
        room.settings.rate.map_or_else(String::new, |rate| rate.users.to_string())
    }

    fn interval_ms(&self, room: &RoomFigures) -> u64 {
        room.settings.rate.map_or(1_000, |rate| rate.interval_ms)
    }

    fn active_max(&self, room: &RoomFigures) -> String {
        room.settings.active_max.map_or_else(String::new, |max| max.to_string())
    }
}

impl Part {
    fn of(site: &Site, staff: &Staff, figures: &Arc<Figures>) -> Self {
        let frame = || Frame::new(site, &staff.visitor);
        let now = Now { frame: frame(), figures: Arc::clone(figures) };
        Self { now, stock: Stock { frame: frame(), figures: Arc::clone(figures) } }
    }
}

impl Stock {
    /// How full a section is, from 0 for nothing to 10 for sold out: its colour.
    fn heat(&self, section: &SectionFigures) -> u32 {
        let taken = section.held + section.sold;
        (taken * 10).checked_div(section.for_sale()).unwrap_or(10).min(10)
    }
}

impl Now {
    fn mode(&self, mode: &Mode) -> &str {
        self.frame.language.say(match mode {
            Mode::Open => "live.is_open",
            Mode::Paused => "live.is_paused",
            Mode::Draining => "live.is_draining",
            Mode::Closed => "live.is_closed",
            Mode::Bypass { .. } => "live.is_bypassed",
        })
    }

    /// At most so many, in words where there is no limit.
    fn limit(&self, room: &RoomFigures) -> String {
        let max = room.settings.active_max;
        max.map_or_else(|| self.frame.say("live.no_limit").to_owned(), |max| max.to_string())
    }

    fn rate(&self, room: &RoomFigures) -> String {
        match room.settings.rate {
            None => self.frame.say("live.no_limit").to_owned(),
            Some(rate) => self.frame.say2("live.rate_of", rate.users, rate.interval_ms),
        }
    }

    /// A time in milliseconds, of something that happened at all.
    fn ms(&self, beat: &Beat, took_us: &u64) -> String {
        if beat.done + beat.refused + beat.failed == 0 {
            return "–".to_owned();
        }
        format!("{}.{:02}", took_us / 1_000, took_us % 1_000 / 10)
    }

    /// How many of a hundred met trouble.
    fn failed_percent(&self, beat: &Beat) -> u64 {
        (beat.failed * 100).div_ceil((beat.done + beat.refused + beat.failed).max(1))
    }

    /// What somebody who hears the page is told when it changes.
    fn said(&self) -> String {
        let lamps = [
            (self.figures.oversold() > 0).then(|| self.frame.say("live.oversold")),
            (self.figures.overtakes() > 0).then(|| self.frame.say("live.out_of_order")),
        ];
        lamps.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use admitone_app::waiting_room::Gauges;
    use admitone_app::waiting_room::settings::RoomSettings;
    use admitone_domain::id::{ConcertId, RoomId, ShowId};
    use admitone_domain::show::{Limits, Show};
    use admitone_domain::{Currency, Moment};
    use figures::ShowFigures;

    /// A show of which so many are sold of ten.
    fn show(sold: u32) -> ShowFigures {
        let show = Show {
            id: ShowId(1),
            concert: ConcertId(1),
            room: None,
            opens_at: Moment(1),
            closes_at: Moment(2),
            booking_opens_at: Moment(0),
            booking_closes_at: Moment(1),
            time_zone: "UTC".into(),
            currency: Currency::KRW,
            limits: Limits::default(),
        };
        let section = SectionFigures { sold, all: 10, ..SectionFigures::default() };
        ShowFigures { show, title: String::new(), sections: vec![section] }
    }

    /// A room that let in so many past the limit, and so many past somebody before them.
    fn room(overshoot_total: u64, order_violation_total: u64) -> RoomFigures {
        let totals = admitone_app::waiting_room::Totals {
            overshoot_total,
            order_violation_total,
            ..Default::default()
        };
        let gauges = Gauges {
            issued: 0,
            waiting: 0,
            waiting_present_estimate: 0,
            deck: 0,
            active_called: 0,
            active_claimed: 0,
            active_limit: None,
            show_rate_permille: None,
            eta_coverage_permille: None,
            totals,
        };
        RoomFigures {
            id: RoomId(1),
            name: String::new(),
            version: 1,
            mode: Mode::Open,
            settings: RoomSettings::default(),
            gauges: Some(gauges),
        }
    }

    /// The two lamps, each with its look and what it says; and what is said aloud.
    fn lamps(show: ShowFigures, room: RoomFigures) -> (Vec<String>, String) {
        let figures = Figures {
            rooms: vec![room],
            shows: vec![show],
            hold: Beat::default(),
            pay: Beat::default(),
            open_payments: 0,
            waiting: 0,
            strategy: String::new(),
            instances: 1,
        };
        let frame = Frame::bare(Language::default());
        let now = Now { frame, figures: Arc::new(figures) };
        let page = now.render().unwrap();
        let list =
            page.split_once("<ul class=\"lamps\">").unwrap().1.split("</ul>").next().unwrap();
        let lamps = list.split("<li class=").skip(1);
        let lamps = lamps.map(|lamp| lamp.split("</li>").next().unwrap().replace('"', ""));
        (lamps.collect(), now.said())
    }

    #[test]
    fn lamps_are_good_while_nothing_is_wrong() {
        let (lamps, said) = lamps(show(10), room(0, 0));
        assert_eq!(lamps, ["good>Nothing is oversold", "good>The order is kept"]);
        assert_eq!(said, "");
    }

    #[test]
    fn a_lamp_that_is_bad_says_so_in_words_and_aloud() {
        let (lamps_of_stock, said) = lamps(show(12), room(0, 0));
        assert_eq!(lamps_of_stock[0], "alert>OVERSOLD (2)");
        assert!(lamps_of_stock[1].starts_with("good>"), "{lamps_of_stock:?}");
        assert_eq!(said, "OVERSOLD");

        let (lamps_of_room, said) = lamps(show(1), room(3, 0));
        assert_eq!(lamps_of_room[0], "alert>OVERSOLD (3)");
        assert_eq!(said, "OVERSOLD");

        let (lamps_of_order, said) = lamps(show(1), room(0, 1));
        assert!(lamps_of_order[0].starts_with("good>"), "{lamps_of_order:?}");
        assert_eq!(lamps_of_order[1], "alert>OUT OF ORDER (1)");
        assert_eq!(said, "OUT OF ORDER");
    }
}
