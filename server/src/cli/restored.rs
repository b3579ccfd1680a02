//! `rasoat restored`: says that the data directory was put back from an older copy.

use anyhow::Context;

use super::Data;
use super::serve::open;
use crate::workflow::set_back::declare;

/// Báo rằng thư mục dữ liệu vừa được khôi phục từ bản sao cũ: điện thoại sẽ gửi lại những gì máy chủ đã quên.
/// Say that the data directory was put back from an older copy: phones give back what the server has forgotten.
#[derive(Debug, clap::Args)]
pub struct Restored {
    #[command(flatten)]
    data: Data,
}

impl Restored {
    /// Starts every log anew and has the ledgers say that there is a gap.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let app = open(self.data).await?;
        let restarted = declare(&app).await;
        app.store.close().await;
        let restarted = restarted.context("nothing was changed")?;
        println!(
            "{} nhật ký bắt đầu lại, {} sổ quyết định ghi khoảng trống / logs started anew, ledgers note the gap",
            restarted.logs, restarted.communes
        );
        println!(
            "Trước khi điện thoại đồng bộ: tạo lại đơn vị, đợt, tài khoản, máy đã có sau bản sao.\n\
             Before phones sync: make units, rounds, accounts and devices again that are younger than the copy."
        );
        Ok(())
    }
}
