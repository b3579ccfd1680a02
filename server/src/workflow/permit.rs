//! Who is asking, and the proof that they may do something at a place.
//!
//! Which roles an endpoint asks for stands in the access table of `http`; a [`Permit`] carries them here, and a step
//! that touches a unit turns it into a [`Right`] on that unit, which nothing else can make.

use jiff::civil::Date;
use schemas::ids::{AccountId, UnitId};

use super::Refusal;
use crate::app::App;
use crate::domain::account::{Account, Login, Session, Standing};
use crate::domain::role::{Grant, Role};
use crate::store::{self, Read};
use crate::token::SecretHash;

/// An account with an open session, and what it holds now.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub account: Account,
    /// Through which session.
    pub session: Session,
    /// What the account holds now.
    pub grants: Vec<Grant>,
}

/// A caller at an endpoint that asks for one of some roles.
#[derive(Clone, Debug)]
pub struct Permit {
    caller: Caller,
    roles: &'static [Role],
}

/// The proof that a caller holds one of the roles asked for on a unit.
#[derive(Clone, Debug)]
pub struct Right {
    account: AccountId,
    unit: UnitId,
    roles: Vec<Role>,
}

/// The permit of whoever is on the machine itself and acts in the name of an account: its grants decide as in a session,
/// and what is written down names it.
pub async fn on_machine(app: &App, login: &Login, roles: &'static [Role]) -> Result<Permit, Refusal> {
    let (now, mut read) = (app.clock.now(), app.store.read().await?);
    let account = store::account::by_login(&mut read, login).await?.ok_or(Refusal::AccountNotFound)?;
    if let Standing::Disabled(_) = account.standing {
        return Err(Refusal::AccountDisabled);
    }
    let grants = store::grant::effective(&mut read, account.id, now).await?;
    // No token was given out: a session that is over before it begins, and is kept nowhere.
    let session =
        Session { hash: SecretHash([0; 32]), account: account.id, created_at: now, expires_at: now, revoked_at: None };
    Permit::new(Caller { account, session, grants }, roles)
}

impl Permit {
    /// Lets a caller in who holds one of the roles anywhere. Only the guard of `http` makes permits, from its table.
    pub(crate) fn new(caller: Caller, roles: &'static [Role]) -> Result<Self, Refusal> {
        match caller.grants.iter().any(|grant| roles.contains(&grant.role)) {
            true => Ok(Self { caller, roles }),
            false => Err(Refusal::RoleNeeded),
        }
    }

    /// Who is asking.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The right on a unit. A unit outside everything that the caller holds looks like one that does not exist.
    pub async fn on(&self, read: &mut Read, unit: UnitId, today: Date) -> Result<Right, Refusal> {
        let lineage = store::unit::lineage(read, unit, today).await?;
        let mut covering = self.caller.grants.iter().filter(|grant| lineage.contains(&grant.unit)).peekable();
        if covering.peek().is_none() {
            return Err(Refusal::UnitNotFound);
        }
        let roles: Vec<Role> = covering.map(|grant| grant.role).filter(|role| self.roles.contains(role)).collect();
        if roles.is_empty() {
            return Err(Refusal::RoleNeeded);
        }
        Ok(Right { account: self.caller.account.id, unit, roles })
    }
}

impl Right {
    /// Who holds it.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Where.
    pub fn unit(&self) -> UnitId {
        self.unit
    }

    /// Refuses a holder who has none of these roles here.
    pub fn check_holds_one_of(&self, roles: &[Role]) -> Result<(), Refusal> {
        match self.roles.iter().any(|own| roles.contains(own)) {
            true => Ok(()),
            false => Err(Refusal::RoleNeeded),
        }
    }

    /// Whether its holder may give and take a role.
    pub fn check_gives(&self, role: Role) -> Result<(), Refusal> {
        match self.roles.iter().any(|own| own.gives().contains(&role)) {
            true => Ok(()),
            false => Err(Refusal::AboveOwnRole),
        }
    }
}
