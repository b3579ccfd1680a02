//! The field app's core driven as its Worker drives it: messages in, messages out, records kept, HTTP between.
//!
//! Owns a device of lan's on `field_core`; a core of its own, as the module has, and nothing of its parts. What it wrote is
//! here as the Worker would have it on disk.

use anyhow::{Context, Result, bail, ensure};
use field_core::Core;
use field_core::message::Message;
use schemas::ids::{AccountId, UnitId};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client};
use crate::house::House;

/// A phone in a browser, without the browser.
pub struct CorePhone {
    core: Core,
    client: Client,
    token: String,
    account: AccountId,
    server_key: String,
    secret: Vec<u8>,
    /// Its id.
    pub device: String,
    /// The key that parcels are sealed to, as it came with enrolment.
    pub parcel_key: String,
    /// The key of its commune for a forgotten PIN, as it came with enrolment; empty above communes.
    pub recovery_key: String,
    /// What the Worker has on disk: the last snapshot, empty before the first.
    pub snapshot: Vec<u8>,
    /// What the Worker has on disk: the records after the snapshot, in order.
    pub records: Vec<u8>,
    /// Every answer of the server's, in order.
    pub answers: Vec<Vec<u8>>,
    wall_ms: i64,
    drawn: u8,
}

/// What a command came to.
#[derive(Debug)]
pub struct Done {
    /// What is shown.
    pub json: Json,
    /// The parts beside it.
    pub parts: Vec<Vec<u8>>,
}

/// Sends a command to a core; a fault is an error that begins with its slug.
pub fn ask(core: &mut Core, command: &Json, parts: &[Vec<u8>]) -> Result<Done> {
    let reply = core.call(&Message::write(command.to_string().as_bytes(), parts));
    let reply = Message::read(&reply).context("an answer is a message")?;
    let mut json: Json = serde_json::from_slice(reply.json)?;
    let parts = reply.parts.iter().map(|part| part.to_vec()).collect();
    match json.get_mut("done").map(Json::take) {
        Some(json) => Ok(Done { json, parts }),
        None => bail!("{}: {}", json["fault"]["slug"].as_str().context("a slug")?, json["fault"]["detail"]),
    }
}

impl CorePhone {
    /// A phone that is let in with a code of the office's, and holds nothing yet.
    pub async fn enrol(house: &House, account: AccountId, unit: UnitId) -> Result<Self> {
        let hoa = house.as_account(house.people.hoa).await?;
        let code = hoa.post("/api/enrolment-codes", json!({ "account": account, "unit": unit })).await?;
        let (mut core, server_key) = (Core::new(), code.text("server_key").to_owned());
        let command = json!({ "server_key": server_key, "code": code.text("code"), "name": "Máy thử" });
        let seed = account.0.to_le_bytes().repeat(4);
        let made = ask(&mut core, &json!({ "enrol": command }), &[seed])?;
        let enrolled = house.anonymous.post("/api/devices", made.json["body"].clone()).await?;
        ensure!(enrolled.is_success() && enrolled.body["device"] == made.json["device"], "{enrolled:?}");
        let token = enrolled.text("token").to_owned();
        let client = house.anonymous.with_token(&token);
        let secret = made.parts.into_iter().next().context("the key")?;
        let wall_ms = house.clock.now().as_millisecond();
        let (snapshot, records, answers) = (Vec::new(), Vec::new(), Vec::new());
        let parcel_key = enrolled.text("parcel_key").to_owned();
        let recovery_key = enrolled.text("recovery_key").to_owned();
        let mut phone = Self {
            core,
            client,
            token,
            account,
            server_key,
            secret,
            device: enrolled.text("device").to_owned(),
            parcel_key,
            recovery_key,
            snapshot,
            records,
            answers,
            wall_ms,
            drawn: 0,
        };
        phone.reopen()?;
        Ok(phone)
    }

    /// Opens the device from what is on disk, as after a reload.
    pub fn reopen(&mut self) -> Result<Json> {
        self.core = Core::new();
        let (opening, parts) = (self.opening(), self.on_disk());
        Ok(ask(&mut self.core, &opening, &parts)?.json)
    }

    /// The command that opens it.
    pub fn opening(&self) -> Json {
        json!({ "open": { "account": self.account, "server_key": self.server_key, "today": "2026-10-01" } })
    }

    /// The parts that go along with it.
    pub fn on_disk(&self) -> Vec<Vec<u8>> {
        vec![self.secret.clone(), self.snapshot.clone(), self.records.clone()]
    }

    /// What the clocks say: a second has passed since they were asked last.
    pub fn clocks(&mut self) -> Json {
        self.wall_ms += 1_000;
        json!({ "wall_ms": self.wall_ms, "uptime_ms": 1_000 })
    }

    /// Asks for something that writes nothing.
    pub fn look(&mut self, command: Json) -> Result<Done> {
        ask(&mut self.core, &command, &[])
    }

    /// Asks for something that writes, with chance and clocks, and keeps what was written.
    pub fn write(&mut self, name: &str, fields: Json) -> Result<Json> {
        self.drawn += 1;
        let seed = vec![self.drawn; 32];
        Ok(self.write_with(name, fields, seed)?.json)
    }

    /// The same with another part than chance.
    pub fn write_with(&mut self, name: &str, fields: Json, part: Vec<u8>) -> Result<Done> {
        // A command without fields is its bare name.
        let command = match fields {
            Json::Null => json!(name),
            mut fields => {
                fields["clocks"] = self.clocks();
                json!({ name: fields })
            }
        };
        self.keep(command, part)
    }

    /// Asks for something that writes, as it stands, and keeps what was written.
    pub fn keep(&mut self, command: Json, part: Vec<u8>) -> Result<Done> {
        let done = ask(&mut self.core, &command, &[part])?;
        self.records.extend(done.parts.first().context("records")?);
        Ok(done)
    }

    /// Asks for something with a part, and keeps nothing.
    pub fn look_with(&mut self, command: Json, part: Vec<u8>) -> Result<Done> {
        ask(&mut self.core, &command, &[part])
    }

    /// Asks the server for something.
    pub async fn get(&self, path: &str) -> Result<Json> {
        Ok(self.client.get(path).await?.body)
    }

    /// Asks the server about its villages, and goes by what it says.
    pub async fn hear_of_villages(&mut self) -> Result<Json> {
        let villages = self.get("/api/devices/self/villages").await?;
        self.look_with(json!("surveys"), villages.to_string().into_bytes())?;
        Ok(villages)
    }

    /// Carries a parcel to the server and brings its answer.
    pub async fn carry(&self, parcel: Vec<u8>) -> Result<Vec<u8>> {
        let (status, answer) = self.client.post_raw("/api/sync/parcels", parcel).await?;
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
        Ok(answer)
    }

    /// Keeps everything that the device is, in place of the records.
    pub fn keep_snapshot(&mut self) -> Result<()> {
        self.snapshot = self.look(json!("snapshot"))?.parts.into_iter().next().context("a snapshot")?;
        self.records.clear();
        Ok(())
    }

    /// One request with its answer: tried in an instance that is thrown away, then taken.
    pub async fn turn(&mut self) -> Result<Json> {
        let sent = self.clocks();
        let asked = self.look(json!({ "request": { "clocks": sent } }))?;
        let body = asked.parts.into_iter().next().context("a request")?;
        let (status, answer) = self.client.post_raw("/api/sync", body).await?;
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
        let clocks = self.clocks();
        let mut disposable = Core::new();
        ask(&mut disposable, &self.opening(), &self.on_disk())?;
        let inspect = json!({ "inspect": { "sent": sent, "portion": asked.json["portion"], "clocks": clocks } });
        let inspected = ask(&mut disposable, &inspect, std::slice::from_ref(&answer))?;
        let taken = ask(&mut self.core, &json!({ "answer": { "clocks": clocks } }), std::slice::from_ref(&answer))?;
        ensure!(inspected.json == taken.json, "{} is not {}", inspected.json, taken.json);
        self.records.extend(taken.parts.first().context("records")?);
        self.answers.push(answer);
        self.look(json!({ "came_through": { "took_ms": 200 } }))?;
        Ok(taken.json)
    }

    /// Turns until there is nothing more to ask.
    pub async fn sync(&mut self) -> Result<Json> {
        loop {
            let turn = self.turn().await?;
            if turn["go_on"] == json!(false) {
                return Ok(turn);
            }
        }
    }

    /// Gets a new token for its signature on a challenge.
    pub async fn renew(&mut self, house: &House) -> Result<Answer> {
        let given = house.anonymous.post("/api/device-challenges", json!(null)).await?;
        let command = json!({ "sign": { "server_key": self.server_key, "challenge": given.text("challenge") } });
        let signed = ask(&mut self.core, &command, std::slice::from_ref(&self.secret))?;
        let renewed = house.anonymous.post("/api/device-tokens", signed.json["body"].clone()).await?;
        self.token = renewed.text("token").to_owned();
        self.client = house.anonymous.with_token(&self.token);
        Ok(renewed)
    }
}
