//! Errors travel in HTTP/2 headers, where 8 KiB is all that every client takes; one that is larger reaches nobody, and
//! the call looks as if its connection had broken. So the texts are cut here.

/// Longest message, in bytes: it goes out twice, once with up to three bytes for each.
const MESSAGE_BYTES_MAX: usize = 1024;
/// Longest value of the metadata and longest description of a violation, in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Most bytes of all violations.
const VIOLATIONS_BYTES_MAX: usize = 1536;
/// Ends a text that was cut.
const CUT: &str = "… (cut)";

/// A message as long as it may be.
pub(super) fn message(message: String) -> String {
    cut(message, MESSAGE_BYTES_MAX)
}

/// A value of the metadata as long as it may be.
pub(super) fn value(value: String) -> String {
    cut(value, TEXT_BYTES_MAX)
}

/// The first violations, as many as there is room for; at least one if there is one.
pub(super) fn violations(violations: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut left = VIOLATIONS_BYTES_MAX;
    let fit = violations.into_iter().map(|(field, description)| (value(field), value(description)));
    fit.take_while(|(field, description)| {
        let fits = left.checked_sub(field.len() + description.len());
        left = fits.unwrap_or(0);
        fits.is_some()
    })
    .collect()
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - CUT.len()));
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stays_as_it_is() {
        let text = "é".repeat(MESSAGE_BYTES_MAX / 2);
        assert_eq!(message(text.clone()), text);
        let pairs = vec![("tasks.t".to_owned(), "too long".to_owned()); 20];
        assert_eq!(violations(pairs.clone()), pairs);
    }

    #[test]
    fn what_is_long_is_cut_between_characters_and_says_so() {
        for text in ["é".repeat(MESSAGE_BYTES_MAX), format!("x{}", "é".repeat(MESSAGE_BYTES_MAX))] {
            let cut = message(text);
            assert!(cut.len() <= MESSAGE_BYTES_MAX && cut.len() > MESSAGE_BYTES_MAX - 3, "{}", cut.len());
            assert!(cut.ends_with("é… (cut)"), "{cut}");
        }
    }

    #[test]
    fn violations_keep_the_first_and_their_order() {
        let pairs: Vec<_> = (0..1000).map(|n| (format!("tasks.t{n}"), "x".repeat(10_000))).collect();
        let kept = violations(pairs);
        assert_eq!(kept.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["tasks.t0", "tasks.t1"]);
    }
}
