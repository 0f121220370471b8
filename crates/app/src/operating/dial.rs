//! The dial of a waiting room: made, looked at, turned while the room runs.

use super::{Unfit, base, field, not_blank};
use crate::Trouble;
use crate::box_office::BoxOffice;
use crate::import::check_settings;
use crate::ports::store::Sequence;
use crate::waiting_room::settings::{Rate, RoomSettings, Shape};
use admitone_domain::command::operate::{Operate, SaveRoom};
use admitone_domain::id::RoomId;
use admitone_domain::{Key, Moment, Row};
use serde_json::{Map, Value};

/// How long everybody passes when a room is bypassed: bounded, so that nobody forgets it.
const BYPASS_MS: u64 = 600_000;

/// A room's dial as it stands.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The version of its row.
    pub version: u64,
    /// What people call it.
    pub name: String,
    /// Its settings, all of them.
    pub settings: Value,
}

/// What changes of a room; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct RoomChange {
    /// What people call it.
    pub name: Option<String>,
    /// Settings to change.
    pub settings: Map<String, Value>,
}

/// The dial of a room that exists.
pub async fn dial(office: &BoxOffice, id: RoomId) -> Result<Option<Dial>, Trouble> {
    let Some(loaded) = office.row(Key::Room(id)).await? else { return Ok(None) };
    let version = loaded.version;
    Ok(match loaded.into_row() {
        Row::Room { name, settings, .. } => {
            let settings = serde_json::from_str(&settings).unwrap_or_default();
            Some(Dial { version, name, settings })
        }
        _ => None,
    })
}

/// Makes a room; settings that are left out have their default.
pub async fn create_room(
    office: &BoxOffice,
    name: String,
    settings: Map<String, Value>,
) -> Result<Operate, Unfit> {
    not_blank("name", Some(&name))?;
    let settings = check_settings(&Value::Object(settings), office.clock.now()).map_err(field)?;
    let id = RoomId(office.draw(Sequence::Room, 1).await?);
    Ok(Operate::SaveRoom(SaveRoom { id, name, settings, expected: Some(0) }))
}

/// Turns the dial. It works at once; lowering a limit puts nobody out.
pub async fn change_room(
    office: &BoxOffice,
    id: RoomId,
    change: RoomChange,
    expected: Option<u64>,
) -> Result<Operate, Unfit> {
    not_blank("name", change.name.as_ref())?;
    let known = dial(office, id).await?.ok_or(Unfit::Missing("room"))?;
    let Dial { version, name, mut settings } = known;
    settings.as_object_mut().ok_or(Unfit::Missing("room"))?.extend(change.settings);
    let settings = check_settings(&settings, office.clock.now()).map_err(field)?;
    let expected = Some(base(expected, version)?);
    let name = change.name.unwrap_or(name);
    Ok(Operate::SaveRoom(SaveRoom { id, name, settings, expected }))
}

/// A rate in the shape that the room has: so many in so many milliseconds, or no limit. Where the
/// burst could not carry it, the least that can is taken.
pub fn paced(known: &Dial, users: Option<u32>, interval_ms: u64) -> Value {
    let Some(users) = users else { return Value::Null };
    let settings: RoomSettings = serde_json::from_value(known.settings.clone()).unwrap_or_default();
    let half_second = (u64::from(users) * 500).div_ceil(interval_ms.max(1));
    let least = u32::try_from(half_second).unwrap_or(u32::MAX).max(1);
    let shape = match settings.rate.map(|rate| rate.shape) {
        Some(Shape::Grid) => Shape::Grid,
        Some(Shape::Smooth { burst }) => Shape::Smooth { burst: burst.max(least) },
        None => Shape::Smooth { burst: least },
    };
    serde_json::to_value(Rate { users, interval_ms, shape }).unwrap_or_default()
}

/// What an action changes: `pause` keeps every place and admits nobody, `resume` opens again,
/// `drain` gives no new places, `close` does neither, `bypass` lets everybody pass for ten minutes.
pub fn turned(action: &str, now: Moment) -> Option<RoomChange> {
    let mode = match action {
        "pause" => Value::from("paused"),
        "resume" => Value::from("open"),
        "drain" => Value::from("draining"),
        "close" => Value::from("closed"),
        "bypass" => {
            let until = now.plus_ms(BYPASS_MS);
            serde_json::json!({ "bypass": { "until_us": until.0 } })
        }
        _ => return None,
    };
    let settings = Map::from_iter([("mode".to_owned(), mode)]);
    Some(RoomChange { name: None, settings })
}
