//! Plays runs of the simulated commune: `simulate SEED STEPS [RUNS]`, the seeds after the first one up. The first failure is
//! shown, then made shorter, and the shorter script shown: what a named test needs.

use anyhow::{Context, Result, bail};
use house_tests::simulation::{Failure, Script, Tally, play, shrink};
use server::clock::Stopwatch;

const PHONES: u8 = 3;
/// Runs that making a failure shorter may take.
const MOST_RUNS: usize = 400;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name: &'static str| arguments.next().map(|text| text.parse::<u64>().context(name)).transpose();
    let seed = number("SEED")?.context("simulate SEED STEPS [RUNS]")?;
    let (steps, runs) = (number("STEPS")?.unwrap_or(300), number("RUNS")?.unwrap_or(1));
    let (watch, mut total) = (Stopwatch::start(), Tally::default());
    for seed in seed..seed + runs {
        let script = Script::drawn(seed, PHONES, usize::try_from(steps)?);
        match play(&script).await {
            Ok(tally) => add(&mut total, tally),
            Err(failure) => return show(&script, failure).await,
        }
    }
    let seconds = watch.elapsed().as_secs_f64();
    println!("{runs} runs from seed {seed} hold: {total:#?}");
    println!(
        "{:.0} steps and {:.0} exchanges a second",
        total.steps as f64 / seconds,
        total.exchanges as f64 / seconds
    );
    Ok(())
}

fn add(total: &mut Tally, tally: Tally) {
    total.steps += tally.steps;
    total.exchanges += tally.exchanges;
    total.written += tally.written;
    total.accepted += tally.accepted;
    total.moved += tally.moved;
    tally.ends.into_iter().for_each(|(end, count)| *total.ends.entry(end).or_default() += count);
}

async fn show(script: &Script, failure: Failure) -> Result<()> {
    println!("{failure}");
    let shortest = shrink::shrink(script, &failure, MOST_RUNS).await;
    println!("{} steps are enough, {shortest}", shortest.steps.len());
    if let Err(again) = play(&shortest).await {
        println!("{again}");
    }
    bail!("a promise was broken")
}
