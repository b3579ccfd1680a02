//! `rasoat import`: last year's list from a workbook on the machine itself.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use schemas::ids::{RoundId, UnitId};

use super::Data;
use super::serve::open;
use crate::console;
use crate::documents::workbook::render_text;
use crate::domain::account::Login;
use crate::workflow::import::{Imported, Mode, Order, Progress, import_as, importer};

/// Flags of `import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    #[command(flatten)]
    data: Data,
    /// Mã đợt rà soát. Id of the round.
    #[arg(long)]
    round: String,
    /// Số của xã trong cây đơn vị. Number of the commune in the tree.
    #[arg(long)]
    commune: u64,
    /// Chỉ báo sẽ làm gì, không ghi. Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Nhập dưới tên ai; mặc định là quản trị đầu tiên. In whose name; by default the first administrator's.
    #[arg(long)]
    login: Option<String>,
    /// Bảng tính .xlsx hoặc .csv. The workbook.
    file: PathBuf,
}

impl Import {
    /// Imports and prints the report on standard output.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let login: Option<Login> = self.login.as_deref().map(str::parse).transpose()?;
        let round: RoundId = self.round.parse().context("--round")?;
        let mode = if self.dry_run { Mode::DryRun } else { Mode::Write };
        let order = Order { commune: UnitId(self.commune), round, file: self.file, mode };
        let app = open(self.data).await?;
        // Shown on a terminal only.
        let bar = bar();
        let shown = bar.clone();
        let account = importer(&app, login.as_ref()).await;
        let imported = match account {
            Ok(account) => import_as(&app, account, order, Arc::new(move |progress| show(&shown, progress))).await,
            Err(refusal) => Err(refusal),
        };
        app.store.close().await;
        bar.finish_and_clear();
        let imported = imported.context("không nhập được / nothing was imported")?;
        console::text(report(&imported, mode))?;
        Ok(())
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} hộ {msg}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Reading { row } => bar.set_message(format!("đọc dòng {row}")),
        Progress::Taking { done, all } => {
            bar.set_message("");
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    }
}

fn report(imported: &Imported, mode: Mode) -> String {
    let counts = imported.counts;
    let (vi, en) = match mode {
        Mode::DryRun => ("Chạy thử, chưa ghi gì", "Dry run, nothing written"),
        Mode::Write => ("Đã nhập", "Imported"),
    };
    format!(
        "{}{vi}: {} hộ mới, {} hộ sửa, {} hộ không đổi, {} hộ không nhập, {} hộ đợt nhập trước không còn, {} thôn mới\n\
         {en}: {} households new, {} changed, {} unchanged, {} left out, {} no longer listed, {} villages new\n",
        render_text(&imported.lines, &imported.summary),
        counts.added,
        counts.changed,
        counts.unchanged,
        counts.left_out,
        counts.no_longer_listed,
        counts.new_villages,
        counts.added,
        counts.changed,
        counts.unchanged,
        counts.left_out,
        counts.no_longer_listed,
        counts.new_villages,
    )
}
