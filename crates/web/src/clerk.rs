//! Takes a visitor's wish to the box office and back: the same use cases as those of the API.

use crate::form::Form;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use admitone_app::box_office::Request as Named;
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::ports::delivery::Reply;
use admitone_domain::command::Operate;
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ReservationId, ShowId};
use admitone_domain::pass::Admission;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::{Action, Actor, Key, Loaded, Moment, Outcome, Refusal, Row};

/// What the box office decided, and when.
pub(crate) fn outcome(reply: &Reply) -> Result<(&Outcome, Moment), Refusal> {
    match reply {
        Reply::Answered { answer, .. } => match &answer.answer {
            Ok(outcome) => Ok((outcome, answer.at)),
            Err(refusal) => Err(refusal.clone()),
        },
        // Its name is made of all that it says: this is another command with the same hash. What
        // is only accepted was sorted out before.
        Reply::KeyReused | Reply::Accepted(_) => Err(Refusal::InvalidState),
    }
}

/// A reply that says what came of it; of one that does not, nobody knows yet.
pub(crate) fn heard(reply: Reply) -> Result<Reply, Oops> {
    match reply {
        Reply::Accepted(_) => Err(Oops::unknown()),
        Reply::Answered { .. } | Reply::KeyReused => Ok(reply),
    }
}

impl Site {
    /// Has a command decided.
    pub(crate) async fn ask(&self, named: &Named, action: Action) -> Result<Reply, Oops> {
        heard(self.office.submit(named, action).await?)
    }

    /// Has what a form asks for decided, for a buyer and without a pass.
    pub(crate) async fn submit(
        &self,
        form: &Form,
        buyer: BuyerId,
        action: Action,
    ) -> Result<Outcome, Oops> {
        let named = form.named(Actor::Buyer(buyer), Admission::None);
        let reply = self.ask(&named, action).await?;
        Ok(outcome(&reply)?.0.clone())
    }

    /// Has what an operator's form asks for decided.
    pub(crate) async fn submit_for(
        &self,
        asked: &StaffForm,
        action: Action,
    ) -> Result<Outcome, Oops> {
        let reply = self.ask(&asked.named(), action).await?;
        Ok(outcome(&reply)?.0.clone())
    }

    /// The same of something that is a buyer's; why it is done, if that was said, stands in the log.
    pub(crate) async fn submit_saying_why(
        &self,
        asked: &StaffForm,
        (target, id): (Target, String),
        why: &str,
        action: Action,
    ) -> Result<Outcome, Oops> {
        let done = self.submit_for(asked, action);
        if why.is_empty() {
            return done.await;
        }
        let by = By::of(&asked.named(), why);
        self.log.book.tell(Intent { by, deed: Deed::Explained, target, id }, done).await
    }

    /// Has an operator's change of the programme made; what was changed.
    pub(crate) async fn operate(&self, asked: &StaffForm, change: Operate) -> Result<Key, Oops> {
        match self.submit_for(asked, Action::Operate(change)).await? {
            Outcome::Saved { key, .. } => Ok(key),
            _ => Err(Oops::inside()),
        }
    }

    /// A row as it is now.
    pub(crate) async fn row(&self, key: Key) -> Result<Option<Row>, Oops> {
        Ok(self.office.row(key).await?.map(Loaded::into_row))
    }

    /// A show that exists.
    pub(crate) async fn show(&self, id: ShowId) -> Result<Show, Oops> {
        match self.row(Key::Show(id)).await? {
            Some(Row::Show(show)) => Ok(show),
            _ => Err(Oops::not_found()),
        }
    }

    /// A concert that exists.
    pub(crate) async fn concert(&self, id: ConcertId) -> Result<Concert, Oops> {
        match self.row(Key::Concert(id)).await? {
            Some(Row::Concert(concert)) => Ok(concert),
            _ => Err(Oops::not_found()),
        }
    }

    /// A reservation of this buyer.
    pub(crate) async fn reservation(
        &self,
        id: ReservationId,
        buyer: BuyerId,
    ) -> Result<Reservation, Oops> {
        match self.row(Key::Reservation(id)).await? {
            Some(Row::Reservation(found)) if found.buyer == buyer => Ok(found),
            _ => Err(Oops::not_found()),
        }
    }
}
