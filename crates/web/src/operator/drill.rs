//! Drill: a rehearsal of the sale on a copy of it, with buyers who do not exist, and what came of
//! those before. The report is the laboratory's own page.

use super::reservations::ZONE;
use crate::clerk::outcome;
use crate::frame::{Frame, go_to, html, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::logbook::{Deed, Intent, Target};
use admitone_app::ports::rehearsals::{
    Arrivals, BUYERS_MAX, Plan, Rehearsal, Rehearsals, SECONDS_MAX, Stage,
};
use admitone_app::rehearsals::{self, Unplanned, Wanted, id_of};
use admitone_domain::Action;
use admitone_domain::command::operate::{Operate, Rehearse};
use admitone_domain::concert::Concert;
use admitone_domain::show::Show;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, header};
use std::collections::BTreeMap;
use std::sync::Arc;

const HERE: &str = "/operator/drill";

#[derive(Template)]
#[template(path = "operator/drill.html")]
struct Page {
    frame: Frame,
    /// What can be rehearsed.
    shows: Vec<(Show, String)>,
    rehearsals: Vec<Rehearsal>,
    zone: &'static str,
}

/// `GET /operator/drill`.
pub(crate) async fn drill(State(site): State<Site>, staff: Staff) -> Result<Response<Body>, Oops> {
    let rehearsals = rehearsals(&site)?.all().await?;
    let shows = shows(&site).await?;
    let frame = Frame::new(&site, &staff.visitor);
    page(&Page { frame, shows, rehearsals, zone: ZONE })
}

/// All shows that have not begun, the soonest first, each with what its concert is called.
async fn shows(site: &Site) -> Result<Vec<(Show, String)>, Oops> {
    let now = site.office.clock.now();
    let mut titles: BTreeMap<_, String> = BTreeMap::new();
    let mut named = Vec::new();
    let mut shows = site.office.reads.shows(None).await?;
    shows.retain(|show| show.opens_at > now);
    shows.sort_by_key(|show| (show.opens_at, show.id));
    for show in shows {
        let title = if let Some(known) = titles.get(&show.concert) {
            known.clone()
        } else {
            let Concert { title, .. } = site.concert(show.concert).await?;
            titles.insert(show.concert, title.clone());
            title
        };
        named.push((show, title));
    }
    Ok(named)
}

fn rehearsals(site: &Site) -> Result<&Arc<dyn Rehearsals>, Oops> {
    site.rehearsals.as_ref().ok_or_else(Oops::not_found)
}

/// `POST /operator/drill`: begins one.
pub(crate) async fn begin(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(HERE.to_owned());
    let rehearsals = rehearsals(&site)?;
    let plan = plan(&site, &asked).await.map_err(onward)?;
    if rehearsals.all().await?.iter().any(is_running) {
        return Err(onward(one_at_a_time(&asked)));
    }
    // Told before it is done: what cannot be told of is not done.
    let rehearse = Operate::Rehearse(Rehearse { buyers: plan.buyers });
    let told = site.ask(&asked.named(), Action::Operate(rehearse)).await.map_err(onward)?;
    let (_, at) = outcome(&told).map_err(|refusal| onward(refusal.into()))?;
    if rehearsals.begin(id_of(at), plan).await? {
        Ok(go_to(HERE))
    } else {
        Err(onward(one_at_a_time(&asked)))
    }
}

fn is_running(one: &Rehearsal) -> bool {
    matches!(one.stage, Stage::Running(_))
}

fn one_at_a_time(asked: &StaffForm) -> Oops {
    Oops::unfit(asked.form.visitor.language.say("drill.one_at_a_time").to_owned())
}

/// What a form wants rehearsed.
async fn plan(site: &Site, asked: &StaffForm) -> Result<Plan, Oops> {
    let (form, language) = (&asked.form, asked.form.visitor.language);
    let wanted = Wanted {
        only: form.optional("show")?,
        buyers: form.parsed("buyers")?,
        seconds: form.parsed("seconds")?,
        arrivals: Arrivals::named(form.text("arrivals")).ok_or_else(Oops::malformed)?,
    };
    let plan = rehearsals::plan(&site.office, wanted, asked.operator).await;
    plan.map_err(|why| match why {
        Unplanned::Bounds => {
            Oops::unfit(language.fill("drill.bounds", &[&BUYERS_MAX, &SECONDS_MAX]))
        }
        Unplanned::Nothing => Oops::unfit(language.say("drill.nothing").to_owned()),
        Unplanned::NoShow => Oops::not_found(),
        Unplanned::Trouble(trouble) => trouble.into(),
    })
}

/// `POST /operator/drill/{id}/stop`.
pub(crate) async fn stop(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let rehearsals = rehearsals(&site)?;
    // One that has ended stays as it is, and nothing is told of it.
    if rehearsals.all().await?.iter().any(|one| one.id == id && is_running(one)) {
        let (by, target) = (asked.by(), Target::Drill);
        let intent = Intent { by, deed: Deed::Stopped, target, id: id.clone() };
        site.log.book.tell(intent, rehearsals.stop(&id)).await?;
    }
    Ok(go_to(HERE))
}

/// `GET /operator/drill/{id}`: the report of one, whose style is asked for by itself: nothing inside
/// a page is let through.
pub(crate) async fn report(
    State(site): State<Site>,
    Path(id): Path<String>,
    _staff: Staff,
) -> Result<Response<Body>, Oops> {
    let whole = whole_report(&site, &id).await?;
    let (before, _, after) = cut(&whole).ok_or_else(Oops::not_found)?;
    let link = format!("<link rel=\"stylesheet\" href=\"{HERE}/{id}/style.css\">");
    Ok(html([before, &link, after].concat()))
}

/// `GET /operator/drill/{id}/style.css`: how the report of one looks.
pub(crate) async fn style(
    State(site): State<Site>,
    Path(id): Path<String>,
    _staff: Staff,
) -> Result<Response<Body>, Oops> {
    let whole = whole_report(&site, &id).await?;
    let (_, style, _) = cut(&whole).ok_or_else(Oops::not_found)?;
    let mut response = Response::new(Body::from(style.to_owned()));
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, css);
    Ok(response)
}

async fn whole_report(site: &Site, id: &str) -> Result<String, Oops> {
    let report = rehearsals(site)?.report(id).await?.ok_or_else(Oops::not_found)?;
    Ok(report.page)
}

/// A page before its style, the style, and what comes behind it.
fn cut(page: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = page.split_once("<style>")?;
    let (style, after) = rest.split_once("</style>")?;
    Some((before, style, after))
}

impl Page {
    /// The one that goes on, and what it says.
    fn running(&self) -> Option<(&Rehearsal, &str)> {
        self.rehearsals.iter().find_map(|one| match &one.stage {
            Stage::Running(says) => Some((one, says.as_str())),
            _ => None,
        })
    }

    /// Those that are over.
    fn over(&self) -> Vec<&Rehearsal> {
        self.rehearsals.iter().filter(|one| !is_running(one)).collect()
    }

    /// What one is called.
    fn title<'a>(&'a self, one: &'a Rehearsal) -> &'a str {
        if one.title.is_empty() { self.frame.say("drill.all") } else { &one.title }
    }

    fn arrivals(&self) -> [Arrivals; 3] {
        Arrivals::ALL
    }

    /// What a way to come is called.
    fn way(&self, arrivals: &Arrivals) -> &str {
        self.frame.language.say(match arrivals {
            Arrivals::AtOnce => "drill.at_once",
            Arrivals::Evenly => "drill.evenly",
            Arrivals::EverMore => "drill.ever_more",
        })
    }

    /// What came of one: its look, and the key of its words.
    fn end(&self, one: &Rehearsal) -> (&'static str, &str) {
        let (look, key) = match &one.stage {
            Stage::Sound => ("free", "drill.sound"),
            Stage::Unsound => ("sold_out", "drill.unsound"),
            Stage::Stopped => ("low", "drill.stopped"),
            Stage::Lost => ("low", "drill.lost"),
            Stage::Failed(_) | Stage::Running(_) => ("sold_out", "drill.failed"),
        };
        (look, self.frame.language.say(key))
    }

    /// Why one could not be done, as far as is known.
    fn why<'a>(&self, one: &'a Rehearsal) -> &'a str {
        match &one.stage {
            Stage::Failed(why) => why,
            _ => "",
        }
    }

    fn limits(&self) -> (u32, u32) {
        (BUYERS_MAX, SECONDS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_cut_at_its_style() {
        let whole = "<head><style>a{}</style></head>";
        assert_eq!(cut(whole), Some(("<head>", "a{}", "</head>")));
        assert_eq!(cut("<head></head>"), None);
    }
}
