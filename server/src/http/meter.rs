//! The recorder behind `/metrics`: one per process, as metrics are.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// How often samples are folded into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets for everything measured in seconds.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper bounds of the buckets for the size of a group of writes.
const JOBS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts recording; later calls change nothing.
pub(super) fn start() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS);
        let builder = builder.and_then(|it| it.set_buckets_for_metric(Matcher::Suffix("_group_jobs".to_owned()), JOBS));
        match builder.map(|builder| builder.install_recorder()) {
            Ok(Ok(handle)) => Some(handle),
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(%error, "Metrics are not recorded");
                None
            }
        }
    });
}

/// Folds what was recorded into its buckets now and then: without it a server that nobody watches would keep every sample.
pub(super) async fn keep_up() {
    let mut due = tokio::time::interval(UPKEEP);
    loop {
        due.tick().await;
        if let Some(Some(handle)) = RECORDER.get() {
            handle.run_upkeep();
        }
    }
}

/// Everything measured so far, in the text form of Prometheus; empty when nothing is recorded.
pub(super) fn render() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}
