//! Every endpoint with every role at every place, against the access table, over real HTTP.
//!
//! A new endpoint fails here until it stands in the table and until this file knows how to ask it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use house_tests::client::{Answer, Client};
use house_tests::house::{House, PASSWORD};
use house_tests::phone::Phone;
use house_tests::points;
use jiff::ToSpan;
use jiff::civil::Date;
use reqwest::Method;
use schemas::ids::{AccountId, UnitId};
use serde_json::{Value, json};
use server::domain::role::Role;
use server::http::access::{Place, RULES, Rule, Who};

#[path = "access/in_round.rs"]
mod in_round;
#[path = "access/opening.rs"]
mod opening;

use in_round::{Surveyed, is_in_round, is_of_household};

/// Where the thing lies that is asked for, seen from the commune on which the asking person holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Own,
    Child,
    Parent,
    Sibling,
    /// An id that nothing has.
    Missing,
}

const TARGETS: [Target; 5] = [Target::Own, Target::Child, Target::Parent, Target::Sibling, Target::Missing];

/// A house with an open round and a surveyed household in each of its communes, and a counter that gives every fixture its
/// own name.
struct Matrix {
    house: House,
    admin: Client,
    own: Surveyed,
    neighbours: Surveyed,
    fixtures: u32,
}

/// One request, ready to be asked by anybody.
struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Request {
    fn new(rule: &Rule, path: String, body: Option<Value>) -> Result<Self> {
        Ok(Self { method: rule.method.parse()?, path, body })
    }

    async fn ask(&self, client: &Client) -> Result<Answer> {
        client.ask(self.method.clone(), &self.path, self.body.as_ref()).await
    }
}

impl Matrix {
    async fn start() -> Result<Self> {
        let house = House::with_open_round().await?;
        let admin = house.as_account(house.people.admin).await?;
        let units = house.units;
        let body = json!({ "level": "village", "name": "Bản Bên", "from": "2026-01-01" });
        let village = admin.post(&format!("/api/units/{}/children", units.neighbour), body).await?;
        let village = UnitId(village.body["id"].as_u64().context("a village")?);
        let own = Surveyed::make(&house, &admin, units.commune, units.village, 1).await?;
        let neighbours = Surveyed::make(&house, &admin, units.neighbour, village, 2).await?;
        Ok(Self { house, admin, own, neighbours, fixtures: 0 })
    }

    /// The household to ask for where a commune is asked for one; a place without any is asked for that of the own commune.
    fn surveyed_at(&self, target: Target) -> &Surveyed {
        match target {
            Target::Sibling => &self.neighbours,
            Target::Own | Target::Child | Target::Parent | Target::Missing => &self.own,
        }
    }

    fn unit(&self, target: Target) -> UnitId {
        let units = self.house.units;
        match target {
            Target::Own => units.commune,
            Target::Child => units.village,
            Target::Parent => units.province,
            Target::Sibling => units.neighbour,
            Target::Missing => UnitId(999_999),
        }
    }

    /// A number for the next fixture. Time goes on, or the limit on attempts per address would end the walk.
    fn next(&mut self) -> u32 {
        self.house.clock.advance(Duration::from_secs(1));
        self.fixtures += 1;
        self.fixtures
    }

    /// An account that the unit looks after and that surveys in it; for a missing unit the id of nobody.
    async fn enumerator_at(&mut self, target: Target) -> Result<AccountId> {
        if target == Target::Missing {
            return Ok(AccountId(999_999));
        }
        let (unit, number) = (self.unit(target), self.next());
        let account = self.house.account(&format!("fixture-{number}"), unit).await?;
        self.house.give(account, Role::Enumerator, unit).await?;
        Ok(account)
    }

    async fn grant_at(&mut self, target: Target) -> Result<u64> {
        if target == Target::Missing {
            return Ok(999_999);
        }
        let account = self.enumerator_at(target).await?;
        Ok(self.house.give(account, Role::Enumerator, self.unit(target)).await?.0)
    }

    async fn device_at(&mut self, target: Target) -> Result<String> {
        let phone = Phone::new(self.next());
        if target != Target::Missing {
            let (account, unit) = (self.enumerator_at(target).await?, self.unit(target));
            let enrolled = phone.enrol(&self.admin, &self.house.anonymous, account, unit).await?;
            assert!(enrolled.is_success(), "{enrolled:?}");
        }
        Ok(phone.id()?.to_string())
    }

    /// A planned or an open round of the unit; for a missing unit the id of none.
    async fn round_at(&mut self, target: Target, open: bool) -> Result<String> {
        if target == Target::Missing {
            return Ok("khong-co".to_owned());
        }
        let id = format!("dot-{}", self.next());
        let body = json!({
            "id": id, "unit": self.unit(target), "name": "Đợt thử", "standards": ["vn-2022-2025"],
            "form_version": "vn-2022-2025/1", "b1_mode": "training", "reference_on": "2026-10-01",
        });
        assert!(self.admin.post("/api/rounds", body).await?.is_success());
        if open {
            assert!(self.admin.post(&format!("/api/rounds/{id}/open"), Value::Null).await?.is_success());
        }
        Ok(id)
    }

    /// What to send to an endpoint to ask for something at the target.
    async fn request(&mut self, rule: &Rule, target: Target) -> Result<Request> {
        let unit = self.unit(target);
        let (path, body) = match (rule.method, rule.path) {
            (_, path) if path.contains("{hash}") => {
                (path.replace("{unit}", &unit.to_string()).replace("{hash}", &"0".repeat(64)), None)
            }
            ("GET", path) if path.starts_with("/api/units/{unit}") => (path.replace("{unit}", &unit.to_string()), None),
            ("POST", "/api/units/{unit}/children") => {
                let name = format!("Bản {}", self.next());
                let body = json!({ "level": "village", "name": name, "from": "2026-01-01" });
                (rule.path.replace("{unit}", &unit.to_string()), Some(body))
            }
            ("POST", "/api/units/{unit}/revisions") => {
                let number = self.next();
                // Each from a day of its own: what has changed on a day does not change on it or before.
                let from = Date::constant(2026, 1, 1).checked_add(i64::from(number).days())?;
                let body = json!({ "name": format!("Tên {number}"), "from": from.to_string() });
                (rule.path.replace("{unit}", &unit.to_string()), Some(body))
            }
            ("POST", "/api/units/{unit}/boundaries") => {
                let body = json!({ "type": "FeatureCollection", "features": [] });
                (rule.path.replace("{unit}", &unit.to_string()), Some(body))
            }
            ("POST", "/api/units/{unit}/points-tables") => {
                (rule.path.replace("{unit}", &unit.to_string()), Some(points::upload(points::NUMBERS, points::MAPPING)))
            }
            ("POST", "/api/accounts") => {
                let login = format!("made-{}", self.next());
                let body = json!({ "login": login, "display_name": "Mới", "unit": unit, "password": PASSWORD });
                ("/api/accounts".to_owned(), Some(body))
            }
            ("POST", "/api/accounts/{account}/disable" | "/api/accounts/{account}/reset-password") => {
                (rule.path.replace("{account}", &self.enumerator_at(target).await?.to_string()), None)
            }
            ("POST", "/api/grants") => {
                let account = self.enumerator_at(target).await?;
                let body = json!({ "account": account, "role": "enumerator", "unit": unit });
                ("/api/grants".to_owned(), Some(body))
            }
            ("DELETE", "/api/grants/{grant}") => (format!("/api/grants/{}", self.grant_at(target).await?), None),
            ("POST", "/api/enrolment-codes") => {
                let account = self.enumerator_at(target).await?;
                ("/api/enrolment-codes".to_owned(), Some(json!({ "account": account, "unit": unit })))
            }
            ("POST", path) if path.contains("{device}") => {
                (path.replace("{device}", &self.device_at(target).await?), opening::word(path))
            }
            ("POST", "/api/rounds/{round}/open" | "/api/rounds/{round}/close") => {
                let round = self.round_at(target, rule.path.ends_with("close")).await?;
                (rule.path.replace("{round}", &round), None)
            }
            ("POST", "/api/rounds") => {
                let body = json!({
                    "id": format!("dot-{}", self.next()), "unit": unit, "name": "Đợt thử",
                    "standards": ["vn-2022-2025"], "form_version": "vn-2022-2025/1",
                    "b1_mode": "training", "reference_on": "2026-10-01",
                });
                ("/api/rounds".to_owned(), Some(body))
            }
            (method, path) if is_in_round(path) => {
                self.surveyed_at(target).ask(&self.house, method, path, unit).await?
            }
            _ => return self.unplaced_request(rule).await,
        };
        Request::new(rule, path, body)
    }

    /// What to send to an endpoint that is about no place.
    async fn unplaced_request(&mut self, rule: &Rule) -> Result<Request> {
        let body = match (rule.method, rule.path) {
            ("GET", _) | ("DELETE", "/api/session") => None,
            ("POST", "/api/session") => Some(json!({ "login": "tam", "password": PASSWORD, "keep": "bearer" })),
            ("POST", "/api/me/password") => Some(json!({ "old": PASSWORD, "new": PASSWORD })),
            ("POST", "/api/device-challenges" | "/api/sync" | "/api/sync/parcels") | ("PATCH", _) => None,
            ("POST", "/api/devices") => {
                let (account, unit) = (self.enumerator_at(Target::Own).await?, self.house.units.commune);
                let asked = json!({ "account": account, "unit": unit });
                let code = self.admin.post("/api/enrolment-codes", asked).await?;
                Some(Phone::new(self.next()).enrolment(&code)?)
            }
            ("POST", "/api/openings") => Some(opening::asked()),
            ("POST", "/api/device-tokens") => {
                let (account, unit) = (self.enumerator_at(Target::Own).await?, self.house.units.commune);
                let phone = Phone::new(self.next());
                phone.enrol(&self.admin, &self.house.anonymous, account, unit).await?;
                let challenge = self.house.anonymous.post("/api/device-challenges", Value::Null).await?;
                Some(phone.renewal(&self.house.app.server_public_key(), &challenge)?)
            }
            (method, path) => bail!("this test does not know how to ask {method} {path}"),
        };
        let path = rule.path.replace("{household}", &"0".repeat(26)).replace("{blob}", &"0".repeat(64));
        let path = if rule.method == "PATCH" { path + "?offset=0" } else { path };
        Request::new(rule, path, body)
    }

    /// Somebody who holds one role on the commune and nothing else.
    async fn holder(&mut self, role: Role) -> Result<AccountId> {
        let login = format!("{}-{}", role.code().replace('_', "-"), self.next());
        let account = self.house.account(&login, self.house.units.commune).await?;
        self.house.give(account, role, self.house.units.commune).await?;
        Ok(account)
    }
}

/// Whether somebody was let in. Endpoints that need more than this walk prepares say what they miss, after letting in.
fn is_let_in(rule: &Rule, answer: &Answer) -> bool {
    match rule.who {
        Who::Holders(..) if is_in_round(rule.path) => {
            answer.is_success() || in_round::says(rule.method, rule.path, answer.slug())
        }
        // Nothing lies in a village.
        Who::Holders(..) if rule.path.ends_with("/children") => {
            answer.is_success() || answer.slug() == "unit/level-not-below"
        }
        Who::Holders(..) if rule.path.contains("{hash}") => answer.slug() == "points-table/not-found",
        _ if opening::needs_a_request(rule.path) => answer.slug().starts_with("opening/"),
        Who::AnyDevice => answer.slug() == "sync/unreadable",
        Who::Device if rule.path == "/api/sync/parcels" => answer.slug() == "parcel/unreadable",
        Who::Device if rule.path.contains("{blob}") => answer.slug().starts_with("blob/not-"),
        _ => answer.is_success(),
    }
}

/// The endpoints of the document that a running server gives.
async fn described(client: &Client) -> Result<BTreeSet<(String, String)>> {
    let document = client.get("/api/openapi.json").await?.body;
    let paths = document["paths"].as_object().context("no paths")?;
    let methods = |item: &Value| item.as_object().map(|item| item.keys().cloned().collect::<Vec<_>>());
    let pairs = paths.iter().flat_map(|(path, item)| {
        methods(item).unwrap_or_default().into_iter().map(|method| (method.to_uppercase(), path.clone()))
    });
    Ok(pairs.collect())
}

#[tokio::test]
async fn the_document_and_the_access_table_name_the_same_endpoints() -> Result<()> {
    let house = House::start().await?;
    let described = described(&house.anonymous).await?;
    let ruled: BTreeSet<_> = RULES.iter().map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
    assert!(described.len() > 20, "{described:?}");
    assert_eq!(described, ruled);
    assert_eq!(ruled.len(), RULES.len(), "an endpoint stands in the table twice");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn nobody_gets_in_without_a_session_that_still_holds() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    let disabled = matrix.holder(Role::Administrator).await?;
    let disabled_client = matrix.house.as_account(disabled).await?;
    assert!(matrix.admin.post(&format!("/api/accounts/{disabled}/disable"), Value::Null).await?.is_success());
    let revoked = matrix.holder(Role::Administrator).await?;
    let revoked_client = matrix.house.as_account(revoked).await?;
    assert!(revoked_client.delete("/api/session").await?.is_success());
    let made_up = matrix.house.anonymous.with_token(&"0".repeat(64));
    let cases = [
        (matrix.house.anonymous.clone(), "session/needed"),
        (disabled_client, "session/account-disabled"),
        (revoked_client, "session/revoked"),
        (made_up, "session/unknown"),
    ];
    for rule in RULES.iter().filter(|rule| matches!(rule.who, Who::AnySession | Who::SignedIn | Who::Holders(..))) {
        let request = matrix.request(rule, Target::Own).await?;
        for (client, slug) in &cases {
            let answer = request.ask(client).await?;
            assert_eq!((answer.status, answer.slug()), (401, *slug), "{} {}", rule.method, rule.path);
        }
    }
    matrix.house.stop().await;
    Ok(())
}

/// What the table says about a role at a place: `None` when it may, else status and slug.
fn expected(role: Role, roles: &[Role], place: Place, target: Target) -> Option<(u16, &'static str)> {
    match target {
        _ if !roles.contains(&role) => Some((403, "access/role-needed")),
        // A village is within the commune, but is none.
        Target::Child if place == Place::PathCommune => Some((404, place.not_found())),
        // Who holds a place does not change it: that is done from above.
        Target::Own if place == Place::AbovePathUnit => Some((403, "unit/own")),
        Target::Own | Target::Child => None,
        Target::Parent | Target::Sibling | Target::Missing => Some((404, place.not_found())),
    }
}

#[tokio::test]
async fn every_role_gets_exactly_what_the_table_says_at_every_place() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    for rule in RULES {
        let Who::Holders(roles, place) = rule.who else { continue };
        for role in Role::ALL {
            let holder = matrix.holder(*role).await?;
            let client = matrix.house.as_account(holder).await?;
            for target in TARGETS {
                let answer = matrix.request(rule, target).await?.ask(&client).await?;
                let what = format!("{} {} as {role} at {target:?}: {answer:?}", rule.method, rule.path);
                match expected(*role, roles, place, target) {
                    None => assert!(is_let_in(rule, &answer), "{what}"),
                    Some(refused) => assert_eq!((answer.status, answer.slug()), refused, "{what}"),
                }
            }
        }
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_foreign_place_is_refused_in_the_very_words_of_one_that_does_not_exist() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    for rule in RULES {
        let Who::Holders(roles, _) = rule.who else { continue };
        let role = *roles.first().context("a rule without roles")?;
        let holder = matrix.holder(role).await?;
        let client = matrix.house.as_account(holder).await?;
        let missing = matrix.request(rule, Target::Missing).await?.ask(&client).await?;
        for target in [Target::Parent, Target::Sibling] {
            let foreign = matrix.request(rule, target).await?.ask(&client).await?;
            assert_eq!(foreign.body, missing.body, "{} {} at {target:?}", rule.method, rule.path);
        }
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_foreign_household_through_ones_own_commune_is_one_that_nobody_ever_heard_of() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    let commune = matrix.house.units.commune;
    let (foreign, unknown) = (matrix.neighbours.clone(), matrix.own.unknown());
    let mut asked = 0;
    for rule in RULES.iter().filter(|rule| is_of_household(rule.path)) {
        let Who::Holders(roles, _) = rule.who else { continue };
        for role in roles {
            let holder = matrix.holder(*role).await?;
            let client = matrix.house.as_account(holder).await?;
            let mut answers = Vec::new();
            for surveyed in [&foreign, &unknown] {
                let (path, body) = surveyed.ask(&matrix.house, rule.method, rule.path, commune).await?;
                answers.push(Request::new(rule, path, body)?.ask(&client).await?);
            }
            let what = format!("{} {} as {role}: {:?}", rule.method, rule.path, answers[0]);
            // A suspicion is named by both its households: it is the suspicion that nobody ever heard of.
            let unknown =
                if rule.path.contains("{suspicion}") { "review/suspicion-not-found" } else { "household/not-found" };
            assert_eq!((answers[0].status, answers[0].slug()), (404, unknown), "{what}");
            assert_eq!(answers[0].body, answers[1].body, "{what}");
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked} asked");
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn endpoints_for_everybody_signed_in_answer_every_role_and_those_without_one() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    for rule in RULES.iter().filter(|rule| matches!(rule.who, Who::AnySession | Who::SignedIn)) {
        let mut accounts = vec![matrix.house.people.tam];
        for role in Role::ALL {
            accounts.push(matrix.holder(*role).await?);
        }
        for account in accounts {
            let client = matrix.house.as_account(account).await?;
            let answer = matrix.request(rule, Target::Own).await?.ask(&client).await?;
            assert!(answer.is_success(), "{} {}: {answer:?}", rule.method, rule.path);
        }
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn with_a_one_time_password_nothing_can_be_done_but_choosing_another() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    let holder = matrix.holder(Role::Administrator).await?;
    let given = matrix.admin.post(&format!("/api/accounts/{holder}/reset-password"), Value::Null).await?;
    assert!(given.is_success(), "{given:?}");
    for rule in RULES {
        let client = matrix.house.as_account(holder).await?;
        let answer = match rule.who {
            Who::Anyone | Who::Device | Who::AnyDevice | Who::LocalOr(_) => continue,
            // It does not know the password that was given out.
            Who::AnySession if rule.path == "/api/me/password" => continue,
            Who::AnySession | Who::SignedIn | Who::Holders(..) => {
                matrix.request(rule, Target::Own).await?.ask(&client).await?
            }
        };
        match rule.who == Who::AnySession {
            true => assert!(answer.is_success(), "{} {}: {answer:?}", rule.method, rule.path),
            false => assert_eq!((answer.status, answer.slug()), (403, "session/password-change-needed")),
        }
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn open_endpoints_answer_somebody_who_is_not_logged_in() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    for rule in RULES.iter().filter(|rule| rule.who == Who::Anyone) {
        let request = matrix.request(rule, Target::Own).await?;
        let answer = request.ask(&matrix.house.anonymous).await?;
        assert!(is_let_in(rule, &answer), "{} {}: {answer:?}", rule.method, rule.path);
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn device_endpoints_take_a_devices_token_and_no_session() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    let (account, unit) = (matrix.enumerator_at(Target::Own).await?, matrix.house.units.commune);
    let enrolled = Phone::new(matrix.next()).enrol(&matrix.admin, &matrix.house.anonymous, account, unit).await?;
    let device = matrix.house.anonymous.with_token(enrolled.text("token"));
    let mut rules = RULES.iter().filter(|rule| matches!(rule.who, Who::Device | Who::AnyDevice)).peekable();
    assert!(rules.peek().is_some());
    for rule in rules {
        let request = matrix.request(rule, Target::Own).await?;
        assert!(is_let_in(rule, &request.ask(&device).await?), "{} {}", rule.method, rule.path);
        for stranger in [&matrix.house.anonymous, &matrix.admin] {
            let answer = request.ask(stranger).await?;
            assert_eq!((answer.status, answer.slug()), (401, "device/token-not-valid"));
        }
    }
    matrix.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn measurements_are_for_the_machine_itself_and_for_those_who_watch_it() -> Result<()> {
    let mut matrix = Matrix::start().await?;
    assert!(matrix.house.anonymous.get("/metrics").await?.is_success());
    // A proxy on the same machine speaks for somebody elsewhere.
    let elsewhere = |client: &Client| client.with_header("x-forwarded-for", "203.0.113.9");
    assert_eq!(elsewhere(&matrix.house.anonymous).get("/metrics").await?.slug(), "session/needed");
    for role in Role::ALL {
        let holder = matrix.holder(*role).await?;
        let answer = elsewhere(&matrix.house.as_account(holder).await?).get("/metrics").await?;
        let may = matches!(role, Role::Auditor | Role::Administrator);
        assert_eq!(answer.is_success(), may, "{role}: {answer:?}");
    }
    matrix.house.stop().await;
    Ok(())
}
