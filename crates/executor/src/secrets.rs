//! The secrets of an attempt, looked up when it is launched.

use gofer_domain::PipelineKey;
use gofer_drivers::{Driver, LaunchError, LaunchSpec, Secrets, State, Zeroizing};

use crate::parts::{FindError, FindSecrets};
use crate::spec::Placed;

/// The spec with its secrets, unless the program was launched already: then it has those of that time.
pub(crate) async fn fill(
    find: &dyn FindSecrets,
    driver: &dyn Driver,
    placed: &Placed,
) -> Result<LaunchSpec, LaunchError> {
    let mut spec = placed.spec.clone();
    if placed.secret_env.is_empty() && placed.secret_files.is_empty() {
        return Ok(spec);
    }
    match driver.inspect(placed.id()).await? {
        State::Running | State::Exited(_) | State::Fenced => return Ok(spec),
        State::Absent | State::Created => {}
    }
    let pipeline = &placed.secret_scope;
    let mut secrets = Secrets::default();
    for (variable, name) in &placed.secret_env {
        let value = one(find, pipeline, name).await?;
        let text = std::str::from_utf8(&value).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| LaunchError::Secret {
            message: format!("secret {name} is no text, so it can't be the variable {variable}; use a file for it"),
        })?;
        secrets.env.insert(variable.clone(), Zeroizing::new(text.to_owned()));
    }
    for (file, name) in &placed.secret_files {
        secrets.files.insert(file.clone(), one(find, pipeline, name).await?);
    }
    spec.secrets = secrets;
    Ok(spec)
}

async fn one(find: &dyn FindSecrets, pipeline: &PipelineKey, name: &str) -> Result<Zeroizing<Vec<u8>>, LaunchError> {
    find.find(pipeline, name).await.map_err(|error| match error {
        FindError::Missing(message) => LaunchError::Secret { message },
        FindError::Unavailable(message) => LaunchError::Unavailable { message },
    })
}
