//! Splits the text of an expression into tokens.

use crate::text::quote;

/// A token and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The byte at which it begins.
    pub(crate) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A name, `true`, `false`, `null` and `in` included.
    Name(String),
    /// A name in backticks, which can only be that of a field.
    FieldName(String),
    /// Digits of a whole number, their base, and whether it ends with `u`.
    Integer(String, u32, bool),
    Double(f64),
    Text(String),
    Mark(&'static str),
    End,
}

/// Longer ones first.
const MARKS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}", ";",
];

impl Kind {
    /// The token for a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Name(name) => quote(name),
            Self::FieldName(name) => quote(&format!("`{name}`")),
            Self::Integer(..) | Self::Double(_) => "a number".to_owned(),
            Self::Text(_) => "a string".to_owned(),
            Self::Mark(mark) => quote(mark),
            Self::End => "the end".to_owned(),
        }
    }
}

/// All tokens, the end last; or a fault and the byte at which it is.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, (usize, String)> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let kind = lexer.token().map_err(|message| (at, message))?;
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, at });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Takes characters as long as they are such.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|char| !wanted(char)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn skip_blanks(&mut self) {
        loop {
            let before = self.at;
            self.take(|char| matches!(char, ' ' | '\t' | '\n' | '\r' | '\x0c'));
            if self.rest().starts_with("//") {
                self.take(|char| char != '\n');
            }
            if self.at == before {
                return;
            }
        }
    }

    fn token(&mut self) -> Result<Kind, String> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let Some(first) = chars.next() else { return Ok(Kind::End) };
        let second = chars.next().unwrap_or(' ');
        match first {
            '\'' | '"' => self.string(false).map(Kind::Text),
            'r' | 'R' if matches!(second, '\'' | '"') => {
                self.at += 1;
                self.string(true).map(Kind::Text)
            }
            'b' | 'B' if matches!(second, '\'' | '"') || starts_with_raw(&rest[1..]) => {
                Err("there are no bytes here, only strings; leave the b out".to_owned())
            }
            '`' => self.field_name(),
            '0'..='9' => self.number(),
            '.' if second.is_ascii_digit() => self.number(),
            'a'..='z' | 'A'..='Z' | '_' => {
                Ok(Kind::Name(self.take(|char| char.is_ascii_alphanumeric() || char == '_').to_owned()))
            }
            _ => match MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
                Some(mark) => {
                    self.at += mark.len();
                    Ok(Kind::Mark(mark))
                }
                None => Err(unreadable(first)),
            },
        }
    }

    fn field_name(&mut self) -> Result<Kind, String> {
        self.at += 1;
        let name = self.take(|char| char.is_ascii_alphanumeric() || "_.-/ ".contains(char));
        if name.is_empty() || !self.rest().starts_with('`') {
            return Err(
                "between backticks there is the name of a field: letters, digits, _ . - / and blanks".to_owned()
            );
        }
        self.at += 1;
        Ok(Kind::FieldName(name.to_owned()))
    }

    fn number(&mut self) -> Result<Kind, String> {
        let start = self.at;
        if let Some(rest) = self.rest().strip_prefix("0x")
            && rest.starts_with(|char: char| char.is_ascii_hexdigit())
        {
            self.at += 2;
            let digits = self.take(|char| char.is_ascii_hexdigit()).to_owned();
            return Ok(Kind::Integer(digits, 16, self.unsigned()));
        }
        let digits = self.take(|char| char.is_ascii_digit()).to_owned();
        let fraction =
            self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
        if fraction {
            self.at += 1;
            self.take(|char| char.is_ascii_digit());
        }
        let exponent = self.exponent();
        if !fraction && !exponent {
            return Ok(Kind::Integer(digits, 10, self.unsigned()));
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Kind::Double(value)),
            _ => Err("the number is larger than a double can be".to_owned()),
        }
    }

    fn exponent(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix(['e', 'E']) else { return false };
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        if !digits.starts_with(|char: char| char.is_ascii_digit()) {
            return false;
        }
        self.at += 1 + rest.len() - digits.len();
        self.take(|char| char.is_ascii_digit());
        true
    }

    fn unsigned(&mut self) -> bool {
        let is_unsigned = self.rest().starts_with(['u', 'U']);
        self.at += usize::from(is_unsigned);
        is_unsigned
    }

    /// What is between quotes, of which there may be three on each side.
    fn string(&mut self, is_raw: bool) -> Result<String, String> {
        let rest = self.rest();
        let one = &rest[..1];
        let is_long = rest[1..].starts_with(one) && rest[2..].starts_with(one);
        let quotes = &rest[..if is_long { 3 } else { 1 }];
        self.at += quotes.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quotes) {
                self.at += quotes.len();
                return Ok(text);
            }
            let Some(char) = rest.chars().next() else { return Err(format!("a quote {quotes} isn't closed")) };
            match char {
                '\n' | '\r' if !is_long => {
                    return Err(format!("a quote {quotes} isn't closed on its line; \\n is a line break in a string"));
                }
                '\\' if is_raw => {
                    // It hides a quote, and stays.
                    let taken = rest.chars().take(2).collect::<String>();
                    self.at += taken.len();
                    text.push_str(&taken);
                }
                '\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                char => {
                    self.at += char.len_utf8();
                    text.push(char);
                }
            }
        }
    }

    /// The character that is meant by what follows a backslash.
    fn escape(&mut self) -> Result<char, String> {
        let Some(char) = self.rest().chars().next() else { return Err("a quote isn't closed".to_owned()) };
        self.at += char.len_utf8();
        Ok(match char {
            '\\' | '?' | '"' | '\'' | '`' => char,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' | 'X' => return self.code(2, 16),
            'u' => return self.code(4, 16),
            'U' => return self.code(8, 16),
            '0'..='3' => {
                self.at -= 1;
                return self.code(3, 8);
            }
            _ => {
                let what = quote(&format!("\\{char}"));
                return Err(format!(
                    "{what} is no escape; \\\\ is a backslash, and r'…' is a string in which it is none"
                ));
            }
        })
    }

    fn code(&mut self, digits: usize, base: u32) -> Result<char, String> {
        let code = self.rest().get(..digits).filter(|code| code.chars().all(|char| char.is_digit(base)));
        let char = code.and_then(|code| u32::from_str_radix(code, base).ok()).and_then(char::from_u32);
        match char {
            Some(char) => {
                self.at += digits;
                Ok(char)
            }
            None => Err(format!("an escape needs {digits} digits that are a character's number")),
        }
    }
}

fn starts_with_raw(rest: &str) -> bool {
    rest.strip_prefix(['r', 'R']).is_some_and(|rest| rest.starts_with(['\'', '"']))
}

fn unreadable(char: char) -> String {
    let hint = match char {
        '=' => "; == compares",
        '&' | '|' => "; && is and, || is or",
        _ => "",
    };
    format!("{} can't stand here{hint}", quote(&char.to_string()))
}
