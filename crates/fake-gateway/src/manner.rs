//! How a payment goes: written in its key, in words with dots between them, the last of which only
//! makes it another key. `delay-500.silent.7` is taken half a second later and not answered.

/// How a payment goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manner {
    /// `delay-MS`: every answer takes so long.
    pub delay_ms: u64,
    /// `decline-CODE`: nothing is taken, with this code.
    pub decline: Option<String>,
    /// `silent`: the money is taken, and the connection closed without an answer.
    pub is_silent: bool,
    /// `lost-N`: the first so many confirmations are not answered, and nothing is taken.
    pub lost: u32,
    /// `trouble-N`: the first so many questions are answered with 500.
    pub trouble: u32,
    /// `twice`: whoever listens is told everything twice.
    pub is_told_twice: bool,
    /// `late-MS`: it is declined, and taken so long after that all the same.
    pub late_ms: Option<u64>,
    /// `kept`: it is never given back.
    pub is_kept: bool,
    /// `quiet-N`: the money is given back, and the first so many cancellations are not answered.
    pub quiet: u32,
    /// `more-N`: so much more is taken than was asked for.
    pub more: i64,
}

impl Manner {
    /// What a key says.
    pub fn of(key: &str) -> Self {
        let mut manner = Self::default();
        let words = key.rsplit_once('.').map_or("", |(words, _)| words);
        for word in words.split('.').filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('-').unwrap_or((word, ""));
            let count = || value.parse().unwrap_or(1);
            match name {
                "delay" => manner.delay_ms = value.parse().unwrap_or(0),
                "decline" => manner.decline = Some(value.to_owned()),
                "silent" => manner.is_silent = true,
                "lost" => manner.lost = count(),
                "trouble" => manner.trouble = count(),
                "twice" => manner.is_told_twice = true,
                "late" => manner.late_ms = Some(value.parse().unwrap_or(0)),
                "kept" => manner.is_kept = true,
                "quiet" => manner.quiet = count(),
                "more" => manner.more = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        manner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_how_its_payment_goes() {
        assert_eq!(Manner::of("plain"), Manner::default());
        assert_eq!(Manner::of("silent"), Manner::default(), "the last word is only a name");
        let slow = Manner { delay_ms: 500, is_silent: true, ..Manner::default() };
        assert_eq!(Manner::of("delay-500.silent.7"), slow);
        let declined = Manner { decline: Some("REJECT_CARD_COMPANY".into()), ..Manner::default() };
        assert_eq!(Manner::of("decline-REJECT_CARD_COMPANY.a"), declined);
        assert_eq!((Manner::of("lost.a").lost, Manner::of("lost-3.a").lost), (1, 3));
    }
}
