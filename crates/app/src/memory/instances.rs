//! The instances of the in-memory store: the model of the others' lists.

use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::instances::{Admitted, Instances, Joining, Member, TERM, admit};
use crate::ports::store::{Fence, Store};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Who is there, each with the end of its lease.
pub struct MemoryInstances {
    listed: Mutex<Listed>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Listed {
    members: Vec<(Member, Moment)>,
    term: Option<Fence>,
}

impl MemoryInstances {
    /// Nobody is there. Terms are drawn from the store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { listed: Mutex::default(), store, clock }
    }
}

#[async_trait]
impl Instances for MemoryInstances {
    async fn join(&self, member: &Member) -> Result<Joining, Trouble> {
        let mut listed = self.listed.lock().await;
        let now = self.clock.now();
        let term = match (admit(&listed.members, member, now), &listed.term) {
            (Err(refused), _) => return Ok(refused),
            (Ok(Admitted::Beside), Some(term)) => term.clone(),
            (Ok(_), _) => self.store.draw_fence(TERM).await?,
        };
        listed.term = Some(term.clone());
        listed.members.retain(|(other, until)| other.id != member.id && now < *until);
        listed.members.push((member.clone(), now.plus_ms(member.lease_ms)));
        Ok(Joining::Joined(term))
    }

    async fn leave(&self, id: u128) -> Result<(), Trouble> {
        self.listed.lock().await.members.retain(|(member, _)| member.id != id);
        Ok(())
    }

    async fn alive(&self) -> Result<u64, Trouble> {
        let (listed, now) = (self.listed.lock().await, self.clock.now());
        let alive = listed.members.iter().filter(|(_, until)| now < *until).count();
        Ok(u64::try_from(alive).unwrap_or(u64::MAX))
    }
}
