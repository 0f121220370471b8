//! What a room is asked, as the script reads it: fixed widths, big-endian.

use admitone_app::ports::shared_room::SharedPass;
use admitone_app::waiting_room::{
    Batch, Control, EndReason, Generation, Mode, Place, RoomSettings, SettingsProblem, Shape,
    UserKey,
};
use std::collections::HashMap;
use std::fmt::Write;

/// Numbers above this are none that a room gave, and a double could not hold them all.
const PLACE_MAX: u64 = 1 << 40;

/// The batch without controls that cannot be, and what each control is answered.
pub(super) fn valid(batch: &Batch) -> (Batch, Vec<Result<(), SettingsProblem>>) {
    let answers: Vec<_> = batch.controls.iter().map(check).collect();
    let mut valid = batch.clone();
    let mut checked = answers.iter();
    valid.controls.retain(|_| checked.next().is_some_and(Result::is_ok));
    (valid, answers)
}

fn check(control: &Control) -> Result<(), SettingsProblem> {
    match control {
        Control::Change(settings) => settings.validate(),
        Control::Reset => Ok(()),
    }
}

pub(super) fn joins(batch: &Batch) -> Vec<u8> {
    let mut words = Vec::with_capacity(batch.joins.len() * 17);
    for join in &batch.joins {
        words.extend(join.user.0);
        words.push(u8::from(join.renew));
    }
    words
}

pub(super) fn touches(batch: &Batch) -> Vec<u8> {
    let mut words = Vec::with_capacity(batch.touches.len() * 27);
    for touch in &batch.touches {
        words.extend(touch.place.0.min(PLACE_MAX).to_be_bytes());
        words.extend(touch.generation.0.to_be_bytes());
        words.push(u8::from(touch.user.is_some()));
        words.extend(touch.user.map_or([0; 16], |user| user.0));
    }
    words
}

pub(super) fn ends(batch: &Batch) -> Vec<u8> {
    let mut words = Vec::with_capacity(batch.ends.len() * 25);
    for end in &batch.ends {
        words.extend(end.user.0);
        // 0 is whichever the user has; a place that was never given is none of them.
        let place = end.place.map_or(0, |Place(place)| if place == 0 { PLACE_MAX } else { place });
        words.extend(place.min(PLACE_MAX).to_be_bytes());
        words.push(match end.reason {
            EndReason::Paid => 1,
            EndReason::Left => 2,
            EndReason::Expired => 3,
            EndReason::Revoked => 4,
        });
    }
    words
}

pub(super) fn extensions(batch: &Batch) -> Vec<u8> {
    let mut words = Vec::with_capacity(batch.extensions.len() * 16);
    for extension in &batch.extensions {
        words.extend(extension.place.0.min(PLACE_MAX).to_be_bytes());
        words.extend(extension.until_us.to_be_bytes());
    }
    words
}

pub(super) fn controls(batch: &Batch) -> Vec<[String; 3]> {
    let word = |control: &Control| match control {
        Control::Change(wanted) => settings(wanted),
        Control::Reset => ["reset".to_owned(), String::new(), String::new()],
    };
    batch.controls.iter().map(word).collect()
}

/// Who was inside, as this instance last saw it.
pub(super) fn inside(inside: &HashMap<Place, SharedPass>) -> Vec<u8> {
    let mut words = Vec::with_capacity(inside.len() * 43);
    for (place, pass) in inside {
        words.extend(pass.user.0);
        words.extend(place.0.to_be_bytes());
        words.extend(pass.generation.0.to_be_bytes());
        words.extend(pass.called_us.to_be_bytes());
        words.extend(pass.deadline_us.to_be_bytes());
        words.push(u8::from(pass.is_claimed));
    }
    words
}

/// Places as they go back.
pub(super) fn places(places: &[(&Place, &(UserKey, Generation))]) -> Vec<u8> {
    let mut words = Vec::with_capacity(places.len() * 26);
    for (place, (user, generation)) in places {
        words.extend(user.0);
        words.extend(place.0.to_be_bytes());
        words.extend(generation.0.to_be_bytes());
    }
    words
}

/// Settings: numbers for the script, their whole text for the instances, and the text that holds
/// when a bypass is over.
pub(super) fn settings(settings: &RoomSettings) -> [String; 3] {
    let json = |settings: &RoomSettings| serde_json::to_string(settings).unwrap_or_default();
    let open = match settings.mode {
        Mode::Bypass { .. } => json(&RoomSettings { mode: Mode::Open, ..settings.clone() }),
        Mode::Open | Mode::Paused | Mode::Draining | Mode::Closed => String::new(),
    };
    [numbers(settings), json(settings), open]
}

fn numbers(settings: &RoomSettings) -> String {
    let mut text = format!(
        "ttl={} claim={} floor={} ceiling={} slack={} extension={} presence={}",
        settings.pass_ttl_ms,
        settings.claim_ms,
        settings.poll_floor_ms,
        settings.poll_ceiling_ms,
        settings.react_slack_ms,
        settings.extension_ms_max,
        u8::from(settings.presence),
    );
    let mut add = |name: &str, number: Option<u64>| {
        if let Some(number) = number {
            // Writing into a string does not fail.
            let _ = write!(text, " {name}={number}");
        }
    };
    add("active_max", settings.active_max.map(u64::from));
    add("invite", settings.invite_per_s.map(u64::from));
    add("target", settings.deck_target.map(u64::from));
    add("grace", settings.grace_ms);
    add("users", settings.rate.map(|rate| u64::from(rate.users)));
    add("interval", settings.rate.map(|rate| rate.interval_ms));
    match settings.rate.map(|rate| rate.shape) {
        Some(Shape::Grid) => add("grid", Some(1)),
        Some(Shape::Smooth { burst }) => add("burst", Some(u64::from(burst))),
        None => {}
    }
    let (mode, until_us) = match settings.mode {
        Mode::Open => ("open", None),
        Mode::Paused => ("paused", None),
        Mode::Draining => ("draining", None),
        Mode::Closed => ("closed", None),
        Mode::Bypass { until_us } => ("bypass", Some(until_us)),
    };
    add("until", until_us.map(|until_us| u64::try_from(until_us).unwrap_or(0)));
    format!("{text} mode={mode}")
}
