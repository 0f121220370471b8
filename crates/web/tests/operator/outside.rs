//! What stands around a house in memory: a bank, other instances, and commands that take their time.

use admitone_app::Trouble;
use admitone_app::clock::HandClock;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::gateway;
use admitone_app::ports::instances::{Instances, Joining, Member};
use admitone_domain::Command;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes its time for every command.
pub(crate) struct Slow {
    pub(crate) delivery: Arc<dyn Delivery>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) took_ms: Arc<AtomicU64>,
}

#[async_trait]
impl Delivery for Slow {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let reply = self.delivery.submit(command).await;
        self.clock.advance_ms(self.took_ms.load(Ordering::Relaxed));
        reply
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.delivery.hand_over(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.delivery.check().await
    }

    async fn ended(&self) {
        self.delivery.ended().await;
    }

    fn waiting(&self) -> usize {
        self.delivery.waiting()
    }
}

/// Two other instances on the same store.
pub(crate) struct Three;

#[async_trait]
impl Instances for Three {
    async fn join(&self, member: &Member) -> Result<Joining, Trouble> {
        panic!("{member:?} joins nobody here")
    }

    async fn leave(&self, _id: u128) -> Result<(), Trouble> {
        Ok(())
    }

    async fn alive(&self) -> Result<u64, Trouble> {
        Ok(3)
    }
}

/// A bank that has all the money it is asked about.
pub(crate) struct Bank;

#[async_trait]
impl gateway::Gateway for Bank {
    async fn confirm(&self, _charge: &gateway::Charge) -> gateway::Word {
        gateway::Word::Taken
    }

    async fn find(&self, _charge: &gateway::Charge) -> gateway::Word {
        gateway::Word::Taken
    }

    async fn give_back(&self, _: &gateway::Charge, _: &gateway::GiveBack) -> gateway::BackWord {
        gateway::BackWord::Done
    }
}
