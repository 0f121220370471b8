//! Accounts: sign up, sign in, sign out. In a demonstration whoever comes is signed in at once.

use crate::form::Form;
use crate::frame::{Frame, go_to, own_path, page_with};
use crate::oops::Oops;
use crate::query::Query;
use crate::session::Who;
use crate::site::Site;
use crate::visitor::{SESSION, Visitor};
use admitone_app::box_office::Request as Named;
use admitone_domain::command::operate::{OpenAccount, Operate};
use admitone_domain::id::BuyerId;
use admitone_domain::party::Buyer;
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, CommandId, Fingerprint, Key, Moment, Refusal, Row};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

const NAME_LETTERS: std::ops::RangeInclusive<usize> = 3..=100;
const PASSWORD_LETTERS: std::ops::RangeInclusive<usize> = 8..=200;
/// A hash takes 19 MiB and a tenth of a second of a processor: two at a time, the others wait.
static HASHING: Semaphore = Semaphore::const_new(2);
/// What is verified where there is no account, so that an answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody", 1).unwrap_or_default());
const SESSION_S: u64 = 30 * 24 * 3_600;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    frame: Frame,
    /// Whether it is the page to sign up.
    is_new: bool,
    may_open: bool,
    to: String,
    name: String,
    /// The key of what is wrong with what was posted.
    wrong: Option<&'static str>,
}

/// `GET /sign-in`.
pub(crate) async fn sign_in_page(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    show(&site, &visitor, false, &query).await
}

/// `GET /sign-up`.
pub(crate) async fn sign_up_page(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    if !site.freedoms.open_accounts {
        return Err(Oops::forbidden());
    }
    show(&site, &visitor, true, &query).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    is_new: bool,
    query: &Query,
) -> Result<Response<Body>, Oops> {
    let to = own_path(query.text("to")).to_owned();
    if visitor.buyer.is_some() {
        return Ok(go_to(&to));
    }
    if site.freedoms.is_demo {
        let buyer = guest(site).await?;
        return Ok(signed_in(site, visitor, buyer, &to));
    }
    let form = Page {
        frame: Frame::new(site, visitor),
        is_new,
        may_open: site.freedoms.open_accounts,
        to,
        name: String::new(),
        wrong: None,
    };
    page_with(StatusCode::OK, &form)
}

/// `POST /sign-in`.
pub(crate) async fn sign_in(State(site): State<Site>, form: Form) -> Result<Response<Body>, Oops> {
    let login = login(form.text("name"));
    let limited = site.limits.password(&login, form.visitor.caller).await;
    limited.map_err(|seconds| Oops::rate_limited(seconds).onward("/sign-in".to_owned()))?;
    let buyer = site.keys.buyer_named(&login);
    let known = match site.row(Key::Buyer(buyer)).await? {
        Some(Row::Buyer(known)) if !known.disabled => known.password,
        _ => None,
    };
    if is_password(known, form.text("password")).await {
        return Ok(signed_in(&site, &form.visitor, buyer, own_path(form.text("to"))));
    }
    again(&site, &form, false, "account.wrong")
}

/// `POST /sign-up`.
pub(crate) async fn sign_up(State(site): State<Site>, form: Form) -> Result<Response<Body>, Oops> {
    if !site.freedoms.open_accounts {
        return Err(Oops::forbidden());
    }
    let (name, password) = (form.text("name"), form.text("password"));
    if !NAME_LETTERS.contains(&name.chars().count()) {
        return again(&site, &form, true, "account.name_length");
    }
    if !PASSWORD_LETTERS.contains(&password.chars().count()) {
        return again(&site, &form, true, "account.password_length");
    }
    let limited = site.limits.account(form.visitor.caller).await;
    limited.map_err(|seconds| Oops::rate_limited(seconds).onward("/sign-up".to_owned()))?;
    let id = site.keys.buyer_named(&login(name));
    let (text, salt) = (password.to_owned(), (site.chance)());
    let hashed = slowly(move || hash(&text, salt)).await.ok_or_else(Oops::inside)?;
    match open(&site, id, name, Some(hashed)).await? {
        Ok(()) => Ok(signed_in(&site, &form.visitor, id, own_path(form.text("to")))),
        Err(Refusal::AccountExists) => again(&site, &form, true, "account.taken"),
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(form: Form) -> Result<Response<Body>, Oops> {
    let mut response = go_to("/");
    let gone = form.visitor.set_cookie(SESSION, "", Some(0));
    response.headers_mut().append(header::SET_COOKIE, gone);
    // Whoever comes next to the same browser has no place of somebody else.
    for (name, _) in form.visitor.places() {
        let gone = form.visitor.set_cookie(name, "", Some(0));
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(response)
}

/// Signs a visitor of a demonstration in, and has him ask again.
pub(crate) async fn welcome(site: &Site, visitor: &Visitor) -> Response<Body> {
    match guest(site).await {
        Ok(buyer) => signed_in(site, visitor, buyer, own_path(&visitor.path)),
        Err(oops) => oops.page(site, visitor),
    }
}

/// The buyer of a visitor; in a demonstration whoever comes is one, with the cookie that says so.
pub(crate) async fn buyer_or_guest(
    site: &Site,
    visitor: &Visitor,
    back: &str,
) -> Result<(BuyerId, Option<HeaderValue>), Oops> {
    match visitor.buyer {
        Some(buyer) => Ok((buyer, None)),
        None if site.freedoms.is_demo => {
            let buyer = guest(site).await?;
            let session = site.keys.session(Who::Buyer(buyer), visitor.now);
            Ok((buyer, Some(visitor.set_cookie(SESSION, &session, Some(SESSION_S)))))
        }
        None => Err(Oops::sign_in(back)),
    }
}

/// An account without a name that anybody knows.
async fn guest(site: &Site) -> Result<BuyerId, Oops> {
    let id = BuyerId((site.chance)());
    let name = format!("Guest {}", id.0 % 10_000);
    open(site, id, &name, None).await?.map_err(Oops::from)?;
    Ok(id)
}

async fn open(
    site: &Site,
    id: BuyerId,
    name: &str,
    password: Option<String>,
) -> Result<Result<(), Refusal>, Oops> {
    let created_at = Moment::default();
    let buyer = Buyer { id, name: name.to_owned(), created_at, disabled: false, password };
    let named = Named {
        id: CommandId((site.chance)()),
        fingerprint: Fingerprint(0),
        actor: Actor::Buyer(id),
        admission: Admission::None,
        deadline: None,
        waits: true,
    };
    let open = Action::Operate(Operate::OpenAccount(OpenAccount { buyer }));
    let reply = site.ask(&named, open).await?;
    Ok(crate::clerk::outcome(&reply).map(|_| ()))
}

fn signed_in(site: &Site, visitor: &Visitor, buyer: BuyerId, to: &str) -> Response<Body> {
    let session = site.keys.session(Who::Buyer(buyer), visitor.now);
    let mut response = go_to(to);
    let cookie = visitor.set_cookie(SESSION, &session, Some(SESSION_S));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// The page once more, with what is wrong.
fn again(
    site: &Site,
    form: &Form,
    is_new: bool,
    wrong: &'static str,
) -> Result<Response<Body>, Oops> {
    let page = Page {
        frame: Frame::new(site, &form.visitor),
        is_new,
        may_open: site.freedoms.open_accounts,
        to: own_path(form.text("to")).to_owned(),
        name: form.text("name").to_owned(),
        wrong: Some(wrong),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// A name as it is compared: nobody is another one for a capital.
pub(crate) fn login(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether it is the password of this hash; without one it takes as long to say no.
async fn is_password(known: Option<String>, password: &str) -> bool {
    let (there_is_one, password) = (known.is_some(), password.to_owned());
    let verified = slowly(move || {
        let known = known.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&known).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &parsed).ok()
    });
    verified.await.is_some() && there_is_one
}

fn hash(password: &str, salt: u128) -> Option<String> {
    let hashed =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt.to_be_bytes());
    Some(hashed.ok()?.to_string())
}

/// Off the threads that answer, and few at a time.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let _permit = HASHING.acquire().await.ok()?;
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
        let known = hash("correct horse", 7).unwrap();
        assert!(known.starts_with("$argon2id$"), "{known}");
        assert!(is_password(Some(known.clone()), "correct horse").await);
        assert!(!is_password(Some(known), "correct horses").await);
        assert!(!is_password(None, "nobody").await, "an account without a password has none");
    }

    #[test]
    fn a_name_is_the_same_with_other_capitals_and_spaces() {
        assert_eq!(login("  Ann  Lee "), login("ann lee"));
        assert_ne!(login("annlee"), login("ann lee"));
    }
}
