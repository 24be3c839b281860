//! One look at pull requests.

use std::time::Duration;

use tokio::time::timeout;

use super::cursor::Head;
use super::listing::{Change, Listing, Single};
use super::repository::PAGE;
use super::session::{Answer, Session};
use super::{Cursor, Repository, read};
use crate::references::{blocking, too_slow};
use crate::{Fault, Patterns};

/// What a look may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most pages of a hundred open ones.
    pub pages: usize,
    /// Most that are asked for by their number; others wait for the next look.
    pub gone: usize,
    /// Most opened and pushed to that are told; others wait for the next look.
    pub changes: usize,
    /// Most bytes of an answer.
    pub answer_bytes: usize,
    /// Most bytes of all answers.
    pub bytes: usize,
    /// Longest time of a request.
    pub request: Duration,
    /// Longest time for all of it.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages: 50,
            gone: 100,
            changes: 200,
            answer_bytes: 12 * 1024 * 1024,
            bytes: 256 * 1024 * 1024,
            request: Duration::from_secs(30),
            time: Duration::from_secs(180),
        }
    }
}

/// What need not be sent again by the service if it hasn't changed. It is of use with the cursor of the same look only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    cursor: Cursor,
    pages: Vec<Page>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Page {
    etag: Option<String>,
    is_last: bool,
    heads: Vec<(u64, Head)>,
}

/// What a look has brought.
#[derive(Clone, Debug)]
pub struct Seen {
    /// None at the first look: what is there counts for nothing.
    pub changes: Option<Vec<Change>>,
    /// It has all of the changes in it.
    pub cursor: Cursor,
    /// For the next look, once the cursor is kept. None if something is left for that.
    pub memory: Option<Memory>,
    /// How long the service wants to be left alone, if it does.
    pub rest: Option<Duration>,
}

/// Looks at the pull requests that are to be merged into branches that match, and compares with what was seen before, if
/// anything was. Blocks until all of it is known.
///
/// # Errors
/// When they can't be asked for within the limits; what it says is shortened, and has no token in it.
pub fn look(
    repository: &Repository,
    base: &Patterns,
    before: Option<&Cursor>,
    memory: Option<&Memory>,
    limits: &Limits,
) -> Result<Seen, Fault> {
    // Of another repository, or other patterns, it says nothing.
    let before = before.filter(|before| before.is_for(repository, base));
    let nothing = Cursor::new(repository, base);
    let memory = memory.filter(|memory| before == Some(&memory.cursor));
    let listing = Listing::new(before.unwrap_or(&nothing), base, before.is_none(), limits.changes);
    let asked = blocking(async || {
        let asked = ask(repository, listing, memory, limits);
        timeout(limits.time, asked).await.unwrap_or_else(|_| Err(too_slow(limits.time)))
    });
    let seen = asked.map_err(|fault| fault.of(repository))?;
    Ok(Seen { changes: seen.changes.filter(|_| before.is_some()), ..seen })
}

async fn ask(
    repository: &Repository,
    mut listing: Listing<'_>,
    memory: Option<&Memory>,
    limits: &Limits,
) -> Result<Seen, Fault> {
    let mut session = Session::open(repository, limits)?;
    let known = memory.map(|memory| memory.pages.as_slice()).unwrap_or_default();
    let pages = list(&mut session, repository, &mut listing, known).await?;
    let mut singles = Vec::new();
    for number in listing.gone().into_iter().take(limits.gone) {
        match single(&mut session, repository, number).await {
            Ok(single) => singles.push((number, single)),
            // What is known counts; the others wait.
            Err(Fault::Busy { wait, .. }) => {
                session.rest = Some(wait);
                break;
            }
            Err(fault) => return Err(fault),
        }
    }
    let (changes, cursor, is_all) = listing.changes(singles)?;
    let memory = is_all.then(|| Memory { cursor: cursor.clone(), pages });
    Ok(Seen { changes: Some(changes), cursor, memory, rest: session.rest })
}

/// Lists all that are open.
async fn list(
    session: &mut Session<'_>,
    repository: &Repository,
    listing: &mut Listing<'_>,
    known: &[Page],
) -> Result<Vec<Page>, Fault> {
    let most = session.limits.pages;
    let mut pages: Vec<Page> = Vec::new();
    while pages.last().is_none_or(|page| !page.is_last) {
        if pages.len() == most {
            return Err(Fault::TooMuch(format!(
                "it has more than {} open pull requests, which is the limit",
                most * PAGE
            )));
        }
        let known = known.get(pages.len()).filter(|page| page.etag.is_some());
        let url = repository.page(pages.len() + 1);
        match session.get(url, known.and_then(|page| page.etag.as_deref())).await? {
            Answer::Fresh { etag, has_next, body } => {
                let (count, heads) = listing.add(&body)?;
                // A full page may have another one behind it, even if a proxy on the way has taken out what says so.
                let is_last = count == 0 || !has_next && count < PAGE;
                pages.push(Page { etag, is_last, heads });
            }
            Answer::Same => {
                let page = known.cloned().ok_or_else(|| Fault::protocol("it knows a tag that it was not shown"))?;
                listing.add_known(&page.heads);
                pages.push(page);
            }
            Answer::Missing => {
                let why = "there is no such repository, or none that is shown without a token, or with this one";
                return Err(Fault::NotFound(why.to_owned()));
            }
        }
    }
    Ok(pages)
}

/// One pull request by itself.
async fn single(session: &mut Session<'_>, repository: &Repository, number: u64) -> Result<Single, Fault> {
    match session.get(repository.pull(number), None).await? {
        Answer::Fresh { body, .. } => {
            let (pull, value) = read::one(&body)?;
            if pull.number != number {
                return Err(Fault::protocol("it answers with another pull request than it was asked for"));
            }
            Ok(Some((pull, value)))
        }
        Answer::Missing => Ok(None),
        Answer::Same => Err(Fault::protocol("it knows a tag that it was not shown")),
    }
}
