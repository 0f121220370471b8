//! Where a waiting room keeps its history, so that it outlives the process. It knows bytes and
//! their order, nothing of what they mean.

use crate::Trouble;
use async_trait::async_trait;

/// Keeps the histories of waiting rooms. One process writes a room at a time.
///
/// # Behavior
/// - `a_room_never_heard_of_has_an_empty_history`.
/// - `batches_are_loaded_in_the_order_of_their_sequence`, each once.
/// - `an_appended_batch_survives_a_kill`: when append has answered well, it is durable.
/// - `appending_a_sequence_again_changes_nothing`: it answers well and keeps the first bytes, so
///   that an append of unknown outcome can be tried again.
/// - `a_checkpoint_replaces_what_it_covers`: the batches up to its sequence and older checkpoints
///   are not loaded any more, later batches are; all of it or nothing.
/// - `an_older_checkpoint_changes_nothing`.
#[async_trait]
pub trait RoomLog: Send + Sync {
    /// What is known of a room.
    async fn load(&self, room: u32) -> Result<RoomHistory, Trouble>;

    /// Keeps a batch of records. Sequences of a room are 1, 2, 3, …
    async fn append(&self, room: u32, sequence: u64, records: Vec<u8>) -> Result<(), Trouble>;

    /// Keeps an image of the room as it was after the batch of that sequence.
    async fn checkpoint(&self, room: u32, sequence: u64, image: Vec<u8>) -> Result<(), Trouble>;
}

/// What is known of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomHistory {
    /// The newest checkpoint.
    pub checkpoint: Option<Vec<u8>>,
    /// The batches after it.
    pub batches: Vec<Vec<u8>>,
    /// The sequence of the last batch that is in either; 0 for none.
    pub sequence: u64,
}
