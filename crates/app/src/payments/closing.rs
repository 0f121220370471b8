//! Closing: an account is kept while its wallet may still be asked for something.

use crate::Trouble;
use crate::ports::reads::{Page, Reads};
use admitone_domain::Action;
use admitone_domain::command::operate::{CloseAccount, Operate};
use admitone_domain::id::{BuyerId, PaymentId};
use admitone_domain::payment::{Method, Payment};

/// So many payments are read at once.
const PAGE: usize = 200;

/// Closes a buyer's account, with the payments that stand in its way until they are done.
///
/// # Errors
/// The payments cannot be read.
pub async fn close_account(reads: &dyn Reads, buyer: BuyerId) -> Result<Action, Trouble> {
    let payments = on_their_way(reads, buyer).await?;
    Ok(Action::Operate(Operate::CloseAccount(CloseAccount { buyer, payments })))
}

/// Those of which the buyer's wallet may be asked something still. What becomes of them until the account
/// is closed the closing finds itself: it names them.
async fn on_their_way(reads: &dyn Reads, buyer: BuyerId) -> Result<Vec<PaymentId>, Trouble> {
    let (mut open, mut before) = (Vec::new(), None);
    loop {
        let page = reads.payments(buyer, Page { before, limit: PAGE }).await?;
        open.extend(page.iter().filter(|one| may_ask(one)).map(|one| one.id));
        before = page.last().map(|last| last.id.0);
        if page.len() < PAGE {
            return Ok(open);
        }
    }
}

/// What a gateway took goes back through it.
fn may_ask(payment: &Payment) -> bool {
    let may_go_back = payment.refundable().is_positive();
    match payment.method {
        Method::Apart(_) => may_go_back || payment.ask_at().is_some(),
        Method::Wallet => may_go_back && payment.reservation.is_some(),
        Method::Gateway(_) | Method::External { .. } => false,
    }
}
