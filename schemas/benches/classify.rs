//! How many households one core classifies in a second, with reasons.
//!
//! `cargo bench -p schemas`. Households have three to seven members and every answer that form B asks for; they differ
//! by their number, so that no branch is always taken the same way.
#![allow(missing_docs, reason = "criterion's macros make public functions without documentation")]

#[path = "support/households.rs"]
mod households;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::{Date, date};
use schemas::household::Household;
use schemas::rules::{AreaType, B1Mode, Facts, Place, Region, Report, Training, classify};
use schemas::standard::{Standard, shipped};

use households::household;

const HOUSEHOLDS: u64 = 500;
const AS_OF: Date = date(2026, 10, 1);
const PLACE: Place = Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain };

/// The same households, with what an enumerator has not asked yet taken out.
fn with_gaps(mut household: Household) -> Household {
    household.answers.remove("water_source");
    for answers in household.members.values_mut().take(1) {
        answers.remove("health_insurance");
    }
    household
}

fn classified(standard: &Standard, facts: &[Facts], mode: &B1Mode) -> u32 {
    let classes =
        facts.iter().map(|facts| classify(standard, black_box(facts), &PLACE, AS_OF, mode).possible_classes());
    classes.map(|classes| classes.len()).sum()
}

fn benches(criterion: &mut Criterion) {
    let standard = shipped::load("vn-2022-2025").expect("the shipped standard loads");
    let households: Vec<Household> = (0..HOUSEHOLDS).map(household).collect();
    let gaps: Vec<Household> = households.iter().cloned().map(with_gaps).collect();
    let facts_of = |households: &[Household]| households.iter().map(|one| standard.facts(one)).collect::<Vec<_>>();
    let (facts, facts_with_gaps) = (facts_of(&households), facts_of(&gaps));
    let sample = standard.points_tables().first().cloned().map(|table| B1Mode::Training(Training::Sample(table)));

    let mut group = criterion.benchmark_group("classify");
    group.throughput(Throughput::Elements(HOUSEHOLDS));
    group.bench_function("facts in memory, complete", |bench| {
        bench.iter(|| classified(&standard, &facts, &B1Mode::Paper));
    });
    group.bench_function("facts in memory, two answers missing", |bench| {
        bench.iter(|| classified(&standard, &facts_with_gaps, &B1Mode::Paper));
    });
    if let Some(mode) = &sample {
        group.bench_with_input(BenchmarkId::new("facts in memory", "points table"), mode, |bench, mode| {
            bench.iter(|| classified(&standard, &facts, mode));
        });
    }
    group.bench_function("facts made from households", |bench| {
        bench.iter(|| classified(&standard, &facts_of(black_box(&households)), &B1Mode::Paper));
    });
    group.bench_function("facts, result and report for people", |bench| {
        bench.iter(|| {
            let reports = households.iter().map(|household| {
                let facts = standard.facts(household);
                let assessment = classify(&standard, &facts, &PLACE, AS_OF, &B1Mode::Paper);
                Report::new(&standard, household, &assessment, &PLACE, AS_OF, &B1Mode::Paper).indicators.len()
            });
            reports.sum::<usize>()
        });
    });
    group.finish();
}

criterion_group! {
    name = classify_households;
    config = Criterion::default().sample_size(20);
    targets = benches
}
criterion_main!(classify_households);
