//! Making a run that fails shorter: the same promise is broken with fewer steps.

use super::{Failure, Script, play};

/// Leaves out steps, ever fewer at a time, as long as the same promise is broken. `most`: how many runs it may take.
pub async fn shrink(script: &Script, failure: &Failure, most: usize) -> Script {
    let mut shortest = script.clone();
    shortest.steps.truncate(failure.step + 1);
    let (mut chunk, mut runs) = (shortest.steps.len().div_ceil(2), 0);
    while chunk > 0 && runs < most {
        let (mut at, mut shorter) = (0, false);
        while at < shortest.steps.len() && runs < most {
            let mut without = shortest.clone();
            without.steps.drain(at..(at + chunk).min(shortest.steps.len()));
            runs += 1;
            match play(&without).await {
                Err(again) if again.promise() == failure.promise() => {
                    shortest = without;
                    shorter = true;
                }
                Ok(_) | Err(_) => at += chunk,
            }
        }
        chunk = if shorter && chunk == 1 { 1 } else { chunk / 2 };
    }
    shortest
}
