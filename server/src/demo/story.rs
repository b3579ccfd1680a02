//! The story in its order: the ground, last year's lists, days in the field, the office, the new lists.
//!
//! Every scene may be played again after a stop: what it finds done it leaves alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use schemas::ids::{HouseholdId, UnitId};
use schemas::ledger::Hash;
use schemas::roster::compiled_root;
use serde_json::Value;
use sync_protocol::device::View;
use sync_protocol::journal::Scope;

use super::desk::Desk;
use super::field::Crew;
use super::ground::{self, Commune, Ground};
use super::people::{self, COMPILER, People, Post};
use super::place::Place;
use super::review::Office;
use super::rogue::Rogue;
use super::servers::Servers;
use super::teller::Teller;
use crate::app::App;
use crate::documents::workbook::sample::{self, SampleCommune};

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Villages in a commune, at least three.
    pub villages: usize,
    /// Households on last year's list of poor and near-poor in a village.
    pub households: usize,
}

/// Serial numbers of citizen IDs below this belong to the people of the workbooks.
const SERIALS: usize = 900_000;
/// Scenes in which all communes play, besides one for each commune and its list.
const SCENES: u64 = 2;
/// Scenes of each commune.
const SCENES_OF_COMMUNE: u64 = 4;

/// How many scenes a place has.
pub(super) fn scenes(place: &Place) -> u64 {
    SCENES + SCENES_OF_COMMUNE * place.communes.len() as u64
}

/// The story with everything in it.
pub(super) struct Story<'a> {
    pub(super) teller: &'a mut Teller,
    pub(super) servers: Servers,
    pub(super) directory: &'a Path,
    pub(super) size: Size,
    ground: Ground,
    people: People,
}

/// A list of a commune.
#[derive(Clone, Debug)]
pub(super) struct CommuneList {
    pub(super) name: String,
    pub(super) counts: Value,
    pub(super) root: Hash,
    pub(super) unassessed: u64,
}

/// How the story ended.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) lists: Vec<CommuneList>,
    /// The compiled list of the unit above.
    pub(super) compiled: PathBuf,
    pub(super) root: Hash,
}

impl<'a> Story<'a> {
    /// Makes the ground.
    pub(super) async fn begin(
        teller: &'a mut Teller,
        app: &App,
        (servers, directory): (Servers, &'a Path),
        (place, size): (&Place, Size),
    ) -> anyhow::Result<Self> {
        teller.scene("Lập cây đơn vị, tài khoản, đợt rà soát / Units, accounts, the round");
        let nation = ground::administrator(app, place).await?;
        let admin = Desk::log_in(servers.next(), people::ADMINISTRATOR).await?;
        let ground = Ground::plant(&admin, nation, place).await?;
        let people = people::invite(&admin, &ground).await?;
        ground.open_round(&admin, place).await?;
        Ok(Self { teller, servers, directory, size, ground, people })
    }

    /// Plays everything to its end.
    pub(super) async fn play(mut self) -> anyhow::Result<Ending> {
        let ground = self.ground.clone();
        for (at, commune) in ground.communes.iter().enumerate() {
            self.teller.scene(&format!("{}: nhập danh sách năm trước / last year's list", commune.name));
            self.import(commune).await?;
            self.field(&ground, commune, at).await?;
            self.list(&ground, commune).await?;
        }
        self.teller.scene("Danh sách chính thức / The official lists");
        self.lists(&ground).await
    }

    async fn import(&mut self, commune: &Commune) -> anyhow::Result<()> {
        let step = format!("import/{}", commune.slug);
        if self.teller.is_done(&step) {
            return Ok(());
        }
        let workbook = self.workbook(commune)?;
        let compiler = Desk::log_in(self.servers.next(), COMPILER).await?;
        let imported = ground::import(&compiler, &self.ground, commune, workbook).await?;
        let reviewer = Desk::log_in(self.servers.next(), &Post::Reviewer.login(&commune.slug)).await?;
        let villages = self.ground.villages(&reviewer, commune).await?;
        let admin = Desk::log_in(self.servers.next(), people::ADMINISTRATOR).await?;
        ground::bound(&admin, commune, &villages).await?;
        ground::assign(&reviewer, (&self.ground, commune), &self.people, &villages).await?;
        self.note_report(commune, &imported)?;
        self.teller.done(&step, &imported["rows"].to_string())
    }

    /// Last year's list as the office of the commune kept it, with the faults that such lists have.
    fn workbook(&self, commune: &Commune) -> anyhow::Result<Vec<u8>> {
        let Size { villages, households } = self.size;
        let (name, code) = (commune.name.clone(), commune.place.code.clone());
        let sample = SampleCommune { name, code, villages, households, serials_from: self.serials_from(commune) };
        let mut dice = self.teller.dice(&format!("workbook/{}", commune.slug));
        let (bytes, _) = sample::workbook(&[sample], dice.rng())?;
        let file = self.file("workbooks", &format!("danh-sach-2025-{}.xlsx", commune.slug))?;
        std::fs::write(&file, &bytes).with_context(|| file.display().to_string())?;
        Ok(bytes)
    }

    /// Where a commune's citizen IDs are numbered from: nobody stands in two communes by accident.
    fn serials_from(&self, commune: &Commune) -> u32 {
        let communes = self.ground.communes.len().max(1);
        let at = self.ground.communes.iter().position(|known| known.id == commune.id).unwrap_or(0);
        u32::try_from(at * (SERIALS / communes)).unwrap_or(0)
    }

    fn note_report(&mut self, commune: &Commune, imported: &Value) -> anyhow::Result<()> {
        let file = self.file("workbooks", &format!("bao-cao-nhap-{}.json", commune.slug))?;
        std::fs::write(&file, serde_json::to_vec_pretty(imported)?)?;
        for line in imported["lines"].as_array().into_iter().flatten() {
            let where_ =
                format!("{}/{}/{}/{}/{}", commune.slug, line["sheet"], line["row"], line["column"], line["slug"]);
            self.teller.event("import/line", &where_)?;
        }
        Ok(())
    }

    fn file(&self, folder: &str, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.directory.join(folder);
        std::fs::create_dir_all(&folder)?;
        Ok(folder.join(name))
    }

    /// Five days of two phones.
    async fn field(&mut self, ground: &Ground, commune: &Commune, at: usize) -> anyhow::Result<()> {
        let phones = self.directory.join("phones");
        self.teller.scene(&format!("{}: đi từng nhà, không có sóng / from house to house, offline", commune.name));
        self.teller.morning(1);
        let mut crew = Crew::gather(self.teller, (ground, commune), &self.people, (&self.servers, &phones)).await?;
        crew.first_calls(self.teller).await?;
        self.teller.morning(2);
        crew.quarrel(self.teller).await?;
        let office = Office::open(&self.servers, ground, commune).await?;
        office.note_disagreements(self.teller, "opened").await?;
        crew.settle_at_the_door(self.teller).await?;
        self.teller.morning(3);
        crew.second_calls(self.teller).await?;
        let office = Office::open(&self.servers, ground, commune).await?;
        // The office moves people about in some communes while their phones are out of reach.
        if at.is_multiple_of(3) {
            crew.too_late(self.teller, (ground, &office.reviewer), &self.people).await?;
        }
        if at + 1 == ground.communes.len() {
            self.attack(&crew, &office.reviewer, commune).await?;
        }
        self.teller.morning(4);
        self.teller.scene(&format!("{}: xã duyệt / the commune reviews", commune.name));
        let office = Office::open(&self.servers, ground, commune).await?;
        office.work(self.teller).await?;
        let returned = self.teller.left_by(&format!("returned/{}", commune.slug)).map(str::parse::<HouseholdId>);
        let accepted = office.an_accepted_one().await?;
        self.teller.morning(5);
        crew.after_review(self.teller, returned.transpose()?, accepted).await?;
        let office = Office::open(&self.servers, ground, commune).await?;
        office.work(self.teller).await?;
        office.note_disagreements(self.teller, "left-open").await?;
        crew.read_news(self.teller).await
    }

    /// A phone that was let in sends what it may not.
    async fn attack(&mut self, crew: &Crew<'_>, reviewer: &Desk, commune: &Commune) -> anyhow::Result<()> {
        let step = format!("rogue/{}", commune.slug);
        if self.teller.is_done(&step) {
            return Ok(());
        }
        let account = self.people[&Post::Lan.login(&commune.slug)];
        let rogue = Rogue::enrol(self.servers.next(), reviewer, (account, commune.id), self.teller).await?;
        let device = crew.lan().device();
        let (household, document) = device.households().next().context("a household")?;
        let history = device.history(household, View::Accepted).context("its history")?;
        let scope: Scope = document.scope.clone();
        let refused = rogue.attack(&history, &scope).await?;
        for number in 0..refused {
            self.teller.event("rogue/refused", &number.to_string())?;
        }
        self.teller.done(&step, "")
    }

    async fn list(&mut self, ground: &Ground, commune: &Commune) -> anyhow::Result<()> {
        self.teller.scene(&format!("{}: lập danh sách / the list", commune.name));
        let reviewer = Desk::log_in(self.servers.next(), &Post::Reviewer.login(&commune.slug)).await?;
        let compiled = reviewer.post(&ground.path(commune, "roster"), &Value::Null).await?;
        ensure!(compiled["outcome"] != "waiting", "{}: the list waits: {}", commune.name, compiled["waiting"]);
        // The chair's file has the salts, with which anybody can compute the root again.
        let chair = Desk::log_in(self.servers.next(), &Post::Chair.login(&commune.slug)).await?;
        for (format, query) in [("xlsx", ""), ("csv", ""), ("json", "?salts=true")] {
            let bytes = chair.file(&ground.path(commune, &format!("roster.{format}{query}"))).await?;
            std::fs::write(self.file("lists", &format!("danh-sach-2026-{}.{format}", commune.slug))?, bytes)?;
        }
        Ok(())
    }

    /// The list of the unit above, from those of its communes.
    async fn lists(&mut self, ground: &Ground) -> anyhow::Result<Ending> {
        let compiler = Desk::log_in(self.servers.next(), COMPILER).await?;
        let mut lists = Vec::new();
        let mut roots: Vec<(UnitId, Hash)> = Vec::new();
        for commune in &ground.communes {
            let standing = compiler.get(&ground.path(commune, "roster")).await?;
            let newest = &standing["newest"];
            let root: Hash = newest["root"].as_str().context("a root")?.parse()?;
            let unassessed = newest["header"]["unassessed"].as_u64().unwrap_or(0);
            roots.push((commune.id, root));
            lists.push(CommuneList { name: commune.name.clone(), counts: newest.clone(), root, unassessed });
        }
        let path = format!("/api/rounds/{}/units/{}/list.xlsx", ground.round, ground.compiling);
        let compiled = self.file("lists", "tong-hop-2026.xlsx")?;
        std::fs::write(&compiled, compiler.file(&path).await?)?;
        Ok(Ending { lists, compiled, root: compiled_root(&roots) })
    }
}
