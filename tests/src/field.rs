//! A commune at work: a round in which lan surveys many villages, last year's list imported, and days of interviews.
//!
//! Owns the inventing of work as the field does it: one commit for each section, minutes apart, every answer in its
//! question's own kind. The people are those of the sample list; one seed gives the same work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::civil::Date;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use schemas::form::{Form, FormVersion, Kind, Question, Scope as Asked};
use schemas::household::STATUS;
use schemas::ids::{HouseholdId, MemberId, RoundId, VisitId};
use schemas::value::Value;
use serde_json::json;
use server::clock::Chance;
use server::documents::workbook::sample::{LISTED_ON, SampleCommune, book};
use server::documents::workbook::{Listing, Member, RosterBook, write_roster};
use server::domain::round::{Assignment, B1Mode, Round, RoundState};
use server::phone::{Enrolment, Phone, PhoneFault, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use server::store::{self, StoreError};
use server::workflow::import::{Mode, Order, import_as};
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::CommitError;
use sync_protocol::field::FieldFault;
use sync_protocol::journal::Scope;

use crate::house::{House, Left};

const ROUND: &str = "2026-dinh-ky";
const FORM: &str = "vn-2022-2025/1";

/// How much of a commune there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Villages.
    pub villages: usize,
    /// Households on last year's list in each.
    pub households: usize,
}

/// A house with a commune at work in it.
pub struct Field {
    /// The server and its people.
    pub house: House,
    /// Last year's list.
    pub listed: RosterBook,
    directory: tempfile::TempDir,
    standards: Arc<Standards>,
    form: Arc<Form>,
    rng: SmallRng,
}

impl Field {
    /// Opens the round, imports the list and assigns every village of it to lan.
    pub async fn open(size: Size, seed: u64) -> Result<Self> {
        Self::open_in_part(size, seed, size.villages).await
    }

    /// The same with so many of the villages for lan; nobody surveys the others.
    pub async fn open_in_part(size: Size, seed: u64, surveyed: usize) -> Result<Self> {
        let house = House::start().await?;
        let standards = Arc::new(Standards::shipped()?);
        let form = standards.form(&FormVersion(FORM.to_owned())).context("the form")?.clone();
        let mut rng = SmallRng::seed_from_u64(seed);
        let Size { villages, households } = size;
        let commune =
            SampleCommune { name: "Xã Mẫu".into(), code: "01243".into(), villages, households, serials_from: 0 };
        let listed = book(&[commune], &mut rng);
        let field = Self { house, listed, directory: tempfile::tempdir()?, standards, form, rng };
        field.open_round().await?;
        field.import().await?;
        field.assign(surveyed).await?;
        Ok(field)
    }

    async fn open_round(&self) -> Result<()> {
        let round = Round {
            id: ROUND.parse()?,
            unit: self.house.units.province,
            name: "Rà soát định kỳ 2026".to_owned(),
            standards: vec!["vn-2022-2025".parse()?],
            form_version: FormVersion(FORM.to_owned()),
            b1_mode: B1Mode::Paper,
            left_out: Vec::new(),
            reference_on: Date::constant(2026, 10, 1),
            state: RoundState::Open,
        };
        let written: Result<_, StoreError> = self
            .house
            .app
            .store
            .write("field/round", move |tx| Box::pin(async move { store::round::insert(tx, &round).await }))
            .await;
        written?;
        Ok(())
    }

    async fn import(&self) -> Result<()> {
        let listed = RosterBook { escaped_poor: vec![], escaped_near_poor: vec![], ..self.listed.clone() };
        let file = self.directory.path().join("danh-sach.xlsx");
        std::fs::write(&file, write_roster(&listed, LISTED_ON)?)?;
        let order = Order { commune: self.house.units.commune, round: ROUND.parse()?, file, mode: Mode::Write };
        import_as(&self.house.app, self.house.people.hoa, order, Arc::new(|_| {})).await?;
        Ok(())
    }

    async fn assign(&self, most: usize) -> Result<()> {
        let (commune, account) = (self.house.units.commune, self.house.people.lan);
        let round: schemas::ids::RoundId = ROUND.parse()?;
        let written: Result<(), StoreError> = self
            .house
            .app
            .store
            .write("field/assign", move |tx| {
                Box::pin(async move {
                    for village in store::log::villages(tx, commune, &round).await?.into_iter().take(most) {
                        let round = round.clone();
                        store::assignment::insert(tx, &Assignment { commune, round, village, account }).await?;
                    }
                    Ok(())
                })
            })
            .await;
        Ok(written?)
    }

    /// Stops the server; what it leaves, and the directory of the phones, which has to outlive them.
    pub async fn leave(self) -> (Left, tempfile::TempDir) {
        (self.house.leave().await, self.directory)
    }

    /// A phone of lan's that was let in and holds nothing yet.
    pub async fn phone(&self, name: &str) -> Result<Phone> {
        self.phone_by(name, &self.house.address()).await
    }

    /// The same, with another road to the server.
    pub async fn phone_by(&self, name: &str, address: &str) -> Result<Phone> {
        let hoa = self.house.as_account(self.house.people.hoa).await?;
        let body = json!({ "account": self.house.people.lan, "unit": self.house.units.village });
        let code = hoa.post("/api/enrolment-codes", body).await?.text("code").to_owned();
        let road = Road { server: address.to_owned(), roots: None, plain: PlainHttp::LoopbackOnly };
        let form = FormVersion(FORM.to_owned());
        let enrolment = Enrolment { road, code, server_key: None, name: name.to_owned(), form };
        let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
        let (clock, chance) = (self.house.clock.clone(), Chance::seeded(seed));
        let surroundings = Surroundings { clock, chance, standards: self.standards.clone() };
        Ok(Phone::enrol(&self.at(name), enrolment, surroundings).await?)
    }

    /// The round.
    pub fn round(&self) -> Result<RoundId> {
        Ok(ROUND.parse()?)
    }

    fn at(&self, name: &str) -> impl AsRef<Path> + std::ops::Deref<Target = Path> {
        self.directory.path().join(name)
    }

    /// The scopes of a phone, in order.
    pub fn scopes(phone: &Phone) -> Vec<Scope> {
        phone.device().scopes().map(|(scope, _)| scope.clone()).collect()
    }

    /// The households that a phone holds in a place, in the order of their ids.
    pub fn households(phone: &Phone, scope: &Scope) -> Vec<HouseholdId> {
        phone.device().households().filter(|(_, document)| document.scope == *scope).map(|(id, _)| *id).collect()
    }

    /// Some minutes of work pass.
    fn work(&mut self, seconds: std::ops::Range<u64>) {
        let milliseconds = self.rng.random_range(seconds.start * 1_000..seconds.end * 1_000);
        self.house.clock.advance(Duration::from_millis(milliseconds));
    }

    /// Edits three questions of one section of a household. What stands there already is no edit: then others are drawn.
    pub fn edit(&mut self, phone: &mut Phone, scope: &Scope, household: HouseholdId) -> Result<()> {
        loop {
            let writes = self.answers_of_a_section()?;
            self.work(120..900);
            match phone.commit(scope, household, &writes) {
                Err(PhoneFault::Field(FieldFault::Commit(CommitError::Nothing))) => {}
                done => return Ok(done?),
            }
        }
    }

    fn answers_of_a_section(&mut self) -> Result<BTreeMap<Slot, Write>> {
        let sections = ["housing", "services", "assets", "income"];
        let section = *sections.choose(&mut self.rng).context("a section")?;
        let form = self.form.clone();
        let of_section: Vec<&Question> =
            form.questions().iter().filter(|q| q.scope == Asked::Household && q.section.as_str() == section).collect();
        let asked: Vec<&Question> = of_section
            .sample(&mut self.rng, of_section.len())
            .copied()
            .filter(|q| q.kind != Kind::Photo)
            .take(3)
            .collect();
        let mut writes = BTreeMap::new();
        for question in asked {
            writes.insert(Slot::Answer(question.key.clone()), Write::Put(self.value(&question.kind)));
        }
        Ok(writes)
    }

    /// Interviews a household that nobody has listed: a commit for the visit, for each section, for who belongs to it and
    /// for each member, the last ones with everything that is asked about a person.
    pub fn interview(&mut self, phone: &mut Phone, scope: &Scope, people: &Listing) -> Result<HouseholdId> {
        let household = HouseholdId(self.rng.random());
        self.work(300..1_800);
        let visit = VisitId(self.rng.random());
        let mut first = BTreeMap::from([(Slot::Visit(visit), Write::Make)]);
        let visited_on = server::clock::day_of(self.house.clock.now()).to_string();
        let of_visit = [("visited_on", Value::Text(visited_on)), ("attempt", Value::Int(1)), ("outcome", "met".into())];
        for (key, value) in of_visit {
            first.insert(Slot::VisitAnswer(visit, key.parse()?), Write::Put(value));
        }
        phone.commit(scope, household, &first)?;
        let form = self.form.clone();
        for section in &form.sections {
            let writes = self.section(&form, section.key.as_str());
            if !writes.is_empty() {
                self.work(20..200);
                phone.commit(scope, household, &writes)?;
            }
        }
        let ids: Vec<MemberId> = people.members.iter().map(|_| MemberId(self.rng.random())).collect();
        let mut membership = BTreeMap::new();
        for member in &ids {
            membership.insert(Slot::Member(*member), Write::Make);
            membership.insert(Slot::MemberAnswer(*member, STATUS.parse()?), Write::Put("present".into()));
        }
        self.work(20..100);
        phone.commit(scope, household, &membership)?;
        for (member, person) in ids.iter().zip(&people.members) {
            self.work(40..200);
            let writes = self.member(&form, *member, person)?;
            phone.commit(scope, household, &writes)?;
        }
        Ok(household)
    }

    fn section(&mut self, form: &Form, section: &str) -> BTreeMap<Slot, Write> {
        let asked = |q: &&Question| q.scope == Asked::Household && q.section.as_str() == section;
        let asked = form.questions().iter().filter(asked).filter(|q| q.kind != Kind::Photo);
        let asked: Vec<Question> = asked.cloned().collect();
        let said = asked.iter().map(|question| {
            let value = match question.key.as_str() {
                "address" => Value::Text(self.address()),
                "phone" => Value::Text(format!("09{:08}", self.rng.random_range(0..100_000_000))),
                "b1_points" => Value::Int(self.rng.random_range(8..40) * 5),
                _ => self.value(&question.kind),
            };
            (Slot::Answer(question.key.clone()), Write::Put(value))
        });
        said.collect()
    }

    fn address(&mut self) -> String {
        let hamlets = ["Xóm Trên", "Xóm Dưới", "cạnh nhà văn hóa", "gần cầu treo", "đầu bản"];
        let hamlet = hamlets.choose(&mut self.rng).copied().unwrap_or_default();
        format!("Số {}, {hamlet}", self.rng.random_range(1..120))
    }

    fn member(&mut self, form: &Form, member: MemberId, person: &Member) -> Result<BTreeMap<Slot, Write>> {
        let mut said: BTreeMap<&str, Value> = BTreeMap::from([("full_name", Value::Text(person.name.clone()))]);
        said.extend(person.sex.map(|sex| ("sex", sex.code().into())));
        said.extend(person.born.map(|born| ("born", Value::Text(born.to_string()))));
        said.extend(person.ethnicity.map(|group| ("ethnicity", group.code().into())));
        said.extend(person.number.as_ref().map(|number| ("citizen_id", number.digits().into())));
        said.extend(person.relation.map(|relation| ("relation", relation.code().into())));
        said.insert("residence", "permanent".into());
        // Who is there has not died, is not away and has said why for neither.
        let skipped = ["no_id_yet", STATUS, "status_reason", "died", "months_away", "away_reason"];
        let mut writes = BTreeMap::new();
        for question in form.questions().iter().filter(|question| question.scope == Asked::Member) {
            let key = question.key.as_str();
            let value = match said.remove(key) {
                Some(value) => value,
                None if skipped.contains(&key) || key == "citizen_id" => continue,
                None => self.value(&question.kind),
            };
            writes.insert(Slot::MemberAnswer(member, question.key.clone()), Write::Put(value));
        }
        Ok(writes)
    }

    /// An answer of a kind: mostly no, mostly one of the first choices, as answers are.
    fn value(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.rng.random_bool(0.25)),
            Kind::Number { min, max, .. } => {
                let high = (*max).min(min.saturating_add(500)).max(*min);
                Value::Int(self.rng.random_range(*min..=high))
            }
            Kind::Choice { choices } => {
                let most = choices.len().min(if self.rng.random_bool(0.8) { 2 } else { choices.len() });
                Value::Text(choices[self.rng.random_range(0..most)].code.clone())
            }
            Kind::Point => {
                let (latitude, longitude) =
                    (22_400_000 + self.rng.random_range(0..40_000), 104_600_000 + self.rng.random_range(0..40_000));
                let (metres, seconds) = (self.rng.random_range(3..40), self.house.clock.now().as_second());
                let degrees = |e6: i32| format!("{}.{:06}", e6 / 1_000_000, e6 % 1_000_000);
                Value::Text(format!("{},{},{metres},{seconds},gps", degrees(latitude), degrees(longitude)))
            }
            Kind::Date => Value::Text("2026-10-01".to_owned()),
            Kind::Text { .. } | Kind::CitizenId | Kind::Photo => Value::Text("không rõ".to_owned()),
        }
    }
}
