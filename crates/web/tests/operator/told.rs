//! Whoever is told of what happens: endpoints of webhooks, and whoever sends notices.

use admitone_app::Trouble;
use admitone_app::ports::notices::{Fate, Notice, Notices};
use admitone_app::ports::webhooks::{Answered, Courier, Letter};
use async_trait::async_trait;

/// Others that are told of everything, and answer what they are told to.
pub(crate) struct Post;

#[async_trait]
impl Courier for Post {
    fn check(&self, url: &str) -> Result<(), String> {
        let plain =
            "the address has no TLS: write https:// (webhooks.private_addresses allows http://)";
        if url.starts_with("https://") { Ok(()) } else { Err(plain.into()) }
    }

    async fn send(&self, letter: &Letter) -> Result<Answered, String> {
        if letter.url.ends_with("/broken") { Err("nobody is there".into()) } else { Ok(204.into()) }
    }
}

/// Takes notices, each once, until it is told to do otherwise.
#[derive(Default)]
pub(crate) struct Told {
    all: std::sync::Mutex<Vec<Notice>>,
    instead: std::sync::Mutex<Option<Result<Fate, Trouble>>>,
}

impl Told {
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.all.lock().unwrap().clone()
    }

    /// From now on this is answered, and nothing taken.
    pub(crate) fn answer(&self, instead: Result<Fate, Trouble>) {
        *self.instead.lock().unwrap() = Some(instead);
    }
}

#[async_trait]
impl Notices for Told {
    async fn send(&self, notices: &[Notice]) -> Result<Vec<Fate>, Trouble> {
        if let Some(instead) = &*self.instead.lock().unwrap() {
            return instead.clone().map(|fate| vec![fate; notices.len()]);
        }
        let mut told = self.all.lock().unwrap();
        for notice in notices {
            if told.iter().all(|known| known.id != notice.id) {
                told.push(notice.clone());
            }
        }
        Ok(vec![Fate::Taken; notices.len()])
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
