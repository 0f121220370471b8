//! Where several instances write the entries of one waiting room in one order. It knows bytes,
//! their order and their time, nothing of what they mean: whoever reads them all in that order
//! comes to the same room.

use crate::Trouble;
use async_trait::async_trait;

/// Which of a room's two books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Book {
    /// What was asked of the room: from this the room follows.
    Asked(u32),
    /// Who was given which place, of a room that is kept elsewhere and may be lost there.
    Places(u32),
}

/// Keeps books that any number of instances write at once.
///
/// # Behavior
/// - `entries_have_one_order_for_all`: sequences 1, 2, 3, … without a gap, whoever writes; what is
///   read is never without what stands before it.
/// - `an_entry_is_read_by_everybody_once`, with its own answer the last, by the one who wrote it.
/// - `the_time_of_a_book_never_goes_back`: it is that of the place where the book is, the same for
///   all instances.
/// - `a_written_entry_survives_a_kill`: when a write has answered well, it is durable.
/// - `an_image_stands_for_what_it_covers`: whoever begins to read has the newest image and what
///   came after it; who read lately goes on with the entries.
/// - `a_large_image_is_whole`: of a million places it has 25 MB.
/// - `an_older_image_changes_nothing`.
#[async_trait]
pub trait RoomJournal: Send + Sync {
    /// Writes an entry, if there is one, and tells what stands after `since`, the new entry last.
    /// One round trip. On trouble it is not known whether it was written.
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble>;

    /// Keeps an image of what the entries up to a sequence come to. The entries that the image
    /// before this one covers are not needed any more.
    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble>;
}

/// What stands after a place in a book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Where to begin anew, for one who never read, or not for too long: the sequence up to which
    /// it stands for everything, and the image.
    pub image: Option<(u64, Vec<u8>)>,
    /// The entries, in their order.
    pub entries: Vec<Entry>,
}

/// An entry of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the order.
    pub sequence: u64,
    /// When it was written, in µs since 1970.
    pub at_us: i64,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl Book {
    /// A number that no other book has.
    pub fn number(self) -> i64 {
        match self {
            Self::Asked(room) => i64::from(room) * 2,
            Self::Places(room) => i64::from(room) * 2 + 1,
        }
    }
}

impl News {
    /// The sequence of the last entry, if anything is known of one.
    pub fn last(&self) -> Option<u64> {
        let of_image = self.image.as_ref().map(|(sequence, _)| *sequence);
        self.entries.last().map(|entry| entry.sequence).or(of_image)
    }

    /// Whether nothing is missing between `since` and what is told. A reader who went on while the
    /// entries were dropped begins anew.
    pub fn follows(&self, since: u64) -> bool {
        let before = self.image.as_ref().map_or(since, |(sequence, _)| *sequence);
        (before + 1..).zip(&self.entries).all(|(expected, entry)| expected == entry.sequence)
    }
}
