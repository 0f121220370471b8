//! Cookies that say who somebody is: signed, so that no store is asked. Nothing of them stands in
//! an address, and no script can read them.

use admitone_app::ticket_codes::TicketCodes;
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, OperatorId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 1 byte kind, 16 bytes who, 8 bytes since when, 16 bytes tag.
const LENGTH: usize = 41;
const SIGNED: usize = 25;
/// The letters of a tag: those of base64 for addresses are all letters that an order may have.
const TAG_LETTERS: usize = 22;
/// A buyer stays signed in for thirty days, an operator for twelve hours.
const BUYER_MS: u64 = 30 * 24 * 3_600 * 1_000;
pub(crate) const OPERATOR_MS: u64 = 12 * 3_600 * 1_000;

/// The keys of what the pages sign.
#[derive(Clone)]
pub struct Keys {
    sessions: [u8; 32],
    forms: [u8; 32],
    tickets: TicketCodes,
    names: [u8; 32],
    orders: [u8; 32],
}

/// Who a session is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Buyer(BuyerId),
    Operator(OperatorId),
}

impl Keys {
    /// From the secret of the house.
    pub fn new(secret: &[u8; 32]) -> Self {
        let key = |of: &str| blake3::derive_key(of, secret);
        Self {
            sessions: key("admitone 2026 page sessions"),
            forms: key("admitone 2026 page forms"),
            tickets: TicketCodes::new(secret),
            names: key("admitone 2026 account names"),
            orders: key("admitone 2026 page orders"),
        }
    }

    /// The value of a session's cookie.
    pub(crate) fn session(&self, who: Who, now: Moment) -> String {
        let (kind, id) = match who {
            Who::Buyer(buyer) => (b'b', buyer.0),
            Who::Operator(operator) => (b'o', u128::from(operator.0)),
        };
        let mut bytes = vec![kind];
        bytes.extend(id.to_be_bytes());
        bytes.extend(now.0.to_be_bytes());
        let tag = tag(&self.sessions, &bytes);
        bytes.extend(tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Who a session is of, if it is one of ours and not over.
    pub(crate) fn who(&self, cookie: &str, now: Moment) -> Option<Who> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (signed, given) = bytes.split_at(SIGNED);
        if !is_tag(&self.sessions, signed, given) {
            return None;
        }
        let id = u128::from_be_bytes(signed[1..17].try_into().ok()?);
        let since = Moment(i64::from_be_bytes(signed[17..].try_into().ok()?));
        let (who, life_ms) = match signed[0] {
            b'b' => (Who::Buyer(BuyerId(id)), BUYER_MS),
            _ => (Who::Operator(OperatorId(u64::try_from(id).ok()?)), OPERATOR_MS),
        };
        (now < since.plus_ms(life_ms)).then_some(who)
    }

    /// What a form carries so that no other site can post it: bound to the visit and the session.
    pub(crate) fn form_token(&self, visit: &str, session: &str) -> String {
        let said = [visit.as_bytes(), b"\0", session.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(tag(&self.forms, &said))
    }

    /// Whether a form came from the same visit and session.
    pub(crate) fn is_form_token(&self, given: &str, visit: &str, session: &str) -> bool {
        let said = [visit.as_bytes(), b"\0", session.as_bytes()].concat();
        let given = URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
        is_tag(&self.forms, &said, &given)
    }

    /// The order under which a buyer is sent to the gateway's page: the name with a tag that is bound
    /// to both. Not to the session: whoever signs in anew on the way back has paid all the same.
    pub(crate) fn order(&self, name: &str, buyer: BuyerId) -> String {
        let tag = tag(&self.orders, &ordered(name, buyer));
        format!("{name}{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether a page sent this buyer to the gateway with this order: any site can send him back
    /// from there with another one, and with a payment that he never agreed to.
    pub(crate) fn is_order(&self, order: &str, buyer: BuyerId) -> bool {
        let at = order.len().saturating_sub(TAG_LETTERS);
        order.split_at_checked(at).is_some_and(|(name, given)| {
            let given = URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
            is_tag(&self.orders, &ordered(name, buyer), &given)
        })
    }

    /// The buyer who signs in under a name. Nobody else can compute it.
    pub(crate) fn buyer_named(&self, login: &str) -> BuyerId {
        let name = blake3::keyed_hash(&self.names, login.as_bytes());
        let id = name.as_bytes().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        BuyerId(id)
    }

    /// The codes of tickets.
    pub fn tickets(&self) -> &TicketCodes {
        &self.tickets
    }
}

/// What the tag of an order is made of.
fn ordered(name: &str, buyer: BuyerId) -> Vec<u8> {
    [&buyer.0.to_be_bytes()[..], name.as_bytes()].concat()
}

fn tag(key: &[u8; 32], said: &[u8]) -> [u8; 16] {
    let whole = blake3::keyed_hash(key, said);
    whole.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Compares without telling by its time how much is right.
fn is_tag(key: &[u8; 32], said: &[u8], given: &[u8]) -> bool {
    let right = tag(key, said);
    let differ = right.iter().zip(given).fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == right.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::payments::names;
    use admitone_domain::id::ReservationId;

    const NOW: Moment = Moment(1_000_000);

    fn keys() -> Keys {
        Keys::new(&[7; 32])
    }

    #[test]
    fn a_session_says_who_and_ends() {
        let ann = Who::Buyer(BuyerId(42));
        let cookie = keys().session(ann, NOW);
        assert_eq!(keys().who(&cookie, NOW), Some(ann));
        assert_eq!(keys().who(&cookie, NOW.plus_ms(BUYER_MS)), None);
        let staff = Who::Operator(OperatorId(3));
        let cookie = keys().session(staff, NOW);
        assert_eq!(keys().who(&cookie, NOW), Some(staff));
        assert_eq!(keys().who(&cookie, NOW.plus_ms(OPERATOR_MS)), None);
    }

    #[test]
    fn a_session_with_any_other_character_or_of_another_house_is_refused() {
        let cookie = keys().session(Who::Buyer(BuyerId(42)), NOW);
        for at in 0..cookie.len() - 1 {
            let mut forged = cookie.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(keys().who(&forged, NOW), None, "{forged}");
        }
        assert_eq!(Keys::new(&[8; 32]).who(&cookie, NOW), None);
        assert_eq!(keys().who("", NOW), None);
    }

    #[test]
    fn a_form_of_another_visit_or_session_is_refused() {
        let token = keys().form_token("visit", "session");
        assert!(keys().is_form_token(&token, "visit", "session"));
        assert!(!keys().is_form_token(&token, "another", "session"));
        assert!(!keys().is_form_token(&token, "visit", ""));
        assert!(!keys().is_form_token("", "visit", "session"));
        assert!(!keys().is_form_token(&keys().form_token("visits", "ession"), "visit", "session"));
    }

    #[test]
    fn an_order_is_good_for_the_buyer_it_was_made_for_and_as_it_was_made() {
        let ann = BuyerId(42);
        let order = keys().order("res_9223372036854775807-0123456789ab", ann);
        assert!(order.len() <= 64, "{order}");
        assert_eq!(names::reservation(&order), Some(ReservationId(i64::MAX.unsigned_abs())));
        assert!(keys().is_order(&order, ann));
        assert!(!keys().is_order(&order, BuyerId(43)));
        assert!(!Keys::new(&[8; 32]).is_order(&order, ann));
        for foreign in [&order.replace("ab", "ac"), &order[..order.len() - 1], "res_7-1", "", "ü"]
        {
            assert!(!keys().is_order(foreign, ann), "{foreign}");
        }
    }
}
