//! The typed calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gofer_wire::{api::v1 as api, model::v1 as model};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::error::{Error, Rejected};
use crate::nodes::{
    ADDRESSES_MAX, Call, Nodes, clusters, namespaces, pipelines, request, runs, schedules, sound_address,
    subscriptions, triggers,
};
use crate::outcome::Outcome;
use crate::streams::{Events, Logs, RunWatch, Source};

/// How a client works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a call goes on, over all nodes.
    pub timeout: Duration,
    /// The caller's name, for the record in the event log; may be empty. Nobody checks it.
    pub user: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), user: String::new() }
    }
}

/// A cluster as a client sees it. Clones share their connections, and may be used at the same time.
///
/// Writes answer with their [`Outcome`]. Reads answer, or fail with `Rejected` or `Unreachable`.
#[derive(Clone, Debug)]
pub struct Client {
    nodes: Arc<Mutex<Nodes>>,
    timeout: Duration,
    user: Option<MetadataValue<Ascii>>,
}

/// Writes: the request id is made once, unless the caller gave one, and kept over all tries.
macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident($service:ident, $request:ident) -> $response:ident;)*) => {
        impl Client {$(
            $(#[$doc])*
            pub async fn $name(&self, mut message: api::$request) -> Outcome<api::$response> {
                let id = match identified(&mut message.request_id) {
                    Ok(id) => id,
                    Err(rejected) => return Outcome::Rejected(rejected),
                };
                let ask = |channel, patience| {
                    let request = self.request(message.clone(), patience);
                    async move { $service(channel).$name(request).await }
                };
                let answer = self.call(Call::Mutate(id), ask).await;
                Outcome::of(id, answer, |answer| answer.header.map_or(0, |header| header.revision))
            }
        )*}
    };
}

writes! {
    /// Makes a room for pipelines.
    create_namespace(namespaces, CreateNamespaceRequest) -> CreateNamespaceResponse;
    /// Deletes an empty namespace.
    delete_namespace(namespaces, DeleteNamespaceRequest) -> DeleteNamespaceResponse;
    /// Adds a version of a pipeline. The configuration of the newest version again changes nothing.
    register_pipeline(pipelines, RegisterPipelineRequest) -> RegisterPipelineResponse;
    /// Lets a pipeline start runs again.
    enable_pipeline(pipelines, EnablePipelineRequest) -> EnablePipelineResponse;
    /// Keeps a pipeline from starting runs; those that run go on.
    disable_pipeline(pipelines, DisablePipelineRequest) -> DisablePipelineResponse;
    /// Deletes a pipeline without live runs; its history stays.
    delete_pipeline(pipelines, DeletePipelineRequest) -> DeletePipelineResponse;
    /// Starts a run.
    start_run(runs, StartRunRequest) -> StartRunResponse;
    /// Ends a run from outside.
    cancel_run(runs, CancelRunRequest) -> CancelRunResponse;
    /// Starts a new run with the version and the variables of a finished one.
    retry_run(runs, RetryRunRequest) -> RetryRunResponse;
    /// Lets a pipeline run at times.
    create_schedule(schedules, CreateScheduleRequest) -> CreateScheduleResponse;
    /// Changes all that a schedule says.
    update_schedule(schedules, UpdateScheduleRequest) -> UpdateScheduleResponse;
    /// Takes a schedule away; runs that it has started go on.
    delete_schedule(schedules, DeleteScheduleRequest) -> DeleteScheduleResponse;
    /// Lets the slots of a schedule count, or not.
    set_schedule_enabled(schedules, SetScheduleEnabledRequest) -> SetScheduleEnabledResponse;
    /// Starts runs for the slots of a schedule in a range of the past.
    start_backfill(schedules, StartBackfillRequest) -> StartBackfillResponse;
    /// Starts no further run of a backfill; those that were started go on.
    cancel_backfill(schedules, CancelBackfillRequest) -> CancelBackfillResponse;
    /// Lets pipelines subscribe to a plug-in.
    install_trigger(triggers, InstallTriggerRequest) -> InstallTriggerResponse;
    /// Changes all that an operator says of a plug-in.
    update_trigger(triggers, UpdateTriggerRequest) -> UpdateTriggerResponse;
    /// Takes a plug-in away; subscriptions to it are broken from then on.
    uninstall_trigger(triggers, UninstallTriggerRequest) -> UninstallTriggerResponse;
    /// Lets events of a plug-in be taken, or not.
    set_trigger_enabled(triggers, SetTriggerEnabledRequest) -> SetTriggerEnabledResponse;
    /// Lets events of a trigger start runs of a pipeline.
    create_subscription(subscriptions, CreateSubscriptionRequest) -> CreateSubscriptionResponse;
    /// Changes all that a subscription says, but for its trigger.
    update_subscription(subscriptions, UpdateSubscriptionRequest) -> UpdateSubscriptionResponse;
    /// Takes a subscription away; runs that it has started go on.
    delete_subscription(subscriptions, DeleteSubscriptionRequest) -> DeleteSubscriptionResponse;
    /// Lets a subscription take events, or not.
    set_subscription_enabled(subscriptions, SetSubscriptionEnabledRequest) -> SetSubscriptionEnabledResponse;
    /// Tells a subscription of an event; without a key of its own it counts by the request id.
    fire_event(subscriptions, FireEventRequest) -> FireEventResponse;
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident = $service:ident.$method:ident($request:ident) -> $response:ident;)*) => {
        impl Client {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// `Rejected`, or `Unreachable` when no node answered in time.
            pub async fn $name(&self, message: api::$request) -> Result<api::$response, Error> {
                let ask = |channel, patience| {
                    let request = self.request(message.clone(), patience);
                    async move { $service(channel).$method(request).await }
                };
                self.call(Call::Read, ask).await
            }
        )*}
    };
}

reads! {
    /// One page of the namespaces.
    list_namespaces_page = namespaces.list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
    /// A pipeline with the configuration of one version.
    get_pipeline = pipelines.get_pipeline(GetPipelineRequest) -> GetPipelineResponse;
    /// One page of the pipelines of a namespace, without their configurations.
    list_pipelines_page = pipelines.list_pipelines(ListPipelinesRequest) -> ListPipelinesResponse;
    /// A run with its tasks.
    get_run = runs.get_run(GetRunRequest) -> GetRunResponse;
    /// One page of the runs of a pipeline, the newest first, without their tasks.
    list_runs_page = runs.list_runs(ListRunsRequest) -> ListRunsResponse;
    /// A schedule with the slots that come next.
    get_schedule = schedules.get_schedule(GetScheduleRequest) -> GetScheduleResponse;
    /// The backfills of a schedule, the newest first.
    list_backfills = schedules.list_backfills(ListBackfillsRequest) -> ListBackfillsResponse;
    /// One page of the schedules of a pipeline or a namespace, or of all.
    list_schedules_page = schedules.list_schedules(ListSchedulesRequest) -> ListSchedulesResponse;
    /// A trigger with the settings that it understands.
    get_trigger = triggers.get_trigger(GetTriggerRequest) -> GetTriggerResponse;
    /// One page of the triggers, those that are part of Gofer among them.
    list_triggers_page = triggers.list_triggers(ListTriggersRequest) -> ListTriggersResponse;
    /// A subscription, with why it takes no events if it is broken.
    get_subscription = subscriptions.get_subscription(GetSubscriptionRequest) -> GetSubscriptionResponse;
    /// One page of the subscriptions of a pipeline or a namespace, or of all; to one trigger, or to any.
    list_subscriptions_page = subscriptions.list_subscriptions(ListSubscriptionsRequest) -> ListSubscriptionsResponse;
    /// One page of what a subscription has taken, the newest first.
    list_taken_events_page = subscriptions.list_taken_events(ListTakenEventsRequest) -> ListTakenEventsResponse;
    /// What would become of an event, as all is now. It changes nothing.
    test_event = subscriptions.test_event(TestEventRequest) -> TestEventResponse;
    /// The nodes that execute, with what they do.
    list_nodes = clusters.list_nodes(ListNodesRequest) -> ListNodesResponse;
}

/// Lists that are fetched page by page, as they are read.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident($page:ident, $request:ident, $items:ident) -> $item:ty;)*) => {
        impl Client {$(
            $(#[$doc])*
            pub fn $name(&self, message: api::$request) -> Pages<api::$request, $item> {
                Pages { client: self.clone(), message, items: Vec::new().into_iter(), last: false }
            }
        )*}

        $(impl Pages<api::$request, $item> {
            /// The next item, none after the last one.
            ///
            /// # Errors
            /// `Rejected`, or `Unreachable` when no node answered in time; it can be tried again then.
            pub async fn next(&mut self) -> Result<Option<$item>, Error> {
                loop {
                    if let Some(item) = self.items.next() {
                        return Ok(Some(item));
                    }
                    if self.last {
                        return Ok(None);
                    }
                    let page = self.client.$page(self.message.clone()).await?;
                    self.last = page.next_page_token.is_empty();
                    self.message.page_token = page.next_page_token;
                    self.items = page.$items.into_iter();
                }
            }
        })*
    };
}

lists! {
    /// All namespaces.
    list_namespaces(list_namespaces_page, ListNamespacesRequest, namespaces) -> model::Namespace;
    /// The pipelines of a namespace, without their configurations.
    list_pipelines(list_pipelines_page, ListPipelinesRequest, pipelines) -> model::Pipeline;
    /// The runs of a pipeline, the newest first, without their tasks.
    list_runs(list_runs_page, ListRunsRequest, runs) -> model::Run;
    /// The schedules of a pipeline or a namespace, or all.
    list_schedules(list_schedules_page, ListSchedulesRequest, schedules) -> model::Schedule;
    /// All triggers by name, those that are part of Gofer among them.
    list_triggers(list_triggers_page, ListTriggersRequest, triggers) -> api::TriggerInfo;
    /// The subscriptions of a pipeline or a namespace, or all; to one trigger, or to any.
    list_subscriptions(list_subscriptions_page, ListSubscriptionsRequest, subscriptions) -> api::SubscriptionInfo;
    /// The events that a subscription has taken and not forgotten, the newest first, with what became of each.
    list_taken_events(list_taken_events_page, ListTakenEventsRequest, events) -> api::NumberedEvent;
}

/// A list that is fetched page by page, as it is read.
#[derive(Debug)]
pub struct Pages<Q, T> {
    client: Client,
    message: Q,
    items: std::vec::IntoIter<T>,
    last: bool,
}

impl Client {
    /// A client of the cluster with nodes at these addresses, `HOST:PORT` each: best all of them. Connections are made
    /// when they are needed, so it succeeds also while no node runs.
    ///
    /// # Errors
    /// `Invalid` when there is no address, there are too many, or one is not sound.
    pub fn connect<A: AsRef<str>>(addresses: impl IntoIterator<Item = A>) -> Result<Self, Error> {
        Self::connect_with(addresses, Options::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As there, or when an option is not sound.
    pub fn connect_with<A: AsRef<str>>(
        addresses: impl IntoIterator<Item = A>,
        options: Options,
    ) -> Result<Self, Error> {
        let sound = |address: A| {
            let address = address.as_ref();
            sound_address(address).map_err(|why| Error::Invalid(format!("{address:?} is no address: {why}")))
        };
        let addresses = addresses.into_iter().map(sound).collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
            let count = addresses.len();
            return Err(Error::Invalid(format!(
                "{count} addresses: a client needs 1 to {ADDRESSES_MAX}, as HOST:PORT"
            )));
        }
        if options.timeout.is_zero() {
            return Err(Error::Invalid("the timeout is 0: it must be longer".into()));
        }
        let wrong = || Error::Invalid(format!("{:?} is no user: use printable ASCII characters", options.user));
        let user = match options.user.as_str() {
            "" => None,
            name => Some(name.parse().map_err(|_| wrong())?),
        };
        let nodes = Arc::new(Mutex::new(Nodes::new(addresses, options.timeout)));
        Ok(Self { nodes, timeout: options.timeout, user })
    }

    /// The same client with another longest time of its calls.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The cluster as one node sees it; needs no leader.
    ///
    /// # Errors
    /// `Rejected`, or `Unreachable` when no node answered in time.
    pub async fn cluster_status(&self) -> Result<api::GetStatusResponse, Error> {
        let ask = |channel, patience| {
            let request = self.request(api::GetStatusRequest {}, patience);
            async move { clusters(channel).get_status(request).await }
        };
        self.call(Call::Read, ask).await
    }

    /// The newest revision that is acknowledged.
    ///
    /// # Errors
    /// `Rejected`, or `Unreachable` when no node answered in time.
    pub async fn revision(&self) -> Result<u64, Error> {
        // Of the linearizable reads the smallest.
        let message = api::ListNamespacesRequest { page_size: 1, ..Default::default() };
        Ok(self.list_namespaces_page(message).await?.header.map_or(0, |header| header.revision))
    }

    /// The run now and after each change, until it has ended. Changes that follow quickly come as one.
    #[must_use]
    pub fn watch_run(&self, message: api::WatchRunRequest) -> RunWatch {
        RunWatch::new(Source::new(self.start()), message)
    }

    /// The output of a run's tasks, each byte once whatever node is lost on the way.
    #[must_use]
    pub fn logs(&self, message: api::StreamLogsRequest) -> Logs {
        Logs::new(Source::new(self.start()), message)
    }

    /// The event log from a revision on (0: from now on), each event once and in order, whatever node is lost.
    #[must_use]
    pub fn watch_events(&self, message: api::WatchRequest) -> Events {
        Events::new(Source::new(self.start()), self.clone(), message)
    }

    /// The nodes as the last call left them.
    fn start(&self) -> Nodes {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone().within(self.timeout)
    }

    async fn call<T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: Call,
        ask: impl Fn(Channel, Duration) -> F,
    ) -> Result<T, Error> {
        let mut nodes = self.start();
        let answer = nodes.call(call, ask).await;
        *self.nodes.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
        answer
    }

    fn request<T>(&self, message: T, patience: Duration) -> Request<T> {
        let mut request = request(message, patience);
        if let Some(user) = &self.user {
            request.metadata_mut().insert("gofer-user", user.clone());
        }
        request
    }
}

/// The id that is given, else a new one, which is filled in.
fn identified(given: &mut Vec<u8>) -> Result<Uuid, Box<Rejected>> {
    if given.is_empty() {
        let id = Uuid::now_v7();
        *given = id.as_bytes().to_vec();
        return Ok(id);
    }
    Uuid::from_slice(given).map_err(|_| {
        let message = format!("a request id of {} bytes: it has 16", given.len());
        let help = "use the bytes of a UUID, or leave it out";
        let rejected = Rejected::new(Code::InvalidArgument, "INVALID_ARGUMENT", message, help);
        Box::new(Rejected { field: "request_id".into(), ..rejected })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_checked() {
        let many = vec!["x:1"; ADDRESSES_MAX + 1];
        for bad in [&[][..], &["x"], &["x:1", "y"], &many] {
            assert!(matches!(Client::connect(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
        let none = Options { timeout: Duration::ZERO, ..Options::default() };
        assert!(Client::connect_with(["x:1"], none).is_err());
        assert!(Client::connect_with(["x:1"], Options { user: "a\nb".into(), ..Options::default() }).is_err());
        assert!(Client::connect(["[::1]:7600", "localhost:7600"]).is_ok());
    }

    #[test]
    fn request_ids_are_made_once_or_taken() {
        let mut bytes = Vec::new();
        let id = identified(&mut bytes).unwrap();
        assert_eq!(bytes, id.as_bytes());
        assert_eq!(identified(&mut bytes).unwrap(), id);
        assert_eq!(identified(&mut vec![1, 2]).unwrap_err().field, "request_id");
    }
}
