//! Puts the pages beside the API, on the same port and on the same parts.

use crate::config::Configuration;
use crate::exit::Failed;
use crate::strategy;
use crate::wiring::{Wired, chance};
use admitone_api::House;
use admitone_api::limits::client;
use admitone_app::limits::MemoryBuckets;
use admitone_app::notices::NoticeBook;
use admitone_domain::Currency;
use admitone_web::{Caller, Freedoms, Limits, Parts, Site};
use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use axum::response::IntoResponse;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The API with the pages. Where nothing is, whoever reads pages is told so by one.
pub(crate) fn beside(
    house: House,
    wired: &Wired,
    configuration: &Configuration,
    (is_demo, closing): (bool, &CancellationToken),
) -> Result<Router, Failed> {
    let freedoms = Freedoms {
        open_accounts: configuration.accounts.open,
        self_charge: configuration.wallet.self_charge,
        is_demo,
    };
    let (currency, closing) = (configuration.currency, closing.clone());
    let gateway_page = Some(configuration.gateway.page.clone()).filter(|page| !page.is_empty());
    let strategy = strategy::of(configuration)?.to_string();
    let parts = parts(wired, freedoms)?;
    let rehearsals = house.rehearsals.clone();
    let site = Site::new(Parts { currency, closing, strategy, gateway_page, rehearsals, ..parts });
    let header = wired.limits.as_ref().and_then(|limits| limits.client_header.clone());
    let name_caller = move |mut request: Request| {
        let caller = Caller(client(header.as_ref(), &request));
        request.extensions_mut().insert(caller);
        std::future::ready(request)
    };
    let pages = admitone_web::router(site.clone()).layer(map_request(name_caller));
    let missing = move |request: Request| {
        let page = admitone_web::missing(&site, &request);
        std::future::ready(page.unwrap_or_else(|| admitone_api::missing().into_response()))
    };
    Ok(admitone_api::router(house).merge(pages).fallback(missing))
}

fn parts(wired: &Wired, freedoms: Freedoms) -> Result<Parts, Failed> {
    Ok(Parts {
        office: wired.office.clone(),
        gates: Arc::clone(&wired.gates),
        rooms: wired.rooms()?,
        parties: Arc::clone(&wired.parties),
        records: wired.shelf.records(),
        keys: wired.page_keys.clone(),
        freedoms,
        limits: limits(wired),
        currency: Currency::KRW,
        queues: Arc::clone(&wired.queues),
        payments: wired.payments.clone(),
        webhooks: wired.webhooks()?,
        notices: wired.notices(),
        notice_book: NoticeBook(wired.notes()?),
        log: wired.log()?,
        pulse: Arc::clone(&wired.pulse),
        instances: wired.shelf.instances(),
        rehearsals: None,
        strategy: String::new(),
        gateway_page: None,
        chance,
        closing: wired.stop.child_token(),
    })
}

/// The limits of the API; passwords are limited also where nothing else is.
fn limits(wired: &Wired) -> Limits {
    match &wired.limits {
        Some(limits) => Limits {
            buckets: Arc::clone(&limits.buckets),
            sale: limits.sale,
            read: limits.read,
            accounts: limits.accounts,
        },
        None => Limits {
            buckets: Arc::new(MemoryBuckets::new(Arc::clone(&wired.office.clock))),
            sale: None,
            read: None,
            accounts: None,
        },
    }
}
