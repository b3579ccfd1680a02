//! `rasoat rebuild`: makes every cache and projection again and says where they differed.

use anyhow::bail;

use super::Data;
use super::serve::open;
use crate::console;
use crate::workflow::rebuild::rebuild;

/// Tính lại mọi dữ liệu dẫn xuất từ nhật ký thay đổi và sổ quyết định, báo chỗ khác.
/// Make every cache and projection again from the change log and the ledger, and report any difference.
#[derive(Debug, clap::Args)]
pub struct Rebuild {
    #[command(flatten)]
    data: Data,
}

impl Rebuild {
    /// Does what was asked. Fails when a log or a ledger is broken: those cannot be made again.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let app = open(self.data).await?;
        let rebuilt = rebuild(&app).await;
        app.store.close().await;
        let rebuilt = rebuilt?;
        console::line(format_args!(
            "{} xã, {} hộ, {} dòng nhật ký, {} quyết định / communes, households, log rows, decisions",
            rebuilt.communes, rebuilt.documents, rebuilt.log_rows, rebuilt.ledger_entries
        ))?;
        for difference in &rebuilt.differences {
            console::line(difference)?;
        }
        let beyond_mending = rebuilt.differences.iter().filter(|difference| !difference.is_mended()).count();
        match (beyond_mending, rebuilt.differences.len()) {
            (0, 0) => console::line("Không có chỗ nào khác. No differences.")?,
            (0, mended) => console::line(format_args!("Đã sửa {mended} chỗ. {mended} mended."))?,
            (broken, _) => bail!("{broken} chỗ không tính lại được / cannot be made again"),
        }
        Ok(())
    }
}
