//! What is asked, and what an answer means.

use crate::client::Answer;
use crate::history::{Asked, Outcome};
use crate::scene::Script;
use std::net::SocketAddr;
use std::sync::Arc;

/// Requests by number. The same number is always the same request, so that whoever audits a
/// history can say what was asked without having kept it.
pub trait Workload: Send + Sync {
    /// How many different requests there are; a load ends when they are used up.
    fn stock(&self) -> u64 {
        u64::MAX
    }

    /// What a request asks for.
    fn asked(&self, _number: u64) -> Asked {
        Asked::default()
    }

    /// Who is asked, if it is not the house.
    fn elsewhere(&self) -> Option<SocketAddr> {
        None
    }

    /// Writes a request.
    fn ask(&self, number: u64, out: &mut Vec<u8>);

    /// What the answer to a request means.
    fn hear(&self, number: u64, answer: &Answer<'_>) -> Outcome;
}

/// What a load sends: single requests, or visits of several.
#[derive(Clone)]
pub enum Work {
    /// Single requests.
    Requests(Arc<dyn Workload>),
    /// Visits.
    Visits(Arc<dyn Script>),
}

impl Work {
    /// How many there are.
    pub fn stock(&self) -> u64 {
        match self {
            Self::Requests(workload) => workload.stock(),
            Self::Visits(script) => script.stock(),
        }
    }

    /// Who is asked, if it is not the house.
    pub(crate) fn elsewhere(&self) -> Option<SocketAddr> {
        match self {
            Self::Requests(workload) => workload.elsewhere(),
            Self::Visits(_) => None,
        }
    }

    /// Whether what counts ends with the last that was done, and not when all were begun.
    pub(crate) fn is_planned(&self) -> bool {
        matches!(self, Self::Visits(script) if script.is_planned())
    }

    /// What one asks for.
    pub fn asked(&self, number: u64) -> Asked {
        match self {
            Self::Requests(workload) => workload.asked(number),
            Self::Visits(script) => script.asked(number),
        }
    }
}

/// An answer that was not the wanted one.
pub fn refused(answer: &Answer<'_>) -> Outcome {
    Outcome::Refused { status: answer.status, code: answer.code().map(Into::into) }
}
