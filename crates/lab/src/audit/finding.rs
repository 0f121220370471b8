//! What an audit finds, and whose answers do not count for it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Acknowledged, and not there.
    Lost {
        /// Which request.
        request: u64,
        /// What it was told.
        acknowledged: String,
    },
    /// Asked once, there more than once.
    Twice {
        /// Which request.
        request: u64,
        /// What is there.
        found: Vec<String>,
    },
    /// Two requests were told that the same thing is theirs.
    Shared {
        /// Which requests.
        requests: [u64; 2],
        /// What both were told.
        acknowledged: String,
    },
    /// Done, and refused when it was asked for again under the same key.
    TakenBack {
        /// Which request.
        request: u64,
        /// The number that it was told first.
        acknowledged: u64,
        /// What it was told then.
        refused: String,
    },
    /// There, and nobody asked for it.
    Foreign {
        /// What is there.
        found: String,
    },
    /// There, though the request was refused or never sent.
    Unacknowledged {
        /// Which request.
        request: u64,
        /// What is there.
        found: String,
    },
    /// There, and not what was asked or acknowledged.
    Different {
        /// Which request.
        request: u64,
        /// What is there.
        found: String,
        /// What should be.
        wanted: String,
    },
    /// More than one live reservation has the seat.
    SoldTwice {
        /// Which seat.
        seat: String,
        /// Whose.
        reservations: Vec<String>,
        /// The requests that were told so; those whose reservation nobody was told of are not there.
        #[serde(default)]
        requests: Vec<u64>,
    },
    /// Two ways to count, two results.
    Miscounted {
        /// What is counted.
        what: String,
        /// What the house says.
        said: i64,
        /// What is there.
        counted: i64,
    },
    /// The returned balances are those of no order of the requests, or of none that respects
    /// which answer was there before which request was sent.
    Disordered {
        /// Which request.
        request: u64,
        /// The balance that it was told.
        balance: i64,
    },
    /// More is held and sold than there is.
    Oversold {
        /// Of what.
        what: String,
        /// How many there are.
        capacity: i64,
        /// How many are somebody's.
        live: i64,
        /// Those that were told so when there was nothing left, the first come first.
        #[serde(default)]
        requests: Vec<u64>,
    },
    /// What was answered about one thing has no order that it could have had.
    NoOrder {
        /// Of what.
        what: String,
        /// How many answers the longest order has.
        longest: usize,
        /// The requests of which none can come next; nothing where it is what was found at the end.
        stuck: Vec<u64>,
    },
    /// A seat was refused though nobody's hold was alive.
    HeldPastExpiry {
        /// Which request.
        request: u64,
        /// What is in the way.
        reservation: String,
    },
    /// A hold was said to be over that cannot have been.
    EndedEarly {
        /// Which request was told so.
        request: u64,
        /// Of which hold.
        reservation: String,
    },
    /// A hold was acknowledged and ended before its time, though nobody gave it up.
    EndedUnasked {
        /// Which request was told of the hold.
        request: u64,
        /// Which hold.
        reservation: String,
        /// What became of it.
        found: String,
    },
    /// Something is sold, and nobody paid for it.
    SoldUnpaid {
        /// What is sold.
        reservation: String,
        /// The requests that were told of it, and those that were to pay for it and did not.
        requests: Vec<u64>,
    },
    /// Money was taken and there is no ticket for it.
    PaidForNothing {
        /// Which payment.
        payment: String,
        /// What for.
        reservation: String,
        /// What became of that.
        found: String,
        /// The requests that were told of the payment.
        #[serde(default)]
        requests: Vec<u64>,
    },
    /// Somebody stands before one who had his place already.
    Overtaken {
        /// Whose place came first.
        request: u64,
        /// Which place that was.
        place: u64,
        /// Who came later.
        by: u64,
        /// With which place.
        with: u64,
    },
    /// More than there may be.
    BeyondLimit {
        /// Of what.
        what: String,
        /// The limit.
        limit: i64,
        /// How many there were.
        counted: i64,
        /// The requests with which it went beyond.
        #[serde(default)]
        requests: Vec<u64>,
    },
    /// A house uses ever more of something.
    Leak {
        /// Of what.
        what: String,
        /// At the beginning, behind the warm-up.
        first: u64,
        /// At the end.
        last: u64,
    },
    /// Transactions that wait for each other in a circle of dependencies.
    Cycle {
        /// Which anomaly, as Adya calls it.
        class: String,
        /// The circle: what wrote or read what before what.
        path: Vec<String>,
    },
    /// Nobody succeeded: what nobody gets is not sold right, it is not sold.
    NobodySucceeded {
        /// In which act.
        act: String,
    },
    /// A house of our own ended badly.
    EndedBadly,
}

impl Finding {
    /// The requests that it takes the credit from.
    pub(crate) fn requests(&self) -> Vec<u64> {
        match self {
            Self::Lost { request, .. }
            | Self::Twice { request, .. }
            | Self::TakenBack { request, .. }
            | Self::Unacknowledged { request, .. }
            | Self::Different { request, .. }
            | Self::HeldPastExpiry { request, .. }
            | Self::EndedEarly { request, .. }
            | Self::EndedUnasked { request, .. }
            | Self::Disordered { request, .. } => vec![*request],
            Self::Overtaken { by, .. } => vec![*by],
            Self::Shared { requests, .. } => requests.to_vec(),
            Self::NoOrder { stuck, .. } => stuck.clone(),
            Self::SoldTwice { requests, .. }
            | Self::Oversold { requests, .. }
            | Self::PaidForNothing { requests, .. }
            | Self::SoldUnpaid { requests, .. }
            | Self::BeyondLimit { requests, .. } => requests.clone(),
            // What nobody asked for, counts that are off, circles of transactions and a whole house
            // are nobody's answer.
            Self::Foreign { .. }
            | Self::Miscounted { .. }
            | Self::Leak { .. }
            | Self::Cycle { .. }
            | Self::NobodySucceeded { .. }
            | Self::EndedBadly => Vec::new(),
        }
    }

    /// What kind it is, as it is counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost",
            Self::Twice { .. } => "applied twice",
            Self::Shared { .. } => "told to two",
            Self::TakenBack { .. } => "taken back",
            Self::Foreign { .. } => "foreign",
            Self::Unacknowledged { .. } => "unacknowledged",
            Self::Different { .. } => "different",
            Self::SoldTwice { .. } => "sold twice",
            Self::Miscounted { .. } => "miscounted",
            Self::Disordered { .. } => "balances in no order",
            Self::Oversold { .. } => "oversold",
            Self::NoOrder { .. } => "not linearizable",
            Self::HeldPastExpiry { .. } => "held past expiry",
            Self::EndedEarly { .. } => "ended early",
            Self::EndedUnasked { .. } => "ended unasked",
            Self::SoldUnpaid { .. } => "sold unpaid",
            Self::PaidForNothing { .. } => "charged without ticket",
            Self::Overtaken { .. } => "overtaken",
            Self::BeyondLimit { .. } => "beyond a limit",
            Self::Leak { .. } => "leak",
            Self::Cycle { .. } => "not serializable",
            Self::NobodySucceeded { .. } => "nobody succeeded",
            Self::EndedBadly => "ended badly",
        }
    }
}

/// So many requests are said of those that a finding names.
const SAID_MAX: usize = 8;

/// The requests of a finding, as they are said behind it.
struct Requests<'a>(&'a [u64]);

impl fmt::Display for Requests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = self.0.iter().take(SAID_MAX).map(u64::to_string).collect();
        match self.0.len() {
            0 => Ok(()),
            1 => write!(f, " (request {})", said[0]),
            many if many > SAID_MAX => {
                write!(f, " (requests {}, and {} more)", said.join(", "), many - SAID_MAX)
            }
            _ => write!(f, " (requests {})", said.join(", ")),
        }
    }
}

/// Where an order ends, behind so many answers.
struct Stuck<'a>(usize, &'a [u64]);

impl fmt::Display for Stuck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(longest, []) => {
                write!(f, "what was found at the end cannot come behind {longest} answers")
            }
            Self(longest, stuck) => {
                write!(f, "behind {longest} answers none of {stuck:?} can come")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.say(f)?;
        match self {
            Self::SoldTwice { requests, .. }
            | Self::Oversold { requests, .. }
            | Self::PaidForNothing { requests, .. }
            | Self::SoldUnpaid { requests, .. }
            | Self::BeyondLimit { requests, .. } => Requests(requests).fmt(f),
            // The others have said theirs, or have none.
            _ => Ok(()),
        }
    }
}

impl Finding {
    /// What is wrong, without a list of the requests.
    fn say(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { request, acknowledged } => {
                write!(f, "lost: request {request} was told {acknowledged}, which is not there")
            }
            Self::Twice { request, found } => {
                write!(f, "twice: request {request} is there as {}", found.join(", "))
            }
            Self::Shared { requests: [one, other], acknowledged } => {
                write!(f, "shared: requests {one} and {other} were both told {acknowledged}")
            }
            Self::TakenBack { request, acknowledged, refused } => write!(
                f,
                "taken back: request {request} was told {acknowledged}, and {refused} when it asked again"
            ),
            Self::Foreign { found } => write!(f, "foreign: nobody asked for {found}"),
            Self::Unacknowledged { request, found } => {
                write!(f, "unacknowledged: request {request} was refused, {found} is there")
            }
            Self::Different { request, found, wanted } => {
                write!(f, "different: request {request} is there as {found}, not as {wanted}")
            }
            Self::SoldTwice { seat, reservations, .. } => {
                write!(f, "sold twice: {seat} is in {}", reservations.join(", "))
            }
            Self::Miscounted { what, said, counted } => {
                write!(f, "miscounted: {what}: the house says {said}, there are {counted}")
            }
            Self::Disordered { request, balance } => {
                write!(f, "disordered: request {request} was told a balance of {balance}")
            }
            Self::Oversold { what, capacity, live, .. } => {
                write!(f, "oversold: {live} of {what} are somebody's, of {capacity}")
            }
            Self::NoOrder { what, longest, stuck } => {
                write!(f, "not linearizable: {what}: {}", Stuck(*longest, stuck))
            }
            Self::HeldPastExpiry { request, reservation } => {
                write!(f, "held past expiry: request {request} was refused for {reservation}")
            }
            Self::EndedEarly { request, reservation } => {
                write!(f, "ended early: request {request} was told that {reservation} is over")
            }
            Self::EndedUnasked { request, reservation, found } => {
                write!(
                    f,
                    "ended unasked: request {request} was told {reservation}, {found} too early"
                )
            }
            Self::SoldUnpaid { reservation, .. } => {
                write!(f, "sold unpaid: nobody paid for {reservation}")
            }
            Self::PaidForNothing { payment, reservation, found, .. } => {
                write!(f, "charged without ticket: {payment} for {reservation}, which is {found}")
            }
            Self::Overtaken { request, place, by, with } => {
                write!(f, "overtaken: request {request} had place {place} when {by} got {with}")
            }
            Self::BeyondLimit { what, limit, counted, .. } => {
                write!(f, "beyond a limit: {what}: {counted}, and {limit} may be")
            }
            Self::Leak { what, first, last } => {
                write!(f, "leak: {what} grew from {first} to {last}")
            }
            Self::Cycle { class, path } => {
                write!(f, "not serializable: {class}: {}", path.join(" -> "))
            }
            Self::NobodySucceeded { act } => write!(f, "nobody succeeded in {act}"),
            Self::EndedBadly => f.write_str("a house did not end well; see its log"),
        }
    }
}
