//! Flags of the commands that put work into files: parcels for the server, shares for colleagues.

use std::path::PathBuf;

use schemas::ids::RoundId;

use super::Common;

/// Flags of `phone export-parcel`.
#[derive(Debug, clap::Args)]
pub struct ExportParcel {
    #[command(flatten)]
    pub(super) common: Common,
    /// Tệp ra. The file.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

/// Flags of `phone import-parcel` and `phone look`.
#[derive(Debug, clap::Args)]
pub struct FromParcel {
    #[command(flatten)]
    pub(super) common: Common,
    /// Tệp mang về. The file.
    pub(super) file: PathBuf,
}

/// Flags of `phone carry`.
#[derive(Debug, clap::Args)]
pub struct Carry {
    #[command(flatten)]
    pub(super) common: Common,
    /// Các gói. The parcels.
    #[arg(required = true)]
    pub(super) parcels: Vec<PathBuf>,
    /// Thư mục cho các câu trả lời. The directory for the answers.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// Flags of `phone export-share`.
#[derive(Debug, clap::Args)]
pub struct ExportShare {
    #[command(flatten)]
    pub(super) common: Common,
    /// Tệp ra. The file.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Thôn; nếu không ghi thì thôn duy nhất máy đang giữ. The village; the only one held when absent.
    #[arg(long)]
    pub(super) village: Option<u64>,
    /// Đợt rà soát. The round.
    #[arg(long)]
    pub(super) round: Option<RoundId>,
}
