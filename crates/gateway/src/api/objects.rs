//! Objects, for clients and for tasks.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use gofer_domain::{Actor, AttemptKey, Command, Object, ObjectKey, ObjectScope};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::object_service_server::ObjectService;
use gofer_wire::api::v1::put_object_request::Part as Sent;
use gofer_wire::model::v1 as model;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use super::{Api, actor, cut, page};
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::objects::{self, Wanted};

/// Header of a task's token, and what stands before it.
const TOKEN_HEADER: &str = "authorization";
const BEARER: &str = "Bearer ";
/// Answers that wait for a slow caller.
const AHEAD: usize = 4;

#[async_trait]
impl ObjectService for Api {
    type PutObjectStream = BoxStream<'static, Result<wire::PutObjectResponse, Status>>;
    type GetObjectStream = BoxStream<'static, Result<wire::GetObjectResponse, Status>>;

    async fn put_object(
        &self,
        request: Request<Streaming<wire::PutObjectRequest>>,
    ) -> Result<Response<Self::PutObjectStream>, Status> {
        let (metadata, _, mut stream) = request.into_parts();
        let attempt = self.attempt(&metadata)?;
        let Some(Sent::Start(start)) = stream.message().await?.and_then(|message| message.part) else {
            return Err(Fault::invalid("start", "the first message must be the start").into());
        };
        let (scope, key) = named(start.scope.as_ref(), &start.key)?;
        check_own(attempt.as_ref(), &scope)?;
        objects::check_known(self.store(), &self.parts.raft)?;
        self.freshen(&metadata, wire::Consistency::Linearizable.into()).await?;
        self.check_scope(&scope).await?;
        let actor = actor_of(&metadata, attempt.as_ref())?;
        let request_id = convert::request_id(&start.request_id)?;
        let target = objects::Target { scope, key, request_id, actor, attempt };
        let (sender, receiver) = mpsc::channel(AHEAD);
        let api = self.clone();
        tokio::spawn(async move {
            // Never closed. Who waits for it sends nothing meanwhile.
            let _turn = api.puts.acquire().await;
            let ended = tokio::select! {
                ended = objects::put(&api.parts, api.copies.clone(), target, stream, &sender) => ended,
                () = sender.closed() => return,
                () = api.shutdown.cancelled() => Err(errors::shutting_down("go on with another node").into()),
            };
            if let Err(status) = ended {
                // Nobody may be there to hear it.
                drop(sender.send(Err(status)).await);
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver).boxed()))
    }

    async fn get_object(
        &self,
        request: Request<wire::GetObjectRequest>,
    ) -> Result<Response<Self::GetObjectStream>, Status> {
        let (metadata, _, message) = request.into_parts();
        let (scope, key, object) =
            self.find(&metadata, message.scope.as_ref(), &message.key, message.consistency).await?;
        let content = object.content.clone();
        if !message.digest.is_empty() && convert::digest(&message.digest)? != content.digest {
            let text = format!("object {key} of {scope} was replaced by another");
            return Err(Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, text)
                .help("read it from its start")
                .into());
        }
        if message.offset > content.bytes {
            let text = format!("object {key} has {} bytes, byte {} is wanted", content.bytes, message.offset);
            return Err(Fault::invalid("offset", text).into());
        }
        let end = match message.length {
            0 => content.bytes,
            length => message.offset.saturating_add(length).min(content.bytes),
        };
        let wanted = Wanted { range: message.offset..end, content };
        let (sender, receiver) = mpsc::channel(AHEAD);
        let part = wire::get_object_response::Part::Object(codec::object_to_wire(&scope, &key, &object));
        // The channel is empty and open.
        drop(sender.try_send(Ok(wire::GetObjectResponse { part: Some(part) })));
        let api = self.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = objects::send(&api.parts, &wanted, &sender) => ended,
                () = sender.closed() => return,
                () = api.shutdown.cancelled() => Err(errors::shutting_down("go on with another node").into()),
            };
            if let Err(status) = ended {
                drop(sender.send(Err(status)).await);
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver).boxed()))
    }

    async fn describe_object(
        &self,
        request: Request<wire::DescribeObjectRequest>,
    ) -> Result<Response<wire::DescribeObjectResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let (scope, key, object) =
            self.find(&metadata, message.scope.as_ref(), &message.key, message.consistency).await?;
        let object = Some(codec::object_to_wire(&scope, &key, &object));
        Ok(Response::new(wire::DescribeObjectResponse { header: self.header(self.revision()), object }))
    }

    async fn list_objects(
        &self,
        request: Request<wire::ListObjectsRequest>,
    ) -> Result<Response<wire::ListObjectsResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let attempt = self.attempt(&metadata)?;
        let scope = convert::object_scope(message.scope.as_ref())?;
        check_own(attempt.as_ref(), &scope)?;
        let with_runs = message.with_runs && matches!(scope, ObjectScope::Pipeline(_));
        if with_runs && attempt.is_some() {
            let text = "a task may not look at the objects of other runs";
            return Err(Fault::new(Code::PermissionDenied, reason::PERMISSION_DENIED, text).into());
        }
        let size = convert::page_size(message.page_size)?;
        let list = format!("objects {scope} {with_runs} {}", message.prefix);
        let after = page::position(&list, &message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        self.check_scope(&scope).await?;
        let (revision, mut objects) = self.store().read(|state| {
            let runs: Vec<ObjectScope> = match with_runs {
                true => state.objects.runs(scope.pipeline()).map(|run| ObjectScope::Run(run.clone())).collect(),
                false => Vec::new(),
            };
            let scopes: Vec<ObjectScope> = [scope.clone()].into_iter().chain(runs).collect();
            let all = scopes
                .iter()
                .flat_map(|scope| state.objects.scope(scope).map(move |(key, object)| (scope, key, object)));
            let page = all
                .filter(|(_, key, _)| key.as_str().starts_with(&message.prefix))
                .filter(|(scope, key, _)| after.as_ref().is_none_or(|after| position(scope, key) > *after))
                .take(size + 1)
                .map(|(scope, key, object)| codec::object_to_wire(scope, key, object));
            (state.revision, page.collect::<Vec<_>>())
        });
        let has_more = objects.len() > size;
        objects.truncate(size);
        let is_cut = cut(&mut objects);
        let next_page_token = match objects.last().filter(|_| has_more || is_cut) {
            Some(last) => {
                let (scope, key) = named(last.scope.as_ref(), &last.key)?;
                page::token(&list, &position(&scope, &key))
            }
            None => String::new(),
        };
        Ok(Response::new(wire::ListObjectsResponse { header: self.header(revision), objects, next_page_token }))
    }

    async fn delete_object(
        &self,
        request: Request<wire::DeleteObjectRequest>,
    ) -> Result<Response<wire::DeleteObjectResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let attempt = self.attempt(&metadata)?;
        let (scope, key) = named(message.scope.as_ref(), &message.key)?;
        check_own(attempt.as_ref(), &scope)?;
        objects::check_known(self.store(), &self.parts.raft)?;
        let actor = actor_of(&metadata, attempt.as_ref())?;
        let command = Command::DeleteObject { scope, key, attempt };
        let (revision, _) = self.commit_as(&metadata, &message.request_id, actor, command).await?;
        Ok(Response::new(wire::DeleteObjectResponse { header: self.header(revision) }))
    }
}

impl Api {
    /// The live attempt whose token the call has; none when it has none, which tasks may not do.
    fn attempt(&self, metadata: &MetadataMap) -> Result<Option<AttemptKey>, Status> {
        let denied = |text: &str| {
            let fault = Fault::new(Code::Unauthenticated, reason::UNAUTHENTICATED, text);
            Status::from(fault.help("send the attempt's GOFER_TOKEN, over the socket in its GOFER_ADDRESS"))
        };
        let Some(value) = metadata.get(TOKEN_HEADER) else {
            return match self.for_tasks {
                true => Err(denied("this is the way in for tasks, and the call has no token")),
                false => Ok(None),
            };
        };
        let token = value.to_str().ok().and_then(|value| value.strip_prefix(BEARER));
        let attempt = token.and_then(|token| self.parts.tokens.attempt(token));
        let attempt = attempt.ok_or_else(|| denied("the token is none that this node gave to a task"))?;
        let is_live = self.store().read(|state| {
            let placed = state.index.placed.get(&self.node);
            placed.is_some_and(|placed| placed.contains(&attempt))
        });
        match is_live {
            true => Ok(Some(attempt)),
            false => Err(denied(&format!("the token is of attempt {attempt}, which does not run here any more"))),
        }
    }

    async fn find(
        &self,
        metadata: &MetadataMap,
        scope: Option<&model::ObjectScope>,
        key: &str,
        consistency: i32,
    ) -> Result<(ObjectScope, ObjectKey, Object), Status> {
        let attempt = self.attempt(metadata)?;
        let (scope, key) = named(scope, key)?;
        check_own(attempt.as_ref(), &scope)?;
        self.freshen(metadata, consistency).await?;
        match self.store().read(|state| state.objects.get(&scope, &key).cloned()) {
            Some(object) => Ok((scope, key, object)),
            None => {
                self.check_scope(&scope).await?;
                let text = format!("{scope} has no object {key}");
                Err(Fault::not_found("key", text).help("list the objects to find its key").into())
            }
        }
    }

    /// Whatever is to hold objects must exist.
    async fn check_scope(&self, scope: &ObjectScope) -> Result<(), Status> {
        let key = scope.pipeline();
        let known = |pipeline: &gofer_domain::Pipeline| !pipeline.deleted;
        if !self.store().read(|state| state.pipelines.get(key).is_some_and(known)) {
            return Err(Fault::not_found("pipeline", format!("pipeline {key} does not exist"))
                .help("check its name and namespace")
                .into());
        }
        match scope {
            ObjectScope::Run(run) if self.run(run).await?.is_none() => Err(super::runs::no_run(run).into()),
            ObjectScope::Run(_) | ObjectScope::Pipeline(_) => Ok(()),
        }
    }
}

fn named(scope: Option<&model::ObjectScope>, key: &str) -> Result<(ObjectScope, ObjectKey), Fault> {
    Ok((convert::object_scope(scope)?, ObjectKey::new(key).map_err(|fault| errors::rejected(&fault))?))
}

/// A task is held to its own run and pipeline; the state machine checks that again for what it changes.
fn check_own(attempt: Option<&AttemptKey>, scope: &ObjectScope) -> Result<(), Fault> {
    let Some(attempt) = attempt else { return Ok(()) };
    let own = match scope {
        ObjectScope::Pipeline(pipeline) => *pipeline == attempt.task.run.pipeline,
        ObjectScope::Run(run) => *run == attempt.task.run,
    };
    if own {
        return Ok(());
    }
    let text = format!("the token is of attempt {attempt}, the object would be of {scope}");
    Err(Fault::new(Code::PermissionDenied, reason::PERMISSION_DENIED, text)
        .help("a task has its own run's and pipeline's objects only"))
}

fn actor_of(metadata: &MetadataMap, attempt: Option<&AttemptKey>) -> Result<Actor, Fault> {
    attempt.map_or_else(|| actor(metadata), |attempt| Ok(Actor(format!("task:{attempt}"))))
}

/// Where an object stands in a list.
fn position(scope: &ObjectScope, key: &ObjectKey) -> Vec<u8> {
    let run = if let ObjectScope::Run(run) = scope { run.run } else { 0 };
    [&run.to_be_bytes()[..], key.as_str().as_bytes()].concat()
}
