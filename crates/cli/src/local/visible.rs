//! Lines of programs on a terminal that is redrawn: colours stay, and whatever else moves or hides things does not. Pure.

/// One line, without its end, as far as it does no harm; `color` keeps its colours.
pub(super) fn visible(line: &str, color: bool) -> String {
    // What a program wrote over is what it wanted to be gone.
    let line = line.trim_end_matches(['\r', '\n']);
    let (prefix, rest) = line.split_once(" | ").map_or(("", line), |(prefix, rest)| (prefix, rest));
    let rest = rest.rsplit('\r').next().unwrap_or_default();
    let mut text = String::new();
    let mut painted = false;
    if !prefix.is_empty() {
        painted |= copy(prefix, color, &mut text);
        text.push_str(" | ");
    }
    painted |= copy(rest, color, &mut text);
    if painted {
        text.push_str("\x1b[0m");
    }
    text
}

/// Copies what may be seen; returns whether a colour is among it.
fn copy(from: &str, color: bool, to: &mut String) -> bool {
    let mut painted = false;
    let mut rest = from;
    while let Some(at) = rest.find(|c: char| c.is_control()) {
        let (before, control) = rest.split_at(at);
        to.push_str(before);
        let (sequence, after) = sequence(control);
        if sequence == "\t" {
            to.push_str("    ");
        } else if color && is_color(sequence) {
            to.push_str(sequence);
            painted = true;
        }
        rest = after;
    }
    to.push_str(rest);
    painted
}

/// The control character at the front with what belongs to it, and the rest.
fn sequence(text: &str) -> (&str, &str) {
    let mut characters = text.char_indices().skip(1);
    let end = if text.starts_with("\x1b[") {
        // Ends with the first character that is no parameter.
        let last = characters.skip(1).find(|(_, c)| !matches!(c, '0'..='?' | ' '..='/'));
        last.map_or(text.len(), |(at, c)| at + c.len_utf8())
    } else {
        characters.next().map_or(text.len(), |(at, _)| at)
    };
    text.split_at(end)
}

fn is_color(sequence: &str) -> bool {
    let parameters = sequence.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('m'));
    parameters.is_some_and(|parameters| parameters.chars().all(|c| matches!(c, '0'..='9' | ';' | ':')))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn colours_stay_and_the_cursor_is_left_alone() {
        for (line, coloured, plain) in [
            ("plain", "plain", "plain"),
            ("a | \x1b[31mred\x1b[0m\n", "a | \x1b[31mred\x1b[0m\x1b[0m", "a | red"),
            ("\x1b[36ma\x1b[0m | x", "\x1b[36ma\x1b[0m | x\x1b[0m", "a | x"),
            ("a | \x1b[2J\x1b[1;1Hgone\x07", "a | gone", "a | gone"),
            ("a | 10 %\r50 %\r100 %\r\n", "a | 100 %", "a | 100 %"),
            ("a | tab\tbed", "a | tab    bed", "a | tab    bed"),
            ("a | cut \x1b[3", "a | cut ", "a | cut "),
            ("a | \x1b", "a | ", "a | "),
            ("a | é\u{9b}m", "a | ém", "a | ém"),
            ("\x1b[?25lx | y\r", "x | y", "x | y"),
        ] {
            assert_eq!(visible(line, true), coloured, "{line:?}");
            assert_eq!(visible(line, false), plain, "{line:?}");
        }
    }
}
