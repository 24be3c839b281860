//! The launch of a container: at most one start that runs, whatever is killed and whenever.
//!
//! Told to start an exited container, a daemon runs it again, and it can't be told "only the first time". So a start
//! is sent at most once per container, by the container's id, and after a note of that id is on the disk:
//!
//! 1. make the container under the launch's name (nothing runs; a second of that name is refused);
//! 2. claim the launch (a stop may have been first: then nothing is ever started);
//! 3. note the container's id in `start.json`, durably;
//! 4. send the start.
//!
//! Whoever finds the note of a container that never started can't know whether the start got through: the daemon may
//! carry out a killed node's request late. It does not send another; it waits for a while, then removes the container,
//! without force, and makes a new one. A daemon does not remove what runs, does not start what is removed, and
//! serialises both per container: either the late start came first, then the launch is adopted, or it can only fail.
//! Before the removal the note says so (`retired`): a container that is missing under a note which does not say it may
//! have run and was removed by somebody else, so there is no other start.

use std::path::PathBuf;
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error as DockerError;
use bollard::query_parameters::{CreateContainerOptions, CreateImageOptions, StartContainerOptions};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::container::{self, Facts, Stage};
use super::{DockerDriver, guard, unavailable};
use crate::driver::{Driver as _, Error, LaunchError, LaunchSpec, Launched, Pull, State};
use crate::launch_dir::{Claim, LaunchDir, blocking};
use crate::lease;
use crate::secrets::SecretDir;

/// How long a start that may be under way is waited for.
const START_PATIENCE: Duration = Duration::from_secs(3);
/// How long a pull may go on without progress.
const PULL_PATIENCE: Duration = Duration::from_secs(300);
/// How often a pull looks whether the launch was stopped.
const FENCE_POLL: Duration = Duration::from_millis(200);

/// `start.json`: the container that was or is about to be told to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    container: String,
    /// It was never started and is about to be removed.
    pub(super) retired: bool,
}

/// `meta.json`: what the monitor needs of the spec.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) log_bytes_max: u64,
    /// Whether the output must be searched for secrets, and what is put out, too.
    #[serde(default)]
    pub(super) has_secrets: bool,
    #[serde(default)]
    pub(super) outputs: Option<PathBuf>,
}

impl Meta {
    pub(super) fn read(dir: &LaunchDir) -> Result<Self, Error> {
        let meta = dir.read_json::<Self>("meta.json")?;
        Ok(meta.unwrap_or(Self { log_bytes_max: 64 << 20, has_secrets: false, outputs: None }))
    }
}

impl DockerDriver {
    pub(super) async fn launch_container(&self, spec: &LaunchSpec) -> Result<Launched, LaunchError> {
        let Some(image) = &spec.image else {
            return Err(LaunchError::Invalid { message: "the docker driver needs an image".into() });
        };
        let dir = self.dir(&spec.id);
        let mut meta = Meta {
            log_bytes_max: spec.log_bytes_max,
            has_secrets: !spec.secrets.is_empty(),
            outputs: spec.outputs.clone(),
        };
        let claim = blocking({
            let dir = dir.clone();
            move || {
                dir.create()?;
                // Whoever adopts a launch need not know its secrets.
                meta.has_secrets |= dir.read_json::<Meta>("meta.json")?.is_some_and(|meta| meta.has_secrets);
                Ok((dir.claimed()?, meta))
            }
        });
        let (claim, meta) = claim.await?;
        if claim == Some(Claim::Fence) {
            return Err(LaunchError::Fenced);
        }
        let _lock = self.lock(&dir).await?;
        blocking({
            let dir = dir.clone();
            move || dir.write_json("meta.json", &meta, false)
        })
        .await?;
        loop {
            let facts = match self.inspect(&spec.id).await? {
                State::Fenced => return Err(LaunchError::Fenced),
                State::Exited(exit) => {
                    let program = spec.entrypoint.first().or(spec.command.first());
                    let error = exit.launch_error(program.map_or("", String::as_str));
                    self.note(&spec.id, exit).await?;
                    return error.map_or(Ok(Launched::Adopted), Err);
                }
                State::Running => {
                    // The guard may have ended since.
                    self.guard(spec).await?;
                    return Ok(Launched::Adopted);
                }
                State::Created => self.find(&spec.id).await?,
                State::Absent => {
                    self.check_lease(spec).await?;
                    self.create(spec, image, &dir).await?
                }
            };
            let Some(facts) = facts else { continue };
            if let Some(launched) = self.start(spec, &dir, facts).await? {
                return Ok(launched);
            }
        }
    }

    /// Starts a container that was never started; none: look again.
    async fn start(&self, spec: &LaunchSpec, dir: &LaunchDir, facts: Facts) -> Result<Option<Launched>, LaunchError> {
        let noted = blocking({
            let dir = dir.clone();
            move || Ok((dir.claim(&Claim::Run(Uuid::new_v4().to_string()))?, dir.read_json::<Sent>("start.json")?))
        });
        let (claim, sent) = noted.await?;
        if claim == Claim::Fence {
            container::remove(&self.docker, &facts.id).await?;
            return Err(LaunchError::Fenced);
        }
        if sent.is_some_and(|sent| sent.container == facts.id) {
            quiesce(&self.docker, dir, facts).await?;
            return Ok(None);
        }
        self.guard(spec).await?;
        self.check_lease(spec).await?;
        note_sent(dir, Sent { container: facts.id.clone(), retired: false }).await?;
        match self.docker.start_container(&facts.id, None::<StartContainerOptions>).await {
            Ok(()) => {
                self.monitor(&spec.id);
                // It might have ended between the check and the start.
                self.guard(spec).await?;
                Ok(Some(Launched::Started))
            }
            Err(error @ DockerError::DockerResponseServerError { .. }) => {
                // An error does not tell whether it runs.
                match container::find(&self.docker, &facts.id).await?.map(|facts| facts.stage()) {
                    Some(Stage::Running | Stage::Ended) => Ok(Some(Launched::Started)),
                    Some(Stage::Failed) => Ok(None),
                    Some(Stage::New) | None => Err(unavailable(error).into()),
                }
            }
            Err(error) => Err(unavailable(error).into()),
        }
    }

    async fn guard(&self, spec: &LaunchSpec) -> Result<(), LaunchError> {
        match &spec.lease_file {
            Some(lease_file) => Ok(guard::ensure(&self.executable, &self.root, lease_file, &self.socket).await?),
            None => Ok(()),
        }
    }

    async fn check_lease(&self, spec: &LaunchSpec) -> Result<(), LaunchError> {
        let Some(path) = spec.lease_file.clone() else { return Ok(()) };
        if blocking(move || Ok(lease::Watch::new(&path).has_run_out())).await? {
            return Err(LaunchError::Unavailable { message: "the node's lease ran out".into() });
        }
        Ok(())
    }

    /// Gets the image and makes the container; answers whatever container then has the name.
    async fn create(&self, spec: &LaunchSpec, image: &str, dir: &LaunchDir) -> Result<Option<Facts>, LaunchError> {
        tokio::select! {
            pulled = self.pull(spec, image) => pulled?,
            () = fenced(dir) => return Err(LaunchError::Fenced),
        }
        let secrets = (!spec.secrets.is_empty()).then(|| SecretDir::of(dir.path()));
        if let Some(secrets) = secrets.clone() {
            let (dir, values) = (dir.clone(), spec.secrets.clone());
            let make = move || secrets.create(&values, true).and_then(|()| secrets.keep_values(&values));
            blocking(move || make().map_err(Error::io("can't make the secret files of", dir.path()))).await?;
        }
        let options = CreateContainerOptions { name: Some(spec.id.to_string()), platform: String::new() };
        let body = container::body(spec, image, &self.node, &self.mounts, secrets.as_ref());
        let error = match self.docker.create_container(Some(options), body).await {
            Ok(_) => return Ok(self.find(&spec.id).await?),
            Err(error) => error,
        };
        // Whatever the error (daemons differ for a name that is taken), what counts is what is there.
        match container::find(&self.docker, spec.id.as_str()).await? {
            Some(facts) if facts.is_of(&spec.id, &self.node) => return Ok(Some(facts)),
            Some(_) => return Err(foreign(spec)),
            None => {}
        }
        match error {
            DockerError::DockerResponseServerError { status_code: 404, message } => Err(no_image(image, &message)),
            DockerError::DockerResponseServerError { status_code: 400, message } => {
                Err(LaunchError::Invalid { message: format!("the container daemon says: {message}") })
            }
            error => Err(unavailable(error).into()),
        }
    }

    async fn pull(&self, spec: &LaunchSpec, image: &str) -> Result<(), LaunchError> {
        let here = || async {
            match self.docker.inspect_image(image).await {
                Ok(_) => Ok(true),
                Err(DockerError::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
                Err(DockerError::DockerResponseServerError { status_code: 400, message }) => {
                    Err(no_image(image, &message))
                }
                Err(error) => Err(unavailable(error).into()),
            }
        };
        match spec.pull {
            Pull::Never if here().await? => return Ok(()),
            Pull::Never => return Err(no_image(image, "it is not on this node, and the pull policy is 'never'")),
            Pull::IfNotPresent if here().await? => return Ok(()),
            Pull::IfNotPresent | Pull::Always => {}
        }
        let credentials = spec.registry_auth.as_ref().map(|auth| DockerCredentials {
            username: Some(auth.username.clone()),
            password: Some(auth.password.clone()),
            ..DockerCredentials::default()
        });
        let options = CreateImageOptions { from_image: Some(with_tag(image)), ..CreateImageOptions::default() };
        let mut progress = std::pin::pin!(self.docker.create_image(Some(options), None, credentials));
        loop {
            match timeout(PULL_PATIENCE, progress.next()).await {
                Ok(None) => return Ok(()),
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(DockerError::DockerResponseServerError { message, .. }))) => {
                    return Err(no_image(image, &message));
                }
                Ok(Some(Err(DockerError::DockerStreamError { error }))) => return Err(no_image(image, &error)),
                Ok(Some(Err(error))) => return Err(unavailable(error).into()),
                Err(_) => return Err(no_image(image, "its registry sent nothing for 5 minutes")),
            }
        }
    }
}

/// Makes sure that no start is under way for a container that never started. None: it is removed and was never
/// started; otherwise what became of it.
pub(super) async fn quiesce(docker: &Docker, dir: &LaunchDir, facts: Facts) -> Result<Option<Facts>, Error> {
    let patience = Instant::now() + START_PATIENCE;
    let mut facts = facts;
    while facts.stage() == Stage::New {
        if Instant::now() < patience {
            sleep(Duration::from_millis(100)).await;
        } else {
            note_sent(dir, Sent { container: facts.id.clone(), retired: true }).await?;
            if container::remove(docker, &facts.id).await? {
                return Ok(None);
            }
        }
        match container::find(docker, &facts.id).await? {
            Some(found) => facts = found,
            None => return Ok(None),
        }
    }
    note_sent(dir, Sent { container: facts.id.clone(), retired: false }).await?;
    Ok(Some(facts))
}

async fn note_sent(dir: &LaunchDir, sent: Sent) -> Result<(), Error> {
    let dir = dir.clone();
    blocking(move || dir.write_json("start.json", &sent, true)).await
}

/// Ends when the launch was stopped.
async fn fenced(dir: &LaunchDir) {
    loop {
        sleep(FENCE_POLL).await;
        let dir = dir.clone();
        if matches!(blocking(move || dir.claimed()).await, Ok(Some(Claim::Fence))) {
            return;
        }
    }
}

/// Without a tag, a daemon would pull all tags.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

fn foreign(spec: &LaunchSpec) -> LaunchError {
    let message = format!("a container named {} exists that this node did not make; remove or rename it", spec.id);
    LaunchError::Invalid { message }
}

fn no_image(image: &str, why: &str) -> LaunchError {
    let message = format!(
        "{why}; check the name and the registry's login, or put the image on this node (docker pull, load or import) \
         and use the pull policy 'if-not-present'"
    );
    LaunchError::ImagePull { image: image.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::with_tag;

    #[test]
    fn an_image_gets_a_tag_only_if_it_has_none() {
        assert_eq!(with_tag("alpine"), "alpine:latest");
        assert_eq!(with_tag("alpine:3"), "alpine:3");
        assert_eq!(with_tag("host:5000/team/app"), "host:5000/team/app:latest");
        assert_eq!(with_tag("host:5000/team/app@sha256:00"), "host:5000/team/app@sha256:00");
    }
}
