//! The demo as people run it: the real binary, the same list for the same seed, found again, and killed at any moment.
#![allow(clippy::unwrap_used, reason = "every function of this file is part of a test")]

mod acknowledged;
#[path = "../support/libreoffice.rs"]
mod libreoffice;
#[path = "../support/postgres.rs"]
mod postgres;
mod stage;

use std::fs;

use acknowledged::Acknowledged;
use schemas::date::PartialDate;
use schemas::roster::RosterLine;
use stage::Stage;

/// After how many new lines of the story it is killed, each time it was started again: while it starts, in the import, in
/// the field and at the office of several communes. A start is a line by itself.
const KILLS: [usize; 14] = [0, 1, 2, 7, 11, 23, 5, 31, 17, 3, 41, 13, 29, 19];

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
fn one_seed_gives_one_list_on_either_engine() {
    let (file, server) = (Stage::new(7), Stage::new(7));
    let on_server = server.play_on(&postgres::database());
    assert_eq!(Stage::root(&on_server), Stage::root(&file.play()));
}

#[test]
fn every_disagreement_of_the_demo_has_one_end_and_no_head_is_a_child() {
    let stage = Stage::new(5);
    let told = stage.sized(8).args(["--seed", "5"]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told = String::from_utf8(told.stdout).unwrap();
    let count = |english: &str| -> usize {
        let line = told.lines().find(|line| line.ends_with(english)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let opened = count("disagreements that the server saw in it; their ends:");
    let left = count("disagreements that change nothing printed, left visible");
    let settled = count("disagreements settled on a phone") + count("disagreements settled at the office");
    assert_eq!(opened, settled + left, "{told}");
    assert!(left >= 7, "at least one in each commune changes nothing:\n{told}");
    assert!(count("households that may stand elsewhere too, for a person") >= 1, "{told}");
    let mut heads = 0;
    for list in stage.lists() {
        list.lines.iter().for_each(|line| assert_grown_head(&line.line));
        heads += list.lines.len();
    }
    assert!(heads > 50, "{heads} heads");
}

fn assert_grown_head(line: &RosterLine) {
    let head = &line.members[0];
    let born: PartialDate = head.born.as_deref().unwrap().parse().unwrap();
    assert!(born.year() <= 2008, "{head:?}");
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
    for lines in KILLS {
        assert!(stage.killed_after(lines), "the story is longer than all kills together");
        acknowledged.note(&stage);
    }
    let told = stage.play();
    acknowledged.note(&stage);
    let lost = acknowledged.lost(&stage);
    let kills = KILLS.len();
    assert!(lost.is_empty(), "acknowledged and lost after {kills} kills:\n{}", lost.join("\n"));
    println!("{kills} kills in a story of {} lines; {acknowledged}", stage.lines());
    assert!(told.contains("Gốc của danh sách tổng hợp"), "{told}");
}
