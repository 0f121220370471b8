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
    (purpose, configuration, map): (Purpose, &Configuration, &StrategyMap),
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
/// payments that are taken apart are answered whole.
pub(crate) fn start(
    (purpose, configuration, map): (Purpose, &Configuration, &StrategyMap),
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
    if !map.parts(Operation::Pay) {
        return Ok((office, Some(payments)));
    }
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
