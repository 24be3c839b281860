//! How people name runs, pipelines and nodes.

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1::{PipelineRef, RunRef, ScheduleRef, SecretRef, SubscriptionRef};

use crate::client::{Call, Client, clusters, request, runs};
use crate::error::Error;

const RUN_FORMS: &str = "write PIPELINE/RUN, NAMESPACE/PIPELINE/RUN or PIPELINE RUN, where RUN is a number or `latest`";

/// Which run of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Latest,
    Of(u64),
}

/// A run as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunName {
    pub(crate) pipeline: PipelineRef,
    pub(crate) number: Number,
}

/// Reads a pipeline: `pipeline` or `namespace/pipeline`.
pub(crate) fn pipeline(namespace: &str, text: &str) -> Result<PipelineRef, Error> {
    let (namespace, pipeline) = text.split_once('/').unwrap_or((namespace, text));
    if namespace.is_empty() || pipeline.is_empty() || pipeline.contains('/') {
        return Err(Error::usage(format!("{text:?} names no pipeline"), "write PIPELINE or NAMESPACE/PIPELINE"));
    }
    Ok(PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() })
}

/// Reads a run from the front of some arguments; the arguments after it are left.
pub(crate) fn run<'a>(namespace: &str, words: &'a [String]) -> Result<(RunName, &'a [String]), Error> {
    let wrong = || Error::usage(format!("{:?} names no run", words.join(" ")), RUN_FORMS);
    let (first, rest) = words.split_first().ok_or_else(wrong)?;
    if let Some((name, number)) = first.rsplit_once('/')
        && let Some(number) = parse_number(number)
    {
        return Ok((RunName { pipeline: pipeline(namespace, name)?, number }, rest));
    }
    let (second, rest) = rest.split_first().ok_or_else(wrong)?;
    let number = parse_number(second).ok_or_else(wrong)?;
    Ok((RunName { pipeline: pipeline(namespace, first)?, number }, rest))
}

/// Reads a run that is all there is.
pub(crate) fn whole_run(namespace: &str, words: &[String]) -> Result<RunName, Error> {
    match run(namespace, words)? {
        (name, []) => Ok(name),
        (_, rest) => Err(Error::usage(format!("{:?} is too much after the run", rest.join(" ")), RUN_FORMS)),
    }
}

fn parse_number(text: &str) -> Option<Number> {
    match text {
        "latest" => Some(Number::Latest),
        _ => text.parse().ok().filter(|number| *number > 0).map(Number::Of),
    }
}

/// Turns `latest` into the number of the newest run.
pub(crate) async fn resolve(client: &mut Client, name: RunName) -> Result<RunRef, Error> {
    let PipelineRef { namespace, pipeline } = name.pipeline.clone();
    let number = match name.number {
        Number::Of(number) => number,
        Number::Latest => {
            let message = api::ListRunsRequest {
                pipeline: Some(name.pipeline),
                consistency: client.consistency,
                page_size: 1,
                page_token: String::new(),
            };
            let ask = async |channel, patience| runs(channel).list_runs(request(message.clone(), patience)).await;
            let newest = client.call(Call::Read, ask).await?.runs.into_iter().next().and_then(|run| run.r#ref);
            newest.map(|newest| newest.run).ok_or_else(|| {
                let message = format!("pipeline {namespace}/{pipeline} has no runs yet");
                Error::not_found(message, format!("start one: gofer run start {pipeline}"))
            })?
        }
    };
    Ok(RunRef { namespace, pipeline, run: number })
}

/// Reads a schedule: `pipeline/name` or `namespace/pipeline/name`.
pub(crate) fn schedule(namespace: &str, text: &str) -> Result<ScheduleRef, Error> {
    let (PipelineRef { namespace, pipeline }, name) = of_pipeline("schedule", namespace, text)?;
    Ok(ScheduleRef { namespace, pipeline, name })
}

/// Reads a subscription: `pipeline/name` or `namespace/pipeline/name`.
pub(crate) fn subscription(namespace: &str, text: &str) -> Result<SubscriptionRef, Error> {
    let (PipelineRef { namespace, pipeline }, name) = of_pipeline("subscription", namespace, text)?;
    Ok(SubscriptionRef { namespace, pipeline, name })
}

/// Something that a pipeline has under a name.
fn of_pipeline(what: &str, namespace: &str, text: &str) -> Result<(PipelineRef, String), Error> {
    let wrong = || {
        let message = format!("{text:?} names no {what}");
        Error::usage(message, "write PIPELINE/NAME or NAMESPACE/PIPELINE/NAME")
    };
    let (of, name) = text.rsplit_once('/').filter(|(_, name)| !name.is_empty()).ok_or_else(wrong)?;
    let pipeline = pipeline(namespace, of).map_err(|_| wrong())?;
    Ok((pipeline, name.into()))
}

/// `token`, `default/token`, `default/build/token`: a secret of the cluster, a namespace or a pipeline.
pub(crate) fn secret_text(secret: Option<&SecretRef>) -> String {
    let Some(secret) = secret else { return String::new() };
    let parts = [&secret.namespace, &secret.pipeline, &secret.name];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

/// `namespace/pipeline/nightly`.
pub(crate) fn schedule_text(schedule: Option<&ScheduleRef>) -> String {
    let text = |schedule: &ScheduleRef| format!("{}/{}/{}", schedule.namespace, schedule.pipeline, schedule.name);
    schedule.map_or_else(String::new, text)
}

/// `namespace/pipeline/push`.
pub(crate) fn subscription_text(subscription: Option<&SubscriptionRef>) -> String {
    let text = |of: &SubscriptionRef| format!("{}/{}/{}", of.namespace, of.pipeline, of.name);
    subscription.map_or_else(String::new, text)
}

/// `namespace/pipeline/42`.
pub(crate) fn run_text(run: Option<&RunRef>) -> String {
    run.map_or_else(String::new, |run| format!("{}/{}/{}", run.namespace, run.pipeline, run.run))
}

/// `namespace/pipeline`.
pub(crate) fn pipeline_text(pipeline: Option<&PipelineRef>) -> String {
    pipeline.map_or_else(String::new, |name| format!("{}/{}", name.namespace, name.pipeline))
}

/// Id of the node of a name or an id, among registered nodes and members.
pub(crate) async fn node(client: &mut Client, text: &str) -> Result<u64, Error> {
    let ask = async |channel, patience| clusters(channel).get_status(request(api::GetStatusRequest {}, patience)).await;
    let members = client.call(Call::Read, ask).await?.members.into_iter().map(|member| (member.id, member.name));
    let mut known: Vec<(u64, String)> = members.collect();
    // Lost nodes that are no members any more are known to the list only; without a leader members must do.
    if let Ok(nodes) = nodes(client).await {
        known.extend(nodes.into_iter().filter_map(|info| info.node).map(|node| {
            let name = node.spec.map(|spec| spec.name).unwrap_or_default();
            (node.id, name)
        }));
    }
    choose(known, text)
}

fn choose(mut known: Vec<(u64, String)>, text: &str) -> Result<u64, Error> {
    known.sort();
    let mut named: Vec<u64> = known.iter().filter(|(_, name)| name == text).map(|(id, _)| *id).collect();
    named.dedup();
    match (&named[..], text.parse::<u64>()) {
        ([id], _) => Ok(*id),
        ([], Ok(id)) => Ok(id),
        ([], Err(_)) => {
            let mut names: Vec<&str> =
                known.iter().map(|(_, name)| name.as_str()).filter(|name| !name.is_empty()).collect();
            names.dedup();
            let help = if names.is_empty() {
                "see `gofer node list`".into()
            } else {
                format!("the nodes are: {}", names.join(", "))
            };
            Err(Error::not_found(format!("there is no node {text:?}"), help))
        }
        (several, _) => {
            let ids: Vec<String> = several.iter().map(u64::to_string).collect();
            Err(Error::usage(
                format!("several nodes are named {text:?}"),
                format!("name one by its id: {}", ids.join(", ")),
            ))
        }
    }
}

/// All registered nodes.
pub(crate) async fn nodes(client: &mut Client) -> Result<Vec<api::NodeInfo>, Error> {
    let message = api::ListNodesRequest { consistency: client.consistency };
    let ask = async |channel, patience| clusters(channel).list_nodes(request(message, patience)).await;
    Ok(client.call(Call::Read, ask).await?.nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn runs_have_several_forms() {
        for (text, namespace, name, number, left) in [
            ("p/42", "home", "p", Number::Of(42), 0),
            ("ns/p/42 build", "ns", "p", Number::Of(42), 1),
            ("p 42", "home", "p", Number::Of(42), 0),
            ("p 42 build", "home", "p", Number::Of(42), 1),
            ("ns/p 42", "ns", "p", Number::Of(42), 0),
            ("p/latest build", "home", "p", Number::Latest, 1),
            ("p latest", "home", "p", Number::Latest, 0),
        ] {
            let words = words(text);
            let (run, rest) = run("home", &words).unwrap();
            assert_eq!((&*run.pipeline.namespace, &*run.pipeline.pipeline), (namespace, name), "{text}");
            assert_eq!((run.number, rest.len()), (number, left), "{text}");
        }
        for text in ["", "p", "p/0", "p x", "/42", "a/b/c/42", "p/-1"] {
            assert!(matches!(run("home", &words(text)), Err(Error::Usage { .. })), "{text}");
        }
        assert!(whole_run("home", &words("p/1 x")).is_err());
    }

    #[test]
    fn schedules_and_subscriptions_have_two_forms() {
        for (text, written) in [("p/nightly", "home/p/nightly"), ("ns/p/nightly", "ns/p/nightly")] {
            assert_eq!(schedule_text(Some(&schedule("home", text).unwrap())), written);
            assert_eq!(subscription_text(Some(&subscription("home", text).unwrap())), written);
        }
        for text in ["", "nightly", "p/", "/nightly", "/p/nightly", "ns//nightly", "a/b/c/d"] {
            assert!(matches!(schedule("home", text), Err(Error::Usage { .. })), "{text}");
            assert!(matches!(subscription("home", text), Err(Error::Usage { .. })), "{text}");
        }
    }

    #[test]
    fn nodes_go_by_name_then_by_id() {
        let known = || {
            vec![
                (1, "n1".to_owned()),
                (2, "n2".into()),
                (2, "n2".into()),
                (7, "2".into()),
                (8, "x".into()),
                (9, "x".into()),
            ]
        };
        assert_eq!(choose(known(), "n2").unwrap(), 2);
        assert_eq!(choose(known(), "2").unwrap(), 7);
        assert_eq!(choose(known(), "1").unwrap(), 1);
        assert!(choose(known(), "n3").unwrap_err().is_not_found());
        assert!(matches!(choose(known(), "x"), Err(Error::Usage { .. })));
    }
}
