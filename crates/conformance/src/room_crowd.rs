//! A crowd before the desks of a room that several instances share: what it costs the place where
//! the room is.

use crate::room_stories::user;
use admitone_app::waiting_room::{Claims, Desk, Generation, Join, Place, Standing};
use futures_util::future::join_all;
use std::time::Duration;

/// Whoever stands behind so many is not asked for by the deck while a test lasts.
pub const FAR: u64 = 400;
/// So many join or ask at once.
const AT_ONCE: usize = 500;

/// Users with the first places of a room, and the desks at which they ask in turns.
pub struct Crowd {
    desks: Vec<Desk>,
    users: u64,
}

impl Crowd {
    /// So many users join.
    pub async fn join(desks: Vec<Desk>, users: u64) -> Self {
        let numbers: Vec<u64> = (1..=users).collect();
        for part in numbers.chunks(AT_ONCE) {
            let joins = part.iter().map(|n| {
                let desk = &desks[usize::try_from(*n).unwrap_or(0) % desks.len()];
                desk.join(Join { user: user(*n), renew: false })
            });
            for joined in join_all(joins).await {
                assert!(joined.is_ok_and(|joined| joined.is_ok()), "somebody could not join");
            }
        }
        let crowd = Self { desks, users };
        for _ in 0..200 {
            if crowd.desks.iter().all(|desk| desk.view().snapshot.issued >= users) {
                return crowd;
            }
            pause(Duration::from_millis(50)).await;
        }
        panic!("a desk does not see how long the line is");
    }

    /// Those who stand far from the front ask so many times, with pauses. How often they asked.
    pub async fn ask_from_afar(&self, rounds: u32) -> u64 {
        let mut asked = 0;
        for _ in 0..rounds {
            for n in FAR..=self.users {
                for desk in &self.desks {
                    let answer = desk.poll(&claims(desk, n), 0).await;
                    let standing = answer.map(|answer| answer.map(|answer| answer.standing));
                    assert_eq!(standing, Ok(Ok(Standing::Waiting)), "user {n}");
                    asked += 1;
                }
            }
            pause(Duration::from_millis(50)).await;
        }
        asked
    }

    /// Everybody joins again and again, so that each question has to reach the room. How often they
    /// asked.
    pub async fn ask_at_the_door(&self, rounds: u32) -> u64 {
        let mut asked = 0;
        for _ in 0..rounds {
            let all = (1..=self.users).flat_map(|n| {
                self.desks.iter().map(move |desk| desk.join(Join { user: user(n), renew: false }))
            });
            asked += join_all(all).await.into_iter().flatten().count() as u64;
        }
        asked
    }
}

fn claims(desk: &Desk, n: u64) -> Claims {
    Claims {
        room: 1,
        epoch: desk.epoch(),
        lane: 0,
        place: Place(n),
        user: Some(user(n)),
        generation: Generation(0),
        issued_ms: 0,
    }
}

async fn pause(span: Duration) {
    // Nothing comes: the time is what is waited for.
    drop(tokio::time::timeout(span, std::future::pending::<()>()).await);
}
