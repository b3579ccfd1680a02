//! The office of a commune: what waits in the inbox is decided, one after the other, by people with their own names.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use schemas::ids::HouseholdId;
use serde_json::{Value, json};

use super::desk::Desk;
use super::ground::{Commune, Ground};
use super::people::Post;
use super::teller::Teller;

/// How often the inbox is gone through before something must be wrong.
const PASSES: usize = 12;

/// The people of a commune's office.
pub(super) struct Office<'a> {
    ground: &'a Ground,
    commune: &'a Commune,
    /// Reviews and decides.
    pub(super) reviewer: Desk,
    /// The second person, who reads the paper forms.
    committee: Desk,
}

/// A household as the list shows it.
struct Row {
    heads: Value,
    points: Option<i64>,
    outcome: Option<String>,
    is_returned: bool,
}

impl<'a> Office<'a> {
    /// Everybody comes to work.
    pub(super) async fn open(server: &str, ground: &'a Ground, commune: &'a Commune) -> anyhow::Result<Self> {
        let reviewer = Desk::log_in(server, &Post::Reviewer.login(&commune.slug)).await?;
        let committee = Desk::log_in(server, &Post::Committee.login(&commune.slug)).await?;
        Ok(Self { ground, commune, reviewer, committee })
    }

    fn path(&self, household: &str, what: &str) -> String {
        self.ground.path(self.commune, &format!("households/{household}{what}"))
    }

    /// Goes through the inbox until nothing in it waits for this office.
    pub(super) async fn work(&self, teller: &mut Teller) -> anyhow::Result<()> {
        for _ in 0..PASSES {
            let rows = self.rows().await?;
            self.note_returned(teller, &rows)?;
            let items = self.reviewer.list(&self.ground.path(self.commune, "inbox")).await?;
            let mut moved = false;
            for item in &items {
                moved |= self.decide(teller, item, &rows).await?;
            }
            if !moved {
                return Ok(());
            }
            teller.minutes(10);
        }
        bail!("{}: the inbox does not become empty", self.commune.name)
    }

    async fn rows(&self) -> anyhow::Result<BTreeMap<String, Row>> {
        let mut rows = BTreeMap::new();
        for row in self.reviewer.list(&self.ground.path(self.commune, "households")).await? {
            let household = row["household"].as_str().context("a household")?.to_owned();
            let points = row["summary"]["b1"][0].as_i64();
            let outcome = row["last_outcome"].as_str().map(str::to_owned);
            let is_returned = row["review"] == "returned";
            rows.insert(household, Row { heads: row["heads"].clone(), points, outcome, is_returned });
        }
        Ok(rows)
    }

    /// Decides one thing; says whether anything came of it.
    async fn decide(&self, teller: &mut Teller, item: &Value, rows: &BTreeMap<String, Row>) -> anyhow::Result<bool> {
        let household = item["household"].as_str().context("a household")?;
        let (kind, detail) = (item["kind"].as_str().unwrap_or_default(), &item["detail"]);
        let row = rows.get(household);
        match (kind, row) {
            ("disagreement", _) if detail["blocking"] == true => {
                self.settle(teller, household, detail).await?;
            }
            ("suspected", _) => {
                teller.event("suspected", household)?;
                return Ok(false);
            }
            ("refused", _) => self.refused(teller, household, detail).await?,
            ("points_to_confirm", Some(row)) => self.confirm(teller, household, row).await?,
            ("ready_to_accept", Some(row)) if self.is_to_be_measured_again(teller) => {
                self.give_back(teller, household, row).await?;
            }
            ("ready_to_accept", Some(row)) => self.accept(teller, household, (row, "accepted")).await?,
            ("changed_since", Some(row)) => {
                let page = self.reviewer.get(&self.path(household, "")).await?;
                if page["points_confirmed"] != true {
                    self.confirm(teller, household, row).await?;
                }
                self.accept(teller, household, (row, "accepted-again")).await?;
            }
            ("not_met", Some(row)) => self.unassess(teller, household, row).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// One household of each commune is sent back, once.
    fn is_to_be_measured_again(&self, teller: &Teller) -> bool {
        ["returned", "again"].iter().all(|step| !teller.is_done(&format!("{step}/{}", self.commune.slug)))
    }

    /// A household that was sent back just before the machine stopped is noted now.
    fn note_returned(&self, teller: &mut Teller, rows: &BTreeMap<String, Row>) -> anyhow::Result<()> {
        match rows.iter().find(|(_, row)| row.is_returned) {
            Some((household, _)) if self.is_to_be_measured_again(teller) => {
                teller.event("returned", household)?;
                teller.done(&format!("returned/{}", self.commune.slug), household)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A second person reads the points on the signed paper form.
    async fn confirm(&self, teller: &mut Teller, household: &str, row: &Row) -> anyhow::Result<()> {
        let read = json!({ "points": row.points });
        self.committee.post(&self.path(household, "/confirm-points"), &read).await?;
        teller.event("confirmed", household)
    }

    async fn accept(&self, teller: &mut Teller, household: &str, (row, what): (&Row, &str)) -> anyhow::Result<()> {
        self.reviewer.post(&self.path(household, "/accept"), &json!({ "seen": row.heads })).await?;
        teller.event(what, household)
    }

    async fn give_back(&self, teller: &mut Teller, household: &str, row: &Row) -> anyhow::Result<()> {
        let reason = "Đo lại diện tích nhà ở: số ghi không khớp với ảnh chụp";
        let body = json!({ "seen": row.heads, "reason": reason });
        self.reviewer.post(&self.path(household, "/return"), &body).await?;
        teller.event("returned", household)?;
        teller.done(&format!("returned/{}", self.commune.slug), household)
    }

    /// The reviewer asks both, looks at the papers, and says which side holds.
    async fn settle(&self, teller: &mut Teller, household: &str, detail: &Value) -> anyhow::Result<()> {
        let id = detail["id"].as_str().context("a disagreement")?;
        let page = self.reviewer.get(&self.path(household, "")).await?;
        let open = page["disagreements"].as_array().and_then(|all| all.iter().find(|one| one["id"] == id));
        let sides = open.and_then(|open| open["sides"].as_array()).map_or(0, Vec::len);
        let side = teller.dice(&format!("settle/{household}")).below(sides as u64);
        self.reviewer.post(&self.path(household, &format!("/disagreements/{id}")), &json!({ "side": side })).await?;
        teller.event("settled/office", &section_of(household, detail)?)
    }

    /// Notes the disagreements that the inbox shows, each once: by its household and section.
    pub(super) async fn note_disagreements(&self, teller: &mut Teller, what: &str) -> anyhow::Result<()> {
        let items = self.reviewer.list(&self.ground.path(self.commune, "inbox")).await?;
        for item in items.iter().filter(|item| item["kind"] == "disagreement") {
            let household = item["household"].as_str().context("a household")?;
            teller.event(what, &section_of(household, &item["detail"])?)?;
        }
        Ok(())
    }

    /// Late but honest work is let in or said again; what nobody may send is left out.
    async fn refused(&self, teller: &mut Teller, household: &str, detail: &Value) -> anyhow::Result<()> {
        let change = detail["change"].as_str().context("a change")?;
        let verdict = detail["verdict"].as_str().unwrap_or_default();
        let (exit, reason) = match (verdict, teller.count("salvaged") > teller.count("released")) {
            ("change/out-of-scope", true) => ("release", "Làm trước khi giao lại thôn; đúng người, đúng hộ"),
            ("change/out-of-scope", false) => ("salvage", "Đã hỏi lại gia đình, ghi lại dưới tên người rà soát của xã"),
            _ => ("set-aside", "Máy lạ gửi; không có người và phiếu nào ứng với sửa đổi này"),
        };
        self.reviewer
            .post(&self.path(household, &format!("/changes/{change}/{exit}")), &json!({ "reason": reason }))
            .await?;
        let what = match exit {
            "release" => "released",
            "salvage" => "salvaged",
            _ => "set-aside",
        };
        teller.event(what, change)
    }

    /// A household that nobody could assess ends without a class, by a decision and never by silence.
    async fn unassess(&self, teller: &mut Teller, household: &str, row: &Row) -> anyhow::Result<()> {
        // Whoever was called on once only is called on again first.
        if !teller.is_done(&format!("call/2/{household}")) {
            return Ok(());
        }
        let body = json!({ "seen": row.heads, "why": row.outcome, "reason": "Đã đến hai lần, có trưởng thôn cùng đi" });
        self.reviewer.post(&self.path(household, "/unassessed"), &body).await?;
        teller.event("unassessed", household)
    }

    /// A household that was accepted, for something to be mended on.
    pub(super) async fn an_accepted_one(&self) -> anyhow::Result<Option<HouseholdId>> {
        let rows = self.reviewer.list(&self.ground.path(self.commune, "households")).await?;
        let accepted = rows.iter().find(|row| row["review"] == "accepted");
        let household = accepted.and_then(|row| row["household"].as_str());
        household.map(|id| id.parse().map_err(anyhow::Error::from)).transpose()
    }
}

/// What a disagreement is about: it keeps this while edits of the section give it new sides.
fn section_of(household: &str, detail: &Value) -> anyhow::Result<String> {
    Ok(format!("{household}/{}", detail["section"].as_str().context("a section")?))
}
