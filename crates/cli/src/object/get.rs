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
    let message = api::GetObjectRequest {
        scope: Some(scope.clone()),
        key: key.clone(),
        consistency: context.client.consistency,
        ..Default::default()
    };
    let mut received = Received { file, sink: None, hasher: Sha256::new(), content: None, message };
    let mut losses = Losses::new();
    let mut progress = Progress::new("getting", &context.output);
    while let Some(why) = received.read_on(context, &mut progress).await? {
        losses.next_node(&mut context.client, &why).await?;
    }
    progress.end();
    let content = received.content.take().unwrap_or_default();
    let digest = received.hasher.clone().finalize().to_vec();
    if digest != content.digest {
        let text = format!("what came has the digest {}, the object has {}", hex(&digest), hex(&content.digest));
        return Err(Error::Malformed(text));
    }
    if file == "-" {
        return Ok(EXIT_OK);
    }
    // An empty object has sent nothing.
    received.sink.map_or_else(|| Sink::open(file), Ok)?.finish(file)?;
    let value =
        json!({ "scope": scope_text(Some(&scope)), "key": key, "bytes": content.bytes, "digest": hex(&digest) });
    context.done(&format!("got object {key}: {}, sha-256 {}", rough(content.bytes), hex(&digest)), &value)
}

/// What of an object has come.
struct Received<'a> {
    file: &'a str,
    /// Made when there is something to write.
    sink: Option<Sink>,
    hasher: Sha256,
    content: Option<model::ObjectContent>,
    /// What to ask the next node for.
    message: api::GetObjectRequest,
}

impl Received<'_> {
    /// Reads from one node until all is there; else says how that node was lost.
    async fn read_on(&mut self, context: &mut Context<'_>, progress: &mut Progress) -> Result<Option<String>, Error> {
        let sealed = context.client.authorized(self.message.clone());
        let ask = async |channel, patience| {
            let mut request = again(&sealed, patience);
            // The call lasts as long as the object does.
            request.metadata_mut().remove("grpc-timeout");
            objects(channel).get_object(request).await
        };
        let mut stream = context.client.call(Call::Read, ask).await?;
        loop {
            match Client::next(&mut stream).await? {
                Next::Item(api::GetObjectResponse { part: Some(Part::Object(object)) }) => {
                    let found = object.content.unwrap_or_default();
                    self.message.digest.clone_from(&found.digest);
                    self.content = Some(found);
                }
                Next::Item(api::GetObjectResponse { part: Some(Part::Data(bytes)) }) => {
                    let sink = match &mut self.sink {
                        Some(sink) => sink,
                        none => none.insert(Sink::open(self.file)?),
                    };
                    sink.write(&bytes, &context.output)?;
                    self.hasher.update(&bytes);
                    self.message.offset += bytes.len() as u64;
                    progress.at(self.message.offset, self.content.as_ref().map(|content| content.bytes));
                }
                Next::Item(_) => return Err(Error::Malformed("an answer is empty".into())),
                Next::End if self.content.as_ref().is_some_and(|it| it.bytes == self.message.offset) => {
                    return Ok(None);
                }
                Next::End => return Ok(Some("it ended the call early".to_owned())),
                Next::Lost(why) => return Ok(Some(why)),
            }
        }
    }
}
