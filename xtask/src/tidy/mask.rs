//! Blanks out comments and literals of Rust source, so that rules see code alone.
//!
//! Line breaks stay, and so do byte offsets. It needs no more grammar than this: where literals and comments begin
//! and end.

/// The source with everything in comments, strings and character literals replaced by spaces, delimiters included.
pub(crate) fn mask(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut masked = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let length = token(bytes, at);
        if length == 0 {
            masked.push(bytes[at]);
            at += 1;
            continue;
        }
        let end = (at + length).min(bytes.len());
        masked.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
        at = end;
    }
    // Whole tokens were replaced by ASCII, so what is left is UTF-8 as before.
    String::from_utf8_lossy(&masked).into_owned()
}

/// Length of the comment or literal that begins at `at`; 0 if none does.
fn token(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => string(rest),
        [b'r', ..] if !is_word(bytes, at) => raw_string(&rest[1..]).map_or(0, |length| length + 1),
        [b'b' | b'c', b'r', ..] if !is_word(bytes, at) => raw_string(&rest[2..]).map_or(0, |length| length + 2),
        [b'\'', ..] => character(rest),
        _ => 0,
    }
}

/// Whether the byte before `at` belongs to a word.
fn is_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < rest.len() {
        match &rest[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of `#"…"#`, with any number of `#`; none when it isn't a raw string.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    if rest.get(hashes) != Some(&b'"') {
        return None;
    }
    let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let body = &rest[hashes + 1..];
    let length = body.windows(end.len()).position(|window| window == end);
    Some(length.map_or(rest.len(), |length| hashes + 1 + length + end.len()))
}

/// Length of a character literal; 0 for a lifetime or a label.
fn character(rest: &[u8]) -> usize {
    match rest {
        [_, b'\\', _, tail @ ..] => tail.iter().position(|byte| *byte == b'\'').map_or(0, |at| at + 4),
        [_, first, ..] => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_comments_and_literals_only() {
        for (source, expected) in [
            ("a // todo!\nb", "a b"),
            ("a /* x /* y */ z */ b", "a b"),
            (r#"f("a\"b{") + c"#, "f( ) + c"),
            (r###"f(r#"a"b{"#)"###, "f( )"),
            ("f(br\"{\") b'{' '\\'' '\\u{7f}' 'é' x", "f( ) b x"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("'label: loop {}", "'label: loop {}"),
            ("xr\"s\"", "xr"),
        ] {
            let found = mask(source);
            assert_eq!(found.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{source}");
            assert_eq!(found.len(), source.len(), "{source}");
            assert_eq!(found.lines().count(), source.lines().count(), "{source}");
        }
    }

    #[test]
    fn an_open_literal_blanks_the_rest() {
        assert_eq!(mask("a \"b\nc").trim_end(), "a");
        assert_eq!(mask("a /* b").trim_end(), "a");
        assert_eq!(mask("r#\"b").trim_end(), "");
    }
}
