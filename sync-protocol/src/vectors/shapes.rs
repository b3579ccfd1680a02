//! What the items of each message are called.

use super::file::Shape::{self, Bytes, Choice, Item, List, Record};

const SCOPE: Shape = Record(&[("village", Item), ("round", Item)]);
const CURSOR: Shape = Record(&[("generation", Item), ("position", Item)]);
const BEACON: Shape = Record(&[("generation", Item), ("position", Item), ("row", Bytes)]);
const BODY: Shape = Choice(&[
    ("0, a change", Record(&[("household", Bytes), ("change", Bytes)])),
    ("1, a command", Record(&[("request", Bytes)])),
    ("2, a blob", Record(&[("household", Bytes), ("hash", Bytes), ("size", Item)])),
]);
const PAYLOAD: Shape = Choice(&[("0, raw", Record(&[("bytes of the change", Bytes)]))]);
const EVENT: Shape = Choice(&[
    ("0, change", Record(&[("hash", Bytes)])),
    ("1, verdict", Record(&[("hash", Bytes), ("verdict", Item)])),
    ("2, entered", Record(&[])),
    ("3, left", Record(&[])),
]);
const HEAD: Shape = Record(&[
    ("scope", SCOPE),
    ("cursor", CURSOR),
    ("row", Bytes),
    ("digest", Bytes),
    ("count", Item),
    ("signature", Bytes),
]);
const ROW: Shape = Record(&[("position", Item), ("written_at_ms", Item), ("household", Bytes), ("event", EVENT)]);
const ANSWER: Shape = Choice(&[
    ("0, taken", Record(&[("verdicts", List(&Item))])),
    ("1, refused", Record(&[("reason", Item)])),
    ("2, not taken", Record(&[("reason", Item)])),
    ("3, send bytes", Record(&[("entries", List(&Item))])),
]);
const CHAPTER_ANSWER: Shape = Choice(&[
    ("0, taken", Record(&[("left out", List(&Record(&[("place", Item), ("reason", Item)])))])),
    ("1, refused", Record(&[("reason", Item)])),
    ("2, not taken", Record(&[("reason", Item)])),
]);
const SCOPE_CURSOR: Shape = Record(&[("scope", SCOPE), ("cursor", CURSOR)]);

/// A journal entry.
pub(super) const ENTRY: Shape = Record(&[
    ("number", Item),
    ("previous", Bytes),
    ("beacon", BEACON),
    ("wall_ms", Item),
    ("uptime_ms", Item),
    ("body", BODY),
]);
/// A segment.
pub(super) const SEGMENT: Shape = Record(&[
    ("version", Item),
    ("author", Record(&[("key", Bytes), ("account", Item), ("epoch", Item)])),
    ("scope", SCOPE),
    ("entries", List(&ENTRY)),
    ("payloads", List(&PAYLOAD)),
    ("signature", Bytes),
]);
/// A page.
pub(super) const PAGE: Shape =
    Record(&[("scope", SCOPE), ("after", CURSOR), ("rows", List(&ROW)), ("changes", List(&Bytes)), ("head", HEAD)]);
/// A chapter.
pub(super) const CHAPTER: Shape =
    Record(&[("version", Item), ("previous", Bytes), ("rows", List(&ROW)), ("changes", List(&Bytes)), ("head", HEAD)]);
/// A parcel, or an answer to one.
pub(super) const ENVELOPE: Shape = Record(&[
    ("version", Item),
    ("way", Item),
    ("name of the key that it is sealed to", Bytes),
    ("parcel", Bytes),
    ("ephemeral key", Bytes),
    ("sealed", Bytes),
]);
/// What a device keeps of its data key, or what the server opens of it.
pub(super) const KEPT_ENVELOPE: Shape = Record(&[
    ("version", Item),
    ("way", Item),
    ("name of the key that it is sealed to", Bytes),
    ("device", Bytes),
    ("ephemeral key", Bytes),
    ("sealed", Bytes),
]);
/// What is sealed in what a device keeps.
pub(super) const KEPT: Shape = Record(&[("commune", Item), ("data key", Bytes), ("signature", Bytes)]);
/// A commune's recovery key.
pub(super) const RECOVERY_KEY: Shape = Record(&[("commune", Item), ("key", Bytes), ("signature", Bytes)]);
/// What a device seals.
pub(super) const LETTER: Shape =
    Record(&[("device's public key", Bytes), ("reply key", Bytes), ("request", Bytes), ("signature", Bytes)]);
/// What the server seals.
pub(super) const REPLY: Shape =
    Record(&[("response", Bytes), ("next key", Record(&[("key", Bytes), ("signature", Bytes)])), ("signature", Bytes)]);
/// What colleagues seal.
pub(super) const SHARED: Shape = Record(&[("segments", List(&Bytes))]);
/// A request.
pub(super) const REQUEST: Shape = Record(&[
    ("version", Item),
    ("sent_at_ms", Item),
    ("epoch", Item),
    ("scopes", List(&SCOPE_CURSOR)),
    ("segments", List(&Bytes)),
    ("want_bytes", Item),
    ("holding", Bytes),
    ("as_bytes", List(&SCOPE)),
    ("packed_scopes", Bytes),
    ("9, unused", Item),
    ("chapters", List(&Bytes)),
    ("rows", Bytes),
]);
/// A response.
pub(super) const RESPONSE: Shape = Record(&[
    ("version", Item),
    ("server_ms", Item),
    ("segments", List(&ANSWER)),
    ("pages", List(&PAGE)),
    ("more", Item),
    ("assigned", List(&SCOPE)),
    ("packed", List(&Bytes)),
    ("name_scopes", Item),
    ("8, unused", Item),
    ("9, unused", Item),
    ("chapters", List(&CHAPTER_ANSWER)),
    ("forgotten", List(&SCOPE_CURSOR)),
    ("village keys", List(&Bytes)),
    ("13, unused", Item),
    ("set_back", Item),
]);
