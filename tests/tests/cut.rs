//! Phones on a line that breaks after so many bytes, against a real server over HTTP: what arrived is not sent again, and
//! something arrives on every line that carries a little more than the headers of a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use house_tests::house::{FORM, House};
use house_tests::line::Line;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use schemas::form::FormVersion;
use schemas::ids::HouseholdId;
use serde_json::{Value, json};
use server::clock::Chance;
use server::phone::{Enrolment, Phone, PhoneFault, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::View;
use sync_protocol::journal::Scope;

/// A house, and a line to it.
struct Far {
    house: House,
    line: Line,
    directory: tempfile::TempDir,
    standards: Arc<Standards>,
}

impl Far {
    async fn open() -> Result<Self> {
        let house = House::with_open_round().await?;
        house.assign(house.people.lan, house.units.village).await?;
        let address = house.address();
        let line = Line::to(address.trim_start_matches("http://").to_owned()).await?;
        Ok(Self { house, line, directory: tempfile::tempdir()?, standards: Arc::new(Standards::shipped()?) })
    }

    /// A phone of lan's that was let in over the line while it held.
    async fn phone(&self, number: u64) -> Result<Phone> {
        self.line.break_after(u64::MAX, u64::MAX);
        let hoa = self.house.as_account(self.house.people.hoa).await?;
        let body = json!({ "account": self.house.people.lan, "unit": self.house.units.village });
        let code = hoa.post("/api/enrolment-codes", body).await?.text("code").to_owned();
        let road = Road { server: self.line.address(), roots: None, plain: PlainHttp::LoopbackOnly };
        let form = FormVersion(FORM.to_owned());
        let enrolment = Enrolment { road, code, server_key: None, name: format!("máy {number}"), form };
        let surroundings = self.surroundings(number);
        let mut phone = Phone::enrol(&self.at(number), enrolment, surroundings).await?;
        // One small page, so that the phone holds its village.
        phone.sync_data().await?;
        self.line.carried();
        Ok(phone)
    }

    fn at(&self, number: u64) -> std::path::PathBuf {
        self.directory.path().join(number.to_string())
    }

    /// How many photos lie on a phone's disk.
    fn photo_files(&self, number: u64) -> Result<usize> {
        let files = std::fs::read_dir(self.at(number))?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(files.filter(|name| name.starts_with("blob-")).count())
    }

    /// Somebody else surveys lan's village.
    async fn take_village_away(&self) -> Result<()> {
        let (units, lan) = (self.house.units, self.house.people.lan);
        let hoa = self.house.as_account(self.house.people.hoa).await?;
        let path = format!("/api/rounds/2026-dinh-ky/communes/{}/assignments/{}/{lan}", units.commune, units.village);
        let taken = hoa.delete(&path).await?;
        ensure!(taken.is_success(), "{taken:?}");
        Ok(())
    }

    fn surroundings(&self, number: u64) -> Surroundings {
        let (clock, chance) = (self.house.clock.clone(), Chance::seeded(number));
        Surroundings { clock, chance, standards: self.standards.clone() }
    }
}

/// So many new households, with texts that no model knows. Returns them.
fn work(phone: &mut Phone, seed: u64, households: usize) -> Result<Vec<HouseholdId>> {
    let scope: Scope = phone.device().scopes().next().context("a village")?.0.clone();
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut written = Vec::new();
    for _ in 0..households {
        let household = HouseholdId(rng.random());
        let address: String = (0..80).map(|_| char::from(rng.random_range(b'!'..=b'~'))).collect();
        let writes = BTreeMap::from([(Slot::Answer("address".parse()?), Write::Put(address.as_str().into()))]);
        phone.commit(&scope, household, &writes)?;
        written.push(household);
    }
    Ok(written)
}

/// Syncs as often as a person would, until nothing waits any more. Returns how often it took.
async fn until_sent(phone: &mut Phone) -> Result<usize> {
    for times in 1..=100 {
        match phone.sync().await {
            Ok(done) if done.waiting == 0 && done.blobs.waiting == 0 => return Ok(times),
            Ok(_) | Err(PhoneFault::Cut(..)) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    anyhow::bail!("{} entries still wait", phone.device().waiting())
}

#[tokio::test]
async fn uploads_resume_on_lines_that_break_after_a_kilobyte() -> Result<()> {
    let far = Far::open().await?;
    let mut whole = far.phone(0).await?;
    work(&mut whole, 0, 120)?;
    until_sent(&mut whole).await?;
    let (unbroken, _) = far.line.carried();
    for (number, breaks_after) in (1..).zip([16_384, 8_192, 4_096, 2_048, 1_024]) {
        let mut phone = far.phone(number).await?;
        let written = work(&mut phone, number, 120)?;
        drop(phone);
        // A fresh process with fresh connections.
        let mut phone = Phone::open(&far.at(number), far.surroundings(number))?;
        far.line.break_after(breaks_after, u64::MAX);
        let times = until_sent(&mut phone).await?;
        let (up, _) = far.line.carried();
        println!("a line that breaks after {breaks_after}: {up} bytes up for {unbroken}, {times} syncs");
        ensure!(up <= 8 * unbroken, "after {breaks_after}: {up} for {unbroken}");
        far.line.break_after(u64::MAX, u64::MAX);
        drop(phone);
        let mut phone = Phone::open(&far.at(number), far.surroundings(number))?;
        phone.sync().await?;
        let arrived = |household: &&HouseholdId| phone.device().household(household, View::Accepted).is_some();
        assert_eq!(written.iter().filter(arrived).count(), 120);
        assert!(phone.device().refused().is_empty());
    }
    far.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn downloads_resume_on_lines_that_break_after_two_kilobytes() -> Result<()> {
    let far = Far::open().await?;
    let mut phones = Vec::new();
    for number in 1..=6 {
        phones.push(far.phone(number).await?);
    }
    let mut writer = far.phone(7).await?;
    work(&mut writer, 7, 150)?;
    until_sent(&mut writer).await?;
    drop(phones);
    far.line.carried();
    let mut unbroken = 0;
    for (number, breaks_after) in (1..).zip([u64::MAX, 32_768, 16_384, 8_192, 4_096, 2_048]) {
        let mut phone = Phone::open(&far.at(number), far.surroundings(number))?;
        far.line.break_after(u64::MAX, breaks_after);
        let mut times = 0;
        while phone.device().households().count() < 150 {
            times += 1;
            ensure!(times <= 200, "after {breaks_after}: {} households", phone.device().households().count());
            match phone.pull().await {
                Ok(_) | Err(PhoneFault::Cut(..)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        let (_, down) = far.line.carried();
        unbroken = if unbroken == 0 { down } else { unbroken };
        println!("a line that breaks after {breaks_after}: {down} bytes down for {unbroken}, {times} pulls");
        ensure!(down <= 8 * unbroken, "after {breaks_after}: {down} for {unbroken}");
    }
    far.house.stop().await;
    Ok(())
}

/// The page of a household lists its photo, and gives it to whoever may read the household.
async fn shown_to_whoever_may_read(far: &Far, household: HouseholdId, blob: &str, photo: &[u8]) -> Result<()> {
    let hoa = far.house.as_account(far.house.people.hoa).await?;
    let page = format!("/api/rounds/2026-dinh-ky/communes/{}/households/{household}", far.house.units.commune);
    let listed = hoa.get(&page).await?.body["blobs"].clone();
    assert_eq!(listed[0]["blob"], json!(blob));
    assert_eq!(listed[0]["state"], json!("there"));
    assert_eq!(listed[0]["received"], Value::Null);
    let (status, bytes) = hoa.get_raw(&format!("{page}/blobs/{}", blob)).await?;
    assert_eq!((status, bytes == *photo), (200, true));
    let tam = far.house.as_account(far.house.people.tam).await?;
    assert_eq!(tam.get(&format!("{page}/blobs/{}", blob)).await?.slug(), "access/role-needed");
    let unknown = hoa.get(&format!("{page}/blobs/{}", "0".repeat(64))).await?;
    assert_eq!((unknown.status, unknown.slug()), (404, "blob/not-found"));
    Ok(())
}

#[tokio::test]
async fn a_photo_resumes_at_the_part_and_data_go_before_it() -> Result<()> {
    let far = Far::open().await?;
    let mut phone = far.phone(1).await?;
    let written = work(&mut phone, 1, 3)?;
    let mut photo = vec![0xff, 0xd8, 0xff, 0xe0];
    let mut rng = SmallRng::seed_from_u64(5);
    photo.extend((0..300_000).map(|_| rng.random::<u8>()));
    let file = far.directory.path().join("phieu.jpg");
    std::fs::write(&file, &photo)?;
    let attached = phone.attach(written[0], &file)?;
    let again = phone.attach(written[0], &file);
    assert_eq!(again.err().context("refused")?.slug(), "phone/nothing");
    std::fs::remove_file(&file)?;
    drop(phone);

    let mut phone = Phone::open(&far.at(1), far.surroundings(1))?;
    far.line.break_after(20_000, u64::MAX);
    let data = phone.sync_data().await?;
    assert_eq!((data.waiting, phone.blobs()[0].stands), (0, "phone"), "no photo goes on a line that costs money");
    far.line.carried();
    until_sent(&mut phone).await?;
    let (up, _) = far.line.carried();
    println!("{up} bytes up for a photo of {}", photo.len());
    ensure!(up <= 2 * photo.len() as u64, "{up}");
    assert_eq!(phone.blobs()[0].stands, "server");
    assert_eq!(far.photo_files(1)?, 1, "kept, should the server be set back");
    shown_to_whoever_may_read(&far, written[0], &attached.blob, &photo).await?;

    far.line.break_after(u64::MAX, u64::MAX);
    far.take_village_away().await?;
    phone.sync().await?;
    assert_eq!((phone.blobs().len(), far.photo_files(1)?), (0, 0), "gone with the village");
    far.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_not_attached_and_a_damaged_file_needs_its_author() -> Result<()> {
    let far = Far::open().await?;
    let mut phone = far.phone(1).await?;
    let written = work(&mut phone, 1, 2)?;
    let file = far.directory.path().join("tep");
    let attach = |phone: &mut Phone, household, bytes: &[u8]| -> Result<Result<String, String>> {
        std::fs::write(&file, bytes)?;
        Ok(phone.attach(household, &file).map(|line| line.blob).map_err(|fault| fault.slug().to_owned()))
    };
    assert_eq!(attach(&mut phone, written[0], b"%PDF-1.7")?, Err("phone/file".to_owned()));
    assert_eq!(attach(&mut phone, written[0], &vec![0xff; (2 << 20) + 1])?, Err("phone/file".to_owned()));
    let unknown = attach(&mut phone, HouseholdId([9; 16]), b"\xff\xd8\xff unknown")?;
    assert_eq!(unknown, Err("phone/no-household".to_owned()));
    let damaged = attach(&mut phone, written[0], b"\xff\xd8\xff one")?.ok().context("attached")?;
    let lost = attach(&mut phone, written[0], b"\xff\xd8\xff two")?.ok().context("attached")?;
    attach(&mut phone, written[1], b"\xff\xd8\xff three")?.ok().context("attached")?;
    std::fs::write(far.at(1).join(format!("blob-{damaged}")), b"\xff\xd8\xff eno")?;
    std::fs::remove_file(far.at(1).join(format!("blob-{lost}")))?;
    let synced = phone.sync().await?;
    assert_eq!((synced.waiting, synced.blobs.sent, synced.blobs.waiting), (0, 1, 0));
    let lines = phone.blobs();
    let stands: Vec<_> = lines.iter().map(|line| (line.stands, line.reason.as_deref())).collect();
    let expected =
        [("needs_you", Some("phone/blob-damaged")), ("needs_you", Some("phone/blob-lost")), ("server", None)];
    assert_eq!(stands, expected);
    assert!(attach(&mut phone, written[0], b"\xff\xd8\xff one")?.is_ok(), "it may be attached again");
    assert_eq!(phone.sync().await?.blobs.sent, 1);
    far.house.stop().await;
    Ok(())
}
