//! The tokens of buyers with a local account: signed, so that no store is asked; and the keys of
//! operators that the API makes.

use admitone_app::parties::Parties;
use admitone_app::waiting_room::token::is_signed;
use admitone_domain::id::{BuyerId, OperatorId};
use admitone_domain::{CommandId, Moment};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

const PREFIX: &str = "amb_";
/// 16 bytes buyer, 8 bytes issued, 16 bytes tag.
const LENGTH: usize = 40;
/// A token is good for 90 days.
const LIFE_MS: u64 = 90 * 24 * 3_600 * 1_000;

/// A buyer's bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerToken(pub String);

/// The house's secret, from which the keys of its signatures come.
#[derive(Clone)]
pub struct Secret {
    buyers: hmac::Key,
    pub(super) receipts: hmac::Key,
    operators: hmac::Key,
}

impl Secret {
    /// From 32 random bytes that are kept.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &blake3::derive_key(purpose, bytes));
        let buyers = key("admitone 2026 buyer tokens");
        let receipts = key("admitone 2026 receipts of commands");
        Self { buyers, receipts, operators: key("admitone 2026 keys of operators") }
    }

    /// A token for a buyer, good for 90 days.
    pub fn token_for(&self, buyer: BuyerId, now: Moment) -> BuyerToken {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(buyer.0.to_be_bytes());
        bytes.extend(now.0.to_be_bytes());
        let tag = hmac::sign(&self.buyers, &bytes);
        bytes.extend(&tag.as_ref()[..16]);
        BuyerToken(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The key of an operator who is made by a command: the same when the command is repeated because
    /// its answer was lost, though nobody keeps it; another for every other operator.
    pub(crate) fn operator_key(&self, command: CommandId, operator: OperatorId) -> String {
        let made_by = [&command.0.to_be_bytes()[..], &operator.0.to_be_bytes()].concat();
        let tag = hmac::sign(&self.operators, &made_by);
        Parties::new_key(&tag.as_ref().try_into().unwrap_or_default())
    }

    /// Whose token this is, if it is one of ours and still good.
    pub fn buyer_of(&self, token: &str, now: Moment) -> Option<BuyerId> {
        let mut bytes = [0; LENGTH];
        let text = token.strip_prefix(PREFIX)?;
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if length != LENGTH {
            return None;
        }
        let (signed, tag) = bytes.split_at(24);
        if !is_signed(&self.buyers, signed, tag) {
            return None;
        }
        let buyer = u128::from_be_bytes(signed[..16].try_into().ok()?);
        let issued = Moment(i64::from_be_bytes(signed[16..].try_into().ok()?));
        (now < issued.plus_ms(LIFE_MS)).then_some(BuyerId(buyer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);

    #[test]
    fn a_token_names_its_buyer() {
        let secret = Secret::new(&[7; 32]);
        let token = secret.token_for(BuyerId(42), NOW).0;
        assert_eq!(secret.buyer_of(&token, NOW), Some(BuyerId(42)));
    }

    #[test]
    fn an_operators_key_is_made_again_for_the_same_command_and_for_no_other() {
        let secret = Secret::new(&[7; 32]);
        let key = |secret: &Secret, command, operator| {
            secret.operator_key(CommandId(command), OperatorId(operator))
        };
        let first = key(&secret, 1, 2);
        assert_eq!(key(&secret, 1, 2), first);
        assert!(first.starts_with("amo_") && first != Parties::new_key(&[0; 32]), "{first}");
        for other in [key(&secret, 2, 2), key(&secret, 1, 3), key(&Secret::new(&[8; 32]), 1, 2)] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn a_token_of_another_house_is_refused() {
        let token = Secret::new(&[8; 32]).token_for(BuyerId(42), NOW).0;
        assert_eq!(Secret::new(&[7; 32]).buyer_of(&token, NOW), None);
    }

    #[test]
    fn a_token_with_any_other_character_is_refused() {
        let secret = Secret::new(&[7; 32]);
        let token = secret.token_for(BuyerId(42), NOW).0;
        for at in PREFIX.len()..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(secret.buyer_of(&forged, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_token_is_good_for_ninety_days() {
        let secret = Secret::new(&[7; 32]);
        let token = secret.token_for(BuyerId(42), NOW).0;
        assert_eq!(secret.buyer_of(&token, NOW.plus_ms(LIFE_MS - 1)), Some(BuyerId(42)));
        assert_eq!(secret.buyer_of(&token, NOW.plus_ms(LIFE_MS)), None);
    }
}
