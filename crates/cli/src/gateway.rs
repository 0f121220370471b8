//! Payments in steps: through the gateway of a house that sells, and from wallets that are settled apart
//! from the stock; the adapter, the payments, and who carries them on.
//! The demo has a gateway of its own in this process, which takes no money.

use crate::config::{Configuration, GatewayConfiguration};
use crate::exit::{Failed, failed};
use crate::shelf::Shelf;
use crate::wiring::Purpose;
use admitone_adapter_toss::{Toss, TossOptions};
use admitone_app::BoxOffice;
use admitone_app::clock::SystemClock;
use admitone_app::payments::{Clerk, Errands, PaymentLimits, Payments, WALLET_LEASE_MS, Whole};
use admitone_app::ports::gateway::Gateway;
use admitone_app::ports::tap::Tap;
use admitone_app::strategy::{Operation, StrategyMap};
use admitone_fake_gateway::{FakeGateway, Options};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Others take a payment up so long after a question should have been answered.
const LEASE_BEYOND_MS: u64 = 5_000;

/// Adds the tap by which payments go on, if any may: through a gateway, or taken apart. Of a store
/// that others share any may have been begun.
pub(crate) fn errands(
    (purpose, configuration): (Purpose, &Configuration),
    map: &StrategyMap,
    shelf: &Shelf,
    taps: &mut Vec<Arc<dyn Tap>>,
) -> Option<Arc<Errands>> {
    let has_any = !configuration.gateway.url.is_empty() || map.parts(Operation::Pay);
    let settles = matches!(purpose, Purpose::Selling | Purpose::Working);
    if !settles || !has_any && !shelf.is_shared() {
        return None;
    }
    let errands: Arc<Errands> = Arc::default();
    taps.push(errands.clone());
    Some(errands)
}

/// The payments of a house, carried on until it closes, and the box office for whoever asks: there
/// payments that were taken apart are answered whole, whatever the map says now: it may have been
/// another when they began.
pub(crate) fn start(
    (purpose, configuration): (Purpose, &Configuration),
    office: BoxOffice,
    errands: Option<Arc<Errands>>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<(BoxOffice, Option<Arc<Payments>>), Failed> {
    let Some(errands) = errands else { return Ok((office, None)) };
    let configuration = &configuration.gateway;
    let limits = PaymentLimits {
        lease_ms: configuration.answer_ms.saturating_add(LEASE_BEYOND_MS).max(WALLET_LEASE_MS),
        answer_ms: configuration.wait_ms,
        ..PaymentLimits::default()
    };
    let gateway = gateway(purpose, configuration)?;
    let payments = Arc::new(Payments::new(office.clone(), gateway, limits, errands));
    let clerk = Clerk::new(Arc::clone(&payments), tasks.clone());
    tasks.spawn(clerk.run(stop.clone()));
    let whole = Whole { delivery: office.delivery, payments: Arc::clone(&payments) };
    Ok((BoxOffice { delivery: Arc::new(whole), ..office }, Some(payments)))
}

/// The gateway, if the house has one. Workers that were not given its key leave it to those who sell.
fn gateway(
    purpose: Purpose,
    configuration: &GatewayConfiguration,
) -> Result<Option<Arc<dyn Gateway>>, Failed> {
    let has_key = !configuration.secret_key.is_empty();
    if configuration.url.is_empty() || purpose == Purpose::Working && !has_key {
        return Ok(None);
    }
    if !has_key {
        return Err(failed("--gateway")("needs the secret key in ADMITONE_GATEWAY_SECRET_KEY"));
    }
    let toss = Toss::new(&TossOptions {
        address: configuration.url.parse().map_err(failed("--gateway"))?,
        secret_key: configuration.secret_key.clone(),
        answer_ms: configuration.answer_ms,
    });
    Ok(Some(Arc::new(toss)))
}

/// A gateway in this process; it ends when this is dropped.
pub(crate) struct PlayGateway {
    address: SocketAddr,
    secret_key: String,
    _ends: DropGuard,
}

impl PlayGateway {
    /// On a free port of this machine. It tells the house at this address.
    pub(crate) async fn start(house: SocketAddr) -> Result<Self, Failed> {
        let webhook = format!("http://127.0.0.1:{}/api/v1/gateway/webhooks", house.port());
        let options = Options { webhook: Some(webhook), ..Options::default() };
        let secret_key = options.secret_key.clone();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::new(SystemClock::default());
        let gateway = FakeGateway::open(options, clock, tasks.clone())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        tasks.spawn(gateway.serve(listener, stop.clone()));
        Ok(Self { address, secret_key, _ends: stop.drop_guard() })
    }

    /// The configuration of a house that takes payments through it.
    pub(crate) fn configured(&self, configuration: &Configuration) -> Configuration {
        let gateway = GatewayConfiguration {
            url: format!("http://{}", self.address),
            secret_key: self.secret_key.clone(),
            page: format!("http://{}/pay", self.address),
            ..configuration.gateway.clone()
        };
        Configuration { gateway, ..configuration.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::board::Boards;
    use admitone_app::box_office::Request;
    use admitone_app::delivery::Direct;
    use admitone_app::ids::Ids;
    use admitone_app::memory::MemoryStore;
    use admitone_app::ports::reads::Reads;
    use admitone_app::ports::store::Mode;
    use admitone_app::settle::Settler;
    use admitone_conformance::sale;
    use admitone_domain::command::Pay;
    use admitone_domain::id::BuyerId;
    use admitone_domain::pass::Admission;
    use admitone_domain::{Action, Actor, Answer, CommandId, Fingerprint, Outcome};

    const ANN: BuyerId = BuyerId(1);

    /// A sale in memory in which Ann has money and holds a seat; and the wish to pay it.
    async fn held(errands: &Arc<Errands>) -> (BoxOffice, Action) {
        let clock = Arc::new(SystemClock::default());
        let store = MemoryStore::new(clock.clone());
        let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
        let settler = Settler { clock: clock.clone(), taps: vec![errands.clone()], ..settler };
        let reads: Arc<dyn Reads> = Arc::new(store.clone());
        let office = BoxOffice {
            delivery: Arc::new(Direct::new(Arc::new(settler))),
            boards: Arc::new(Boards::new(Arc::clone(&reads), 1)),
            reads,
            ids: Arc::new(Ids::new(Arc::new(store))),
            clock,
        };
        let begins = [sale::charge(1, ANN, 10), sale::hold(2, ANN, sale::SHOW, &[1], 0)];
        let mut last = Err(admitone_domain::Refusal::InvalidState);
        for command in sale::programme(2, 1).chain(begins) {
            last = sale::answer(office.delivery.submit(command).await);
        }
        let Ok(Outcome::Reserved(held)) = last else { panic!("{last:?}") };
        (office, Action::Pay(Pay { reservation: held.id, expected: None }))
    }

    async fn ask(office: &BoxOffice, wish: Action) -> Answer {
        let request = Request {
            id: CommandId(77),
            fingerprint: Fingerprint(0),
            actor: Actor::Buyer(ANN),
            admission: Admission::None,
            deadline: None,
            waits: true,
        };
        sale::answer(office.submit(&request, wish).await)
    }

    #[tokio::test]
    async fn a_key_that_is_repeated_after_a_change_of_the_map_is_answered_whole() {
        let errands: Arc<Errands> = Arc::default();
        let (office, wish) = held(&errands).await;
        // The map of yesterday took payments apart; that of today does not.
        let begun = ask(&office, wish.clone().apart(WALLET_LEASE_MS)).await;
        assert!(matches!(begun, Ok(Outcome::Gateway { .. })), "{begun:?}");
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let whose = (Purpose::Selling, &Configuration::default());
        let (office, payments) = start(whose, office, Some(errands), (&tasks, &stop)).ok().unwrap();
        assert!(payments.is_some());
        let again = ask(&office, wish).await;
        assert!(matches!(again, Ok(Outcome::Paid { .. })), "{again:?}");
        stop.cancel();
    }
}
