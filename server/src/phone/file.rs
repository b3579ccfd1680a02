//! The files that a phone reads and writes for people. What stands in them is [`sync_protocol::field::said`]'s.

use std::path::Path as FilePath;

use serde_json::Value as Json;

use super::fault::PhoneFault;

/// Largest file that is read.
const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Reads a file as JSON.
pub fn read(path: &FilePath) -> Result<Json, PhoneFault> {
    let bytes = read_bytes(path, MAX_FILE_BYTES)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| PhoneFault::File { path: path.to_owned(), reason: error.to_string() })
}

/// Reads a file of at most so many bytes.
pub(super) fn read_bytes(path: &FilePath, at_most: usize) -> Result<Vec<u8>, PhoneFault> {
    use std::io::Read;
    let fault = |reason: String| PhoneFault::File { path: path.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fault(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(at_most as u64 + 1).read_to_end(&mut bytes).map_err(|error| fault(error.to_string()))?;
    match bytes.len() > at_most {
        true => Err(fault(format!("> {at_most} byte"))),
        false => Ok(bytes),
    }
}

/// Writes a file as a whole: after a crash it is the old one or the new one.
pub fn write(path: &FilePath, json: &Json) -> Result<(), PhoneFault> {
    write_bytes(path, format!("{json:#}\n").as_bytes())
}

/// The same with bytes.
pub(super) fn write_bytes(path: &FilePath, bytes: &[u8]) -> Result<(), PhoneFault> {
    Ok(super::store::replace(path, bytes)?)
}
