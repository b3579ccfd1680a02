//! The command line: one file per command.
//!
//! Owns flags, help texts and the set-up of logging. Each command opens what it needs and calls one workflow.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::Database;

pub mod admin;
pub mod boundaries;
pub mod classify;
pub mod demo;
pub mod import;
pub mod phone;
pub mod rebuild;
pub mod restored;
pub mod roster;
pub mod serve;
pub mod standard;
pub mod version;

/// Rà soát hộ nghèo, hộ cận nghèo. Review of poor and near-poor households.
#[derive(Debug, Parser)]
#[command(name = "rasoat", disable_version_flag = true)]
pub struct Cli {
    /// Ghi nhật ký dạng JSON. Write the log as JSON.
    #[arg(long, global = true, env = "RASOAT_LOG_JSON")]
    pub log_json: bool,
    #[command(subcommand)]
    command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Chạy máy chủ. Run the server.
    Serve(serve::Serve),
    /// Diễn một đợt rà soát trọn vẹn với dữ liệu bịa, rồi để máy chủ chạy. Play a whole review, then leave the server running.
    Demo(demo::DemoCommand),
    /// Việc quản trị trên chính máy chủ. Administration on the machine itself.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Nhập danh sách năm trước từ bảng tính. Import last year's list from a workbook.
    Import(import::Import),
    /// Nhập ranh giới xã, thôn từ GeoJSON. Import boundaries of communes and villages from GeoJSON.
    Boundaries(boundaries::Boundaries),
    /// Danh sách chính thức: lập, xuất, kiểm tra. The official list: compile, export, verify.
    #[command(subcommand)]
    Roster(roster::Roster),
    /// Tính lại dữ liệu dẫn xuất. Make caches and projections again.
    Rebuild(rebuild::Rebuild),
    /// Báo rằng dữ liệu vừa được khôi phục từ bản sao cũ. Say that the data were put back from an older copy.
    Restored(restored::Restored),
    /// Điện thoại không màn hình: ghi danh, đồng bộ, nhập và sửa hộ từ tệp.
    /// A phone without a screen: enrol, sync, found and edit households from files.
    #[command(subcommand)]
    Phone(phone::PhoneCommand),
    /// Chuẩn nghèo của cơ quan: kiểm tra. An office's own standard: check it.
    #[command(subcommand)]
    Standard(standard::StandardCommand),
    /// Xếp loại hộ từ tệp. Classify households from files.
    Classify(classify::Classify),
    /// In phiên bản. Print the version.
    Version,
}

/// Where the data are.
#[derive(Debug, clap::Args)]
pub struct Data {
    /// Thư mục dữ liệu. Data directory.
    #[arg(long = "data", env = "RASOAT_DATA", value_name = "DIR")]
    pub directory: PathBuf,
    /// Cơ sở dữ liệu: sqlite:TỆP hoặc postgres://…; mặc định là một tệp trong thư mục dữ liệu.
    /// The database: sqlite:FILE or postgres://…; by default a file in the data directory.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database: Option<Database>,
}

impl Cli {
    /// Does what was asked. Errors are told by the caller; a phone tells its own and has exit codes for scripts.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        start_logging(self.log_json);
        match self.command {
            Command::Serve(serve) => serve.run().await?,
            Command::Demo(demo) => demo.run().await?,
            Command::Admin(admin) => admin.run().await?,
            Command::Import(import) => import.run().await?,
            Command::Boundaries(boundaries) => boundaries.run().await?,
            Command::Roster(roster) => roster.run().await?,
            Command::Rebuild(rebuild) => rebuild.run().await?,
            Command::Restored(restored) => restored.run().await?,
            Command::Phone(phone) => return phone.run().await,
            Command::Standard(standard) => standard.run()?,
            Command::Classify(classify) => classify.run()?,
            Command::Version => version::run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is said of a file that cannot be read; the system's own reason follows.
fn cannot_read(path: &Path) -> String {
    format!("{}: không đọc được / cannot be read", path.display())
}

/// What is said of a file that cannot be written.
fn cannot_write(path: &Path) -> String {
    format!("{}: không ghi được / cannot be written", path.display())
}

fn start_logging(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RASOAT_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // Whoever reads the log may go away (a closed pipe); that must not take the server down with it.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
