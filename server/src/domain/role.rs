//! Roles and who may give them.
//!
//! Which role may use which endpoint is said by the access table of `http`, not here.

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};

use super::codes;

codes! {
    /// What a person does, on a unit and everything within it.
    Role("role") {
        /// Rà soát viên.
        Enumerator = "enumerator",
        /// Trưởng thôn.
        VillageHead = "village_head",
        /// Cán bộ rà soát của xã.
        Reviewer = "reviewer",
        /// Ban Chỉ đạo.
        Committee = "committee",
        /// Chủ tịch UBND cấp xã.
        CommuneChair = "commune_chair",
        /// Cán bộ tổng hợp.
        Compiler = "compiler",
        /// Kiểm tra, giám sát; also the Front.
        Auditor = "auditor",
        /// Quản trị.
        Administrator = "administrator",
    }
}

impl Role {
    /// The roles that a holder of this one may give and take: never one above its own, and nobody but an administrator
    /// names those who watch the others.
    pub fn gives(self) -> &'static [Self] {
        match self {
            Self::Administrator => Self::ALL,
            Self::CommuneChair => &[Self::Enumerator, Self::VillageHead, Self::Reviewer, Self::Committee],
            Self::Enumerator
            | Self::VillageHead
            | Self::Reviewer
            | Self::Committee
            | Self::Compiler
            | Self::Auditor => &[],
        }
    }
}

/// Number of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantId(pub u64);

impl std::fmt::Display for GrantId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// A role that an account holds on a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which grant.
    pub id: GrantId,
    /// Who holds it.
    pub account: AccountId,
    /// What it allows.
    pub role: Role,
    /// Where, with everything within.
    pub unit: UnitId,
    /// Since when.
    pub from_at: Timestamp,
    /// Until when; `None` until further notice.
    pub to_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_an_administrator_gives_a_role_that_gives_roles() {
        for role in Role::ALL.iter().filter(|role| **role != Role::Administrator) {
            assert!(role.gives().iter().all(|given| given.gives().is_empty()), "{role}");
        }
    }
}
