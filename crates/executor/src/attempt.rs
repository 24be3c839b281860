//! One attempt, from its placement to the report of its end.
//!
//! At any await this may be dropped, and begun anew by this or the next process of the node: the driver knows what was
//! launched, and reports have fixed ids. So a restart needs nothing but the log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_consensus::Host;
use gofer_domain::run::{FailureReason, StopReason};
use gofer_domain::{AttemptKey, AttemptOutcome, Command};
use gofer_drivers::{Driver, Error, Exit, LaunchError, State};
use gofer_store::Outcome;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use crate::context::{Backoff, Context};
use crate::spec::Placed;
use crate::{outcome, outputs, report, seal, secrets};

/// A launch that takes longer is reported as such.
const SLOW_LAUNCH: Duration = Duration::from_millis(200);

/// What the log wants of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Run,
    Stop(StopReason),
    /// The attempt has ended in the log; nothing of it may be left.
    Discard,
}

/// Carries an attempt to its end; returns early at the shutdown of the node.
pub(crate) async fn run(context: Arc<Context>, placed: Placed, orders: watch::Receiver<Order>) -> AttemptKey {
    let key = placed.key.clone();
    let Some(driver) = context.drivers.get(&placed.driver).cloned() else {
        tokio::select! {
            () = context.shutdown.cancelled() => {}
            () = discard_ordered(orders) => {}
            () = give_up(&context, &placed) => {}
        }
        return key;
    };
    let attempt = Attempt { context: &context, driver: &*driver, placed: &placed, orders: orders.clone() };
    tokio::select! {
        biased;
        () = context.shutdown.cancelled() => return key,
        () = discard_ordered(orders) => {}
        () = attempt.live() => {}
    }
    tokio::select! {
        biased;
        () = context.shutdown.cancelled() => {}
        () = discard(&context.parts.host, &*driver, &placed) => {}
    }
    key
}

/// Returns when the log has the attempt as ended; the executor then drops its end of `orders` or says so.
async fn discard_ordered(mut orders: watch::Receiver<Order>) {
    let _ = orders.wait_for(|order| *order == Order::Discard).await;
}

/// Reports an attempt that this node can't know anything of, then waits to be told that it has ended.
async fn give_up(context: &Context, placed: &Placed) {
    let message = format!("this node does not have the {} driver any more", placed.driver.name());
    error!(attempt = %placed.key, message, "an attempt is given up");
    let outcome = AttemptOutcome::Unknown { message };
    finish(context, placed, End { outcome, log: None, outputs: BTreeMap::new(), with_start: false }).await;
    std::future::pending().await
}

/// Stops and forgets what may be left of an attempt.
async fn discard(host: &Host, driver: &dyn Driver, placed: &Placed) {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
    loop {
        let removed = match driver.inspect(placed.id()).await {
            Ok(State::Exited(_) | State::Fenced) => driver.remove(placed.id()).await,
            // Also when nothing was launched so far: a launch that was broken off may still be on its way.
            Ok(State::Absent | State::Created | State::Running) => {
                info!(attempt = %placed.key, "ending an attempt that is over in the log");
                match driver.stop(placed.id(), Duration::ZERO).await {
                    Ok(()) => driver.remove(placed.id()).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => return outputs::remove(host, placed).await,
            Err(error) => warn!(attempt = %placed.key, %error, "what is left of an attempt can't be removed yet"),
        }
        backoff.pause().await;
    }
}

/// What is reported of an attempt's end.
struct End {
    outcome: AttemptOutcome,
    log: Option<gofer_domain::run::LogRef>,
    outputs: BTreeMap<String, String>,
    /// Whether its start is still to be reported, too.
    with_start: bool,
}

/// Reports the end. Returns once this node's state has it.
async fn finish(context: &Context, placed: &Placed, end: End) {
    let End { outcome, log, outputs, with_start } = end;
    let (node, attempt) = (context.node, placed.key.clone());
    debug!(%attempt, ?outcome, "an attempt has ended");
    let mut commands = Vec::new();
    if with_start {
        commands.push(Command::ReportStarted { attempt: attempt.clone(), node });
    }
    commands.push(Command::ReportFinished { attempt, node, outcome, log, outputs });
    let proposals = commands.into_iter().map(|command| report::on_attempt(node, command)).collect();
    let outcomes = report::report(&*context.parts.propose, proposals).await;
    if let Some(Outcome::Rejected(rejection)) = outcomes.last() {
        info!(attempt = %placed.key, %rejection, "the end of an attempt was not recorded");
    }
    let mut progress = context.parts.store.progress();
    while context.is_placed(&placed.key) {
        if progress.changed().await.is_err() {
            return;
        }
    }
}

struct Attempt<'a> {
    context: &'a Context,
    driver: &'a dyn Driver,
    placed: &'a Placed,
    orders: watch::Receiver<Order>,
}

/// How an attempt ended, and whether its start is still to be reported.
struct Ending {
    outcome: AttemptOutcome,
    with_start: bool,
}

impl From<AttemptOutcome> for Ending {
    fn from(outcome: AttemptOutcome) -> Self {
        Self { outcome, with_start: false }
    }
}

impl Attempt<'_> {
    async fn live(mut self) {
        let ending = self.execute().await;
        let log = seal::seal(self.context, self.driver, self.placed).await;
        let (outcome, outputs) = self.put_out(ending.outcome).await;
        finish(self.context, self.placed, End { outcome, log, outputs, with_start: ending.with_start }).await;
    }

    /// What a program has put out that succeeded. If that can't be read, it has failed after all.
    async fn put_out(&self, outcome: AttemptOutcome) -> (AttemptOutcome, BTreeMap<String, String>) {
        if outcome != AttemptOutcome::Succeeded {
            return (outcome, BTreeMap::new());
        }
        match outputs::read(&self.context.parts.host, self.placed).await {
            Ok(outputs) => (outcome, outputs),
            Err(message) => {
                let reason = FailureReason::Launch;
                (AttemptOutcome::Failed { reason, exit_code: Some(0), message }, BTreeMap::new())
            }
        }
    }

    async fn execute(&mut self) -> Ending {
        let mut stop = self.orders.clone();
        let stop = stop_ordered(&mut stop);
        tokio::pin!(stop);
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let launched = loop {
            tokio::select! {
                biased;
                reason = &mut stop => return self.stop(&reason).await,
                () = self.context.lease.held() => {}
            }
            // Asked after the lease: a lease that is held after a loss is one of a later incarnation, and then the
            // state has the loss.
            if !self.context.is_placed(&self.placed.key) {
                std::future::pending::<()>().await;
            }
            let launched = tokio::select! {
                biased;
                reason = &mut stop => return self.stop(&reason).await,
                () = self.context.lease.ending() => return self.stop_with_lease().await,
                launched = self.launch() => launched,
            };
            match launched {
                Err(LaunchError::Unavailable { message }) => {
                    warn!(attempt = %self.placed.key, message, "the launch is tried again");
                    tokio::select! {
                        biased;
                        reason = &mut stop => return self.stop(&reason).await,
                        () = backoff.pause() => {}
                    }
                }
                other => break other,
            }
        };
        if let Err(error) = launched {
            return outcome::of_refusal(&error).into();
        }
        if let Ok(State::Exited(exit)) = self.driver.inspect(self.placed.id()).await {
            return Ending { outcome: outcome::of_exit(&exit), with_start: true };
        }
        tokio::select! {
            biased;
            reason = &mut stop => self.stop(&reason).await,
            () = self.context.lease.ending() => self.stop_with_lease().await,
            ending = self.watch() => ending,
        }
    }

    /// Launches, and says so when that takes long.
    async fn launch(&self) -> Result<gofer_drivers::Launched, LaunchError> {
        outputs::prepare(&self.context.parts.host, self.placed).await?;
        let launch = async {
            let spec = secrets::fill(&*self.context.parts.secrets, self.driver, self.placed).await?;
            self.driver.launch(&spec).await
        };
        tokio::pin!(launch);
        let slow = async {
            sleep(SLOW_LAUNCH).await;
            let command = Command::ReportLaunching { attempt: self.placed.key.clone(), node: self.context.node };
            self.report(command).await;
            std::future::pending().await
        };
        tokio::select! {
            launched = &mut launch => launched,
            never = slow => never,
        }
    }

    /// Reports that it runs, and waits for its end.
    async fn watch(&self) -> Ending {
        let started = self.report(Command::ReportStarted { attempt: self.placed.key.clone(), node: self.context.node });
        let wait = self.wait();
        tokio::pin!(started, wait);
        tokio::select! {
            exit = &mut wait => return Ending { outcome: outcome::of_exit(&exit), with_start: true },
            () = &mut started => {}
        }
        outcome::of_exit(&wait.await).into()
    }

    async fn wait(&self) -> Exit {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        loop {
            match self.driver.wait(self.placed.id()).await {
                Ok(exit) => return exit,
                Err(Error::NotLaunched(_)) => {
                    return Exit::unknown("it was launched, and the driver does not know it any more");
                }
                Err(error) => warn!(attempt = %self.placed.key, %error, "can't wait for the end; trying again"),
            }
            backoff.pause().await;
        }
    }

    /// Ends it on order. Whatever its exit then is: it came after the order, so it counts as carried out.
    async fn stop(&self, reason: &StopReason) -> Ending {
        self.stop_within(self.context.config.stop_grace).await;
        outcome::of_stop(reason).into()
    }

    async fn stop_with_lease(&self) -> Ending {
        warn!(attempt = %self.placed.key, "the lease runs out; the attempt is stopped");
        self.stop_within(self.context.config.stop_before_lease_end * 2 / 3).await;
        outcome::for_want_of_lease().into()
    }

    async fn stop_within(&self, grace: Duration) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        while let Err(error) = self.driver.stop(self.placed.id(), grace).await {
            warn!(attempt = %self.placed.key, %error, "an attempt can't be stopped yet");
            backoff.pause().await;
        }
    }

    async fn report(&self, command: Command) {
        let proposal = report::on_attempt(self.context.node, command);
        let outcomes = report::report(&*self.context.parts.propose, vec![proposal]).await;
        if let Some(Outcome::Rejected(rejection)) = outcomes.first() {
            debug!(attempt = %self.placed.key, %rejection, "a report was not recorded");
        }
    }
}

async fn stop_ordered(orders: &mut watch::Receiver<Order>) -> StopReason {
    match orders.wait_for(|order| matches!(order, Order::Stop(_))).await.as_deref() {
        Ok(Order::Stop(reason)) => return reason.clone(),
        Ok(Order::Run | Order::Discard) | Err(_) => {}
    }
    std::future::pending().await
}
