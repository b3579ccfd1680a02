//! `rasoat migrate`: brings the database to this release before a server of it starts.

use anyhow::bail;

use super::Data;
use crate::app::Database;
use crate::console;
use crate::store::Store;

/// Đưa cơ sở dữ liệu lên cấu trúc của bản này; máy chủ bản trước vẫn chạy tiếp được.
/// Bring the database to this release's schema; servers of the release before go on.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    #[command(flatten)]
    data: Data,
    /// Chia các bảng lớn theo xã thành chừng này phần (chỉ PostgreSQL, máy chủ phải dừng).
    /// Split the large tables by commune into so many parts (PostgreSQL only, servers have to be stopped).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=256))]
    partitions: Option<u16>,
}

impl Migrate {
    /// Does what was asked and says which schema the database has now.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (Data { directory, database }, partitions) = (self.data, self.partitions);
        let database = database.unwrap_or_else(|| Database::Sqlite(directory.join("rasoat.db")));
        let store = match partitions {
            None => Store::open(&database).await?,
            Some(_) if matches!(database, Database::Sqlite(_)) => {
                bail!("SQLite không chia bảng; chỉ PostgreSQL / SQLite has no partitions; PostgreSQL does")
            }
            Some(_) => Store::open_alone(&database).await?,
        };
        let done = work(&store, partitions).await;
        store.close().await;
        done
    }
}

async fn work(store: &Store, partitions: Option<u16>) -> anyhow::Result<()> {
    if let Some(parts) = partitions {
        for table in store.partition(parts).await? {
            console::line(format_args!("{table}: {parts} phần / parts"))?;
        }
    }
    let version = store.schema().await?;
    Ok(console::line(format_args!("cấu trúc / schema {version}"))?)
}
