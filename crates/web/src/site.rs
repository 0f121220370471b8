//! What every page needs: the box office, the rooms, who is known, and the keys of its cookies.

use crate::buyer::line::Sheets;
use crate::buyer::seats::Maps;
use crate::facts::Facts;
use crate::limits::Limits;
use crate::operator::live::Live;
use crate::session::Keys;
use admitone_app::BoxOffice;
use admitone_app::gates::Gates;
use admitone_app::logbook::OperatorLog;
use admitone_app::notices::{NoticeBook, NoticeWriter};
use admitone_app::parties::Parties;
use admitone_app::payments::Payments;
use admitone_app::ports::instances::Instances;
use admitone_app::ports::queues::NamedQueues;
use admitone_app::ports::records::Records;
use admitone_app::ports::rehearsals::Rehearsals;
use admitone_app::pulse::Pulse;
use admitone_app::rooms::Rooms;
use admitone_app::webhooks::WebhookDesk;
use admitone_domain::Currency;
use std::ops::Deref;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The site: what every page is given.
#[derive(Clone)]
pub struct Site(Arc<Inside>);

/// What the pages are made of.
pub struct Parts {
    /// Sells.
    pub office: BoxOffice,
    /// Which show stands behind which room.
    pub gates: Arc<Gates>,
    /// The waiting rooms.
    pub rooms: Arc<Rooms>,
    /// Who is known.
    pub parties: Arc<Parties>,
    /// What is kept of people.
    pub records: Arc<dyn Records>,
    /// Signs cookies, forms and tickets.
    pub keys: Keys,
    /// What buyers may do without asking anybody.
    pub freedoms: Freedoms,
    /// How often somebody may ask.
    pub limits: Limits,
    /// The currency of wallets.
    pub currency: Currency,
    /// The queues of commands that travel.
    pub queues: Arc<NamedQueues>,
    /// Carries payments through a gateway, if there is one.
    pub payments: Option<Arc<Payments>>,
    /// Where buyers agree to a payment through the gateway, if pages lead there.
    pub gateway_page: Option<String>,
    /// The endpoints of webhooks.
    pub webhooks: Arc<WebhookDesk>,
    /// Who writes notices to buyers, if anybody sends them.
    pub notices: Option<Arc<NoticeWriter>>,
    /// What became of notices.
    pub notice_book: NoticeBook,
    /// What operators did.
    pub log: OperatorLog,
    /// How long holds and payments take.
    pub pulse: Arc<Pulse>,
    /// Those who share the store; none where there is one alone.
    pub instances: Option<Arc<dyn Instances>>,
    /// Plays rehearsals of the sale; none where that cannot be done.
    pub rehearsals: Option<Arc<dyn Rehearsals>>,
    /// The strategies in force, as they are written.
    pub strategy: String,
    /// Random numbers from the outside.
    pub chance: fn() -> u128,
    /// Event streams, which would never end by themselves, end with it.
    pub closing: CancellationToken,
}

/// What buyers may do without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freedoms {
    /// Open an account.
    pub open_accounts: bool,
    /// Charge their own wallet.
    pub self_charge: bool,
    /// Come in without a name or a password: a demonstration.
    pub is_demo: bool,
}

/// The parts, and what the pages keep for themselves.
struct Inside {
    parts: Parts,
    /// What many pages show of a show, read once a second.
    facts: Facts,
    /// Maps of seats as they were sent last.
    maps: Maps,
    /// The pages of waiting rooms.
    sheets: Sheets,
    /// What the live page shows.
    live: Live,
}

impl Site {
    /// A site of these parts.
    pub fn new(parts: Parts) -> Self {
        let (facts, maps, sheets, live) = Default::default();
        Self(Arc::new(Inside { parts, facts, maps, sheets, live }))
    }

    pub(crate) fn maps(&self) -> &Maps {
        &self.0.maps
    }

    /// The pages of waiting rooms.
    pub(crate) fn sheets(&self) -> &Sheets {
        &self.0.sheets
    }

    /// What the live page shows.
    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// The payments of a house that has a gateway: without one they settle what others began, and a
    /// payment that nobody can ask about would pin its seats for ever.
    pub(crate) fn gateway(&self) -> Option<Arc<Payments>> {
        self.payments.clone().filter(|payments| payments.has_gateway())
    }

    /// What many pages show of a show.
    pub(crate) fn facts(&self) -> &Facts {
        &self.0.facts
    }
}

impl Deref for Site {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
