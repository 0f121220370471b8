//! Staff: who may see the pages of operators and use them. Everybody else is told so by a page.

use crate::form::Form;
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::box_office::Request as Named;
use admitone_domain::Actor;
use admitone_domain::id::OperatorId;
use admitone_domain::pass::Admission;
use axum::extract::{FromRequest, FromRequestParts, Request};
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
        Self::of(visitor)
    }
}

impl Staff {
    fn of(visitor: Visitor) -> Result<Self, Oops> {
        match visitor.operator {
            Some(operator) => Ok(Self { visitor, operator }),
            None => Err(Oops::staff_only(visitor.buyer.is_some(), &visitor.path)),
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
        let Staff { operator, .. } = Staff::of(visitor)?;
        Ok(Self { form: Form::from_request(request, site).await?, operator })
    }
}

impl StaffForm {
    /// The name of what is asked, in the name of the operator.
    pub(crate) fn named(&self) -> Named {
        self.form.named(Actor::Operator(self.operator), Admission::Staff)
    }
}
