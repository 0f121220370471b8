//! The ledger: what was taken and given back, each line written before it is answered. It is the
//! truth that the house's own books are compared with.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// A payment of which money was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Its key.
    pub payment_key: String,
    /// The order that it pays.
    pub order_id: String,
    /// How much.
    pub amount: i64,
    /// What went back of it.
    pub cancels: Vec<Cancelled>,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancelled {
    /// How much.
    pub cancel_amount: i64,
    /// Why, as whoever asked for it said.
    pub cancel_reason: String,
    /// The idempotency key of the question: the same one is not done again.
    pub key: Option<String>,
}

impl Taken {
    /// What is left with the gateway.
    pub fn balance(&self) -> i64 {
        self.amount - self.cancels.iter().map(|one| one.cancel_amount).sum::<i64>()
    }
}

/// A payment to which a buyer agreed: it can be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its key.
    pub payment_key: String,
    /// The order that it pays.
    pub order_id: String,
    /// How much.
    pub amount: i64,
}

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Agreed(Session),
    Taken(Taken),
    Cancelled(String, Cancelled),
}

/// What was taken and given back.
#[derive(Debug, Default)]
pub struct Ledger {
    sessions: BTreeMap<String, Session>,
    taken: BTreeMap<String, Taken>,
    /// How often each payment was confirmed, cancelled, and asked about at all.
    asked: BTreeMap<(String, &'static str), u32>,
    file: Option<File>,
}

impl Ledger {
    /// What a file says, and goes on being written there; empty without one. A last line that was
    /// not written whole was not answered either.
    pub fn open(path: Option<&Path>) -> io::Result<Self> {
        let mut ledger = Self::default();
        let Some(path) = path else { return Ok(ledger) };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut ends_whole = true;
        for line in BufReader::new(&file).lines() {
            let line = line?;
            match serde_json::from_str(&line) {
                Ok(line) => ledger.apply(line),
                Err(_) => ends_whole = false,
            }
        }
        if !ends_whole {
            file.write_all(b"\n")?;
        }
        ledger.file = Some(file);
        Ok(ledger)
    }

    /// All payments of which money was taken.
    pub fn payments(&self) -> impl Iterator<Item = &Taken> {
        self.taken.values()
    }

    /// The payment of a key, if money was taken.
    pub fn find(&self, key: &str) -> Option<&Taken> {
        self.taken.get(key)
    }

    /// The payment of an order, if money was taken.
    pub fn of_order(&self, order: &str) -> Option<&Taken> {
        self.taken.values().find(|taken| taken.order_id == order)
    }

    /// A buyer agrees to pay. The first agreement of a key stands.
    pub fn agree(&mut self, session: Session) -> io::Result<()> {
        if self.sessions.contains_key(&session.payment_key) {
            return Ok(());
        }
        self.write(Line::Agreed(session))
    }

    /// What a buyer agreed to under a key.
    pub fn session(&self, key: &str) -> Option<&Session> {
        self.sessions.get(key)
    }

    /// Takes money. Taken once, it is not taken again.
    pub fn take(&mut self, key: &str, order: &str, amount: i64) -> io::Result<()> {
        if self.taken.contains_key(key) {
            return Ok(());
        }
        let taken = Taken {
            payment_key: key.to_owned(),
            order_id: order.to_owned(),
            amount,
            cancels: Vec::new(),
        };
        self.write(Line::Taken(taken))
    }

    /// Gives money back.
    pub fn cancel(&mut self, key: &str, cancelled: Cancelled) -> io::Result<()> {
        self.write(Line::Cancelled(key.to_owned(), cancelled))
    }

    /// Counts a question about a payment; the so manieth it is, from 1.
    pub fn count(&mut self, key: &str, what: &'static str) -> u32 {
        let count = self.asked.entry((key.to_owned(), what)).or_default();
        *count += 1;
        *count
    }

    /// How often something was asked.
    pub fn asked(&self, key: &str, what: &'static str) -> u32 {
        self.asked.get(&(key.to_owned(), what)).copied().unwrap_or(0)
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            file.write_all(&text)?;
        }
        self.apply(line);
        Ok(())
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Agreed(session) => {
                self.sessions.insert(session.payment_key.clone(), session);
            }
            Line::Taken(taken) => drop(self.taken.insert(taken.payment_key.clone(), taken)),
            Line::Cancelled(key, cancelled) => {
                if let Some(taken) = self.taken.get_mut(&key) {
                    taken.cancels.push(cancelled);
                }
            }
        }
    }
}
