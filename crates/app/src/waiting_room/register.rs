//! Who has which place: 20 bytes a user in a slab ordered by place, and a hash table of 32-bit
//! places. No user has an object of its own, so a million of them cost about 31 MB. The table
//! doubles now and then, which holds the room up for some 30 ms at a million users. It knows
//! nothing of who is inside.

use super::place::{Generation, Place, UserKey};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const CHUNK_ENTRIES: usize = 1_024;
const ENDED: u16 = u16::MAX;
/// Times of presence are kept in steps of 32 s, relative to the start of the room.
const SEEN_STEP_US: i64 = 32_000_000;

/// Everybody with a live place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register {
    /// Shared with a checkpoint that is being written; a chunk is copied when it changes
    /// meanwhile. `None`: everybody in it has ended.
    chunks: Vec<Option<Arc<Chunk>>>,
    table: HashTable<u32>,
    issued: u32,
    /// What `seen` counts from, in µs.
    origin_us: i64,
}

/// A user with a live place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) user: UserKey,
    pub(crate) generation: Generation,
    /// Not earlier than the room last heard of the user, in µs.
    pub(crate) seen_us: i64,
}

/// One chunk as a checkpoint keeps it: `None` for a place that has ended.
pub(crate) type SavedChunk = Vec<Option<(UserKey, Generation)>>;

/// The register at one moment. Taking it copies pointers; it is turned into bytes elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct RegisterImage(Vec<Option<Arc<Chunk>>>);

#[derive(Debug, Clone)]
struct Chunk {
    entries: Vec<Entry>,
    live: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    user: UserKey,
    generation: u16,
    seen: u16,
}

/// How a register is written in a checkpoint.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SavedRegister {
    pub(crate) issued: u32,
    pub(crate) chunks: Vec<Option<SavedChunk>>,
}

/// A register with everything that is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WholeRegister {
    issued: u32,
    origin_us: i64,
    chunks: Vec<Option<Vec<(UserKey, u16, u16)>>>,
}

impl Register {
    pub(crate) fn starting_at(origin_us: i64) -> Self {
        Self { origin_us, ..Self::default() }
    }

    pub(crate) fn issued(&self) -> u64 {
        u64::from(self.issued)
    }

    /// How many have a live place, inside or waiting.
    pub(crate) fn live(&self) -> u64 {
        self.table.len() as u64
    }

    pub(crate) fn find(&self, user: UserKey) -> Option<Place> {
        let slot = self.table.find(hash(user), |slot| self.user_at(*slot) == Some(user))?;
        Some(Place(u64::from(*slot) + 1))
    }

    pub(crate) fn member(&self, place: Place) -> Option<Member> {
        let entry = self.entry(slot_of(place)?)?;
        let steps = i64::from(entry.seen) + 1;
        Some(Member {
            user: entry.user,
            generation: Generation(entry.generation),
            seen_us: self.origin_us.saturating_add(steps * SEEN_STEP_US),
        })
    }

    /// Gives the next place. `None`: this epoch has no more.
    pub(crate) fn add(&mut self, user: UserKey, now_us: i64) -> Option<Place> {
        if self.issued == u32::MAX {
            return None;
        }
        let slot = self.issued;
        self.issued += 1;
        let entry = Entry { user, generation: 0, seen: self.step_at(now_us) };
        if index_of(slot).1 == 0 {
            let entries = Vec::with_capacity(CHUNK_ENTRIES);
            self.chunks.push(Some(Arc::new(Chunk { entries, live: 0 })));
        }
        let last = self.chunks.last_mut()?;
        // Everybody of an unfinished chunk may have ended; it goes on with the places in it.
        let chunk = Arc::make_mut(last.get_or_insert_with(|| Arc::new(Chunk::ended(slot))));
        chunk.entries.push(entry);
        chunk.live += 1;
        self.enter(user, slot);
        Some(Place(u64::from(slot) + 1))
    }

    pub(crate) fn renew(&mut self, place: Place) {
        if let Some(entry) = self.entry_mut(place) {
            entry.generation = Generation(entry.generation).next().0;
        }
    }

    /// Notes that the user has been heard of.
    pub(crate) fn see(&mut self, place: Place, now_us: i64) {
        let step = self.step_at(now_us);
        let is_new = slot_of(place).and_then(|s| self.entry(s)).is_some_and(|e| e.seen < step);
        if is_new && let Some(entry) = self.entry_mut(place) {
            entry.seen = step;
        }
    }

    /// Everybody counts as just seen: nobody could show up while the room was down.
    pub(crate) fn forgive(&mut self, now_us: i64) {
        self.origin_us = now_us;
        for chunk in self.chunks.iter_mut().flatten() {
            let live = Arc::make_mut(chunk).entries.iter_mut().filter(|entry| entry.seen != ENDED);
            live.for_each(|entry| entry.seen = 0);
        }
    }

    /// Ends a place for good.
    pub(crate) fn end(&mut self, place: Place) {
        let Some(slot) = slot_of(place) else { return };
        let Some(user) = self.user_at(slot) else { return };
        if let Ok(found) = self.table.find_entry(hash(user), |other| *other == slot) {
            found.remove();
        }
        let (chunk_index, entry_index) = index_of(slot);
        let Some(shared) = self.chunks[chunk_index].as_mut() else { return };
        if shared.live == 1 {
            self.chunks[chunk_index] = None;
        } else {
            let chunk = Arc::make_mut(shared);
            chunk.live -= 1;
            chunk.entries[entry_index].seen = ENDED;
        }
    }

    pub(crate) fn image(&self) -> RegisterImage {
        RegisterImage(self.chunks.clone())
    }

    /// From a checkpoint.
    pub(crate) fn restore(saved: &SavedRegister, now_us: i64) -> Self {
        let mut register = Self::starting_at(now_us);
        register.issued = saved.issued;
        for (index, chunk) in saved.chunks.iter().enumerate() {
            let restored = chunk.as_ref().map(|entries| Arc::new(Chunk::restore(entries)));
            register.chunks.push(restored);
            for (offset, saved) in chunk.iter().flatten().enumerate() {
                let slot = u32::try_from(index * CHUNK_ENTRIES + offset).unwrap_or(u32::MAX);
                if let Some((user, _)) = saved {
                    register.enter(*user, slot);
                }
            }
        }
        register
    }

    /// As it was, to the last detail.
    pub(crate) fn from_whole(whole: &WholeRegister) -> Self {
        let mut register = Self::starting_at(whole.origin_us);
        register.issued = whole.issued;
        for (index, chunk) in whole.chunks.iter().enumerate() {
            let restored = chunk.as_ref().map(|entries| Arc::new(Chunk::from_whole(entries)));
            register.chunks.push(restored);
            for (offset, (user, _, seen)) in chunk.iter().flatten().enumerate() {
                let slot = u32::try_from(index * CHUNK_ENTRIES + offset).unwrap_or(u32::MAX);
                if *seen != ENDED {
                    register.enter(*user, slot);
                }
            }
        }
        register
    }

    /// What `seen` counts from.
    pub(crate) fn origin_us(&self) -> i64 {
        self.origin_us
    }

    /// Puts a user into the table.
    fn enter(&mut self, user: UserKey, slot: u32) {
        let chunks = &self.chunks;
        self.table.insert_unique(hash(user), slot, |other| {
            let (chunk, entry) = index_of(*other);
            chunks[chunk].as_ref().map_or(0, |chunk| hash(chunk.entries[entry].user))
        });
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        let (chunk, entry) = index_of(slot);
        let entry = self.chunks.get(chunk)?.as_ref()?.entries.get(entry)?;
        (entry.seen != ENDED).then_some(entry)
    }

    fn entry_mut(&mut self, place: Place) -> Option<&mut Entry> {
        let (chunk, entry) = index_of(slot_of(place)?);
        let entry = Arc::make_mut(self.chunks.get_mut(chunk)?.as_mut()?).entries.get_mut(entry)?;
        (entry.seen != ENDED).then_some(entry)
    }

    fn user_at(&self, slot: u32) -> Option<UserKey> {
        self.entry(slot).map(|entry| entry.user)
    }

    fn step_at(&self, now_us: i64) -> u16 {
        let steps = now_us.saturating_sub(self.origin_us).div_euclid(SEEN_STEP_US);
        u16::try_from(steps.max(0)).unwrap_or(ENDED - 1).min(ENDED - 1)
    }
}

impl RegisterImage {
    pub(crate) fn save(&self, issued: u64) -> SavedRegister {
        let chunks = self.0.iter().map(|chunk| chunk.as_deref().map(Chunk::save)).collect();
        SavedRegister { issued: u32::try_from(issued).unwrap_or(u32::MAX), chunks }
    }

    pub(crate) fn whole(&self, issued: u64, origin_us: i64) -> WholeRegister {
        let entries = |chunk: &Chunk| {
            chunk.entries.iter().map(|entry| (entry.user, entry.generation, entry.seen)).collect()
        };
        let chunks = self.0.iter().map(|chunk| chunk.as_deref().map(entries)).collect();
        WholeRegister { issued: u32::try_from(issued).unwrap_or(u32::MAX), origin_us, chunks }
    }
}

impl Chunk {
    /// The first entries of a chunk whose users have all ended, up to the given slot.
    fn ended(slot: u32) -> Self {
        let mut entries = Vec::with_capacity(CHUNK_ENTRIES);
        entries.resize(index_of(slot).1, Entry::ended());
        Self { entries, live: 0 }
    }

    fn save(&self) -> SavedChunk {
        let keep = |entry: &Entry| {
            (entry.seen != ENDED).then_some((entry.user, Generation(entry.generation)))
        };
        self.entries.iter().map(keep).collect()
    }

    fn restore(saved: &SavedChunk) -> Self {
        let mut entries = Vec::with_capacity(CHUNK_ENTRIES);
        entries.extend(saved.iter().map(|member| {
            member.map_or(Entry::ended(), |(user, generation)| Entry {
                user,
                generation: generation.0,
                seen: 0,
            })
        }));
        Self { live: saved.iter().flatten().count(), entries }
    }
}

impl Chunk {
    fn from_whole(whole: &[(UserKey, u16, u16)]) -> Self {
        let mut entries = Vec::with_capacity(CHUNK_ENTRIES);
        entries.extend(whole.iter().map(|(user, generation, seen)| Entry {
            user: *user,
            generation: *generation,
            seen: *seen,
        }));
        Self { live: whole.iter().filter(|(_, _, seen)| *seen != ENDED).count(), entries }
    }
}

impl Entry {
    const fn ended() -> Self {
        Self { user: UserKey([0; 16]), generation: 0, seen: ENDED }
    }
}

fn index_of(slot: u32) -> (usize, usize) {
    let slot = slot as usize;
    (slot / CHUNK_ENTRIES, slot % CHUNK_ENTRIES)
}

fn slot_of(place: Place) -> Option<u32> {
    u32::try_from(place.0.checked_sub(1)?).ok()
}

/// User keys are keyed hashes already: nobody can choose one to make others collide.
fn hash(user: UserKey) -> u64 {
    let number = u128::from_le_bytes(user.0);
    let folded = (number ^ (number >> 64)) & u128::from(u64::MAX);
    u64::try_from(folded).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u64) -> UserKey {
        UserKey((u128::from(n) * 0x1_0001_0001_0001_0001).to_le_bytes())
    }

    #[test]
    fn an_entry_has_twenty_bytes() {
        assert_eq!(size_of::<Entry>(), 20);
    }

    #[test]
    fn a_place_is_found_by_its_user_until_it_ends() {
        let mut register = Register::default();
        for n in 0..5_000 {
            assert_eq!(register.add(user(n), 0), Some(Place(n + 1)));
        }
        for n in (0..5_000).step_by(2) {
            register.end(Place(n + 1));
        }
        for n in 0..5_000 {
            let wanted = (n % 2 == 1).then_some(Place(n + 1));
            assert_eq!(register.find(user(n)), wanted);
        }
        assert_eq!((register.live(), register.issued()), (2_500, 5_000));
    }

    #[test]
    fn a_chunk_whose_users_have_all_ended_costs_nothing_and_goes_on_counting() {
        let mut register = Register::default();
        for n in 0..10 {
            register.add(user(n), 0);
            register.end(Place(n + 1));
        }
        assert!(register.chunks[0].is_none());
        assert_eq!(register.add(user(3), 0), Some(Place(11)));
        assert_eq!(register.find(user(3)), Some(Place(11)));
        assert_eq!(register.member(Place(4)), None);
    }

    #[test]
    fn an_image_does_not_change_when_the_register_does_and_restores_it() {
        let mut register = Register::default();
        for n in 0..3_000 {
            register.add(user(n), 0);
        }
        register.renew(Place(7));
        let saved = register.image().save(register.issued());
        let image = register.image();
        register.end(Place(7));
        assert_eq!(image.save(3_000).chunks, saved.chunks);
        let restored = Register::restore(&saved, 0);
        assert_eq!(restored.find(user(6)), Some(Place(7)));
        assert_eq!(restored.member(Place(7)).map(|m| m.generation), Some(Generation(1)));
        assert_eq!((restored.live(), restored.issued()), (3_000, 3_000));
    }
}
