//! `admitone serve`: the box office.

use super::{block_on, user};
use crate::arguments::{Measured, Serve};
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::gateway::PlayGateway;
use crate::shelf::{Guards, shown};
use crate::wiring::{Purpose, Wired, chance};
use crate::{demo, logging, pages, rehearsals, strategy, voice};
use admitone_api::pages::Pages;
use admitone_api::reference::Setting;
use admitone_api::server::{self, Doors, ServerLimits};
use admitone_api::{Freedoms, House, Parts, figures};
use admitone_app::notices::NoticeBook;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::Delivery;
use admitone_domain::id::RoomId;
use admitone_domain::party::Role;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub(crate) fn run(arguments: &Serve) -> Result<Exit, Failed> {
    let configuration = configuration(arguments)?;
    logging::start(configuration.log_format);
    if arguments.ends_with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
            .map_err(failed("--ends-with-parent"))?;
    }
    allow_open_files();
    block_on(serve(arguments, &configuration))
}

/// Every visitor is a socket: the process takes as many open files as it is allowed to take.
pub(super) fn allow_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}

fn configuration(arguments: &Serve) -> Result<Configuration, Failed> {
    let mut configuration = Configuration::of(&arguments.place)?;
    if arguments.demo && arguments.place.data_dir.is_none() && arguments.place.config.is_none() {
        configuration.data_dir = std::env::temp_dir().join("admitone-demo");
    }
    configuration.listen = arguments.listen.unwrap_or(configuration.listen);
    configuration.log_format = arguments.log_format.unwrap_or(configuration.log_format);
    configuration.observe = arguments.measured.observe;
    configuration.slow_ms = arguments.measured.slow_ms;
    if let Some(gateway) = &arguments.gateway {
        configuration.gateway.url.clone_from(gateway);
    }
    // Whoever does not sit at this machine is offered those routes only if somebody said so.
    let is_demo_here = arguments.demo && configuration.listen.ip().is_loopback();
    configuration.reference_routes |= arguments.reference_routes || is_demo_here;
    Ok(configuration)
}

async fn serve(arguments: &Serve, configuration: &Configuration) -> Result<Exit, Failed> {
    strategy::must_be_safe(configuration, arguments.allow_unsafe)?;
    let listening = format!("listening on {}", configuration.listen);
    let listener = server::bind(configuration.listen)
        .map_err(|error| failed(&listening)(format!("{error}; choose another with --listen")))?;
    let address = listener.local_addr()?;
    let playing = arguments.demo && configuration.gateway.url.is_empty();
    let through_gateway = !configuration.gateway.url.is_empty();
    let gateway = if playing { Some(PlayGateway::start(address).await?) } else { None };
    let with_gateway = gateway.as_ref().map(|gateway| gateway.configured(configuration));
    let configuration = with_gateway.as_ref().unwrap_or(configuration);
    let guards = if arguments.allow_unsafe { Guards::LeftOut } else { Guards::AsRecorded };
    let wired = Wired::open_for(Purpose::Selling, configuration, guards).await?;
    if !wired.shelf.is_guarded() && !arguments.allow_unsafe {
        wired.close().await?;
        return Err(unguarded());
    }
    if arguments.demo {
        demo::fill(&wired.office).await?;
    }
    let operator_key = first_operator(&wired).await?;
    let reference = if configuration.reference_routes {
        Some(Setting { room: reference_room(&wired).await?, through_gateway })
    } else {
        None
    };
    let metrics = figures::recorder()?;
    let doors = Doors { closing: wired.stop.child_token(), ..Doors::default() };
    let closing = doors.closing.clone();
    let writer = watch_writer(Arc::clone(&wired.office.delivery), closing.clone());
    let writer = wired.tasks.spawn(writer);
    let parts = parts(&wired, configuration, (&metrics, &doors))?;
    let Measured { bench_routes, movable_clock, .. } = arguments.measured;
    let movable_clock = movable_clock.then(|| Arc::clone(&wired.machine_clock));
    let house = House(Arc::new(Parts { reference, bench_routes, movable_clock, ..parts }));
    let router = pages::beside(house, &wired, configuration, (arguments.demo, &closing))?;
    // Before anybody is told that the house is open: who is told may ask it to close.
    let ended = ended()?;
    say(address, &shown(&configuration.address()?), operator_key.as_deref());
    let limits = server_limits(configuration);
    let clock = Arc::clone(&wired.office.clock);
    let leaving = leave(ended, doors.clone(), Arc::clone(&clock), configuration.drain_ms);
    wired.tasks.spawn(leaving);
    wired.tasks.spawn(figures::keep(metrics, Arc::clone(&clock), closing.clone()));
    let queues = Arc::clone(&wired.queues);
    wired.tasks.spawn(figures::watch_queues(queues, Arc::clone(&clock), closing.clone()));
    if let Some(people) = arguments.demo_crowd {
        wired.tasks.spawn(crowd(address, people, closing.clone()));
    }
    server::serve(listener, router, clock, limits, doors).await?;
    tracing::info!("answered what was accepted, closing");
    let writer = writer.await.unwrap_or(Writer::Sound);
    wired.close().await?;
    match writer {
        Writer::Sound => Ok(Exit::Done),
        Writer::Broken => Err(failed("selling")(
            "a bug ended the writer, the log says where; what was answered is kept, start again",
        )),
    }
}

/// Closes the house when it is asked to, after the time that balancers need to see it. A house that closes
/// for another reason is asked for nothing any more.
async fn leave(
    asked: impl Future<Output = ()>,
    doors: Doors,
    clock: Arc<dyn Clock>,
    drain_ms: u64,
) {
    tokio::select! {
        () = doors.closing.cancelled() => return,
        () = asked => {}
    }
    doors.leaving.cancel();
    tokio::select! {
        () = doors.closing.cancelled() => {}
        () = clock.sleep_ms(drain_ms) => doors.closing.cancel(),
    }
}

fn server_limits(configuration: &Configuration) -> ServerLimits {
    let limits = ServerLimits::default();
    ServerLimits {
        connections_max: configuration.connections_max,
        answer_wait_ms: configuration.answer_ms,
        // What was accepted is answered, or told that it was not, before the house is closed.
        close_wait_ms: limits.close_wait_ms.max(configuration.answer_ms.saturating_add(1_000)),
        ..limits
    }
}

/// What handlers need, without the routes that are there only when they are asked for.
fn parts(
    wired: &Wired,
    configuration: &Configuration,
    (metrics, doors): (&figures::PrometheusHandle, &Doors),
) -> Result<Parts, Failed> {
    Ok(Parts {
        office: wired.office.clone(),
        gates: Arc::clone(&wired.gates),
        rooms: wired.rooms()?,
        parties: Arc::clone(&wired.parties),
        pages: Pages::new(Arc::clone(&wired.turn)),
        records: wired.shelf.records(),
        queues: Arc::clone(&wired.queues),
        webhooks: wired.webhooks()?,
        notices: wired.notices(),
        notice_book: NoticeBook(wired.notes()?),
        log: wired.log()?,
        rehearsals: Some(rehearsals::open(wired, configuration, &doors.closing)?),
        tickets: wired.page_keys.tickets().clone(),
        secret: wired.secret.clone(),
        issuer: wired.issuer.clone(),
        payments: wired.payments.clone(),
        limits: wired.limits.clone(),
        freedoms: Freedoms {
            open_accounts: configuration.accounts.open,
            self_charge: configuration.wallet.self_charge,
        },
        currency: configuration.currency,
        metrics: metrics.clone(),
        chance,
        reference: None,
        doors: doors.clone(),
        bench_routes: false,
        movable_clock: None,
        observed: wired.observations.clone(),
    })
}

fn unguarded() -> Failed {
    failed("the store has no guards")(
        "nothing would stop an oversell: add them with `admitone migrate`, or sell without them on \
         purpose with --allow-unsafe",
    )
}

/// How the writer was when the house closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Sound,
    Broken,
}

/// Closes the house if its writer ends before: it would refuse everybody for ever.
async fn watch_writer(delivery: Arc<dyn Delivery>, closing: CancellationToken) -> Writer {
    tokio::select! {
        biased;
        () = closing.cancelled() => Writer::Sound,
        () = delivery.ended() => {
            tracing::error!("the writer ended by a bug, closing");
            closing.cancel();
            Writer::Broken
        }
    }
}

/// Sends the crowd of the demo until the house closes.
async fn crowd(address: SocketAddr, people: u32, closing: CancellationToken) {
    let local =
        if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let ip: IpAddr = if address.ip().is_unspecified() { local } else { address.ip() };
    let people = usize::try_from(people).unwrap_or(usize::MAX);
    let seed = u64::try_from(chance() & u128::from(u64::MAX)).unwrap_or(1);
    tokio::select! {
        () = admitone_lab::crowd::run(SocketAddr::new(ip, address.port()), people, seed) => {}
        () = closing.cancelled() => {}
    }
}

/// Where to look.
fn say(address: SocketAddr, store: &str, operator_key: Option<&str>) {
    let mut lines = format!(
        "admitone {} sells at http://{address}\n  the API:        http://{address}/api-docs\n  \
         the figures:    http://{address}/metrics\n  the store:      {}\n",
        env!("CARGO_PKG_VERSION"),
        store
    );
    match operator_key {
        Some(key) => {
            lines += "  operator key: ";
            lines += key;
            lines += "\n    (shown this once; more with `admitone user add NAME`)\n";
        }
        None => {
            lines += "  operators:      have their keys; another with `admitone user add NAME`\n";
        }
    }
    voice::announce(&lines);
}

/// An operator for a house that has none.
async fn first_operator(wired: &Wired) -> Result<Option<String>, Failed> {
    if wired.office.reads.operators().await?.is_empty() {
        return user::add(&wired.staff, "first operator", Role::Owner).await.map(Some);
    }
    Ok(None)
}

/// The room of the reference routes: the first there is, else one of their own.
async fn reference_room(wired: &Wired) -> Result<RoomId, Failed> {
    if let Some((room, _)) = wired.rooms()?.desks().into_iter().min_by_key(|(room, _)| *room) {
        return Ok(room);
    }
    demo::reference_room(&wired.office).await
}

/// Waits until somebody asks the house to close.
pub(super) fn ended() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::clock::SystemClock;
    use admitone_app::ports::delivery::Reply;
    use admitone_app::{Trouble, TroubleKind};
    use admitone_domain::Command;
    use clap::Parser;
    use tokio_util::task::TaskTracker;

    /// A writer that has ended, or never does.
    struct Stub {
        has_ended: bool,
    }

    #[async_trait::async_trait]
    impl Delivery for Stub {
        async fn submit(&self, _command: Command) -> Result<Reply, Trouble> {
            Err(Trouble::new(TroubleKind::Busy, "submit", "nobody settles"))
        }

        async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
            self.submit(command).await
        }

        async fn check(&self) -> Result<(), Trouble> {
            Ok(())
        }

        async fn ended(&self) {
            if !self.has_ended {
                std::future::pending::<()>().await;
            }
        }
    }

    #[tokio::test]
    async fn a_house_whose_writer_ended_closes_and_says_why() {
        let closing = CancellationToken::new();
        let writer = watch_writer(Arc::new(Stub { has_ended: true }), closing.clone()).await;
        assert_eq!((writer, closing.is_cancelled()), (Writer::Broken, true));
    }

    #[tokio::test]
    async fn a_house_that_is_closed_has_a_sound_writer() {
        let closing = CancellationToken::new();
        closing.cancel();
        let writer = watch_writer(Arc::new(Stub { has_ended: false }), closing).await;
        assert_eq!(writer, Writer::Sound);
    }

    #[tokio::test]
    async fn a_house_that_closes_for_another_reason_waits_for_no_signal() {
        let doors = Doors::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let leaving =
            TaskTracker::new().spawn(leave(std::future::pending(), doors.clone(), clock, 0));
        doors.closing.cancel();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), leaving).await;
        ended.expect("it waits to be asked").unwrap();
        assert!(!doors.leaving.is_cancelled(), "nobody asked it to leave");
    }

    #[tokio::test]
    async fn a_house_that_closes_while_it_drains_drains_no_longer() {
        let doors = Doors::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let asked = std::future::ready(());
        let leaving = TaskTracker::new().spawn(leave(asked, doors.clone(), clock, 3_600_000));
        doors.leaving.cancelled().await;
        doors.closing.cancel();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), leaving).await;
        ended.expect("it drains for an hour").unwrap();
    }

    #[tokio::test]
    async fn a_house_that_is_asked_to_leave_closes() {
        let doors = Doors::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        leave(std::future::ready(()), doors.clone(), clock, 1).await;
        assert!(doors.leaving.is_cancelled() && doors.closing.is_cancelled());
    }

    #[test]
    fn a_demo_that_others_can_reach_has_the_reference_routes_only_if_somebody_says_so() {
        let routes = |words: &[&str]| {
            let line = ["admitone", "serve", "--demo"].iter().chain(words);
            let parsed = crate::arguments::Arguments::parse_from(line);
            let crate::arguments::Task::Serve(serve) = parsed.task else { panic!("serve") };
            configuration(&serve).unwrap().reference_routes
        };
        assert!(routes(&[]));
        assert!(!routes(&["--listen", "0.0.0.0:8080"]));
        assert!(routes(&["--listen", "0.0.0.0:8080", "--reference-routes"]));
    }
}
