//! Enrolment: a code from the office lets one phone of one person in, once.

use std::net::IpAddr;
use std::time::Duration;

use schemas::ids::{AccountId, UnitId};

use super::Refusal;
use super::account::reachable;
use super::device::{issue_token, note};
use super::permit::Permit;
use super::session::later;
use crate::app::App;
use crate::domain::account::Standing;
use crate::domain::device::{Device, DeviceKey, EnrolmentCode, enrolment_message};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::role::Role;
use crate::store::device::Enrolled;
use crate::store::{self, Read};
use crate::token::{EnrolmentSecret, Token};

/// How long a code works: long enough to scan it, too short to pass it around.
const CODE_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Gives out a code for somebody who surveys in the unit.
pub async fn create_code(
    app: &App,
    permit: &Permit,
    account: AccountId,
    unit: UnitId,
) -> Result<(EnrolmentSecret, EnrolmentCode), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    let secret = EnrolmentSecret::draw(&app.chance);
    let hash = secret.hash();
    let code = app
        .store
        .write("enrolment/create_code", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, unit, today).await?;
                let (holder, _) = reachable(tx, &permit, account, today).await?;
                let grants = store::grant::effective(tx, holder.id, now).await?;
                let surveys = |role: Role| matches!(role, Role::Enumerator | Role::VillageHead);
                let places: Vec<UnitId> =
                    grants.iter().filter(|grant| surveys(grant.role)).map(|grant| grant.unit).collect();
                check_surveys_in(tx, &places, right.unit(), today).await?;
                let expires_at = later(now, CODE_LIFETIME);
                let code = EnrolmentCode { hash, account: holder.id, unit, created_by: right.account(), expires_at };
                store::enrolment_code::insert(tx, &code).await?;
                let (kind, actor) = (SecurityEventKind::CodeCreated, Some(right.account()));
                let event = SecurityEvent { at: now, kind, actor, subject: holder.id.to_string() };
                store::security_event::append(tx, &event).await?;
                Ok::<_, Refusal>(code)
            })
        })
        .await?;
    Ok((secret, code))
}

/// Whoever surveys a village of the unit, or the unit as a part of something larger, surveys in it.
async fn check_surveys_in(
    read: &mut Read,
    places: &[UnitId],
    unit: UnitId,
    today: jiff::civil::Date,
) -> Result<(), Refusal> {
    for place in places {
        let inside = store::unit::is_within(read, *place, unit, today).await?;
        if inside || store::unit::is_within(read, unit, *place, today).await? {
            return Ok(());
        }
    }
    Err(Refusal::NotAnEnumerator)
}

/// What a phone sends to be let in.
#[derive(Debug)]
pub struct EnrolmentRequest {
    /// The code that it scanned.
    pub code: EnrolmentSecret,
    /// Its public key.
    pub public_key: DeviceKey,
    /// Its signature over [`enrolment_message`].
    pub signature: [u8; 64],
    /// What people will call it.
    pub name: String,
}

/// Lets a phone in: its key is proven, the code is used up, and its first token begins.
pub async fn enrol(app: &App, request: EnrolmentRequest, from: IpAddr) -> Result<(Device, Token), Refusal> {
    let now = app.clock.now();
    app.attempts_by_address.attempt(from, now).map_err(Refusal::TooManyAttempts)?;
    let EnrolmentRequest { code, public_key, signature, name } = request;
    if !public_key.signed(&enrolment_message(&app.server_public_key(), &code), &signature) {
        return Err(Refusal::ProofWrong);
    }
    let (token, hash) = (Token::draw(&app.chance), code.hash());
    let token_hash = token.hash();
    let device = app
        .store
        .write("enrolment/enrol", move |tx| {
            Box::pin(async move {
                let code = store::enrolment_code::take(tx, hash, now).await?.ok_or(Refusal::CodeNotValid)?;
                let account = store::account::by_id(tx, code.account).await?.ok_or(Refusal::CodeNotValid)?;
                if account.standing != Standing::Active {
                    return Err(Refusal::AccountDisabled);
                }
                let (id, unit) = (public_key.device_id(), code.unit);
                let device = Device::enrolled(public_key, account.id, unit, name, now);
                match store::device::insert(tx, &device).await? {
                    Enrolled::Added => {}
                    Enrolled::KnownAlready => return Err(Refusal::DeviceKnownAlready),
                }
                issue_token(tx, id, token_hash, now).await?;
                note(tx, SecurityEventKind::DeviceEnrolled, Some(account.id), id, now).await?;
                Ok(device)
            })
        })
        .await?;
    Ok((device, token))
}
