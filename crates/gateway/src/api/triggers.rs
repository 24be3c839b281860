//! Triggers: those that are part of Gofer, and plug-ins that are installed.

use std::ops::Bound;
use std::sync::Arc;

use gofer_domain::{BuiltIn, Command, Revision, State, Trigger, TriggerName, TriggerSpec};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::trigger_service_server::TriggerService;
use gofer_wire::model::v1 as model;
use tonic::{Request, Response, Status, async_trait};

use super::{Api, cut, page};
use crate::convert;
use crate::errors::Fault;
use crate::plugins::instances::{self, Instances};

const LIST: &str = "triggers";

#[async_trait]
impl TriggerService for Api {
    async fn install_trigger(
        &self,
        request: Request<wire::InstallTriggerRequest>,
    ) -> Result<Response<wire::InstallTriggerResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::InstallTrigger { trigger: name(&message.trigger)?, spec: spec(message.spec)? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::InstallTriggerResponse { header: self.header(revision) }))
    }

    async fn get_trigger(
        &self,
        request: Request<wire::GetTriggerRequest>,
    ) -> Result<Response<wire::GetTriggerResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let name = name(&message.trigger)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, found) = self.store().read(|state| (state.revision, shown(state, &name)));
        let missing = || {
            Fault::not_found("trigger", format!("trigger {name} is not installed"))
                .help("list the triggers to find its name, or install it")
        };
        let trigger = found.ok_or_else(missing)?;
        let Instances { instances, silent: silent_nodes } = match trigger.built_in {
            true => Instances::default(),
            false => instances::of(&self.parts, &name).await,
        };
        let (header, trigger) = (self.header(revision), Some(trigger));
        Ok(Response::new(wire::GetTriggerResponse { header, trigger, instances, silent_nodes }))
    }

    async fn list_triggers(
        &self,
        request: Request<wire::ListTriggersRequest>,
    ) -> Result<Response<wire::ListTriggersResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let size = convert::page_size(message.page_size)?;
        let after = position(&message.page_token)?;
        self.freshen(&metadata, message.consistency).await?;
        let (revision, mut triggers) =
            self.store().read(|state| (state.revision, following(state, after.as_ref(), size + 1)));
        let has_more = triggers.len() > size;
        triggers.truncate(size);
        let is_cut = cut(&mut triggers);
        let last = triggers.last().filter(|_| has_more || is_cut);
        let next_page_token = last.map(|last| page::token(LIST, last.name.as_bytes())).unwrap_or_default();
        Ok(Response::new(wire::ListTriggersResponse { header: self.header(revision), triggers, next_page_token }))
    }

    async fn update_trigger(
        &self,
        request: Request<wire::UpdateTriggerRequest>,
    ) -> Result<Response<wire::UpdateTriggerResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let generation = (message.generation != 0).then_some(Revision(message.generation));
        let (trigger, spec) = (name(&message.trigger)?, spec(message.spec)?);
        let command = Command::UpdateTrigger { trigger, spec, generation };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::UpdateTriggerResponse { header: self.header(revision) }))
    }

    async fn uninstall_trigger(
        &self,
        request: Request<wire::UninstallTriggerRequest>,
    ) -> Result<Response<wire::UninstallTriggerResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::UninstallTrigger { trigger: name(&message.trigger)? };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::UninstallTriggerResponse { header: self.header(revision) }))
    }

    async fn set_trigger_enabled(
        &self,
        request: Request<wire::SetTriggerEnabledRequest>,
    ) -> Result<Response<wire::SetTriggerEnabledResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let command = Command::SetTriggerEnabled { trigger: name(&message.trigger)?, enabled: message.enabled };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::SetTriggerEnabledResponse { header: self.header(revision) }))
    }
}

pub(super) fn name(text: &str) -> Result<TriggerName, Fault> {
    codec::trigger_name(text).map_err(|error| {
        Fault::invalid(&error.field, error.message).help("list the triggers to find its name, or choose another one")
    })
}

/// Says the first fault of what can be told from the message; the state machine has the others.
fn spec(spec: Option<model::TriggerSpec>) -> Result<Arc<TriggerSpec>, Fault> {
    let spec = spec.ok_or_else(|| {
        Fault::invalid("spec", "no spec is given").help("give the digest of a token, or what is to be launched")
    })?;
    let read = codec::trigger_spec_from_wire(Some(spec));
    read.map(Arc::new).map_err(|error| Fault::invalid(&error.field, error.to_string()).help("correct that field"))
}

fn position(token: &str) -> Result<Option<TriggerName>, Fault> {
    let Some(position) = page::position(LIST, token)? else { return Ok(None) };
    name(&String::from_utf8_lossy(&position)).map(Some)
}

/// A trigger, if there is one of that name.
fn shown(state: &State, name: &TriggerName) -> Option<wire::TriggerInfo> {
    match BuiltIn::of(name) {
        Some(built_in) => Some(part(state, name, built_in)),
        None => state.triggers.get(name).map(|trigger| plug_in(state, name, trigger)),
    }
}

/// So many of those whose names come after one, or of all.
fn following(state: &State, after: Option<&TriggerName>, most: usize) -> Vec<wire::TriggerInfo> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let installed = state.triggers.range::<TriggerName, _>((from, Bound::Unbounded)).take(most);
    let mut names: Vec<TriggerName> = installed.map(|(name, _)| name.clone()).collect();
    let parts = BuiltIn::ALL.iter().filter_map(|part| TriggerName::new(part.name()).ok());
    names.extend(parts.filter(|name| after.is_none_or(|after| name > after)));
    names.sort();
    names.iter().take(most).filter_map(|name| shown(state, name)).collect()
}

fn part(state: &State, name: &TriggerName, built_in: BuiltIn) -> wire::TriggerInfo {
    wire::TriggerInfo {
        name: name.to_string(),
        built_in: true,
        description: purpose(built_in).to_owned(),
        settings: codec::trigger_report_to_wire(gofer_triggers::built_in(built_in)).settings,
        installed: None,
        subscriptions: subscriptions(state, name),
    }
}

/// Which events a trigger tells of that is part of Gofer.
fn purpose(built_in: BuiltIn) -> &'static str {
    match built_in {
        BuiltIn::Webhook => "signed requests over HTTP",
        BuiltIn::Github => {
            "pushes, pull requests and whatever else GitHub tells of; or, without webhooks, of pull requests that are looked for"
        }
        BuiltIn::Git => "branches and tags of a Git repository that come and change; it is looked at now and then",
        BuiltIn::Pipeline => "runs of a pipeline that start and end, fail again and again, recover, or last long",
        BuiltIn::Task => "tasks of a pipeline's runs that end, or are tried again",
        BuiltIn::Schedule => "slots of schedules for which no run is started, and schedules that are disabled",
        BuiltIn::Object => "objects that are put and deleted",
        BuiltIn::Event => "any events of the cluster's log",
        BuiltIn::Manual => "what people make happen, with `gofer trigger fire`",
    }
}

fn plug_in(state: &State, name: &TriggerName, trigger: &Trigger) -> wire::TriggerInfo {
    wire::TriggerInfo {
        name: name.to_string(),
        built_in: false,
        description: trigger.spec.description.clone(),
        settings: trigger
            .report
            .as_deref()
            .map(|report| codec::trigger_report_to_wire(report).settings)
            .unwrap_or_default(),
        installed: Some(codec::trigger_to_wire(name, trigger)),
        subscriptions: subscriptions(state, name),
    }
}

fn subscriptions(state: &State, name: &TriggerName) -> u32 {
    u32::try_from(state.subscriptions.count_of_trigger(name)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use gofer_domain::Timestamp;

    use super::*;

    fn state(installed: &[&str]) -> State {
        let mut state = State::default();
        for name in installed {
            let spec =
                TriggerSpec { description: format!("tells of {name}"), token_digest: Some([1; 32]), launch: None };
            let trigger = Trigger {
                spec: Arc::new(spec),
                generation: Revision(7),
                enabled: true,
                report: None,
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            };
            state.triggers.insert(TriggerName::new(name).unwrap(), trigger);
        }
        state
    }

    #[test]
    fn pages_of_every_size_have_built_in_triggers_among_the_others() {
        let state = state(&["aaa", "jira", "mail", "zzz"]);
        let mut expected: Vec<&str> = BuiltIn::ALL.iter().map(|part| part.name()).collect();
        expected.extend(["aaa", "jira", "mail", "zzz"]);
        expected.sort_unstable();
        for size in [1, 2, 3, 7, 100] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let found = following(&state, after.as_ref(), size);
                assert!(found.len() <= size);
                let Some(last) = found.last() else { break };
                after = Some(TriggerName::new(&last.name).unwrap());
                all.extend(found.into_iter().map(|trigger| trigger.name));
            }
            assert_eq!(all, expected, "by {size}");
        }
    }

    #[test]
    fn a_trigger_is_shown_with_what_it_is_for() {
        let state = state(&["jira"]);
        let get = |name: &str| shown(&state, &TriggerName::new(name).unwrap());
        let jira = get("jira").unwrap();
        assert!(!jira.built_in && jira.description == "tells of jira" && jira.installed.is_some());
        assert!(get("jire").is_none());
        for built_in in BuiltIn::ALL {
            let shown = get(built_in.name()).unwrap();
            assert!(shown.built_in && shown.installed.is_none() && !shown.description.is_empty(), "{shown:?}");
        }
        let github = get("github").unwrap();
        assert!(github.settings.iter().all(|setting| !setting.description.is_empty()) && !github.settings.is_empty());
    }
}
