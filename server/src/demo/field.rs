//! Days in the field: two phones of a commune that go from house to house without a line and sync in the evening.
//!
//! Owns what happens where: who is at home, who is not, who is visited twice, and on which households the two of them say
//! different things. What is written down at a home is [`super::interview`]'s.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use schemas::date::PartialDate;
use schemas::form::FormVersion;
use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId, UnitId};
use schemas::value::Value as Answer;
use serde_json::{Value, json};
use sync_protocol::device::View;

use super::desk::Desk;
use super::ground::{Commune, FORM, Ground, beat};
use super::interview::{Call, Edits, asking_family, interview, not_met};
use super::people::{People, Post};
use super::servers::Servers;
use super::teller::Teller;
use crate::phone::{Choice, Committed, Enrolment, Phone, PlainHttp, Road, Surroundings};

/// Who was born in this year or before may marry in the year of the story.
const GROWN_BEFORE: i16 = 2006;
/// Minutes at a home.
const AT_HOME: u64 = 10;

/// The two phones of a commune.
pub(super) struct Crew<'a> {
    commune: &'a Commune,
    villages: Vec<UnitId>,
    asks_twice: bool,
    lan: Phone,
    minh: Phone,
}

/// What a phone has to know to be let in.
pub(super) struct Entry<'a> {
    /// Where the server listens.
    pub(super) server: &'a str,
    /// Whose phone it is.
    pub(super) login: &'a str,
    /// Who gives out the code.
    pub(super) reviewer: &'a Desk,
    /// Where the phones lie.
    pub(super) phones: &'a Path,
}

/// Opens a phone, or has the office let it in.
pub(super) async fn phone(teller: &Teller, entry: Entry<'_>, people: &People, unit: UnitId) -> anyhow::Result<Phone> {
    let directory = entry.phones.join(entry.login);
    let surroundings = Surroundings {
        clock: teller.clock.clone(),
        chance: teller.chance(entry.login),
        standards: Arc::clone(&teller.standards),
    };
    if directory.join("identity.json").exists() {
        return Ok(Phone::open(&directory, surroundings)?);
    }
    let asked = json!({ "account": people[entry.login], "unit": unit });
    let code = entry.reviewer.post("/api/enrolment-codes", &asked).await?;
    let enrolment = Enrolment {
        road: Road { server: entry.server.to_owned(), roots: None, plain: PlainHttp::LoopbackOnly },
        code: code["code"].as_str().context("a code")?.to_owned(),
        server_key: code["server_key"].as_str().map(str::to_owned),
        name: format!("Máy của {}", entry.login),
        form: FormVersion(FORM.to_owned()),
    };
    Ok(Phone::enrol(&directory, enrolment, surroundings).await?)
}

impl<'a> Crew<'a> {
    /// Lets both phones in and gives them their villages.
    pub(super) async fn gather(
        teller: &mut Teller,
        (ground, commune): (&Ground, &'a Commune),
        people: &People,
        (servers, phones): (&Servers, &Path),
    ) -> anyhow::Result<Self> {
        let reviewer = Desk::log_in(servers.next(), &Post::Reviewer.login(&commune.slug)).await?;
        let villages = ground.villages(&reviewer, commune).await?;
        let open = async |post: Post| {
            let login = post.login(&commune.slug);
            let entry = Entry { server: servers.next(), login: &login, reviewer: &reviewer, phones };
            phone(teller, entry, people, commune.id).await
        };
        let (lan, minh) = (open(Post::Lan).await?, open(Post::Minh).await?);
        let asks_twice = ground.communes.iter().take(2).any(|first| first.id == commune.id);
        let mut crew = Self { commune, villages, asks_twice, lan, minh };
        crew.sync_both(teller).await?;
        Ok(crew)
    }

    async fn sync_both(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        for phone in [&mut self.lan, &mut self.minh] {
            let exchanged = phone.sync().await?;
            teller.travelled(&exchanged);
        }
        Ok(())
    }

    fn phone(&mut self, post: Post) -> &mut Phone {
        if post == Post::Minh { &mut self.minh } else { &mut self.lan }
    }

    /// The households of a village that are reviewed, as a phone has them, by id.
    fn homes(&mut self, post: Post, village: UnitId) -> Vec<HouseholdId> {
        let device = self.phone(post).device();
        let homes = device.households().filter(|(_, document)| document.scope.village == village);
        homes.map(|(household, _)| *household).collect()
    }

    fn home(&mut self, post: Post, household: HouseholdId) -> anyhow::Result<Household> {
        let found = self.phone(post).device().household(&household, View::Mine);
        found.with_context(|| format!("household {household} is not on the phone"))
    }

    fn centre(&self, village: UnitId) -> (f64, f64) {
        let at = self.villages.iter().position(|known| *known == village).unwrap_or(0);
        self.commune.place.village(at, self.villages.len())
    }

    fn call(&self, teller: &Teller, village: UnitId, attempt: i64) -> Call {
        Call { on: teller.clock.today(), attempt, as_of: teller.reference_on, village: self.centre(village) }
    }

    /// One household after the other, each written to disk before the next; what the book knows is not done again.
    fn go_round(
        &mut self,
        teller: &mut Teller,
        post: Post,
        homes: Vec<(HouseholdId, UnitId)>,
        attempt: i64,
    ) -> anyhow::Result<()> {
        for (household, village) in homes {
            let step = format!("call/{attempt}/{household}");
            if teller.is_done(&step) {
                continue;
            }
            let call = self.call(teller, village, attempt);
            let mut dice = teller.dice(&format!("call/{attempt}/{household}"));
            let outcome = at_the_door(teller, household, attempt);
            let edits = match outcome {
                "met" => interview(&self.home(post, household)?, &call, &mut dice),
                outcome => not_met(household, &call, outcome),
            };
            written(self.phone(post).edit_households(edits)?)?;
            teller.event(&format!("visit/{outcome}"), &format!("{household}/{attempt}"))?;
            teller.done(&step, outcome)?;
            teller.minutes(AT_HOME);
        }
        Ok(())
    }

    /// The first round of visits: everybody's own villages, and the shared one by the first of the two.
    pub(super) async fn first_calls(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        self.sync_both(teller).await?;
        for post in Post::ENUMERATORS {
            let homes = self.homes_of(post);
            self.go_round(teller, post, homes, 1)?;
            self.ask_in(teller, post)?;
            teller.travelled(&self.phone(post).sync().await?);
        }
        Ok(())
    }

    /// A family that is on no list asks for a review (Mẫu số 01); the first village's enumerator takes it in.
    fn ask_in(&mut self, teller: &mut Teller, post: Post) -> anyhow::Result<()> {
        let step = format!("asked/{}", self.commune.slug);
        let Some(village) = self.villages.first().copied().filter(|_| post == Post::Lan) else { return Ok(()) };
        if teller.is_done(&step) {
            return Ok(());
        }
        let mut dice = teller.dice(&step);
        // One man asks in the first two communes: the second one's inbox tells of the first.
        let mut head = teller.dice(if self.asks_twice { "asked/twice/head" } else { &step });
        let family = asking_family((village, &teller.round), &mut head, &mut dice);
        let household: HouseholdId = serde_json::from_value(family["household"].clone())?;
        if self.lan.device().household(&household, View::Mine).is_none() {
            written(self.lan.found_households(family)?)?;
        }
        let call = self.call(teller, village, 1);
        let edits = interview(&self.home(Post::Lan, household)?, &call, &mut dice);
        written(self.lan.edit_households(edits)?)?;
        teller.event("asked", &household.to_string())?;
        // It is among the households of its village from now on, and was called on.
        teller.done(&format!("call/1/{household}"), "met")?;
        teller.done(&step, &household.to_string())?;
        teller.minutes(AT_HOME);
        Ok(())
    }

    /// Whoever was not at home, or did not want to talk, is called on again.
    pub(super) async fn second_calls(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        for post in Post::ENUMERATORS {
            let was_not_met = |home| teller.left_by(&format!("call/1/{home}")).is_some_and(|outcome| outcome != "met");
            let again = self.homes_of(post).into_iter().filter(|(home, _)| was_not_met(*home)).collect();
            self.go_round(teller, post, again, 2)?;
            teller.travelled(&self.phone(post).sync().await?);
        }
        Ok(())
    }

    /// The households that an enumerator calls on: those of the own villages, and of the shared one by the first of the two.
    fn homes_of(&mut self, post: Post) -> Vec<(HouseholdId, UnitId)> {
        let shared = self.villages.last().copied();
        let beat = beat(post, &self.villages).into_iter();
        let villages = beat.filter(|village| post == Post::Lan || Some(*village) != shared);
        villages.flat_map(|village| self.homes(post, village).into_iter().map(move |home| (home, village))).collect()
    }

    /// Both check the shared village on the same afternoon, far from any line, and say different things.
    pub(super) async fn quarrel(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        let step = format!("quarrel/{}", self.commune.slug);
        if teller.is_done(&step) {
            return Ok(());
        }
        self.sync_both(teller).await?;
        let village = *self.villages.last().context("a shared village")?;
        let homes = self.homes(Post::Lan, village);
        let met = homes.into_iter().filter(|home| teller.left_by(&format!("call/1/{home}")) == Some("met"));
        let mut met: Vec<Household> = met.map(|home| self.home(Post::Lan, home)).collect::<Result<_, _>>()?;
        for said in SAID {
            let about = met.iter().enumerate().find_map(|(at, home)| Some((at, said.about(home)?)));
            let Some((at, (lans, minhs))) = about else { continue };
            let household = met.remove(at).household;
            written(self.lan.edit_households(lans)?)?;
            written(self.minh.edit_households(minhs)?)?;
            teller.event(said.slug(), &household.to_string())?;
            teller.minutes(AT_HOME);
        }
        self.sync_both(teller).await?;
        teller.travelled(&self.lan.pull().await?);
        teller.done(&step, "")
    }

    /// Lan knows the house and settles one disagreement on her phone, at the door and without a line.
    pub(super) async fn settle_at_the_door(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        let step = format!("door/{}", self.commune.slug);
        if teller.is_done(&step) {
            return Ok(());
        }
        let homes: Vec<HouseholdId> = self.lan.device().households().map(|(household, _)| *household).collect();
        for household in homes {
            let shown = self.lan.show(&household, View::Mine, None)?;
            let housing = shown.disagreements.iter().find(|open| open.section.to_string() == "housing");
            let Some(open) = housing else { continue };
            let both =
                Choice::Set(json!([[household, "answers/wall", "durable"], [household, "answers/roof", "durable"]]));
            written(self.lan.settle(household, &open.id, both)?)?;
            teller.event("settled/phone", &format!("{household}/{}", open.section))?;
            break;
        }
        teller.travelled(&self.lan.sync().await?);
        teller.done(&step, "")
    }

    /// Minh writes about a village that the office takes from him before he finds a line again.
    pub(super) async fn too_late(
        &mut self,
        teller: &mut Teller,
        (ground, reviewer): (&Ground, &Desk),
        people: &People,
    ) -> anyhow::Result<()> {
        let step = format!("late/{}", self.commune.slug);
        if teller.is_done(&step) {
            return Ok(());
        }
        let own = beat(Post::Minh, &self.villages);
        let village = *own.first().context("a village of Minh's own")?;
        let met = self.homes(Post::Minh, village).into_iter();
        let met: Vec<HouseholdId> =
            met.filter(|home| teller.left_by(&format!("call/1/{home}")) == Some("met")).take(2).collect();
        for household in &met {
            let mut edits = Edits::of(*household);
            edits.put("answers/electricity_month", 61);
            edits.put("answers/tv", true);
            written(self.minh.edit_households(edits.into_json())?)?;
        }
        let [lan, minh] = Post::ENUMERATORS.map(|post| people[&post.login(&self.commune.slug)]);
        let assignments = ground.path(self.commune, "assignments");
        reviewer.post(&assignments, &json!({ "village": village, "account": lan })).await?;
        let assigned = reviewer.list(&assignments).await?;
        let is_his = |one: &Value| one["village"] == village.0 && one["account"] == minh.0;
        if assigned.iter().any(is_his) {
            reviewer.delete(&format!("{assignments}/{village}/{minh}")).await?;
        }
        teller.travelled(&self.minh.sync().await?);
        teller.done(&step, "")
    }

    /// Measures again what the office sent back, and mends something on a household that was accepted already.
    pub(super) async fn after_review(
        &mut self,
        teller: &mut Teller,
        returned: Option<HouseholdId>,
        accepted: Option<HouseholdId>,
    ) -> anyhow::Result<()> {
        let step = format!("again/{}", self.commune.slug);
        if teller.is_done(&step) {
            return Ok(());
        }
        self.sync_both(teller).await?;
        for (household, key, value) in [(returned, "floor_area", 613), (accepted, "poultry", 37)] {
            let Some(household) = household else { continue };
            let post =
                if self.lan.device().household(&household, View::Mine).is_some() { Post::Lan } else { Post::Minh };
            let mut edits = Edits::of(household);
            edits.put(&format!("answers/{key}"), value);
            written(self.phone(post).edit_households(edits.into_json())?)?;
            teller.minutes(AT_HOME);
        }
        self.sync_both(teller).await?;
        teller.done(&step, "")
    }

    /// Everything that the office has said since.
    pub(super) async fn read_news(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        self.sync_both(teller).await
    }

    /// The phone that others look at.
    pub(super) fn lan(&self) -> &Phone {
        &self.lan
    }
}

/// Who opens: most are at home; of the others most are in the fields and are met the second time.
fn at_the_door(teller: &Teller, household: HouseholdId, attempt: i64) -> &'static str {
    let mut dice = teller.dice(&format!("door/{household}"));
    let (first, second) = match dice.below(100) {
        0..80 => return "met",
        80..92 => ("absent", "met"),
        92..96 => ("refused", "met"),
        96..99 => ("refused", "refused"),
        _ => ("absent", "moved"),
    };
    if attempt == 1 { first } else { second }
}

/// What the two of them say about one household.
#[derive(Clone, Copy, Debug)]
enum Said {
    /// Two questions of one section.
    TwoQuestions,
    /// The points on the paper form: a class may hang on them.
    Points,
    /// One question of form B2: its points stand on the list.
    Water,
    /// One question that neither a class nor anything on the list hangs on while the points are typed from paper.
    Poultry,
    /// One has left, says the first; the other writes about him.
    LeftAndEdited,
    /// The same.
    Equal,
}

const SAID: [Said; 6] =
    [Said::LeftAndEdited, Said::TwoQuestions, Said::Poultry, Said::Points, Said::Equal, Said::Water];

impl Said {
    fn slug(self) -> &'static str {
        match self {
            Self::TwoQuestions => "said/two-questions",
            Self::Points => "said/points",
            Self::Water => "said/water",
            Self::Poultry => "said/poultry",
            Self::LeftAndEdited => "said/left-and-edited",
            Self::Equal => "said/equal",
        }
    }

    /// What each of them says; `None` when the household has nobody of whom it could be said.
    fn about(self, home: &Household) -> Option<(Value, Value)> {
        let (mut lans, mut minhs) = (Edits::of(home.household), Edits::of(home.household));
        let flipped = |key: &str| match home.answers.get(key).and_then(Answer::as_text) {
            Some("durable") => "not_durable",
            _ => "durable",
        };
        match self {
            Self::TwoQuestions => {
                lans.put("answers/wall", flipped("wall"));
                minhs.put("answers/roof", flipped("roof"));
            }
            Self::Points => {
                let (one, other) = two_others(home, "b1_points", [135, 145, 125]);
                lans.put("answers/b1_points", one);
                minhs.put("answers/b1_points", other);
            }
            Self::Water => {
                let (one, other) = two_others(home, "water_source", ["surface", "protected_spring", "tap"]);
                lans.put("answers/water_source", one);
                minhs.put("answers/water_source", other);
            }
            Self::Poultry => {
                let (one, other) = two_others(home, "poultry", [12, 21, 33]);
                lans.put("answers/poultry", one);
                minhs.put("answers/poultry", other);
            }
            Self::LeftAndEdited => {
                let member = grown_child(home)?;
                lans.put(&format!("members/{member}/status"), "left");
                lans.put(&format!("members/{member}/status_reason"), "Lấy chồng, lấy vợ ở xã khác");
                let insured = home.members[&member].get("health_insurance") == Some(&Answer::Bool(true));
                minhs.put(&format!("members/{member}/health_insurance"), !insured);
            }
            Self::Equal => {
                lans.put("answers/cattle", 7);
                minhs.put("answers/cattle", 7);
            }
        }
        Some((lans.into_json(), minhs.into_json()))
    }
}

/// Two of three values, neither of which stands there: saying what stands already would be no change.
fn two_others<T: Copy + Into<Answer>>(home: &Household, key: &str, of: [T; 3]) -> (T, T) {
    let [one, two, three] = of;
    let stands = |value: T| home.answers.get(key) == Some(&value.into());
    match (stands(one), stands(two)) {
        (true, _) => (two, three),
        (false, true) => (one, three),
        (false, false) => (one, two),
    }
}

/// A child of the head who is old enough to marry.
fn grown_child(home: &Household) -> Option<MemberId> {
    let text = |answers: &Answers, key: &str| answers.get(key).and_then(Answer::as_text).map(str::to_owned);
    let is_grown = |answers: &Answers| {
        let born = text(answers, "born").and_then(|born| born.parse::<PartialDate>().ok());
        text(answers, "relation").as_deref() == Some("child") && born.is_some_and(|born| born.year() <= GROWN_BEFORE)
    };
    home.members.iter().find(|(_, answers)| is_grown(answers)).map(|(member, _)| *member)
}

/// Nothing that this story writes may be refused by the phone.
fn written(committed: Committed) -> anyhow::Result<()> {
    ensure!(committed.faults.is_empty(), "the phone refused: {:?}", committed.faults);
    Ok(())
}
