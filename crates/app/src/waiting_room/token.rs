//! The token of a place: opaque, fixed in width, unforgeable, and with exactly one text for each.
//! Checking it needs no store. Whether its place is still live, or inside, is not in it.
//!
//! Layout, 57 bytes, 76 characters of base64url without padding:
//! version and kind 1 · key id 1 · room 4 · epoch 2 · lane 1 · place 8 · user 16 · generation 2 ·
//! issued ms 6 · tag 16. The tag is HMAC-SHA-256, cut to 16 bytes, under a key of its own for
//! each kind and room.

use super::place::{Generation, Place, UserKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

const BODY_BYTES: usize = 41;
const TAG_BYTES: usize = 16;
const TOKEN_BYTES: usize = BODY_BYTES + TAG_BYTES;
const TOKEN_CHARS: usize = 76;
const VERSION: u8 = 1;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Standing in line.
    Place,
    /// Going through a door that trusts the token alone.
    Pass,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Which room.
    pub room: u32,
    /// Which life of it.
    pub epoch: u16,
    /// Which line of the room; 0 while there is one only.
    pub lane: u8,
    /// Which place.
    pub place: Place,
    /// Whose. The UUID form does not say.
    pub user: Option<UserKey>,
    /// How often the token was made anew.
    pub generation: Generation,
    /// When it was made, ms since 1970; 0 in the UUID form.
    pub issued_ms: u64,
}

/// Why a text is no token here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Not the text of any token.
    #[error("not a token")]
    Malformed,
    /// Made with a key that is not alive, or by somebody else.
    #[error("not one of our tokens")]
    Forged,
    /// A token of another kind.
    #[error("a token of another kind")]
    OtherKind,
    /// A token of another room.
    #[error("a token of another room")]
    OtherRoom,
    /// A token from before the room was reset.
    #[error("the room was reset")]
    OtherEpoch,
}

/// A secret of 32 bytes and its name. Two are alive while one replaces the other.
#[derive(Clone)]
pub struct MasterKey {
    /// Stands in every token.
    pub id: u8,
    /// Never leaves the process.
    pub secret: [u8; 32],
}

/// Makes and checks the tokens of one room.
#[derive(Clone)]
pub struct TokenKeys {
    room: u32,
    current: KeySet,
    previous: Option<KeySet>,
}

#[derive(Clone)]
struct KeySet {
    id: u8,
    place: hmac::Key,
    pass: hmac::Key,
}

/// Makes user keys. Its secret must stay the same as long as a room lives.
#[derive(Clone)]
pub struct UserKeys(hmac::Key);

impl TokenKeys {
    /// The keys of a room. `previous` is still accepted, nothing new is made with it.
    pub fn new(room: u32, current: &MasterKey, previous: Option<&MasterKey>) -> Self {
        let set = |master: &MasterKey| KeySet {
            id: master.id,
            place: derive(master, Kind::Place, room),
            pass: derive(master, Kind::Pass, room),
        };
        Self { room, current: set(current), previous: previous.map(set) }
    }

    /// The one text of these claims. Claims without a user stand for user zero.
    pub fn mint(&self, kind: Kind, claims: &Claims) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        let (body, tag) = bytes.split_at_mut(BODY_BYTES);
        let user = claims.user.map_or([0; 16], |user| user.0);
        let fields: [&[u8]; 9] = [
            &[VERSION << 4 | kind.number()],
            &[self.current.id],
            &self.room.to_be_bytes(),
            &claims.epoch.to_be_bytes(),
            &[claims.lane],
            &claims.place.0.to_be_bytes(),
            &user,
            &claims.generation.0.to_be_bytes(),
            &claims.issued_ms.to_be_bytes()[2..],
        ];
        body.copy_from_slice(&fields.concat());
        tag.copy_from_slice(&hmac::sign(self.current.key(kind), body).as_ref()[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text says, if it is a token of this kind, room and epoch.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn verify(&self, kind: Kind, epoch: u16, text: &str) -> Result<Claims, TokenRefusal> {
        if text.len() != TOKEN_CHARS {
            return Err(TokenRefusal::Malformed);
        }
        let mut bytes = [0; TOKEN_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
        if length != Ok(TOKEN_BYTES) {
            return Err(TokenRefusal::Malformed);
        }
        let (body, tag) = bytes.split_at(BODY_BYTES);
        let mut reader = Reader(body);
        let [first, key_id] = reader.take();
        if first >> 4 != VERSION {
            return Err(TokenRefusal::Malformed);
        }
        if first & 0x0f != kind.number() {
            return Err(TokenRefusal::OtherKind);
        }
        let room = u32::from_be_bytes(reader.take());
        if room != self.room {
            return Err(TokenRefusal::OtherRoom);
        }
        if !self.set(key_id).is_some_and(|set| is_signed(set.key(kind), body, tag)) {
            return Err(TokenRefusal::Forged);
        }
        let claims = reader.claims(room);
        if claims.epoch == epoch { Ok(claims) } else { Err(TokenRefusal::OtherEpoch) }
    }

    fn set(&self, id: u8) -> Option<&KeySet> {
        std::iter::once(&self.current).chain(&self.previous).find(|set| set.id == id)
    }
}

impl UserKeys {
    /// From a secret that is used for nothing else.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The key of a user.
    pub fn user(&self, user_id: &[u8]) -> UserKey {
        let mut key = [0; 16];
        key.copy_from_slice(&hmac::sign(&self.0, user_id).as_ref()[..16]);
        UserKey(key)
    }
}

impl KeySet {
    fn key(&self, kind: Kind) -> &hmac::Key {
        match kind {
            Kind::Place => &self.place,
            Kind::Pass => &self.pass,
        }
    }
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Place => 1,
            Self::Pass => 2,
        }
    }
}

/// Takes fields of a fixed width from the front of a body that is known to hold them.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        let (head, rest) = self.0.split_at(N.min(self.0.len()));
        field[N - head.len()..].copy_from_slice(head);
        self.0 = rest;
        field
    }

    fn claims(&mut self, room: u32) -> Claims {
        let epoch = u16::from_be_bytes(self.take());
        let [lane] = self.take();
        let place = Place(u64::from_be_bytes(self.take()));
        let user = Some(UserKey(self.take()));
        let generation = Generation(u16::from_be_bytes(self.take()));
        let mut issued = [0; 8];
        issued[2..].copy_from_slice(&self.take::<6>());
        let issued_ms = u64::from_be_bytes(issued);
        Claims { room, epoch, lane, place, user, generation, issued_ms }
    }
}

/// In a time that does not depend on where the tags differ.
pub fn is_signed(key: &hmac::Key, body: &[u8], tag: &[u8]) -> bool {
    let wanted = hmac::sign(key, body);
    let difference = wanted.as_ref().iter().zip(tag).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(difference) == 0 && tag.len() == TAG_BYTES
}

fn derive(master: &MasterKey, kind: Kind, room: u32) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &master.secret);
    let label =
        [b"admitone waiting room token v1".as_slice(), &[kind.number()], &room.to_be_bytes()];
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, &label.concat()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: MasterKey = MasterKey { id: 7, secret: [9; 32] };
    const ROOM: u32 = 3;
    const EPOCH: u16 = 5;

    fn keys() -> TokenKeys {
        TokenKeys::new(ROOM, &KEY, None)
    }

    fn claims(place: u64, user: [u8; 16]) -> Claims {
        Claims {
            room: ROOM,
            epoch: EPOCH,
            lane: 2,
            place: Place(place),
            user: Some(UserKey(user)),
            generation: Generation(11),
            issued_ms: 1_795_000_000_123,
        }
    }

    fn verify(text: &str) -> Result<Claims, TokenRefusal> {
        keys().verify(Kind::Place, EPOCH, text)
    }

    fn token() -> String {
        keys().mint(Kind::Place, &claims(42, [1; 16]))
    }

    #[test]
    fn a_token_has_seventy_six_characters_and_says_what_was_put_in() {
        assert_eq!(token().len(), 76);
        assert_eq!(verify(&token()), Ok(claims(42, [1; 16])));
    }

    #[test]
    fn a_token_is_worth_nothing_elsewhere() {
        let other_kind = keys().verify(Kind::Pass, EPOCH, &token());
        assert_eq!(other_kind, Err(TokenRefusal::OtherKind));
        let other_room = TokenKeys::new(4, &KEY, None).verify(Kind::Place, EPOCH, &token());
        assert_eq!(other_room, Err(TokenRefusal::OtherRoom));
        let other_epoch = keys().verify(Kind::Place, EPOCH + 1, &token());
        assert_eq!(other_epoch, Err(TokenRefusal::OtherEpoch));
        let other_house = MasterKey { id: 7, secret: [8; 32] };
        let forged = TokenKeys::new(ROOM, &other_house, None).verify(Kind::Place, EPOCH, &token());
        assert_eq!(forged, Err(TokenRefusal::Forged));
    }

    #[test]
    fn kinds_rooms_users_and_tags_cannot_be_swapped_under_a_tag() {
        let mut bytes = URL_SAFE_NO_PAD.decode(token()).unwrap();
        let other = URL_SAFE_NO_PAD.decode(keys().mint(Kind::Place, &claims(42, [2; 16]))).unwrap();
        let swapped = [&bytes[..BODY_BYTES], &other[BODY_BYTES..]].concat();
        assert_eq!(verify(&URL_SAFE_NO_PAD.encode(swapped)), Err(TokenRefusal::Forged));
        bytes[0] = VERSION << 4 | Kind::Pass.number();
        let as_pass = keys().verify(Kind::Pass, EPOCH, &URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(as_pass, Err(TokenRefusal::Forged));
        bytes[0] = VERSION << 4 | Kind::Place.number();
        bytes[5] = 4;
        let as_other_room = TokenKeys::new(4, &KEY, None);
        let moved = as_other_room.verify(Kind::Place, EPOCH, &URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(moved, Err(TokenRefusal::Forged));
    }

    #[test]
    fn an_older_key_is_accepted_while_it_is_alive() {
        let newer = MasterKey { id: 8, secret: [10; 32] };
        let both = TokenKeys::new(ROOM, &newer, Some(&KEY));
        assert!(both.verify(Kind::Place, EPOCH, &token()).is_ok());
        let new_only = TokenKeys::new(ROOM, &newer, None);
        assert_eq!(new_only.verify(Kind::Place, EPOCH, &token()), Err(TokenRefusal::Forged));
    }

    #[test]
    fn user_keys_depend_on_user_and_secret() {
        let keys = UserKeys::new(&[1; 32]);
        assert_eq!(keys.user(b"anna"), keys.user(b"anna"));
        assert_ne!(keys.user(b"anna"), keys.user(b"anne"));
        assert_ne!(keys.user(b"anna"), UserKeys::new(&[2; 32]).user(b"anna"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn every_token_says_what_was_put_in(place: u64, user: [u8; 16], generation: u16) {
            let claims = Claims { generation: Generation(generation), ..claims(place, user) };
            prop_assert_eq!(verify(&keys().mint(Kind::Place, &claims)), Ok(claims));
        }

        #[test]
        fn one_flipped_bit_is_refused(bit in 0..TOKEN_BYTES * 8) {
            let mut bytes = URL_SAFE_NO_PAD.decode(token()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify(&URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }

        #[test]
        fn one_other_character_is_refused(at in 0..TOKEN_CHARS, other in any::<char>()) {
            let mut text: Vec<char> = token().chars().collect();
            prop_assume!(text[at] != other);
            text[at] = other;
            prop_assert!(verify(&text.into_iter().collect::<String>()).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,100}") {
            prop_assert!(verify(&text).is_err());
        }

        #[test]
        fn no_bytes_of_the_right_length_make_it_panic(
            bytes in prop::collection::vec(any::<u8>(), TOKEN_BYTES),
        ) {
            prop_assert!(verify(&URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }
    }
}
