//! Devices after enrolment: listed and shut out by the office, their tokens renewed by proof of their key.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use schemas::ids::{AccountId, DeviceId, UnitId};
use sha2::Sha256;
use sync_protocol::actor::Author;
use sync_protocol::hash::PublicKey;

use super::Refusal;
use super::permit::Permit;
use super::session::later;
use super::standing::{self, AuthorStanding};
use crate::app::App;
use crate::domain::device::{Device, DeviceToken, renewal_message};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::seal::keyed_hash;
use crate::store::{self, StoreError, Tx};
use crate::token::{SecretHash, Token};

/// How long a token works. Renewed on every sync, so a phone in use never notices.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How long a challenge may be answered.
const CHALLENGE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The devices enrolled at a unit and everything within it.
pub async fn list(app: &App, permit: &Permit, unit: UnitId) -> Result<Vec<Device>, Refusal> {
    let today = app.clock.today();
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, today).await?;
    Ok(store::device::within(&mut read, right.unit(), today).await?)
}

/// Shuts a device out. What it sent before stays; what it brings from now on waits for a person, and it is given nothing.
pub async fn revoke(app: &App, permit: &Permit, id: DeviceId) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("device/revoke", move |tx| {
            Box::pin(async move {
                let device = store::device::by_id(tx, id).await?.ok_or(Refusal::DeviceNotFound)?;
                let right = permit.on(tx, device.unit, today).await.map_err(|refusal| match refusal {
                    Refusal::UnitNotFound => Refusal::DeviceNotFound,
                    other => other,
                })?;
                store::device::revoke(tx, device.id, now).await?;
                Ok(note(tx, SecurityEventKind::DeviceRevoked, Some(right.account()), device.id, now).await?)
            })
        })
        .await
}

/// The device behind a token now. Asked on every request, so that shutting it or its holder out works at once.
pub async fn resume(app: &App, token: &Token) -> Result<Device, Refusal> {
    let device = known(app, token).await?;
    match standing_of(app, &device).await?.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(device),
    }
}

/// The device behind a token, shut out or not: it may still bring what it wrote.
pub async fn known(app: &App, token: &Token) -> Result<Device, Refusal> {
    let mut read = app.store.read().await?;
    let found = store::device_token::by_hash(&mut read, token.hash()).await?;
    let live = found.filter(|found| found.expires_at > app.clock.now()).ok_or(Refusal::DeviceTokenNotValid)?;
    store::device::by_id(&mut read, live.device).await?.ok_or(Refusal::DeviceTokenNotValid)
}

/// How the server stands to a device now.
pub(super) async fn standing_of(app: &App, device: &Device) -> Result<AuthorStanding, Refusal> {
    let key = PublicKey(device.public_key.to_bytes());
    let author = Author { key, account: device.account, epoch: 0 };
    standing::of_author(app, &mut app.store.read().await?, &author).await
}

/// A challenge for a device whose token is over: `expiry (8) | random (16) | MAC (32)`. Nothing is stored for it.
pub fn challenge(app: &App) -> [u8; 56] {
    let expires_at = later(app.clock.now(), CHALLENGE_LIFETIME).as_millisecond().to_be_bytes();
    let mut challenge = [0; 56];
    challenge[..8].copy_from_slice(&expires_at);
    challenge[8..24].copy_from_slice(&app.chance.bytes::<16>());
    let tag = challenge_mac(app, &challenge[..24]).finalize().into_bytes();
    challenge[24..].copy_from_slice(&tag);
    challenge
}

fn challenge_mac(app: &App, body: &[u8]) -> Hmac<Sha256> {
    keyed_hash(&app.master_key.derive("device challenge")).chain_update(body)
}

fn check_challenge(app: &App, challenge: &[u8; 56]) -> Result<(), Refusal> {
    let genuine = challenge_mac(app, &challenge[..24]).verify_slice(&challenge[24..]).is_ok();
    let mut expires_at = [0; 8];
    expires_at.copy_from_slice(&challenge[..8]);
    let in_time = i64::from_be_bytes(expires_at) > app.clock.now().as_millisecond();
    if genuine && in_time { Ok(()) } else { Err(Refusal::ChallengeStale) }
}

/// Gives a device a new token, however old its last one is, when it signs a challenge. Answering one challenge twice
/// gives the holder of the key two tokens, which harms nobody; the challenge's age keeps a recorded answer from working.
/// A device that was shut out gets one too: it proves who brings late work, and every use asks what it opens.
pub async fn renew(
    app: &App,
    id: DeviceId,
    challenge: &[u8; 56],
    signature: &[u8; 64],
    from: IpAddr,
) -> Result<Token, Refusal> {
    let now = app.clock.now();
    app.attempts_by_address.attempt(from, now).map_err(Refusal::TooManyAttempts)?;
    check_challenge(app, challenge)?;
    let known = store::device::by_id(&mut app.store.read().await?, id).await?;
    let message = renewal_message(&app.server_public_key(), id, challenge);
    // An unknown device and a wrong signature get one answer: whether a device exists is nobody's business.
    if !known.is_some_and(|device| device.public_key.signed(&message, signature)) {
        return Err(Refusal::ProofWrong);
    }
    let token = Token::draw(&app.chance);
    let hash = token.hash();
    app.store
        .write("device/renew", move |tx| {
            Box::pin(async move {
                store::device_token::delete_expired(tx, id, now).await?;
                Ok::<_, Refusal>(issue_token(tx, id, hash, now).await?)
            })
        })
        .await?;
    Ok(token)
}

/// Begins a token of a device.
pub(super) async fn issue_token(
    tx: &mut Tx,
    device: DeviceId,
    hash: SecretHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    store::device_token::insert(tx, &DeviceToken { hash, device, expires_at: later(now, TOKEN_LIFETIME) }).await
}

/// Writes down what happened to a device.
pub(super) async fn note(
    tx: &mut Tx,
    kind: SecurityEventKind,
    actor: Option<AccountId>,
    device: DeviceId,
    at: Timestamp,
) -> Result<(), StoreError> {
    store::security_event::append(tx, &SecurityEvent { at, kind, actor, subject: device.to_string() }).await
}
