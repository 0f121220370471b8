//! What a room says, as the script writes it: lists of numbers, and users as bytes.

use admitone_app::ports::shared_room::{Exchanged, PassChanges, SharedPass};
use admitone_app::waiting_room::{
    Admission, Gauges, Generation, Gone, JoinRefusal, Joined, Noted, Outcome, Place, Position,
    RoomSettings, SettingsProblem, Snapshot, Standing, Stretch, Totals, UserKey,
};
use admitone_app::{Trouble, TroubleKind};
use redis::{FromRedisValue, Value};

/// What a room said, taken apart.
pub(super) struct Answer {
    pub(super) snapshot: Vec<i64>,
    extended: Vec<i64>,
    ended: Vec<i64>,
    joined: Vec<i64>,
    touched: Vec<i64>,
    called: Vec<i64>,
    callers: Vec<UserKey>,
    pub(super) is_whole: bool,
    pub(super) passes: Vec<(Place, Option<SharedPass>)>,
    /// Of passes, of settings, and the turn.
    pub(super) revisions: [i64; 3],
    /// Only if they are new.
    pub(super) settings: Option<RoomSettings>,
    pub(super) essence: Vec<u8>,
    /// How many servers copy this one, if somebody was admitted.
    pub(super) copies: u64,
    /// What has to be written down elsewhere.
    pub(super) noted: Noted,
}

/// The first word of an answer.
pub(super) fn status(said: &[Value]) -> String {
    text(said.first())
}

/// A word of an answer.
pub(super) fn text(value: Option<&Value>) -> String {
    value.and_then(|value| String::from_redis_value_ref(value).ok()).unwrap_or_default()
}

impl Answer {
    pub(super) fn read(said: Vec<Value>) -> Result<Self, Trouble> {
        let mut said = said.into_iter().skip(1);
        let snapshot = numbers(said.next())?;
        let extended = numbers(said.next())?;
        let ended = numbers(said.next())?;
        let joined = numbers(said.next())?;
        let touched = numbers(said.next())?;
        let called = numbers(said.next())?;
        let callers = users(&bytes(said.next())?);
        let Some(Value::Array(passes)) = said.next() else { return Err(unreadable("passes")) };
        let (is_whole, passes) = read_passes(passes)?;
        let revisions = numbers(said.next())?.try_into().map_err(|_| unreadable("revisions"))?;
        let json = bytes(said.next())?;
        let settings = (!json.is_empty()).then(|| serde_json::from_slice(&json));
        let settings = settings.transpose().map_err(|error| unreadable(&error.to_string()))?;
        let essence = bytes(said.next())?;
        let copies = said.next().map(i64::from_redis_value).transpose();
        let copies = copies.map_err(|error| unreadable(&error.to_string()))?.map_or(0, count);
        let given = numbers(said.next())?;
        let owners = users(&bytes(said.next())?);
        let given = given.chunks_exact(2).zip(owners);
        let noted = Noted {
            epoch: snapshot.first().map_or(0, |epoch| u16::try_from(*epoch).unwrap_or(0)),
            given: given.map(|(at, user)| (place(at[0]), user, generation(at[1]))).collect(),
            ended: numbers(said.next())?.into_iter().map(place).collect(),
        };
        Ok(Self {
            snapshot,
            extended,
            ended,
            joined,
            touched,
            called,
            callers,
            is_whole,
            passes,
            revisions,
            settings,
            essence,
            copies,
            noted,
        })
    }

    /// As the application hears it.
    pub(super) fn told(
        self,
        room: u32,
        settings: &RoomSettings,
        controlled: &[Result<(), SettingsProblem>],
    ) -> Result<Exchanged, Trouble> {
        let (snapshot, gauges) = figures(room, settings, &self.snapshot)?;
        let admitted = self.called.chunks_exact(2).zip(&self.callers);
        let outcome = Outcome {
            controlled: controlled.to_vec(),
            extended: self.extended.into_iter().map(|us| (us >= 0).then_some(us)).collect(),
            ended: self.ended.into_iter().map(|n| (n > 0).then(|| place(n))).collect(),
            joined: self.joined.chunks_exact(6).map(joined).collect(),
            touched: self.touched.chunks_exact(5).map(touched).collect(),
            admitted_now: admitted
                .map(|(at, user)| Admission {
                    place: place(at[0]),
                    user: *user,
                    deadline_us: at[1],
                })
                .collect(),
            snapshot,
            records: Vec::new(),
        };
        let passes = PassChanges { is_whole: self.is_whole, changed: self.passes };
        Ok(Exchanged { outcome, gauges, settings: settings.clone(), passes })
    }
}

fn figures(
    room: u32,
    settings: &RoomSettings,
    said: &[i64],
) -> Result<(Snapshot, Gauges), Trouble> {
    let said: [i64; 26] = said.try_into().map_err(|_| unreadable("counters"))?;
    let at = |index: usize| count(said[index]);
    let perhaps = |index: usize| (said[index] >= 0).then(|| at(index));
    let permille = |index: usize| perhaps(index).and_then(|share| u32::try_from(share).ok());
    let poll_ceiling_ms = settings.poll_ceiling_ms();
    let snapshot = Snapshot {
        room,
        epoch: u16::try_from(said[0]).unwrap_or(0),
        mode: settings.mode,
        clock_us: said[1],
        issued: at(2),
        deck_to: at(3),
        ripe_to: at(4),
        deck: at(5),
        waiting: at(6),
        called: at(7),
        claimed: at(8),
        active_max: settings.active_max,
        rate_milli: perhaps(9),
        show_permille: permille(10),
        invite_milli: at(11),
        poll_floor_ms: settings.poll_floor_ms.min(poll_ceiling_ms),
        poll_ceiling_ms,
        stretch: perhaps(12)
            .zip(perhaps(13))
            .map(|(low_permille, high_permille)| Stretch { low_permille, high_permille }),
    };
    let totals = Totals {
        admitted_total: at(14),
        ended_paid_total: at(15),
        ended_left_total: at(16),
        ended_expired_total: at(17),
        ended_revoked_total: at(18),
        no_show_total: at(19),
        slot_idle_us_total: at(20),
        overshoot_total: at(21),
        order_violation_total: at(22),
        duplicate_join_total: at(23),
        refused_total: at(24),
    };
    let gauges = Gauges::of(&snapshot, permille(25), totals);
    Ok((snapshot, gauges))
}

fn joined(said: &[i64]) -> Result<Joined, JoinRefusal> {
    match said[0] {
        -1 => Err(JoinRefusal::Draining),
        -2 => Err(JoinRefusal::Closed),
        -3 => Err(JoinRefusal::Full),
        existing => Ok(Joined {
            generation: generation(said[1]),
            existing: existing == 1,
            position: position(&said[2..]),
        }),
    }
}

fn touched(said: &[i64]) -> Result<Position, Gone> {
    match said[0] {
        0 => Ok(position(&said[1..])),
        1 => Err(Gone::Ended),
        2 => Err(Gone::OtherUser),
        3 => Err(Gone::Renewed),
        _ => Err(Gone::Passed),
    }
}

fn position(said: &[i64]) -> Position {
    let standing = match said[1] {
        2 => Standing::Active { deadline_us: said[2] },
        1 => Standing::OnDeck,
        _ => Standing::Waiting,
    };
    Position { place: place(said[0]), standing, ahead: count(said[3]) }
}

type Passes = (bool, Vec<(Place, Option<SharedPass>)>);

fn read_passes(said: Vec<Value>) -> Result<Passes, Trouble> {
    let mut said = said.into_iter();
    let is_whole = said.next() == Some(Value::Int(1));
    let numbers = numbers(said.next())?;
    let users = bytes(said.next())?;
    let mut users = users.chunks_exact(16);
    let passes = numbers.chunks_exact(5).map(|said| {
        let pass =
            (said[1] >= 0).then(|| users.next().map(user)).flatten().map(|user| SharedPass {
                user,
                generation: generation(said[4]),
                called_us: said[2],
                deadline_us: said[1],
                is_claimed: said[3] == 1,
            });
        (place(said[0]), pass)
    });
    Ok((is_whole, passes.collect()))
}

fn users(bytes: &[u8]) -> Vec<UserKey> {
    bytes.chunks_exact(16).map(user).collect()
}

fn user(bytes: &[u8]) -> UserKey {
    UserKey(bytes.try_into().unwrap_or([0; 16]))
}

fn place(number: i64) -> Place {
    Place(count(number))
}

fn generation(number: i64) -> Generation {
    Generation(u16::try_from(number).unwrap_or(u16::MAX))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn numbers(value: Option<Value>) -> Result<Vec<i64>, Trouble> {
    let value = value.ok_or_else(|| unreadable("too short"))?;
    Vec::<i64>::from_redis_value(value).map_err(|error| unreadable(&error.to_string()))
}

fn bytes(value: Option<Value>) -> Result<Vec<u8>, Trouble> {
    match value {
        Some(Value::BulkString(bytes)) => Ok(bytes),
        _ => Err(unreadable("no bytes")),
    }
}

fn unreadable(detail: &str) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "read a room's answer", detail)
}
