//! `rasoat copy`: another engine, another machine: the whole database, proven to be the same.

use anyhow::Context;

use crate::app::Database;
use crate::clock::Clock;
use crate::console;
use crate::store::{Store, copy};

/// Sao chép toàn bộ cơ sở dữ liệu sang một cơ sở dữ liệu trống, giữa SQLite và PostgreSQL, rồi đối chiếu từng bảng.
/// Copy the whole database into an empty one, between SQLite and PostgreSQL, and compare every table.
///
/// Máy chủ của cả hai phải dừng. Tệp master.key không nằm trong cơ sở dữ liệu: hãy mang theo.
/// Servers of both have to be stopped. The file master.key is not in the database: take it along.
#[derive(Debug, clap::Args)]
pub struct Copy {
    /// Từ đâu: sqlite:TỆP hoặc postgres://… From where: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL")]
    from: Database,
    /// Đến đâu, phải trống. To where; it has to be empty.
    #[arg(long, value_name = "URL")]
    to: Database,
}

impl Copy {
    /// Copies, and says of every table what was written and that it reads back the same.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Database::Sqlite(file) = &self.from {
            anyhow::ensure!(file.exists(), "{}: không có tệp này / there is no such file", file.display());
        }
        let from = Store::open_alone(&self.from).await.with_context(|| self.from.to_string())?;
        let to = Store::open_for_copy(&self.to).await.with_context(|| self.to.to_string())?;
        let mut told = Ok(());
        let mut tell = |step: copy::Step| {
            if told.is_ok() {
                told = console::line(step);
            }
        };
        let copied = copy::whole((&from, &self.from.to_string()), &to, Clock::system().now(), &mut tell).await;
        from.close().await;
        to.close().await;
        copied?;
        told?;
        console::line(
            "Bản sao đầy đủ và giống hệt. Hãy chép tệp master.key sang thư mục dữ liệu mới.\n\
             The copy is whole and the same. Take master.key to the new data directory.",
        )?;
        Ok(())
    }
}
