//! Whether a payload is within the limits, found out by bounded work.

use std::io;

use serde_json::Value as Json;

use crate::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};

/// Says what is wrong with a payload that is too long or too deep.
pub(crate) fn check(payload: &Json) -> Result<(), String> {
    check_depth(payload)?;
    // Not deeper than that, it can be written by recursion.
    serde_json::to_writer(Room(PAYLOAD_BYTES_MAX), payload).map_err(|_| too_long())
}

fn too_long() -> String {
    format!("the payload is longer than {PAYLOAD_BYTES_MAX} bytes; have its sender leave something out")
}

/// Without recursion: whoever parsed the payload may have had no limit on its depth.
fn check_depth(payload: &Json) -> Result<(), String> {
    let mut open = vec![Children::of(payload)];
    // Every element is a byte at least.
    let mut left = PAYLOAD_BYTES_MAX;
    while let Some(children) = open.last_mut() {
        match children.next() {
            None => drop(open.pop()),
            Some(_) if left == 0 => return Err(too_long()),
            Some(child) => {
                left -= 1;
                if child.is_array() || child.is_object() {
                    if open.len() == PAYLOAD_DEPTH_MAX {
                        return Err(format!(
                            "the payload has lists or maps in one another deeper than {PAYLOAD_DEPTH_MAX}"
                        ));
                    }
                    open.push(Children::of(child));
                }
            }
        }
    }
    Ok(())
}

/// What is in a list or a map and wasn't looked at yet.
enum Children<'a> {
    None,
    List(std::slice::Iter<'a, Json>),
    Map(serde_json::map::Values<'a>),
}

impl<'a> Children<'a> {
    fn of(json: &'a Json) -> Self {
        match json {
            Json::Array(list) => Self::List(list.iter()),
            Json::Object(map) => Self::Map(map.values()),
            _ => Self::None,
        }
    }

    fn next(&mut self) -> Option<&'a Json> {
        match self {
            Self::None => None,
            Self::List(list) => list.next(),
            Self::Map(map) => map.next(),
        }
    }
}

/// Counts what is written, and fails where there is no room for it.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
