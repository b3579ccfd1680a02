//! `rasoat phone`: a phone without a screen, for scripts and for trying things out.
//!
//! Owns flags, exit codes and what is printed; everything else is [`crate::phone`]'s. Exit codes: 0 done, 1 storage or
//! another fault of this machine, 2 wrong usage, 3 something in the file (or the choice) was refused, 4 the server cannot
//! be reached, 5 the server refused or its answer is not to be trusted, 6 the server could not take everything now.

mod format;
mod output;
mod parcel;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use jiff::civil::Date;
use schemas::codes::names::NameSearch;
use schemas::form::FormVersion;
use schemas::ids::{HouseholdId, UnitId};
use schemas::rules::AreaType;
use serde_json::json;
use sync_protocol::device::View;

use crate::clock::{Chance, Clock, Stopwatch};
use crate::phone::{
    self, Choice, Enrolment, Phone, PhoneFault, PlainHttp, Road, RoundPoints, Scoring, Surroundings, Wanted,
};
use crate::standards::Standards;
use output::{Outcome, print};
use parcel::{Carry, ExportParcel, ExportShare, FromParcel};

/// Commands of `phone`.
#[derive(Debug, clap::Subcommand)]
pub enum PhoneCommand {
    /// Ghi danh máy này bằng mã của văn phòng. Let this phone in with a code from the office.
    Enrol(Enrol),
    #[command(flatten)]
    /// What needs a phone that was let in.
    Enrolled(EnrolledCommand),
}

/// Commands of a phone that was let in.
#[derive(Debug, clap::Subcommand)]
pub enum EnrolledCommand {
    /// Nhận tin mới. Read what is new.
    Pull(Common),
    /// Gửi hết việc đã làm và nhận tin mới, rồi gửi ảnh. Send all work and read what is new, then send photos.
    Sync(Sync),
    /// Đính ảnh vào hộ. Attach a photo to a household.
    Attach(Attach),
    /// Lập hộ mới từ tệp. Found households from a file.
    #[command(after_long_help = format::NEW)]
    New(FromFile),
    /// Sửa hộ theo tệp. Edit households from a file.
    #[command(after_long_help = format::EDIT)]
    Edit(FromFile),
    /// Xem hộ. Show households.
    Show(Show),
    /// Chọn ý kiến đúng khi hai người ghi khác nhau. Settle a disagreement.
    Settle(Settle),
    /// Ghi lại việc máy chủ không nhận. Say again what the server turned away.
    Rebase(Rebase),
    /// Xuất mọi hộ. Write out all households.
    Export(Export),
    /// Từng hộ đang ở đâu. Where each household stands.
    List(List),
    /// Gói việc đang chờ vào tệp để người khác mang đi. Put waiting work into a parcel for somebody to carry.
    ExportParcel(ExportParcel),
    /// Nhận câu trả lời cho một gói. Take the answer to a parcel in.
    ImportParcel(FromParcel),
    /// Mang gói của người khác tới máy chủ. Carry others' parcels to the server.
    Carry(Carry),
    /// Chia sẻ việc chưa tới máy chủ với đồng nghiệp cùng thôn. Share work with colleagues of the village, before the server has it.
    ExportShare(ExportShare),
    /// Xem việc đồng nghiệp chia sẻ. Look at what a colleague has shared.
    Look(FromParcel),
}

/// What every command of `phone` takes.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Thư mục của máy. The phone's directory.
    #[arg(long, env = "RASOAT_PHONE", value_name = "DIR")]
    store: PathBuf,
    /// In kết quả dạng JSON. Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Flags of `phone enrol`.
#[derive(Debug, clap::Args)]
pub struct Enrol {
    #[command(flatten)]
    common: Common,
    /// Địa chỉ máy chủ. The server's address.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Mã ghi danh. The enrolment code.
    #[arg(long)]
    code: String,
    /// Khóa máy chủ ghi trong mã QR; nếu không có, hỏi máy chủ. The server's key from the QR; asked for when absent.
    #[arg(long, value_name = "HEX")]
    server_key: Option<String>,
    /// Tên máy. The phone's name.
    #[arg(long, default_value = "rasoat phone")]
    name: String,
    /// Phiếu dùng khi lập hộ mới. The form for new households.
    #[arg(long, value_name = "VERSION")]
    form: Option<String>,
    /// Chỉ tin các chứng thư gốc trong tệp PEM này. Trust only the roots in this PEM file.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Chấp nhận kết nối không mã hóa ra ngoài máy. Accept unencrypted connections beyond this machine.
    #[arg(long)]
    insecure: bool,
}

/// Flags of `phone sync`.
#[derive(Debug, clap::Args)]
pub struct Sync {
    #[command(flatten)]
    common: Common,
    /// Không gửi ảnh lần này. Send no photos this time.
    #[arg(long)]
    no_blobs: bool,
}

/// Flags of `phone attach`.
#[derive(Debug, clap::Args)]
pub struct Attach {
    #[command(flatten)]
    common: Common,
    /// Mã hộ. The household.
    household: HouseholdId,
    /// Tệp ảnh JPEG, PNG hoặc WebP, tối đa 2 MB. A JPEG, PNG or WebP picture of 2 MB at most.
    file: PathBuf,
}

/// Flags of commands that read a file.
#[derive(Debug, clap::Args)]
pub struct FromFile {
    #[command(flatten)]
    common: Common,
    /// Tệp JSON. A JSON file.
    file: PathBuf,
}

/// Which changes are shown.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ViewFlag {
    /// Điều máy chủ đã nhận. What the server has accepted.
    Accepted,
    /// Thêm cả việc của máy này. And this phone's own work.
    Mine,
    /// Thêm cả việc đồng nghiệp chia sẻ, máy chủ chưa xét. And what colleagues have shared, which the server has not seen.
    Preview,
}

/// Country or town.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AreaFlag {
    /// Nông thôn. Country.
    Rural,
    /// Thành thị. Town.
    Urban,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum B1Flag {
    /// Điểm nhập từ phiếu giấy. Typed from the paper form.
    Paper,
    /// Tính theo bảng điểm của cơ quan. Computed by the office's table.
    Table,
}

/// Whom to look for.
#[derive(Debug, clap::Args)]
struct Find {
    /// Chỉ các hộ có chủ hộ tên như vậy: đầu các chữ, không cần dấu. Only households whose head is called so: the beginnings
    /// of words, with or without marks.
    #[arg(long, value_name = "NAME")]
    find: Option<String>,
}

impl Find {
    fn search(&self) -> NameSearch {
        NameSearch::of(self.find.as_deref().unwrap_or_default())
    }
}

/// Flags of `phone list`.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    find: Find,
}

/// Flags of `phone show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    common: Common,
    /// Mã hộ; nếu không ghi thì tất cả. The household; all of them when absent.
    #[arg(conflicts_with = "find")]
    household: Option<HouseholdId>,
    #[command(flatten)]
    find: Find,
    /// Xem theo. Which view.
    #[arg(long, value_enum, default_value = "mine")]
    view: ViewFlag,
    /// Giải thích kết quả. Explain the class.
    #[arg(long)]
    explain: bool,
    /// Khu vực; nếu không ghi thì tính cả hai. Type of area; both are tried when absent.
    #[arg(long, value_enum, requires = "explain")]
    area: Option<AreaFlag>,
    /// Điểm B1 của đợt lấy từ phiếu hay từ bảng điểm; nếu không ghi thì xét cả hai, vì máy không giữ bảng điểm.
    /// Where the round takes B1 from; both are tried when absent, for a phone holds no points table.
    #[arg(long, value_enum, requires = "explain")]
    b1: Option<B1Flag>,
    /// Ngày tính tuổi; mặc định hôm nay. The day that ages refer to; today when absent.
    #[arg(long, requires = "explain", value_name = "DATE")]
    as_of: Option<Date>,
}

/// Flags of `phone settle`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("choice").required(true).args(["take", "set"]))]
pub struct Settle {
    #[command(flatten)]
    common: Common,
    /// Mã hộ. The household.
    household: HouseholdId,
    /// Mã bất đồng, xem «show». The disagreement's id, from "show".
    disagreement: String,
    /// Ý kiến số N đúng. Side N holds.
    #[arg(long, value_name = "N")]
    take: Option<usize>,
    /// Giá trị khác, theo tệp sửa. Something else holds: a file of edits.
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
}

/// Flags of `phone rebase`. Without `--take` and `--all` the plan is shown and nothing is written.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("wanted").args(["take", "all"]))]
pub struct Rebase {
    #[command(flatten)]
    common: Common,
    /// Mã hộ. The household.
    household: HouseholdId,
    /// Chỉ ghi lại các mục này; các mục khác theo máy chủ. Only these fields; the others stay as the server has them.
    #[arg(long, value_name = "FIELD", num_args = 1..)]
    take: Vec<String>,
    /// Ghi lại mọi mục ghi lại được. Everything that can be said again.
    #[arg(long)]
    all: bool,
    /// Mã kế hoạch đã xem; cần khi lấy mục đã có người ghi khác. The plan that was seen; needed for changed fields.
    #[arg(long, value_name = "PLAN", requires = "wanted")]
    plan: Option<String>,
}

/// Flags of `phone export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    common: Common,
    /// Tệp ra; nếu không ghi thì in ra. The file; printed when absent.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Xuất theo. Which view.
    #[arg(long, value_enum, default_value = "mine")]
    view: ViewFlag,
}

impl PhoneCommand {
    /// Does what was asked and prints how it went.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let working = Stopwatch::start();
        let json = self.common().json;
        let surroundings = surroundings()?;
        let outcome = self.act(surroundings).await.unwrap_or_else(|fault| Outcome::failed(&fault));
        print(&outcome, json, working.elapsed())?;
        Ok(ExitCode::from(outcome.exit_code))
    }

    fn common(&self) -> &Common {
        match self {
            Self::Enrol(enrol) => &enrol.common,
            Self::Enrolled(command) => command.common(),
        }
    }

    async fn act(self, surroundings: Surroundings) -> Result<Outcome, PhoneFault> {
        match self {
            Self::Enrol(enrol) => enrol.act(surroundings).await,
            Self::Enrolled(command) => {
                let today = surroundings.clock.today();
                let mut phone = Phone::open(&command.common().store, surroundings)?;
                let acted = command.act(&mut phone, today).await;
                let outcome = acted.unwrap_or_else(|fault| Outcome::failed(&fault));
                Ok(outcome.with_traffic(phone.traffic()).with_torn(phone.torn()))
            }
        }
    }
}

impl EnrolledCommand {
    fn common(&self) -> &Common {
        match self {
            Self::Pull(common) => common,
            Self::List(list) => &list.common,
            Self::Sync(sync) => &sync.common,
            Self::Attach(attach) => &attach.common,
            Self::New(from) | Self::Edit(from) => &from.common,
            Self::Show(show) => &show.common,
            Self::Settle(settle) => &settle.common,
            Self::Rebase(rebase) => &rebase.common,
            Self::Export(export) => &export.common,
            Self::ExportParcel(export) => &export.common,
            Self::ImportParcel(from) => &from.common,
            Self::Carry(carry) => &carry.common,
            Self::ExportShare(share) => &share.common,
            Self::Look(from) => &from.common,
        }
    }

    async fn act(self, phone: &mut Phone, today: Date) -> Result<Outcome, PhoneFault> {
        match self {
            Self::Pull(_) => Ok(Outcome::exchanged(&phone.pull().await?)),
            Self::Sync(Sync { no_blobs: true, .. }) => Ok(Outcome::exchanged(&phone.sync_data().await?)),
            Self::Sync(_) => Ok(Outcome::exchanged(&phone.sync().await?)),
            Self::Attach(attach) => Ok(Outcome::attached(&phone.attach(attach.household, &attach.file)?)),
            Self::New(from) => Ok(Outcome::committed(&phone.found_households(phone::file::read(&from.file)?)?)),
            Self::Edit(from) => Ok(Outcome::committed(&phone.edit_households(phone::file::read(&from.file)?)?)),
            Self::Show(show) => show.act(phone, today),
            Self::Settle(settle) => settle.act(phone),
            Self::Rebase(rebase) => rebase.act(phone),
            Self::Export(export) => export.act(phone),
            Self::List(list) => Ok(Outcome::listed(&phone.find(&list.find.search()), &phone.blobs())),
            Self::ExportParcel(export) => Ok(Outcome::packed(&export.out, phone.export_parcel(&export.out)?)),
            Self::ImportParcel(from) => Ok(Outcome::unpacked(phone.import_parcel(&from.file)?)),
            Self::Carry(carry) => Ok(Outcome::carried(&phone.carry(&carry.parcels, &carry.out).await)),
            Self::ExportShare(share) => {
                let changes = phone.export_share(share.village.map(UnitId), share.round, &share.out)?;
                Ok(Outcome::shared(&share.out, changes))
            }
            Self::Look(from) => Ok(Outcome::looked(phone.look(&from.file)?)),
        }
    }
}

fn surroundings() -> anyhow::Result<Surroundings> {
    let chance = Chance::from_system().context("the operating system gives no randomness")?;
    let standards = Standards::shipped().map_err(|faults| anyhow::anyhow!("{faults}"))?;
    Ok(Surroundings { clock: Clock::system(), chance, standards: Arc::new(standards) })
}

impl Enrol {
    async fn act(self, surroundings: Surroundings) -> Result<Outcome, PhoneFault> {
        let roots = self.ca.map(|path| {
            let text = std::fs::read_to_string(&path);
            text.map_err(|error| PhoneFault::File { path, reason: error.to_string() })
        });
        let plain = if self.insecure { PlainHttp::Anywhere } else { PlainHttp::LoopbackOnly };
        let current = surroundings.standards.current_form().cloned();
        let form = self.form.map(FormVersion).or(current).ok_or_else(|| PhoneFault::FormUnknown("-".to_owned()))?;
        let road = Road { server: self.server, roots: roots.transpose()?, plain };
        let enrolment = Enrolment { road, code: self.code, server_key: self.server_key, name: self.name, form };
        let mut phone = Phone::enrol(&self.common.store, enrolment, surroundings).await?;
        // The phone is let in whatever becomes of its first sync; the next one makes up for it.
        let exchanged = phone.sync().await;
        Ok(Outcome::enrolled(phone.identity(), exchanged).with_traffic(phone.traffic()))
    }
}

impl ViewFlag {
    fn view(self) -> View {
        match self {
            Self::Accepted => View::Accepted,
            Self::Mine => View::Mine,
            Self::Preview => View::Preview,
        }
    }
}

impl B1Flag {
    fn points(self) -> RoundPoints {
        match self {
            Self::Paper => RoundPoints::Paper,
            Self::Table => RoundPoints::Table,
        }
    }
}

impl AreaFlag {
    fn area(self) -> AreaType {
        match self {
            Self::Rural => AreaType::Rural,
            Self::Urban => AreaType::Urban,
        }
    }
}

impl Show {
    fn act(self, phone: &Phone, today: Date) -> Result<Outcome, PhoneFault> {
        let view = self.view.view();
        let area = self.area.map(AreaFlag::area);
        let b1 = self.b1.map(B1Flag::points);
        let scoring = self.explain.then(|| Scoring { area, b1, as_of: self.as_of.unwrap_or(today) });
        let search = self.find.search();
        let households = match self.household {
            Some(household) => vec![household],
            None => {
                let filed = phone.export(view).into_iter().filter(|filed| filed.is_meant(&search));
                filed.map(|filed| filed.household.household).collect()
            }
        };
        let shown = households.iter().map(|household| phone.show(household, view, scoring));
        Ok(Outcome::shown(phone, &shown.collect::<Result<Vec<_>, _>>()?))
    }
}

impl Settle {
    fn act(self, phone: &mut Phone) -> Result<Outcome, PhoneFault> {
        let choice = match (self.take, self.set) {
            (_, Some(path)) => Choice::Set(phone::file::read(&path)?),
            (side, None) => Choice::Take(side.unwrap_or(0)),
        };
        let committed = phone.settle(self.household, &self.disagreement, choice)?;
        Ok(Outcome::committed(&committed))
    }
}

impl Rebase {
    fn act(self, phone: &mut Phone) -> Result<Outcome, PhoneFault> {
        let wanted = match (self.all, self.take.is_empty()) {
            (true, _) => Wanted::All,
            (false, false) => Wanted::Fields(self.take),
            (false, true) => return Ok(Outcome::planned(&phone.rebase_plan(self.household)?)),
        };
        Ok(Outcome::rebased(&phone.rebase(self.household, &wanted, self.plan.as_deref())?))
    }
}

impl Export {
    fn act(self, phone: &Phone) -> Result<Outcome, PhoneFault> {
        let households = phone.export(self.view.view());
        let file = json!({ "households": households });
        let Some(path) = self.out else { return Ok(Outcome::exported(file)) };
        phone::file::write(&path, &file)?;
        Ok(Outcome::exported_to(&path, households.len()))
    }
}
