//! The rules of the room by name, so that a test can break one and show the harm. Outside tests
//! nothing can break them and the question costs nothing.

/// A rule that something depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A slot is taken from the call on, not from the claim on.
    CalledTakesSlot,
    /// Only ripe places are admitted.
    OnlyRipe,
    /// Only present users are admitted.
    OnlyPresent,
    /// A user who joins again has the same place.
    RejoinKeepsPlace,
    /// A user has one pass.
    OnePassPerUser,
    /// Every admission spends credit.
    CreditIsSpent,
    /// Admission takes the smallest place first.
    SmallestFirst,
    /// After a stall everybody is given the time to come back.
    RestAfterStall,
    /// A claim that lapsed keeps its place.
    LapseKeepsPlace,
    /// A new pace waits until older promises are over.
    OldPromisesHold,
    /// A token of an older generation is void.
    GenerationCounts,
    /// What a pass can be extended to counts from its call.
    ExtensionsEnd,
}

/// Which rules hold: all, but in a test that breaks some.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    broken: &'static [Rule],
}

impl Rules {
    pub(crate) fn hold(self, rule: Rule) -> bool {
        !self.broken.contains(&rule)
    }

    #[cfg(test)]
    pub(crate) fn without(broken: &'static [Rule]) -> Self {
        Self { broken }
    }
}
