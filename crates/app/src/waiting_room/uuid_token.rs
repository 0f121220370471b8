//! The token of a place as a UUID of version 8, for clients that insist on one.
//!
//! A UUID of version 8 has 122 free bits: check 40 (zero), room 16, epoch 8, lane 4, place 40,
//! generation 14. They are one AES-128 block, encrypted again and again until version and variant
//! bits come out right (64 times on average): a permutation of the UUIDs of version 8. A guess
//! passes the check bits once in 2^40 and must then still agree with the room's register, so this
//! form must never be trusted without it. It does not name the user.

use super::place::{Generation, Place};
use super::token::{Claims, MasterKey, TokenRefusal};
use aes::Aes128;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use ring::hmac;

const PLACE_BITS: u32 = 40;
const GENERATION_BITS: u32 = 14;
const LANE_BITS: u32 = 4;
const EPOCH_BITS: u32 = 8;
const ROOM_BITS: u32 = 16;
/// Version 8 in bits 76 to 79, variant 2 in bits 62 and 63.
const FIXED: u128 = 0x8 << 76 | 0b10 << 62;
const FIXED_MASK: u128 = 0xf << 76 | 0b11 << 62;

/// Makes and checks tokens in UUID form, for all rooms.
#[derive(Clone)]
pub struct UuidKeys {
    current: Aes128,
    previous: Option<Aes128>,
}

impl UuidKeys {
    /// The keys. `previous` is still accepted, nothing new is made with it.
    pub fn new(current: &MasterKey, previous: Option<&MasterKey>) -> Self {
        Self { current: derive(current), previous: previous.map(derive) }
    }

    /// The UUID of these claims; `None` if a number is too large for the form.
    pub fn mint(&self, claims: &Claims) -> Option<String> {
        let mut packed = Packer { bits: 0, fits: true };
        packed.push(u64::from(claims.room), ROOM_BITS);
        packed.push(u64::from(claims.epoch), EPOCH_BITS);
        packed.push(u64::from(claims.lane), LANE_BITS);
        packed.push(claims.place.0, PLACE_BITS);
        packed.push(u64::from(claims.generation.0), GENERATION_BITS);
        let block = walk(spread(packed.bits), |block| self.current.encrypt_block(block));
        packed.fits.then(|| write(block))
    }

    /// What a UUID says, if it is a token of this room and epoch.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn verify(&self, room: u32, epoch: u16, text: &str) -> Result<Claims, TokenRefusal> {
        let block = read(text).ok_or(TokenRefusal::Malformed)?;
        let claims = std::iter::once(&self.current)
            .chain(&self.previous)
            .find_map(|key| unpack(gather(walk(block, |block| key.decrypt_block(block)))))
            .ok_or(TokenRefusal::Forged)?;
        if claims.room != room {
            return Err(TokenRefusal::OtherRoom);
        }
        if claims.epoch == epoch { Ok(claims) } else { Err(TokenRefusal::OtherEpoch) }
    }
}

struct Packer {
    bits: u128,
    fits: bool,
}

impl Packer {
    fn push(&mut self, value: u64, width: u32) {
        self.fits &= value >> width == 0;
        self.bits = self.bits << width | u128::from(value);
    }
}

/// `None` unless the check bits are zero and there is such a place.
fn unpack(mut bits: u128) -> Option<Claims> {
    let mut pop = |width: u32| {
        let value = bits & ((1 << width) - 1);
        bits >>= width;
        u64::try_from(value).ok()
    };
    let generation = Generation(u16::try_from(pop(GENERATION_BITS)?).ok()?);
    let place = Place(pop(PLACE_BITS)?);
    let lane = u8::try_from(pop(LANE_BITS)?).ok()?;
    let epoch = u16::try_from(pop(EPOCH_BITS)?).ok()?;
    let room = u32::try_from(pop(ROOM_BITS)?).ok()?;
    let is_ours = bits == 0 && place.0 > 0;
    is_ours.then_some(Claims { room, epoch, lane, place, user: None, generation, issued_ms: 0 })
}

/// Applies a permutation of blocks until the block is a UUID of version 8 again. It ends, because
/// a permutation comes back to where it began.
fn walk(block: u128, step: impl Fn(&mut aes::Block)) -> u128 {
    let mut bytes = block.to_be_bytes().into();
    loop {
        step(&mut bytes);
        let block = u128::from_be_bytes(bytes.into());
        if block & FIXED_MASK == FIXED {
            return block;
        }
    }
}

/// 122 bits around the fixed ones.
fn spread(bits: u128) -> u128 {
    let low = bits & ((1 << 62) - 1);
    let middle = bits >> 62 & 0xfff;
    let high = bits >> 74;
    high << 80 | middle << 64 | low | FIXED
}

fn gather(block: u128) -> u128 {
    let low = block & ((1 << 62) - 1);
    let middle = block >> 64 & 0xfff;
    let high = block >> 80;
    high << 74 | middle << 62 | low
}

fn write(block: u128) -> String {
    let hex = format!("{block:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Only the one text that [`write()`] gives.
fn read(text: &str) -> Option<u128> {
    let is_plain = text.len() == 36 && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    let block = u128::from_str_radix(&text.replace('-', ""), 16).ok().filter(|_| is_plain)?;
    (block & FIXED_MASK == FIXED && write(block) == text).then_some(block)
}

fn derive(master: &MasterKey) -> Aes128 {
    let root = hmac::Key::new(hmac::HMAC_SHA256, &master.secret);
    let mut key = [0; 16];
    key.copy_from_slice(&hmac::sign(&root, b"admitone waiting room uuid v1").as_ref()[..16]);
    Aes128::new(&key.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: MasterKey = MasterKey { id: 7, secret: [9; 32] };

    fn keys() -> UuidKeys {
        UuidKeys::new(&KEY, None)
    }

    fn claims(place: u64, generation: u16) -> Claims {
        Claims {
            room: 3,
            epoch: 5,
            lane: 0,
            place: Place(place),
            user: None,
            generation: Generation(generation),
            issued_ms: 0,
        }
    }

    #[test]
    fn a_number_too_large_for_the_form_is_not_cut() {
        assert_eq!(keys().mint(&claims(1 << PLACE_BITS, 0)), None);
        assert_eq!(keys().mint(&claims(1, 1 << GENERATION_BITS)), None);
        assert_eq!(keys().mint(&Claims { room: 1 << ROOM_BITS, ..claims(1, 0) }), None);
    }

    #[test]
    fn a_uuid_is_worth_nothing_elsewhere() {
        let text = keys().mint(&claims(1, 0)).unwrap();
        assert_eq!(keys().verify(4, 5, &text), Err(TokenRefusal::OtherRoom));
        assert_eq!(keys().verify(3, 6, &text), Err(TokenRefusal::OtherEpoch));
        let newer = MasterKey { id: 8, secret: [10; 32] };
        assert_eq!(UuidKeys::new(&newer, None).verify(3, 5, &text), Err(TokenRefusal::Forged));
        assert!(UuidKeys::new(&newer, Some(&KEY)).verify(3, 5, &text).is_ok());
    }

    #[test]
    fn only_one_text_of_a_uuid_is_accepted() {
        let text = keys().mint(&claims(1, 0)).unwrap();
        let without_dashes = text.replace('-', "");
        for other in [text.to_uppercase(), without_dashes, format!("{{{text}}}")] {
            let is_other = other != text;
            assert_eq!(keys().verify(3, 5, &other).is_err(), is_other, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_token_is_a_uuid_of_version_8_and_says_what_was_put_in(
            place in 1_u64..1 << PLACE_BITS,
            generation in 0_u16..1 << GENERATION_BITS,
        ) {
            let claims = claims(place, generation);
            let text = keys().mint(&claims).unwrap();
            prop_assert_eq!(&text[14..15], "8");
            prop_assert!("89ab".contains(&text[19..20]));
            prop_assert_eq!(keys().verify(3, 5, &text), Ok(claims));
        }

        #[test]
        fn a_guessed_uuid_is_refused(block: u128) {
            let text = write(block & !FIXED_MASK | FIXED);
            prop_assert_eq!(keys().verify(3, 5, &text), Err(TokenRefusal::Forged));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,50}") {
            prop_assert!(keys().verify(3, 5, &text).is_err());
        }
    }
}
