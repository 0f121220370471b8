//! Waits more exactly than tokio's clock, whose hand moves once a millisecond: at 20,000 requests
//! a second that is twenty of them.

use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io::Result;
use std::time::Duration;
use tokio::io::unix::AsyncFd;

#[derive(Debug)]
pub(super) struct Tick {
    timer: AsyncFd<OwnedFd>,
}

impl Tick {
    #[expect(deprecated, reason = "sound for a descriptor that is owned and never changed")]
    pub(super) fn new() -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { timer: AsyncFd::new(timer)? })
    }

    /// Waits; a span of nothing is none.
    pub(super) async fn wait(&self, span: Duration) -> Result<()> {
        let Ok(value) = Timespec::try_from(span) else { return Ok(()) };
        if span.is_zero() {
            return Ok(());
        }
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.timer.readable().await?;
            let mut rung = [0; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut rung)?));
            if let Ok(read) = read {
                return read.map(|_| ());
            }
        }
    }
}
