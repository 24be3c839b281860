//! Pull requests, from a stand-in for GitHub's API.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use gofer_git::pulls::{Action, Api, Cursor, Limits, Memory, Repository, Seen, look};
use gofer_git::{Fault, Patterns};
use serde_json::{Value, json};

use super::server::Server;

const TOKEN: &str = "ghp_s3cret";

type Headers = Vec<(&'static str, String)>;

/// What a test changes between two looks.
#[derive(Default)]
struct State {
    /// Those that are listed.
    open: Vec<Value>,
    /// Those that are found by their number only.
    others: Vec<Value>,
    /// Paths with their queries, as they were asked for.
    asked: Vec<String>,
    /// What is answered to everything, if anything is.
    instead: Option<(u16, Headers, String)>,
    /// Headers of every answer.
    more: Headers,
}

struct Service {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl Service {
    fn start(open: Vec<Value>) -> Self {
        let state = Arc::new(Mutex::new(State { open, ..State::default() }));
        let shared = Arc::clone(&state);
        let router =
            Router::new().fallback(async move |request: Request| answer(&mut shared.lock().unwrap(), &request));
        Self { server: Server::serving(async |listener| axum::serve(listener, router).await.unwrap()), state }
    }

    fn repository(&self) -> Repository {
        let api = Api::new(&self.server.url("api/v3/")).unwrap();
        Repository::new(api, "octocat/hello").unwrap().with_token(TOKEN).unwrap()
    }

    fn look(&self, before: Option<&Cursor>, memory: Option<&Memory>) -> Result<Seen, Fault> {
        look(&self.repository(), &patterns(), before, memory, &Limits::default())
    }

    /// What the first look leaves behind.
    fn begun(&self) -> Seen {
        let seen = self.look(None, None).unwrap();
        assert_eq!(seen.changes, None, "what is there counts for nothing");
        seen
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    fn asked(&self) -> Vec<String> {
        self.with(|state| std::mem::take(&mut state.asked))
    }

    fn instead(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.with(|state| state.instead = Some((status, headers, body.to_owned())));
    }
}

fn patterns() -> Patterns {
    Patterns::new(["main"], []).unwrap()
}

fn pull(number: u64, state: &str, head: u64) -> Value {
    json!({
        "number": number, "state": state, "merged": state == "closed",
        "head": { "ref": "topic", "sha": format!("{head:0<40x}") }, "base": { "ref": "main", "sha": "0".repeat(40) },
    })
}

fn pulls(count: u64) -> Vec<Value> {
    (1..=count).map(|number| pull(number, "open", number)).collect()
}

fn response(status: u16, headers: &[(&str, String)], body: String) -> Response<Body> {
    let builder = Response::builder().status(status);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
    builder.body(Body::from(body)).unwrap()
}

fn answer(state: &mut State, request: &Request) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().to_string();
    state.asked.push(path.clone());
    if let Some((status, headers, body)) = &state.instead {
        return response(*status, headers, body.clone());
    }
    if let Some(why) = wrong(request.headers()) {
        return response(400, &[], json!({ "message": why }).to_string());
    }
    let number = path.strip_prefix("/api/v3/repos/octocat/hello/pulls/");
    if let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) {
        let all = state.open.iter().chain(&state.others);
        return match all.into_iter().find(|pull| pull["number"] == number) {
            Some(pull) => response(200, &state.more, pull.to_string()),
            None => response(404, &[], json!({ "message": "Not Found" }).to_string()),
        };
    }
    let prefix = "/api/v3/repos/octocat/hello/pulls?state=open&sort=created&direction=asc&per_page=100&page=";
    let page = path.strip_prefix(prefix).and_then(|page| page.parse::<usize>().ok());
    let Some(page) = page else { return response(404, &[], json!({ "message": "Not Found" }).to_string()) };
    let listed: Vec<&Value> = state.open.iter().skip((page - 1) * 100).take(100).collect();
    let body = json!(listed).to_string();
    let etag =
        format!("W/\"{:x}\"", body.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
    let mut headers = vec![("etag", etag.clone())];
    headers.extend(state.more.clone());
    if request.headers().get("if-none-match").is_some_and(|given| given.as_bytes() == etag.as_bytes()) {
        return response(304, &headers, String::new());
    }
    if state.open.len() > page * 100 {
        headers
            .push(("link", format!("<http://x{prefix}{}>; rel=\"next\", <http://x{prefix}9>; rel=\"last\"", page + 1)));
    }
    response(200, &headers, body)
}

/// What the API would not take.
fn wrong(headers: &HeaderMap) -> Option<String> {
    let given = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("authorization", "Bearer ghp_s3cret"),
    ];
    let wrong = wanted.into_iter().find(|(name, value)| given(name) != *value);
    let wrong = wrong.map(|(name, _)| format!("{name}: {:?}", given(name)));
    wrong.or_else(|| (!given("user-agent").starts_with("gofer/")).then(|| "no user agent".to_owned()))
}

fn told(seen: &Seen) -> Vec<(u64, Action)> {
    seen.changes.iter().flatten().map(|change| (change.number, change.action)).collect()
}

#[test]
fn pages_are_read_to_the_last_one_and_not_sent_again() {
    let service = Service::start(pulls(250));
    let first = service.begun();
    assert_eq!(service.asked().len(), 3);
    let second = service.look(Some(&first.cursor), first.memory.as_ref()).unwrap();
    assert_eq!((told(&second), second.cursor == first.cursor, service.asked().len()), (vec![], true, 3));

    service.with(|state| state.open[119] = pull(120, "open", 9));
    service.with(|state| state.open.push(pull(300, "open", 300)));
    let third = service.look(Some(&second.cursor), second.memory.as_ref()).unwrap();
    assert_eq!(told(&third), [(120, Action::Synchronize), (300, Action::Opened)]);
    let changes = third.changes.as_ref().unwrap();
    assert_eq!(changes[0].before().unwrap(), "7800000000", "the first digits");
    assert_eq!(
        (&changes[0].pull["head"]["sha"], &changes[1].pull["number"]),
        (&format!("{:0<40x}", 9).into(), &300.into())
    );
    // What was not kept is told again, with all of it, though the pages have not changed since.
    let again = service.look(Some(&second.cursor), third.memory.as_ref()).unwrap();
    assert_eq!((told(&again), again.changes), (told(&third), third.changes));
}

#[test]
fn one_that_is_listed_no_more_is_asked_for() {
    let service = Service::start(pulls(5));
    let first = service.begun();
    service.asked();
    service.with(|state| {
        // 1 is merged, 2 only left out, 3 left out and pushed to, 4 hidden from everybody.
        state.open.drain(..4);
        state.others = vec![pull(1, "closed", 1), pull(2, "open", 2), pull(3, "open", 33)];
    });
    let second = service.look(Some(&first.cursor), first.memory.as_ref()).unwrap();
    assert_eq!(told(&second), [(1, Action::Closed), (3, Action::Synchronize)]);
    let changes = second.changes.as_ref().unwrap();
    assert_eq!((&changes[0].pull["merged"], changes[0].before()), (&true.into(), None));
    let numbers = service.asked().into_iter().filter_map(|path| path.rsplit_once("/pulls/")?.1.parse().ok());
    assert_eq!(numbers.collect::<Vec<u64>>(), [1, 2, 3, 4]);
    service.with(|state| state.open = pulls(5));
    let third = service.look(Some(&second.cursor), second.memory.as_ref()).unwrap();
    assert_eq!(told(&third), [(1, Action::Opened), (3, Action::Synchronize), (4, Action::Opened)], "open again");
    let other = Patterns::new(["main", "next"], []).unwrap();
    let anew =
        look(&service.repository(), &other, Some(&third.cursor), third.memory.as_ref(), &Limits::default()).unwrap();
    assert_eq!(anew.changes, None, "of other bases it begins anew");
}

#[test]
fn what_is_refused_is_said_without_the_token() {
    let service = Service::start(pulls(1));
    let refused = |status, headers: &[(&'static str, &str)], body: &str| {
        service.instead(status, headers, body);
        let fault = service.look(None, None).unwrap_err();
        assert!(!fault.to_string().contains(TOKEN) && fault.to_string().contains("/repos/octocat/hello: "), "{fault}");
        fault
    };
    let fault = refused(401, &[], r#"{"message": "Bad credentials"}"#);
    assert!(
        matches!(&fault, Fault::Unauthorized(why) if why.contains("doesn't take this token: Bad credentials")),
        "{fault}"
    );
    let fault = refused(404, &[], "{}");
    assert!(matches!(&fault, Fault::NotFound(why) if why.contains("there is no such repository")), "{fault}");
    let fault = refused(502, &[], "<html>");
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("it answers 502")), "{fault}");
    let fault = refused(200, &[], "<html>");
    assert!(matches!(&fault, Fault::Protocol(why) if why.contains("no list of pull requests")), "{fault}");
    let fault = refused(304, &[], "");
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("it answers 304")), "{fault}");
    let fault = refused(403, &[], r#"{"message": "You have exceeded a secondary rate limit."}"#);
    assert!(matches!(&fault, Fault::Busy { wait, .. } if wait.as_secs() == 60), "{fault}");
    let fault = refused(429, &[("retry-after", "7")], "");
    assert!(
        matches!(&fault, Fault::Busy { wait, message } if wait.as_secs() == 7 && message.contains("again in 7 s")),
        "{fault}"
    );
}

#[test]
fn a_limit_that_is_used_up_ends_a_look() {
    let service = Service::start(pulls(150));
    service.with(|state| state.more = vec![("x-ratelimit-remaining", "0".to_owned())]);
    let fault = service.look(None, None).unwrap_err();
    assert!(
        matches!(&fault, Fault::Busy { message, .. } if message.contains("its limit of requests is used up")),
        "{fault}"
    );
    assert_eq!(service.asked().len(), 1, "not asked again");
    // A page is all of it: it counts, and the service is left alone afterwards. Who is gone is asked for then.
    service.with(|state| state.open = pulls(10));
    let first = service.begun();
    assert_eq!(first.rest, Some(Duration::from_secs(60)));
    service.with(|state| state.open[2] = pull(3, "open", 99));
    service.with(|state| state.others = vec![state.open.remove(0)]);
    let second = service.look(Some(&first.cursor), first.memory.as_ref()).unwrap();
    assert_eq!((told(&second), second.rest), (vec![(3, Action::Synchronize)], Some(Duration::from_secs(60))));
    service.with(|state| (state.more.clear(), state.others = vec![pull(1, "closed", 1)]));
    let third = service.look(Some(&second.cursor), second.memory.as_ref()).unwrap();
    assert_eq!(told(&third), [(1, Action::Closed)]);
}

#[test]
fn the_token_goes_to_no_other_host() {
    let target = Service::start(pulls(1));
    let service = Service::start(pulls(1));
    let elsewhere = format!("{}/pulls", target.server.url("x"));
    service.instead(301, &[("location", &elsewhere)], "");
    let fault = service.look(None, None).unwrap_err();
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("another host")), "{fault}");
    assert!(target.asked().is_empty());
    service.instead(301, &[("location", "/around")], "");
    let fault = service.look(None, None).unwrap_err();
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("more than 5 times")), "{fault}");

    // Renamed: it is at another place of the same host.
    let shared = Arc::clone(&service.state);
    let router = Router::new().fallback(async move |request: Request| {
        let path = request.uri().path().to_owned();
        if path.contains("/octocat/old/") {
            return response(301, &[("location", path.replace("/old/", "/hello/"))], String::new());
        }
        answer(&mut shared.lock().unwrap(), &request)
    });
    let front = Server::serving(async |listener| axum::serve(listener, router).await.unwrap());
    service.with(|state| state.instead = None);
    service.asked();
    let old =
        Repository::new(Api::new(&front.url("api/v3")).unwrap(), "octocat/old").unwrap().with_token(TOKEN).unwrap();
    look(&old, &patterns(), None, None, &Limits::default()).unwrap();
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn time_bytes_and_pages_are_bounded() {
    let service = Service::start(pulls(201));
    let ask = |limits: Limits| look(&service.repository(), &patterns(), None, None, &limits).unwrap_err();
    let fault = ask(Limits { pages: 2, ..Limits::default() });
    assert!(matches!(&fault, Fault::TooMuch(why) if why.contains("more than 200 open pull requests")), "{fault}");
    let fault = ask(Limits { answer_bytes: 1000, ..Limits::default() });
    assert!(matches!(&fault, Fault::TooMuch(why) if why.contains("more bytes")), "{fault}");
    let fault = ask(Limits { bytes: 20_000, ..Limits::default() });
    assert!(matches!(&fault, Fault::TooMuch(why) if why.contains("more bytes")), "{fault}");

    let silent = Server::serving(async |listener| {
        let mut open = Vec::new();
        loop {
            open.push(listener.accept().await.unwrap());
        }
    });
    let repository = Repository::new(Api::new(&silent.url("")).unwrap(), "a/b").unwrap();
    let short = Duration::from_millis(200);
    for limits in [Limits { request: short, ..Limits::default() }, Limits { time: short, ..Limits::default() }] {
        let start = Instant::now();
        let fault = look(&repository, &patterns(), None, None, &limits).unwrap_err();
        assert!(matches!(fault, Fault::Unreachable(_)) && start.elapsed() < Duration::from_secs(10), "{fault}");
    }
}
