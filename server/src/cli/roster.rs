//! `rasoat roster`: the official list on the machine itself, and checking an exported one anywhere.
//!
//! Compiling and exporting act in the name of an account that may; checking needs nothing but the file and the root.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use schemas::ids::{RoundId, UnitId};
use schemas::ledger::Hash;
use schemas::roster::{PointsFrom, RosterFile};
use schemas::standard::PointsFiles;

use super::Data;
use super::serve::open;
use super::{cannot_read, cannot_write};
use crate::console;
use crate::domain::account::Login;
use crate::domain::role::Role::{self, Auditor, Committee, CommuneChair, Compiler, Reviewer};
use crate::workflow::permit::on_machine;
use crate::workflow::roster::export::{self, Format};
use crate::workflow::roster::{self, Outcome};

/// Who compiles, as over the network.
const DECIDERS: &[Role] = &[Reviewer, Committee, CommuneChair];
/// Who exports, as over the network.
const READERS: &[Role] = &[Reviewer, Committee, CommuneChair, Compiler, Auditor];

/// Commands of `roster`.
#[derive(Debug, clap::Subcommand)]
pub enum Roster {
    /// Lập danh sách chính thức của một xã. Compile the official list of a commune.
    Compile(Compile),
    /// Xuất danh sách mới nhất của một xã. Export the newest list of a commune.
    Export(Export),
    /// Tính lại mã gốc của tệp danh sách JSON. Compute the root of an exported list again.
    Verify(Verify),
}

/// Whose list, and in whose name.
#[derive(Debug, clap::Args)]
struct Of {
    #[command(flatten)]
    data: Data,
    /// Đợt rà soát. Round.
    #[arg(long)]
    round: RoundId,
    /// Số của xã. Number of the commune.
    #[arg(long, value_parser = unit)]
    commune: UnitId,
    /// Tên đăng nhập của người làm việc này. Login in whose name this is done.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Login,
}

/// Lập danh sách; lập lại khi không có gì mới thì không thêm gì. Compiling again with nothing new adds nothing.
#[derive(Debug, clap::Args)]
pub struct Compile {
    #[command(flatten)]
    of: Of,
}

/// Đuôi tệp (xlsx, csv, json) chọn dạng. The file's ending (xlsx, csv, json) says the form.
#[derive(Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    of: Of,
    /// Kèm muối để tính lại được mã gốc (chỉ JSON). With the salts, so that the root can be computed again (JSON only).
    #[arg(long)]
    with_salts: bool,
    /// Tệp sẽ ghi. File to write.
    file: PathBuf,
}

/// Không cần máy chủ, không cần mạng; danh sách tính theo bảng điểm thì cần bảng đó.
/// Needs no server and no network; a list made by a points table needs that table.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Tệp JSON xuất kèm muối. JSON file, exported with its salts.
    file: PathBuf,
    /// Mã gốc ghi trong quyết định. The root that the decision carries.
    root: Hash,
    /// Tệp CSV của bảng điểm. The points table's CSV file.
    #[arg(long, requires = "points_mapping", value_name = "FILE")]
    points_table: Option<PathBuf>,
    /// Tệp TOML đi cùng bảng điểm. The points table's TOML file.
    #[arg(long, requires = "points_table", value_name = "FILE")]
    points_mapping: Option<PathBuf>,
}

fn unit(text: &str) -> Result<UnitId, std::num::ParseIntError> {
    text.parse().map(UnitId)
}

impl Roster {
    /// Does what was asked.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Compile(compile) => compile.run().await,
            Self::Export(export) => export.run().await,
            Self::Verify(verify) => verify.run(),
        }
    }
}

impl Compile {
    async fn run(self) -> anyhow::Result<()> {
        let Of { data, round, commune, login } = self.of;
        let app = open(data).await?;
        let permit = on_machine(&app, &login, DECIDERS)
            .await
            .context("tài khoản không được làm việc này / the account may not do this")?;
        let outcome = roster::compile(&app, &permit, &round, commune).await;
        app.store.close().await;
        match outcome.context("không lập được danh sách / no list was compiled")? {
            Outcome::New(list) => {
                console::line(format_args!("{}  danh sách mới số {} (new list)", list.root, list.number))?;
            }
            Outcome::Unchanged(list) => {
                console::line(format_args!("{}  không đổi, số {} (unchanged)", list.root, list.number))?;
            }
            Outcome::Waiting(waiting) => {
                for household in &waiting {
                    console::line(serde_json::to_string(household)?)?;
                }
                bail!("còn {0} hộ chưa xong (the list waits for {0} households)", waiting.len());
            }
        }
        Ok(())
    }
}

impl Export {
    async fn run(self) -> anyhow::Result<()> {
        let format = self.format()?;
        let Of { data, round, commune, login } = self.of;
        let app = open(data).await?;
        let permit = on_machine(&app, &login, READERS)
            .await
            .context("tài khoản không được làm việc này / the account may not do this")?;
        let bytes = export::of_commune(&app, &permit, &round, commune, format).await;
        app.store.close().await;
        let bytes = bytes.context("không xuất được / nothing was exported")?;
        std::fs::write(&self.file, bytes).with_context(|| cannot_write(&self.file))
    }

    fn format(&self) -> anyhow::Result<Format> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        match (ending, self.with_salts) {
            (Some("xlsx"), false) => Ok(Format::Workbook),
            (Some("csv"), false) => Ok(Format::Csv),
            (Some("json"), false) => Ok(Format::Json),
            (Some("json"), true) => Ok(Format::SaltedJson),
            (_, true) => bail!("muối chỉ có trong tệp .json (salts go into a .json file only)"),
            (_, false) => bail!("tên tệp phải kết thúc bằng .xlsx, .csv hoặc .json (one of these endings)"),
        }
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<()> {
        let file = RosterFile::read(&read(&self.file)?)?;
        file.verify(self.root)?;
        self.check_table(&file.header.b1)?;
        let (lines, unassessed) = (file.lines.len(), file.unassessed.len());
        console::line(format_args!(
            "{}  đúng, {lines} hộ, {unassessed} hộ không xếp loại \
             (right, {lines} households, {unassessed} without a class)",
            self.root
        ))?;
        Ok(())
    }

    /// A list that a table made is the right one only together with that table.
    fn check_table(&self, b1: &PointsFrom) -> anyhow::Result<()> {
        match (b1, &self.points_table, &self.points_mapping) {
            (PointsFrom::Paper, None, None) => Ok(()),
            (PointsFrom::Paper, ..) => {
                bail!("danh sách này lấy điểm từ phiếu, không theo bảng điểm (this list takes points from paper forms)")
            }
            (PointsFrom::Table { hash }, Some(numbers), Some(mapping)) => {
                let files = PointsFiles { numbers: text(numbers)?, mapping: text(mapping)? };
                let found = Hash(files.hash().0);
                ensure!(
                    found == *hash,
                    "bảng điểm là {found}, khác với {hash} (the points table is {found}, not {hash})"
                );
                console::line(format_args!("{hash}  đúng bảng điểm (right points table)"))?;
                Ok(())
            }
            (PointsFrom::Table { hash }, ..) => bail!(
                "danh sách tính theo bảng điểm {hash}: cần --points-table và --points-mapping \
                 (made by the points table {hash}: give --points-table and --points-mapping)"
            ),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| cannot_read(path))
}

fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?).with_context(|| cannot_read(path))
}
