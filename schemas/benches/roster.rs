//! How long the official list of 15,000 households takes: classes, lines, and the root of the tree.
//!
//! `cargo bench -p schemas --bench roster`. Opening the documents of the households is the server's and not in here.
#![allow(missing_docs, reason = "criterion's macros make public functions without documentation")]

#[path = "support/households.rs"]
mod households;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use schemas::ids::UnitId;
use schemas::ledger::Hash;
use schemas::roster::{Approved, CommuneName, Past, Previous, Roster, Salt, Setting, VillageName, compile};
use schemas::rules::{AreaType, B1Mode, Class, ClassSet, Place, Region};
use schemas::standard::shipped;

/// A whole former district, as one list.
const HOUSEHOLDS: u64 = 15_000;

fn approved(number: u64) -> Approved {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    Approved {
        household: households::household(number),
        heads: vec![Hash(hash)],
        pin: Hash(hash),
        accepted: Hash(hash),
        salt: Salt::new(hash),
        village: VillageName { id: UnitId(number % 150), name: format!("Thôn {}", number % 150) },
        place: Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain },
        past: Past { last: number.is_multiple_of(3).then_some(Class::Poor), before: ClassSet::NONE },
    }
}

fn benches(criterion: &mut Criterion) {
    let standard = shipped::load("vn-2022-2025").expect("the shipped standard loads");
    let setting = Setting {
        round: "2026-dinh-ky".parse().expect("a slug"),
        commune: CommuneName { id: UnitId(1), code: None, name: "Xã Quang Bình".to_owned() },
        reference_on: date(2026, 10, 1),
        standard: &standard,
        mode: &B1Mode::Paper,
        merge_policy: 1,
        units: Hash([1; 32]),
        previous: Previous::Nothing,
    };
    let households: Vec<Approved> = (0..HOUSEHOLDS).map(approved).collect();
    let list = compile(&setting, households.clone(), vec![]).expect("every household is complete");
    println!("{} lines of {HOUSEHOLDS} households, root {}", list.lines().len(), list.root());
    let mut group = criterion.benchmark_group("roster of 15,000 households");
    group.bench_function("compile", |bench| {
        let given = || households.clone();
        bench.iter_batched(given, |given| compile(&setting, black_box(given), vec![]).is_ok(), BatchSize::PerIteration);
    });
    group.bench_function("root", |bench| bench.iter(|| Roster::root(black_box(&list))));
    group.bench_function("proofs of all lines", |bench| bench.iter(|| Roster::proofs(black_box(&list)).len()));
    group.finish();
}

criterion_group! {
    name = roster;
    config = Criterion::default().sample_size(10);
    targets = benches
}
criterion_main!(roster);
