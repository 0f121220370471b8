//! From where a group goes on: what is wished for becomes an offset of each lane, or is refused as a whole.
//!
//! A group that is told an offset which is not kept begins at the beginning, with all that was ended
//! long ago, and says nothing of it. So none is told one.

use crate::options::KafkaOptions;
use crate::producer::Log;
use admitone_app::ports::queues::Start;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};
use std::ops::RangeInclusive;

/// All lanes, without offsets.
pub(crate) fn partitions(options: &KafkaOptions) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for lane in 0..options.lanes {
        list.add_partition(&options.topic(), i32::from(lane));
    }
    list
}

/// Moves a group that nobody is in; why not, where it cannot go there: then it stays in all lanes.
pub(crate) fn move_group(options: &KafkaOptions, start: &Start) -> KafkaResult<Result<(), String>> {
    let client: BaseConsumer<Log> = options.consumer().create_with_context(Log)?;
    let mut kept = Vec::new();
    for lane in 0..options.lanes {
        let (topic, number) = (options.topic(), i32::from(lane));
        let (begin, next) = client.fetch_watermarks(&topic, number, options.patience)?;
        kept.push(begin..=next);
    }
    let places = match start {
        Start::Beginning => whole(&kept, |kept| *kept.start()),
        Start::End => whole(&kept, |kept| *kept.end()),
        Start::Since(moment) => since(options, &client, (moment.0.div_euclid(1_000), &kept))?,
        Start::Offset(offset) => whole(&kept, |_| signed(*offset)),
        Start::Offsets(offsets) => {
            offsets.iter().map(|(lane, offset)| (lane.0, signed(*offset))).collect()
        }
    };
    if let Some(why) = refusal(&kept, &places) {
        return Ok(Err(why));
    }
    let mut list = TopicPartitionList::new();
    for (lane, offset) in places {
        list.add_partition_offset(&options.topic(), i32::from(lane), Offset::Offset(offset))?;
    }
    client.commit(&list, CommitMode::Sync).map(Ok)
}

/// From its first offset to the one that the next job gets.
type Kept = RangeInclusive<i64>;

fn whole(kept: &[Kept], of: impl Fn(&Kept) -> i64) -> Vec<(u16, i64)> {
    (0..).zip(kept.iter().map(of)).collect()
}

/// No log is as long.
fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// What came since a moment, in milliseconds since 1970; where nothing did, what comes next.
fn since(
    options: &KafkaOptions,
    client: &BaseConsumer<Log>,
    (moment_ms, kept): (i64, &[Kept]),
) -> KafkaResult<Vec<(u16, i64)>> {
    let mut asked = partitions(options);
    asked.set_all_offsets(Offset::Offset(moment_ms))?;
    let found = client.offsets_for_times(asked, options.patience)?;
    let of = |(lane, kept): (u16, &Kept)| {
        let place = found.find_partition(&options.topic(), i32::from(lane));
        match place.map(|place| place.offset()) {
            Some(Offset::Offset(offset)) => (lane, offset),
            _ => (lane, *kept.end()),
        }
    };
    Ok((0..).zip(kept).map(of).collect())
}

/// What stands against going on at these places.
fn refusal(kept: &[Kept], places: &[(u16, i64)]) -> Option<String> {
    let wrong = places.iter().filter_map(|(lane, offset)| match kept.get(usize::from(*lane)) {
        None => Some(format!("there is no lane {lane}, they are 0 to {}", kept.len() - 1)),
        Some(kept) if kept.contains(offset) => None,
        Some(kept) => Some(format!(
            "lane {lane} has the offsets {} to {} (the next job's), and {offset} is none of them",
            kept.start(),
            kept.end()
        )),
    });
    let wrong: Vec<String> = wrong.collect();
    (!wrong.is_empty()).then(|| format!("nothing was moved: {}", wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_on_where_nothing_is_kept_is_told_what_is() {
        let kept = [5..=9, 0..=0];
        assert_eq!(refusal(&kept, &[(0, 5), (1, 0)]), None);
        assert_eq!(refusal(&kept, &[(0, 9)]), None, "with the next that comes");
        let said = refusal(&kept, &[(0, 4), (1, 1), (2, 0)]).unwrap();
        for part in
            ["lane 0 has the offsets 5 to 9", "and 4 is", "lane 1", "no lane 2, they are 0 to 1"]
        {
            assert!(said.contains(part), "{said}");
        }
    }
}
