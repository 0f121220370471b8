//! Growth without end: memory and open files of the house, and its disk by what it was asked to keep.

use crate::audit::Finding;
use crate::history::{Event, History, Op, Window};
use crate::record::Record;
use crate::sampler::Sample;

/// What is watched: its name, how much of it there is, and how much more is no leak.
type Watched = (&'static str, fn(&Sample) -> u64, u64);

/// Files of a store grow in steps.
const DISK_STEP: u64 = 16 << 20;
/// What a command may leave on the disk for ever: its rows, its answer, what is told of it, and the
/// indexes over them.
const DISK_EACH: u64 = 8 << 10;

/// What the house has much more of at the end than after its first third, and had ever more of in
/// between.
pub(super) fn leaks(record: &Record) -> Vec<Finding> {
    let kinds: [Watched; 2] = [
        ("memory of the house, KiB", |sample| sample.memory_kib, 64 << 10),
        ("open files of the house", |sample| sample.files, 64),
    ];
    let samples = &record.seen.samples;
    let kinds = kinds.into_iter().filter_map(|(what, of, allowed)| {
        let (first, last) = grown(samples, of)?;
        // A fifth and a bit more is what caches and buffers may still take.
        let most = first + first / 5 + allowed;
        (last > most).then(|| Finding::Leak { what: what.to_owned(), first, last })
    });
    kinds.chain(disk(&record.history, samples)).collect()
}

/// The disk may grow with what was done, and no further.
fn disk(history: &History, samples: &[Sample]) -> Option<Finding> {
    let (first, last) = grown(samples, |sample| sample.disk_bytes)?;
    let (from_ns, to_ns) = grown(samples, |sample| sample.at_ns)?;
    let between = Window { from_ns, to_ns };
    let done = history.events.iter().filter(|event| is_kept(event) && between.has(event.ended_ns));
    let done = u64::try_from(done.count()).unwrap_or(u64::MAX);
    let allowed = DISK_STEP.saturating_add(done.saturating_mul(DISK_EACH));
    let what = format!("disk of the house, bytes, of which {done} commands may leave {allowed}");
    (last > first.saturating_add(allowed)).then_some(Finding::Leak { what, first, last })
}

/// Whether a request left something that is kept. What was not answered may have.
fn is_kept(event: &Event) -> bool {
    let is_command = !matches!(event.asked.op, Op::Read | Op::Poll | Op::Flow);
    is_command && (event.outcome.is_done() || event.outcome.is_open())
}

/// The medians of the second and of the last third.
fn grown(samples: &[Sample], of: fn(&Sample) -> u64) -> Option<(u64, u64)> {
    let third = samples.len() / 3;
    let parts = [third..third * 2, third * 2..samples.len()];
    let [middle, end] = parts.map(|part| {
        let mut values: Vec<u64> = samples.get(part)?.iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    });
    Some((middle?, end?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Asked, Outcome};

    const SECOND: u64 = 1_000_000_000;

    /// A minute and a half, looked at every second.
    fn watched(of: impl Fn(u64) -> Sample) -> Vec<Sample> {
        (0..90).map(|at| Sample { at_ns: at * SECOND, ..of(at) }).collect()
    }

    /// So many commands a second meanwhile.
    fn history(each: u64) -> History {
        let event = |number: u64| Event {
            number,
            asked: Asked { op: Op::Charge, ..Asked::default() },
            ended_ns: number * SECOND / each,
            outcome: Outcome::Done { named: 0, value: 0 },
            ..Event::default()
        };
        let window = Window { from_ns: 0, to_ns: 90 * SECOND };
        History { events: (0..90 * each).map(event).collect(), window }
    }

    fn found(samples: Vec<Sample>, each: u64) -> Vec<String> {
        let mut record = crate::reports::tests::second(&Outcome::Unknown);
        record.history = history(each);
        record.seen.samples = samples;
        let whats = leaks(&record).into_iter().map(|finding| match finding {
            Finding::Leak { what, .. } => what.split(' ').next().unwrap_or_default().to_owned(),
            other => other.kind().to_owned(),
        });
        whats.collect()
    }

    #[test]
    fn what_grows_without_end_is_a_leak_and_what_stays_is_none() {
        let memory = |by: u64| {
            watched(move |at| Sample { memory_kib: 200_000 + at * by, ..Sample::default() })
        };
        assert_eq!(found(memory(100), 1), [""; 0]);
        assert_eq!(found(memory(10_000), 1), ["memory"]);
        let files =
            |by: u64| watched(move |at| Sample { files: 50 + at * by, ..Sample::default() });
        assert_eq!(found(files(1), 1), [""; 0]);
        assert_eq!(found(files(5), 1), ["open"]);
    }

    #[test]
    fn a_disk_may_grow_with_what_was_done_and_no_further() {
        let disk = |by: u64| {
            watched(move |at| Sample { disk_bytes: (5 << 30) + at * by, ..Sample::default() })
        };
        // A mebibyte a second: for 200 commands it is what they leave, for ten it is not.
        assert_eq!(found(disk(1 << 20), 200), [""; 0]);
        assert_eq!(found(disk(1 << 20), 10), ["disk"]);
        assert_eq!(found(disk(0), 1), [""; 0]);
    }
}
