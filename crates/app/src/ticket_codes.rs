//! The code of a ticket: what its QR code says and what can be typed at the door. Signed, so that
//! nobody makes one of his own; that it is used once is kept elsewhere.

use admitone_domain::id::{ReservationId, TicketId};

/// Letters that are not taken for each other, and that a QR code packs tightly.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// So many bytes of the tag: nobody guesses 2^60.
const TAG_LETTERS: usize = 12;

/// Makes codes, and knows those that it made.
#[derive(Clone)]
pub struct TicketCodes([u8; 32]);

impl TicketCodes {
    /// From the secret of the house.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(blake3::derive_key("admitone 2026 ticket codes", secret))
    }

    /// The code of a ticket, in groups of four: `A1-…`.
    pub fn code(&self, ticket: TicketId) -> String {
        let plain = number(u128::from(ticket.reservation.0) << 16 | u128::from(ticket.item));
        let tag = self.tag(ticket);
        let grouped = |text: &str| {
            let letters: Vec<char> = text.chars().collect();
            letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
        };
        format!("{}-{}", plain, grouped(&tag))
    }

    /// Which ticket a code is of, if this house made it. Small letters, spaces and strokes that
    /// somebody typed make no difference, nor does an O for a zero.
    pub fn ticket_of(&self, typed: &str) -> Option<TicketId> {
        let letters = typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| match letter
            .to_ascii_uppercase()
        {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        let text: String = letters.collect();
        let at = text.len().checked_sub(TAG_LETTERS)?;
        let (plain, given) = text.split_at(at);
        let number = plain.bytes().try_fold(0_u128, |number, letter| {
            let digit = LETTERS.iter().position(|known| *known == letter)?;
            number.checked_mul(32)?.checked_add(u128::try_from(digit).ok()?)
        })?;
        let reservation = ReservationId(u64::try_from(number >> 16).ok()?);
        let ticket = TicketId { reservation, item: u32::try_from(number & 0xffff).ok()? };
        let right = self.tag(ticket);
        let differ = right.bytes().zip(given.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
        (differ == 0 && right.len() == given.len()).then_some(ticket)
    }

    fn tag(&self, ticket: TicketId) -> String {
        let whole = blake3::keyed_hash(&self.0, ticket.to_string().as_bytes());
        let tag = whole.as_bytes().first_chunk().copied().unwrap_or_default();
        let tag = u128::from_be_bytes(tag);
        (0..TAG_LETTERS).map(|at| letter(tag >> (at * 5))).collect()
    }
}

fn number(mut number: u128) -> String {
    let mut letters = Vec::new();
    while number > 0 || letters.is_empty() {
        letters.push(letter(number));
        number >>= 5;
    }
    letters.into_iter().rev().collect()
}

fn letter(bits: u128) -> char {
    let at = usize::try_from(bits & 31).unwrap_or(0);
    char::from(LETTERS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_its_ticket_however_it_is_typed() {
        let codes = TicketCodes::new(&[7; 32]);
        for (reservation, item) in [(1, 0), (20_001, 3), (u64::MAX, 99)] {
            let ticket = TicketId { reservation: ReservationId(reservation), item };
            let code = codes.code(ticket);
            assert_eq!(codes.ticket_of(&code), Some(ticket), "{code}");
            let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
            assert_eq!(codes.ticket_of(&typed), Some(ticket), "{typed}");
        }
    }

    #[test]
    fn a_code_with_any_other_letter_or_of_another_house_is_refused() {
        let codes = TicketCodes::new(&[7; 32]);
        let ticket = TicketId { reservation: ReservationId(20_001), item: 3 };
        let code = codes.code(ticket);
        for at in 0..code.len() {
            let mut forged = code.clone().into_bytes();
            if forged[at] == b'-' {
                continue;
            }
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(codes.ticket_of(&forged), None, "{forged}");
        }
        assert_eq!(TicketCodes::new(&[8; 32]).ticket_of(&code), None);
        assert_eq!(codes.ticket_of(""), None);
    }
}
