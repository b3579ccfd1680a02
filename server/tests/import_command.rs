//! `rasoat import` and `rasoat boundaries` as an office runs them: the binary, its reading child, a directory with a tree
//! and a round.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result};
use jiff::civil::Date;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::form::FormVersion;
use schemas::ids::UnitId;
use server::app::{App, Setup};
use server::clock::{Chance, Clock};
use server::documents::workbook::sample::{self, SampleCommune};
use server::domain::role::Role;
use server::domain::round::{B1Mode, Round, RoundState};
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::password::{Cost, StoredPassword};
use server::store::{self, StoreError};

/// A directory with one commune, an open round and an administrator; the commune's id.
async fn plant(data: &Path) -> Result<UnitId> {
    let clock = Clock::manual("2026-10-01T00:00:00Z".parse()?);
    let setup =
        Setup { data: data.to_owned(), database: None, clock, chance: Chance::seeded(1), password_cost: Cost::Light };
    let app = App::open(setup).await?;
    let (now, round) = (app.clock.now(), round()?);
    let planted: Result<UnitId, StoreError> = app
        .store
        .write("test", move |tx| {
            Box::pin(async move {
                let always = Validity { from: Date::constant(1900, 1, 1), to: None };
                let named = |name: &str, parent| UnitAttributes {
                    parent,
                    name: name.to_owned(),
                    name_en: None,
                    area: Some(Area::Rural),
                    region: Some("northern_midland_mountain".to_owned()),
                };
                let nation = store::unit::insert(tx, Level::Nation, always, &named("Việt Nam", None)).await?;
                let commune =
                    store::unit::insert(tx, Level::Commune, always, &named("Xã Tân Trịnh", Some(nation))).await?;
                let login = "admin".parse().map_err(|_| StoreError::Closed)?;
                let password = StoredPassword(String::new());
                let account = store::account::insert(tx, &login, "Quản trị", nation, &password, now).await?;
                let account = account.ok_or(StoreError::Closed)?;
                store::grant::insert(tx, account, Role::Administrator, nation, now).await?;
                store::round::insert(tx, &Round { unit: nation, ..round }).await?;
                Ok(commune)
            })
        })
        .await;
    app.store.close().await;
    Ok(planted?)
}

fn round() -> Result<Round> {
    Ok(Round {
        id: "2026-dinh-ky".parse()?,
        unit: UnitId(1),
        name: "Rà soát định kỳ 2026".to_owned(),
        standards: vec!["vn-2022-2025".parse()?],
        form_version: FormVersion("vn-2022-2025/1".to_owned()),
        b1_mode: B1Mode::Paper,
        left_out: Vec::new(),
        reference_on: Date::constant(2026, 10, 1),
        state: RoundState::Planned,
    })
}

fn import(data: &Path, commune: UnitId, file: &Path, more: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rasoat"));
    command.args(["import", "--round", "2026-dinh-ky", "--commune", &commune.to_string()]).arg(file).args(more);
    Ok(command.env("RASOAT_DATA", data).output()?)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn a_list_is_tried_imported_and_imported_again_on_the_command_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let commune = plant(&data).await?;
    let communes = [SampleCommune {
        name: "Xã Tân Trịnh".into(),
        code: "01243".into(),
        villages: 2,
        households: 7,
        serials_from: 0,
    }];
    let (bytes, _) = sample::workbook(&communes, &mut StdRng::seed_from_u64(1))?;
    let file = folder.path().join("danh sách.xlsx");
    std::fs::write(&file, b"khong phai bang tinh \xff")?;
    let refused = import(&data, commune, &file, &[])?;
    assert!(!refused.status.success(), "{}", said(&refused));
    std::fs::write(&file, bytes)?;
    let dry = import(&data, commune, &file, &["--dry-run"])?;
    assert!(dry.status.success() && said(&dry).contains("Chạy thử, chưa ghi gì"), "{}", said(&dry));
    let first = import(&data, commune, &file, &["--login", "admin"])?;
    let line = |output: &Output| said(output).lines().find(|line| line.contains("households new")).map(str::to_owned);
    let counted = line(&first).context("counts")?;
    assert!(counted.starts_with("Imported: ") && !counted.contains(" 0 households new"), "{counted}");
    assert_eq!(line(&dry).context("counts")?.split_once(':').map(|(_, counts)| counts.to_owned()), {
        counted.split_once(':').map(|(_, counts)| counts.to_owned())
    });
    let again = line(&import(&data, commune, &file, &[])?).context("counts")?;
    assert!(again.starts_with("Imported: 0 households new, 0 changed"), "{again}");
    let nobody = import(&data, commune, &file, &["--login", "khong-ai"])?;
    assert!(!nobody.status.success());
    Ok(())
}

#[tokio::test]
async fn boundaries_go_in_on_the_command_line_and_faulty_ones_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    plant(&data).await?;
    let file = folder.path().join("ranh-gioi.geojson");
    let boundaries =
        || Command::new(env!("CARGO_BIN_EXE_rasoat")).arg("boundaries").arg("--data").arg(&data).arg(&file).output();
    std::fs::write(&file, "<kml/>")?;
    let refused = boundaries()?;
    assert!(!refused.status.success() && said(&refused).contains("not JSON"), "{}", said(&refused));
    let feature = |last: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"xa":"XÃ TÂN TRỊNH"}},"geometry":{{"type":"Polygon","coordinates":
            [[[104.6,22.3],[104.7,22.3],[104.7,22.4],{last}]]}}}}"#
        )
    };
    let features = [feature("[104.6,22.4]"), feature("[104.6,22.3]")].join(",");
    std::fs::write(&file, format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#))?;
    let imported = boundaries()?;
    let text = said(&imported);
    assert!(imported.status.success(), "{text}");
    assert!(text.contains("0: vòng 1 không khép kín / ring 1 is not closed (boundary/ring-open)"), "{text}");
    assert!(text.contains("1 ranh giới đã nhập"), "{text}");
    Ok(())
}
