//! A phone without a screen: what an enumerator's app does, for the demo, for tests and for an office's scripts.
//!
//! Owns a directory, an identity and a road to one server, around `sync_protocol::device::Device`, which owns the state.
//! Time and chance come in as arguments, so many phones can live in one process and one seed gives one run. Nothing is
//! shown as done before its records are on disk. Knows nothing of the server's own parts: it meets them over HTTP only.
//!
//! Disk writes block their thread for the few milliseconds of a sync: a phone is one person's.

mod blobs;
mod connection;
mod exchange;
mod fault;
pub mod file;
mod frames;
mod household;
mod identity;
mod parcel;
mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use schemas::form::{Form, FormVersion};
use schemas::ids::HouseholdId;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device, Portion};
use sync_protocol::journal::Scope;

use crate::clock::{Chance, Clock};
use crate::standards::Standards;
use crate::token::Token;
use connection::Connection;
use store::OpenedStore;

pub use blobs::BlobsSent;
pub use connection::{PlainHttp, Road, Traffic};
pub use exchange::{Enrolment, Exchanged};
pub use fault::{PhoneFault, Problem};
pub use identity::Identity;
pub use parcel::{CarriedParcel, ParcelTaken, SharesSeen};
pub use store::{Store, StoreFault, TornTail};
pub use sync_protocol::field::{
    BlobLine, Choice, Committed, DisagreementView, FiledHousehold, HouseholdView, ItemFault, Line, PlanLine, PlanView,
    Reason, RoundPoints, Scoring, SeenView, SideView, Wanted, Written,
};

/// What a phone takes from outside itself.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What says what time it is.
    pub clock: Clock,
    /// Where keys and ids come from.
    pub chance: Chance,
    /// The standards and forms it knows.
    pub standards: Arc<Standards>,
}

/// A phone that was let in.
pub struct Phone {
    identity: Identity,
    token: Token,
    connection: Connection,
    store: Store,
    device: Device,
    surroundings: Surroundings,
    torn: Option<TornTail>,
    /// How much goes over the line at a time.
    portion: Portion,
    /// Whether anything came through since the line was cut last.
    came_through: bool,
}

impl Phone {
    /// Opens a phone that was let in before.
    pub fn open(directory: &Path, surroundings: Surroundings) -> Result<Self, PhoneFault> {
        if !directory.is_dir() {
            return Err(PhoneFault::NotEnrolled);
        }
        let opened = Store::open(directory)?;
        let identity = Identity::load(&opened.store)?.ok_or(PhoneFault::NotEnrolled)?;
        let (token, connection) = exchange::resume(&opened.store, &identity)?;
        Self::with(opened, identity, token, connection, surroundings)
    }

    /// Lets a phone in with a code from the office. Its first sync is the caller's next step.
    pub async fn enrol(directory: &Path, enrolment: Enrolment, surroundings: Surroundings) -> Result<Self, PhoneFault> {
        let opened = Store::open(directory)?;
        if Identity::load(&opened.store)?.is_some() {
            return Err(PhoneFault::EnrolledAlready);
        }
        forms(&surroundings.standards, &enrolment.form)?;
        let (identity, token, connection) = exchange::enrol(&opened.store, enrolment, &surroundings).await?;
        Self::with(opened, identity, token, connection, surroundings)
    }

    fn with(
        opened: OpenedStore,
        identity: Identity,
        token: Token,
        connection: Connection,
        surroundings: Surroundings,
    ) -> Result<Self, PhoneFault> {
        let forms = forms(&surroundings.standards, &identity.form)?;
        let mut device = Device::new(identity.for_device(), forms);
        opened.records.iter().for_each(|record| device.apply(record));
        let OpenedStore { store, torn, .. } = opened;
        let portion = Portion::default();
        Ok(Self { identity, token, connection, store, device, surroundings, torn, portion, came_through: false })
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The protocol's half: the households, views and disagreements that are here.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What a crash had left behind the last whole record when it was opened.
    pub fn torn(&self) -> Option<&TornTail> {
        self.torn.as_ref()
    }

    /// Everything that went over the line since it was opened.
    pub fn traffic(&self) -> Traffic {
        self.connection.traffic
    }

    /// Writes one section of a household, founding the household in `scope` when it is not here yet; on disk when this
    /// returns.
    pub fn commit(
        &mut self,
        scope: &Scope,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
    ) -> Result<(), PhoneFault> {
        let clocks = self.clocks();
        let records = self.device.save(scope, household, writes, clocks)?;
        Ok(self.store.append(&records)?)
    }

    fn clocks(&self) -> Clocks {
        let clock = &self.surroundings.clock;
        let uptime_ms = u64::try_from(clock.uptime().as_millis()).unwrap_or(u64::MAX);
        Clocks { wall_ms: clock.now().as_millisecond(), uptime_ms }
    }
}

/// The forms that a phone can fill in, the one for new households first.
fn forms(standards: &Standards, current: &FormVersion) -> Result<Vec<Arc<Form>>, PhoneFault> {
    let first = standards.form(current).ok_or_else(|| PhoneFault::FormUnknown(current.0.clone()))?;
    let others = standards.forms().filter(|form| form.version != *current);
    Ok(std::iter::once(first).chain(others).cloned().collect())
}
