//! What one more change costs a document that holds many already.

use std::time::Duration;

use anyhow::Result;
use schemas::ids::HouseholdId;
use serde::Serialize;
use server::standards::Standards;

use super::crew::{Caller, edit};
use crate::fieldwork::interview;
use crate::house::House;

/// Changes that go up in one segment while a document grows.
const AT_ONCE: usize = 50;

/// What a change costs.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// Changes that the document held before.
    pub changes: usize,
    /// From the request to its answer, for a change that comes alone; the median.
    pub microseconds_alone: u64,
    /// The same for each of fifty that come in one segment.
    pub microseconds_among_fifty: u64,
}

/// Grows one document to each of these sizes and measures there; `alone`: how many exchanges of one change each.
pub async fn measure(sizes: &[usize], alone: usize) -> Result<Vec<Growth>> {
    let house = House::with_open_round().await?;
    let mut caller = Caller::enrolled(&house, &Standards::shipped()?, 1).await?;
    let mut document = Document { id: HouseholdId([7; 16]), changes: 1 };
    caller.commit(document.id, &interview()?)?;
    caller.exchange().await?;
    let mut costs = Vec::new();
    for size in sizes {
        while document.changes < *size {
            let most = (*size - document.changes).min(AT_ONCE);
            document.grow(&mut caller, most).await?;
        }
        let changes = document.changes;
        let mut took = Vec::new();
        for _ in 0..alone {
            took.push(document.grow(&mut caller, 1).await?);
        }
        took.sort_unstable();
        let among = document.grow(&mut caller, AT_ONCE).await? / AT_ONCE as u32;
        costs.push(Growth {
            changes,
            microseconds_alone: microseconds(took.get(alone / 2).copied().unwrap_or_default())?,
            microseconds_among_fifty: microseconds(among)?,
        });
    }
    house.stop().await;
    Ok(costs)
}

fn microseconds(took: Duration) -> Result<u64> {
    Ok(u64::try_from(took.as_micros())?)
}

struct Document {
    id: HouseholdId,
    changes: usize,
}

impl Document {
    /// Adds changes in one exchange; how long the server took.
    async fn grow(&mut self, caller: &mut Caller, count: usize) -> Result<Duration> {
        for _ in 0..count {
            // No number comes twice in a row, so each edit says something new.
            caller.commit(self.id, &edit(i64::try_from(self.changes)?)?)?;
            self.changes += 1;
        }
        caller.exchange().await
    }
}
