//! Somebody with a phone who writes, syncs and starts the phone anew, and notes what the server said that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use schemas::form::FormVersion;
use schemas::ids::HouseholdId;
use schemas::value::Value;
use server::clock::{Chance, Clock};
use server::phone::{Enrolment, Phone, PhoneFault, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Remark, Standing};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;

use crate::draw;
use crate::office::{FORM, Office, while_nothing_starts};

/// Households that everybody writes about, and as many that belong to one walker alone.
const HOUSEHOLDS: u64 = 5;

/// Every change of which a phone was told that the server has it, with the phone's number.
pub(crate) type Told = Arc<Mutex<BTreeMap<(HouseholdId, ChangeHash), u8>>>;

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) written: u64,
    pub(crate) synced: u64,
    pub(crate) cut_off: u64,
    pub(crate) reopened: u64,
}

/// Somebody with a phone.
pub(crate) struct Walker {
    pub(crate) phone: Phone,
    pub(crate) steps: Steps,
    number: u8,
    scope: Scope,
    directory: PathBuf,
    surroundings: Surroundings,
    chance: Chance,
    told: Told,
}

impl Walker {
    /// Lets a phone in and syncs it once.
    pub(crate) async fn enrol(office: &Office, server: &str, number: u8, seed: u64, told: &Told) -> Result<Self> {
        let chance = Chance::seeded(seed + u64::from(number));
        let standards = Arc::new(Standards::shipped()?);
        let surroundings = Surroundings { clock: Clock::system(), chance: chance.clone(), standards };
        let directory = office.directory.path().join(format!("phone-{number}"));
        let enrolment = Enrolment {
            road: Road { server: server.to_owned(), roots: None, plain: PlainHttp::LoopbackOnly },
            code: office.codes[usize::from(number)].reveal(),
            server_key: None,
            name: format!("Máy {number}"),
            form: FormVersion(FORM.to_owned()),
        };
        let phone = Phone::enrol(&directory, enrolment, surroundings.clone()).await?;
        let (scope, told, steps) = (office.scope.clone(), told.clone(), Steps::default());
        let mut walker = Self { phone, steps, number, scope, directory, surroundings, chance, told };
        ensure!(walker.sync().await?.is_some(), "the first sync was cut off");
        Ok(walker)
    }

    /// Works until the day is over.
    pub(crate) async fn walk(mut self, over: Arc<AtomicBool>) -> Result<Self> {
        while !over.load(Ordering::SeqCst) {
            for _ in 0..=draw(&self.chance, 3) {
                self.write()?;
            }
            if draw(&self.chance, 10) == 0 {
                self = self.reopened()?;
            }
            self.sync().await?;
        }
        Ok(self)
    }

    fn write(&mut self) -> Result<()> {
        let n = u8::try_from(draw(&self.chance, HOUSEHOLDS))?;
        // The first byte says whose it is: 0 is everybody's.
        let whose = if draw(&self.chance, 2) == 0 { 0 } else { self.number + 1 };
        let mut household = HouseholdId([7; 16]);
        household.0[..2].copy_from_slice(&[whose, n]);
        self.steps.written += 1;
        // Never what stands there already: that would be nothing to write.
        let value = i64::try_from(self.steps.written * 10 + u64::from(self.number))?;
        let writes = BTreeMap::from([(Slot::Answer("floor_area".parse()?), Write::Put(Value::Int(value)))]);
        Ok(self.phone.commit(&self.scope, household, &writes)?)
    }

    /// The phone as it comes back after its battery was out: from its directory alone.
    fn reopened(mut self) -> Result<Self> {
        let waiting = self.phone.device().waiting();
        self.steps.reopened += 1;
        let nothing_starts = while_nothing_starts();
        drop(self.phone);
        let phone = Phone::open(&self.directory, self.surroundings.clone())?;
        drop(nothing_starts);
        ensure!(phone.device().waiting() == waiting, "phone {} lost what it had written", self.number);
        Ok(Self { phone, ..self })
    }

    /// Syncs, notes what the server answered for, and says how many rows came; `None` when the line was cut or
    /// the server was too busy to take something.
    pub(crate) async fn sync(&mut self) -> Result<Option<usize>> {
        let waited = self.own(|standing| standing == Standing::Waiting);
        let outcome = self.phone.sync().await;
        self.note(waited)?;
        match outcome {
            Ok(exchanged) => {
                let odd = exchanged.remarks.iter().find(|remark| !matches!(remark, Remark::NotTaken(_)));
                ensure!(odd.is_none(), "phone {}: {odd:?}", self.number);
                self.steps.synced += 1;
                self.steps.cut_off += exchanged.traffic.cuts;
                Ok(Some(exchanged.rows))
            }
            Err(PhoneFault::Unreachable(_) | PhoneFault::Cut(..)) => {
                self.steps.cut_off += 1;
                Ok(None)
            }
            Err(PhoneFault::NotTaken(_)) => Ok(None),
            Err(fault) => bail!("phone {}: {fault}", self.number),
        }
    }

    fn own(&self, which: impl Fn(Standing) -> bool) -> BTreeSet<(HouseholdId, ChangeHash)> {
        let documents = self.phone.device().households();
        let own = documents.flat_map(|(household, document)| document.own.iter().map(move |own| (*household, own)));
        own.filter(|(_, own)| which(own.standing)).map(|(household, own)| (household, own.hash)).collect()
    }

    /// What waited and waits no more was acknowledged, unless it was refused: and nothing here is to be refused.
    fn note(&self, waited: BTreeSet<(HouseholdId, ChangeHash)>) -> Result<()> {
        let waits = self.own(|standing| standing == Standing::Waiting);
        let refused = self.own(|standing| !matches!(standing, Standing::Waiting | Standing::Acknowledged));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = waited.into_iter().filter(|change| !waits.contains(change) && !refused.contains(change));
        told.extend(answered.map(|change| (change, self.number)));
        drop(told);
        if let Some((household, change)) = refused.first() {
            bail!("phone {}: change {change} of household {household} was refused or held", self.number);
        }
        Ok(())
    }
}
