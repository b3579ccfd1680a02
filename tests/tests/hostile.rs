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
use serde_json::Value;
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

    /// A change to a household that nobody has listed yet.
    fn change(&self, household: HouseholdId, floor_area: i64) -> Result<(Vec<u8>, ChangeHash)> {
        let standard = self.house.app.standards.form(&FormVersion(FORM.to_owned())).context("the form")?;
        let genesis = Genesis { household, round: ROUND.parse()?, form: FormVersion(FORM.to_owned()) };
        let history = History::new(genesis, standard.clone());
        let slot = Slot::Answer("floor_area".parse()?);
        let writes = BTreeMap::from([(slot, Write::Put(floor_area.into()))]);
        let draft = history.draft(history.heads(), self.author().actor(), 1_790_000_000, None, &writes);
        let bytes = draft.and_then(|draft| draft.encode()).context("a change")?;
        let (_, hash) = sync_protocol::change::parse(&bytes)?;
        Ok((bytes, hash))
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
    let answers = phone
        .send(vec![
            b"not a segment".to_vec(),
            forged,
            phone.segment(
                village,
                vec![
                    (home(2), other, compressed),
                    (home(2), other, vec![0; 20_000]),
                    (home(1), hash, honest.clone()),
                    (home(1), hash, honest),
                ],
            )?,
            phone.segment(outside, vec![(home(3), copied_hash, copied)])?,
            phone.segment(UnitId(999_999), vec![])?,
        ])
        .await?;
    let taken = |verdicts: &[Verdict]| SegmentAnswer::Taken(verdicts.to_vec());
    assert_eq!(answers[0], SegmentAnswer::Refused("segment/unreadable".to_owned()));
    assert_eq!(answers[1], SegmentAnswer::Refused("segment/signature".to_owned()));
    let chunk = Verdict::Rejected(Rejection::ChunkType);
    let large = Verdict::Rejected(Rejection::TooLarge);
    assert_eq!(answers[2], taken(&[chunk, large, Verdict::Accepted, Verdict::Accepted]));
    assert_eq!(answers[3], taken(&[Verdict::Held(Hold::OutOfScope)]));
    assert_eq!(answers[4], SegmentAnswer::Refused("segment/chain".to_owned()));
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
