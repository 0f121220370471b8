//! Who works here: the keys of operators, what each allows, a new one, and one that is refused from
//! now on.

use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use crate::visitor::Visitor;
use admitone_app::operating;
use admitone_app::parties::Parties;
use admitone_app::ports::delivery::Reply;
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Operator, Role};
use admitone_domain::{Action, Moment};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

const HERE: &str = "/operator/staff";

#[derive(Template)]
#[template(path = "operator/staff.html")]
struct Page {
    frame: Frame,
    operators: Vec<Operator>,
    /// Whoever looks: nobody refuses the own key.
    us: OperatorId,
    made: Option<Made>,
    zone: &'static str,
}

/// A key that was just made.
enum Made {
    /// Whose it is, and the key, which is shown this once.
    Now { name: String, key: String },
    /// The form was posted twice: the key was shown before.
    Before,
}

/// `GET /operator/staff`.
pub(crate) async fn staff(State(site): State<Site>, staff: Staff) -> Result<Response<Body>, Oops> {
    show(&site, (&staff.visitor, staff.operator), None).await
}

async fn show(
    site: &Site,
    (visitor, us): (&Visitor, OperatorId),
    made: Option<Made>,
) -> Result<Response<Body>, Oops> {
    let operators = site.office.reads.operators().await?;
    page(&Page { frame: Frame::new(site, visitor), operators, us, made, zone: "UTC" })
}

/// `POST /operator/staff`: a new key. The page that answers is the only one that ever shows it.
pub(crate) async fn create(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let (name, key) = (asked.form.text("name").trim().to_owned(), new_key(&site));
    let role: Role = asked.form.parsed("role")?;
    let save = operating::create_key(&site.office, &name, role, |_| key.clone()).await;
    let save = save.map_err(|unfit| Oops::from(unfit).onward(HERE.to_owned()))?;
    let reply = site.ask(&asked.named(), Action::Operate(save)).await?;
    crate::clerk::outcome(&reply)?;
    let made = match reply {
        Reply::Answered { replayed: false, .. } => Made::Now { name, key },
        _ => Made::Before,
    };
    show(&site, (&asked.form.visitor, asked.operator), Some(made)).await
}

fn new_key(site: &Site) -> String {
    let mut bytes = [0; 32];
    let (one, two) = bytes.split_at_mut(16);
    one.copy_from_slice(&(site.chance)().to_be_bytes());
    two.copy_from_slice(&(site.chance)().to_be_bytes());
    Parties::new_key(&bytes)
}

/// `POST /operator/staff/{id}/refuse`: the key opens nothing any more, from now on.
pub(crate) async fn refuse(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let id: OperatorId = id.parse().map_err(|_| Oops::not_found())?;
    if id == asked.operator {
        let why = asked.form.visitor.language.say("staff.own_key").to_owned();
        return Err(Oops::unfit(why).onward(HERE.to_owned()));
    }
    let refuse = operating::refuse_key(&site.office, id).await?;
    site.operate(&asked, refuse).await?;
    Ok(go_to(HERE))
}

impl Page {
    fn roles(&self) -> [Role; 4] {
        Role::ALL
    }

    /// Whether the key of somebody can be refused by whoever looks.
    fn can_refuse(&self, operator: &Operator) -> bool {
        !operator.disabled && operator.id != self.us
    }

    /// What a role may do, in a sentence.
    fn hint(&self, role: &Role) -> &str {
        self.frame.language.say(match role {
            Role::Owner => "staff.owner_may",
            Role::Operator => "staff.operator_may",
            Role::Door => "staff.door_may",
            Role::ReadOnly => "staff.read_only_may",
        })
    }

    fn since(&self, at: &Moment) -> String {
        self.frame.date(at, self.zone)
    }
}
