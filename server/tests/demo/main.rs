//! The demo as people run it: the real binary, the same list for the same seed, found again, and killed at any moment.
#![allow(clippy::unwrap_used, reason = "every function of this file is part of a test")]

mod acknowledged;
#[path = "../support/libreoffice.rs"]
mod libreoffice;
mod stage;

use std::fs;
use std::time::Duration;

use acknowledged::Acknowledged;
use stage::Stage;

/// How often the story is killed, at most: it goes on after each kill, so it may be over before.
const KILLS: usize = 14;

#[test]
fn one_seed_gives_one_list_and_a_second_start_finds_it() {
    let (first, same, other) = (Stage::new(7), Stage::new(7), Stage::new(8));
    let told = first.play();
    let root = Stage::root(&told);
    assert_eq!(root.len(), 64, "{told}");
    assert_eq!(Stage::root(&same.play()), root);
    assert_ne!(Stage::root(&other.play()), root);
    let before = fs::read(first.path("story")).unwrap();
    assert_eq!(first.play(), told, "the account is kept");
    let after = fs::read(first.path("story")).unwrap();
    let added = after.strip_prefix(before.as_slice()).unwrap().iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(added, 1, "nothing happened again but a start");
    let refused = first.command().args(["--seed", "9"]).output().unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--seed 7"), "{refused:?}");
}

#[test]
fn libreoffice_opens_the_lists_of_the_demo() {
    let stage = Stage::new(11);
    let told = stage.play();
    let Some(totals) = stage.converted("lists/tong-hop-2026.xlsx") else { return };
    let roots = told.lines().filter_map(|line| line.split_once(" Xã ")).map(|(root, _)| root);
    let roots: Vec<&str> = roots.filter(|root| root.len() == 64).collect();
    assert_eq!(roots.len(), 7, "{told}");
    for root in roots {
        assert!(totals.iter().any(|sheet| sheet.contains(root)), "{root} stands in no sheet");
    }
    assert!(totals.iter().any(|sheet| sheet.contains(&Stage::root(&told))), "the root of all stands in no sheet");
    let list = stage.converted("lists/danh-sach-2026-tan-trinh.xlsx").unwrap();
    let rows = fs::read_to_string(stage.path("lists/danh-sach-2026-tan-trinh.csv")).unwrap();
    let heads = rows.lines().filter(|line| line.contains("Chủ hộ")).map(|line| line.split(',').nth(1).unwrap());
    let heads: Vec<&str> = heads.collect();
    assert!(heads.len() > 2, "{rows}");
    for head in heads {
        assert!(list.iter().any(|sheet| sheet.contains(head)), "{head} stands in no sheet");
    }
}

#[test]
fn killed_at_any_moment_the_demo_goes_on_and_nothing_acknowledged_is_lost() {
    let stage = Stage::new(20_261_123);
    println!("directory {}", stage.path("").display());
    let mut acknowledged = Acknowledged::default();
    let mut kills = 0;
    for kill in 0..KILLS {
        // Spread over starting, importing, field work and decisions; where a kill falls also depends on the machine.
        let wait = Duration::from_millis(150 + 211 * (kill as u64 * 7 % 11));
        if !stage.killed_after(wait) {
            break;
        }
        kills += 1;
        acknowledged.note(&stage);
    }
    let told = stage.play();
    acknowledged.note(&stage);
    assert!(kills >= 5, "the story was over after {kills} kills");
    let lost = acknowledged.lost(&stage);
    assert!(lost.is_empty(), "acknowledged and lost after {kills} kills:\n{}", lost.join("\n"));
    println!("{kills} kills; {acknowledged}");
    assert!(told.contains("Gốc của danh sách tổng hợp"), "{told}");
}
