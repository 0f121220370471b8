//! A browser without scripts: it keeps cookies and posts forms that it found on a page.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use tower::ServiceExt;

/// A browser at the pages of a house.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    /// What it says beside cookies.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    /// Where to go on.
    pub(crate) location: String,
    /// As the cookies came.
    pub(crate) set_cookies: Vec<String>,
    /// What the page may do and load.
    pub(crate) policy: String,
}

/// A form as it stands on a page.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        Self { router, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// What its cookies say: names and values.
    pub(crate) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new()).await
    }

    /// Posts a form.
    pub(crate) async fn post(&mut self, form: &Form) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.fields);
        self.send(Method::POST, &form.action, body.finish()).await
    }

    /// The page to which a form leads.
    pub(crate) async fn post_and_follow(&mut self, form: &Form) -> Answer {
        let answer = self.post(form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}: {}", form.action, answer.body);
        self.get(&answer.location).await
    }

    /// The form of a page that is posted there.
    pub(crate) async fn form(&mut self, page: &str, action: &str) -> Form {
        let answer = self.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
        answer.form(action)
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let lines = parts.headers.get_all(header::SET_COOKIE).iter();
        let set_cookies: Vec<String> =
            lines.map(|line| line.to_str().unwrap().to_owned()).collect();
        for cookie in &set_cookies {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            body: String::from_utf8(body.to_vec()).unwrap(),
            location: text(header::LOCATION).unwrap_or_default(),
            policy: text(header::CONTENT_SECURITY_POLICY).unwrap_or_default(),
            set_cookies,
        }
    }
}

impl Answer {
    /// The first form of the page that is posted to an address.
    pub(crate) fn form(&self, action: &str) -> Form {
        self.try_form(action).unwrap_or_else(|| panic!("no form to {action} in {}", self.body))
    }

    /// The same, if there is one.
    pub(crate) fn try_form(&self, action: &str) -> Option<Form> {
        let forms = self.body.split("<form ").skip(1);
        let marked = format!("action=\"{action}\"");
        let inside = forms.filter_map(|rest| rest.split("</form>").next()).find(|form| {
            let head = form.split('>').next().unwrap_or_default();
            head.contains(&marked) && head.contains("method=\"post\"")
        })?;
        Some(Form { action: action.to_owned(), fields: fields(inside) })
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

impl Form {
    /// The same with a field filled in.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The fields with what a browser would post: hidden and filled in, chosen and ticked.
fn fields(form: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for tag in form.split('<').skip(1) {
        let (head, rest) = tag.split_once('>').unwrap_or((tag, ""));
        let value_of = |name: &str| {
            let begin = format!(" {name}=\"");
            let rest = head.split_once(begin.as_str())?.1;
            Some(unescaped(rest.split('"').next()?))
        };
        let Some(name) = value_of("name") else { continue };
        let is_box = head.contains("type=\"checkbox\"") || head.contains("type=\"radio\"");
        if head.starts_with("input") && (!is_box || head.contains(" checked")) {
            found.push((name, value_of("value").unwrap_or_default()));
        } else if head.starts_with("textarea") {
            found.push((name, unescaped(rest)));
        } else if head.starts_with("select") {
            let options = form.split_once(head).map_or("", |(_, rest)| rest);
            let options = options.split("</select>").next().unwrap_or_default();
            found.push((name, chosen(options)));
        }
    }
    found
}

/// The chosen option, else the first.
fn chosen(options: &str) -> String {
    let all: Vec<&str> = options.split("<option").skip(1).collect();
    let chosen = all.iter().find(|option| option.split('>').next().unwrap().contains("selected"));
    let Some(option) = chosen.or(all.first()) else { return String::new() };
    let (head, text) = option.split_once('>').unwrap();
    match head.split_once("value=\"") {
        Some((_, rest)) => unescaped(rest.split('"').next().unwrap()),
        None => unescaped(text.split('<').next().unwrap().trim()),
    }
}

fn unescaped(text: &str) -> String {
    let entities =
        [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
