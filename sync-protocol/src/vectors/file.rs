//! The golden files: hexadecimal, and behind `#` what each run of bytes means.

use std::path::PathBuf;

use crate::hash::to_hex;

/// What a CBOR item is, so that its bytes can be named.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A number, a text, a flag or nothing.
    Item,
    /// Bytes.
    Bytes,
    /// Items of an array, by name.
    Record(&'static [(&'static str, Shape)]),
    /// An array of things alike.
    List(&'static Shape),
    /// An array of a number and the fields of what the number stands for.
    Choice(&'static [(&'static str, Shape)]),
}

/// The lines of a CBOR message.
pub(super) fn annotated(bytes: &[u8], name: &str, shape: Shape) -> String {
    let mut walk = Walk { rest: bytes, lines: String::new() };
    walk.item(name, shape, 0);
    assert!(walk.rest.is_empty(), "bytes without a name");
    walk.lines
}

/// The lines of bytes that have no inner structure.
pub(super) fn plain(bytes: &[u8], name: &str) -> String {
    let mut walk = Walk { rest: bytes, lines: String::new() };
    walk.run(bytes.len(), name, 0);
    walk.lines
}

/// The lines of a range-coded stream: its bytes, and below them its decisions.
pub(super) fn coded(bytes: &[u8], decisions: &[String]) -> String {
    let about = "# context   how       what                     about what (PACKED.md)\n";
    let decisions: String = decisions.iter().map(|line| format!("# {line}\n")).collect();
    plain(bytes, "range coder; its decisions:") + about + &decisions
}

struct Walk<'a> {
    rest: &'a [u8],
    lines: String,
}

impl Walk<'_> {
    /// Takes so many bytes, 24 to a line; the first line is explained.
    fn run(&mut self, length: usize, about: &str, depth: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        let mut about = format!("{}{about}", "  ".repeat(depth));
        for bytes in taken.chunks(24) {
            self.lines.push_str(format!("{:<48}  # {about}", to_hex(bytes)).trim_end());
            self.lines.push('\n');
            about = format!("{}…", "  ".repeat(depth));
        }
    }

    fn head(&self) -> (u8, u64, usize) {
        let (first, more) = (self.rest[0], &self.rest[1..]);
        let wide = |bytes: usize| (more[..bytes].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)), bytes + 1);
        let (argument, length) = match first & 31 {
            24 => wide(1),
            25 => wide(2),
            26 => wide(4),
            27 => wide(8),
            small => (small.into(), 1),
        };
        (first >> 5, argument, length)
    }

    fn item(&mut self, name: &str, shape: Shape, depth: usize) {
        let (major, argument, head) = self.head();
        match (major, shape) {
            (0, _) => self.run(head, &format!("{name}: {argument}"), depth),
            (1, _) => self.run(head, &format!("{name}: -{}", argument + 1), depth),
            (2, _) => {
                self.run(head, &format!("{name}: {argument} bytes"), depth);
                self.run(argument as usize, "", depth + 1);
            }
            (3, _) => {
                let text = String::from_utf8(self.rest[head..][..argument as usize].to_vec()).unwrap();
                self.run(head + argument as usize, &format!("{name}: {text:?}"), depth);
            }
            (7, _) => {
                let value = match argument {
                    20 => "false",
                    21 => "true",
                    _ => "null",
                };
                self.run(head, &format!("{name}: {value}"), depth);
            }
            (_, shape) => self.array(name, shape, (argument as usize, head), depth),
        }
    }

    fn array(&mut self, name: &str, shape: Shape, (length, head): (usize, usize), depth: usize) {
        self.run(head, &format!("{name}: array of {length}"), depth);
        match shape {
            Shape::Record(fields) => {
                fields.iter().take(length).for_each(|(name, shape)| self.item(name, *shape, depth + 1));
            }
            Shape::List(item) => (0..length).for_each(|at| self.item(&format!("[{at}]"), *item, depth + 1)),
            Shape::Choice(choices) => {
                let (_, number, _) = self.head();
                let (kind, fields) = choices[number as usize];
                self.item(kind, Shape::Item, depth + 1);
                self.item("its fields", fields, depth + 1);
            }
            Shape::Item | Shape::Bytes => panic!("{name} is an array"),
        }
    }
}

/// Compares what stands in a file with what the code makes, and gives the bytes that stand there. With `RASOAT_BLESS=1` the
/// file is written anew, but for those of an older version: they stay what they were.
pub(super) fn compared(name: &str, about: &str, body: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name).with_extension("txt");
    let about: String = about.lines().map(|line| format!("# {}\n", line.trim())).collect();
    let made = format!("{about}\n{body}");
    let is_frozen = name.starts_with("version-1/") && path.exists();
    if std::env::var_os("RASOAT_BLESS").is_some() && !is_frozen {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == made, "{name} differs; RASOAT_BLESS=1 writes\n{made}");
    let hex: String = kept.lines().filter_map(|line| line.split('#').next()).collect();
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
