//! What users do: join, show themselves, leave.

use super::Room;
use crate::waiting_room::batch::{End, Gone, Join, JoinRefusal, Joined, Position, Standing, Touch};
use crate::waiting_room::place::{Generation, Place};
use crate::waiting_room::record::{EndReason, Record};
use crate::waiting_room::rules::Rule;
use crate::waiting_room::settings::{Mode, micros};
use crate::waiting_room::snapshot::Snapshot;

impl Room {
    /// The place of the user, and whether it was there before. Joining is also showing oneself.
    pub(super) fn join(&mut self, join: Join) -> Result<(Place, bool), JoinRefusal> {
        let existing = self.existing_place(join);
        let place = match existing {
            Some(place) => place,
            None => self.give_place(join)?,
        };
        if existing.is_some() {
            self.totals.duplicate_join_total += 1;
            if join.renew {
                self.commit(Record::Renewed { place });
            }
        }
        self.sit(place);
        Ok((place, existing.is_some()))
    }

    /// The place of a token, if the token is still worth it.
    pub(super) fn touch(&mut self, touch: Touch) -> Result<Place, Gone> {
        let place = touch.place;
        let refusal = match self.register.member(place) {
            None => Gone::Ended,
            Some(member) if touch.user.is_some_and(|user| user != member.user) => Gone::OtherUser,
            Some(member)
                if touch.generation != member.generation
                    && self.rules.hold(Rule::GenerationCounts) =>
            {
                Gone::Renewed
            }
            Some(_) if self.is_overdue(place) => {
                self.commit(Record::Ended { place, reason: EndReason::Expired });
                Gone::Passed
            }
            Some(_) => {
                self.sit(place);
                return Ok(place);
            }
        };
        self.totals.refused_total += 1;
        Err(refusal)
    }

    /// Ends the user's place, if it is the one that is meant.
    pub(super) fn end(&mut self, end: End) -> Option<Place> {
        let place = self.register.find(end.user)?;
        if end.place.is_some_and(|meant| meant != place) {
            return None;
        }
        self.commit(Record::Ended { place, reason: end.reason });
        Some(place)
    }

    /// A called user who has just been told is inside.
    pub(super) fn claim(&mut self, place: Place) {
        if self.slots.get(place).is_some_and(|slot| !slot.claimed) {
            let deadline_us = self.clock_us.saturating_add(micros(self.settings.pass_ttl_ms));
            self.commit(Record::Claimed { place, deadline_us });
        }
    }

    pub(super) fn joined(&self, snapshot: &Snapshot, place: Place, existing: bool) -> Joined {
        let generation = self.register.member(place).map_or(Generation(0), |m| m.generation);
        Joined { generation, existing, position: self.position(snapshot, place) }
    }

    pub(super) fn position(&self, snapshot: &Snapshot, place: Place) -> Position {
        if let Some(slot) = self.slots.get(place) {
            let standing = Standing::Active { deadline_us: slot.deadline_us };
            return Position { place, standing, ahead: 0 };
        }
        if snapshot.is_invited(place) {
            Position { place, standing: Standing::OnDeck, ahead: self.deck.rank(place) }
        } else {
            Position { place, standing: Standing::Waiting, ahead: snapshot.ahead(place) }
        }
    }

    /// A place that was passed too long ago is given up here, and the user joins at the back.
    fn existing_place(&mut self, join: Join) -> Option<Place> {
        let place = self.register.find(join.user)?;
        if self.is_overdue(place) {
            self.commit(Record::Ended { place, reason: EndReason::Expired });
            return None;
        }
        self.rules.hold(Rule::RejoinKeepsPlace).then_some(place)
    }

    /// If everybody before is ripe there is nobody to wait for: the newcomer is ripe as well.
    fn give_place(&mut self, join: Join) -> Result<Place, JoinRefusal> {
        let refusal = match self.settings.mode {
            Mode::Open | Mode::Paused | Mode::Bypass { .. } => None,
            Mode::Draining => Some(JoinRefusal::Draining),
            Mode::Closed => Some(JoinRefusal::Closed),
        };
        let refusal = refusal.or_else(|| {
            (self.register.issued() == u64::from(u32::MAX)).then_some(JoinRefusal::Full)
        });
        if let Some(refusal) = refusal {
            self.totals.refused_total += 1;
            return Err(refusal);
        }
        let has_no_line = self.settings.presence
            && self.frontier.is_level(self.register.issued())
            && self.deck.len() < self.deck_target();
        self.commit(Record::Joined { user: join.user });
        let place = Place(self.register.issued());
        if has_no_line {
            self.frontier.level(place.0);
        }
        Ok(place)
    }

    fn sit(&mut self, place: Place) {
        self.register.see(place, self.clock_us);
        if place.0 <= self.frontier.deck_to && self.slots.get(place).is_none() {
            self.deck.sit(place, self.clock_us);
        }
    }

    /// Passed, and not heard of for longer than the grace since.
    fn is_overdue(&self, place: Place) -> bool {
        let Some(grace_ms) = self.settings.grace_ms else { return false };
        if self.slots.get(place).is_some() || self.deck.contains(place) {
            return false;
        }
        let called_at_us = self.called.called_at_us(place.0);
        let seen_us = self.register.member(place).map(|member| member.seen_us);
        let (Some(called_at_us), Some(seen_us)) = (called_at_us, seen_us) else { return false };
        self.clock_us.saturating_sub(called_at_us.max(seen_us)) > micros(grace_ms)
    }
}
