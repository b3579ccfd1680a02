//! What a broken or hostile phone may send to a real server: each thing is named, kept where it is evidence, and leaves
//! everything else in the same request to succeed.

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use house_tests::client::{Answer, Client};
use house_tests::house::{FORM, House, ROUND};
use house_tests::phone::Phone;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::form::FormVersion;
use schemas::ids::{HouseholdId, UnitId};
use schemas::value::Value as Answered;
use serde_json::Value;
use server::domain::log::SecurityEventKind;
use server::store;
use std::collections::BTreeMap;
use sync_protocol::actor::Author;
use sync_protocol::change::{Slot, Write};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalEntry, JournalHead, Scope};
use sync_protocol::message::{MAX_REQUEST_BYTES, Request, Response, SegmentAnswer};
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::{Hold, Rejection, Verdict};

/// Where a change's chunk says what kind it is.
const CHUNK_TYPE: usize = 8;
/// A chunk that holds a whole document.
const DOCUMENT: u8 = 0;
/// A chunk that holds many changes.
const BUNDLE: u8 = 3;

/// A phone that lan enrolled and that signs whatever it likes.
struct Hostile {
    house: House,
    client: Client,
    key: SigningKey,
    device: String,
}

impl Hostile {
    async fn start() -> Result<Self> {
        let house = House::with_open_round().await?;
        house.assign(house.people.lan, house.units.village).await?;
        let admin = house.as_account(house.people.admin).await?;
        let phone = Phone::new(7);
        let enrolled = phone.enrol(&admin, &house.anonymous, house.people.lan, house.units.commune).await?;
        let client = house.anonymous.with_token(enrolled.text("token"));
        let device = enrolled.text("device").to_owned();
        Ok(Self { key: phone.key().clone(), house, client, device })
    }

    fn author(&self) -> Author {
        let key = PublicKey(self.key.verifying_key().to_bytes());
        Author { key, account: self.house.people.lan, epoch: 1 }
    }

    fn scope(&self, village: UnitId) -> Result<Scope> {
        Ok(Scope { village, round: ROUND.parse()? })
    }

    /// The document of a household that nobody has listed yet.
    fn document(&self, household: HouseholdId) -> Result<History> {
        let standard = self.house.app.standards.form(&FormVersion(FORM.to_owned())).context("the form")?;
        let genesis = Genesis { household, round: ROUND.parse()?, form: FormVersion(FORM.to_owned()) };
        Ok(History::new(genesis, standard.clone()))
    }

    /// A change to a household that nobody has listed yet.
    fn change(&self, household: HouseholdId, floor_area: i64) -> Result<(Vec<u8>, ChangeHash)> {
        self.answer(&self.document(household)?, &self.author(), "floor_area", floor_area.into())
    }

    /// A change that answers one question as somebody, whatever the form says to it.
    fn answer(&self, on: &History, author: &Author, question: &str, value: Answered) -> Result<(Vec<u8>, ChangeHash)> {
        let writes = BTreeMap::from([(Slot::Answer(question.parse()?), Write::Put(value))]);
        let draft = on.draft(on.heads(), author.actor(), 1_790_000_000, None, &writes);
        let bytes = draft.and_then(|draft| draft.encode()).context("a change")?;
        let (_, hash) = sync_protocol::change::parse(&bytes)?;
        Ok((bytes, hash))
    }

    /// What is written down of refusals of a kind so far, oldest first: what each says behind the device.
    async fn written_down(&self, kind: SecurityEventKind) -> Result<Vec<String>> {
        let events = store::security_event::newest(&mut self.house.app.store.read().await?, 100).await?;
        let mut written = Vec::new();
        for event in events.into_iter().rev().filter(|event| event.kind == kind) {
            assert_eq!(event.actor, Some(self.house.people.lan), "{event:?}");
            let said = event.subject.strip_prefix(&format!("{} ", self.device)).context("the device")?;
            written.push(said.to_owned());
        }
        Ok(written)
    }

    /// The changes that are kept although they were not let in: household, verdict, and whether it says why.
    async fn kept_aside(&self) -> Result<Vec<(HouseholdId, Verdict, bool)>> {
        let (mut read, commune) = (self.house.app.store.read().await?, self.house.units.commune);
        let kept = store::change::refused(&mut read, commune, &ROUND.parse()?).await?;
        let mut kept: Vec<_> =
            kept.into_iter().map(|change| (change.household, change.verdict, change.reason.is_some())).collect();
        kept.sort_unstable();
        Ok(kept)
    }

    /// Signs a segment of these changes, in the order of the journal.
    fn segment(&self, village: UnitId, changes: Vec<(HouseholdId, ChangeHash, Vec<u8>)>) -> Result<Vec<u8>> {
        let mut journal = JournalHead::default();
        let (mut entries, mut payloads): (Vec<JournalEntry>, Vec<Payload>) = (Vec::new(), Vec::new());
        for (household, hash, bytes) in changes {
            entries.push(journal.append(None, 0, 0, Body::Change { household, hash }));
            payloads.push(Payload::Raw(bytes.into()));
        }
        Ok(Segment::sign(self.author(), self.scope(village)?, entries, payloads, &self.key).to_bytes())
    }

    async fn send(&self, segments: Vec<Vec<u8>>) -> Result<Vec<SegmentAnswer>> {
        let request = Request::bringing(segments.into_iter().map(Into::into).collect(), 1, 0);
        let (status, body) = self.client.post_raw("/api/sync", request.to_bytes()).await?;
        assert_eq!(status, 200);
        Ok(Response::from_bytes(&body)?.segments)
    }

    async fn refused(&self, body: Vec<u8>) -> Result<Answer> {
        self.client.post_bytes("/api/sync", body).await
    }
}

fn home(n: u8) -> HouseholdId {
    HouseholdId([n; 16])
}

#[tokio::test]
async fn what_is_no_message_is_named_and_changes_nothing() -> Result<()> {
    let phone = Hostile::start().await?;
    let cases = [
        (b"hello".to_vec(), 422, "sync/unreadable"),
        (Vec::new(), 422, "sync/unreadable"),
        (vec![0x86, 9], 426, "sync/version"),
        (vec![0x1f, 0x8b, 8, 0], 422, "sync/unreadable"),
        (vec![0; MAX_REQUEST_BYTES + 1], 413, "request/too-large"),
    ];
    for (body, status, slug) in cases {
        let answer = phone.refused(body).await?;
        assert_eq!((answer.status, answer.slug()), (status, slug), "{answer:?}");
    }
    phone.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_faulty_change_or_segment_holds_up_nothing_beside_it() -> Result<()> {
    let phone = Hostile::start().await?;
    let village = phone.house.units.village;
    let (honest, hash) = phone.change(home(1), 300)?;
    let (mut compressed, other) = phone.change(home(2), 300)?;
    compressed[8] = 2;
    let (copied, copied_hash) = phone.change(home(3), 300)?;
    let outside = phone.house.units.other_village;
    let mut forged = phone.segment(village, vec![(home(5), hash, honest.clone())])?;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let large = vec![0; 20_000];
    let mixed = vec![
        (home(2), other, compressed),
        (home(2), other, large),
        (home(1), hash, honest.clone()),
        (home(1), hash, honest),
    ];
    let answers = phone
        .send(vec![
            b"not a segment".to_vec(),
            forged,
            phone.segment(village, mixed)?,
            phone.segment(outside, vec![(home(3), copied_hash, copied)])?,
            phone.segment(UnitId(999_999), vec![])?,
        ])
        .await?;
    let taken = |verdicts: &[Verdict]| SegmentAnswer::Taken(verdicts.to_vec());
    let refused = |slug: &str| SegmentAnswer::Refused(slug.to_owned());
    let (chunk, large) = (Verdict::Rejected(Rejection::ChunkType), Verdict::Rejected(Rejection::TooLarge));
    let mixed = taken(&[chunk, large, Verdict::Accepted, Verdict::Accepted]);
    let outside = taken(&[Verdict::Held(Hold::OutOfScope)]);
    let expected =
        [refused("segment/unreadable"), refused("segment/signature"), mixed, outside, refused("segment/chain")];
    assert_eq!(answers, expected);
    assert_written_down(&phone).await?;
    phone.house.stop().await;
    Ok(())
}

/// What is left of the refusals as evidence.
async fn assert_written_down(phone: &Hostile) -> Result<()> {
    let segments = phone.written_down(SecurityEventKind::SegmentRefused).await?;
    assert_eq!(segments, ["segment/unreadable", "segment/signature", "segment/chain"]);
    let changes = phone.written_down(SecurityEventKind::ChangeRefused).await?;
    assert!(starts(&changes, &["1/1 change/chunk-type ", "1/2 change/too-large "]), "{changes:?}");
    assert_eq!(phone.kept_aside().await?, [(home(3), Verdict::Held(Hold::OutOfScope), false)]);
    Ok(())
}

/// A change as it is sent: whose it is said to be, which the journal names, the bytes, and the verdict that it must get.
type Sent = (HouseholdId, ChangeHash, Vec<u8>, Verdict);

/// One change of every kind that may not be, among two that may.
fn every_kind(phone: &Hostile) -> Result<Vec<Sent>> {
    let (own, rejected) = (phone.author(), Verdict::Rejected);
    let stolen = Author { key: PublicKey([7; 32]), ..own };
    let (founding, founded) = phone.change(home(1), 300)?;
    let (other_bytes, _) = phone.change(home(1), 301)?;
    let (mut bundle, of_bundle) = phone.change(home(2), 300)?;
    bundle[CHUNK_TYPE] = BUNDLE;
    let (mut whole, of_whole) = phone.change(home(2), 301)?;
    whole[CHUNK_TYPE] = DOCUMENT;
    let (by_another, of_another) = phone.answer(&phone.document(home(3))?, &stolen, "floor_area", 300.into())?;
    let (words, of_words) = phone.answer(&phone.document(home(4))?, &own, "floor_area", "rất rộng".into())?;
    let (unasked, of_unasked) = phone.answer(&phone.document(home(5))?, &own, "khong_co", 1.into())?;
    let (odd, of_odd) = phone.answer(&phone.document(home(6))?, &own, "floor_area", (-5).into())?;
    Ok(vec![
        (home(1), founded, founding.clone(), Verdict::Accepted),
        (home(7), founded, founding, rejected(Rejection::OtherHousehold)),
        (home(8), founded, other_bytes, rejected(Rejection::OtherHash)),
        (home(2), of_bundle, bundle, rejected(Rejection::ChunkType)),
        (home(2), of_whole, whole, rejected(Rejection::ChunkType)),
        (home(3), of_another, by_another, rejected(Rejection::ForeignActor)),
        (home(4), of_words, words, rejected(Rejection::WrongType)),
        (home(5), of_unasked, unasked, rejected(Rejection::UnknownKey)),
        // A number that cannot be is a question to a person, who sees a warning: it comes in.
        (home(6), of_odd, odd, Verdict::Accepted),
    ])
}

/// Whether each text begins as expected, and there are no others.
fn starts(texts: &[String], expected: &[&str]) -> bool {
    texts.len() == expected.len() && texts.iter().zip(expected).all(|(text, expected)| text.starts_with(expected))
}

#[tokio::test]
async fn each_change_that_may_not_be_gets_its_own_verdict_and_stays_as_evidence() -> Result<()> {
    let phone = Hostile::start().await?;
    let sent = every_kind(&phone)?;
    let changes = sent.iter().map(|(household, hash, bytes, _)| (*household, *hash, bytes.clone())).collect();
    let verdicts: Vec<Verdict> = sent.iter().map(|(.., verdict)| *verdict).collect();
    let segment = phone.segment(phone.house.units.village, changes)?;
    assert_eq!(phone.send(vec![segment]).await?, [SegmentAnswer::Taken(verdicts)]);
    // Bytes that are not the change which the journal names prove nothing about it: only that they came is written down.
    let written = phone.written_down(SecurityEventKind::ChangeRefused).await?;
    let unproven =
        ["1/3 change/other-hash ", "1/4 change/chunk-type ", "1/5 change/chunk-type ", "1/6 change/foreign-actor "];
    assert!(starts(&written, &unproven), "{written:?}");
    // Changes that are what the journal names are kept whole, with the reason.
    let kept = [
        (home(4), Verdict::Rejected(Rejection::WrongType), true),
        (home(5), Verdict::Rejected(Rejection::UnknownKey), true),
        (home(7), Verdict::Rejected(Rejection::OtherHousehold), true),
    ];
    assert_eq!(phone.kept_aside().await?, kept);
    phone.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_edit_that_builds_on_another_household_is_refused_in_a_later_request_too() -> Result<()> {
    let phone = Hostile::start().await?;
    let village = phone.house.units.village;
    let (founding, founded) = phone.change(home(1), 300)?;
    let mut document = phone.document(home(1))?;
    let (expanded, _) = sync_protocol::change::parse(&founding)?;
    let node = document.read(&expanded, founded).context("fits")?;
    document.push(node);
    let (edit, edited) = phone.answer(&document, &phone.author(), "floor_area", 310.into())?;
    let first = phone.segment(village, vec![(home(1), founded, founding), (home(1), edited, edit.clone())])?;
    let accepted = SegmentAnswer::Taken(vec![Verdict::Accepted; 2]);
    assert_eq!(phone.send(vec![first]).await?, [accepted]);
    let again = phone.segment(village, vec![(home(2), edited, edit)])?;
    let refused = Verdict::Rejected(Rejection::OtherHousehold);
    assert_eq!(phone.send(vec![again]).await?, [SegmentAnswer::Taken(vec![refused])]);
    assert_eq!(phone.kept_aside().await?, [(home(2), refused, true)]);
    phone.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_device_that_was_shut_out_is_told_so_and_keeps_its_work() -> Result<()> {
    let phone = Hostile::start().await?;
    let admin = phone.house.as_account(phone.house.people.admin).await?;
    assert!(admin.post(&format!("/api/devices/{}/revoke", phone.device), Value::Null).await?.is_success());
    let answer = phone.refused(vec![0x86, 1]).await?;
    assert_eq!((answer.status, answer.slug()), (401, "device/revoked"));
    phone.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn mutated_requests_never_bring_the_server_down() -> Result<()> {
    let phone = Hostile::start().await?;
    let village = phone.house.units.village;
    let (bytes, hash) = phone.change(home(1), 300)?;
    let segment = phone.segment(village, vec![(home(1), hash, bytes)])?;
    let request = Request { want_bytes: 1_000, ..Request::bringing(vec![segment.into()], 1, 0) };
    let honest = request.to_bytes();
    let mut rng = StdRng::seed_from_u64(20_261_123);
    for _ in 0..400 {
        let mut body = honest.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..body.len());
            body[at] = rng.random();
        }
        body.truncate(rng.random_range(1..=body.len()));
        let answer = phone.refused(body).await?;
        assert!(matches!(answer.status, 200 | 422 | 426 | 413), "{answer:?}");
    }
    let (status, _) = phone.client.post_raw("/api/sync", honest).await?;
    assert_eq!(status, 200, "the honest request still passes");
    phone.house.stop().await;
    Ok(())
}
