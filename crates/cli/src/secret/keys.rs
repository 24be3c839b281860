//! The cluster key: its rotation, and who has which.

use std::time::{Duration, Instant};

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use crate::client::{Call, request, secrets};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::json as to_json;
use crate::output::Style;
use crate::table::Table;
use crate::time;

/// Pause between two looks at who has destroyed the old key.
const LOOK_EVERY: Duration = Duration::from_millis(300);

pub(super) async fn status(context: &mut Context<'_>) -> Result<u8, Error> {
    let status = ask(context).await?;
    show(context, &status)
}

pub(super) async fn rotate(context: &mut Context<'_>) -> Result<u8, Error> {
    let turn = async |channel, patience| {
        secrets(channel).rotate_cluster_key(request(api::RotateClusterKeyRequest {}, patience)).await
    };
    let answer = context.client.call(Call::Administer, turn).await?;
    let number = answer.key.map_or(0, |key| key.number);
    if !context.output.is_json() {
        context.output.line(&format!("key {number} is in force"))?;
    }
    let start = Instant::now();
    loop {
        let status = ask(context).await?;
        let is_done = status.nodes.iter().filter(|node| node.error.is_empty()).all(|node| has_only_newer(node, number));
        if is_done || start.elapsed() > context.args.timeout {
            return show(context, &status);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn ask(context: &mut Context<'_>) -> Result<api::GetSecretStatusResponse, Error> {
    let ask = async |channel, patience| {
        secrets(channel).get_secret_status(request(api::GetSecretStatusRequest {}, patience)).await
    };
    context.client.call(Call::Read, ask).await
}

/// Whether a node has the key of a number or a later one, and none before it.
fn has_only_newer(node: &api::NodeKeys, number: u64) -> bool {
    !node.keys.is_empty() && node.keys.iter().all(|key| key.number >= number)
}

fn show(context: &Context<'_>, status: &api::GetSecretStatusResponse) -> Result<u8, Error> {
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.api.v1.GetSecretStatusResponse", status)?)?;
        return Ok(EXIT_OK);
    }
    let Some(current) = &status.current else {
        context.output.line("no secret was ever set, so there is no key")?;
        return Ok(EXIT_OK);
    };
    let key = current.key.clone().unwrap_or_default();
    let age = time::age(current.since.as_ref(), time::now());
    let shred = match (&current.deleted_at, current.superseded) {
        (_, 0) => "nothing is left to shred".to_owned(),
        (Some(_), count) => format!("{count} deleted or replaced values are about to be shredded"),
        (None, count) => format!("{count} replaced values can be read until the next rotation"),
    };
    context.output.line(&format!("key {} for {age}, {} secrets, {shred}", key.number, status.secrets))?;
    let mut table = Table::new(&["NODE", "ADDRESS", "KEYS", "STATE"], 3);
    for node in &status.nodes {
        let keys = node.keys.iter().map(|key| key.number.to_string()).collect::<Vec<_>>().join(",");
        let (state, style) = state(node, &key);
        table.row([node.node.to_string(), node.address.clone(), keys, state], style);
    }
    table.show(&context.output, "there are no nodes")?;
    Ok(EXIT_OK)
}

fn state(node: &api::NodeKeys, current: &model::ClusterKey) -> (String, Style) {
    let has_old = node.keys.iter().any(|key| key.number <= current.number && key != current);
    if !node.error.is_empty() {
        (format!("can't be asked: {}; it destroys old keys when it is back", node.error), Style::Warning)
    } else if !node.keys.contains(current) {
        ("does not have the key, and asks the others for it".into(), Style::Bad)
    } else if has_old {
        ("has an old key, which it is about to destroy".into(), Style::Warning)
    } else {
        ("ready".into(), Style::Good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(keys: &[(u64, u8)], error: &str) -> api::NodeKeys {
        let keys = keys.iter().map(|(number, mark)| model::ClusterKey { number: *number, fingerprint: vec![*mark] });
        api::NodeKeys { node: 1, address: "a:1".into(), error: error.into(), keys: keys.collect() }
    }

    #[test]
    fn states_of_nodes_are_told_apart() {
        let current = model::ClusterKey { number: 2, fingerprint: vec![9] };
        let text = |node: &api::NodeKeys| state(node, &current).0;
        assert_eq!(text(&node(&[(2, 9)], "")), "ready");
        assert_eq!(text(&node(&[(2, 9), (3, 1)], "")), "ready", "the next one is under way");
        assert!(text(&node(&[(1, 1), (2, 9)], "")).contains("destroy"));
        assert!(text(&node(&[(2, 8), (2, 9)], "")).contains("destroy"), "drawn and not taken");
        assert!(text(&node(&[(1, 1)], "")).contains("does not have"));
        assert!(text(&node(&[], "down")).contains("can't be asked: down"));
        assert!(has_only_newer(&node(&[(2, 9)], ""), 2) && !has_only_newer(&node(&[(1, 1), (2, 9)], ""), 2));
        assert!(!has_only_newer(&node(&[], ""), 2));
    }
}
