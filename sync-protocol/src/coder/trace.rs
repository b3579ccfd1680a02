//! What a decoder decides, in words: bytes of a range coder cannot be explained one by one, its decisions can.

use std::collections::HashMap;

use super::{Coder, Context, Decoder, Memory};
use crate::hash::to_hex;
use crate::intent::Unreadable;

/// What each kind of decision is about. `PACKED.md` lists the same, and a test holds both together.
pub(crate) const KINDS: &[(u32, &str)] = &[
    (0x401, "forms"),
    (0x501, "answer is usual"),
    (0x502, "answer is taken back"),
    (0x503, "plain kind"),
    (0x504, "plain value"),
    (0x505, "value"),
    (0x506, "text"),
    (0x507, "date"),
    (0x508, "digit"),
    (0x509, "point"),
    (0x601, "seq"),
    (0x602, "builds on"),
    (0x603, "names"),
    (0x604, "time"),
    (0x605, "message"),
    (0x606, "has more"),
    (0x607, "question follows"),
    (0x608, "questions skipped"),
    (0x609, "member or visit"),
    (0x60a, "note"),
    (0x60b, "section"),
    (0x60c, "settled"),
    (0x701, "same household"),
    (0x702, "new household"),
    (0x703, "whole id"),
    (0x704, "length of name"),
    (0x705, "households back"),
    (0x801, "epoch"),
    (0x802, "village"),
    (0x803, "round"),
    (0x804, "first entry"),
    (0x805, "entry follows"),
    (0x806, "beacon"),
    (0x807, "wall clock"),
    (0x808, "uptime"),
    (0x809, "body"),
    (0x80a, "raw change"),
    (0x80b, "form"),
    (0x901, "village"),
    (0x902, "round"),
    (0x903, "cursor"),
    (0x904, "row follows"),
    (0x905, "row time"),
    (0x906, "event"),
    (0x907, "own entry"),
    (0x908, "verdict"),
    (0x909, "actor"),
    (0x90a, "form"),
    (0x90b, "raw change"),
    (0x90c, "count"),
    (0xa01, "scope follows"),
    (0xa02, "same round"),
    (0xa03, "round"),
    (0xa04, "village"),
    (0xa05, "same generation"),
    (0xa06, "generation"),
    (0xa07, "position"),
];

/// A decoder that writes down what it gives.
pub(crate) struct Tracing<'a> {
    inner: Decoder<'a>,
    names: HashMap<u32, String>,
    lines: Vec<String>,
}

/// Everything that is decided while something is read, a line each: context, how, what, and what it is about.
pub(crate) fn decisions(bytes: &[u8], read: impl FnOnce(&mut Tracing<'_>) -> Result<(), Unreadable>) -> Vec<String> {
    let mut tracing = Tracing { inner: Decoder::new(bytes), names: names(), lines: Vec::new() };
    read(&mut tracing).unwrap();
    tracing.inner.finish().unwrap();
    tracing.lines
}

/// Contexts by what they were made of: kind, and up to two circumstances.
fn names() -> HashMap<u32, String> {
    let mut names = HashMap::new();
    let circumstances = (0..0x40).chain(0x100..0x110);
    for (kind, about) in KINDS {
        let context = Context::new(*kind);
        names.insert(context.0, format!("{kind:03x}|{about}"));
        for one in circumstances.clone() {
            let told = context.with(one);
            names.entry(told.0).or_insert_with(|| format!("{kind:03x}/{one}|{about}"));
            for two in 0..4 {
                names.entry(told.with(two).0).or_insert_with(|| format!("{kind:03x}/{one}/{two}|{about}"));
            }
        }
    }
    names
}

impl Tracing<'_> {
    fn note(&mut self, context: Context, how: &str, what: &str) {
        let name = self.names.get(&context.0).map_or("?", String::as_str);
        let (place, about) = name.split_once('|').unwrap_or((name, ""));
        self.lines.push(format!("{place:<9} {how:<9} {what:<24} {about}").trim_end().to_owned());
    }

    fn note_plain(&mut self, how: &str, what: &str) {
        self.lines.push(format!("{:<9} {how:<9} {what}", "-"));
    }
}

impl Coder for Tracing<'_> {
    fn bit(&mut self, context: Context, bit: bool) -> bool {
        let bit = self.inner.bit(context, bit);
        self.note(context, "bit", &u8::from(bit).to_string());
        bit
    }

    fn plain(&mut self, bits: u32, value: u32) -> u32 {
        let value = self.inner.plain(bits, value);
        self.note_plain(&format!("plain {bits}"), &value.to_string());
        value
    }

    fn memory(&mut self) -> &mut Memory {
        self.inner.memory()
    }

    fn symbol(&mut self, context: Context, bits: u32, value: u32) -> u32 {
        let value = self.inner.symbol(context, bits, value);
        self.note(context, &format!("symbol {bits}"), &value.to_string());
        value
    }

    fn bytes<const N: usize>(&mut self, given: Option<&[u8; N]>) -> [u8; N] {
        let bytes = self.inner.bytes(given);
        self.note_plain(&format!("bytes {N}"), &to_hex(&bytes));
        bytes
    }

    fn blob(&mut self, context: Context, most: usize, given: Option<&[u8]>) -> Result<Vec<u8>, Unreadable> {
        let bytes = self.inner.blob(context, most, given)?;
        self.note(context, "blob", &to_hex(&bytes));
        Ok(bytes)
    }

    fn number(&mut self, context: Context, value: u64) -> u64 {
        let value = self.inner.number(context, value);
        self.note(context, "number", &value.to_string());
        value
    }

    fn signed(&mut self, context: Context, value: i64) -> i64 {
        let value = self.inner.signed(context, value);
        self.note(context, "signed", &value.to_string());
        value
    }

    fn text(&mut self, context: Context, most: usize, given: Option<&str>) -> Result<String, Unreadable> {
        let text = self.inner.text(context, most, given)?;
        self.note(context, "text", &format!("{text:?}"));
        Ok(text)
    }
}
