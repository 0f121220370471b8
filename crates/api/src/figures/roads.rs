//! The table of what is counted where events leave the house.

use super::table::Kind::{Counter, Gauge};
use super::table::{Figure, figure};

/// Figures of the roads of events.
pub(super) const OF_ROADS: [Figure; 7] = [
    figure(
        "admitone_events_carried_total",
        Counter,
        "events",
        "road",
        "Events that this instance carried to where a road leads; those that nobody there wants too.",
    ),
    figure(
        "admitone_events_failed_total",
        Counter,
        "attempts",
        "road",
        "How often a lane could carry nothing, and was tried again.",
    ),
    figure(
        "admitone_events_parked",
        Gauge,
        "events",
        "road",
        "Events in the lanes of this instance that were tried in vain and are tried again.",
    ),
    figure(
        "admitone_events_oldest_seconds",
        Gauge,
        "seconds",
        "road",
        "How long the oldest of them has waited.",
    ),
    figure(
        "admitone_events_passed_over_total",
        Counter,
        "messages",
        "why",
        "Messages of a broker that were no events of this house, and events too large for one.",
    ),
    figure(
        "admitone_webhook_attempts_total",
        Counter,
        "attempts",
        "outcome",
        "Attempts at endpoints: arrived, failed, gone (wants nothing more), given_up.",
    ),
    figure(
        "admitone_notices_total",
        Counter,
        "attempts",
        "outcome",
        "Notices to buyers: taken, failed (tried again), refused (passed over).",
    ),
];
