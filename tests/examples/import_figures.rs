//! Figures of imports on this machine: households a second into the database, and how long a look for doubles takes.
//!
//! `cargo run --release -p house-tests --example import_figures -- 2000 15000`

use std::sync::Arc;

use anyhow::{Context, Result};
use house_tests::house::House;
use jiff::civil::{Date, date};
use schemas::codes::relation::Relation;
use server::clock::Stopwatch;
use server::documents::workbook::{Heading, Listing, Member, Place, RosterBook, write_roster};
use server::domain::round::B1Mode;
use server::workflow::import::{Mode, Order, import_as};

const MEMBERS: usize = 4;
const IN_A_VILLAGE: usize = 120;
const LISTED_ON: Date = date(2025, 12, 12);

#[tokio::main]
async fn main() -> Result<()> {
    for households in std::env::args().skip(1) {
        measure(households.parse().context("how many households")?).await?;
    }
    Ok(())
}

async fn measure(households: usize) -> Result<()> {
    let house = House::start().await?;
    let round = house.open_round(B1Mode::Paper).await?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("danh-sach.xlsx");
    std::fs::write(&file, write_roster(&book(households), LISTED_ON)?)?;
    for (what, mode) in [("dry run", Mode::DryRun), ("import", Mode::Write), ("again", Mode::Write)] {
        let order = Order { commune: house.units.commune, round: round.id.clone(), file: file.clone(), mode };
        let working = Stopwatch::start();
        let imported = import_as(&house.app, house.people.hoa, order, Arc::new(|_| {})).await?;
        let seconds = working.elapsed().as_secs_f64();
        let taken = imported.counts.added + imported.counts.unchanged;
        println!("{what}: {taken} households in {seconds:.1} s, {:.0} a second", taken as f64 / seconds);
    }
    let hoa = house.as_account(house.people.hoa).await?;
    let working = Stopwatch::start();
    let path = format!("/api/rounds/{}/communes/{}/suspects", round.id, house.units.commune);
    let warned = hoa.get(&path).await?;
    let households = warned.body.as_array().map_or(0, Vec::len);
    println!("suspects: {} in {:?}, {households} households", warned.status, working.elapsed());
    house.stop().await;
    Ok(())
}

fn book(households: usize) -> RosterBook {
    let text = String::new;
    let heading = Heading { office: text(), above: text(), round: text(), standard: text() };
    let listed = (0..households).map(household).collect();
    RosterBook { heading, listed, escaped_poor: vec![], escaped_near_poor: vec![], unassessed: vec![] }
}

fn household(n: usize) -> Listing {
    let village = format!("Thôn {}", n / IN_A_VILLAGE + 1);
    Listing {
        number: (n + 1).to_string(),
        place: Place { commune: "Xã Mẫu".into(), village, ..Place::default() },
        members: (0..MEMBERS).map(|at| member(n * MEMBERS + at, at == 0)).collect(),
        ..Listing::default()
    }
}

fn member(n: usize, is_head: bool) -> Member {
    let part = |all: &[&'static str], n: usize| all[n % all.len()];
    let surname = part(&["Lò", "Vàng", "Đặng", "Phàn", "Sùng", "Lù", "Hoàng", "Nguyễn"], n);
    let middle = part(&["Seo", "Văn", "Thị", "Mùi", "A", "Tà", "Xuân"], n / 8);
    let given = part(&["Páo", "Mai", "Chứ", "Sính", "Nhậy", "Tải", "Phàn", "Mỷ", "Dơ", "Củi", "Lềnh"], n / 56);
    Member {
        name: format!("{surname} {middle} {given}"),
        relation: Some(if is_head { Relation::Head } else { Relation::Child }),
        relation_text: if is_head { "Chủ hộ" } else { "Con" }.into(),
        born: format!("{}", 1940 + n % 80).parse().ok(),
        number: format!("0020{:08}", n).parse().ok().map(schemas::codes::citizen_id::PersonNumber::Citizen),
        ..Member::default()
    }
}
