//! The core itself: which device is open, and who does what a command asks for.

use std::sync::Arc;

use jiff::civil::Date;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::form::{Form, FormVersion};
use schemas::standards::Standards;
use serde::Serialize;
use serde_json::{Value as Json, json};
use sync_protocol::device::{Device, Identity, Portion, Record, Sync};
use sync_protocol::field::{Listing, Surveys};
use sync_protocol::journal::Scope;

use crate::command::Command;
use crate::fault::CoreFault;
use crate::frames;
use crate::message::Message;
use crate::{blobs, exchange, households, identity, parcels, recovery};

/// The core of one Worker: one device at most.
#[derive(Default)]
pub struct Core {
    standards: Option<Arc<Standards>>,
    open: Option<Open>,
}

/// An open device.
pub(crate) struct Open {
    pub(crate) device: Device,
    pub(crate) standards: Arc<Standards>,
    pub(crate) surveys: Surveys,
    pub(crate) listing: Listing,
    /// The request that is on its way.
    pub(crate) sync: Option<Sync>,
    pub(crate) portion: Portion,
}

/// What is answered.
pub(crate) struct Reply {
    json: Json,
    parts: Vec<Vec<u8>>,
}

impl Reply {
    /// Something to read.
    pub(crate) fn of(json: impl Serialize) -> Result<Self, CoreFault> {
        Ok(Self { json: serde_json::to_value(json).map_err(CoreFault::Command)?, parts: Vec::new() })
    }

    /// The same, with what has to be on disk before it is shown.
    pub(crate) fn written(records: &[Record], json: impl Serialize) -> Result<Self, CoreFault> {
        Ok(Self::of(json)?.with(frames::encode(records)))
    }

    /// The same and another part.
    pub(crate) fn with(mut self, part: Vec<u8>) -> Self {
        self.parts.push(part);
        self
    }
}

/// The parts of a message.
pub(crate) struct Parts<'a>(pub(crate) &'a [&'a [u8]]);

impl<'a> Parts<'a> {
    /// The part at a place.
    pub(crate) fn at(&self, at: usize) -> Result<&'a [u8], CoreFault> {
        self.0.get(at).copied().ok_or(CoreFault::Part(at))
    }

    /// The same, of a known length.
    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], CoreFault> {
        self.at(at)?.try_into().map_err(|_| CoreFault::Part(at))
    }

    /// Chance, from the seed that is the first part.
    pub(crate) fn chance(&self) -> Result<StdRng, CoreFault> {
        Ok(StdRng::from_seed(self.array(0)?))
    }
}

impl Core {
    /// A core without a device.
    pub const fn new() -> Self {
        Self { standards: None, open: None }
    }

    /// Does what a message asks for. Whatever the bytes are, an answer comes back.
    pub fn call(&mut self, message: &[u8]) -> Vec<u8> {
        let done = self.asked(message);
        let Reply { json, parts } = match done {
            Ok(Reply { json, parts }) => Reply { json: json!({ "done": json }), parts },
            Err(fault) => Reply { json: fault.json(), parts: Vec::new() },
        };
        Message::write(json.to_string().as_bytes(), &parts)
    }

    fn asked(&mut self, message: &[u8]) -> Result<Reply, CoreFault> {
        let message = Message::read(message).ok_or(CoreFault::Message)?;
        let command: Command = serde_json::from_slice(message.json).map_err(CoreFault::Command)?;
        self.done(command, &Parts(&message.parts))
    }

    fn done(&mut self, command: Command, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
        use Command as C;
        match command {
            C::Enrol { server_key, code, name } => identity::enrol(&server_key, &code, &name, parts),
            C::Sign { server_key, challenge } => identity::sign(&server_key, &challenge, parts),
            C::KeepKey { server_key, recovery_key } => recovery::keep(&server_key, &recovery_key, parts),
            C::AskOpening { commune } => recovery::ask(commune, parts),
            C::TakeKey { device } => recovery::take(device, parts),
            C::Open { account, server_key, today, form } => {
                self.opened(identity::read(account, &server_key, parts)?, today, form, parts)
            }
            C::Practise { village, round, today } => self.practised(Scope { village, round }, today, parts),
            C::Surveys => self.open()?.told(parts),
            C::Standards => Reply::of(households::standards(&*self.standards()?)),
            C::Form { version } => Reply::of(&*self.form(version)?),
            C::Snapshot => Ok(Reply::of(json!({}))?.with(self.open()?.snapshot())),
            C::Epoch => self.open()?.begin_epoch(),
            C::Stands => Reply::of(self.open()?.stands()),
            C::Request { clocks } => exchange::request(self.open()?, clocks),
            C::Answer { clocks } => exchange::answer(self.open()?, clocks, parts),
            C::Inspect { sent, portion, clocks } => exchange::inspect(self.open()?, sent, portion, clocks, parts),
            C::SpeakOlder => exchange::speak_older(self.open()?),
            C::Cut { way } => exchange::cut(self.open()?, way),
            C::CameThrough { took_ms } => exchange::came_through(self.open()?, took_ms),
            C::AskAgain => Reply::written(&self.open()?.device.ask_again(), json!({})),
            C::List => households::list(self.open()?),
            C::Find { typed } => households::find(self.open()?, &typed),
            C::Show { household, view } => households::show(self.open()?, household, view),
            C::Outline { household } => households::outline(self.open()?, household),
            C::Asked { household, section, subject, answers } => {
                households::asked(self.open()?, household, (&section, subject), answers)
            }
            C::Result { household } => households::result(self.open()?, household),
            C::Found { household, clocks } => households::found(self.open()?, household, clocks, parts),
            C::Edit { edits, clocks } => households::edit(self.open()?, edits, clocks, parts),
            C::Settle { household, disagreement, choice, clocks } => {
                households::settle(self.open()?, (household, &disagreement), choice, clocks, parts)
            }
            C::Plan { household } => households::plan(self.open()?, household),
            C::SayAgain { household, fields, plan, clocks } => {
                households::say_again(self.open()?, household, fields, plan.as_deref(), clocks)
            }
            C::Attach { household, blob, size_bytes, clocks } => {
                blobs::attach(self.open()?, household, &blob, size_bytes, clocks)
            }
            C::Blobs { room_bytes } => blobs::list(self.open()?, room_bytes),
            C::BlobAnswer { household, blob, refused } => blobs::answer(self.open()?, household, &blob, refused),
            C::BlobUnknown { household, blob } => blobs::unknown(self.open()?, household, &blob),
            C::Parcel { key, clocks } => parcels::pack(self.open()?, &key, clocks, parts),
            C::ParcelAnswer { clocks } => parcels::answer(self.open()?, clocks, parts),
            C::WhichParcel => parcels::which(parts),
            C::Share { village, round } => parcels::share(self.open()?, village, round.as_ref(), parts),
            C::Look => parcels::look(self.open()?, parts),
        }
    }

    fn open(&mut self) -> Result<&mut Open, CoreFault> {
        self.open.as_mut().ok_or(CoreFault::NotOpen)
    }

    fn opened(
        &mut self,
        identity: Identity,
        today: Date,
        form: Option<String>,
        parts: &Parts<'_>,
    ) -> Result<Reply, CoreFault> {
        let standards = self.standards()?;
        // One that does not open leaves none behind: which device is meant is never in doubt.
        self.open = None;
        let open = self.open.insert(Open::new(identity, (standards, today), form.map(FormVersion), parts)?);
        Reply::of(open.stands())
    }

    fn practised(&mut self, scope: Scope, today: Date, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
        let identity = identity::nobody(parts)?;
        let nothing: [&[u8]; 2] = [&[], &[]];
        self.opened(identity, today, None, &Parts(&nothing))?;
        let open = self.open()?;
        open.device.apply(&Record::Assigned(vec![scope]));
        Reply::of(open.stands())
    }

    /// The shipped standards, loaded and proven when they are asked for first.
    fn standards(&mut self) -> Result<Arc<Standards>, CoreFault> {
        if let Some(standards) = &self.standards {
            return Ok(standards.clone());
        }
        let loaded = Standards::shipped().map_err(|faults| CoreFault::Standards(faults.to_string()))?;
        Ok(self.standards.insert(Arc::new(loaded)).clone())
    }

    fn form(&mut self, version: Option<String>) -> Result<Arc<Form>, CoreFault> {
        let own = self.open.as_ref().and_then(|open| open.device.form()).map(|form| form.version.clone());
        let standards = self.standards()?;
        let version = version.map(FormVersion).or(own).or_else(|| standards.current_form().cloned());
        let version = version.ok_or(CoreFault::NotOpen)?;
        standards.form(&version).cloned().ok_or(CoreFault::FormUnknown(version.0))
    }
}
