//! A look at the data directory of a node without a cluster: what a doctor can say of it.

use std::path::Path;

use gofer_audit::{DataDirectory, EventSource, Export, Joined, Meter, Replay, Until};
use gofer_store::{Blobs, Options, ReadOnlyStore, Store, disk, unfinished};

use crate::blobs::each_named;
use crate::error::Error;

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// In a word.
    pub check: &'static str,
    /// What was found to be as it should be, or else what is wrong and what to do.
    pub result: Result<String, (String, &'static str)>,
}

const AGAIN: &str = "the other nodes have what is lost here: take this node out with `gofer cluster remove` (refused \
                     while it holds attempts, so wait until it was declared lost), empty the directory, and let it join \
                     again; without other nodes, restore a backup";

/// Looks at a data directory, whose node may run: its format, events, state, logs and Raft log. Events that the node has
/// dropped are taken from the archive, if it is given. Nothing is changed but what any start of a node does.
///
/// # Errors
/// When it is no data directory, or can't be looked at at all.
pub fn examine(
    dir: &Path,
    archive: Option<Export>,
    scratch: &Path,
    meter: &Meter,
) -> Result<(disk::DiskReport, Vec<Examined>), Error> {
    if !dir.join("identity.json").exists() && unfinished::read(dir)?.is_none() {
        return Err(Error::Refused(format!("{} is no data directory of a node", dir.display())));
    }
    let report = disk::examine(dir);
    let mut found = Vec::new();
    let source = match DataDirectory::open(dir) {
        Ok(source) => source,
        Err(gofer_audit::Error::Store(error @ gofer_store::Error::Unfinished { .. })) => {
            found.push(bad("format", &error, "run that command again before a node is started"));
            return Ok((report, found));
        }
        Err(gofer_audit::Error::Store(error @ gofer_store::Error::NewerFormat { .. })) => {
            found.push(bad("format", &error, "use the newer gofer that wrote it"));
            return Ok((report, found));
        }
        Err(error) => {
            found.push(bad("format", &error, AGAIN));
            return Ok((report, found));
        }
    };
    let identity = source.store().identity();
    let cluster = source.store().cluster().map_or_else(|| "no cluster yet".to_owned(), |id| format!("cluster {id}"));
    found.push(good("format", format!("format {}, node {} of {cluster}", gofer_store::FORMAT, identity.node_id)));
    let joined = match archive.map(|archive| Joined::new(archive, Box::new(&source))).transpose() {
        Ok(joined) => joined,
        Err(error) => {
            found.push(bad("archive", &error, "name the archive of this cluster"));
            return Ok((report, found));
        }
    };
    let log: &dyn EventSource = joined.as_ref().map_or(&source, |joined| joined);
    let events = gofer_audit::verify(log, None, meter)?;
    if let Some(fault) = events.fault {
        found.push(bad("events", &fault, AGAIN));
        return Ok((report, found));
    }
    let first = events.first_revision;
    found.push(good("events", format!("{} from revision {first} on are right, head {}", events.events, events.head)));
    found.push(match first {
        1 => state(log, &source, scratch, meter)?,
        _ => {
            good("state", format!("not compared: events 1 to {} are in the archive; name it with --archive", first - 1))
        }
    });
    found.push(logs(log, &source, meter)?);
    found.push(objects(dir, source.store())?);
    // It opens the directory as a node does, which may move files; so it comes last.
    found.push(raft(dir));
    Ok((report, found))
}

/// The Raft log can be looked at only while no node has it open.
fn raft(dir: &Path) -> Examined {
    let store = match Store::open(dir, Options::default()) {
        Ok(store) => store,
        Err(gofer_store::Error::Locked(_)) => {
            return good("raft", "a node runs on it, so its Raft log was not looked at".into());
        }
        Err(error) => return bad("raft", &error, AGAIN),
    };
    match gofer_consensus::offline::last_known(&store) {
        Ok(known) => {
            let (members, last) = (known.members.len(), known.last_log);
            good("raft", format!("{members} members, entries up to {last}, {} applied", known.applied))
        }
        Err(error) => bad("raft", &error, AGAIN),
    }
}

fn state(log: &dyn EventSource, source: &DataDirectory, scratch: &Path, meter: &Meter) -> Result<Examined, Error> {
    let mut replay = Replay::new(scratch)?;
    replay.advance(log, Until::End, meter)?;
    let compared = replay.compare(source.store())?;
    Ok(match compared.first_difference {
        None => good("state", format!("equal to what the events add up to, {} records", compared.records)),
        Some(first) => {
            let detail = format!("it is not what the events add up to; first at {first}");
            Examined { check: "state", result: Err((detail, AGAIN)) }
        }
    })
}

/// A node need not have every log, but those that it has must be right.
fn logs(log: &dyn EventSource, source: &DataDirectory, meter: &Meter) -> Result<Examined, Error> {
    let blobs: Blobs = source.store().blobs();
    let (mut right, mut damaged) = (0_u64, Vec::new());
    let named = each_named(log, log.extent().last, meter, &mut |named| {
        for digest in named {
            match blobs.open_checked(*digest) {
                Ok(_) => right += 1,
                Err(gofer_store::Error::NoBlob(_)) => {}
                Err(gofer_store::Error::Corrupt { .. }) => damaged.push(blobs.path(*digest)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    })?;
    Ok(match damaged.first() {
        None => good("logs", format!("{right} are right, {named} are named by events")),
        Some(first) => {
            let detail = format!("{} are damaged, the first is {}", damaged.len(), first.display());
            Examined {
                check: "logs",
                result: Err((detail, "remove these files: the node fetches the logs from others")),
            }
        }
    })
}

/// A node need not have all that objects are made of, but what it has must be right.
fn objects(dir: &Path, store: &ReadOnlyStore) -> Result<Examined, Error> {
    let blobs = Blobs::at(&dir.join("objects"));
    let (mut right, mut damaged, mut after) = (0_u64, Vec::new(), None);
    loop {
        let names = blobs.list(after, 1_000)?;
        let Some(last) = names.last() else { break };
        after = Some(*last);
        for digest in names {
            match blobs.open_checked(digest) {
                Ok(_) => right += 1,
                // It was swept meanwhile.
                Err(gofer_store::Error::NoBlob(_)) => {}
                Err(gofer_store::Error::Corrupt { .. }) => damaged.push(blobs.path(digest)),
                Err(error) => return Err(error.into()),
            }
        }
    }
    let named = count_objects(store)?;
    Ok(match damaged.first() {
        None => good("objects", format!("{named} are named by the state, {right} of their parts are here and right")),
        Some(first) => {
            let detail = format!("{} parts are damaged, the first is {}", damaged.len(), first.display());
            Examined {
                check: "objects",
                result: Err((detail, "remove these files: the node fetches them from others")),
            }
        }
    })
}

fn count_objects(store: &ReadOnlyStore) -> Result<u64, Error> {
    let (mut scan, mut count) = (store.views()?, 0);
    while let Some((key, _)) = scan.next()? {
        count += u64::from(gofer_store::view_name(key).is_some_and(|(kind, _)| kind == gofer_store::ViewKind::Object));
    }
    Ok(count)
}

fn good(check: &'static str, detail: String) -> Examined {
    Examined { check, result: Ok(detail) }
}

fn bad(check: &'static str, detail: &dyn std::fmt::Display, advice: &'static str) -> Examined {
    Examined { check, result: Err((detail.to_string(), advice)) }
}
