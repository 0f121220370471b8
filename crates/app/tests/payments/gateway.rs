//! A gateway that is no part of the house: it keeps its own ledger, and a process that is dead
//! hears nothing from it any more.

use crate::world::Fuse;
use admitone_app::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_domain::Money;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// How a payment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Manner {
    /// Nothing is taken.
    pub(crate) declines: bool,
    /// So many confirmations take the money, or would, and are not answered.
    pub(crate) silent: u32,
    /// So many confirmations do not arrive.
    pub(crate) lost: u32,
    /// So many cancellations give back and are not answered.
    pub(crate) quiet: u32,
    /// Nothing is given back.
    pub(crate) keeps: bool,
    /// Whoever asks what became of it is not answered.
    pub(crate) is_mute: bool,
}

/// What the gateway knows of a payment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) manner: Manner,
    pub(crate) taken: i64,
    /// By the number of the refund, each with how often it was really paid.
    pub(crate) backs: BTreeMap<u32, i64>,
    confirmed: u32,
    cancelled: u32,
    was_declined: bool,
}

impl Account {
    pub(crate) fn balance(&self) -> i64 {
        self.taken - self.backs.values().sum::<i64>()
    }
}

/// All accounts: what outlives every process of the house.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    all: Arc<Mutex<BTreeMap<String, Account>>>,
    asked_within: Arc<AtomicBool>,
}

impl Accounts {
    pub(crate) fn all(&self) -> MutexGuard<'_, BTreeMap<String, Account>> {
        self.all.lock().unwrap()
    }

    /// Whether somebody asked who was settling a command meanwhile.
    pub(crate) fn was_asked_within(&self) -> bool {
        self.asked_within.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, key: &str, manner: Manner) {
        self.all().entry(key.to_owned()).or_default().manner = manner;
    }

    /// All of it goes back without anybody of the house having asked for it.
    pub(crate) fn give_back_by_itself(&self, charge_key: &str) {
        let mut all = self.all();
        let account = all.entry(charge_key.to_owned()).or_default();
        account.backs.insert(u32::MAX, account.taken);
    }

    /// So much of it does.
    pub(crate) fn give_some_back(&self, charge_key: &str, amount: i64) {
        let mut all = self.all();
        all.entry(charge_key.to_owned()).or_default().backs.insert(u32::MAX, amount);
    }

    /// The money of a payment that was declined is taken all the same.
    pub(crate) fn take_late(&self, charge_key: &str, amount: i64) {
        let mut all = self.all();
        let account = all.entry(charge_key.to_owned()).or_default();
        account.taken = amount;
    }
}

/// The gateway as one process sees it.
pub(crate) struct Line {
    pub(crate) accounts: Accounts,
    pub(crate) fuse: Arc<Fuse>,
}

impl Line {
    fn look(&self) {
        if self.fuse.is_settling() {
            self.accounts.asked_within.store(true, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Gateway for Line {
    async fn confirm(&self, charge: &Charge) -> Word {
        self.look();
        self.fuse.cross().await;
        let word = self.accounts.confirm(charge);
        self.fuse.cross().await;
        word
    }

    async fn find(&self, charge: &Charge) -> Word {
        self.look();
        let word = self.accounts.find(charge);
        self.fuse.cross().await;
        word
    }

    async fn give_back(&self, charge: &Charge, back: &GiveBack) -> BackWord {
        self.look();
        self.fuse.cross().await;
        let word = self.accounts.give_back(charge, back);
        self.fuse.cross().await;
        word
    }
}

impl Accounts {
    fn confirm(&self, charge: &Charge) -> Word {
        let mut all = self.all();
        let account = all.entry(charge.key.clone()).or_default();
        account.confirmed += 1;
        if account.confirmed <= account.manner.lost {
            return Word::Unknown { code: None };
        }
        if account.taken == 0 && account.manner.declines {
            account.was_declined = true;
            return Word::Declined { code: "REJECT_CARD_COMPANY".into() };
        }
        account.taken = charge.amount.0;
        if account.confirmed <= account.manner.lost + account.manner.silent {
            return Word::Unknown { code: None };
        }
        Word::Taken
    }

    fn find(&self, charge: &Charge) -> Word {
        let all = self.all();
        match all.get(&charge.key) {
            Some(account) if account.manner.is_mute => Word::Unknown { code: None },
            Some(account) if account.taken > 0 && account.backs.is_empty() => Word::Taken,
            Some(account) if account.taken > 0 => {
                Word::GivenBack(Money(account.backs.values().sum()))
            }
            Some(account) if account.was_declined => Word::Declined { code: "ABORTED".into() },
            _ => Word::Open,
        }
    }

    fn give_back(&self, charge: &Charge, back: &GiveBack) -> BackWord {
        let mut all = self.all();
        let account = all.entry(charge.key.clone()).or_default();
        account.cancelled += 1;
        if account.manner.keeps || account.taken == 0 {
            return BackWord::Refused { code: "NOT_CANCELABLE_PAYMENT".into() };
        }
        // Asked again with the same number, it is not done again.
        account.backs.entry(back.number).or_insert(back.amount.0);
        if account.cancelled <= account.manner.quiet {
            return BackWord::Unknown { code: None };
        }
        BackWord::Done
    }
}
