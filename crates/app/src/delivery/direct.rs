//! Direct: the caller settles its command itself, as a batch of one.

use crate::Trouble;
use crate::TroubleKind::Inconsistent;
use crate::ports::delivery::{Delivery, Reply};
use crate::settle::Settler;
use admitone_domain::Command;
use async_trait::async_trait;
use std::sync::Arc;

/// Settles each command where it comes from.
pub struct Direct {
    settler: Arc<Settler>,
}

impl Direct {
    /// Settles with this.
    pub fn new(settler: Arc<Settler>) -> Self {
        Self { settler }
    }
}

#[async_trait]
impl Delivery for Direct {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let mut replies = self.settler.settle(vec![command]).await;
        replies.pop().unwrap_or_else(|| {
            Err(Trouble::new(Inconsistent, "settle", "a batch of one had no reply"))
        })
    }

    /// It does not travel.
    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.settler.store.check().await
    }
}
