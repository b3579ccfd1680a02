//! One phone that sends what it may not: it was let in, has a key of its own, and signs whatever it likes.
//!
//! Nothing here goes through the headless phone, whose own gate would not let it out. Everything is aimed at one household
//! that the commune really reviews.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use ed25519_dalek::{Signer, SigningKey};
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::value::Value;
use serde_json::json;
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalHead, Scope};
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::{Payload, Segment};

use super::desk::Desk;
use super::teller::Teller;
use crate::domain::device::enrolment_message;
use crate::token::{EnrolmentSecret, hex, unhex};

/// The rogue's phone.
pub(super) struct Rogue {
    desk: Desk,
    author: Author,
    key: SigningKey,
}

/// A change that somebody else should believe.
type Forged = (HouseholdId, ChangeHash, Vec<u8>);

impl Rogue {
    /// Is let in like everybody: with a code that the office gave to an enumerator.
    pub(super) async fn enrol(
        server: &str,
        reviewer: &Desk,
        (account, unit): (AccountId, UnitId),
        teller: &Teller,
    ) -> anyhow::Result<Self> {
        let code = reviewer.post("/api/enrolment-codes", &json!({ "account": account, "unit": unit })).await?;
        let server_key: [u8; 32] = code["server_key"].as_str().and_then(unhex).context("the server's key")?;
        let secret: EnrolmentSecret = code["code"].as_str().context("a code")?.parse()?;
        let key = SigningKey::from_bytes(&teller.chance("rogue").bytes());
        let signature = key.sign(&enrolment_message(&server_key, &secret));
        let body = json!({
            "code": secret.reveal(), "public_key": hex(key.verifying_key().as_bytes()),
            "signature": hex(&signature.to_bytes()), "name": "Máy lạ",
        });
        let enrolled = Desk::nobody(server)?.post("/api/devices", &body).await?;
        let desk = Desk::with_token(server, enrolled["token"].as_str().context("a token")?)?;
        let author = Author { key: PublicKey(key.verifying_key().to_bytes()), account, epoch: 1 };
        Ok(Self { desk, author, key })
    }

    /// Sends one request full of what it may not send; says how much of it was refused, which has to be all.
    pub(super) async fn attack(&self, history: &History, scope: &Scope) -> anyhow::Result<usize> {
        let household = history.genesis().household;
        let stolen = Author { key: PublicKey([7; 32]), ..self.author };
        let as_another = forge(history, &stolen, 9_999.into())?;
        let mut compressed = forge(history, &self.author, 8_888.into())?;
        compressed.2[CHUNK_TYPE] = 2;
        let mut cut = forge(history, &self.author, 7_777.into())?;
        cut.2.truncate(cut.2.len() / 2);
        let elsewhere = (HouseholdId([9; 16]), as_another.1, as_another.2.clone());
        let words = forge(history, &self.author, "rất nhiều".into())?;
        let mut tampered = self.segment(scope, vec![forge(history, &self.author, 6_666.into())?]);
        let last = tampered.len() - 1;
        tampered[last] ^= 1;
        let forged = self.segment(scope, vec![as_another, compressed, cut, elsewhere, words]);
        let segments = vec![b"not a segment".to_vec(), tampered, forged];
        let answers = self.send(segments).await?;
        let refused = answers.iter().map(|answer| match answer {
            SegmentAnswer::Taken(verdicts) => verdicts.iter().filter(|verdict| verdict.code() >= HELD).count(),
            SegmentAnswer::Refused(_) | SegmentAnswer::NotTaken(_) | SegmentAnswer::SendBytes(_) => 1,
        });
        let refused = refused.sum();
        ensure!(refused == SENT, "household {household}: {answers:?}");
        Ok(refused)
    }

    fn segment(&self, scope: &Scope, changes: Vec<Forged>) -> Vec<u8> {
        let mut journal = JournalHead::default();
        let (mut entries, mut payloads) = (Vec::new(), Vec::new());
        for (household, hash, bytes) in changes {
            entries.push(journal.append(None, 0, 0, Body::Change { household, hash }));
            payloads.push(Payload::Raw(bytes.into()));
        }
        Segment::sign(self.author, scope.clone(), entries, payloads, &self.key).to_bytes()
    }

    async fn send(&self, segments: Vec<Vec<u8>>) -> anyhow::Result<Vec<SegmentAnswer>> {
        let segments = segments.into_iter().map(Into::into).collect();
        let request = Request::bringing(segments, 1, 0);
        let answer = self.desk.post_bytes("/api/sync", request.to_bytes()).await?;
        Ok(Response::from_bytes(&answer)?.segments)
    }
}

/// Where a change's chunk says what kind it is.
const CHUNK_TYPE: usize = 8;
/// Two segments that are none, and five changes.
const SENT: usize = 7;
/// Verdicts from here on are refusals.
const HELD: u8 = 16;

/// A change that makes a household's land what the rogue likes.
fn forge(history: &History, author: &Author, land: Value) -> anyhow::Result<Forged> {
    let writes = BTreeMap::from([(Slot::Answer("land_area".parse()?), Write::Put(land))]);
    let draft = history.draft(history.heads(), author.actor(), 1_790_000_000, None, &writes);
    let bytes = draft.and_then(|draft| draft.encode()).context("a change")?;
    let (_, hash) = change::parse(&bytes)?;
    Ok((history.genesis().household, hash, bytes))
}
