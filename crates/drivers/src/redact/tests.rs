use super::*;

fn redact_in(pieces: &[&[u8]], values: &[&str], mask: Mask) -> String {
    let mut redactor = Redactor::new(Patterns::of(values.iter().map(|value| value.as_bytes())), mask);
    let (mut out, mut taken) = (Vec::new(), 0);
    for piece in pieces {
        taken += redactor.push(piece, &mut out);
    }
    taken += redactor.finish(&mut out);
    assert_eq!(taken, pieces.iter().map(|piece| piece.len()).sum::<usize>(), "every byte is accounted for");
    String::from_utf8_lossy(&out).into_owned()
}

fn redact(text: &str, values: &[&str]) -> String {
    let whole = redact_in(&[text.as_bytes()], values, Mask::Short);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(redact_in(&bytes, values, Mask::Short), whole, "byte by byte");
    for cut in 0..text.len() {
        let (left, right) = text.as_bytes().split_at(cut);
        assert_eq!(redact_in(&[left, right], values, Mask::Short), whole, "cut at {cut}");
    }
    let same = redact_in(&bytes, values, Mask::SameLength);
    assert_eq!(same.len(), text.len(), "no position shifts");
    whole
}

#[test]
fn a_value_is_taken_out_wherever_it_is_cut() {
    assert_eq!(redact("the token is hunter2!", &["hunter2"]), "the token is ***!");
    assert_eq!(redact("hunter2hunter2 hunter2", &["hunter2"]), "*** ***");
    assert_eq!(redact("hunterhunter2", &["hunter2"]), "hunter***");
    assert_eq!(redact("hhhunter hunte", &["hunter2"]), "hhhunter hunte", "a beginning is none");
    assert_eq!(redact("", &["hunter2"]), "");
    assert_eq!(redact("abc", &["abc"]), "abc", "too short a value");
    assert_eq!(redact("nothing to hide", &[]), "nothing to hide");
}

#[test]
fn values_that_overlap_or_contain_each_other_leave_nothing() {
    assert_eq!(redact("xabcdefx", &["abcd", "cdef"]), "x***x");
    assert_eq!(redact("xabcdefgx", &["abcd", "abcdefg"]), "x***x");
    assert_eq!(redact("xabcdefx", &["abcd", "abcdefg"]), "x***efx");
    assert_eq!(redact("aaaaaaaaab", &["aaaa"]), "***b");
}

#[test]
fn the_usual_encodings_are_known() {
    let value = "p@ss/word?\"\u{e4}";
    for before in ["", "a", "ab", "abc"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}{value}tail"));
        let shown = redact(&text, &[value]);
        assert!(shown.contains("***") && shown.len() < text.len() - 8, "{text} became {shown}");
        let text = URL_SAFE_NO_PAD.encode(format!("{before}{value}"));
        assert!(redact(&text, &[value]).contains("***"));
    }
    assert_eq!(redact("q=p%40ss%2Fword%3F%22%C3%A4&r", &[value]), "q=***&r");
    assert_eq!(redact("q=p%40ss%2fword%3f%22%c3%a4&r", &[value]), "q=***&r");
    assert_eq!(redact("7040 7040737 704073732f776f72643f22c3a4", &[value]), "7040 7040737 ***");
    assert_eq!(redact(r#"{"a":"p@ss/word?\"ä"}"#, &[value]), r#"{"a":"***"}"#);
}

#[test]
fn lines_of_a_value_and_its_end_count_alone() {
    let pem = "-----BEGIN KEY-----\nc2VjcmV0IGJ5dGVz\nbW9yZSBzZWNyZXRz\n-----END KEY-----\n";
    assert_eq!(redact("> c2VjcmV0IGJ5dGVz\n> bW9yZSBzZWNyZXRz\n", &[pem]), "> ***\n> ***\n");
    assert_eq!(redact("[hunter2]", &["hunter2\n"]), "[***]");
    let long = "0123456789".repeat(20);
    let wrapped: String = STANDARD_NO_PAD.encode(&long).as_bytes().chunks(76).fold(String::new(), |mut text, line| {
        text.push_str(std::str::from_utf8(line).unwrap());
        text.push('\n');
        text
    });
    let shown = redact(&wrapped, &[&long]);
    assert!(shown.lines().all(|line| line == "***"), "{shown}");
}

#[test]
fn no_more_is_held_back_than_the_longest_pattern() {
    let value = "ab".repeat(500);
    let patterns = Patterns::of([value.as_bytes()]);
    let mut redactor = Redactor::new(patterns, Mask::Short);
    let mut out = Vec::new();
    for _ in 0..2_000 {
        redactor.push(b"abababx", &mut out);
        assert!(redactor.held.len() < 4 * value.len());
    }
    redactor.finish(&mut out);
    assert_eq!(out, b"abababx".repeat(2_000));
}

#[test]
fn no_output_at_all_makes_it_fail() {
    let patterns = Patterns::of([&b"hunter2"[..], b"zzzz\0\xff"]);
    gofer_fuzz::fuzz("redact", &[b"a hunter2 b".to_vec(), b"zzzz\0\xff".to_vec()], |bytes| {
        let mut redactor = Redactor::new(Arc::clone(&patterns), Mask::Short);
        let mut out = Vec::new();
        for piece in bytes.chunks(3) {
            redactor.push(piece, &mut out);
        }
        redactor.finish(&mut out);
        assert!(!out.windows(7).any(|window| window == b"hunter2"));
    });
}
