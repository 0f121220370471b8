//! What every handler needs: the box office, the rooms, and who may come in.

mod credentials;
mod jwt;
mod receipts;

pub use credentials::{BuyerToken, Secret};
pub use jwt::{Issuer, IssuerTrouble};

pub(crate) use jwt::buyer_named;

use crate::commands::CommandView;
use crate::limits::Limits;
use crate::problem::Problem;
use crate::server::Doors;
use admitone_app::BoxOffice;
use admitone_app::box_office::{BestAvailable, Request};
use admitone_app::parties::Parties;
use admitone_app::ports::delivery::Reply;
use admitone_domain::id::{BuyerId, OperatorId, RoomId, ShowId};
use admitone_domain::party::Right;
use admitone_domain::show::Show;
use admitone_domain::{Action, Currency, Key, Row};
use axum::http::{HeaderMap, header};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;

/// What every handler needs.
#[derive(Clone)]
pub struct House(pub Arc<Parts>);

/// The parts of the house.
pub struct Parts {
    /// Sells.
    pub office: BoxOffice,
    /// Which show stands behind which room.
    pub gates: Arc<admitone_app::gates::Gates>,
    /// The waiting rooms.
    pub rooms: Arc<admitone_app::rooms::Rooms>,
    /// Who is known.
    pub parties: Arc<Parties>,
    /// Pages of lists that were made lately.
    pub pages: crate::pages::Pages,
    /// What is kept of people.
    pub records: Arc<dyn admitone_app::ports::records::Records>,
    /// The queues of commands that travel.
    pub queues: Arc<admitone_app::ports::queues::NamedQueues>,
    /// The endpoints of webhooks.
    pub webhooks: Arc<admitone_app::webhooks::WebhookDesk>,
    /// Who writes notices to buyers, if anybody sends them.
    pub notices: Option<Arc<admitone_app::notices::NoticeWriter>>,
    /// What became of notices.
    pub notice_book: admitone_app::notices::NoticeBook,
    /// What operators did.
    pub log: admitone_app::logbook::OperatorLog,
    /// Plays rehearsals of the sale; none where that cannot be done.
    pub rehearsals: Option<Arc<dyn admitone_app::ports::rehearsals::Rehearsals>>,
    /// Makes the codes of tickets, and knows them.
    pub tickets: admitone_app::ticket_codes::TicketCodes,
    /// Signs buyers' tokens.
    pub secret: Secret,
    /// Somebody else's tokens, if they are taken.
    pub issuer: Option<Issuer>,
    /// What buyers may do without asking anybody.
    pub freedoms: Freedoms,
    /// Carries payments in steps, if any may be: through a gateway, or from a wallet apart.
    pub payments: Option<Arc<admitone_app::payments::Payments>>,
    /// How often somebody may ask, if that is limited.
    pub limits: Option<Limits>,
    /// The currency of wallets.
    pub currency: Currency,
    /// Renders the figures.
    pub metrics: PrometheusHandle,
    /// Random numbers from the outside.
    pub chance: fn() -> u128,
    /// The room and show of the reference routes, when they are on.
    pub reference: Option<crate::reference::Setting>,
    /// How it closes; event streams, which would never end by themselves, end with it.
    pub doors: Doors,
    /// Whether the no-op routes of the benchmark exist.
    pub bench_routes: bool,
    /// The clock that whoever comes may move; only for the laboratory.
    pub movable_clock: Option<Arc<admitone_app::clock::SystemClock>>,
    /// What transactions read and wrote; only for the laboratory.
    pub observed: Option<Arc<admitone_app::observed::Observations>>,
}

/// What buyers may do without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freedoms {
    /// Open an account.
    pub open_accounts: bool,
    /// Charge their own wallet.
    pub self_charge: bool,
}

impl std::ops::Deref for House {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl House {
    /// The buyer whose token came with a request.
    pub(crate) fn buyer(&self, headers: &HeaderMap) -> Result<BuyerId, Problem> {
        let token = bearer(headers).ok_or_else(Problem::unauthenticated)?;
        let now = self.office.clock.now();
        let buyer = match self.secret.buyer_of(token, now) {
            Some(buyer) => Some(buyer),
            None => self.issuer.as_ref().and_then(|issuer| issuer.buyer_of(token, now)),
        };
        let known = buyer.filter(|buyer| !self.parties.is_disabled(*buyer));
        known.ok_or_else(Problem::unauthenticated)
    }

    /// The operator whose key came with a request, if the key allows what is asked.
    pub(crate) fn operator(
        &self,
        headers: &HeaderMap,
        right: Right,
    ) -> Result<OperatorId, Problem> {
        let key = bearer(headers).ok_or_else(Problem::unauthenticated)?;
        match self.parties.operator(key) {
            Some(operator) if self.is_allowed(operator, right) => Ok(operator),
            Some(_) => Err(Problem::forbidden("the role of this key does not allow it")),
            None if self.buyer(headers).is_ok() => {
                Err(Problem::forbidden("this takes an operator's key"))
            }
            None => Err(Problem::unauthenticated()),
        }
    }

    /// The operator whose key came with a request, whatever it allows.
    pub(crate) fn any_operator(&self, headers: &HeaderMap) -> Option<OperatorId> {
        self.parties.operator(bearer(headers)?)
    }

    /// Whether an operator may do something.
    pub(crate) fn is_allowed(&self, operator: OperatorId, right: Right) -> bool {
        self.parties.role(operator).is_some_and(|role| role.may(right))
    }

    /// Has a command settled. One that travels and has no answer yet ends the handler with that.
    pub(crate) async fn submit(&self, named: &Request, action: Action) -> Result<Reply, Problem> {
        let reply = self.office.submit(named, action).await?;
        self.unless_accepted(named, reply)
    }

    /// The same for the best seats there are.
    pub(crate) async fn hold_best(
        &self,
        named: &Request,
        wish: &BestAvailable,
    ) -> Result<Reply, Problem> {
        let reply = self.office.hold_best(named, wish).await?;
        self.unless_accepted(named, reply)
    }

    pub(crate) fn unless_accepted(&self, named: &Request, reply: Reply) -> Result<Reply, Problem> {
        match reply {
            Reply::Accepted(receipt) => {
                let id = self.secret.receipt_for(&receipt, named.actor);
                Err(Problem::accepted(CommandView::accepted(id, &receipt), !named.waits))
            }
            answered => Ok(answered),
        }
    }

    /// The room of a show that exists, if it stands behind one.
    pub(crate) async fn room_of(&self, show: ShowId) -> Result<Option<RoomId>, Problem> {
        self.gates.room(show).await?.ok_or_else(|| Problem::not_found("show"))
    }

    /// A show that exists.
    pub(crate) async fn show(&self, id: ShowId) -> Result<Show, Problem> {
        match self.office.row(Key::Show(id)).await?.map(admitone_domain::Loaded::into_row) {
            Some(Row::Show(show)) => Ok(show),
            _ => Err(Problem::not_found("show")),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
