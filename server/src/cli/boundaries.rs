//! `rasoat boundaries`: borders of communes and villages from a GeoJSON file.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use schemas::ids::UnitId;

use super::serve::open;
use super::{Data, cannot_read};
use crate::console;
use crate::geography::collection::FILE_BYTES;
use crate::workflow::geography::import_boundaries;
use crate::workflow::unit::root;

/// Flags of `boundaries`.
#[derive(Debug, clap::Args)]
pub struct Boundaries {
    #[command(flatten)]
    data: Data,
    /// Chỉ nhận ranh giới trong đơn vị này; mặc định là cả cây. Take only what lies in this unit; by default the whole tree.
    #[arg(long)]
    unit: Option<u64>,
    /// Tệp GeoJSON, tọa độ WGS 84. GeoJSON file with WGS 84 coordinates.
    file: PathBuf,
}

impl Boundaries {
    /// Imports and says what became of each feature that was not plain.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let file = std::fs::File::open(&self.file).with_context(|| cannot_read(&self.file))?;
        let mut bytes = Vec::new();
        // One byte past the limit shows that there is more.
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).with_context(|| cannot_read(&self.file))?;
        let app = open(self.data).await?;
        let place = match self.unit {
            Some(unit) => Ok(UnitId(unit)),
            None => root(&app).await,
        };
        let imported = match place {
            Ok(place) => import_boundaries(&app, place, &bytes).await,
            Err(refusal) => Err(refusal),
        };
        app.store.close().await;
        let imported = imported.context("không nhập được ranh giới / no boundary was imported")?;
        for remark in &imported.remarks {
            let done = if remark.taken { "nhận/taken" } else { "bỏ/left out" };
            let (index, slug, text) = (remark.index, remark.slug, &remark.text);
            console::line(format_args!("{index}: {} / {} ({slug}): {done}", text.vi, text.en))?;
        }
        console::line(format_args!("{} ranh giới đã nhập / boundaries imported", imported.taken))?;
        Ok(())
    }
}
