//! A phone with its disk, for tests of the exchange.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use schemas::ids::{AccountId, HouseholdId};
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, Outcome, Record, Remark, Standing, View};
use sync_protocol::hash::PublicKey;
use sync_protocol::message::Request;
use sync_protocol::segment::Segment;

use crate::office::{Office, scope};
use crate::support::form;

pub(crate) const NOW: Clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 5_000 };

/// A phone with everything it would have on disk.
pub(crate) struct Phone {
    pub(crate) device: Device,
    pub(crate) disk: Vec<Vec<u8>>,
}

impl Phone {
    pub(crate) fn new(n: u8, office: &Office) -> Self {
        let mut phone = Self { device: Device::new(identity(n, office), vec![form()]), disk: Vec::new() };
        office.enrol(phone.device.author());
        phone.keep(vec![Record::Assigned(vec![scope()])]);
        phone.device.apply(&Record::Assigned(vec![scope()]));
        phone
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.device.author().key
    }

    pub(crate) fn keep(&mut self, records: Vec<Record>) {
        self.disk.extend(records.iter().map(Record::to_bytes));
    }

    pub(crate) fn commit(&mut self, household: HouseholdId, writes: impl IntoIterator<Item = (Slot, Write)>) {
        let writes: BTreeMap<Slot, Write> = writes.into_iter().collect();
        let records = match self.device.household(&household, View::Mine) {
            Some(_) => self.device.commit(household, &writes, NOW),
            None => self.device.found(scope(), household, &writes, NOW),
        };
        self.keep(records.unwrap());
    }

    pub(crate) fn sync(&mut self, office: &mut Office) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for _ in 0..100 {
            let sync = self.device.request(NOW.wall_ms, 1 << 20);
            let response = office.exchange(self.key(), &sync.bytes);
            let outcome: Outcome = self.device.answer(&sync, &response, NOW.wall_ms).unwrap();
            self.keep(outcome.records);
            remarks.extend(outcome.remarks);
            if !outcome.more && self.device.waiting() == 0 {
                return remarks;
            }
        }
        panic!("does not come to an end");
    }

    /// The same phone after a restart.
    pub(crate) fn restarted(&self, n: u8, office: &Office) -> Device {
        let mut device = Device::new(identity(n, office), vec![form()]);
        self.disk.iter().for_each(|bytes| device.apply(&Record::from_bytes(bytes).unwrap()));
        device
    }

    /// What waits, as a relay would carry it.
    pub(crate) fn plain_segment(&self, n: u8, office: &Office) -> Segment {
        let mut device = self.restarted(n, office);
        let entries = (1..1_000).map(|number| (device.author().epoch, number)).collect();
        let send_bytes = Record::SendBytes(entries);
        (0..2).for_each(|_| device.apply(&send_bytes));
        let request = Request::from_bytes(&device.request(NOW.wall_ms, 0).bytes).unwrap();
        Segment::open(&request.segments[0]).unwrap()
    }

    pub(crate) fn said(&self, household: HouseholdId, key: &str, view: View) -> Option<Value> {
        self.device.household(&household, view)?.answers.get(key).cloned()
    }

    pub(crate) fn standings(&self, household: HouseholdId) -> Vec<Standing> {
        let (_, document) = self.device.households().find(|(id, _)| **id == household).unwrap();
        document.own.iter().map(|own| own.standing).collect()
    }
}

pub(crate) fn identity(n: u8, office: &Office) -> Identity {
    Identity { key: SigningKey::from_bytes(&[n; 32]), account: AccountId(n.into()), server: office.public_key() }
}

pub(crate) fn home(n: u8) -> HouseholdId {
    HouseholdId([n; 16])
}
