//! The slip that lets somebody's phone in: an address of the field app with a code in it, as text and as a QR code.

use std::fmt::Write;
use std::net::SocketAddr;

use anyhow::Context;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use super::people::Post;
use super::place::Place;
use crate::app::App;
use crate::domain::account::Login;
use crate::domain::role::Role;
use crate::token::hex;
use crate::workflow::permit::on_machine;
use crate::workflow::{account, enrolment};

/// The reviewer of the first commune lets Lan's phone in.
pub(super) async fn slip(app: &App, place: &Place, address: SocketAddr) -> anyhow::Result<String> {
    let commune = &place.communes.first().context("a commune")?.slug;
    let login: Login = Post::Reviewer.login(commune).parse()?;
    let reviewer = on_machine(app, &login, &[Role::Reviewer]).await?;
    let accounts = account::list(app, &reviewer, reviewer.caller().account.unit).await?;
    let lan = Post::Lan.login(commune);
    let lan = accounts.into_iter().find(|found| found.account.login.as_str() == lan).context("lan's account")?;
    let unit = lan.grants.first().context("where lan surveys")?.unit;
    let (code, _) = enrolment::create_code(app, &reviewer, lan.account.id, unit).await?;
    let app_at = format!("http://{address}/#ghi-danh={}.{}", code.reveal(), hex(&app.server_public_key()));
    let mut text = format!(
        "\nỨng dụng rà soát viên / Field app: http://{address}/\nPhiếu ghi danh của {} (dùng một lần, trong 15 phút) / \
         {}'s slip (once, for 15 minutes):\n{}",
        lan.account.display_name,
        lan.account.display_name,
        picture(&app_at)?
    );
    let _ = writeln!(text, "{app_at}");
    Ok(text)
}

/// A QR code for a terminal: its background is what is dark. Where that is light it is turned about, which cameras read too.
fn picture(text: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    Ok(drawn + "\n")
}
