//! Writing down that something which a device brought was refused: it may be evidence.

use crate::app::App;
use crate::domain::device::Device;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::store::{self, StoreError};

/// Writes a refusal down. `name`: the write's, for metrics; `why`: what was refused and the stable name of the reason.
pub(super) async fn note(
    app: &App,
    name: &'static str,
    device: &Device,
    kind: SecurityEventKind,
    why: &str,
) -> Result<(), StoreError> {
    let subject = format!("{} {why}", device.id);
    let event = SecurityEvent { at: app.clock.now(), kind, actor: Some(device.account), subject };
    app.store.write(name, move |tx| Box::pin(async move { store::security_event::append(tx, &event).await })).await
}
