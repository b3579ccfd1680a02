//! What is read against a form or a document: packed segments and pages, changes at the gate, answers, points tables.

use std::collections::BTreeMap;

use schemas::ids::HouseholdId;
use schemas::standard::PointsFiles;
use schemas::value::Value;
use sha2::{Digest, Sha256};
use sync_protocol::archive;
use sync_protocol::change;
use sync_protocol::disagreement;
use sync_protocol::gate::{self, Admission, Candidate, Fate, Policy};
use sync_protocol::hash::{ActorId, ChangeHash};
use sync_protocol::history::History;
use sync_protocol::message::{Documents, PackedPage};
use sync_protocol::named::Named;
use sync_protocol::salvage;
use sync_protocol::segment::{Packed, Unpacking};

use super::ground::{HOMES, INTERVIEWED, STANDARD, author, document, forms, scope};

fn ids(names: &[Named]) -> Vec<Option<HouseholdId>> {
    names.iter().map(|name| name.find(HOMES.into_iter())).collect()
}

fn documents(ids: &[Option<HouseholdId>]) -> BTreeMap<HouseholdId, History> {
    ids.iter().flatten().map(|id| (*id, document(*id))).collect()
}

/// A packed segment: read, and its changes made on the documents of the village.
pub(super) fn packed_segment(bytes: &[u8]) {
    let Ok(packed) = Packed::read(bytes, &forms()) else { return };
    if let Some(written) = packed.to_bytes() {
        assert_eq!(Packed::read(&written, &forms()).as_ref(), Ok(&packed));
    }
    let ids = ids(packed.households());
    let (documents, beacons) = (documents(&ids), BTreeMap::new());
    let _made = packed.unpack(Unpacking { author: author(), previous: None, beacons, ids, documents });
}

/// A packed page: read, and its changes made on the documents of a phone.
pub(super) fn packed_page(bytes: &[u8]) {
    let Ok(packed) = PackedPage::read(bytes, &forms()) else { return };
    if let Some(written) = packed.to_bytes() {
        assert_eq!(PackedPage::read(&written, &forms()).as_ref(), Ok(&packed));
    }
    let ids = ids(packed.households());
    let mut documents = Documents::new(scope().round, forms(), documents(&ids));
    let _made = packed.unpack(None, &ids, |_| None, &mut documents);
}

/// The bytes of a change at the gate: as they came, and as the body of a chunk whose checksum fits.
pub(super) fn change(bytes: &[u8]) {
    judge(bytes);
    judge(&framed(bytes));
}

/// An uncompressed change chunk: mutated bytes would end at the checksum otherwise.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut chunk = vec![1];
    let mut length = body.len();
    while length >= 0x80 {
        // Masked to seven bits.
        chunk.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    // Below 0x80.
    chunk.push(length as u8);
    chunk.extend_from_slice(body);
    let checksum = Sha256::digest(&chunk);
    [&[0x85, 0x6f, 0x4a, 0x83], &checksum[..4], &chunk].concat()
}

fn judge(bytes: &[u8]) {
    let mut history = INTERVIEWED.clone();
    let parsed = change::parse(bytes).ok();
    // The name and the writer that the bytes themselves say: so that judging goes as far as it can.
    let said = parsed.map(|(said, hash)| (hash, said.actor_id.to_bytes().try_into().map_or(ActorId([0; 16]), ActorId)));
    let (hash, actor) = said.unwrap_or((ChangeHash([0; 32]), ActorId([0; 16])));
    let candidate = Candidate { bytes, hash, actor };
    match gate::judge(&history, candidate, Policy::Allows, |_| Fate::Unknown) {
        Admission::Admitted(node) => {
            history.push(*node);
            let _open = disagreement::open(&history);
            // What the gate lets in Automerge takes, saves and loads back: alone, as the document's first, where it can be.
            if history.node(&hash).is_some_and(|node| node.entry.deps == [history.genesis().hash()]) {
                let saved = archive::extend(history.genesis(), None, &[bytes.to_vec()]);
                assert!(saved.is_ok(), "{saved:?}");
            }
        }
        Admission::Known | Admission::Held(..) | Admission::Rejected(..) | Admission::Unproven(..) => {
            let _wanted = salvage::wanted(&history, bytes);
        }
    }
}

/// A text or a number in answer to a question: the first byte says which.
pub(super) fn value(bytes: &[u8]) {
    let Some((question, said)) = bytes.split_first() else { return };
    let questions = STANDARD.form().questions();
    let question = &questions[usize::from(*question) % questions.len()];
    let number = said.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte));
    let _number = question.check(&Value::Int(number));
    if let Ok(text) = std::str::from_utf8(said) {
        let _text = question.check(&text.into());
    }
}

/// An office's points table: numbers and mapping, with a zero byte between them.
pub(super) fn points_table(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (numbers, mapping) = text.split_once('\0').unwrap_or((text, ""));
    let files = PointsFiles { numbers: numbers.to_owned(), mapping: mapping.to_owned() };
    let _loaded = files.load(&STANDARD);
}
