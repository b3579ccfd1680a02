//! The bytes of the record log: one frame after another, so that a crash can only ever tear off the end.
//!
//! A frame is `length (4) | head (4) | body (8) | record`, numbers big-endian. `head` is the start of a SHA-256 over the
//! frame's own offset and length, `body` one over the offset and the record. The length has a checksum of its own: a
//! damaged length must not make the rest of the file look like a torn end. Owns telling those two apart; files are
//! [`super::store`]'s.

use sync_protocol::device::Record;
use sync_protocol::hash::tagged;

/// Bytes before each record.
const FRAME_BYTES: usize = 16;

/// What a log turned out to hold.
#[derive(Debug, PartialEq)]
pub(super) struct Frames {
    /// The whole records, in order.
    pub(super) records: Vec<Record>,
    /// How many bytes they take. What lies behind was never acknowledged: the end of a write that a crash cut short.
    pub(super) whole_bytes: usize,
}

/// Something within the log is not what was written there, and a crash cannot have done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// Where the damaged frame begins.
    pub(super) offset: usize,
}

/// Frames records that will be written at an offset of the file.
pub(super) fn encode(records: &[Record], offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        let record = record.to_bytes();
        let at = offset + bytes.len() as u64;
        let length = (record.len() as u32).to_be_bytes();
        bytes.extend(length);
        bytes.extend(head_sum(at, length));
        bytes.extend(body_sum(at, &record));
        bytes.extend(record);
    }
    bytes
}

/// Reads a whole log.
pub(super) fn decode(bytes: &[u8]) -> Result<Frames, Damage> {
    let mut frames = Frames { records: Vec::new(), whole_bytes: 0 };
    while frames.whole_bytes < bytes.len() {
        let offset = frames.whole_bytes;
        match next(&bytes[offset..], offset) {
            Next::Whole(record, length) => {
                frames.records.push(*record);
                frames.whole_bytes += length;
            }
            Next::Torn => break,
            Next::Damaged => return Err(Damage { offset }),
        }
    }
    Ok(frames)
}

enum Next {
    Whole(Box<Record>, usize),
    Torn,
    Damaged,
}

fn next(rest: &[u8], offset: usize) -> Next {
    let at = offset as u64;
    let Some((frame, behind)) = rest.split_first_chunk::<FRAME_BYTES>() else { return Next::Torn };
    let length = [frame[0], frame[1], frame[2], frame[3]];
    if frame[4..8] != head_sum(at, length) {
        // Some file systems leave zeros where a write was cut short.
        return if rest.iter().all(|byte| *byte == 0) { Next::Torn } else { Next::Damaged };
    }
    let length = u32::from_be_bytes(length) as usize;
    let Some(record) = behind.get(..length) else { return Next::Torn };
    let genuine = frame[8..] == body_sum(at, record);
    match Record::from_bytes(record) {
        Ok(record) if genuine => Next::Whole(Box::new(record), FRAME_BYTES + length),
        Ok(_) | Err(_) if !genuine && behind.len() == length => Next::Torn,
        Ok(_) | Err(_) => Next::Damaged,
    }
}

fn head_sum(at: u64, length: [u8; 4]) -> [u8; 4] {
    let [a, b, c, d, ..] = tagged("rasoat frame head 1", &[&at.to_be_bytes(), &length]);
    [a, b, c, d]
}

fn body_sum(at: u64, record: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = tagged("rasoat frame body 1", &[&at.to_be_bytes(), record]);
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Record> {
        vec![Record::Epoch(1), Record::Refused(vec![(1, 2), (1, 3)], "segment/chain".into()), Record::Epoch(2)]
    }

    /// Where each frame ends.
    fn ends(bytes: &[u8]) -> Vec<usize> {
        let ends = (0..=bytes.len()).filter(|end| decode(&bytes[..*end]).unwrap().whole_bytes == *end);
        ends.collect()
    }

    #[test]
    fn a_flipped_bit_is_never_taken_for_a_record_or_for_a_crash_in_the_middle() {
        let bytes = encode(&records(), 0);
        let last = ends(&bytes)[2];
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            match decode(&damaged) {
                Err(Damage { offset }) => assert!(offset <= at),
                // In the last frame damage and a torn write look alike: it is cut off and kept aside.
                Ok(frames) => assert!(at >= last + 8 && frames.whole_bytes == last, "byte {at}"),
            }
        }
    }

    #[test]
    fn a_frame_moved_to_another_place_is_damage() {
        let bytes = encode(&records(), 0);
        let first = ends(&bytes)[1];
        assert_eq!(decode(&bytes[first..]), Err(Damage { offset: 0 }));
    }

    #[test]
    fn a_log_cut_at_any_byte_gives_every_whole_record_before_it() {
        let bytes = encode(&records(), 0);
        let ends = ends(&bytes);
        assert_eq!(ends.len(), 4);
        for cut in 0..=bytes.len() {
            let frames = decode(&bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end > 0 && **end <= cut).count();
            assert_eq!(frames.records, records()[..whole]);
        }
    }

    #[test]
    fn zeros_behind_the_last_record_are_the_end_of_a_cut_write() {
        let mut bytes = encode(&records(), 0);
        let whole_bytes = bytes.len();
        bytes.extend([0; 100]);
        assert_eq!(decode(&bytes), Ok(Frames { records: records(), whole_bytes }));
    }
}
