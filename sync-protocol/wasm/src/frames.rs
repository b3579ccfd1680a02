//! Records as they lie on disk: one behind the other, each with its length before it.
//!
//! Owns no checksum: what the Worker keeps is encrypted, and whoever decrypts it knows that it is whole.

use sync_protocol::device::Record;

use crate::fault::CoreFault;
use crate::message::{block, put};

/// The bytes of records.
pub fn encode(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| put(&mut bytes, &record.to_bytes()));
    bytes
}

/// Hands over the records of a part one after another, and returns how many there were.
pub fn each(mut bytes: &[u8], mut take: impl FnMut(Record)) -> Result<usize, CoreFault> {
    let mut count = 0;
    while !bytes.is_empty() {
        let (record, rest) = block(bytes).ok_or(CoreFault::Records(count))?;
        take(Record::from_bytes(record).map_err(|_| CoreFault::Records(count))?);
        (bytes, count) = (rest, count + 1);
    }
    Ok(count)
}
