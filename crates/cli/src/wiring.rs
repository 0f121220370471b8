//! Puts the parts together: the embedded store, one writer, the rooms.

use crate::config::Configuration;
use crate::exit::{Failed, failed};
use admitone_adapter_sqlite::{Options, SqliteRoomLog, SqliteStore};
use admitone_api::figures::Commits;
use admitone_api::house::{Issuer, Parties, Secret};
use admitone_app::BoxOffice;
use admitone_app::board::Boards;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{Channel, ChannelLimits};
use admitone_app::ids::Ids;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::store::Mode;
use admitone_app::rooms::{Rooms, RoomsSetup};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::sweeper::Sweeper;
use admitone_app::waiting_room::MasterKey;
use ring::rand::SecureRandom;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A house that is ready to sell.
pub(crate) struct Wired {
    pub(crate) office: BoxOffice,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) parties: Arc<Parties>,
    pub(crate) secret: Secret,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) store: SqliteStore,
    /// Ends the tasks.
    pub(crate) stop: CancellationToken,
    /// What shutdown waits for.
    pub(crate) tasks: TaskTracker,
}

impl Wired {
    /// Opens the store and starts everything but the listener.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, Failed> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let directory = &configuration.data_dir;
        let store = SqliteStore::open(directory, Arc::clone(&clock), Options::default())?;
        let secret = secret_of(directory)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let reads: Arc<dyn admitone_app::ports::reads::Reads> = Arc::new(store.clone());
        let epoch = u64::try_from(chance() & 0xffff_ffff).unwrap_or(1);
        let boards = Arc::new(Boards::new(Arc::clone(&reads), epoch));
        let parties = Arc::new(Parties::default());
        parties.load(&*reads, &store).await?;
        let rooms = Rooms::open(RoomsSetup {
            reads: Arc::clone(&reads),
            log: Arc::new(SqliteRoomLog::open(directory)?),
            clock: Arc::clone(&clock),
            key: MasterKey { id: 1, secret },
            tracker: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
        let settler = Arc::new(Settler {
            store: Arc::new(store.clone()),
            lock: Arc::new(NoLock),
            mode: Mode::Plain,
            clock: Arc::clone(&clock),
            taps: vec![boards.clone(), parties.clone(), rooms.clone(), Arc::new(Commits)],
            limits: SettleLimits::default(),
        });
        let limits = ChannelLimits {
            depth_max: configuration.queue_depth_max,
            batch_max: configuration.batch_max,
        };
        let delivery = Arc::new(Channel::start(settler, limits, &tasks));
        let ids = Arc::new(Ids::new(Arc::new(store.clone())));
        let office = BoxOffice { delivery, reads, boards, ids, clock };
        let sweeper = Sweeper {
            reads: Arc::clone(&office.reads),
            delivery: Arc::clone(&office.delivery),
            clock: Arc::clone(&office.clock),
        };
        tasks.spawn(sweeper.run(stop.clone()));
        let issuer = configuration.issuer.as_ref();
        let issuer = issuer.map(|i| Issuer::new(&i.name, i.audience.as_deref(), &i.jwk));
        let issuer = issuer.transpose()?;
        let secret = Secret::new(&secret);
        Ok(Self { office, rooms, parties, secret, issuer, store, stop, tasks })
    }

    /// Answers what was accepted, folds the journal, ends.
    pub(crate) async fn close(self) -> Result<(), Failed> {
        self.stop.cancel();
        self.tasks.close();
        drop((self.office, self.rooms, self.parties));
        self.tasks.wait().await;
        self.store.close().await.map_err(failed("closing the store"))
    }
}

/// 16 random bytes of the operating system.
pub(crate) fn chance() -> u128 {
    u128::from_le_bytes(random())
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without random numbers nothing can be signed")]
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    bytes
}

/// The house's secret: made at the first start, kept in the data directory.
fn secret_of(directory: &Path) -> Result<[u8; 32], Failed> {
    let path = directory.join("secret.key");
    let doing = format!("the secret {}", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            failed(&doing)("must have 32 bytes; restore it, or remove it to void all tokens")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = random();
            write_private(&path, &secret).map_err(failed(&doing))?;
            Ok(secret)
        }
        Err(error) => Err(failed(&doing)(error)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
