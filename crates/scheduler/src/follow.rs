//! Follows the log for subscriptions that ask for its events: reads on from where the state says, holds each event against
//! what subscriptions ask for, and has those that are asked for taken.
//!
//! One cursor is for all subscriptions, and moves with what is taken. While nothing is asked for it moves in memory only, and
//! now and then in the log, so that what was looked at can go to the archive.
//!
//! That a run lasts long is no event. Who asks for that is told when it is time, by the same command, with the cursor where it is.

mod commands;
mod interests;
mod lasting;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::Duration;

use gofer_consensus::{Raft, Work};
use gofer_domain::{Event, FollowedEvent, PipelineKey, Revision, Run, RunKey, Timestamp};
use gofer_store::{Progress, Store, StoredEvent};
use gofer_triggers::LogEvent;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::sleep;
use tracing::warn;

use crate::decisions::Decisions;
use crate::scheduler::Error;
use commands::commands;
use interests::{Interests, News};
use lasting::{Long, going};

/// Most events that are read at once, and most of their bytes.
const READ: (usize, usize) = (256, 256 * 1024);
/// How many events may have been looked at in vain before the log is told.
const VAIN_MAX: u64 = 1_000;
/// Most events that are asked for, over all subscriptions, before they are proposed.
const ASKED_MAX: usize = 1_000;
/// Most commands that are proposed at once.
const COMMANDS_MAX: usize = 64;
/// Most runs that are told at once to last long.
const LONG_MAX: usize = 200;
/// Longest sleep towards a time of day, since the clock may be set.
const NAP_MAX: Duration = Duration::from_secs(30);
/// Pause after the log could not be read.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the log in one term in which this node leads.
pub(crate) struct Follower<'a> {
    store: &'a Store,
    raft: &'a Raft,
    decisions: Decisions<'a>,
    interests: Interests,
    /// All events up to this one were looked at, be it in vain.
    seen: Revision,
}

/// How the state stands.
struct Look {
    /// None while nobody asks for anything.
    followed: Option<Revision>,
    newest: Revision,
    now: Timestamp,
    news: News,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(store: &'a Store, raft: &'a Raft, decisions: Decisions<'a>) -> Self {
        Self { store, raft, decisions, interests: Interests::default(), seen: Revision(0) }
    }

    /// Follows until it is dropped, or until consensus stops for good.
    pub(crate) async fn follow(mut self) -> Result<Infallible, Error> {
        let mut progress = self.store.progress();
        #[cfg(feature = "planted")]
        if gofer_store::planted::is(gofer_store::planted::Bug::EventsOverlooked) {
            self.seen = self.look().newest;
        }
        loop {
            progress.mark_unchanged();
            let look = self.look();
            let is_behind = look.news.are_cut;
            let unknown = self.interests.learn(look.news);
            self.learn_going(&unknown);
            match look.followed {
                _ if is_behind => yield_now().await,
                Some(followed) if self.interests.next_long().is_some_and(|due| due <= look.now) => {
                    self.tell_long(followed, look.newest, look.now).await?;
                }
                Some(followed) if self.seen.max(followed) < look.newest => self.go_on(followed, look.newest).await?,
                Some(_) | None => self.wait(&mut progress, look.now).await?,
            }
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&self, progress: &mut watch::Receiver<Progress>, now: Timestamp) -> Result<(), Error> {
        let next = self.interests.next_long();
        let nap = next.map_or(NAP_MAX, |next| next.since(now).clamp(Duration::from_millis(1), NAP_MAX));
        tokio::select! {
            changed = progress.changed() => changed.map_err(|_| Error::Fatal("the store is closed".into())),
            () = sleep(nap) => Ok(()),
        }
    }

    fn learn_going(&mut self, pipelines: &[PipelineKey]) {
        for pipeline in pipelines {
            let going = self.store.read(|state| going(state, pipeline));
            self.interests.learn_going(pipeline, &going);
        }
    }

    /// Tells of runs that last long. Of one that has ended meanwhile the event of its end tells.
    async fn tell_long(&mut self, followed: Revision, newest: Revision, now: Timestamp) -> Result<(), Error> {
        let longs = self.interests.due(now, LONG_MAX);
        let mut asked = Vec::new();
        for Long { subscription, runs, .. } in &longs {
            let runs = runs.iter().filter_map(|run| self.run(run)).filter(|run| !run.status.is_final());
            asked.extend(runs.filter_map(|run| self.interests.long(subscription, &run, now, followed)));
        }
        let commands = if asked.is_empty() { Vec::new() } else { commands(followed, followed, asked) };
        for some in commands.chunks(COMMANDS_MAX) {
            if !self.decisions.take(newest, some.to_vec()).await? {
                // They are still due.
                self.seen = Revision(0);
                return Ok(());
            }
        }
        self.interests.told(&longs);
        Ok(())
    }

    fn look(&self) -> Look {
        self.store.read(|state| Look {
            followed: state.followed,
            newest: state.revision,
            now: Timestamp(self.raft.host().unix_ms()).max(state.time),
            news: self.interests.news(state),
        })
    }

    /// Looks at the next events.
    async fn go_on(&mut self, followed: Revision, newest: Revision) -> Result<(), Error> {
        let from = self.seen.max(followed);
        let events = self.read(Revision(from.0 + 1)).await;
        let (to, asked) = self.asked(from, newest, &events);
        if to == from {
            // The log is not there, or not readable; it may be on the next leader.
            sleep(PAUSE).await;
            return Ok(());
        }
        if asked.is_empty() && to.0 - followed.0 < VAIN_MAX {
            self.seen = to;
            yield_now().await;
            return Ok(());
        }
        let commands = commands(followed, to, asked);
        for some in commands.chunks(COMMANDS_MAX) {
            if !self.decisions.take(newest, some.to_vec()).await? {
                // From where the state says, then.
                self.seen = Revision(0);
                return Ok(());
            }
        }
        self.seen = to;
        Ok(())
    }

    async fn read(&self, from: Revision) -> Vec<StoredEvent> {
        let store = self.store.clone();
        let reading = self.raft.host().blocking(Work::Read, move || store.events(from, READ.0, READ.1));
        match reading.await {
            Ok(Ok(events)) => events,
            Ok(Err(error)) => {
                warn!(%from, %error, "the log can't be followed");
                Vec::new()
            }
            Err(error) => {
                warn!(%from, %error, "the log can't be followed");
                Vec::new()
            }
        }
    }

    /// What is asked for among events that follow one another, and up to where that was looked for.
    fn asked(&mut self, from: Revision, newest: Revision, events: &[StoredEvent]) -> (Revision, Vec<FollowedEvent>) {
        let mut to = from;
        let mut asked = Vec::new();
        for stored in events {
            // What is newer may be asked for by subscriptions that are not known yet.
            if stored.revision > newest || stored.revision.0 != to.0 + 1 || asked.len() >= ASKED_MAX {
                break;
            }
            if self.interests.has_kind(kind(stored)) {
                match stored.decode() {
                    Ok(event) => {
                        self.interests.see(&event, time(stored));
                        self.ask(stored, &event, &mut asked);
                    }
                    Err(error) => {
                        warn!(revision = %stored.revision, %error, "an event can't be followed");
                        break;
                    }
                }
            }
            to = stored.revision;
        }
        (to, asked)
    }

    fn ask(&self, stored: &StoredEvent, event: &Event, asked: &mut Vec<FollowedEvent>) {
        let log = LogEvent {
            revision: stored.revision,
            at: time(stored),
            actor: &stored.envelope.actor,
            event,
            encoded: &stored.envelope.payload,
        };
        asked.extend(self.interests.asking(kind(stored), &log, &|key| self.run(key)));
    }

    fn run(&self, key: &RunKey) -> Option<Run> {
        self.store.run(key).unwrap_or_else(|error| {
            warn!(run = %key, %error, "a run can't be read, and is told of by its event alone");
            None
        })
    }
}

/// Number of an event's kind among the fields of its message.
fn kind(stored: &StoredEvent) -> u32 {
    let mut payload = &stored.envelope.payload[..];
    prost::encoding::decode_key(&mut payload).map_or(0, |(number, _)| number)
}

fn time(stored: &StoredEvent) -> Timestamp {
    let time = stored.envelope.time.unwrap_or_default();
    let millis = time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos) / 1_000_000);
    Timestamp(u64::try_from(millis).unwrap_or_default())
}
