//! The figures of the waiting rooms: they count by themselves.

use crate::house::House;
use admitone_app::waiting_room::{Desk, Snapshot, Totals};
use admitone_domain::Moment;

/// Makes what the rooms count visible.
pub(super) fn publish(house: &House) {
    let now = house.office.clock.now();
    for (room, desk) in house.rooms.desks() {
        let room = room.to_string();
        state(&room, &desk, now);
        totals(&room, desk.view().gauges.totals);
    }
}

fn state(room: &str, desk: &Desk, now: Moment) {
    let view = desk.view();
    let Snapshot { issued, waiting, deck, called, claimed, .. } = view.snapshot;
    let set = |name: &'static str, value: f64| {
        metrics::gauge!(name, "room" => room.to_owned()).set(value);
    };
    set("wr_issued", number(issued));
    set("wr_waiting", number(waiting));
    set("wr_waiting_present_est", number(view.gauges.waiting_present_estimate));
    set("wr_deck", number(deck));
    set("wr_active_called", number(called));
    set("wr_active_claimed", number(claimed));
    set("wr_active", number(called + claimed));
    set("wr_active_limit", view.snapshot.active_max.map_or(f64::INFINITY, f64::from));
    let share = |permille: Option<u32>| permille.map_or(f64::NAN, |share| f64::from(share) / 1e3);
    set("wr_show_rate", share(view.gauges.show_rate_permille));
    set("wr_eta_coverage", share(view.gauges.eta_coverage_permille));
    let age_ms = now.ms_since(Moment(view.snapshot.clock_us));
    set("wr_snapshot_age_seconds", number(age_ms) / 1e3);
    set("wr_slot_idle_seconds_total", number(view.gauges.totals.slot_idle_us_total / 1_000) / 1e3);
}

fn totals(room: &str, totals: Totals) {
    let set = |name: &'static str, value: u64| {
        metrics::counter!(name, "room" => room.to_owned()).absolute(value);
    };
    set("wr_admitted_total", totals.admitted_total);
    set("wr_no_show_total", totals.no_show_total);
    set("wr_overshoot_total", totals.overshoot_total);
    set("wr_order_violation_total", totals.order_violation_total);
    set("wr_duplicate_join_total", totals.duplicate_join_total);
    for (reason, value) in [
        ("paid", totals.ended_paid_total),
        ("left", totals.ended_left_total),
        ("expired", totals.ended_expired_total),
        ("revoked", totals.ended_revoked_total),
    ] {
        let labels = [("room", room.to_owned()), ("reason", reason.to_owned())];
        metrics::counter!("wr_ended_total", &labels).absolute(value);
    }
}

/// Exact up to 2^32, which no count of people reaches.
fn number(value: u64) -> f64 {
    u32::try_from(value).map_or(f64::from(u32::MAX), f64::from)
}
