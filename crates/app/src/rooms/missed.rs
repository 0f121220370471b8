//! What a room missed: a kill may come between the commit of a payment or a hold and the room's
//! being told. A room that is opened therefore asks the store about the pass of each slot that is
//! taken, else a slot stayed taken by one who has gone, or a pass ran out under a live hold.

use super::buyer_of;
use crate::Trouble;
use crate::ports::reads::{Page, Reads};
use crate::waiting_room::{Batch, End, EndReason, Extension, Place, Slot};
use admitone_domain::id::RoomId;
use admitone_domain::pass::PassKey;
use admitone_domain::reservation::ReservationState;
use admitone_domain::{Key, Moment};
use futures_util::{StreamExt, TryStreamExt, stream};

/// So many passes are asked for at once.
const KEYS_MAX: usize = 1_000;
/// So many buyers' holds are read side by side.
const ASKING_MAX: usize = 16;
/// Of a buyer's reservations so many are read at once.
const PAGE: usize = 20;
/// The clocks of a store and of a room differ by less.
const CLOCKS_DIFFER_US: i64 = 60_000_000;

/// What the store knows of the passes of a room, and the room perhaps not.
pub(super) async fn news(
    reads: &dyn Reads,
    room: RoomId,
    epoch: u16,
    slots: &[(Place, Slot)],
) -> Result<Batch, Trouble> {
    let key = |place: Place| PassKey { room, epoch, place: place.0 };
    let (mut ends, mut live) = (Vec::new(), Vec::new());
    for part in slots.chunks(KEYS_MAX) {
        let keys: Vec<Key> = part.iter().map(|(place, _)| Key::Pass(key(*place))).collect();
        for ((place, slot), ended) in part.iter().zip(reads.rows(&keys).await?) {
            if ended.is_some() {
                let (user, place) = (slot.user, Some(*place));
                ends.push(End { user, place, reason: EndReason::Paid });
            } else {
                live.push((*place, *slot));
            }
        }
    }
    let extensions = stream::iter(live)
        .map(|(place, slot)| async move {
            let until = held_until(reads, key(place), slot).await?;
            let until_us = until.map(|until| until.0).filter(|until| *until > slot.deadline_us);
            Ok::<_, Trouble>(until_us.map(|until_us| Extension { place, until_us }))
        })
        .buffer_unordered(ASKING_MAX)
        .try_filter_map(|extension| async move { Ok(extension) })
        .try_collect()
        .await?;
    Ok(Batch { extensions, ends, ..Batch::default() })
}

/// Until when the last live hold under a pass lasts. No reservation from before the call is one,
/// give or take what the store's clock and the room's differ.
async fn held_until(
    reads: &dyn Reads,
    pass: PassKey,
    slot: Slot,
) -> Result<Option<Moment>, Trouble> {
    let (mut latest, mut before) = (None, None);
    let called_at = Moment(slot.called_us.saturating_sub(CLOCKS_DIFFER_US));
    loop {
        let page = Page { before, limit: PAGE };
        let found = reads.reservations(Some(buyer_of(slot.user)), page).await?;
        let is_last = found.len() < PAGE;
        for reservation in found {
            if reservation.created_at < called_at {
                return Ok(latest);
            }
            before = Some(reservation.id.0);
            let is_held = reservation.state() == ReservationState::Held;
            if is_held && reservation.pass == Some(pass) {
                latest = latest.max(Some(reservation.held_until));
            }
        }
        if is_last {
            return Ok(latest);
        }
    }
}
