//! A run from its start to its end, with its output. Whatever happens on the way, the run has ended before this returns,
//! so that nothing of it is left on the machine.

use std::time::Duration;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use tokio::sync::watch;
use tokio::time::Instant;

use super::session::Session;
use crate::client::{Call, Client, Next, runs};
use crate::error::Error;
use crate::run::state;

/// How often the listener may redraw while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// What happens, in order.
#[derive(Debug)]
pub(super) enum News {
    /// The run after a change.
    Run(Box<model::Run>),
    Output(api::StreamLogsResponse),
    /// It is being ended from outside.
    Stopping(Cause),
    Tick,
}

/// Why a run was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Interrupt,
    Deadline,
    /// Nobody hears of it any more.
    Unheard,
}

/// How it went.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) run: model::Run,
    /// Set when it was ended from outside.
    pub(super) cause: Option<Cause>,
}

/// What to follow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Follow {
    pub(super) with_output: bool,
    /// When it is to be over.
    pub(super) deadline: Option<Instant>,
}

/// Follows a run to its end, and tells all of it.
///
/// # Errors
/// When the node fails, or the listener does; then the run is ended first.
pub(super) async fn follow(
    session: &mut Session,
    run: &model::RunRef,
    what: Follow,
    mut tell: impl FnMut(News) -> Result<(), Error>,
) -> Result<Ended, Error> {
    let message = api::WatchRunRequest { run: Some(run.clone()) };
    let ask = async |channel, _| runs(channel).watch_run(message.clone()).await;
    let mut changes = session.client().call(Call::Read, ask).await?;
    let message = api::StreamLogsRequest { run: Some(run.clone()), follow: true, ..Default::default() };
    let ask = async |channel, _| runs(channel).stream_logs(message.clone()).await;
    let mut output = match what.with_output {
        true => Some(session.client().call(Call::Read, ask).await?),
        false => None,
    };
    let mut interrupted = session.node.interrupted.clone();
    let (mut cause, mut last, mut unheard) = (None, None, None);
    loop {
        let ended = last.as_ref().is_some_and(|run: &model::Run| state::is_final(run.status()));
        if let (true, None, Some(run)) = (ended, &output, &last) {
            return match unheard {
                Some(error) => Err(error),
                None => Ok(Ended { run: run.clone(), cause }),
            };
        }
        let news = tokio::select! {
            next = Client::next(&mut changes), if !ended => {
                let run = item(next?)?.and_then(|answer| answer.run);
                let Some(run) = run else { continue };
                last = Some(run.clone());
                News::Run(Box::new(run))
            }
            next = next_record(&mut output), if output.is_some() => match item_or_end(next?)? {
                Some(record) => News::Output(record),
                None => {
                    output = None;
                    continue;
                }
            },
            stopping = stop(&mut interrupted, what.deadline), if cause.is_none() && !ended => {
                cause = Some(stopping);
                session.cancel(run, reason(stopping)).await?;
                News::Stopping(stopping)
            }
            () = tokio::time::sleep(TICK) => News::Tick,
        };
        if unheard.is_none()
            && let Err(error) = tell(news)
        {
            unheard = Some(error);
            if cause.is_none() && !ended {
                cause = Some(Cause::Unheard);
                session.cancel(run, reason(Cause::Unheard)).await?;
            }
        }
    }
}

async fn next_record(
    output: &mut Option<tonic::Streaming<api::StreamLogsResponse>>,
) -> Result<Next<api::StreamLogsResponse>, Error> {
    match output {
        Some(stream) => Client::next(stream).await,
        None => std::future::pending().await,
    }
}

/// The message; a stream that ends before its run, or breaks off, is the node's failure: there is no other node.
fn item<T>(next: Next<T>) -> Result<Option<T>, Error> {
    match next {
        Next::Item(item) => Ok(Some(item)),
        Next::End => Err(lost("it ended the watch")),
        Next::Lost(why) => Err(lost(&why)),
    }
}

fn item_or_end<T>(next: Next<T>) -> Result<Option<T>, Error> {
    match next {
        Next::Item(item) => Ok(Some(item)),
        Next::End => Ok(None),
        Next::Lost(why) => Err(lost(&why)),
    }
}

fn lost(why: &str) -> Error {
    let help = "repeat the command; with RUST_LOG=info the node says what it does";
    Error::Local { message: format!("the local node was lost: {why}"), help: help.into() }
}

async fn stop(interrupted: &mut watch::Receiver<bool>, deadline: Option<Instant>) -> Cause {
    let over = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let interrupt = async {
        if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => Cause::Interrupt,
        () = over => Cause::Deadline,
    }
}

fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Interrupt => "the command was interrupted",
        Cause::Deadline => "the time of the test was up",
        Cause::Unheard => "nobody reads its output any more",
    }
}
