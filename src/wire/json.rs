//! A cursor over JSON. Knows no document.
//!
//! Nothing is copied: a text is known by its place, and its escape sequences are replaced by whoever wants what it says. The
//! cursor only goes forward, and every byte is looked at a bounded number of times. There is no recursion.
//!
//! A text that is cut off anywhere has the problem [`Ended`](JsonProblem::Ended) and no other: so one that still comes can be read
//! again when more of it is here.
//!
//! The grammar is that of RFC 8259, with one licence that the AWS SDK takes too: control characters in a string are taken as
//! they are.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use super::decimal::Decimal;
use super::decode_error::{DecodeError, JsonProblem};

/// The members of an object that are known.
pub(super) trait Member: Sized {
    /// The member of this name.
    fn named(name: &[u8]) -> Option<Self>;

    /// The member that the text starts with, and how long its name, quotes and colon are, if it is written without white space
    /// and escape sequences, as every server does. Saves the search for the end of the name.
    fn usual(text: &[u8]) -> Option<(Self, usize)>;
}

/// Defines the known members of an object.
macro_rules! members {
    ($(#[$attribute:meta])* $object:ident { $($member:ident = $name:literal),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum $object {
            $($member),+
        }

        impl $crate::wire::json::Member for $object {
            fn named(name: &[u8]) -> Option<Self> {
                match name {
                    $(name if name == $name.as_bytes() => Some(Self::$member),)+
                    _ => None,
                }
            }

            #[inline]
            fn usual(text: &[u8]) -> Option<(Self, usize)> {
                $(
                    const { assert!($name.is_ascii()) };
                    if text.starts_with(concat!('"', $name, "\":").as_bytes()) {
                        return Some((Self::$member, $name.len() + 3));
                    }
                )+
                None
            }
        }
    };
}
pub(super) use members;

/// A JSON text, and how far it has been read.
pub(super) struct Json<'a> {
    bytes: &'a [u8],
    /// The next byte.
    at: usize,
}

/// Where the contents of a string lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) start: usize,
    pub(super) end: usize,
    /// They are shorter when these are replaced.
    pub(super) has_escapes: bool,
}

impl Text {
    #[inline]
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self::behind(bytes, 0)
    }

    /// The text behind the first bytes, in the middle of a value.
    pub(super) fn behind(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How far it has been read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Passes over the bracket or brace that opens a list or an object.
    #[inline]
    pub(super) fn open(&mut self, bracket: u8) -> Result<(), DecodeError> {
        if self.next()? != bracket {
            return Err(self.problem(JsonProblem::Unexpected));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether there is one more element before the bracket that closes. Passes over the comma before it, or the bracket.
    /// `first` is true at the start and false from then on.
    #[inline]
    pub(super) fn more(&mut self, first: &mut bool, bracket: u8) -> Result<bool, DecodeError> {
        let byte = self.next()?;
        if byte == bracket {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            if byte != b',' {
                return Err(self.problem(JsonProblem::Unexpected));
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// Which of the known members the name is that stands here; `None`: none of them. Passes over the colon.
    #[inline]
    pub(super) fn name<M: Member>(&mut self) -> Result<Option<M>, DecodeError> {
        self.next()?;
        if let Some((member, len)) = M::usual(&self.bytes[self.at..]) {
            self.at += len;
            return Ok(Some(member));
        }
        self.any_name().map(|name| M::named(&name))
    }

    /// The same, however the name is written; but it is UTF-8.
    fn any_name(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        let name = self.text()?;
        let name = self.contents(name);
        if std::str::from_utf8(&name).is_err() {
            return Err(self.problem(JsonProblem::Unexpected));
        }
        if self.next()? != b':' {
            return Err(self.problem(JsonProblem::Unexpected));
        }
        self.at += 1;
        Ok(name)
    }

    /// Passes over `null`, if it stands here.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool, DecodeError> {
        match self.next()? {
            b'n' => self.literal(b"null").map(|()| true),
            _ => Ok(false),
        }
    }

    /// The `N` bytes of the string that stands here, if it seems to have so many. They may hold escape sequences, or the quote
    /// that ends the string; bytes that hold neither can be passed over with `skip_text`.
    #[inline]
    pub(super) fn text_of<const N: usize>(&self) -> Option<&[u8; N]> {
        let (text, rest) = self.bytes.get(self.at + 1..)?.split_first_chunk()?;
        (self.bytes[self.at] == b'"' && rest.first() == Some(&b'"')).then_some(text)
    }

    /// Passes over the string that `text_of` has shown, and says where its contents lie.
    #[inline]
    pub(super) fn skip_text<const N: usize>(&mut self) -> Text {
        let start = self.at + 1;
        self.at += N + 2;
        Text { start, end: start + N, has_escapes: false }
    }

    /// Where the contents of the string lie that stands here. Its escape sequences are good ones.
    ///
    /// Always inlined, like `number`: an answer that goes by way of memory in parts of other sizes costs as much as the search.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Result<Text, DecodeError> {
        if self.next()? != b'"' {
            return Err(self.problem(JsonProblem::Unexpected));
        }
        let start = self.at + 1;
        let mut end = self.quote_or_backslash(start)?;
        let has_escapes = self.bytes[end] == b'\\';
        if has_escapes {
            end = self.pass_escapes(end)?;
        }
        self.at = end + 1;
        Ok(Text { start, end, has_escapes })
    }

    /// What a text of this JSON says.
    #[inline]
    pub(super) fn contents(&self, text: Text) -> Cow<'a, [u8]> {
        let written = &self.bytes[text.range()];
        if text.has_escapes { unescaped(written).into() } else { written.into() }
    }

    /// The number that stands here.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Decimal, DecodeError> {
        self.next()?;
        match Decimal::read(&self.bytes[self.at..]) {
            // More digits may come.
            Some((_, len)) if self.at + len == self.bytes.len() => Err(self.problem(JsonProblem::Ended)),
            Some((number, len)) => {
                self.at += len;
                Ok(number)
            }
            None => Err(self.no_number()),
        }
    }

    /// Passes over the value that stands here.
    pub(super) fn skip(&mut self) -> Result<(), DecodeError> {
        let mut inside = Nesting::default();
        loop {
            let opened = self.skip_start(&mut inside)?;
            let mut first = opened;
            while inside.depth > 0 && !self.more(&mut first, inside.bracket())? {
                inside.leave();
                first = false;
            }
            if inside.depth == 0 {
                return Ok(());
            }
            if inside.bracket() == b'}' {
                self.any_name()?;
            }
        }
    }

    /// Makes sure that nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), DecodeError> {
        self.skip_white_space();
        if self.at < self.bytes.len() {
            return Err(self.problem(JsonProblem::Unexpected));
        }
        Ok(())
    }

    /// Passes over a scalar, or goes into a list or an object: `true`.
    fn skip_start(&mut self, inside: &mut Nesting) -> Result<bool, DecodeError> {
        match self.next()? {
            bracket @ (b'{' | b'[') => {
                if !inside.enter(bracket) {
                    return Err(self.problem(JsonProblem::TooDeep));
                }
                self.at += 1;
                return Ok(true);
            }
            b'"' => {
                self.text()?;
            }
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            _ => {
                self.number()?;
            }
        }
        Ok(false)
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), DecodeError> {
        let rest = &self.bytes[self.at..];
        if !rest.starts_with(literal) {
            return Err(self.problem(match literal.starts_with(rest) {
                true => JsonProblem::Ended,
                false => JsonProblem::Unexpected,
            }));
        }
        self.at += literal.len();
        Ok(())
    }

    /// The next byte that is no white space. The cursor stands on it then.
    #[inline]
    fn next(&mut self) -> Result<u8, DecodeError> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => {
                self.skip_white_space();
                self.bytes.get(self.at).copied().ok_or_else(|| self.problem(JsonProblem::Ended))
            }
        }
    }

    fn skip_white_space(&mut self) {
        let white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.bytes[self.at..].iter().take_while(white).count();
    }

    fn quote_or_backslash(&self, from: usize) -> Result<usize, DecodeError> {
        match memchr2(b'"', b'\\', &self.bytes[from..]) {
            Some(offset) => Ok(from + offset),
            None => Err(self.problem(JsonProblem::Ended)),
        }
    }

    #[cold]
    fn no_number(&self) -> DecodeError {
        self.problem(match self.bytes[self.at..].iter().all(is_of_number) {
            true => JsonProblem::Ended,
            false => JsonProblem::Unexpected,
        })
    }

    /// Where the string ends that has its first backslash at `at`.
    #[cold]
    fn pass_escapes(&self, mut at: usize) -> Result<usize, DecodeError> {
        while self.bytes[at] == b'\\' {
            let Some((_, len)) = escape(&self.bytes[at..]) else {
                let problem = match self.bytes.len() - at < LONGEST_ESCAPE {
                    true => JsonProblem::Ended,
                    false => JsonProblem::Escape,
                };
                return Err(DecodeError::Json { problem, at });
            };
            at = self.quote_or_backslash(at + len)?;
        }
        Ok(at)
    }

    fn problem(&self, problem: JsonProblem) -> DecodeError {
        DecodeError::Json { problem, at: self.at }
    }
}

/// What a text says whose escape sequences have been passed over; never longer than the text.
pub(super) fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut contents = Vec::with_capacity(text.len());
    while let Some(at) = memchr(b'\\', text) {
        contents.extend_from_slice(&text[..at]);
        // A sequence that is none cannot come.
        let (c, len) = escape(&text[at..]).unwrap_or(('\u{fffd}', 1));
        contents.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        text = &text[at + len..];
    }
    contents.extend_from_slice(text);
    contents
}

/// Whether a number may have this byte.
fn is_of_number(byte: &u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
}

/// The character of the escape sequence that the text starts with, and the length of the sequence, which is never below that of
/// the character in UTF-8.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    Some(match text.get(1)? {
        b'"' => ('"', 2),
        b'\\' => ('\\', 2),
        b'/' => ('/', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => match code_unit(text)? {
            high @ 0xD800..=0xDBFF => {
                let low = text.get(6..).filter(|rest| rest.starts_with(b"\\u")).and_then(code_unit)?;
                let pair = char::decode_utf16([high, low]).next()?;
                (pair.ok()?, 12)
            }
            unit => (char::from_u32(u32::from(unit))?, 6),
        },
        _ => return None,
    })
}

/// The four hexadecimal digits behind `\u`.
fn code_unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.get(2..6)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)? as u16))
}

/// The lists and objects around a place: how many, and which of them are objects, the innermost in the lowest bit.
#[derive(Default)]
struct Nesting {
    depth: u32,
    objects: u64,
}

impl Nesting {
    fn enter(&mut self, bracket: u8) -> bool {
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(bracket == b'{');
        self.depth <= MAX_DEPTH
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    /// What closes the innermost.
    fn bracket(&self) -> u8 {
        if self.objects & 1 == 1 { b'}' } else { b']' }
    }
}

/// The deepest nesting of a value that is passed over. The API reference has nothing deeper than 5; the AWS SDK stops at 128.
pub(super) const MAX_DEPTH: u32 = u64::BITS;
/// A pair of surrogates.
const LONGEST_ESCAPE: usize = 12;

#[cfg(test)]
mod tests;
