//! Last year's list, sent as a workbook.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Query, State};
use schemas::ids::{RoundId, UnitId};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::documents::workbook::limits::FILE_BYTES;
use crate::documents::workbook::{Done, ReportLine, Severity, Sheet};
use crate::workflow::import::{self, Imported, Mode, Order};
use crate::workflow::permit::Permit;

/// Whether anything is written.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// `false` writes; left out or `true`: only says what would be done.
    dry_run: Option<bool>,
}

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportView {
    dry_run: bool,
    /// Households new in this round.
    added: u64,
    /// Households imported before and corrected.
    changed: u64,
    /// Households of which the list says nothing new.
    unchanged: u64,
    /// Households left out; the lines say why, row by row.
    left_out: u64,
    /// Households of earlier imports that this file does not name; nothing was done about them.
    no_longer_listed: u64,
    /// Villages that the tree lacked.
    new_villages: u64,
    /// Rows that hold anything.
    rows: u64,
    /// Rows that became a member.
    members: u64,
    /// Rows left out, headings and totals not counted.
    rows_left_out: u64,
    /// Lines by slug.
    findings: BTreeMap<String, u64>,
    lines: Vec<LineView>,
}

/// One line of the report.
#[derive(Serialize, ToSchema)]
pub(super) struct LineView {
    /// `listed`, `escaped_poor`, `escaped_near_poor`; absent for another sheet.
    sheet: Option<&'static str>,
    /// Row as the spreadsheet counts; 0 for the sheet as a whole.
    row: u32,
    /// Letters of the column; empty for the row as a whole.
    column: String,
    /// `note`, `warning`, `error`.
    severity: &'static str,
    slug: String,
    vi: String,
    en: String,
    /// What was there.
    was: String,
    /// `kept`, `mended`, `cell_left_out`, `row_left_out`.
    done: &'static str,
    /// The new value of what was mended.
    now: Option<String>,
}

impl From<ReportLine> for LineView {
    fn from(line: ReportLine) -> Self {
        let (done, now) = match line.done {
            Done::Kept => ("kept", None),
            Done::Mended(now) => ("mended", Some(now)),
            Done::CellLeftOut => ("cell_left_out", None),
            Done::RowLeftOut => ("row_left_out", None),
        };
        Self {
            sheet: line.sheet.map(|sheet| match sheet {
                Sheet::Listed => "listed",
                Sheet::EscapedPoor => "escaped_poor",
                Sheet::EscapedNearPoor => "escaped_near_poor",
            }),
            row: line.row,
            column: line.column,
            severity: match line.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            slug: line.slug,
            vi: line.text.vi,
            en: line.text.en,
            was: line.was,
            done,
            now,
        }
    }
}

impl ImportView {
    fn new(mode: Mode, imported: Imported) -> Self {
        let Imported { counts, summary, lines } = imported;
        Self {
            dry_run: mode == Mode::DryRun,
            added: counts.added,
            changed: counts.changed,
            unchanged: counts.unchanged,
            left_out: counts.left_out,
            no_longer_listed: counts.no_longer_listed,
            new_villages: counts.new_villages,
            rows: summary.rows,
            members: summary.members,
            rows_left_out: summary.rows_left_out,
            findings: summary.findings,
            lines: lines.into_iter().map(LineView::from).collect(),
        }
    }
}

/// Reads last year's list into a round, or says what that would do. Sending a file again changes nothing.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/imports", tag = "imports",
    params(("round" = String, Path), ("unit" = u64, Path), ImportQuery),
    request_body(content_type = "application/octet-stream", description = "The workbook: .xlsx or .csv, up to 64 MiB"),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = ImportView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 413, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn import(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
    query: Result<Query<ImportQuery>, axum::extract::rejection::QueryRejection>,
    body: Body,
) -> Result<Json<ImportView>, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::Unreadable("dry_run: true or false".to_owned()))?;
    import::check(&app, &permit, commune, &round).await?;
    let file = receive(body).await?;
    let mode = if query.dry_run == Some(false) { Mode::Write } else { Mode::DryRun };
    let order = Order { commune, round, file: file.path().to_owned(), mode };
    // A task of its own: whoever hangs up in the middle finds the list whole afterwards.
    let task = tokio::spawn(async move {
        let imported = import::import(&app, &permit, order, Arc::new(|_| {})).await;
        drop(file);
        imported
    });
    let imported = task.await.map_err(|_| ApiError::Panicked)??;
    Ok(Json(ImportView::new(mode, imported)))
}

/// Writes a body to a file that goes away by itself, up to the limit of workbooks.
async fn receive(mut body: Body) -> Result<NamedTempFile, ApiError> {
    let file = NamedTempFile::new().map_err(ApiError::Storage)?;
    let mut out = tokio::fs::File::from_std(file.reopen().map_err(ApiError::Storage)?);
    let mut bytes = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| ApiError::Unreadable("the file ended before its end".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        if bytes > FILE_BYTES {
            return Err(ApiError::TooLarge);
        }
        out.write_all(&data).await.map_err(ApiError::Storage)?;
    }
    out.flush().await.map_err(ApiError::Storage)?;
    Ok(file)
}
