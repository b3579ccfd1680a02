//! Who may use which endpoint: one table, and the guard that asks it on every request.
//!
//! A route that is missing here is open to nobody. The table says which roles and how the unit in question is found; the
//! workflow behind the route turns that into a right on the unit. A test walks every route with every role against it.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::AppState;
use super::error::ApiError;
use super::extract::{AskingDevice, bearer_token, session_token};
use crate::domain::role::Role::{self, Administrator, Auditor, Committee, CommuneChair, Compiler, Reviewer};
use crate::token::Token;
use crate::workflow::permit::{Caller, Permit};
use crate::workflow::{self, Refusal};

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody, logged in or not.
    Anyone,
    /// Everybody with a session, even one that began with a one-time password.
    AnySession,
    /// Everybody with a session and a password of their own, whatever they hold.
    SignedIn,
    /// A device with its token.
    Device,
    /// A device with its token, one that was shut out too: it may bring what it wrote.
    AnyDevice,
    /// Holders of one of these roles on the unit in question or on something that it lies in.
    Holders(&'static [Role], Place),
    /// Whoever is on the machine itself, and holders of one of these roles anywhere.
    LocalOr(&'static [Role]),
}

/// How the unit in question is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The path names it.
    PathUnit,
    /// What the unit in the path lies in.
    AbovePathUnit,
    /// The path names it, and it has to be a commune.
    PathCommune,
    /// The body names it.
    BodyUnit,
    /// The unit that looks after the account in the path.
    UnitOfAccount,
    /// The unit of the grant in the path.
    UnitOfGrant,
    /// The unit of the device in the path.
    UnitOfDevice,
    /// The unit of the round in the path.
    UnitOfRound,
}

impl Place {
    /// The slug with which a foreign place and one that does not exist are refused alike.
    pub fn not_found(self) -> &'static str {
        match self {
            Self::PathUnit | Self::AbovePathUnit | Self::PathCommune | Self::BodyUnit => "unit/not-found",
            Self::UnitOfAccount => "account/not-found",
            Self::UnitOfGrant => "grant/not-found",
            Self::UnitOfDevice => "device/not-found",
            Self::UnitOfRound => "round/not-found",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The HTTP method.
    pub method: &'static str,
    /// The path's pattern, as in the OpenAPI document.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
}

const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

const KEEPERS: &[Role] = &[CommuneChair, Administrator];
const OFFICE: &[Role] = &[Reviewer, CommuneChair, Administrator];
const OFFICE_AND_AUDIT: &[Role] = &[Reviewer, CommuneChair, Administrator, Auditor];
/// Who reads households: deciding, compiling and watching. Administrators look after machines and people, not families.
const READERS: &[Role] = &[Reviewer, Committee, CommuneChair, Compiler, Auditor];
/// Who opens devices whose PIN was forgotten: those who decide on what is in them. Administrators look after machines, and this
/// one is full of families.
const OPENERS: &[Role] = &[Reviewer, Committee, CommuneChair];
/// Who keeps the points tables of a unit.
const TABLE_KEEPERS: &[Role] = &[Compiler, Administrator];
/// Who looks at them.
const TABLE_READERS: &[Role] = &[Compiler, Auditor, Administrator];
/// Who brings a commune's data in: its office, and who compiles above it.
const BRING: Who = Who::Holders(&[Reviewer, CommuneChair, Compiler, Administrator], Place::PathCommune);
/// Who decides on households.
const DECIDE: Who = Who::Holders(&[Reviewer, Committee, CommuneChair], Place::PathCommune);

/// The table.
pub static RULES: &[Rule] = &[
    rule("GET", "/health/live", Who::Anyone),
    rule("GET", "/health/ready", Who::Anyone),
    rule("GET", "/metrics", Who::LocalOr(&[Auditor, Administrator])),
    rule("GET", "/api/openapi.json", Who::Anyone),
    rule("POST", "/api/session", Who::Anyone),
    rule("DELETE", "/api/session", Who::AnySession),
    rule("GET", "/api/me", Who::AnySession),
    rule("POST", "/api/me/password", Who::AnySession),
    rule("GET", "/api/units/{unit}", Who::Holders(Role::ALL, Place::PathUnit)),
    rule("GET", "/api/units/{unit}/children", Who::Holders(Role::ALL, Place::PathUnit)),
    rule("POST", "/api/units/{unit}/children", Who::Holders(&[Administrator], Place::PathUnit)),
    rule("POST", "/api/units/{unit}/revisions", Who::Holders(&[Administrator], Place::AbovePathUnit)),
    rule("POST", "/api/units/{unit}/boundaries", Who::Holders(&[Administrator], Place::PathUnit)),
    rule("GET", "/api/units/{unit}/accounts", Who::Holders(OFFICE_AND_AUDIT, Place::PathUnit)),
    rule("POST", "/api/accounts", Who::Holders(KEEPERS, Place::BodyUnit)),
    rule("POST", "/api/accounts/{account}/disable", Who::Holders(KEEPERS, Place::UnitOfAccount)),
    rule("POST", "/api/accounts/{account}/reset-password", Who::Holders(&[Administrator], Place::UnitOfAccount)),
    rule("POST", "/api/grants", Who::Holders(KEEPERS, Place::BodyUnit)),
    rule("DELETE", "/api/grants/{grant}", Who::Holders(KEEPERS, Place::UnitOfGrant)),
    rule("POST", "/api/enrolment-codes", Who::Holders(OFFICE, Place::BodyUnit)),
    rule("POST", "/api/devices", Who::Anyone),
    rule("GET", "/api/devices/self", Who::Device),
    rule("GET", "/api/devices/self/villages", Who::Device),
    rule("GET", "/api/devices/self/writers", Who::Device),
    rule("GET", "/api/units/{unit}/devices", Who::Holders(OFFICE_AND_AUDIT, Place::PathUnit)),
    rule("POST", "/api/devices/{device}/revoke", Who::Holders(OFFICE, Place::UnitOfDevice)),
    rule("POST", "/api/openings", Who::Anyone),
    rule("GET", "/api/openings/own", Who::Anyone),
    rule("GET", "/api/units/{unit}/openings", Who::Holders(OPENERS, Place::PathUnit)),
    rule("POST", "/api/devices/{device}/opening/confirm", Who::Holders(OPENERS, Place::UnitOfDevice)),
    rule("POST", "/api/devices/{device}/opening/refuse", Who::Holders(OPENERS, Place::UnitOfDevice)),
    rule("POST", "/api/sync", Who::AnyDevice),
    rule("POST", "/api/sync/parcels", Who::Device),
    rule("GET", "/api/sync/households/{household}/blobs/{blob}/progress", Who::Device),
    rule("PATCH", "/api/sync/households/{household}/blobs/{blob}", Who::Device),
    rule("GET", "/api/sync/households/{household}/blobs/{blob}", Who::Device),
    rule(
        "GET",
        "/api/rounds/{round}/communes/{unit}/households/{household}/blobs/{blob}",
        Who::Holders(READERS, Place::PathCommune),
    ),
    rule("POST", "/api/device-challenges", Who::Anyone),
    rule("POST", "/api/device-tokens", Who::Anyone),
    rule("GET", "/api/rounds/{round}/communes/{unit}/inbox", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/communes/{unit}/households", Who::Holders(READERS, Place::PathCommune)),
    rule(
        "GET",
        "/api/rounds/{round}/communes/{unit}/households/{household}",
        Who::Holders(READERS, Place::PathCommune),
    ),
    rule(
        "GET",
        "/api/rounds/{round}/communes/{unit}/assignments",
        Who::Holders(&[Reviewer, Committee, CommuneChair, Compiler, Auditor, Administrator], Place::PathCommune),
    ),
    rule("POST", "/api/rounds/{round}/communes/{unit}/assignments", Who::Holders(OFFICE, Place::PathCommune)),
    rule(
        "DELETE",
        "/api/rounds/{round}/communes/{unit}/assignments/{village}/{account}",
        Who::Holders(OFFICE, Place::PathCommune),
    ),
    rule("POST", "/api/rounds/{round}/open", Who::Holders(&[Compiler, Administrator], Place::UnitOfRound)),
    rule("POST", "/api/rounds/{round}/close", Who::Holders(&[Compiler, Administrator], Place::UnitOfRound)),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/accept", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/return", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/unassessed", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/move", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/confirm-points", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/disagreements/{disagreement}", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/release", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/salvage", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/set-aside", DECIDE),
    rule("GET", "/api/rounds/{round}/communes/{unit}/events", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/communes/{unit}/gaps", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/communes/{unit}/suspects", Who::Holders(READERS, Place::PathCommune)),
    rule("POST", "/api/rounds/{round}/communes/{unit}/households/{household}/suspicions/{suspicion}/different", DECIDE),
    rule("POST", "/api/rounds/{round}/communes/{unit}/imports", BRING),
    rule("GET", "/api/rounds", Who::SignedIn),
    rule("GET", "/api/rounds/{round}/communes/{unit}/roster", Who::Holders(READERS, Place::PathCommune)),
    rule("POST", "/api/rounds/{round}/communes/{unit}/roster", DECIDE),
    rule("GET", "/api/rounds/{round}/communes/{unit}/roster.xlsx", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/communes/{unit}/roster.csv", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/communes/{unit}/roster.json", Who::Holders(READERS, Place::PathCommune)),
    rule("GET", "/api/rounds/{round}/units/{unit}/list.xlsx", Who::Holders(&[Compiler, Auditor], Place::PathUnit)),
    rule("POST", "/api/rounds", Who::Holders(&[Compiler, Administrator], Place::BodyUnit)),
    rule("GET", "/api/units/{unit}/points-tables", Who::Holders(TABLE_READERS, Place::PathUnit)),
    rule("POST", "/api/units/{unit}/points-tables", Who::Holders(TABLE_KEEPERS, Place::PathUnit)),
    rule("GET", "/api/units/{unit}/points-tables/{hash}", Who::Holders(TABLE_READERS, Place::PathUnit)),
    rule("POST", "/api/units/{unit}/points-tables/{hash}/confirm", Who::Holders(TABLE_KEEPERS, Place::PathUnit)),
];

/// Lets a request in, with the proof of who is asking, or refuses it before its body is read.
pub(super) async fn guard(
    State(state): State<AppState>,
    matched: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (method, path) = (request.method().as_str(), matched.as_str());
    // A HEAD is a GET without its body.
    let method = if method == "HEAD" { "GET" } else { method };
    let found = RULES.iter().find(|rule| rule.method == method && rule.path == path);
    let rule = found.ok_or_else(|| ApiError::NoRule(format!("{method} {path}")))?;
    match rule.who {
        Who::Anyone => {}
        Who::AnySession => {
            let caller = workflow::session::resume(&state, &person_token(&request)?).await?;
            request.extensions_mut().insert(caller);
        }
        Who::SignedIn => {
            let caller = signed_in(&state, person_token(&request)?).await?;
            request.extensions_mut().insert(caller);
        }
        Who::Device => {
            let device = workflow::device::resume(&state, &device_token(&request)?).await?;
            request.extensions_mut().insert(AskingDevice(device));
        }
        Who::AnyDevice => {
            let device = workflow::device::known(&state, &device_token(&request)?).await?;
            request.extensions_mut().insert(AskingDevice(device));
        }
        Who::Holders(roles, _place) => {
            let permit = Permit::new(signed_in(&state, person_token(&request)?).await?, roles)?;
            request.extensions_mut().insert(permit);
        }
        Who::LocalOr(_) if is_local(&request) => {}
        Who::LocalOr(roles) => {
            Permit::new(signed_in(&state, person_token(&request)?).await?, roles)?;
        }
    }
    Ok(next.run(request).await)
}

fn person_token(request: &Request) -> Result<Token, ApiError> {
    session_token(request.method(), request.headers())
}

fn device_token(request: &Request) -> Result<Token, Refusal> {
    bearer_token(request.headers()).ok_or(Refusal::DeviceTokenNotValid)
}

async fn signed_in(state: &AppState, token: Token) -> Result<Caller, ApiError> {
    Ok(workflow::session::resume_fully(state, &token).await?)
}

/// A proxy on the machine speaks for others and says so; only a plain connection from the machine itself is local.
fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    !forwarded && peer.is_some_and(|ConnectInfo(address)| address.ip().is_loopback())
}
