//! Staff: who may see the pages of operators and use them. Everybody else is told so by a page.

use crate::form::Form;
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::box_office::Request as Named;
use admitone_app::logbook::By;
use admitone_domain::Actor;
use admitone_domain::id::OperatorId;
use admitone_domain::party::{Right, Role};
use admitone_domain::pass::Admission;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Method;
use axum::http::request::Parts;

/// An operator at a browser.
pub(crate) struct Staff {
    pub(crate) visitor: Visitor,
    pub(crate) operator: OperatorId,
}

impl FromRequestParts<Site> for Staff {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, _site: &Site) -> Result<Self, Oops> {
        let visitor = parts.extensions.get::<Visitor>().cloned().ok_or_else(Oops::inside)?;
        Self::of(visitor, right(parts.uri.path(), &parts.method))
    }
}

/// Where an operator begins.
pub(crate) fn home(role: Role) -> &'static str {
    if role.may(Right::Look) { "/operator" } else { "/operator/door" }
}

/// What a request of an operator needs. It goes by the address, so that no page can forget it.
fn right(path: &str, method: &Method) -> Right {
    let is_below = |home: &str| {
        path.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match method {
        _ if is_below("/operator/door") => Right::Admit,
        _ if is_below("/operator/staff") => Right::Appoint,
        method if method.is_safe() => Right::Look,
        _ => Right::Change,
    }
}

impl Staff {
    fn of(visitor: Visitor, right: Right) -> Result<Self, Oops> {
        match (visitor.operator, visitor.role) {
            (Some(operator), Some(role)) if role.may(right) => Ok(Self { visitor, operator }),
            (Some(_), Some(role)) => Err(Oops::not_of_this_role(role)),
            _ => Err(Oops::staff_only(visitor.buyer.is_some(), &visitor.path)),
        }
    }
}

/// What an operator's form posts. Who is none is told so before anything of it is read.
pub(crate) struct StaffForm {
    pub(crate) form: Form,
    pub(crate) operator: OperatorId,
}

impl FromRequest<Site> for StaffForm {
    type Rejection = Oops;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Oops> {
        let visitor = request.extensions().get::<Visitor>().cloned().ok_or_else(Oops::inside)?;
        let right = right(request.uri().path(), request.method());
        let Staff { operator, .. } = Staff::of(visitor, right)?;
        Ok(Self { form: Form::from_request(request, site).await?, operator })
    }
}

impl StaffForm {
    /// Whoever does something that is done as often as it is asked for, and why.
    pub(crate) fn by(&self) -> By {
        By { who: self.operator.to_string(), wish: None, why: self.why().to_owned() }
    }

    /// Why, in the operator's words; empty where nothing was said.
    pub(crate) fn why(&self) -> &str {
        self.form.text("why")
    }

    /// The name of what is asked, in the name of the operator.
    pub(crate) fn named(&self) -> Named {
        self.form.named(Actor::Operator(self.operator), Admission::Staff)
    }
}
