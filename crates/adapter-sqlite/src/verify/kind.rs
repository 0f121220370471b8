//! The kinds of findings of the walk, each with the words that it begins with. A test plants one
//! defect at least for every kind there is.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal;)*) => {
        /// A kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub(super) const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What a finding of this kind begins with.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// SQLite's own check of a file.
    DamagedPage = "a damaged page";
    /// A body that is not what its table keeps.
    Unreadable = "a row that cannot be read";
    /// A column beside a body that says otherwise.
    Column = "a column that is not what its row says";

    HeldTwice = "two live holds of one seat";
    SoldTwice = "a seat sold twice";
    HeldAndSold = "a live hold of a sold seat";
    SeatElsewhere = "a live item whose seat says otherwise";
    SeatUntil = "a seat held until another time than its reservation";
    SeatOfNobody = "a taken seat that is nobody's item";
    SeatOfOtherShow = "an item of another show";
    SeatOutsidePlan = "a seat outside its show's plan";
    PlanWithoutSeat = "a planned seat that does not exist";

    StockCount = "a stock that is not the sum of its items";
    StockUnknown = "items of a ticket type that does not exist";
    Quota = "a quota that is not the sum of its items";

    SoldUnpaid = "tickets without a payment of their own";
    PaymentKeeps = "a payment that keeps another sum than its tickets cost";
    PaymentOfOther = "a payment that its reservation does not know";
    PaymentNotTaken = "a payment from a wallet without its use";
    TakenForNothing = "money of a wallet that was taken for nothing";
    MoneyKept = "money without a ticket that does not go back";
    PinAstray = "a pinned reservation that is not being paid, or paid twice";

    PassGoesOn = "a pass that a payment did not end";
    PassUntold = "an ended pass that nobody was told of";
    PassNotEnded = "a pass told as ended that is not";

    EntryUntold = "an entry that nobody was told of";
    EntryMissing = "a movement told without its entry";
    RunningBalance = "a balance that was negative in between";
    RunningSum = "a wallet that is not where its movements lead";
    EventGap = "a gap in what was told of a row";
    EventsEnd = "a change that nobody was told of";

    AnsweredTwice = "a command answered twice";
    AnswerWithoutRow = "an answer whose outcome is not there";
    AnswerBalance = "an answer with a balance that never was";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
