//! Opening a device whose PIN was forgotten: the device asks, two officers of its commune agree, the server opens.
//!
//! Owns who may agree, what they have to show, and what goes on record: each step into the security events, the last word into
//! the commune's ledger. The server alone opens what a device has kept, and seals it to the device again in the same step:
//! nobody at the office sees it. That two are needed is enforced here and by nothing else; whoever has the master key needs
//! nobody (`decisions/0019`).

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::{AccountId, DeviceId, UnitId};
use schemas::ledger::{Decision, Reason};
use sync_protocol::hash::{PublicKey, SealKey};
use sync_protocol::parcel::SealSecret;
use sync_protocol::recovery::{DataKey, KeptKey, OpenedKey, RecoveryFault, RecoveryKey};

use super::permit::{Permit, Right};
use super::review::check_reason;
use super::session::later;
use super::{Refusal, device, ledger};
use crate::app::App;
use crate::domain::account::Standing;
use crate::domain::device::{Device, DeviceOpened};
use crate::domain::log::SecurityEventKind;
use crate::domain::opening::{Opening, OpeningFault, OpeningState, Word};
use crate::store::{self, Read, Tx};
use crate::token::{OpeningCode, Token};

/// How long a request may be decided and answered: long enough to come down to the commune twice.
const OPENING_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a device asks.
#[derive(Debug)]
pub struct OpeningRequest {
    /// Which device it says it is.
    pub device: DeviceId,
    /// The commune for which it has kept its key.
    pub kept_for: UnitId,
    /// What it has kept.
    pub kept: KeptKey,
    /// The key with which it will open the answer.
    pub reply: SealKey,
}

/// A request with what people know its device by.
#[derive(Clone, Debug)]
pub struct OpeningCase {
    /// The request.
    pub opening: Opening,
    /// What people call the device.
    pub device_name: String,
    /// Whose it is.
    pub holder: AccountId,
    /// The holder's name.
    pub holder_name: String,
}

/// The answer to a device: how far its request is, and who has said so.
#[derive(Clone, Debug)]
pub struct OpeningAnswer {
    /// The request.
    pub opening: Opening,
    /// The names of those who have agreed, or of who has refused.
    pub by: Vec<String>,
}

/// The recovery key for the devices of a unit: that of its commune, signed by the server. `None` above communes.
pub async fn key(app: &App, unit: UnitId) -> Result<Option<RecoveryKey>, Refusal> {
    let mut read = app.store.read().await?;
    let commune = store::unit::commune_of(&mut read, unit, app.clock.today()).await?;
    Ok(commune.map(|commune| RecoveryKey::sign(commune, secret(app, commune).public(), app.server_key())))
}

/// Made from the master key alone: every process of the house has it, and a server that was set back has it still.
fn secret(app: &App, commune: UnitId) -> SealSecret {
    SealSecret::from_bytes(*app.master_key.derive(&format!("recovery key 1 {commune}")))
}

/// Takes a device's request in, in the place of an earlier one. The device has no token, but only it can have made what it has
/// kept: that is opened here, and forgotten at once, so that nobody is sent to the commune with something that opens nothing.
pub async fn ask(app: &App, request: OpeningRequest, from: IpAddr) -> Result<(Token, Opening), Refusal> {
    let now = app.clock.now();
    app.attempts_by_address.attempt(from, now).map_err(Refusal::TooManyAttempts)?;
    let OpeningRequest { device, kept_for, kept, reply } = request;
    if !reply.is_usable() {
        return Err(OpeningFault::WeakKey.into());
    }
    let mut read = app.store.read().await?;
    let known = store::device::by_id(&mut read, device).await?.ok_or(OpeningFault::NotGenuine)?;
    unseal(app, &known, kept_for, &kept).map_err(|_| OpeningFault::NotGenuine)?;
    app.openings_by_device.attempt(device, now).map_err(Refusal::TooManyAttempts)?;
    drop(read);
    let token = Token::draw(&app.chance);
    let opening = Opening {
        device,
        kept,
        kept_for,
        reply,
        token: token.hash(),
        asked_at: now,
        expires_at: later(now, OPENING_LIFETIME),
        state: OpeningState::Asked,
    };
    Ok((token, keep(app, known, opening).await?))
}

async fn keep(app: &App, known: Device, opening: Opening) -> Result<Opening, Refusal> {
    app.store
        .write("opening/ask", move |tx| {
            Box::pin(async move {
                check_let_in(tx, known.id).await?;
                store::opening::put(tx, &opening).await?;
                let (kind, at) = (SecurityEventKind::OpeningAsked, opening.asked_at);
                device::note(tx, kind, None, known.id, at).await?;
                Ok(opening)
            })
        })
        .await
}

/// What a device has kept, opened: only where the device itself has sealed it for that commune.
fn unseal(app: &App, device: &Device, kept_for: UnitId, kept: &KeptKey) -> Result<DataKey, RecoveryFault> {
    kept.open(&PublicKey(device.public_key.to_bytes()), kept_for, &secret(app, kept_for))
}

/// The device, where neither it nor its holder was shut out.
async fn check_let_in(read: &mut Read, id: DeviceId) -> Result<Device, Refusal> {
    let device = store::device::by_id(read, id).await?.ok_or(Refusal::DeviceNotFound)?;
    let holder = store::account::by_id(read, device.account).await?;
    let is_active = holder.is_some_and(|holder| holder.standing == Standing::Active);
    match device.revoked_at.is_none() && is_active {
        true => Ok(device),
        false => Err(OpeningFault::ShutOut.into()),
    }
}

/// How far the request is that a token was given for.
pub async fn answer(app: &App, token: &Token) -> Result<OpeningAnswer, Refusal> {
    let mut read = app.store.read().await?;
    let found = store::opening::by_token(&mut read, token.hash()).await?;
    let opening = found.filter(|opening| opening.expires_at > app.clock.now()).ok_or(OpeningFault::NotFound)?;
    let words: Vec<&Word> = match &opening.state {
        OpeningState::Asked => Vec::new(),
        OpeningState::Confirmed(word) | OpeningState::Refused(word) => vec![word],
        OpeningState::Opened { first, second, .. } => vec![first, second],
    };
    let mut by = Vec::with_capacity(words.len());
    for word in words {
        by.push(name_of(&mut read, word.by).await?);
    }
    Ok(OpeningAnswer { opening, by })
}

async fn name_of(read: &mut Read, account: AccountId) -> Result<String, Refusal> {
    let found = store::account::by_id(read, account).await?;
    Ok(found.map(|account| account.display_name).unwrap_or_default())
}

/// The requests that wait for the officers of a unit.
pub async fn list(app: &App, permit: &Permit, unit: UnitId) -> Result<Vec<OpeningCase>, Refusal> {
    let (now, today) = (app.clock.now(), app.clock.today());
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, today).await?;
    let mut cases = Vec::new();
    for opening in store::opening::within(&mut read, right.unit(), today).await? {
        if opening.is_open(now) {
            let device = store::device::by_id(&mut read, opening.device).await?.ok_or(Refusal::DeviceNotFound)?;
            let holder_name = name_of(&mut read, device.account).await?;
            cases.push(OpeningCase { opening, device_name: device.name, holder: device.account, holder_name });
        }
    }
    Ok(cases)
}

/// The request of a device, for an officer of its commune. A device of another commune looks like one that does not exist.
async fn of_device(
    read: &mut Read,
    permit: &Permit,
    id: DeviceId,
    (now, today): (Timestamp, Date),
) -> Result<(Opening, Right), Refusal> {
    let device = store::device::by_id(read, id).await?.ok_or(Refusal::DeviceNotFound)?;
    let commune = store::unit::commune_of(read, device.unit, today).await?.ok_or(Refusal::DeviceNotFound)?;
    let right = permit.on(read, commune, today).await.map_err(|refusal| match refusal {
        Refusal::UnitNotFound => Refusal::DeviceNotFound,
        other => other,
    })?;
    let opening = store::opening::of_device(read, id).await?;
    let opening = opening.filter(|opening| opening.expires_at > now).ok_or(OpeningFault::NotFound)?;
    Ok((opening, right))
}

/// Agrees to open a device: whoever does has read its letters off its screen and says how they know its holder. The second who
/// agrees opens it.
pub async fn confirm(
    app: &App,
    permit: &Permit,
    id: DeviceId,
    code: OpeningCode,
    reason: Reason,
) -> Result<OpeningState, Refusal> {
    check_reason(&reason)?;
    let (now, today) = (app.clock.now(), app.clock.today());
    let opened = opened(app, permit, id, code).await?;
    let permit = permit.clone();
    app.store
        .write("opening/confirm", move |tx| {
            Box::pin(async move {
                let (mut opening, right) = of_device(tx, &permit, id, (now, today)).await?;
                check_code(&opening, code)?;
                let device = check_let_in(tx, id).await?;
                if device.account == right.account() {
                    return Err(OpeningFault::OwnDevice.into());
                }
                let word = Word { by: right.account(), at: now, reason };
                opening.state = opening.state.confirm(word, opened)?;
                store::opening::put(tx, &opening).await?;
                record(tx, &opening, &device, right.unit()).await?;
                Ok(opening.state)
            })
        })
        .await
}

/// The device's key, sealed to the device, where one officer has agreed already. Made before anything is written: ciphers are
/// no work for the one who writes. The letters make sure that it is of the request that is decided then.
async fn opened(app: &App, permit: &Permit, id: DeviceId, code: OpeningCode) -> Result<Option<OpenedKey>, Refusal> {
    let mut read = app.store.read().await?;
    let (opening, _) = of_device(&mut read, permit, id, (app.clock.now(), app.clock.today())).await?;
    check_code(&opening, code)?;
    let OpeningState::Confirmed(_) = opening.state else { return Ok(None) };
    let device = check_let_in(&mut read, id).await?;
    let key = unseal(app, &device, opening.kept_for, &opening.kept).map_err(|_| OpeningFault::NotGenuine)?;
    let sealed = app.chance.with(|rng| key.seal(id, &opening.reply, rng));
    Ok(Some(sealed.map_err(|_| OpeningFault::WeakKey)?))
}

fn check_code(opening: &Opening, typed: OpeningCode) -> Result<(), OpeningFault> {
    match opening.code() == typed {
        true => Ok(()),
        false => Err(OpeningFault::CodeDiffers),
    }
}

/// Refuses to open a device.
pub async fn refuse(app: &App, permit: &Permit, id: DeviceId, reason: Reason) -> Result<(), Refusal> {
    check_reason(&reason)?;
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("opening/refuse", move |tx| {
            Box::pin(async move {
                let (mut opening, right) = of_device(tx, &permit, id, (now, today)).await?;
                let device = store::device::by_id(tx, id).await?.ok_or(Refusal::DeviceNotFound)?;
                opening.state = opening.state.refuse(Word { by: right.account(), at: now, reason })?;
                store::opening::put(tx, &opening).await?;
                record(tx, &opening, &device, right.unit()).await
            })
        })
        .await
}

/// Puts on record what was just said.
async fn record(tx: &mut Tx, opening: &Opening, device: &Device, commune: UnitId) -> Result<(), Refusal> {
    let (id, holder) = (device.id, device.account);
    let (kind, word, decision) = match &opening.state {
        OpeningState::Asked => return Ok(()),
        OpeningState::Confirmed(word) => (SecurityEventKind::OpeningConfirmed, word, None),
        OpeningState::Opened { first, second, .. } => {
            let opened = DeviceOpened { at: second.at, first: first.by, second: second.by };
            store::device::note_opened(tx, id, opened).await?;
            let (first, first_reason, reason) = (first.by, first.reason.clone(), second.reason.clone());
            let decision = Decision::DeviceOpened { device: id, holder, first, first_reason, reason };
            (SecurityEventKind::DeviceOpened, second, Some(decision))
        }
        OpeningState::Refused(word) => {
            let decision = Decision::DeviceNotOpened { device: id, holder, reason: word.reason.clone() };
            (SecurityEventKind::OpeningRefused, word, Some(decision))
        }
    };
    device::note(tx, kind, Some(word.by), id, word.at).await?;
    if let Some(decision) = decision {
        ledger::append(tx, commune, word.at, Some(word.by), decision).await?;
    }
    Ok(())
}
