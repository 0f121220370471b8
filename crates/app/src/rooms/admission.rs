//! Who comes through a room, and by what right.

use super::{OpenRoom, Rooms, buyer_of, user_key};
use crate::Trouble;
use crate::waiting_room::{Claims, Mode, Standing};
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::pass::{Admission, PassKey};

impl Rooms {
    /// By what right a token comes through a room.
    ///
    /// # Errors
    /// The room cannot be opened: nobody can say who is inside.
    pub async fn admission(
        &self,
        room: RoomId,
        token: Option<&str>,
        buyer: BuyerId,
    ) -> Result<Admission, Trouble> {
        let Some(found) = self.find(room).await? else { return Ok(Admission::None) };
        if found.is_bypassed(self.setup.clock.now()) {
            return Ok(Admission::Bypass { room });
        }
        let claims = token.and_then(|token| self.claims(room, &found, token));
        let is_theirs = |claims: &Claims| claims.user.is_none_or(|user| user == user_key(buyer));
        let Some(claims) = claims.filter(is_theirs) else { return Ok(Admission::None) };
        Ok(match admission_of(room, &found, &claims, buyer) {
            Admission::Pass { key, good_until: Moment::MIN } => {
                waiting_or_over(&found, &claims, key).await
            }
            known => known,
        })
    }

    /// Who is behind a token in UUID form, if it is admitted.
    ///
    /// # Errors
    /// The room cannot be opened: nobody can say who is inside.
    pub async fn visitor(
        &self,
        room: RoomId,
        token: &str,
    ) -> Result<Option<(BuyerId, Admission)>, Trouble> {
        let Some(found) = self.find(room).await? else { return Ok(None) };
        Ok(self.claims(room, &found, token).and_then(|claims| {
            let buyer = buyer_of(found.desk.user_inside(claims.place)?);
            found.desk.pass(&claims)?;
            Some((buyer, admission_of(room, &found, &claims, buyer)))
        }))
    }

    /// The pass that a token is or was, whether it still admits or not.
    ///
    /// # Errors
    /// The room cannot be opened.
    pub async fn pass_of(&self, room: RoomId, token: &str) -> Result<Option<PassKey>, Trouble> {
        let Some(found) = self.find(room).await? else { return Ok(None) };
        Ok(self.claims(room, &found, token).map(|claims| pass_key(room, &claims)))
    }
}

impl OpenRoom {
    fn is_bypassed(&self, now: Moment) -> bool {
        match self.desk.view().snapshot.mode {
            Mode::Bypass { until_us } => now.0 < until_us,
            Mode::Open | Mode::Paused | Mode::Draining | Mode::Closed => false,
        }
    }
}

/// A token of the room with the right it gives now. Over is over, but a payment of a live hold
/// may still come through: the store decides.
fn admission_of(room: RoomId, found: &OpenRoom, claims: &Claims, buyer: BuyerId) -> Admission {
    let key = pass_key(room, claims);
    let inside = found.desk.user_inside(claims.place);
    if inside.is_some_and(|user| user != user_key(buyer)) {
        return Admission::None;
    }
    let pass = found.desk.pass(claims);
    let good_until = pass.map_or(Moment::MIN, |pass| Moment(pass.deadline_us));
    Admission::Pass { key, good_until }
}

/// A place that is not inside waits, or is over: the desk knows. While it is in trouble nobody does, and
/// what is over says less than what waits: it may be paid for all the same.
async fn waiting_or_over(found: &OpenRoom, claims: &Claims, key: PassKey) -> Admission {
    let standing = found.desk.poll(claims, 0).await.ok().and_then(Result::ok);
    match standing.map(|answer| answer.standing) {
        Some(Standing::Waiting | Standing::OnDeck) => Admission::Waiting { key },
        // Called at this very moment.
        Some(Standing::Active { deadline_us }) => {
            Admission::Pass { key, good_until: Moment(deadline_us) }
        }
        None => Admission::Pass { key, good_until: Moment::MIN },
    }
}

fn pass_key(room: RoomId, claims: &Claims) -> PassKey {
    PassKey { room, epoch: claims.epoch, place: claims.place.0 }
}
