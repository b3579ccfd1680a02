//! What goes on in a commune, told as it happens: server-sent events.
//!
//! An event is a reason to ask again, not an answer: it says how far the logs and the ledger have come and which households
//! they tell of. Whoever loses the line connects again, is told first where everything stands, and has missed nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use serde::Serialize;
use sync_protocol::log::Cursor;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::clock::Stopwatch;
use crate::workflow::permit::Permit;
use crate::workflow::watch::{self, GoneOn, LOOK, LogGoneOn, Standing, Watch};

/// Watchers that one server has at once.
pub(super) const MOST_WATCHERS: usize = 1_000;
/// After this long a watcher has to come again: with a session that is still open, and to a server that is there.
const AT_MOST: Duration = Duration::from_secs(5 * 60);
/// How long a browser waits before it does.
const COME_AGAIN: Duration = Duration::from_secs(2);
/// Asks proxies not to keep events back.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Where a commune stands, or what has gone on in it: the data of an event.
#[derive(Serialize, ToSchema)]
pub(super) struct EventView {
    /// The villages' logs: all of them in the first event (`standing`), later those that have gone on (`changed`).
    logs: Vec<LogView>,
    /// How many decisions the commune's ledger has.
    decisions: u64,
}

/// How far a village's log has come.
#[derive(Serialize, ToSchema)]
pub(super) struct LogView {
    #[schema(value_type = u64)]
    village: UnitId,
    generation: u64,
    position: u64,
    /// The households that it has told something of since the last event; absent where they are too many to name, or where
    /// nothing was told yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    households: Option<Vec<HouseholdId>>,
}

impl LogView {
    fn new(village: UnitId, cursor: Cursor, households: Option<Vec<HouseholdId>>) -> Self {
        Self { village, generation: cursor.generation, position: cursor.position, households }
    }
}

impl From<&Standing> for EventView {
    fn from(Standing { logs, decisions }: &Standing) -> Self {
        let logs = logs.iter().map(|(village, cursor)| LogView::new(*village, *cursor, None));
        Self { logs: logs.collect(), decisions: *decisions }
    }
}

impl From<GoneOn> for EventView {
    fn from(GoneOn { logs, decisions }: GoneOn) -> Self {
        let view = |LogGoneOn { village, cursor, households }| {
            LogView::new(village, cursor, households.map(|ids| ids.into_iter().collect()))
        };
        Self { logs: logs.into_iter().map(view).collect(), decisions }
    }
}

/// A stream that has something to say.
struct Telling {
    app: AppState,
    watch: Watch,
    since: Stopwatch,
    is_new: bool,
    _place: OwnedSemaphorePermit,
}

impl Telling {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.is_new) {
            let first = event("standing", &self.watch.standing().into())?;
            return Some(first.retry(COME_AGAIN));
        }
        let left = AT_MOST.saturating_sub(self.since.elapsed());
        match tokio::time::timeout(left, self.watch.next(&self.app, LOOK)).await {
            Ok(Ok(gone_on)) => event("changed", &gone_on?.into()),
            Ok(Err(error)) => {
                tracing::error!(%error, "Somebody who watched could not be told any more");
                None
            }
            Err(_elapsed) => None,
        }
    }
}

fn event(name: &str, view: &EventView) -> Option<Event> {
    Event::default().event(name).json_data(view).ok()
}

/// What goes on in a commune, as it happens (`text/event-stream`): an event `standing` first, then `changed` whenever a
/// log or the ledger has gone on. The stream ends after five minutes; a browser connects again by itself.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/events", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = EventView, content_type = "text/event-stream"), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 503, body = ProblemView)))]
pub(super) async fn events(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
) -> Result<(HeaderMap, Sse<impl Stream<Item = Result<Event, Infallible>>>), ApiError> {
    let place = Arc::clone(app.watchers()).try_acquire_owned().map_err(|_| ApiError::TooManyWatchers)?;
    let watch = watch::begin(&app, &permit, commune, round).await?;
    let telling = Telling { app, watch, since: Stopwatch::start(), is_new: true, _place: place };
    let told = unfold(telling, async |mut telling| telling.next().await.map(|event| (Ok(event), telling)));
    let unbuffered = HeaderMap::from_iter([(NO_BUFFERING, HeaderValue::from_static("no"))]);
    Ok((unbuffered, Sse::new(told).keep_alive(KeepAlive::new().interval(LOOK))))
}
