//! Accounts: made, listed and shut by whoever looks after their unit.

use std::time::Duration;

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};

use super::Refusal;
use super::permit::{Permit, Right};
use super::session::later;
use crate::app::App;
use crate::domain::account::{Account, Login};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::role::{Grant, Role};
use crate::domain::unit::{Level, UnitAttributes, Validity};
use crate::password::Password;
use crate::store::{self, Read, Tx};
use crate::token::one_time_password;

/// What an account is made from.
#[derive(Debug)]
pub struct NewAccount {
    /// What its holder will type.
    pub login: Login,
    /// What others will see.
    pub display_name: String,
    /// The unit that will look after it.
    pub unit: UnitId,
    /// Its first password.
    pub password: Password,
}

/// An account with what it holds.
#[derive(Clone, Debug)]
pub struct AccountWithGrants {
    /// The account.
    pub account: Account,
    /// What it holds now.
    pub grants: Vec<Grant>,
}

/// Makes an account without any rights.
pub async fn create(app: &App, permit: &Permit, new: NewAccount) -> Result<Account, Refusal> {
    let NewAccount { login, display_name, unit, password } = new;
    if !password.is_acceptable() {
        return Err(Refusal::PasswordNotAcceptable);
    }
    let (now, today) = (app.clock.now(), app.clock.today());
    // Asked before the costly hash and again inside the transaction, which is what counts.
    permit.on(&mut app.store.read().await?, unit, today).await?;
    let stored = app.passwords.hash(password, &app.chance).await?;
    let permit = permit.clone();
    app.store
        .write("account/create", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, unit, today).await?;
                let id = store::account::insert(tx, &login, &display_name, right.unit(), &stored, now).await?;
                let id = id.ok_or(Refusal::LoginTaken)?;
                let (kind, actor) = (SecurityEventKind::AccountCreated, Some(right.account()));
                store::security_event::append(tx, &SecurityEvent { at: now, kind, actor, subject: id.to_string() })
                    .await?;
                store::account::by_id(tx, id).await?.ok_or(Refusal::AccountNotFound)
            })
        })
        .await
}

/// The accounts that a unit and everything within it look after.
pub async fn list(app: &App, permit: &Permit, unit: UnitId) -> Result<Vec<AccountWithGrants>, Refusal> {
    let (now, today) = (app.clock.now(), app.clock.today());
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, today).await?;
    let mut found = Vec::new();
    for account in store::account::within(&mut read, right.unit(), today).await? {
        let grants = store::grant::effective(&mut read, account.id, now).await?;
        found.push(AccountWithGrants { account, grants });
    }
    Ok(found)
}

/// Shuts an account and ends its sessions, provided the caller could take every role that it holds.
pub async fn disable(app: &App, permit: &Permit, id: AccountId) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("account/disable", move |tx| {
            Box::pin(async move {
                let (account, right) = reachable(tx, &permit, id, today).await?;
                for grant in store::grant::effective(tx, account.id, now).await? {
                    right.check_gives(grant.role)?;
                }
                store::account::disable(tx, account.id, now).await?;
                store::session::revoke_others(tx, account.id, None, now).await?;
                let (kind, actor) = (SecurityEventKind::AccountDisabled, Some(right.account()));
                let event = SecurityEvent { at: now, kind, actor, subject: account.id.to_string() };
                Ok(store::security_event::append(tx, &event).await?)
            })
        })
        .await
}

/// How long a one-time password opens a session: somebody in a village without a signal gets to the office and back.
const ONE_TIME: Duration = Duration::from_secs(3 * 24 * 3600);

/// A password that opens one session and must be replaced in it.
#[derive(Debug)]
pub struct OneTimePassword {
    /// The text, shown once to whoever asked for it.
    pub text: String,
    /// From when on it opens nothing.
    pub until: Timestamp,
}

/// Gives an account a one-time password and ends its sessions, provided the caller could take every role that it holds.
pub async fn reset_password(app: &App, permit: &Permit, id: AccountId) -> Result<OneTimePassword, Refusal> {
    let (now, today) = (app.clock.now(), app.clock.today());
    // Asked before the costly hash and again inside the transaction, which is what counts.
    reachable(&mut app.store.read().await?, permit, id, today).await?;
    let text = one_time_password(&app.chance);
    let until = later(now, ONE_TIME);
    let stored = app.passwords.hash(Password::new(text.clone()), &app.chance).await?;
    let permit = permit.clone();
    app.store
        .write("account/reset_password", move |tx| {
            Box::pin(async move {
                let (account, right) = reachable(tx, &permit, id, today).await?;
                for grant in store::grant::effective(tx, account.id, now).await? {
                    right.check_gives(grant.role)?;
                }
                store::account::set_one_time_password(tx, account.id, &stored, until).await?;
                store::session::revoke_others(tx, account.id, None, now).await?;
                let (kind, actor) = (SecurityEventKind::PasswordReset, Some(right.account()));
                let event = SecurityEvent { at: now, kind, actor, subject: account.id.to_string() };
                store::security_event::append(tx, &event).await?;
                Ok(OneTimePassword { text, until })
            })
        })
        .await
}

/// An account whose unit lies within the caller's reach; any other looks like one that does not exist.
pub(super) async fn reachable(
    read: &mut Read,
    permit: &Permit,
    id: AccountId,
    today: jiff::civil::Date,
) -> Result<(Account, Right), Refusal> {
    let account = store::account::by_id(read, id).await?.ok_or(Refusal::AccountNotFound)?;
    match permit.on(read, account.unit, today).await {
        Ok(right) => Ok((account, right)),
        Err(Refusal::UnitNotFound) => Err(Refusal::AccountNotFound),
        Err(other) => Err(other),
    }
}

/// Makes an administrator of the whole tree, from the machine itself: whoever can read the data directory needs no right.
///
/// An empty tree gets its top first, under the name given.
pub async fn create_administrator(app: &App, new: FirstAdministrator) -> Result<Account, Refusal> {
    let FirstAdministrator { login, display_name, password, nation } = new;
    if !password.is_acceptable() {
        return Err(Refusal::PasswordNotAcceptable);
    }
    let (now, today) = (app.clock.now(), app.clock.today());
    let stored = app.passwords.hash(password, &app.chance).await?;
    app.store
        .write("account/create_administrator", move |tx| {
            Box::pin(async move {
                let top = top_of_tree(tx, nation, today).await?;
                let id = store::account::insert(tx, &login, &display_name, top, &stored, now).await?;
                let id = id.ok_or(Refusal::LoginTaken)?;
                store::grant::insert(tx, id, Role::Administrator, top, now).await?;
                let (kind, actor) = (SecurityEventKind::AccountCreated, None);
                store::security_event::append(tx, &SecurityEvent { at: now, kind, actor, subject: id.to_string() })
                    .await?;
                store::account::by_id(tx, id).await?.ok_or(Refusal::AccountNotFound)
            })
        })
        .await
}

/// What the administrator of a whole tree is made from.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// What its holder will type.
    pub login: Login,
    /// What others will see.
    pub display_name: String,
    /// Its password.
    pub password: Password,
    /// Name of the top of the tree, in case there is none yet.
    pub nation: String,
}

async fn top_of_tree(tx: &mut Tx, name: String, today: jiff::civil::Date) -> Result<UnitId, Refusal> {
    if let Some(top) = store::unit::roots(tx, today).await?.first() {
        return Ok(top.id);
    }
    let validity = Validity { from: jiff::civil::Date::constant(1900, 1, 1), to: None };
    let attributes = UnitAttributes { parent: None, name, name_en: None, area: None, region: None };
    Ok(store::unit::insert(tx, Level::Nation, validity, &attributes).await?)
}
