//! `admitone cluster`: several instances of this program behind one port of this machine.
//!
//! For trying and for the laboratory: one machine, and a balancer that is one process. An instance
//! that dies is started again; all are asked to end when the cluster is.

use super::block_on;
use super::serve::allow_open_files;
use crate::arguments::Cluster;
use crate::balancer::{Balancer, is_ready};
use crate::config::{Address, Configuration};
use crate::exit::{Exit, Failed, failed};
use crate::logging;
use crate::shelf::shown;
use crate::voice;
use admitone_api::server;
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long an instance may take to start.
const START: Duration = Duration::from_mins(1);
/// How long it may take to end, before it is killed.
const END: Duration = Duration::from_secs(30);
/// What it says about itself comes without a pause as long.
const REST: Duration = Duration::from_millis(100);
/// Between two looks whether it is ready, and before a dead one is started again.
const PAUSE_MS: u64 = 500;

pub(crate) fn run(arguments: &Cluster) -> Result<Exit, Failed> {
    let mut configuration = Configuration::of(&arguments.place)?;
    configuration.listen = arguments.listen.unwrap_or(configuration.listen);
    logging::start(configuration.log_format);
    let address = configuration.address()?;
    if matches!(address, Address::Sqlite(_)) {
        return Err(failed("the embedded store has one instance")(
            "give one that several can share: --store postgres://… or --store mysql://…",
        ));
    }
    allow_open_files();
    block_on(serve(arguments, configuration.listen, &shown(&address)))
}

async fn serve(arguments: &Cluster, listen: SocketAddr, store: &str) -> Result<Exit, Failed> {
    let doing = format!("listening on {listen}");
    let listening = failed(&doing);
    let listener = server::bind(listen).map_err(&listening)?;
    let listener = TcpListener::from_std(listener).map_err(listening)?;
    let address = listener.local_addr()?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, over) = (CancellationToken::new(), CancellationToken::new());
    let (members, connections) = (TaskTracker::new(), TaskTracker::new());
    let count = usize::from(arguments.instances);
    let balancer = Arc::new(Balancer::new(count));
    let (mut places, mut key) = (Vec::with_capacity(count), None);
    // One after the other: the first brings the store to this version and makes its operator.
    for number in 0..count {
        let mut member = Member::new(number, arguments, &balancer);
        let started = tokio::select! {
            started = member.start() => started,
            _ = terminate.recv() => Err(failed("starting")("it was asked to end")),
            _ = interrupt.recv() => Err(failed("starting")("it was asked to end")),
        };
        match started {
            Ok(instance) => {
                places.push(instance.place);
                key = key.or_else(|| instance.operator_key.clone());
                members.spawn(member.keep(instance, stop.clone()));
            }
            Err(trouble) => {
                stop.cancel();
                members.close();
                members.wait().await;
                return Err(trouble);
            }
        }
    }
    say(address, store, key.as_deref(), &places);
    let balancing = Arc::clone(&balancer).run(listener, connections.clone(), over.clone());
    let balancing = TaskTracker::new().spawn(balancing);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
    // They answer what they accepted and refuse what comes then, through connections that are open
    // as long.
    members.close();
    members.wait().await;
    over.cancel();
    connections.close();
    connections.wait().await;
    balancing.await?;
    Ok(Exit::Done)
}

/// Where to look.
fn say(address: SocketAddr, store: &str, operator_key: Option<&str>, places: &[SocketAddr]) {
    let mut lines = format!(
        "admitone {} sells at http://{address}\n  the API:        http://{address}/api-docs\n  \
         the store:      {store}\n",
        env!("CARGO_PKG_VERSION"),
    );
    if let Some(key) = operator_key {
        for part in ["  operator key: ", key, "\n    (shown this once)\n"] {
            lines += part;
        }
    }
    for (number, place) in (1..=places.len()).zip(places) {
        for part in ["  instance ", &number.to_string(), ":     http://", &place.to_string(), "\n"]
        {
            lines += part;
        }
    }
    voice::announce(&lines);
}

/// One of the instances, whichever process it is at the moment.
struct Member {
    number: usize,
    balancer: Arc<Balancer>,
    /// What every process of it is told. Addresses may hold passwords, which the list of processes
    /// would show; variables it does not.
    variables: Vec<(&'static str, String)>,
    allow_unsafe: bool,
}

/// A process that sells.
struct Instance {
    child: Child,
    place: SocketAddr,
    operator_key: Option<String>,
    /// Kept open: whoever prints into a closed pipe is told so.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Member {
    fn new(number: usize, arguments: &Cluster, balancer: &Arc<Balancer>) -> Self {
        let place = &arguments.place;
        let path = |path: &std::path::PathBuf| path.display().to_string();
        let given = [
            ("ADMITONE_CONFIG", place.config.as_ref().map(path)),
            ("ADMITONE_DATA_DIR", place.data_dir.as_ref().map(path)),
            ("ADMITONE_STORE", place.store.clone()),
            ("ADMITONE_STRATEGY", place.strategy.as_ref().map(ToString::to_string)),
            ("ADMITONE_REDIS", place.redis.clone()),
            ("ADMITONE_RABBITMQ", place.rabbitmq.clone()),
            ("ADMITONE_KAFKA", place.kafka.clone()),
        ];
        let variables = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self {
            number,
            balancer: Arc::clone(balancer),
            variables: variables.collect(),
            allow_unsafe: arguments.allow_unsafe,
        }
    }

    /// Starts a process and waits until it says where it listens.
    async fn start(&mut self) -> Result<Instance, Failed> {
        let doing = format!("starting instance {}", self.number + 1);
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--ends-with-parent"]);
        command.args(self.allow_unsafe.then_some("--allow-unsafe"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // A group of its own: what is typed at the terminal asks the cluster, and that asks it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(failed(&doing))?;
        let silent = || failed(&doing)("it ended before it listened; the log says why");
        let mut said = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        let listening = tokio::time::timeout(START, listens(&mut said)).await;
        let found = listening.map_err(|_| failed(&doing)("it does not listen"))?;
        let (place, operator_key) = found.ok_or_else(silent)?;
        self.balancer.set(self.number, Some(place));
        Ok(Instance { child, place, operator_key, _said: said })
    }

    /// Keeps an instance there until `stop`, whatever becomes of its processes.
    async fn keep(mut self, first: Instance, stop: CancellationToken) {
        let clock = SystemClock::default();
        let mut current = Some(first);
        loop {
            if let Some(instance) = &mut current {
                let status = tokio::select! {
                    status = instance.child.wait() => status,
                    () = stop.cancelled() => break,
                    never = watch(&self.balancer, self.number, instance.place) => match never {},
                };
                tracing::warn!(
                    instance = self.number + 1,
                    ?status,
                    "it died, and is started again"
                );
            }
            self.balancer.set(self.number, None);
            current = None;
            tokio::select! {
                () = stop.cancelled() => break,
                () = clock.sleep_ms(PAUSE_MS) => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                started = self.start() => match started {
                    Ok(instance) => current = Some(instance),
                    Err(trouble) => tracing::warn!(%trouble, "it is tried again"),
                },
            }
        }
        if let Some(instance) = current {
            end(instance).await;
        }
    }
}

/// Looks whether an instance is ready, and has the balancer pass it by while it is not.
async fn watch(balancer: &Balancer, number: usize, place: SocketAddr) -> Infallible {
    loop {
        balancer.set(number, is_ready(place).await.then_some(place));
        SystemClock::default().sleep_ms(PAUSE_MS).await;
    }
}

/// Reads where an instance listens, and the operator's key if it made one.
async fn listens(said: &mut Lines<BufReader<ChildStdout>>) -> Option<(SocketAddr, Option<String>)> {
    let first = said.next_line().await.ok().flatten()?;
    let place = first.rsplit("http://").next()?.parse().ok()?;
    let mut key = None;
    // All of it is said at once: what comes behind the store is the key, or that there are operators.
    while let Ok(Ok(Some(line))) = tokio::time::timeout(REST, said.next_line()).await {
        key = key.or_else(|| line.trim().strip_prefix("operator key: ").map(str::to_owned));
    }
    Some((place, key))
}

/// Asks an instance to end, and waits for it.
async fn end(mut instance: Instance) {
    let id = instance.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // One that is gone already cannot be asked.
    let asked = id.map(|id| kill_process(id, Signal::TERM));
    let ended = tokio::time::timeout(END, instance.child.wait()).await;
    if ended.is_err() {
        tracing::warn!(?asked, "an instance did not end, and is killed");
        drop(instance.child.kill().await);
    }
}
