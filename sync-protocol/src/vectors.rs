//! Golden vectors: what somebody who writes another client compares their bytes with. Each is made here, compared with what
//! stands in `vectors/`, and read back from there. `RASOAT_BLESS=1` writes them anew; those of version 1 stay for ever.

mod file;
#[path = "../tests/protocol/form.rs"]
mod form;
mod parcels;
mod recovery;
mod scene;
mod shapes;

use file::{annotated, coded, compared, plain};
use scene::{GENERATION, HOME, Scene, answered, at, forms, key, phone, scene, scope};

use crate::change;
use crate::chapter::Chapter;
use crate::coder::trace::KINDS;
use crate::device::{Device, Record, View};
use crate::disagreement::{Disagreement, Side};
use crate::genesis::Genesis;
use crate::hash::ChangeHash;
use crate::history::SectionValue;
use crate::intent::fingerprint;
use crate::journal::{from_cbor, to_cbor};
use crate::log::{Cursor, Digest, origin};
use crate::message::{
    ChapterAnswer, LogEnd, PackedPage, Page, Request, Response, ScopeCursor, SegmentAnswer, cursors, holding,
};
use crate::segment::{Packed, Segment, SegmentFault};
use crate::verdict::Verdict;

fn request(name: &str, about: &str, bytes: &[u8]) -> Request {
    let kept = compared(name, about, &annotated(bytes, "request", shapes::REQUEST));
    let read = Request::from_bytes(&kept).unwrap();
    assert_eq!(read.to_bytes(), kept);
    read
}

fn response(name: &str, about: &str, response: &Response) {
    let kept = compared(name, about, &annotated(&response.to_bytes(), "response", shapes::RESPONSE));
    assert_eq!(Response::from_bytes(&kept).as_ref(), Ok(response));
}

/// The lines of a packed thing: its version, and the stream behind it.
fn packed(bytes: &[u8], decisions: &[String]) -> String {
    plain(&bytes[..1], "packed, version 1") + &coded(&bytes[1..], decisions)
}

fn idle(scopes: u64) -> Device {
    phone(1, (1..=scopes).map(|n| scope(1_000 * n * n)).collect())
}

#[test]
fn a_segment_with_another_signature_is_refused() {
    let mut bytes = scene().plain.to_bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let about = "segment.txt with the last bit of its signature turned.
        Segment::open gives segment/signature; the server answers [1, [\"segment/signature\"]].";
    let kept = compared("segment-refused", about, &annotated(&bytes, "segment", shapes::SEGMENT));
    assert_eq!(Segment::open(&kept), Err(SegmentFault::Signature));
}

#[test]
fn requests_are_what_they_were() {
    let scene = scene();
    let nothing = request(
        "request-nothing",
        "Lan's phone brings nothing and holds one village: cursors go packed (cursors.txt explains such bytes), and the last
        row is named.",
        &scene.idle.bytes,
    );
    assert_eq!((nothing.scopes.len(), nothing.scopes[0].cursor.position), (1, 2));
    let many = idle(40).request(at(2).wall_ms, 65_536);
    let held = request(
        "request-holding",
        "A phone that holds 40 villages sends the hash of how far it has read.",
        &many.bytes,
    );
    assert!(held.holding.is_some() && held.scopes.is_empty());
    let mut plain_lan = scene::lan_with_interview();
    let plain = scene::plain_request(&mut plain_lan, 1);
    let read = request("request-segment", "Lan's interview as a plain segment (segment.txt).", &plain.to_bytes());
    assert_eq!(Segment::open(&read.segments[0]), Ok(scene.plain));
    let about =
        "Lan's edit of three answers as a packed segment (segment-packed-edit.txt), 67 bytes of which are signature,
        check byte, version and length.";
    assert_eq!(request("request-packed", about, &scene.edit.bytes).segments.len(), 1);
    let mut asking = idle(1);
    asking.apply(&Record::AskBytes(vec![scope(1_000)]));
    let asking = asking.request(at(2).wall_ms, 65_536);
    let read =
        request("request-as-bytes", "A page could not be made from its intents: it has to come plain.", &asking.bytes);
    assert_eq!(read.as_bytes, Some(vec![scope(1_000)]));
}

#[test]
fn segments_are_what_they_were() {
    let scene = scene();
    let bytes = scene.plain.to_bytes();
    let about = "Lan's interview of a household that nobody has listed yet, as it is signed, stored and relayed.";
    let kept = compared("segment", about, &annotated(&bytes, "segment", shapes::SEGMENT));
    assert_eq!(Segment::open(&kept).unwrap().to_bytes(), kept);
    let about = ["segment.txt packed: an intent in place of the change.", "Lan's edit of three answers, packed."];
    for (name, about, sync) in
        [("segment-packed", about[0], &scene.interview), ("segment-packed-edit", about[1], &scene.edit)]
    {
        let bytes = Request::from_bytes(&sync.bytes).unwrap().segments[0].to_vec();
        let kept = compared(name, about, &packed(&bytes, &Packed::decisions(&bytes, &forms())));
        assert_eq!(Packed::read(&kept, &forms()).unwrap().to_bytes(), Some(kept));
    }
}

#[test]
fn photos_and_commands_are_what_they_were() {
    let mut lan = scene::lan_with_photo_and_command(scene().lan);
    let bytes = Request::from_bytes(&lan.request(at(2).wall_ms, 65_536).bytes).unwrap().segments[0].to_vec();
    let plain = scene::plain_segment(&mut lan, 3).to_bytes();
    let about = "Lan announces a photo of 204,800 bytes and asks for a decision, after her interview was read back.
        The command's bytes are an example: they are the application's.";
    let kept = compared("segment-photo", about, &annotated(&plain, "segment", shapes::SEGMENT));
    assert_eq!(Segment::open(&kept).unwrap().to_bytes(), kept);
    let decisions = Packed::decisions(&bytes, &forms());
    let kept = compared("segment-photo-packed", "segment-photo.txt packed.", &packed(&bytes, &decisions));
    assert_eq!(Packed::read(&kept, &forms()).unwrap().to_bytes(), Some(kept));
}

#[test]
fn what_was_forgotten_is_given_back_as_it_was() {
    let Scene { mut lan, idle, .. } = scene();
    let known = ScopeCursor { scope: scope(41), cursor: Cursor { generation: GENERATION, position: 0 } };
    let forgotten = Response { forgotten: Some(vec![known]), ..answered(Vec::new(), Vec::new()) };
    let about = "The server was set back: of village 41, which Lan's phone has read up to row 2, it knows nothing.";
    response("response-forgotten", about, &forgotten);
    assert!(lan.answer(&idle, &forgotten.to_bytes(), at(2).wall_ms).unwrap().more);
    let asked = lan.request(at(2).wall_ms, 65_536);
    let about = "Lan's phone gives back what it has read (chapter.txt).";
    let chapters = request("request-chapters", about, &asked.bytes).chapters.unwrap();
    let about = "The rows of page.txt under their head, with the bytes of the one change among them.";
    let kept = compared("chapter", about, &annotated(&chapters[0], "chapter", shapes::CHAPTER));
    let opened = Chapter::open(&kept, &scene::server()).unwrap();
    assert_eq!((opened.to_bytes(), opened.proven().unwrap().len(), chapters.len()), (kept, 1, 1));
    let left_out = vec![(0, "chapter/unknown-author".to_owned()), (2, "household/erased".to_owned())];
    let answers = vec![
        ChapterAnswer::Taken(Vec::new()),
        ChapterAnswer::Taken(left_out),
        ChapterAnswer::Refused("chapter/not-forgotten".to_owned()),
        ChapterAnswer::NotTaken("sync/busy".to_owned()),
    ];
    let all = Response { chapters: Some(answers), ..answered(Vec::new(), Vec::new()) };
    response("response-chapters", "Every answer to a chapter.", &all);
    let set_back = Response { set_back: Some(GENERATION + 1), ..answered(Vec::new(), Vec::new()) };
    let about = "The server knows that it was set back, and that its logs got this generation.";
    response("response-set-back", about, &set_back);
}

#[test]
fn pages_are_what_they_were() {
    let scene = scene();
    let abouts = [
        ("page", "The first two rows of a log: the household entered, Lan's interview was accepted."),
        ("page-later", "The next three rows: Lan's edit, a change that was rejected, the household left."),
    ];
    for ((name, about), page) in abouts.into_iter().zip(&scene.pages) {
        let bytes = to_cbor(page);
        let kept = compared(name, about, &annotated(&bytes, "page", shapes::PAGE));
        assert_eq!(from_cbor::<Page>(&kept).as_ref().ok(), Some(page));
        assert!(page.head.is_signed_by(&scene::server()));
    }
    let abouts = [
        ("page-packed", "page.txt packed for Minh, who holds nothing of the village yet."),
        (
            "page-packed-own",
            "page.txt packed for Lan, who wrote its change: the number of the journal entry is enough.",
        ),
        ("page-packed-later", "page-later.txt packed for Minh, who has read page.txt."),
    ];
    for ((name, about), bytes) in abouts.into_iter().zip(&scene.packed) {
        let kept = compared(name, about, &packed(bytes, &PackedPage::decisions(bytes, &forms())));
        assert_eq!(PackedPage::read(&kept, &forms()).unwrap().to_bytes(), Some(kept));
    }
}

#[test]
fn responses_are_what_they_were() {
    let taken = Verdict::ALL.to_vec();
    let answers = vec![
        SegmentAnswer::Taken(taken),
        SegmentAnswer::Refused("segment/signature".to_owned()),
        SegmentAnswer::NotTaken("sync/busy".to_owned()),
        SegmentAnswer::SendBytes(vec![0, 2]),
        SegmentAnswer::SendBytes(Vec::new()),
    ];
    let all = Response { assigned: Some(vec![scope(41)]), name_scopes: Some(true), ..answered(answers, Vec::new()) };
    response("response-answers", "Every answer to a segment; every verdict there is, by its number.", &all);
    let scene = scene();
    let [page, _] = scene.pages;
    let with_page = Response { pages: vec![page], more: true, ..answered(Vec::new(), Vec::new()) };
    response("response-page", "A plain page (page.txt); there is more to ask for.", &with_page);
    let [minh, ..] = scene.packed;
    response("response-packed", "A packed page (page-packed.txt).", &answered(Vec::new(), vec![minh]));
}

#[test]
fn cursors_are_what_they_were() {
    let cursor =
        |village, generation, position| ScopeCursor { scope: scope(village), cursor: Cursor { generation, position } };
    let three = vec![cursor(41, GENERATION, 2), cursor(42, GENERATION, 1_207), cursor(57, 78, 0)];
    let bare = Request { scopes: three.clone(), ..Request::bringing(Vec::new(), 1, 0) };
    let bytes = cursors::pack(&three).unwrap();
    let about = "packed_scopes of a request: villages 41, 42 and 57 of one round, generations 77 and 78.
        There is no version byte: the version of the request stands for it.";
    let kept = compared("cursors", about, &coded(&bytes, &cursors::decisions(&bytes)));
    assert_eq!(cursors::unpack(&kept), Ok(three));
    assert_eq!(Request::from_bytes(&bare.to_bytes()), Ok(bare));
}

#[test]
fn hashes_are_what_they_were() {
    let scene = scene();
    let author = *scene.plain.author();
    let [page, _] = &scene.pages;
    let genesis = Genesis { household: HOME, round: scope(41).round, form: forms()[0].version.clone() };
    let log_start = origin(&scope(41), GENERATION);
    let mut digest = Digest::default();
    digest.add(&HOME, &[ChangeHash([1; 32]), ChangeHash([2; 32])]);
    let side = |n| Side { value: SectionValue::Answers(Default::default()), changes: vec![ChangeHash([n; 32])] };
    let section = "housing".parse().unwrap();
    let base = SectionValue::Answers(Default::default());
    let disagreement = Disagreement { section, sides: vec![side(1), side(2)], base };
    let at = ScopeCursor { scope: scope(41), cursor: Cursor { generation: GENERATION, position: 2 } };
    let ends = [LogEnd { at, row: Some(page.head.row) }];
    let bytes = |hash: &[u8]| hash.to_vec();
    let lines = [
        ("public key of Lan's phone (secret key 32 times 01)", bytes(&author.key.0)),
        ("public key of the server (secret key 32 times 05)", bytes(&scene::server().0)),
        ("device id of Lan's phone", bytes(&author.device().0)),
        ("actor id: Lan's phone, account 1, epoch 1", bytes(&author.actor().0)),
        ("genesis change: household 16 times 11, round 2026-dinh-ky, form test/1", bytes(&genesis.hash().0)),
        ("the interview's change (segment.txt)", bytes(&change::parse(&page.changes[0]).unwrap().1.0)),
        ("its journal entry", bytes(&scene.plain.head().unwrap().0)),
        ("what the segment's signature covers", bytes(&scene.plain.signed_bytes())),
        ("origin of the log of village 41, generation 77", bytes(&log_start.0)),
        ("row 1 (page.txt)", bytes(&page.rows[0].hash(&log_start).0)),
        ("row 2", bytes(&page.head.row.0)),
        ("what the signature of the head after row 2 covers", bytes(&page.head.signed_bytes())),
        ("digest after row 2", bytes(&page.head.digest)),
        ("digest of household 16 times 11 with heads 32 times 01 and 02", bytes(&digest.sum())),
        ("disagreement on housing between 32 times 01 and 32 times 02", bytes(&disagreement.id().0)),
        ("holding: village 41, generation 77, position 2, row 2", bytes(&holding(&ends))),
        ("dictionary of form test/1 (PACKED.md)", bytes(&fingerprint(&forms()[0]))),
    ];
    let body: String = lines.iter().map(|(about, hash)| plain(hash, about)).collect();
    compared("hashes", "Each hash in the order of PROTOCOL.md; see there for what goes in.", &body);
    assert_eq!(author.key.0, key(1).verifying_key().to_bytes());
}

#[test]
fn messages_of_version_1_are_still_read_and_written() {
    let scene = scene();
    let mut plain_lan = scene::lan_with_interview();
    let oldest = Request { version: 1, ..scene::plain_request(&mut plain_lan, 1) };
    let about = "Version 1: cursors and segments are plain. This file is never written again.";
    assert_eq!(request("version-1/request", about, &oldest.to_bytes()), oldest);
    let [page, _] = scene.pages;
    let assigned = Some(vec![scope(41), scope(42)]);
    let taken = vec![SegmentAnswer::Taken(vec![Verdict::Accepted])];
    let answer = Response { version: 1, pages: vec![page], assigned, ..answered(taken, Vec::new()) };
    response("version-1/response", about, &answer);
    let mut lan = scene::lan_with_interview();
    let sync = lan.request(at(1).wall_ms, 65_536);
    let outcome = lan.answer(&sync, &answer.to_bytes(), at(1).wall_ms).unwrap();
    assert_eq!((outcome.remarks, lan.waiting(), lan.scopes().count()), (vec![], 0, 2));
    assert_eq!(lan.history(&HOME, View::Accepted).unwrap().nodes().len(), 1);
}

#[test]
fn every_kind_of_decision_is_explained() {
    let explained = include_str!("../PACKED.md");
    for (kind, about) in KINDS {
        assert!(explained.contains(&format!("`{kind:03x}")), "{kind:03x}, {about}");
    }
}
