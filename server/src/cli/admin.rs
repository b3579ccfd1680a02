//! `rasoat admin`: what is done on the machine itself, before or without anybody logging in.

use std::io::Read;

use anyhow::{Context, bail};

use super::Data;
use super::serve::open;
use crate::domain::account::Login;
use crate::password::Password;
use crate::workflow::account::{FirstAdministrator, create_administrator};

/// Commands of `admin`.
#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// Tạo tài khoản quản trị toàn hệ thống. Create an administrator of the whole tree.
    CreateAccount(CreateAccount),
}

/// Where the password may be given instead of on standard input. There is no flag: every user of a machine can see flags.
const PASSWORD_VARIABLE: &str = "RASOAT_ADMIN_PASSWORD";

/// Mật khẩu: một dòng ở đầu vào chuẩn, hoặc biến RASOAT_ADMIN_PASSWORD.
/// The password is one line on standard input, or the variable RASOAT_ADMIN_PASSWORD.
#[derive(Debug, clap::Args)]
pub struct CreateAccount {
    #[command(flatten)]
    data: Data,
    /// Tên đăng nhập. Login.
    #[arg(long)]
    login: String,
    /// Tên hiển thị. Display name.
    #[arg(long)]
    name: String,
    /// Tên của đơn vị cao nhất, nếu chưa có. Name of the top of the tree, if there is none yet.
    #[arg(long, default_value = "Việt Nam")]
    nation: String,
}

impl Admin {
    /// Does what was asked.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::CreateAccount(create) => create.run().await,
        }
    }
}

impl CreateAccount {
    async fn run(self) -> anyhow::Result<()> {
        let login: Login = self.login.parse()?;
        let password = match std::env::var(PASSWORD_VARIABLE) {
            Ok(password) => Password::new(password),
            Err(_) => read_password()?,
        };
        let app = open(self.data).await?;
        let new = FirstAdministrator { login, display_name: self.name, password, nation: self.nation };
        let made = create_administrator(&app, new).await;
        app.store.close().await;
        let account = made.context("không tạo được tài khoản / the account was not created")?;
        tracing::info!(account.id = %account.id, "Created an administrator");
        Ok(())
    }
}

/// Longest line that is read as a password.
const LINE_BYTES: u64 = 4096;

fn read_password() -> anyhow::Result<Password> {
    let mut text = String::new();
    std::io::stdin()
        .take(LINE_BYTES)
        .read_to_string(&mut text)
        .context("mật khẩu ở đầu vào chuẩn / the password on standard input")?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Password::new(line.to_owned())),
        Some(_) | None => bail!(
            "chưa có mật khẩu: dùng đầu vào chuẩn hoặc {PASSWORD_VARIABLE} / \
             no password given: use standard input or {PASSWORD_VARIABLE}"
        ),
    }
}
