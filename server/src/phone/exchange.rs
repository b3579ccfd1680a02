//! What the phone says to the server: that it is let in, that its token is renewed, and the exchange itself.

use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use schemas::form::FormVersion;
use schemas::ids::{AccountId, DeviceId, UnitId};
use serde::Deserialize;
use serde_json::json;
use sync_protocol::device::{Outcome, Record, Remark};

use super::blobs::BlobsSent;
use super::connection::{Connection, Road, Traffic};
use super::fault::PhoneFault;
use super::identity::{Identity, load_token, save_token};
use super::parcel::{read_key, save_key};
use super::store::Store;
use super::{Phone, Surroundings};
use crate::domain::device::enrolment_message;
use crate::token::{EnrolmentSecret, Token, hex, unhex};

/// What a phone needs to be let in.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// How the server is reached.
    pub road: Road,
    /// The code that the office gave out.
    pub code: String,
    /// The server's key as it stands in the QR beside the code, in hexadecimal. When only the letters of the code were
    /// passed on, the server is asked for it: then the road to it is what is trusted.
    pub server_key: Option<String>,
    /// What people will call the phone.
    pub name: String,
    /// The form on which new households are founded.
    pub form: FormVersion,
}

/// What an exchange came to. Everything it tells of is on disk, here and at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// What went over the line.
    pub traffic: Traffic,
    /// Journal entries that the server answered for.
    pub sent: usize,
    /// Journal entries that still wait.
    pub waiting: usize,
    /// Rows of logs that were read.
    pub rows: usize,
    /// What went otherwise than on a good day.
    pub remarks: Vec<Remark>,
    /// The server's clock less the phone's, in milliseconds.
    pub clock_offset_ms: i64,
    /// What became of photos.
    pub blobs: BlobsSent,
}

#[derive(Deserialize)]
struct Enrolled {
    device: DeviceId,
    token: String,
    server_key: String,
    account: AccountId,
    unit: UnitId,
    parcel_key: String,
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
    server_key: String,
}

#[derive(Deserialize)]
struct Renewed {
    token: String,
}

/// Proves a fresh key at the server and keeps the identity that comes of it.
pub(super) async fn enrol(
    store: &Store,
    enrolment: Enrolment,
    surroundings: &Surroundings,
) -> Result<(Identity, Token, Connection), PhoneFault> {
    let mut connection = Connection::new(&enrolment.road)?;
    let code: EnrolmentSecret = enrolment.code.parse().map_err(|_| PhoneFault::Code)?;
    let server_key = match &enrolment.server_key {
        Some(text) => unhex(text).ok_or(PhoneFault::ServerKey)?,
        None => ask_server_key(&mut connection).await?,
    };
    let key = SigningKey::from_bytes(&surroundings.chance.bytes());
    let body = json!({
        "code": code.reveal(),
        "public_key": hex(key.verifying_key().as_bytes()),
        "signature": hex(&key.sign(&enrolment_message(&server_key, &code)).to_bytes()),
        "name": enrolment.name,
    });
    let enrolled: Enrolled = connection.post_json("/api/devices", &body).await?;
    if unhex(&enrolled.server_key) != Some(server_key) {
        return Err(PhoneFault::Untrusted("server key".to_owned()));
    }
    let token = read_token(&enrolled.token)?;
    let parcel_key = read_key(&enrolled.parcel_key, &server_key)?;
    let Enrolled { device, account, unit, .. } = enrolled;
    let identity = Identity { key, server_key, device, account, unit, road: enrolment.road, form: enrolment.form };
    // The token first: a phone counts as enrolled once its identity is there.
    save_token(store, &token)?;
    save_key(store, &parcel_key)?;
    identity.save(store)?;
    Ok((identity, token, connection))
}

async fn ask_server_key(connection: &mut Connection) -> Result<[u8; 32], PhoneFault> {
    let challenge: Challenge = connection.post_json("/api/device-challenges", &json!(null)).await?;
    unhex(&challenge.server_key).ok_or_else(|| PhoneFault::Untrusted("server key".to_owned()))
}

fn read_token(text: &str) -> Result<Token, PhoneFault> {
    text.parse().map_err(|_| PhoneFault::Untrusted("token".to_owned()))
}

impl Phone {
    /// Sends everything that waits and reads everything that is new, then sends photos. An error when the server could not
    /// take all data; what was exchanged before it is kept. Photos that do not go are no error.
    pub async fn sync(&mut self) -> Result<Exchanged, PhoneFault> {
        let mut exchanged = self.sync_data().await?;
        exchanged.blobs = self.send_blobs().await?;
        Ok(exchanged)
    }

    /// The same without photos, for a line that costs money.
    pub async fn sync_data(&mut self) -> Result<Exchanged, PhoneFault> {
        let exchanged = self.exchange().await?;
        let not_taken = exchanged.remarks.iter().find_map(|remark| match remark {
            Remark::NotTaken(slug) => Some(slug.clone()),
            Remark::BadPage(_)
            | Remark::DigestDiffers(_)
            | Remark::NewGeneration(_)
            | Remark::NotAlone(_)
            | Remark::ReadAnew(_)
            | Remark::Forgotten(_)
            | Remark::NotTakenBack(..) => None,
        });
        match not_taken {
            Some(slug) if exchanged.waiting > 0 => Err(PhoneFault::NotTaken(slug)),
            Some(_) | None => Ok(exchanged),
        }
    }

    /// Reads everything that is new. Own work travels along, but need not be taken.
    pub async fn pull(&mut self) -> Result<Exchanged, PhoneFault> {
        self.exchange().await
    }

    /// A phone that was shut out and has nothing new brings once more what it has brought before: it is given nothing to read
    /// that would show that the server has forgotten.
    async fn exchange(&mut self) -> Result<Exchanged, PhoneFault> {
        let exchanged = self.exchange_once().await;
        if exchanged.as_ref().is_err_and(PhoneFault::is_shut_out) {
            let records = self.device.ask_again();
            self.store.append(&records)?;
            if !records.is_empty() {
                self.exchange_once().await?;
            }
        }
        exchanged
    }

    async fn exchange_once(&mut self) -> Result<Exchanged, PhoneFault> {
        let before = self.connection.traffic;
        let waiting = self.device.waiting();
        let mut exchanged = Exchanged {
            traffic: Traffic::default(),
            sent: 0,
            waiting,
            rows: 0,
            remarks: Vec::new(),
            clock_offset_ms: 0,
            blobs: BlobsSent::default(),
        };
        // Every turn writes something down, names the scopes once, tries what was not tried, or is the last: a server that
        // says "more" and brings nothing cannot hold us.
        loop {
            let outcome = self.turn().await?;
            // How the clocks differ is not news: a server that says otherwise each time could hold us too.
            let news = |record: &Record| !matches!(record, Record::ClockOffset(_));
            let not_taken = outcome.remarks.iter().any(|remark| matches!(remark, Remark::NotTaken(_)));
            let untried = not_taken && self.device.has_untried();
            let moved = outcome.records.iter().any(news) || outcome.name_scopes || untried;
            let done = !outcome.more && self.device.waiting() == 0;
            exchanged.take(outcome);
            if done || !moved {
                break;
            }
        }
        let after = self.connection.traffic;
        exchanged.traffic = Traffic {
            bytes_up: after.bytes_up - before.bytes_up,
            bytes_down: after.bytes_down - before.bytes_down,
            round_trips: after.round_trips - before.round_trips,
            cuts: after.cuts - before.cuts,
        };
        exchanged.waiting = self.device.waiting();
        exchanged.sent = waiting.saturating_sub(exchanged.waiting);
        exchanged.checked()
    }

    /// One request and its answer, written down before anything is made of it. What was cut goes again, smaller.
    async fn turn(&mut self) -> Result<Outcome, PhoneFault> {
        loop {
            let began = self.clocks();
            let sync = self.device.request_in(began.wall_ms, self.portion);
            match self.post("/api/sync", &sync.bytes).await {
                Ok(answer) => {
                    let arrived = self.clocks();
                    let took = Duration::from_millis(arrived.uptime_ms.saturating_sub(began.uptime_ms));
                    self.make_larger(took);
                    let photos = self.listed_blobs();
                    let outcome = self.device.answer(&sync, &answer, arrived.wall_ms)?;
                    self.store.append(&outcome.records)?;
                    self.drop_forgotten(&photos)?;
                    return Ok(outcome);
                }
                // An older server: asked again in what it speaks.
                Err(PhoneFault::Refused(problem)) if problem.slug == "sync/version" && self.device.speak_older() => {}
                Err(fault) => {
                    self.make_smaller(fault)?;
                    self.connection.traffic.cuts += 1;
                }
            }
        }
    }

    /// Carries a parcel and brings its answer back.
    pub(super) async fn post_parcel(&mut self, parcel: &[u8]) -> Result<Vec<u8>, PhoneFault> {
        self.post("/api/sync/parcels", parcel).await
    }

    /// Posts a message, with a new token where the old one is over.
    async fn post(&mut self, path: &str, body: &[u8]) -> Result<Vec<u8>, PhoneFault> {
        match self.connection.post_message(path, body.to_vec(), &self.token).await {
            Err(PhoneFault::Refused(problem)) if problem.slug == "device/token-not-valid" => {
                self.renew().await?;
                self.connection.post_message(path, body.to_vec(), &self.token).await
            }
            other => other,
        }
    }

    /// Gets a new token for the phone's signature on a challenge.
    pub(super) async fn renew(&mut self) -> Result<(), PhoneFault> {
        let given: Challenge = self.connection.post_json("/api/device-challenges", &json!(null)).await?;
        let challenge = unhex(&given.challenge).ok_or_else(|| PhoneFault::Untrusted("challenge".to_owned()))?;
        let signature = hex(&self.identity.answer(&challenge));
        let body = json!({ "device": self.identity.device, "challenge": given.challenge, "signature": signature });
        let renewed: Renewed = self.connection.post_json("/api/device-tokens", &body).await?;
        self.token = read_token(&renewed.token)?;
        Ok(save_token(&self.store, &self.token)?)
    }
}

impl Exchanged {
    fn take(&mut self, outcome: Outcome) {
        self.rows += outcome
            .records
            .iter()
            .map(|record| match record {
                Record::Page(page) => page.rows.len(),
                _ => 0,
            })
            .sum::<usize>();
        self.remarks.extend(outcome.remarks);
        self.clock_offset_ms = outcome.clock_offset_ms;
    }

    fn checked(self) -> Result<Self, PhoneFault> {
        check(&self.remarks)?;
        Ok(self)
    }
}

/// Rows that the known server did not sign, or that do not continue what was read, are not believed.
pub(super) fn check(remarks: &[Remark]) -> Result<(), PhoneFault> {
    let bad = remarks.iter().find(|remark| matches!(remark, Remark::BadPage(_) | Remark::DigestDiffers(_)));
    match bad {
        Some(Remark::BadPage(scope)) => Err(PhoneFault::Untrusted(format!("log of village {}", scope.village))),
        Some(_) => Err(PhoneFault::Untrusted("digest".to_owned())),
        None => Ok(()),
    }
}

/// Reads the token of a phone that was let in before.
pub(super) fn resume(store: &Store, identity: &Identity) -> Result<(Token, Connection), PhoneFault> {
    Ok((load_token(store)?, Connection::new(&identity.road)?))
}
