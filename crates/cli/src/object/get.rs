//! Reads an object from whichever nodes there are, and believes none of them: the bytes must have the object's digest.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::get_object_response::Part;
use gofer_wire::model::v1 as model;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::progress::Progress;
use super::{again, scope_text};
use crate::client::{Call, Client, Next, objects};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::json::hex;
use crate::losses::Losses;
use crate::output::Output;
use crate::size::rough;

/// Where the bytes go.
enum Sink {
    Stdout,
    /// Under another name until it is whole.
    File {
        file: File,
        temporary: PathBuf,
    },
}

impl Sink {
    fn open(name: &str) -> Result<Self, Error> {
        if name == "-" {
            return Ok(Self::Stdout);
        }
        let temporary = PathBuf::from(format!("{name}.{}.part", uuid::Uuid::new_v4().simple()));
        let file = File::create_new(&temporary).map_err(|error| unwritable(&temporary, &error))?;
        Ok(Self::File { file, temporary })
    }

    fn write(&mut self, bytes: &[u8], output: &Output) -> Result<(), Error> {
        match self {
            Self::Stdout => output.write(bytes),
            Self::File { file, temporary } => file.write_all(bytes).map_err(|error| unwritable(temporary, &error)),
        }
    }

    fn finish(&mut self, name: &str) -> Result<(), Error> {
        let Self::File { temporary, .. } = self else { return Ok(()) };
        std::fs::rename(&*temporary, name).map_err(|error| unwritable(Path::new(name), &error))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Self::File { temporary, .. } = self {
            // Once it is whole, nothing has that name.
            let _ = std::fs::remove_file(temporary);
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::usage(format!("can't write {}: {error}", path.display()), "choose another file, or make room")
}

pub(super) async fn get(
    context: &mut Context<'_>,
    scope: model::ObjectScope,
    key: String,
    file: &str,
) -> Result<u8, Error> {
    let mut message = api::GetObjectRequest {
        scope: Some(scope.clone()),
        key: key.clone(),
        consistency: context.client.consistency,
        ..Default::default()
    };
    let mut sink = None;
    let mut hasher = Sha256::new();
    let mut content = None::<model::ObjectContent>;
    let mut losses = Losses::new();
    let mut progress = Progress::new("getting", &context.output);
    'nodes: loop {
        let sealed = context.client.authorized(message.clone());
        // The call lasts as long as the object does.
        let ask = async |channel, _| {
            let mut request = again(&sealed, std::time::Duration::from_secs(30));
            request.metadata_mut().remove("grpc-timeout");
            objects(channel).get_object(request).await
        };
        let mut stream = context.client.call(Call::Read, ask).await?;
        loop {
            match Client::next(&mut stream).await? {
                Next::Item(api::GetObjectResponse { part: Some(Part::Object(object)) }) => {
                    let found = object.content.unwrap_or_default();
                    message.digest.clone_from(&found.digest);
                    content = Some(found);
                }
                Next::Item(api::GetObjectResponse { part: Some(Part::Data(bytes)) }) => {
                    let sink = match &mut sink {
                        Some(sink) => sink,
                        none => none.insert(Sink::open(file)?),
                    };
                    sink.write(&bytes, &context.output)?;
                    hasher.update(&bytes);
                    message.offset += bytes.len() as u64;
                    progress.at(message.offset, content.as_ref().map(|content| content.bytes));
                }
                Next::Item(_) => return Err(Error::Malformed("an answer is empty".into())),
                Next::End if content.as_ref().is_some_and(|content| content.bytes == message.offset) => break 'nodes,
                Next::End => {
                    losses.next_node(&mut context.client, "it ended the call early").await?;
                    continue 'nodes;
                }
                Next::Lost(why) => {
                    losses.next_node(&mut context.client, &why).await?;
                    continue 'nodes;
                }
            }
        }
    }
    progress.end();
    let content = content.unwrap_or_default();
    let digest = hasher.finalize().to_vec();
    if digest != content.digest {
        let text = format!("what came has the digest {}, the object has {}", hex(&digest), hex(&content.digest));
        return Err(Error::Malformed(text));
    }
    if file == "-" {
        return Ok(EXIT_OK);
    }
    match &mut sink {
        Some(sink) => sink.finish(file)?,
        // An empty one.
        None => Sink::open(file)?.finish(file)?,
    }
    let value =
        json!({ "scope": scope_text(Some(&scope)), "key": key, "bytes": content.bytes, "digest": hex(&digest) });
    context.done(&format!("got object {key}: {}, sha-256 {}", rough(content.bytes), hex(&digest)), &value)
}
