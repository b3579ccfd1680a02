//! `rasoat demo`: a whole review with invented people, and a server to look around in afterwards.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;

use super::serve::{open, serve};
use super::{Data, cannot_read};
use crate::console;
use crate::demo::{Demo, Place, Size, logins, slip};
use crate::http::serve::Protection;

/// Flags of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoCommand {
    #[command(flatten)]
    data: Data,
    /// Hạt giống: cùng hạt giống, cùng danh sách. Seed: the same seed gives the same list.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Dừng khi xong, in gốc của danh sách ở dòng cuối. Stop at the end and print the list's root last.
    #[arg(long)]
    exit: bool,
    /// Địa chỉ và cổng. Address and port.
    #[arg(long, env = "RASOAT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Số máy chủ cùng dùng một cơ sở dữ liệu PostgreSQL. Servers that share one PostgreSQL database.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8), value_name = "N")]
    servers: u8,
    /// Số thôn mỗi xã, ít nhất ba. Villages in each commune, at least three.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=40))]
    villages: u8,
    /// Số hộ nghèo, cận nghèo năm trước mỗi thôn. Households on last year's list in each village.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1000))]
    households: u16,
    /// Tệp TOML nói diễn ra ở đâu; mặc định là bảy xã thuộc huyện Quang Bình cũ.
    /// A TOML file that says where it plays; by default in the seven communes of the former district of Quang Bình.
    #[arg(long, value_name = "FILE")]
    place: Option<PathBuf>,
}

impl DemoCommand {
    /// Plays the story, or finds it played, and serves.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let place = match &self.place {
            Some(file) => Place::read(&std::fs::read_to_string(file).with_context(|| cannot_read(file))?)?,
            None => Place::quang_binh()?,
        };
        let size = Size { villages: usize::from(self.villages), households: usize::from(self.households) };
        let demo = Demo {
            seed: self.seed,
            directory: self.data.directory,
            database: self.data.database,
            listen: self.listen,
            servers: usize::from(self.servers),
            place,
            size,
        };
        let told = demo.play().await?;
        console::text(&told.account)?;
        if self.exit {
            return Ok(());
        }
        console::text(logins(&demo.place, told.address))?;
        let data = Data { directory: demo.server_data(), database: demo.database.clone() };
        let app = open(data).await?;
        console::text(slip(&app, &demo.place, told.address).await?)?;
        serve(app, told.address, Protection::LoopbackOnly).await
    }
}
