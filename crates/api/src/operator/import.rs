//! Import a whole programme from one document.

use crate::ask::{self, Staff};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use admitone_app::import::{Document, Import, ImportTrouble};
use admitone_domain::Actor;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};

/// Import a programme
///
/// The document of `admitone import`. Imported twice, it is there once; a corrected one adds what is
/// missing, changes nothing that is there and says in `differences` what is not as it says.
#[utoipa::path(
    post, path = "/api/v1/operator/import", operation_id = "import_programme", tag = "operator",
    security(("operator" = [])), request_body(content = Object, description = "Rooms and concerts"),
    responses((status = 200, body = Object), Problems)
)]
pub(crate) async fn import_programme(
    State(house): State<House>,
    staff: Staff,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (headers, body) = ask::body(request).await?;
    let document: Document = ask::parse(&headers, &body)?;
    let import = Import::new(&house.office, Actor::Operator(staff.operator), &body);
    match import.run(&document, |_| ()).await {
        Ok(imported) => Ok(reply::json(StatusCode::OK, &imported)),
        Err(ImportTrouble::Trouble(trouble)) => Err(trouble.into()),
        Err(ImportTrouble::Refused { place, refusal }) => {
            let mut problem = Problem::from(refusal);
            problem.detail = format!("{place}: {}", problem.detail);
            Err(problem)
        }
        Err(wrong @ ImportTrouble::Document { .. }) => Err(Problem::invalid(wrong.to_string())),
    }
}
