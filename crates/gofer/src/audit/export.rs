//! `gofer audit export`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use gofer_audit::{Envelope, EventSource, Export, ExportOptions, Exporter, Manifest, Meter, read_checked};
use gofer_cli::{ClientArgs, CopyError, EXIT_FAILED, EXIT_OK, EventSink, copy_events, render};
use gofer_domain::ClusterId;
use serde_json::json;

use super::Failure;
use super::screen::Screen;
use super::source::{ArchiveArgs, open, open_directory};

/// Arguments of `gofer audit export`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExportArgs {
    /// Directory to export to; for jsonl a file [default: standard output]
    out: Option<PathBuf>,
    /// Data directory or earlier export to read, instead of asking a cluster
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    archive: ArchiveArgs,
    /// First revision wanted
    #[arg(long, value_name = "REVISION", default_value_t = 1)]
    from: u64,
    /// Last revision wanted [default: the newest]
    #[arg(long, value_name = "REVISION")]
    to: Option<u64>,
    /// What to make
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Size at which a segment is closed, in MiB of events
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1024))]
    segment_size: u64,
}

/// What an export consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Compressed segments and a manifest, which can be verified.
    #[default]
    Segments,
    /// One JSON object a line, as `gofer events watch -o json` prints.
    Jsonl,
}

pub(super) fn run(client: &ClientArgs, screen: &Screen, args: &ExportArgs) -> Result<u8, Failure> {
    if args.from == 0 || args.to.is_some_and(|to| to < args.from) {
        return Err(Failure::Usage("--from must be at least 1 and at most --to".to_owned()));
    }
    match (args.format, &args.out) {
        (Format::Segments, None) => Err(Failure::Usage("name the directory to export to".to_owned())),
        (Format::Segments, Some(out)) => segments(client, screen, args, out),
        (Format::Jsonl, _) => jsonl(client, screen, args),
    }
}

fn segments(client: &ClientArgs, screen: &Screen, args: &ExportArgs, out: &Path) -> Result<u8, Failure> {
    let options = ExportOptions { from: args.from, segment_bytes: args.segment_size << 20, ..ExportOptions::default() };
    let (before, manifest) = match &args.data_dir {
        Some(from) => {
            let source = open_directory(from, &args.archive)?;
            // An export may begin anywhere; a node that begins later has dropped what was before.
            let is_node = from.join("identity.json").exists();
            if is_node && args.from < source.extent().first && !out.join("manifest.json").exists() {
                return Err(dropped(source.as_ref()));
            }
            screen.metered("exporting", None, |meter| offline(source.as_ref(), out, options, args.to, meter))?
        }
        None => {
            let archive = args.archive.open()?;
            screen.metered("exporting", None, |meter| live(client, archive, out, options, args.to, meter))?
        }
    };
    show(screen, out, before, &manifest)
}

/// Why events that a source does not have can't be taken from it.
pub(crate) fn dropped(source: &dyn EventSource) -> Failure {
    let (name, first) = (source.name(), source.extent().first);
    Failure::Usage(format!(
        "{name} begins with revision {first}; earlier events are in the archive of the cluster: name it with --archive, \
         or take less with --from {first}"
    ))
}

/// The bytes of a range; the sink checks them.
fn source_events(
    source: &dyn gofer_audit::EventSource,
    from: u64,
    to: u64,
    push: &mut dyn FnMut(&[u8]) -> Result<(), gofer_audit::Error>,
) -> Result<(), Failure> {
    let mut result = Ok(());
    source.scan(from, to, &mut |_, event| {
        result = push(event);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(result?)
}

/// Exports a data directory or an earlier export; how many events were there before, and what is there now.
pub(crate) fn offline(
    source: &dyn EventSource,
    out: &Path,
    options: ExportOptions,
    to: Option<u64>,
    meter: &Meter,
) -> Result<(u64, Manifest), Failure> {
    let extent = source.extent();
    let first = options.from.max(extent.first);
    let mut exporter = Exporter::open(out, &ExportOptions { cluster: extent.cluster, from: first, ..options })?;
    let (before, to) = (exporter.manifest().events, to.unwrap_or(extent.last).min(extent.last));
    let next = exporter.next();
    if next < extent.first {
        return Err(dropped(source));
    }
    if next <= to {
        source_events(source, next, to, &mut |event| {
            meter.add(1);
            exporter.push(event)
        })?;
    }
    Ok((before, exporter.finish()?))
}

/// Exports over the API; how many events were there before, and what is there now.
pub(crate) fn live(
    client: &ClientArgs,
    archive: Option<Export>,
    out: &Path,
    options: ExportOptions,
    to: Option<u64>,
    meter: &Meter,
) -> Result<(u64, Manifest), Failure> {
    let mut sink = Live { out, archive, options, to: to.unwrap_or(u64::MAX), meter, exporter: None, before: 0 };
    copy(client, &mut sink)?;
    match sink.exporter {
        Some(exporter) => Ok((sink.before, exporter.finish()?)),
        None => Err(Failure::Usage("the node belongs to no cluster yet".to_owned())),
    }
}

fn copy<S: EventSink<Error = Failure>>(client: &ClientArgs, sink: &mut S) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Output)?;
    runtime.block_on(copy_events(client, sink)).map_err(|error| match error {
        CopyError::Client(error) => Failure::Client(error),
        CopyError::Sink(failure) => failure,
    })
}

struct Live<'a> {
    out: &'a Path,
    archive: Option<Export>,
    options: ExportOptions,
    to: u64,
    meter: &'a Meter,
    exporter: Option<Exporter>,
    before: u64,
}

impl EventSink for Live<'_> {
    type Error = Failure;

    fn begin(&mut self, cluster_id: &str) -> Result<u64, Failure> {
        let cluster = u128::from_str_radix(cluster_id, 16).ok().map(|id| ClusterId(id.to_be_bytes()));
        let exporter = Exporter::open(self.out, &ExportOptions { cluster, ..self.options })?;
        self.before = exporter.manifest().events;
        let exporter = self.exporter.insert(exporter);
        if let Some(archive) = &self.archive {
            let (next, last) = (exporter.next(), archive.extent().last.min(self.to));
            if next <= last {
                source_events(archive, next, last, &mut |event| {
                    self.meter.add(1);
                    exporter.push(event)
                })?;
            }
        }
        Ok(exporter.next())
    }

    fn take(&mut self, event: &[u8]) -> Result<bool, Failure> {
        let Some(exporter) = &mut self.exporter else { return Ok(false) };
        if exporter.next() > self.to {
            return Ok(false);
        }
        exporter.push(event)?;
        self.meter.add(1);
        Ok(exporter.next() <= self.to)
    }
}

fn show(screen: &Screen, out: &Path, before: u64, manifest: &Manifest) -> Result<u8, Failure> {
    let added = manifest.events - before;
    if screen.is_json() {
        let mut value = serde_json::to_value(manifest).unwrap_or_default();
        value["added"] = added.into();
        screen.document(&value)?;
        return Ok(EXIT_OK);
    }
    let place = out.display();
    screen.line(&match manifest.events {
        0 => format!("{place} holds no events yet"),
        _ => format!(
            "{place} holds revisions {} to {} in {} ({added} events added); last hash {}",
            manifest.first_revision,
            manifest.last_revision,
            match manifest.segments.len() {
                1 => "1 segment".to_owned(),
                count => format!("{count} segments"),
            },
            manifest.last_hash
        ),
    })?;
    Ok(EXIT_OK)
}

fn jsonl(client: &ClientArgs, screen: &Screen, args: &ExportArgs) -> Result<u8, Failure> {
    let out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(File::create(path).map_err(Failure::Output)?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = BufWriter::with_capacity(1 << 16, out);
    // A cluster alone sends its events in any case; with an archive, they are joined first.
    let source = match &args.data_dir {
        None if !args.archive.is_some() => None,
        from => Some(open(client, from.as_deref(), &args.archive)?),
    };
    match source {
        Some(source) => {
            let extent = source.extent();
            let (from, to) = (args.from.max(extent.first), args.to.unwrap_or(extent.last).min(extent.last));
            let mut failed = None;
            if from <= to {
                read_checked(source.as_ref(), from, to, &mut |envelope| {
                    failed = write_json(&mut out, envelope.bytes).err();
                    Ok(if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
            }
            failed.map_or(Ok(()), Err)?;
        }
        None => copy(client, &mut Lines { out: &mut out, next: args.from, to: args.to.unwrap_or(u64::MAX) })?,
    }
    out.flush()?;
    if let Some(path) = &args.out {
        screen.notice(&format!("wrote {}", path.display()));
    }
    Ok(EXIT_OK)
}

struct Lines<'a, W> {
    out: &'a mut W,
    next: u64,
    to: u64,
}

impl<W: Write> EventSink for Lines<'_, W> {
    type Error = Failure;

    fn begin(&mut self, _: &str) -> Result<u64, Failure> {
        Ok(self.next)
    }

    fn take(&mut self, event: &[u8]) -> Result<bool, Failure> {
        let envelope = Envelope::parse(event).ok().filter(|envelope| envelope.computed_hash() == envelope.hash);
        match envelope {
            Some(envelope) if envelope.revision > self.to => Ok(false),
            Some(_) => write_json(self.out, event).map(|()| true),
            None => Err(Failure::Usage("the node sent an event that does not match its hash".to_owned())),
        }
    }
}

fn write_json(out: &mut impl Write, event: &[u8]) -> Result<(), Failure> {
    let value = render::event_json(event).unwrap_or_else(|| json!({ "unreadable": true }));
    Ok(writeln!(out, "{value}")?)
}

/// What is printed when a log has no events to look at.
pub(super) fn empty(screen: &Screen, name: &str) -> Result<u8, Failure> {
    screen.notice(&format!("{name} holds no events"));
    Ok(EXIT_FAILED)
}
