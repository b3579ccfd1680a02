//! Sessions of the office app: begun with a password, ended by their holder, by time or with the account.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use schemas::ids::AccountId;

use super::Refusal;
use super::permit::Caller;
use crate::app::App;
use crate::domain::account::{Account, Login, PasswordKind, Session, Standing};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::password::Password;
use crate::store;
use crate::token::Token;

/// A working day: whoever comes back tomorrow types the password again.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Begins a session.
pub async fn log_in(app: &App, login: Login, password: Password, from: IpAddr) -> Result<(Token, Caller), Refusal> {
    let now = app.clock.now();
    app.attempts_by_address.attempt(from, now).map_err(Refusal::TooManyAttempts)?;
    app.logins_by_name.attempt(login.as_str().to_owned(), now).map_err(Refusal::TooManyAttempts)?;
    let account = check_password(app, &login, password).await?;
    let token = Token::draw(&app.chance);
    let (hash, expires_at) = (token.hash(), later(now, LIFETIME));
    let session = Session { hash, account: account.id, created_at: now, expires_at, revoked_at: None };
    let caller = app
        .store
        .write_in(account.id, "session/log_in", move |tx| {
            Box::pin(async move {
                let account = admitted(tx, account.id, now).await?;
                store::session::insert(tx, &session).await?;
                note(tx, SecurityEventKind::LoggedIn, account.id, now).await?;
                let grants = store::grant::effective(tx, account.id, now).await?;
                Ok::<_, Refusal>(Caller { account, session, grants })
            })
        })
        .await?;
    Ok((token, caller))
}

/// The account as it stands, once its password may open a session: a one-time password opens one, once.
async fn admitted(tx: &mut store::Tx, id: AccountId, now: Timestamp) -> Result<Account, Refusal> {
    let account = store::account::by_id(tx, id).await?.ok_or(Refusal::WrongPassword)?;
    match account.password {
        PasswordKind::Own => {}
        PasswordKind::OneTime { used_at: None, until } if now < until => {
            store::account::use_one_time_password(tx, id, now).await?;
        }
        PasswordKind::OneTime { .. } => return Err(Refusal::OneTimePasswordOver),
    }
    Ok(account)
}

async fn check_password(app: &App, login: &Login, password: Password) -> Result<Account, Refusal> {
    let mut read = app.store.read().await?;
    let account = store::account::by_login(&mut read, login).await?;
    let stored = match &account {
        Some(account) => store::account::password(&mut read, account.id).await?,
        None => None,
    };
    // Hashing takes tens of milliseconds: let the snapshot go first.
    drop(read);
    let matches = app.passwords.matches(password, stored).await?;
    match account {
        Some(account) if matches => active(account),
        Some(account) => {
            note_failure(app, account.id).await?;
            Err(Refusal::WrongPassword)
        }
        None => Err(Refusal::WrongPassword),
    }
}

fn active(account: Account) -> Result<Account, Refusal> {
    match account.standing {
        Standing::Active => Ok(account),
        Standing::Disabled(_) => Err(Refusal::AccountDisabled),
    }
}

async fn note_failure(app: &App, account: AccountId) -> Result<(), Refusal> {
    let now = app.clock.now();
    let event =
        SecurityEvent { at: now, kind: SecurityEventKind::LoginFailed, actor: None, subject: account.to_string() };
    app.store
        .write_in(account, "session/login_failed", move |tx| {
            Box::pin(async move { Ok(store::security_event::append(tx, &event).await?) })
        })
        .await
}

async fn note(
    tx: &mut store::Tx,
    kind: SecurityEventKind,
    account: AccountId,
    at: Timestamp,
) -> Result<(), store::StoreError> {
    let event = SecurityEvent { at, kind, actor: Some(account), subject: account.to_string() };
    store::security_event::append(tx, &event).await
}

/// Who stands behind a token now. Asked on every request, so that shutting an account or ending a session works at once.
pub async fn resume(app: &App, token: &Token) -> Result<Caller, Refusal> {
    let now = app.clock.now();
    let mut read = app.store.read().await?;
    let session = store::session::by_hash(&mut read, token.hash()).await?.ok_or(Refusal::SessionUnknown)?;
    let account = store::account::by_id(&mut read, session.account).await?.ok_or(Refusal::SessionUnknown)?;
    let account = active(account)?;
    if session.revoked_at.is_some() {
        return Err(Refusal::SessionRevoked);
    }
    if session.expires_at <= now {
        return Err(Refusal::SessionExpired);
    }
    let grants = store::grant::effective(&mut read, account.id, now).await?;
    Ok(Caller { account, session, grants })
}

/// Who stands behind a token and has a password of their own: everybody else may only choose one.
pub async fn resume_fully(app: &App, token: &Token) -> Result<Caller, Refusal> {
    let caller = resume(app, token).await?;
    match caller.account.password {
        PasswordKind::Own => Ok(caller),
        PasswordKind::OneTime { .. } => Err(Refusal::PasswordChangeNeeded),
    }
}

/// Ends the session through which the caller asks.
pub async fn log_out(app: &App, caller: &Caller) -> Result<(), Refusal> {
    let (now, hash, account) = (app.clock.now(), caller.session.hash, caller.account.id);
    app.store
        .write_in(account, "session/log_out", move |tx| {
            Box::pin(async move {
                store::session::revoke(tx, hash, now).await?;
                Ok(note(tx, SecurityEventKind::LoggedOut, account, now).await?)
            })
        })
        .await
}

/// Replaces the caller's password and ends all other sessions of the account.
pub async fn change_password(app: &App, caller: &Caller, old: Password, new: Password) -> Result<(), Refusal> {
    let (now, account, kept) = (app.clock.now(), caller.account.id, caller.session.hash);
    // A stolen session must not become a stolen account by guessing here instead of at the login.
    let login = caller.account.login.as_str().to_owned();
    app.logins_by_name.attempt(login, now).map_err(Refusal::TooManyAttempts)?;
    if !new.is_acceptable() {
        return Err(Refusal::PasswordNotAcceptable);
    }
    if caller.account.password != PasswordKind::Own && old.is_same_as(&new) {
        return Err(Refusal::PasswordNotNew);
    }
    check_password(app, &caller.account.login, old).await?;
    let stored = app.passwords.hash(new, &app.chance).await?;
    app.store
        .write_in(account, "session/change_password", move |tx| {
            Box::pin(async move {
                store::account::set_password(tx, account, &stored).await?;
                store::session::revoke_others(tx, account, Some(kept), now).await?;
                Ok(note(tx, SecurityEventKind::PasswordChanged, account, now).await?)
            })
        })
        .await
}

/// An instant that lies so much later.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
