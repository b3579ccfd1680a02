//! Who works in the story: at every commune a reviewer, a committee member, a chair and two enumerators; above them a
//! compiler and an administrator.

use std::collections::BTreeMap;

use anyhow::Context;
use schemas::ids::{AccountId, UnitId};
use serde_json::json;

use super::desk::{Desk, PASSWORD};
use super::ground::Ground;
use crate::domain::role::Role;

/// Login of the administrator.
pub(super) const ADMINISTRATOR: &str = "quan-tri";
/// Login of the compiler.
pub(super) const COMPILER: &str = "tong-hop";

/// What somebody does at a commune.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Post {
    /// Cán bộ rà soát.
    Reviewer,
    /// Ban Chỉ đạo.
    Committee,
    /// Chủ tịch UBND xã.
    Chair,
    /// Rà soát viên.
    Lan,
    /// Another one.
    Minh,
}

impl Post {
    /// Everybody, in the order in which accounts are made.
    pub(super) const ALL: [Self; 5] = [Self::Reviewer, Self::Committee, Self::Chair, Self::Lan, Self::Minh];
    /// Those who go from house to house.
    pub(super) const ENUMERATORS: [Self; 2] = [Self::Lan, Self::Minh];

    fn tail(self) -> &'static str {
        match self {
            Self::Reviewer => "hoa",
            Self::Committee => "son",
            Self::Chair => "chu-tich",
            Self::Lan => "lan",
            Self::Minh => "minh",
        }
    }

    /// The role that goes with it.
    pub(super) fn role(self) -> Role {
        match self {
            Self::Reviewer => Role::Reviewer,
            Self::Committee => Role::Committee,
            Self::Chair => Role::CommuneChair,
            Self::Lan | Self::Minh => Role::Enumerator,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Reviewer => "Hoàng Thị Hoa",
            Self::Committee => "Nông Văn Sơn",
            Self::Chair => "Chủ tịch UBND xã",
            Self::Lan => "Lý Thị Lan",
            Self::Minh => "Phàn Văn Minh",
        }
    }

    /// The login: `tan-trinh.lan`.
    pub(super) fn login(self, commune: &str) -> String {
        format!("{commune}.{}", self.tail())
    }
}

/// Everybody by login.
pub(super) type People = BTreeMap<String, AccountId>;

/// Makes the accounts that are not there yet and gives everybody their role.
pub(super) async fn invite(admin: &Desk, ground: &Ground) -> anyhow::Result<People> {
    let mut people = known(admin, ground.nation).await?;
    invite_one(admin, &mut people, COMPILER, "Cán bộ tổng hợp", (Role::Compiler, ground.compiling)).await?;
    for commune in &ground.communes {
        for post in Post::ALL {
            let login = post.login(&commune.slug);
            invite_one(admin, &mut people, &login, post.name(), (post.role(), commune.id)).await?;
        }
    }
    Ok(people)
}

async fn known(admin: &Desk, nation: UnitId) -> anyhow::Result<People> {
    let mut people = People::new();
    for account in admin.list(&format!("/api/units/{nation}/accounts")).await? {
        let id = account["id"].as_u64().context("an account's number")?;
        people.insert(account["login"].as_str().context("a login")?.to_owned(), AccountId(id));
    }
    Ok(people)
}

async fn invite_one(
    admin: &Desk,
    people: &mut People,
    login: &str,
    name: &str,
    (role, unit): (Role, UnitId),
) -> anyhow::Result<()> {
    let account = match people.get(login) {
        Some(account) => *account,
        None => {
            let new = json!({ "login": login, "display_name": name, "unit": unit, "password": PASSWORD });
            let made = admin.post("/api/accounts", &new).await?;
            AccountId(made["id"].as_u64().context("an account's number")?)
        }
    };
    // Giving what is held already changes nothing.
    admin.post("/api/grants", &json!({ "account": account, "role": role, "unit": unit })).await?;
    people.insert(login.to_owned(), account);
    Ok(())
}
