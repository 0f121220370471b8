//! The locks inside one process keep the promises of every lock; none of them can be lost.

use admitone_app::clock::SystemClock;
use admitone_app::lock::{LineLock, MutexLock, SimpleLock, SpinLock};
use admitone_app::ports::lock::Lock;
use admitone_app::ports::store::Store;
use admitone_conformance::lock::{FreshLock, LockFixture, trials};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

struct InProcess(fn(Arc<SystemClock>) -> Arc<dyn Lock>);

#[async_trait]
impl LockFixture for InProcess {
    async fn fresh(&self, _store: Arc<dyn Store>) -> FreshLock {
        let lock = (self.0)(Arc::default());
        FreshLock { ways: [Arc::clone(&lock), lock], keep: Box::new(()) }
    }

    fn lease_ms(&self) -> u64 {
        100
    }

    async fn lose(&self, _fresh: &FreshLock, _keys: &BTreeSet<Key>) {}

    fn can_be_lost(&self) -> bool {
        false
    }
}

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let mut all = trials("mutex", InProcess(|clock| Arc::new(MutexLock::new(clock))));
    all.extend(trials("line", InProcess(|clock| Arc::new(LineLock::new(clock)))));
    all.extend(trials("spin", InProcess(|clock| Arc::new(SpinLock::new(clock)))));
    all.extend(trials("simple", InProcess(|clock| Arc::new(SimpleLock::new(clock)))));
    libtest_mimic::run(&arguments, all).exit_code()
}
