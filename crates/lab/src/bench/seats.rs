//! `seats-50`, `seats-2000`: all seats of a show.

use super::stage::{House, Scenario, Stage};
use crate::Trouble;
use crate::audit::Audited;
use crate::history::History;
use crate::programme::halls;
use crate::reads::{Same, audit};
use crate::requests::get;
use crate::target::As;
use crate::workload::Workload;
use std::sync::Arc;

/// So much of an answer is compared; the rest is counted.
const BEGINNING: usize = 200;

pub(super) struct Seats {
    pub(super) count: u32,
}

impl Scenario for Seats {
    fn about(&self) -> &'static str {
        "all seats of a show, against a GET that answers as many bytes from memory"
    }

    fn stage(&self, house: &House<'_>, _requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        house.wait(async {
            let hall = halls(house, 1, self.count).await?.remove(0);
            let path = format!("/api/v1/shows/{}/seats", hall.show);
            let mut visit = house.visit().await?;
            let request = format!("GET {path}");
            let answer = visit.exchange(&request, As::Nobody, None, None).await?;
            let count = usize::try_from(self.count).unwrap_or(0);
            let free = b"\"state\":\"available\"";
            if answer.body.windows(free.len()).filter(|at| at == free).count() != count {
                return Err(Trouble::answer(&request, &answer));
            }
            let begins = answer.body[..answer.body.len().min(BEGINNING)].to_vec();
            let host = house.target.address.to_string();
            Ok(Box::new(Board { host, path, length: answer.length, begins }) as Box<dyn Stage>)
        })
    }
}

struct Board {
    host: String,
    path: String,
    length: usize,
    begins: Vec<u8>,
}

impl Stage for Board {
    fn workload(&self) -> Arc<dyn Workload> {
        let request = get(&self.path, &self.host, As::Nobody);
        Arc::new(Same { request, length: self.length, begins: self.begins.clone() })
    }

    fn noop(&self) -> Arc<dyn Workload> {
        let request = get(&format!("/bench/noop/{}", self.length), &self.host, As::Nobody);
        Arc::new(Same { request, length: self.length, begins: vec![b'0'; self.begins.len()] })
    }

    fn audit(&self, _house: &House<'_>, history: &History) -> Result<Audited, Trouble> {
        Ok(audit(history))
    }
}
