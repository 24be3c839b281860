//! The client against servers in the same process. These are stand-ins: they speak the real protocol over real sockets
//! and answer from a script; what they check is the client's part, that is which calls arrive where.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::Stream;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_server::{EventService, EventServiceServer};
use gofer_wire::api::v1::namespace_service_server::{NamespaceService, NamespaceServiceServer};
use gofer_wire::api::v1::run_service_server::{RunService, RunServiceServer};
use gofer_wire::log::v1::EventEnvelope;
use gofer_wire::model::v1 as model;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use crate::args::{ClientArgs, ColorChoice, Freshness, MutationArgs, OutputFormat};
use crate::client::Client;
use crate::command::Context;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_REJECTED, EXIT_UNKNOWN, Error};
use crate::output::Output;
use crate::{EventsCommand, NamespaceCommand, RunCommand};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What a stand-in answers, in turn, and what it was asked.
#[derive(Debug, Default)]
struct Script {
    create: Mutex<VecDeque<Result<(), Status>>>,
    /// For each watch of a run: states by status and revision, then how it ends.
    runs: Mutex<VecDeque<(Vec<model::Run>, Status)>>,
    /// For each watch of events: revisions, then how it ends.
    events: Mutex<VecDeque<(Vec<u64>, Option<Status>)>>,
    request_ids: Mutex<Vec<Vec<u8>>>,
    from: Mutex<Vec<u64>>,
}

#[derive(Clone, Debug)]
struct Node(Arc<Script>);

fn answers<T: Send + 'static>(items: Vec<T>, end: Option<Status>) -> Result<Response<Answers<T>>, Status> {
    let items = items.into_iter().map(Ok).chain(end.map(Err)).collect::<Vec<_>>();
    Ok(Response::new(Box::pin(tokio_stream::iter(items))))
}

#[tonic::async_trait]
impl NamespaceService for Node {
    async fn create_namespace(
        &self,
        request: Request<api::CreateNamespaceRequest>,
    ) -> Result<Response<api::CreateNamespaceResponse>, Status> {
        self.0.request_ids.lock().unwrap().push(request.into_inner().request_id);
        let answer = self.0.create.lock().unwrap().pop_front();
        answer.unwrap_or(Ok(())).map(|()| Response::new(api::CreateNamespaceResponse::default()))
    }

    async fn list_namespaces(
        &self,
        _: Request<api::ListNamespacesRequest>,
    ) -> Result<Response<api::ListNamespacesResponse>, Status> {
        let header = Some(api::ResponseHeader { revision: 10, node: 1 });
        Ok(Response::new(api::ListNamespacesResponse { header, ..Default::default() }))
    }

    async fn delete_namespace(
        &self,
        _: Request<api::DeleteNamespaceRequest>,
    ) -> Result<Response<api::DeleteNamespaceResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }
}

#[tonic::async_trait]
impl EventService for Node {
    type WatchStream = Answers<api::WatchResponse>;

    async fn watch(&self, request: Request<api::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        self.0.from.lock().unwrap().push(request.into_inner().from_revision);
        let (revisions, end) = self.0.events.lock().unwrap().pop_front().ok_or(Status::not_found("the end"))?;
        let event = |revision| EventEnvelope { revision, ..Default::default() };
        let response = |revision| api::WatchResponse { revision, events: vec![event(revision)] };
        answers(revisions.into_iter().map(response).collect(), end)
    }
}

#[tonic::async_trait]
impl RunService for Node {
    type WatchRunStream = Answers<api::WatchRunResponse>;
    type StreamLogsStream = Answers<api::StreamLogsResponse>;

    async fn get_run(&self, _: Request<api::GetRunRequest>) -> Result<Response<api::GetRunResponse>, Status> {
        Ok(Response::new(api::GetRunResponse { header: None, run: Some(run(model::RunStatus::Queued, 1)) }))
    }

    async fn watch_run(&self, _: Request<api::WatchRunRequest>) -> Result<Response<Self::WatchRunStream>, Status> {
        let (runs, end) = self.0.runs.lock().unwrap().pop_front().ok_or(Status::not_found("the end"))?;
        let response = |run| api::WatchRunResponse { header: None, run: Some(run) };
        answers(runs.into_iter().map(response).collect(), Some(end))
    }

    async fn start_run(&self, _: Request<api::StartRunRequest>) -> Result<Response<api::StartRunResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn list_runs(&self, _: Request<api::ListRunsRequest>) -> Result<Response<api::ListRunsResponse>, Status> {
        Ok(Response::new(api::ListRunsResponse::default()))
    }

    async fn cancel_run(&self, _: Request<api::CancelRunRequest>) -> Result<Response<api::CancelRunResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn retry_run(&self, _: Request<api::RetryRunRequest>) -> Result<Response<api::RetryRunResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn annotate_run(
        &self,
        _: Request<api::AnnotateRunRequest>,
    ) -> Result<Response<api::AnnotateRunResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn decide_approval(
        &self,
        _: Request<api::DecideApprovalRequest>,
    ) -> Result<Response<api::DecideApprovalResponse>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn stream_logs(
        &self,
        _: Request<api::StreamLogsRequest>,
    ) -> Result<Response<Self::StreamLogsStream>, Status> {
        Err(Status::unimplemented("not in the script"))
    }
}

fn run(status: model::RunStatus, revision: u64) -> model::Run {
    model::Run { status: status.into(), revision, ..Default::default() }
}

/// Serves on a free port until the runtime of the test ends.
async fn serve(script: Script) -> (String, Arc<Script>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let node = Node(Arc::new(script));
    let script = node.0.clone();
    let server = tonic::transport::Server::builder()
        .add_service(NamespaceServiceServer::new(node.clone()))
        .add_service(EventServiceServer::new(node.clone()))
        .add_service(RunServiceServer::new(node))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    (address, script)
}

/// An address where nobody listens.
async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

fn args(addresses: &[&str], timeout: Duration) -> ClientArgs {
    ClientArgs {
        address: addresses.iter().map(ToString::to_string).collect(),
        token: None,
        namespace: None,
        output: OutputFormat::Json,
        color: ColorChoice::Never,
        timeout,
        consistency: Freshness::Linearizable,
    }
}

fn context(args: &ClientArgs) -> Context<'_> {
    let output = Output { format: OutputFormat::Json, color: false, terminal: false };
    Context { args, client: Client::new(args), output }
}

async fn create(args: &ClientArgs, request_id: Option<Uuid>) -> Result<u8, Error> {
    let command = NamespaceCommand::Create {
        name: "a".into(),
        description: String::new(),
        mutation: MutationArgs { request_id },
    };
    crate::namespace::execute(&mut context(args), command).await
}

fn script(create: Vec<Result<(), Status>>) -> Script {
    Script { create: Mutex::new(create.into()), ..Script::default() }
}

#[tokio::test]
async fn a_change_is_repeated_with_the_same_id_on_the_next_node() {
    let (first, one) = serve(script(vec![Err(Status::unavailable("no leader")), Err(Status::unknown("?"))])).await;
    let (second, two) = serve(script(vec![Err(Status::deadline_exceeded("slow"))])).await;
    let code = create(&args(&[&first, &second], Duration::from_secs(20)), None).await.unwrap();
    assert_eq!(code, EXIT_OK);
    let ids: Vec<Vec<u8>> = [one, two].iter().flat_map(|node| node.request_ids.lock().unwrap().clone()).collect();
    assert_eq!(ids.len(), 4, "first, second, first, second");
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(Uuid::from_slice(&ids[0]).unwrap().get_version_num(), 7);
}

#[tokio::test]
async fn an_id_that_is_given_is_used() {
    let (address, node) = serve(Script::default()).await;
    let id = Uuid::now_v7();
    create(&args(&[&address], Duration::from_secs(20)), Some(id)).await.unwrap();
    assert_eq!(*node.request_ids.lock().unwrap(), [id.as_bytes().to_vec()]);
}

#[tokio::test]
async fn nodes_that_are_down_or_break_off_are_passed_over() {
    let breaking = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broken = breaking.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = breaking.accept().await {
            drop(stream)
        }
    });
    let (live, node) = serve(Script::default()).await;
    let code = create(&args(&[&nobody().await, &broken, &live], Duration::from_secs(20)), None).await.unwrap();
    assert_eq!((code, node.request_ids.lock().unwrap().len()), (EXIT_OK, 1));
}

#[tokio::test]
async fn nobody_there_is_told_soon_and_without_doubt() {
    let start = std::time::Instant::now();
    let error = create(&args(&[&nobody().await, &nobody().await], Duration::from_secs(60)), None).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "it does not wait for the time-out");
    assert_eq!(error.exit_code(), EXIT_UNKNOWN);
    let Error::Unreachable { tried } = &error else { panic!("{error:?}") };
    assert_eq!(tried.len(), 2);
    assert!(tried[0].1.contains("refused"), "{tried:?}");
}

#[tokio::test]
async fn an_unknown_outcome_says_how_to_find_out() {
    let answers = (0..100).map(|_| Err(Status::unavailable("no leader"))).collect();
    let (address, node) = serve(script(answers)).await;
    let error = create(&args(&[&address], Duration::from_secs(2)), None).await.unwrap_err();
    assert_eq!(error.exit_code(), EXIT_UNKNOWN);
    let id = Uuid::from_slice(&node.request_ids.lock().unwrap()[0]).unwrap();
    let text = error.to_text();
    assert!(text.contains(&format!("--request-id {id}")), "{text}");
    assert!(text.contains("no leader"), "{text}");
    assert_eq!(error.to_json()["error"]["request_id"], id.to_string());
}

#[tokio::test]
async fn a_node_that_hangs_is_left_for_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = silent.local_addr().unwrap().to_string();
    let (live, node) = serve(Script::default()).await;
    let code = create(&args(&[&hanging, &live], Duration::from_secs(60)), None).await.unwrap();
    assert_eq!((code, node.request_ids.lock().unwrap().len()), (EXIT_OK, 1));
    drop(silent);
}

#[tokio::test]
async fn a_refusal_is_final_and_explained() {
    let mut details = ErrorDetails::new();
    details.set_error_info("INVALID_ARGUMENT", "gofer", [("help".to_owned(), "use letters".to_owned())]);
    details.add_bad_request_violation("namespace", "character '!' is not allowed");
    let status = Status::with_error_details(tonic::Code::InvalidArgument, "the name is not allowed", details);
    let (address, node) = serve(script(vec![Err(status)])).await;
    let error = create(&args(&[&address], Duration::from_secs(20)), None).await.unwrap_err();
    assert_eq!((error.exit_code(), node.request_ids.lock().unwrap().len()), (EXIT_REJECTED, 1));
    let wanted = "error: the name is not allowed\n  namespace: character '!' is not allowed\nhelp: use letters";
    assert_eq!(error.to_text(), wanted);
    let json = &error.to_json()["error"];
    assert_eq!((&json["reason"], &json["help"]), (&"INVALID_ARGUMENT".into(), &"use letters".into()));
    assert_eq!(json["code"], "invalid_argument");
    assert_eq!(json["violations"][0]["field"], "namespace");
}

#[tokio::test]
async fn events_go_on_from_the_revision_after_the_last() {
    let lost = || Some(Status::unavailable("going down"));
    let events = Mutex::new(VecDeque::from([(vec![11, 12], lost())]));
    let (first, one) = serve(Script { events, ..Script::default() }).await;
    let events = Mutex::new(VecDeque::from([(vec![12, 13], None)]));
    let (second, two) = serve(Script { events, ..Script::default() }).await;
    let args = args(&[&first, &second], Duration::from_secs(20));
    let command = EventsCommand::Watch { from: 0, run: None, pipeline: None, until_end: true };
    assert_eq!(crate::events::execute(&mut context(&args), command).await.unwrap(), EXIT_OK);
    assert_eq!(*one.from.lock().unwrap(), [11], "after the revision at the start");
    assert_eq!(*two.from.lock().unwrap(), [13]);
}

#[tokio::test]
async fn a_watch_that_breaks_off_each_time_ends() {
    let events = Mutex::new((0..50).map(|_| (vec![], Some(Status::unavailable("out of order")))).collect());
    let (address, _) = serve(Script { events, ..Script::default() }).await;
    let args = args(&[&address], Duration::from_secs(1));
    let command = EventsCommand::Watch { from: 1, run: None, pipeline: None, until_end: true };
    let error = crate::events::execute(&mut context(&args), command).await.unwrap_err();
    assert!(error.to_text().contains("out of order"), "{}", error.to_text());
}

async fn watch(args: &ClientArgs) -> u8 {
    #[derive(clap::Parser)]
    struct Program {
        #[command(subcommand)]
        command: RunCommand,
    }
    let command = <Program as clap::Parser>::try_parse_from(["gofer", "watch", "p/1"]).unwrap().command;
    crate::run::execute(&mut context(args), command).await.unwrap()
}

#[tokio::test]
async fn a_watched_run_is_followed_over_a_lost_node_to_its_end() {
    use model::RunStatus::{Failed, Running, Succeeded};
    for (end, code) in [(Succeeded, EXIT_OK), (Failed, EXIT_FAILED)] {
        let lost = Status::unavailable("going down");
        let runs = Mutex::new(VecDeque::from([(vec![run(Running, 5)], lost.clone())]));
        let (first, _) = serve(Script { runs, ..Script::default() }).await;
        let runs = Mutex::new(VecDeque::from([(vec![run(Running, 4), run(end, 6)], lost)]));
        let (second, two) = serve(Script { runs, ..Script::default() }).await;
        assert_eq!(watch(&args(&[&first, &second], Duration::from_secs(20))).await, code);
        assert!(two.runs.lock().unwrap().is_empty(), "the second node was asked");
    }
}
