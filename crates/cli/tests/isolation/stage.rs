//! Plays an interleaving: a connection and a thread for each transaction, and nobody waits for
//! ever. A step that does not return at once waits for a lock; its transaction's next steps queue
//! up behind it while the others go on.

use crate::interleavings::Interleaving;
use crate::servers::{Level, Place, Row, Server};
use admitone_conformance::stood_still::Span;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A step that takes longer waits for somebody, unless the machine did not let it go on.
const AT_ONCE: Duration = Duration::from_millis(500);
/// Nothing takes longer: the servers find circles by themselves, and who holds a lock goes on.
const AT_MOST: Duration = Duration::from_secs(30);
/// So often it is looked how long a step takes by now.
const LOOK: Duration = Duration::from_millis(50);
/// Nothing has more transactions.
const TRANSACTIONS: usize = 3;

/// What became of an interleaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The harm was there.
    Happens,
    /// A transaction was refused.
    Refused,
    /// Somebody waited until another had ended.
    Waited,
    /// Everybody went on, and the harm was not there.
    Kept,
}

/// What the transactions have seen.
#[derive(Default)]
pub(crate) struct Seen {
    reads: Vec<(usize, Vec<Row>)>,
    committed: Vec<usize>,
    refused: Vec<(usize, String)>,
    finally: Vec<Row>,
}

impl Seen {
    /// What a transaction has read, in its order.
    pub(crate) fn reads(&self, who: usize) -> impl Iterator<Item = &Vec<Row>> {
        self.reads.iter().filter(move |(reader, _)| *reader == who).map(|(_, rows)| rows)
    }

    pub(crate) fn has_read(&self, who: usize, row: Row) -> bool {
        self.reads(who).any(|rows| rows.contains(&row))
    }

    pub(crate) fn has_committed(&self, who: usize) -> bool {
        self.committed.contains(&who)
    }

    /// Whether this is what the table holds at last.
    pub(crate) fn ends(&self, rows: &[Row]) -> bool {
        self.finally == rows
    }
}

/// Where the transactions meet.
#[derive(Default)]
struct Stage {
    state: Mutex<(Seen, usize)>,
    went_on: Condvar,
}

impl Stage {
    /// Waits until no step is under way, or for so long; whether none is.
    fn is_quiet(&self, within: Duration) -> bool {
        let is_busy = |state: &mut (Seen, usize)| state.1 > 0;
        let (begun, mut state) = (Span::begin(), self.state.lock().unwrap());
        while state.1 > 0 && begun.elapsed() < within {
            state = self.went_on.wait_timeout_while(state, LOOK, is_busy).unwrap().0;
        }
        state.1 == 0
    }

    fn done(&self, note: impl FnOnce(&mut Seen)) {
        let mut state = self.state.lock().unwrap();
        note(&mut state.0);
        state.1 -= 1;
        self.went_on.notify_all();
    }
}

/// Plays it at a level of a server.
pub(crate) fn play(server: Server, level: &Level, one: &Interleaving) -> Outcome {
    let place = server.place();
    let stage = Arc::new(Stage::default());
    let (voices, threads): (Vec<Sender<&'static str>>, Vec<_>) = (1..=TRANSACTIONS)
        .map(|who| {
            let (voice, steps) = channel();
            let (stage, place, level) = (Arc::clone(&stage), place.clone(), *level);
            (voice, std::thread::spawn(move || transact(who, &place, &level, &steps, &stage)))
        })
        .unzip();
    let mut has_waited = false;
    for (who, sql) in one.steps {
        stage.state.lock().unwrap().1 += 1;
        voices[who - 1].send(sql).unwrap();
        has_waited |= !stage.is_quiet(AT_ONCE);
    }
    assert!(stage.is_quiet(AT_MOST), "{} at {} never ended", one.name, level.name);
    drop(voices);
    for thread in threads {
        thread.join().unwrap();
    }
    let mut told = stage.state.lock().unwrap();
    let seen = &mut told.0;
    seen.finally =
        place.connect().run("SELECT id, value FROM pairs ORDER BY id").expect("the last look");
    for (who, why) in &seen.refused {
        println!("{} {}, {}: {who} refused: {why}", server.name(), level.name, one.name);
    }
    match (one.has_happened)(seen) {
        true => Outcome::Happens,
        false if !seen.refused.is_empty() => Outcome::Refused,
        false if has_waited => Outcome::Waited,
        false => Outcome::Kept,
    }
}

/// One transaction. Once refused, it is rolled back and over.
fn transact(
    who: usize,
    place: &Place,
    level: &Level,
    steps: &Receiver<&'static str>,
    stage: &Stage,
) {
    let mut session = place.connect();
    for sql in level.session {
        session.run(sql).expect("the level can be set");
    }
    let mut first = Some(level.begin);
    let mut is_over = false;
    for sql in steps {
        if is_over {
            stage.done(|_| ());
            continue;
        }
        let begun = first.take().map_or(Ok(Vec::new()), |begin| session.run(begin));
        match begun.and_then(|_| session.run(sql)) {
            Ok(rows) => stage.done(|seen| match sql {
                "COMMIT" => seen.committed.push(who),
                _ if sql.starts_with("SELECT") => seen.reads.push((who, rows)),
                _ => {}
            }),
            Err(why) => {
                is_over = true;
                // Whether anything is left to roll back differs from server to server.
                drop(session.run("ROLLBACK"));
                stage.done(|seen| seen.refused.push((who, why)));
            }
        }
    }
}
