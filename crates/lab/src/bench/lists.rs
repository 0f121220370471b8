//! `lists`: a page of concerts of one category.

use super::stage::{House, Scenario, Stage};
use crate::Trouble;
use crate::audit::Audited;
use crate::history::History;
use crate::programme::concerts;
use crate::reads::{Same, audit};
use crate::requests::get;
use crate::target::As;
use crate::workload::Workload;
use std::sync::Arc;

/// A page as it is asked for when nobody says how long.
const CONCERTS: usize = 50;
/// So much of an answer is compared; the rest is counted.
const BEGINNING: usize = 200;

pub(super) struct Lists;

impl Scenario for Lists {
    fn about(&self) -> &'static str {
        "a page of 50 concerts of a category, against a GET that answers as many bytes from memory"
    }

    fn stage(&self, house: &House<'_>, _requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        house.wait(async {
            let category = concerts(house, CONCERTS).await?;
            let path = format!("/api/v1/concerts?category={}", category.replace(' ', "%20"));
            let mut visit = house.visit().await?;
            let request = format!("GET {path}");
            let answer = visit.exchange(&request, As::Nobody, None, None).await?;
            let listed = b"\"category\":";
            let count = answer.body.windows(listed.len()).filter(|at| at == listed).count();
            if count != CONCERTS {
                return Err(Trouble::answer(&request, &answer));
            }
            let begins = answer.body[..answer.body.len().min(BEGINNING)].to_vec();
            let host = house.target.address.to_string();
            Ok(Box::new(Page { host, path, length: answer.length, begins }) as Box<dyn Stage>)
        })
    }
}

struct Page {
    host: String,
    path: String,
    length: usize,
    begins: Vec<u8>,
}

impl Stage for Page {
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
