//! A parcel with Lan's interview and its answer, and what is in both once they are opened.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use super::file::{annotated, compared, plain};
use super::scene::{answered, at, interviewed, key, lan_with_interview, phone, scope, server};
use super::shapes;
use crate::message::{Request, Response, SegmentAnswer};
use crate::parcel::{Letter, Parcel, ParcelAnswer, ParcelKey, Reply, SealSecret, Share, Shared};
use crate::verdict::Verdict;

/// Chance that anybody can repeat: each draw is of equal bytes, one more than those of the draw before.
pub(super) struct Counted(pub(super) u8);

impl TryRng for Counted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from(self.next()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.next()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.next());
        Ok(())
    }
}

impl TryCryptoRng for Counted {}

impl Counted {
    fn next(&mut self) -> u8 {
        self.0 += 1;
        self.0
    }
}

#[test]
fn parcels_are_what_they_were() {
    let secret = SealSecret::from_bytes([0x60; 32]);
    let to = ParcelKey::sign(secret.public(), &key(5));
    let (mut lan, mut chance) = (lan_with_interview(), Counted(0x60));
    let made = lan.parcel(&to, at(1).wall_ms, &mut chance).unwrap();
    let about =
        "Lan's interview in a parcel, sealed to the server's parcel key (secret 32 times 60). The parcel's id is
        16 times 61; the secret of the reply key is 32 times 62, that of the ephemeral key 32 times 63.";
    let kept = compared("parcel", about, &annotated(&made.bytes, "parcel", shapes::ENVELOPE));
    let parcel = Parcel::read(&kept).unwrap();
    let opened = parcel.open(&secret).unwrap();
    let letter = annotated(&opened.letter().to_bytes(), "letter", shapes::LETTER);
    let kept = compared("letter", "What is sealed in parcel.txt. Its request holds segment.txt.", &letter);
    assert_eq!(Letter::read(&kept).as_ref(), Ok(opened.letter()));
    assert_eq!(Request::from_bytes(opened.request()).unwrap().segments.len(), 1);
    let response =
        Response { more: true, ..answered(vec![SegmentAnswer::Taken(vec![Verdict::Accepted])], Vec::new()) }.to_bytes();
    let answer = opened.answer(response, to, &key(5), &mut chance).unwrap();
    let about = "The answer to parcel.txt: accepted, and there is more to read. The secret of the ephemeral key is 32 times 64.";
    let kept = compared("parcel-answer", about, &annotated(&answer, "answer", shapes::ENVELOPE));
    let reply = ParcelAnswer::read(&kept).unwrap().open(&SealSecret::from_bytes([0x62; 32]), &server()).unwrap();
    assert_eq!(reply.1, to);
    let reply = ParcelAnswer::read(&kept).unwrap().unsealed(&SealSecret::from_bytes([0x62; 32])).unwrap();
    let reply = annotated(&reply.to_bytes(), "reply", shapes::REPLY);
    let kept = compared("reply", "What is sealed in parcel-answer.txt.", &reply);
    assert!(Reply::read(&kept).is_ok());
    lan.parcel_answer(&answer, at(2).wall_ms).unwrap();
    assert_eq!(lan.waiting(), 0);
}

#[test]
fn shares_are_what_they_were() {
    let (keys, villages) = (vec![SealSecret::from_bytes([0x70; 32])], vec![scope(41)]);
    let given = Response { assigned: Some(villages), village_keys: Some(keys), ..answered(Vec::new(), Vec::new()) };
    let about = "The server gives a village, and the key under which those who survey it share work (32 times 70).";
    let kept = compared("response-keys", about, &annotated(&given.to_bytes(), "response", shapes::RESPONSE));
    assert_eq!(Response::from_bytes(&kept).as_ref(), Ok(&given));
    let [lan, mut minh] = [1, 2].map(|n| {
        let mut device = phone(n, Vec::new());
        let sync = device.request(at(0).wall_ms, 65_536);
        device.answer(&sync, &given.to_bytes(), at(0).wall_ms).unwrap();
        device
    });
    let lan = interviewed(lan);
    let (bytes, changes) = lan.share(&scope(41), &mut Counted(0x70)).unwrap();
    let about =
        "Lan's interview for her colleagues, sealed to the village's key. The share's id is 16 times 71, the secret of
        the ephemeral key 32 times 72.";
    let kept = compared("share", about, &annotated(&bytes, "share", shapes::ENVELOPE));
    let shared = Share::read(&kept).unwrap().open(&SealSecret::from_bytes([0x70; 32])).unwrap();
    let inside = annotated(&shared.to_bytes(), "shared", shapes::SHARED);
    let kept = compared("shared", "What is sealed in share.txt: segment.txt.", &inside);
    assert_eq!(Shared::read(&kept), Ok(shared));
    assert_eq!((changes, minh.look(&bytes).unwrap().shown), (1, 1));
}

#[test]
fn hashes_of_parcels_are_what_they_were() {
    let secret = SealSecret::from_bytes([0x60; 32]);
    let to = ParcelKey::sign(secret.public(), &key(5));
    let made = lan_with_interview().parcel(&to, at(1).wall_ms, &mut Counted(0x60)).unwrap();
    let opened = Parcel::read(&made.bytes).unwrap().open(&secret).unwrap();
    let ephemeral = SealSecret::from_bytes([0x63; 32]);
    let lines = [
        ("the server's parcel key (secret 32 times 60)", secret.public().0.to_vec()),
        ("its name", to.id().0.to_vec()),
        ("what the server signs of it", to.signed().to_vec()),
        ("what the device signs of letter.txt", opened.letter().signed(&opened.parcel(), &to.id()).to_vec()),
        ("what X25519 gives both ends of parcel.txt", ephemeral.shared_with(&secret.public()).unwrap().to_vec()),
    ];
    let body: String = lines.iter().map(|(about, bytes)| plain(bytes, about)).collect();
    compared("parcel-hashes", "The hashes of PROTOCOL.md, \"Parcels\", for parcel.txt.", &body);
}
