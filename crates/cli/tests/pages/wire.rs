//! A wire between a browser and the house: it counts what is asked of the waiting room, and its streams
//! can be cut, or fall silent as where a phone changes its network and nobody is told.

use crate::process::House;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const CARRIES: u8 = 0;
const CUTS: u8 = 1;
const SWALLOWS: u8 = 2;

/// What a browser is led to in the place of the house.
pub(crate) struct Wire {
    pub(crate) address: String,
    watched: Arc<Watched>,
}

#[derive(Default)]
struct Watched {
    /// What becomes of streams.
    streams_are: AtomicU8,
    /// How many streams were asked for.
    streams: AtomicU64,
    /// How often the page asked by itself.
    asks: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// Lays one to a house. Its threads end with their connections.
    pub(crate) fn to(house: &House) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (watched, house) = (Arc::new(Watched::default()), house.address.clone());
        let seen = Arc::clone(&watched);
        std::thread::spawn(move || {
            for browser in listener.incoming() {
                let (browser, house) = (browser.unwrap(), TcpStream::connect(&house));
                let Ok(house) = house else { return };
                carry(browser, house, &seen);
            }
        });
        Self { address, watched }
    }

    /// Cuts every stream, and each that is asked for from now on.
    pub(crate) fn cut_streams(&self) {
        self.watched.streams_are.store(CUTS, Ordering::SeqCst);
        for stream in self.watched.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on streams stay open, and nothing comes on them.
    pub(crate) fn silence_streams(&self) {
        self.watched.streams_are.store(SWALLOWS, Ordering::SeqCst);
    }

    pub(crate) fn streams(&self) -> u64 {
        self.watched.streams.load(Ordering::SeqCst)
    }

    pub(crate) fn asks(&self) -> u64 {
        self.watched.asks.load(Ordering::SeqCst)
    }
}

/// One connection of the browser, on a thread for each direction.
fn carry(browser: TcpStream, house: TcpStream, watched: &Arc<Watched>) {
    let is_stream = Arc::new(AtomicU8::new(0));
    let (asked, answered) = (Arc::clone(watched), Arc::clone(watched));
    let (marks, marked) = (Arc::clone(&is_stream), is_stream);
    let ends = [browser.try_clone().unwrap(), house.try_clone().unwrap()];
    std::thread::spawn(move || {
        let [browser, mut house] = ends;
        pump(&browser, |bytes| {
            let said = String::from_utf8_lossy(bytes);
            if said.contains("/line/part ") {
                asked.asks.fetch_add(1, Ordering::SeqCst);
            }
            if said.contains("/line/events ") {
                asked.streams.fetch_add(1, Ordering::SeqCst);
                marks.store(1, Ordering::SeqCst);
                asked.open.lock().unwrap().push(browser.try_clone().unwrap());
                if asked.streams_are.load(Ordering::SeqCst) == CUTS {
                    return false;
                }
            }
            house.write_all(bytes).is_ok()
        });
        let _ = (house.shutdown(Shutdown::Both), browser.shutdown(Shutdown::Both));
    });
    std::thread::spawn(move || {
        let (mut browser, house) = (browser, house);
        pump(&house, |bytes| {
            let is_stream = marked.load(Ordering::SeqCst) == 1;
            match answered.streams_are.load(Ordering::SeqCst) {
                SWALLOWS if is_stream => true,
                CUTS if is_stream => false,
                CARRIES.. => browser.write_all(bytes).is_ok(),
            }
        });
        let _ = (house.shutdown(Shutdown::Both), browser.shutdown(Shutdown::Both));
    });
}

/// Reads until there is nothing more, or nobody wants it.
fn pump(mut from: &TcpStream, mut take: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 1 << 14];
    while let Ok(count) = from.read(&mut bytes) {
        if count == 0 || !take(&bytes[..count]) {
            return;
        }
    }
}
