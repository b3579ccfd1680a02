//! How a command of `phone` went: one JSON object, or words in Vietnamese and English.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use schemas::doubt::Doubt;
use schemas::form::{Label, Scope};
use schemas::rules::{Class, Language};
use serde_json::{Map, Value as Json, json};

use crate::console;
use crate::phone::{
    BlobLine, BlobsSent, CarriedParcel, Committed, Exchanged, HouseholdView, Identity, ItemFault, Line, ParcelTaken,
    Phone, PhoneFault, PlanLine, PlanView, Reason, SeenView, SharesSeen, TornTail, Traffic,
};

/// How it went.
pub(super) struct Outcome {
    pub(super) exit_code: u8,
    result: &'static str,
    fields: Map<String, Json>,
    text: String,
    traffic: Traffic,
}

/// Prints an outcome: JSON to standard output always; words to standard error when anything went wrong.
pub(super) fn print(outcome: &Outcome, json: bool, took: Duration) -> std::io::Result<()> {
    if !json {
        match outcome.exit_code {
            0 => console::text(&outcome.text)?,
            _ => console::complain(outcome.text.trim_end()),
        }
        return Ok(());
    }
    let mut object = json!({
        "result": outcome.result,
        "bytes_up": outcome.traffic.bytes_up,
        "bytes_down": outcome.traffic.bytes_down,
        "round_trips": outcome.traffic.round_trips,
        "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    if let Some(object) = object.as_object_mut() {
        object.extend(outcome.fields.clone());
    }
    console::line(object)
}

fn both(label: &Label) -> String {
    format!("{}.\n  {}.\n", label.vi, label.en)
}

fn say(vi: String, en: String) -> String {
    both(&Label { vi, en })
}

impl Outcome {
    fn done(fields: Json, text: String) -> Self {
        let fields = match fields {
            Json::Object(fields) => fields,
            _ => Map::new(),
        };
        Self { exit_code: 0, result: "done", fields, text, traffic: Traffic::default() }
    }

    /// Something did not work.
    pub(super) fn failed(fault: &PhoneFault) -> Self {
        let label = fault.label();
        let fields = json!({ "slug": fault.slug(), "vi": label.vi, "en": label.en });
        Self { exit_code: exit_code(fault), result: "failed", ..Self::done(fields, both(&label)) }
    }

    pub(super) fn with_traffic(self, traffic: Traffic) -> Self {
        Self { traffic, ..self }
    }

    /// Tells of a write that a crash had cut short.
    pub(super) fn with_torn(mut self, torn: Option<&TornTail>) -> Self {
        if let Some(torn) = torn {
            let TornTail { offset, bytes, kept_in } = torn;
            let kept_in = kept_in.display();
            self.fields.insert("torn".to_owned(), json!(torn));
            self.text += &say(
                format!("Lần ghi cuối bị đứt giữa chừng: {bytes} byte sau byte {offset} để riêng ở {kept_in}"),
                format!("The last write was cut short: {bytes} bytes after byte {offset} are kept in {kept_in}"),
            );
        }
        self
    }

    pub(super) fn enrolled(identity: &Identity, synced: Result<Exchanged, PhoneFault>) -> Self {
        let text = say(
            format!("Đã ghi danh máy {}", identity.device),
            format!("This phone is enrolled as {}", identity.device),
        );
        let mut outcome = match synced {
            Ok(exchanged) => Self::exchanged(&exchanged),
            Err(fault) => Self { result: "enrolled", ..Self::failed(&fault) },
        };
        outcome.text = text + &outcome.text;
        outcome.fields.insert("device".to_owned(), json!(identity.device));
        outcome.fields.insert("account".to_owned(), json!(identity.account));
        outcome.fields.insert("unit".to_owned(), json!(identity.unit));
        outcome.fields.insert("server_key".to_owned(), json!(crate::token::hex(&identity.server_key)));
        outcome
    }

    pub(super) fn exchanged(exchanged: &Exchanged) -> Self {
        let Exchanged { sent, waiting, rows, clock_offset_ms, .. } = exchanged;
        let remarks: Vec<String> = exchanged.remarks.iter().map(|remark| format!("{remark:?}")).collect();
        let fields = json!({
            "sent": sent, "waiting": waiting, "rows": rows, "clock_offset_ms": clock_offset_ms, "remarks": remarks,
            "blobs": exchanged.blobs,
        });
        let text = match waiting {
            0 => say(
                format!("Đã đồng bộ: máy chủ đã lưu {sent} mục, nhận {rows} dòng mới"),
                format!("Synced: the server has {sent} entries on disk, {rows} new rows were read"),
            ),
            _ => say(
                format!("Đã nhận {rows} dòng mới; còn {waiting} mục trên máy chưa gửi được"),
                format!("{rows} new rows were read; {waiting} entries still wait on this phone"),
            ),
        };
        Self::done(fields, text + &blobs_text(&exchanged.blobs) + &clock_text(*clock_offset_ms))
    }

    pub(super) fn attached(line: &BlobLine) -> Self {
        let text = say(
            format!("Đã lưu ảnh {} của hộ {}", line.blob, line.household),
            format!("Photo {} of household {} is saved", line.blob, line.household),
        );
        Self::done(json!(line), text)
    }

    pub(super) fn committed(committed: &Committed) -> Self {
        let mut text = String::new();
        for written in &committed.written {
            let sections = written.sections.join(", ");
            let household = written.household;
            text += &match written.sections.is_empty() {
                true => say(format!("{household}: không có gì mới"), format!("{household}: nothing new")),
                false => say(format!("{household}: đã lưu {sections}"), format!("{household}: saved {sections}")),
            };
        }
        let odd = Label { vi: "Lưu ý".to_owned(), en: "Note".to_owned() };
        let refused = Label { vi: "Không ghi".to_owned(), en: "Not written".to_owned() };
        text.extend(committed.warnings.iter().map(|warning| item(&odd, warning)));
        text.extend(committed.faults.iter().map(|fault| item(&refused, fault)));
        let outcome = Self::done(json!(committed), text);
        match committed.faults.is_empty() {
            true => outcome,
            false => Self { exit_code: 3, result: "refused", ..outcome },
        }
    }

    pub(super) fn listed(lines: &[Line], blobs: &[BlobLine]) -> Self {
        let mut text = String::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::from([("phone", 0), ("server", 0), ("needs_you", 0)]);
        for line in lines {
            *counts.entry(line.stands).or_default() += 1;
            let head = line.head.as_deref().unwrap_or("—");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}  {head}: {} / {}", line.household, line.words.vi, line.words.en);
            text.extend(line.reasons.iter().map(reason));
        }
        let [phone, server, needs_you] = ["phone", "server", "needs_you"].map(|code| counts[code]);
        text += &say(
            format!("{phone} hộ còn việc trên máy này, {server} hộ đã ở máy chủ, {needs_you} hộ cần người xem"),
            format!("{phone} with work on this phone, {server} at the server, {needs_you} need you"),
        );
        Self::done(json!({ "households": lines, "counts": counts, "blobs": blobs }), text)
    }

    pub(super) fn rebased(plan: &PlanView) -> Self {
        let text = say(
            format!("{}: đã ghi lại; gửi bằng «phone sync»", plan.household),
            format!("{}: said again; send it with \"phone sync\"", plan.household),
        );
        Self::done(json!({ "rebased": plan }), text)
    }

    pub(super) fn planned(plan: &PlanView) -> Self {
        let mut text = say(
            format!("{}: ghi lại theo kế hoạch {}", plan.household, plan.id),
            format!("{}: to be said again, plan {}", plan.household, plan.id),
        );
        for PlanLine { field, state, seen, accepted, own, .. } in &plan.fields {
            let said = |values: &[Json]| match values {
                [] => "—".to_owned(),
                values => values.iter().map(Json::to_string).collect::<Vec<_>>().join(" | "),
            };
            let seen = seen.as_ref().map_or_else(|| "?".to_owned(), |seen| said(seen));
            let (vi, en) = state_words(state);
            text += &format!(
                "  {field} ({vi} / {en})\n    lúc ghi / when written: {seen}\n    máy chủ / accepted: {}\n    \
                 của tôi / mine: {}\n",
                said(accepted),
                said(std::slice::from_ref(own)),
            );
        }
        Self::done(json!(plan), text)
    }

    pub(super) fn shown(phone: &Phone, households: &[HouseholdView]) -> Self {
        let offset_ms = phone.device().clock_offset_ms();
        let text: String = households.iter().map(|view| household_text(phone, view)).collect();
        let fields = json!({ "households": households, "clock_offset_ms": offset_ms });
        Self::done(fields, text + &clock_text(offset_ms.unwrap_or(0)))
    }

    pub(super) fn packed(path: &Path, entries: usize) -> Self {
        let out = path.display();
        let text = say(
            format!("Đã gói {entries} mục vào {out}; chỉ máy chủ mở được"),
            format!("{entries} entries are in {out}; only the server can open it"),
        );
        Self::done(json!({ "out": path, "entries": entries }), text)
    }

    pub(super) fn unpacked(taken: ParcelTaken) -> Self {
        let ParcelTaken { sent, waiting, rows } = taken;
        let text = say(
            format!("Máy chủ đã trả lời cho {sent} mục, nhận {rows} dòng mới; còn {waiting} mục chờ trên máy"),
            format!("The server answered for {sent} entries, {rows} new rows were read; {waiting} still wait here"),
        );
        Self::done(json!({ "sent": sent, "waiting": waiting, "rows": rows }), text)
    }

    pub(super) fn carried(carried: &[CarriedParcel]) -> Self {
        let (mut text, mut lines, mut exit_code) = (String::new(), Vec::new(), 0);
        for CarriedParcel { parcel, answer } in carried {
            let name = parcel.display();
            match answer {
                Ok(answer) => {
                    let path = answer.display();
                    text += &say(format!("{name}: trả lời ở {path}"), format!("{name}: the answer is in {path}"));
                    lines.push(json!({ "parcel": parcel, "answer": answer }));
                }
                Err(fault) => {
                    let label = fault.label();
                    text += &say(format!("{name}: {}", label.vi), format!("{name}: {}", label.en));
                    lines.push(json!({ "parcel": parcel, "slug": fault.slug(), "vi": label.vi, "en": label.en }));
                    exit_code = exit_code.max(self::exit_code(fault));
                }
            }
        }
        let outcome = Self::done(json!({ "parcels": lines }), text);
        match exit_code {
            0 => outcome,
            _ => Self { exit_code, result: "refused", ..outcome },
        }
    }

    pub(super) fn shared(path: &Path, changes: usize) -> Self {
        let out = path.display();
        let text = say(
            format!("Đã chia sẻ {changes} thay đổi trong {out}; chỉ người rà soát thôn này mở được"),
            format!("{changes} changes are in {out}; only those who survey the village can open it"),
        );
        Self::done(json!({ "out": path, "changes": changes }), text)
    }

    pub(super) fn looked(seen: SharesSeen) -> Self {
        let SharesSeen { shown, known, left_out } = seen;
        let text = say(
            format!("Xem thêm {shown} thay đổi chưa tới máy chủ; {known} đã biết, {left_out} chưa khớp"),
            format!(
                "{shown} changes are shown that are not at the server yet; {known} known, {left_out} do not fit yet"
            ),
        );
        Self::done(json!(seen), text)
    }

    pub(super) fn exported(file: Json) -> Self {
        let text = format!("{file:#}\n");
        Self::done(file, text)
    }

    pub(super) fn exported_to(path: &Path, households: usize) -> Self {
        let out = path.display();
        let text =
            say(format!("Đã xuất {households} hộ ra {out}"), format!("{households} households written to {out}"));
        Self::done(json!({ "out": path, "count": households }), text)
    }
}

fn reason(reason: &Reason) -> String {
    format!("  {}\n  {}\n", reason.words.vi, reason.words.en)
}

fn state_words(state: &str) -> (&'static str, &'static str) {
    match state {
        "free" => ("ghi lại được", "can be said again"),
        "changed" => (
            "đã có người ghi khác: xem kỹ rồi chọn bằng --take và --plan",
            "changed since: choose with --take and --plan",
        ),
        "stands" => ("đã có ở máy chủ", "stands there already"),
        _ => ("không ghi lại được", "cannot be said again"),
    }
}

/// Beyond this a phone's clock is called wrong, in milliseconds.
const CLOCK_IS_OFF_MS: u64 = 5 * 60 * 1000;

/// What is said of a phone's clock; nothing while it is right.
fn clock_text(offset_ms: i64) -> String {
    let minutes = offset_ms.unsigned_abs() / 60_000;
    if offset_ms.unsigned_abs() <= CLOCK_IS_OFF_MS {
        return String::new();
    }
    match offset_ms {
        1.. => say(
            format!("Đồng hồ máy này chậm {minutes} phút so với máy chủ; chỉnh lại giờ"),
            format!("This phone's clock is {minutes} minutes behind the server's; set it"),
        ),
        _ => say(
            format!("Đồng hồ máy này nhanh {minutes} phút so với máy chủ; chỉnh lại giờ"),
            format!("This phone's clock is {minutes} minutes ahead of the server's; set it"),
        ),
    }
}

fn blobs_text(blobs: &BlobsSent) -> String {
    let BlobsSent { sent, waiting, held } = blobs;
    let why = held.as_ref().map(|slug| format!(" ({slug})")).unwrap_or_default();
    match (sent, waiting) {
        (0, 0) => String::new(),
        _ => say(
            format!("Ảnh: đã gửi {sent}, còn {waiting} trên máy{why}"),
            format!("Photos: {sent} sent, {waiting} still on this phone{why}"),
        ),
    }
}

fn exit_code(fault: &PhoneFault) -> u8 {
    match fault {
        PhoneFault::Store(_) | PhoneFault::FormUnknown(_) | PhoneFault::Certificates(_) => 1,
        PhoneFault::NotEnrolled
        | PhoneFault::EnrolledAlready
        | PhoneFault::Address(_)
        | PhoneFault::PlainHttp(_)
        | PhoneFault::Code
        | PhoneFault::NoParcelKey
        | PhoneFault::NoVillage
        | PhoneFault::ServerKey => 2,
        PhoneFault::File { .. } | PhoneFault::Parcel(_) | PhoneFault::Field(_) => 3,
        PhoneFault::Unreachable(_) | PhoneFault::Cut(..) => 4,
        PhoneFault::Refused(_) | PhoneFault::Untrusted(_) => 5,
        PhoneFault::NotTaken(_) => 6,
    }
}

fn item(what: &Label, fault: &ItemFault) -> String {
    let household = fault.household.map(|household| format!("{household} ")).unwrap_or_default();
    let ItemFault { item, path, reason, .. } = fault;
    format!(
        "{} (mục {item}) {household}{path}: {}.\n  {} (item {item}) {household}{path}: {}.\n",
        what.vi, reason.vi, what.en, reason.en
    )
}

fn doubt_text(doubt: &Doubt) -> String {
    let Doubt { path, text } = doubt;
    format!("  Lưu ý / Note {path}: {} / {}\n", text.vi, text.en)
}

fn standing_text(Line { words, reasons, .. }: &Line) -> String {
    let reasons: String = reasons.iter().map(reason).collect();
    format!("  {} / {}\n{reasons}", words.vi, words.en)
}

fn seen_text(seen: &SeenView) -> String {
    let account = seen.account.0;
    format!("  Chưa tới máy chủ, theo tài khoản {account} / Not yet at the server, says account {account}\n")
}

fn household_text(phone: &Phone, view: &HouseholdView) -> String {
    let household = &view.filed.household;
    let mut text = format!("{}  {}\n", household.household, view.form);
    text.extend(view.standing.iter().map(standing_text));
    let answers = |text: &mut String, scope: Scope, answers: &schemas::household::Answers| {
        for (key, value) in answers {
            let words = phone.answer_words(&household.household, scope, key, value);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    {words}");
        }
    };
    answers(&mut text, Scope::Household, &household.answers);
    for (member, said) in &household.members {
        text += &format!("  Thành viên / Member {member}\n");
        answers(&mut text, Scope::Member, said);
    }
    for (visit, said) in &household.visits {
        text += &format!("  Lượt đến / Visit {visit}\n");
        answers(&mut text, Scope::Visit, said);
    }
    household.notes.values().for_each(|note| text += &format!("  Ghi chú / Note: {note}\n"));
    view.colleagues.iter().for_each(|seen| text += &seen_text(seen));
    view.warnings.iter().for_each(|doubt| text += &doubt_text(doubt));
    for open in &view.disagreements {
        let section = &open.section;
        text += &format!("  Bất đồng / Disagreement {} ({section})\n", open.id);
        open.sides.iter().for_each(|side| text += &format!("    {}: {}\n", side.side, side.value));
    }
    if let (Some(classes), false) = (view.classes, view.disagreements.is_empty()) {
        let labels: Vec<Label> = classes.iter().map(Class::label).collect();
        let vi: Vec<&str> = labels.iter().map(|label| label.vi.as_str()).collect();
        let en: Vec<&str> = labels.iter().map(|label| label.en.as_str()).collect();
        text += &format!("  Tùy cách chọn / Depending on the choice: {} / {}\n", vi.join(", "), en.join(", "));
    }
    for report in &view.reports {
        text += &format!("{}\n{}\n", report.text(Language::Vi), report.text(Language::En));
    }
    text
}
