//! A room log in memory: for tests, and for rooms whose line may be lost with the process. It can
//! be told to fail, as a disk does.

use crate::ports::room_log::{RoomHistory, RoomLog};
use crate::{Trouble, TroubleKind};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Histories in memory.
#[derive(Debug, Default)]
pub struct MemoryRoomLog {
    rooms: Mutex<HashMap<u32, Kept>>,
    is_failing: AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    checkpoint: Option<(u64, Vec<u8>)>,
    batches: BTreeMap<u64, Vec<u8>>,
}

impl MemoryRoomLog {
    /// Makes everything fail from now on, or work again.
    pub fn set_failing(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::SeqCst);
    }

    fn with<T>(&self, room: u32, act: impl FnOnce(&mut Kept) -> T) -> Result<T, Trouble> {
        if self.is_failing.load(Ordering::SeqCst) {
            let detail = "the memory log was told to fail";
            return Err(Trouble::new(TroubleKind::Unavailable, "room log", detail));
        }
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(act(rooms.entry(room).or_default()))
    }
}

#[async_trait]
impl RoomLog for MemoryRoomLog {
    async fn load(&self, room: u32) -> Result<RoomHistory, Trouble> {
        self.with(room, |kept| {
            let covered = kept.checkpoint.as_ref().map_or(0, |(sequence, _)| *sequence);
            RoomHistory {
                checkpoint: kept.checkpoint.as_ref().map(|(_, image)| image.clone()),
                batches: kept.batches.values().cloned().collect(),
                sequence: kept.batches.keys().next_back().copied().unwrap_or(covered),
            }
        })
    }

    async fn append(&self, room: u32, sequence: u64, records: Vec<u8>) -> Result<(), Trouble> {
        self.with(room, |kept| {
            let covered = kept.checkpoint.as_ref().map_or(0, |(covered, _)| *covered);
            if sequence > covered {
                kept.batches.entry(sequence).or_insert(records);
            }
        })
    }

    async fn checkpoint(&self, room: u32, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        self.with(room, |kept| {
            if kept.checkpoint.as_ref().is_none_or(|(covered, _)| *covered < sequence) {
                kept.batches = kept.batches.split_off(&(sequence + 1));
                kept.checkpoint = Some((sequence, image));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_fails_when_it_is_told_to_and_forgets_nothing() {
        let log = MemoryRoomLog::default();
        log.append(1, 1, vec![1]).await.unwrap();
        log.set_failing(true);
        assert!(log.load(1).await.is_err_and(|trouble| trouble.is_temporary()));
        assert!(log.append(1, 2, vec![2]).await.is_err());
        log.set_failing(false);
        assert_eq!(log.load(1).await.unwrap().batches, [[1]]);
    }
}
