//! What is said in the protocol: the greeting of a server, the question for references, the answer.

use tokio::io::AsyncRead;

use crate::Fault;
use crate::collected::{Collected, PREFIXES};
use crate::packets::{DELIMITER, FLUSH, Packet, Packets, line};

/// What asks a server for version 2, in a header or in a variable of the environment.
pub(crate) const VERSION: &str = "version=2";
/// Most lines of a greeting.
const CAPABILITIES_MAX: usize = 100;

/// How a server greets.
pub(crate) enum Greeting {
    /// In version 2: it must be asked for references. The object format that it says, if it does.
    Version2(Option<String>),
    /// In an older version, which begins with all references.
    Listed,
}

/// Reads the greeting, and the references where they are a part of it.
pub(crate) async fn greeting<R: AsyncRead + Unpin>(
    packets: &mut Packets<R>,
    collected: &mut Collected,
) -> Result<Greeting, Fault> {
    let mut first = packets.next().await?;
    // Over HTTP, the service is named before the greeting proper.
    if matches!(&first, Packet::Line(line) if line.starts_with(b"# service=")) {
        if packets.next().await? != Packet::Flush {
            return Err(Fault::protocol("its greeting isn't in Git's protocol"));
        }
        first = packets.next().await?;
    }
    match &first {
        Packet::Line(line) if line == b"version 2" => version_2(packets).await,
        Packet::Line(line) if line == b"version 1" => {
            let first = packets.next().await?;
            listed(first, packets, collected).await
        }
        _ => listed(first, packets, collected).await,
    }
}

async fn version_2<R: AsyncRead + Unpin>(packets: &mut Packets<R>) -> Result<Greeting, Fault> {
    let (mut format, mut lists) = (None, false);
    for _ in 0..CAPABILITIES_MAX {
        let line = match packets.next().await? {
            Packet::Line(line) => line,
            Packet::Flush if lists => return Ok(Greeting::Version2(format)),
            Packet::Flush => return Err(Fault::protocol("it can't list its references")),
            Packet::Separator => break,
        };
        lists |= line == b"ls-refs" || line.starts_with(b"ls-refs=");
        if let Some(value) = line.strip_prefix(b"object-format=") {
            format = match value {
                b"sha1" | b"sha256" => Some(String::from_utf8_lossy(value).into_owned()),
                _ => return Err(Fault::protocol("it has objects of an unknown format")),
            };
        }
    }
    Err(Fault::protocol("its greeting isn't in Git's protocol"))
}

/// The references of versions 0 and 1: an id and a name a line, behind the first one capabilities.
async fn listed<R: AsyncRead + Unpin>(
    first: Packet,
    packets: &mut Packets<R>,
    collected: &mut Collected,
) -> Result<Greeting, Fault> {
    let mut packet = first;
    loop {
        let line = match packet {
            Packet::Line(line) => line,
            Packet::Flush => return Ok(Greeting::Listed),
            Packet::Separator => return Err(Fault::protocol("its greeting isn't in Git's protocol")),
        };
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let (object, name) = split(line, b' ').ok_or_else(no_reference)?;
        match name.strip_suffix(b"^{}") {
            // An empty repository has capabilities alone.
            Some(b"capabilities") => {}
            Some(tag) => collected.peel(tag, object)?,
            None if object == b"shallow" => {}
            None => collected.add(name, object)?,
        }
        packet = packets.next().await?;
    }
}

/// The question for branches and tags in version 2.
pub(crate) fn question(format: Option<&str>) -> Vec<u8> {
    let mut question = line("command=ls-refs");
    if let Some(format) = format {
        question.extend(line(&format!("object-format={format}")));
    }
    question.extend(DELIMITER);
    question.extend(line("peel"));
    for prefix in PREFIXES {
        question.extend(line(&format!("ref-prefix {prefix}")));
    }
    question.extend(FLUSH);
    question
}

/// Reads the answer: an id, a name and attributes a line.
pub(crate) async fn answer<R: AsyncRead + Unpin>(
    packets: &mut Packets<R>,
    collected: &mut Collected,
) -> Result<(), Fault> {
    loop {
        let line = match packets.next().await? {
            Packet::Line(line) => line,
            Packet::Flush => return Ok(()),
            Packet::Separator => return Err(Fault::protocol("its answer isn't in Git's protocol")),
        };
        let (object, rest) = split(&line, b' ').ok_or_else(no_reference)?;
        if object == b"unborn" {
            continue;
        }
        let mut parts = rest.split(|byte| *byte == b' ');
        let name = parts.next().unwrap_or_default();
        let peeled = parts.find_map(|attribute| attribute.strip_prefix(b"peeled:"));
        collected.add(name, peeled.unwrap_or(object))?;
    }
}

fn no_reference() -> Fault {
    Fault::protocol("it lists what is no reference")
}

fn split(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = line.iter().position(|byte| *byte == at)?;
    Some((&line[..place], &line[place + 1..]))
}
