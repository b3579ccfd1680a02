//! The frame of a message: JSON, and binary parts beside it.

/// A message as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What is said.
    pub json: &'a [u8],
    /// The parts that go along.
    pub parts: Vec<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Reads a message that fills the bytes exactly; `None` when it does not.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (json, rest) = block(bytes)?;
        let (count, mut rest) = number(rest)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            // A count that is a lie ends here, before anything was set aside for it.
            let (part, behind) = block(rest)?;
            parts.push(part);
            rest = behind;
        }
        rest.is_empty().then_some(Self { json, parts })
    }

    /// The bytes of a message.
    pub fn write(json: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
        let size: usize = parts.iter().map(|part| part.len() + 4).sum();
        let mut bytes = Vec::with_capacity(json.len() + size + 8);
        put(&mut bytes, json);
        bytes.extend(length(parts.len()));
        parts.iter().for_each(|part| put(&mut bytes, part));
        bytes
    }
}

/// Appends a block: its length, then its bytes.
pub(crate) fn put(bytes: &mut Vec<u8>, block: &[u8]) {
    bytes.extend(length(block.len()));
    bytes.extend_from_slice(block);
}

/// Reads a block; what is behind it.
pub(crate) fn block(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn length(bytes: usize) -> [u8; 4] {
    // The memory of the module ends at 4 GB.
    (bytes as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_cut_anywhere_or_goes_on_is_none() {
        let bytes = Message::write(b"{}", &[b"one".to_vec(), Vec::new()]);
        for end in 0..bytes.len() {
            assert_eq!(Message::read(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Message::read(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Message::read(&bytes), Some(Message { json: b"{}", parts: vec![b"one", b""] }));
    }

    #[test]
    fn lengths_beyond_the_message_are_not_believed() {
        for lie in [[0xff; 8], [2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(Message::read(&lie), None);
        }
    }
}
