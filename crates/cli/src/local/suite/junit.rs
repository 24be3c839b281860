//! Results as JUnit XML, which is what CI systems read.

use std::fmt::Write as _;
use std::path::Path;

use super::{Outcome, report};
use crate::error::Error;

/// Writes the file, over one that may be there.
pub(super) fn write(path: &Path, pipeline: &str, outcomes: &[Outcome]) -> Result<(), Error> {
    std::fs::write(path, document(pipeline, outcomes)).map_err(|error| {
        let message = format!("the results can't be written to {}: {error}", path.display());
        Error::usage(message, "check the directory, its permissions and the room on its disk")
    })
}

fn document(pipeline: &str, outcomes: &[Outcome]) -> String {
    let failures = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let time: f64 = outcomes.iter().map(|outcome| outcome.took.as_secs_f64()).sum();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{time:.3}\"", outcomes.len());
    let pipeline = escaped(pipeline);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{pipeline}\" {counts}>\n"
    );
    for Outcome { name, took, differences } in outcomes {
        let (name, time) = (escaped(name), took.as_secs_f64());
        let _ = write!(text, "    <testcase classname=\"{pipeline}\" name=\"{name}\" time=\"{time:.3}\"");
        if differences.is_empty() {
            text.push_str("/>\n");
            continue;
        }
        let what: Vec<&str> = differences.iter().map(|difference| difference.what.as_str()).collect();
        let body = escaped(&report::lines(differences).join("\n"));
        let _ = write!(
            text,
            ">\n      <failure message=\"{}\">{body}</failure>\n    </testcase>\n",
            escaped(&what.join(", "))
        );
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// Text that XML can hold: what it reserves is written otherwise, what it forbids is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::judge::Difference;
    use super::*;

    #[test]
    fn results_are_xml_whatever_programs_print() {
        let difference = Difference {
            what: "task a: output".into(),
            expected: "\"<done>\"".into(),
            found: "other output".into(),
            output: vec!["a & b \x1b[31m\u{ffff}".into()],
        };
        let outcome =
            |name: &str, differences| Outcome { name: name.into(), took: Duration::from_millis(1_250), differences };
        let text = document("p", &[outcome("good", Vec::new()), outcome("\"bad\"", vec![difference])]);
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites tests=\"2\" failures=\"1\" errors=\"0\" time=\"2.500\">\n  \
             <testsuite name=\"p\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"2.500\">\n    \
             <testcase classname=\"p\" name=\"good\" time=\"1.250\"/>\n    \
             <testcase classname=\"p\" name=\"&quot;bad&quot;\" time=\"1.250\">\n      \
             <failure message=\"task a: output\">task a: output\n  - &quot;&lt;done&gt;&quot;\n  + other output\n  \
             | a &amp; b  [31m\u{fffd}</failure>\n    </testcase>\n  </testsuite>\n</testsuites>\n"
        );
    }
}
