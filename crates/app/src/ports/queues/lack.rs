//! What kinds of queues have not, and why: sentences that travel as they are, and that a page knows again
//! to say them in the language of who looks.

/// What a kind of queue has not that others have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The channel of an instance shows what waits there alone.
    ChannelElsewhere,
    /// Nothing in a channel is put away.
    ChannelAway,
    /// Nothing is done about a channel.
    ChannelActs,
    /// A log gives no single job up.
    LogDrop,
    /// A log knows no pause.
    LogPause,
    /// A job that is given back waits where it is.
    Delayed,
    /// RabbitMQ shows nothing that waits.
    RabbitLook,
    /// RabbitMQ does not say since when.
    RabbitOldest,
    /// RabbitMQ counts what runs for its administrator.
    RabbitRunning,
    /// RabbitMQ knows no pause.
    RabbitPause,
    /// Where jobs have no offsets.
    Offsets,
}

impl Lack {
    /// All there are.
    pub const ALL: [Self; 11] = [
        Self::ChannelElsewhere,
        Self::ChannelAway,
        Self::ChannelActs,
        Self::LogDrop,
        Self::LogPause,
        Self::Delayed,
        Self::RabbitLook,
        Self::RabbitOldest,
        Self::RabbitRunning,
        Self::RabbitPause,
        Self::Offsets,
    ];

    /// What it is called where words are looked up.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChannelElsewhere => "channel_elsewhere",
            Self::ChannelAway => "channel_away",
            Self::ChannelActs => "channel_acts",
            Self::LogDrop => "log_drop",
            Self::LogPause => "log_pause",
            Self::Delayed => "delayed",
            Self::RabbitLook => "rabbit_look",
            Self::RabbitOldest => "rabbit_oldest",
            Self::RabbitRunning => "rabbit_running",
            Self::RabbitPause => "rabbit_pause",
            Self::Offsets => "offsets",
        }
    }

    /// The sentence, as reports have it.
    pub const fn said(self) -> &'static str {
        match self {
            Self::ChannelElsewhere => {
                "Only what waits in this instance is shown: each instance has a channel of its own, in its memory."
            }
            Self::ChannelAway => {
                "Nothing is delayed, tried again or put away: whoever asks waits for the answer, and asks again."
            }
            Self::ChannelActs => {
                "It is not looked into, paused, drained or started anew: what waits in memory waits for milliseconds, \
                 and somebody waits for each answer."
            }
            Self::LogDrop => {
                "Drop: a topic is a log, of which no single job that waits can be taken out. Pause the queue, and drain \
                 it or start it anew behind the job."
            }
            Self::LogPause => {
                "a topic knows no pause: where a book of queues is kept its word is obeyed"
            }
            Self::Delayed => {
                "Delayed: a job that is given back waits in the worker that has it, among those that run."
            }
            Self::RabbitLook => {
                "Looking into it, and drop: RabbitMQ shows jobs that wait by delivering them, so only those that were put \
                 away are shown, retried and dropped. What waits can be drained."
            }
            Self::RabbitOldest => "Oldest: RabbitMQ does not say since when a job waits.",
            Self::RabbitRunning => {
                "Running: what the workers of this process have; RabbitMQ tells the rest to its administrator only."
            }
            Self::RabbitPause => {
                "RabbitMQ knows no pause: where a book of queues is kept its word is obeyed"
            }
            Self::Offsets => {
                "only a log has offsets, as Kafka keeps one of each lane: here there are none to go on from"
            }
        }
    }

    /// The lack that a sentence of a report says, if this house knows it.
    pub fn of(said: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lack| lack.said() == said)
    }

    /// What of these a report has.
    pub fn all_of(lacks: &[Self]) -> Vec<String> {
        lacks.iter().map(|lack| lack.said().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_is_known_again_by_its_sentence() {
        for lack in Lack::ALL {
            assert_eq!(Lack::of(lack.said()), Some(lack));
        }
        assert_eq!(Lack::of("Something else."), None);
    }
}
