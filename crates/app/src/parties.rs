//! Who is known: operators by their keys, and buyers whose account is closed. Kept in memory
//! beside what is committed, because every request asks.

use crate::Trouble;
use crate::ports::reads::Reads;
use crate::ports::records::Records;
use crate::ports::tap::Tap;
use admitone_domain::id::{BuyerId, OperatorId};
use admitone_domain::party::{Operator, Role};
use admitone_domain::{Row, Verdict};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Who is known.
#[derive(Default)]
pub struct Parties {
    operators: RwLock<HashMap<[u8; 32], (OperatorId, Role)>>,
    disabled: RwLock<HashSet<BuyerId>>,
}

impl Parties {
    /// Learns the operators that the store has, and the accounts that are closed.
    pub async fn load(&self, reads: &dyn Reads, records: &dyn Records) -> Result<(), Trouble> {
        for buyer in records.closed_accounts().await? {
            self.close(buyer);
        }
        for operator in reads.operators().await? {
            self.learn(&operator);
        }
        Ok(())
    }

    /// The hash under which an operator's key is kept.
    pub fn hash(key: &str) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
        digest.as_ref().try_into().unwrap_or_default()
    }

    /// A key for an operator, of 32 random bytes. It is shown once and kept nowhere.
    pub fn new_key(random: &[u8; 32]) -> String {
        format!("amo_{}", URL_SAFE_NO_PAD.encode(random))
    }

    /// Whose key this is.
    pub fn operator(&self, key: &str) -> Option<OperatorId> {
        let known = self.operators.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&Self::hash(key)).map(|(id, _)| *id)
    }

    /// What an operator may do now; nothing at all once the key is refused.
    pub fn role(&self, id: OperatorId) -> Option<Role> {
        let known = self.operators.read().unwrap_or_else(PoisonError::into_inner);
        known.values().find(|(known, _)| *known == id).map(|(_, role)| *role)
    }

    /// Whether a buyer's account is closed.
    pub fn is_disabled(&self, buyer: BuyerId) -> bool {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).contains(&buyer)
    }

    fn close(&self, buyer: BuyerId) {
        self.disabled.write().unwrap_or_else(PoisonError::into_inner).insert(buyer);
    }

    fn reopen(&self, buyer: BuyerId) {
        self.disabled.write().unwrap_or_else(PoisonError::into_inner).remove(&buyer);
    }

    fn learn(&self, operator: &Operator) {
        let mut known = self.operators.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (id, _)| *id != operator.id);
        if !operator.disabled {
            known.insert(operator.key_hash, (operator.id, operator.role));
        }
    }
}

impl Tap for Parties {
    fn committed(&self, verdict: &Arc<Verdict>) {
        for change in &verdict.changes {
            match &*change.row {
                Row::Operator(operator) => self.learn(operator),
                Row::Buyer(buyer) if buyer.disabled => self.close(buyer.id),
                Row::Buyer(buyer) => self.reopen(buyer.id),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::Moment;
    use admitone_domain::party::Buyer;

    #[test]
    fn an_account_from_before_there_were_passwords_is_read() {
        let (name, password) = ("Ann".to_owned(), Some("hash".to_owned()));
        let now = Buyer {
            id: BuyerId(7),
            name: name.clone(),
            created_at: Moment(5),
            disabled: false,
            password,
        };
        let bytes = postcard::to_stdvec(&now).unwrap();
        assert_eq!(postcard::from_bytes::<Buyer>(&bytes).unwrap(), now);
        let before = postcard::to_stdvec(&(BuyerId(7), name, Moment(5), false)).unwrap();
        let read = postcard::from_bytes::<Buyer>(&before).unwrap();
        assert_eq!(read, Buyer { password: None, ..now });
    }

    #[test]
    fn a_key_from_before_there_were_roles_allows_everything() {
        let now = Operator {
            id: OperatorId(3),
            name: "Opal".to_owned(),
            key_hash: [7; 32],
            created_at: Moment(5),
            disabled: false,
            role: Role::Door,
        };
        let bytes = postcard::to_stdvec(&now).unwrap();
        assert_eq!(postcard::from_bytes::<Operator>(&bytes).unwrap(), now);
        let before = (OperatorId(3), "Opal", [7_u8; 32], Moment(5), false);
        let before = postcard::to_stdvec(&before).unwrap();
        let read = postcard::from_bytes::<Operator>(&before).unwrap();
        assert_eq!(read, Operator { role: Role::Owner, ..now });
    }

    #[test]
    fn a_key_with_a_role_of_a_later_version_is_not_read_as_one_that_allows_everything() {
        let written = |role: u8| {
            let row = (OperatorId(3), "Opal", [7_u8; 32], Moment(5), false, role);
            postcard::from_bytes::<Operator>(&postcard::to_stdvec(&row).unwrap())
        };
        for (role, number) in Role::ALL.into_iter().zip(0..) {
            assert_eq!(written(number).unwrap().role, role);
            assert_eq!(postcard::to_stdvec(&role).unwrap(), [number]);
        }
        for unknown in [4, 9, 0xff] {
            assert!(written(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_key_that_is_refused_has_no_role() {
        let (parties, hash) = (Parties::default(), Parties::hash("amo_x"));
        let opal = Operator {
            id: OperatorId(3),
            name: "Opal".to_owned(),
            key_hash: hash,
            created_at: Moment(5),
            disabled: false,
            role: Role::Door,
        };
        parties.learn(&opal);
        assert_eq!(parties.operator("amo_x"), Some(OperatorId(3)));
        assert_eq!(parties.role(OperatorId(3)), Some(Role::Door));
        parties.learn(&Operator { disabled: true, ..opal });
        assert_eq!((parties.operator("amo_x"), parties.role(OperatorId(3))), (None, None));
    }
}
