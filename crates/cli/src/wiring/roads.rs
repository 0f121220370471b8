//! The roads of events out of the house: webhooks, notices and brokers, carried by any instance that settles.
//! Instances share the lanes of a road and nobody leads.

use super::{chance, random};
use crate::brokers;
use crate::config::{Configuration, NoticesConfiguration};
use crate::exit::{Failed, failed};
use crate::shelf::{Shelf, Ways};
use crate::wiring::Purpose;
use admitone_adapter_http::{CourierOptions, HttpCourier, HttpNotices, Trust};
use admitone_app::BoxOffice;
use admitone_app::events::{
    BusCarrier, InProcess, Intake, Lookout, Relay, RelaySetup, from_now_on,
};
use admitone_app::logbook::LogBook;
use admitone_app::notices::{NoticeBook, NoticeWriter};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::event_bus::EventBus;
use admitone_app::ports::notes::Notes;
use admitone_app::ports::tap::Tap;
use admitone_app::ports::webhooks::Courier;
use admitone_app::webhooks::{Supervisor, SupervisorSetup, WebhookDesk};
use ring::hmac;
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many lanes of a road that is no endpoint's are carried at once.
const LANES_AT_ONCE: usize = 8;

/// What all roads of an instance need.
pub(super) struct Roads {
    ways: Ways,
    lookout: Arc<Lookout>,
    source: Arc<str>,
}

impl Roads {
    /// Looks at the outbox, if whoever is there for this carries events, and hears of own commits.
    pub(super) async fn begin(
        shelf: &Shelf,
        purpose: Purpose,
        (clock, secret): (&Arc<dyn Clock>, &[u8; 32]),
        taps: &mut Vec<Arc<dyn Tap>>,
    ) -> Result<Option<Self>, Failed> {
        if !matches!(purpose, Purpose::Selling | Purpose::Working) {
            return Ok(None);
        }
        let ways = shelf.ways()?;
        let outbox = Arc::clone(&ways.outbox);
        let lookout = Lookout::begin(outbox, Arc::clone(clock), shelf.is_shared()).await?;
        let lookout = Arc::new(lookout);
        taps.push(lookout.clone());
        Ok(Some(Self { ways, lookout, source: source(secret) }))
    }

    async fn start(
        self,
        configuration: &Configuration,
        office: &BoxOffice,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<Ahead, Failed> {
        tasks.spawn(Arc::clone(&self.lookout).run(stop.clone()));
        let book = NoticeBook(Arc::clone(&self.ways.notes));
        let notices = writer(&configuration.notices, office, book)?;
        if let Some(writer) = &notices {
            let intake =
                Intake { source: Arc::clone(&self.source), consumers: vec![writer.clone() as _] };
            let bus = Arc::new(InProcess { name: "notices", intake });
            self.lead_to(bus, &office.clock, (tasks, stop)).await?;
        }
        for bus in brokers::buses(configuration, &office.clock)? {
            self.lead_to(bus, &office.clock, (tasks, stop)).await?;
        }
        let courier: Arc<dyn Courier> =
            Arc::new(HttpCourier::new(configuration.webhooks.courier()));
        let changed = Arc::new(Notify::new());
        let supervisor = SupervisorSetup {
            webhooks: Arc::clone(&self.ways.webhooks),
            courier: Arc::clone(&courier),
            lanes: Arc::clone(&self.ways.lanes),
            lookout: self.lookout,
            clock: Arc::clone(&office.clock),
            source: self.source,
            base: configuration.webhooks.links.trim_end_matches('/').to_owned(),
            changed: Arc::clone(&changed),
            id: chance(),
        };
        tasks.spawn(Supervisor::new(supervisor, tasks.clone()).run(stop.clone()));
        let Ways { webhooks, notes, outbox, .. } = self.ways;
        let clock = Arc::clone(&office.clock);
        let book = LogBook { notes: Arc::clone(&notes), clock: Arc::clone(&clock), chance };
        let desk = WebhookDesk { webhooks, courier, outbox, clock, random, changed, book };
        Ok(Ahead { webhooks: Arc::new(desk), notices, notes })
    }

    /// A road to a bus, from now on when it is new.
    async fn lead_to(
        &self,
        bus: Arc<dyn EventBus>,
        clock: &Arc<dyn Clock>,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<(), Failed> {
        let road = bus.name().to_owned();
        let begin = from_now_on(&*self.ways.outbox).await?;
        let relay = Relay::new(RelaySetup {
            begin: self.ways.lanes.open(&road, begin).await?,
            road,
            source: Arc::clone(&self.source),
            lanes: Arc::clone(&self.ways.lanes),
            sight: self.lookout.sight().await?,
            carrier: Arc::new(BusCarrier(bus)),
            clock: Arc::clone(clock),
            id: chance(),
            lanes_at_once: LANES_AT_ONCE,
        });
        tasks.spawn(relay.run(stop.clone()));
        Ok(())
    }
}

/// What operators can do about what leaves the house.
pub(crate) struct Ahead {
    /// The way to endpoints.
    pub(crate) webhooks: Arc<WebhookDesk>,
    /// Who writes notices to buyers, if anybody sends them.
    pub(crate) notices: Option<Arc<NoticeWriter>>,
    /// What is written down, of notices and of rehearsals.
    pub(crate) notes: Arc<dyn Notes>,
}

/// Who writes notices, and whoever sends them behind him, if anybody does.
fn writer(
    configuration: &NoticesConfiguration,
    office: &BoxOffice,
    book: NoticeBook,
) -> Result<Option<Arc<NoticeWriter>>, Failed> {
    let NoticesConfiguration { url, secret } = configuration;
    if url.is_empty() {
        return Ok(None);
    }
    // Whoever runs the house chose it, so it may be beside the house.
    let courier = HttpCourier::new(CourierOptions {
        private_addresses: true,
        answer_ms: NOTICE_ANSWER_MS,
        trust: Trust::System,
    });
    let clock = Arc::clone(&office.clock);
    let sends = HttpNotices::new(courier, url, secret, Arc::clone(&clock));
    let notices = Arc::new(sends.map_err(failed("notices"))?);
    let reads = Arc::clone(&office.reads);
    Ok(Some(Arc::new(NoticeWriter::new(reads, notices, book, clock))))
}

/// Starts to carry, if events are carried here; what operators can do about it.
pub(super) async fn start(
    roads: Option<Roads>,
    configuration: &Configuration,
    office: &BoxOffice,
    running: (&TaskTracker, &CancellationToken),
) -> Result<Option<Ahead>, Failed> {
    match roads {
        Some(roads) => roads.start(configuration, office, running).await.map(Some),
        None => Ok(None),
    }
}

/// How long whoever sends notices may take to accept one.
const NOTICE_ANSWER_MS: u64 = 10_000;

/// The store, as its events name it: the same for all instances and for no other store, since it
/// is made of the secret that they share.
fn source(secret: &[u8; 32]) -> Arc<str> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let name = hmac::sign(&key, b"the name of the store");
    let mut source = "/admitone/".to_owned();
    for byte in &name.as_ref()[..8] {
        // Writing into a String cannot fail.
        let _ = write!(source, "{byte:02x}");
    }
    source.into()
}
