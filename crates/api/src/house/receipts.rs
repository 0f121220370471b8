//! Receipts of commands that were accepted: what asks for the outcome, from any instance, and only
//! for who asked. Signed for its owner, so that nothing is kept of them.

use super::Secret;
use admitone_app::ports::delivery::Receipt;
use admitone_app::waiting_room::token::is_signed;
use admitone_domain::{Actor, CommandId, Moment};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

const PREFIX: &str = "cmd_";
/// 16 bytes command, 8 bytes fresh number, 8 bytes until when, 16 bytes tag.
const LENGTH: usize = 48;
const SIGNED: usize = 32;

impl Secret {
    /// What its owner asks with.
    pub(crate) fn receipt_for(&self, receipt: &Receipt, owner: Actor) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(receipt.id.0.to_be_bytes());
        bytes.extend(receipt.fresh.to_be_bytes());
        bytes.extend(receipt.until.0.to_be_bytes());
        let tag = hmac::sign(&self.receipts, &owned(&bytes, owner));
        bytes.extend(&tag.as_ref()[..LENGTH - SIGNED]);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The receipt in a text, if this house gave it to this owner.
    pub(crate) fn receipt_of(&self, text: &str, owner: Actor) -> Option<Receipt> {
        let mut bytes = [0; LENGTH];
        let length = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        if length != LENGTH {
            return None;
        }
        let (signed, tag) = bytes.split_at(SIGNED);
        if !is_signed(&self.receipts, &owned(signed, owner), tag) {
            return None;
        }
        let id = CommandId(u128::from_be_bytes(signed[..16].try_into().ok()?));
        let fresh = u64::from_be_bytes(signed[16..24].try_into().ok()?);
        let until = Moment(i64::from_be_bytes(signed[24..].try_into().ok()?));
        Some(Receipt { id, fresh, until })
    }
}

/// What is signed: a receipt, and whose it is.
fn owned(receipt: &[u8], owner: Actor) -> Vec<u8> {
    [receipt, owner.to_string().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::{BuyerId, OperatorId};

    const RECEIPT: Receipt = Receipt { id: CommandId(7), fresh: 8, until: Moment(9) };
    const ANN: Actor = Actor::Buyer(BuyerId(1));

    #[test]
    fn a_receipt_is_good_for_its_owner_and_nobody_else() {
        let secret = Secret::new(&[7; 32]);
        let text = secret.receipt_for(&RECEIPT, ANN);
        assert_eq!(secret.receipt_of(&text, ANN), Some(RECEIPT));
        for other in [Actor::Buyer(BuyerId(2)), Actor::Operator(OperatorId(1)), Actor::House] {
            assert_eq!(secret.receipt_of(&text, other), None);
        }
        assert_eq!(Secret::new(&[8; 32]).receipt_of(&text, ANN), None);
    }

    #[test]
    fn a_receipt_with_any_other_character_is_none() {
        let secret = Secret::new(&[7; 32]);
        let text = secret.receipt_for(&RECEIPT, ANN);
        for at in PREFIX.len()..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(secret.receipt_of(&forged, ANN), None, "{forged}");
        }
    }
}
