//! How a command of `phone` went: one JSON object, or words in Vietnamese and English.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use schemas::form::{Label, Scope};
use schemas::rules::{Class, Language};
use serde_json::{Map, Value as Json, json};

use crate::phone::{
    CarriedParcel, Committed, Exchanged, HouseholdView, Identity, ItemFault, Line, ParcelTaken, Phone, PhoneFault,
    TornTail, Traffic, Whereabouts,
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
        return match outcome.exit_code {
            0 => write!(std::io::stdout(), "{}", outcome.text),
            _ => write!(std::io::stderr(), "{}", outcome.text),
        };
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
    writeln!(std::io::stdout(), "{object}")
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
        Self::done(fields, text)
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

    pub(super) fn listed(lines: &[Line]) -> Self {
        let mut text = String::new();
        for line in lines {
            let (vi, en) = match line.stands {
                Whereabouts::Phone => ("trên máy này", "on this phone"),
                Whereabouts::Server => ("ở máy chủ", "at the server"),
                Whereabouts::NeedsYou => ("cần người xem", "needs you"),
            };
            let head = line.head.as_deref().unwrap_or("—");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}  {head}: {vi} / {en}", line.household);
            for reason in &line.reasons {
                let _ = writeln!(text, "  {}\n  {}", reason.words.vi, reason.words.en);
            }
        }
        Self::done(json!({ "households": lines }), text)
    }

    pub(super) fn shown(phone: &Phone, households: &[HouseholdView]) -> Self {
        let text = households.iter().map(|view| household_text(phone, view)).collect();
        Self::done(json!({ "households": households }), text)
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

fn exit_code(fault: &PhoneFault) -> u8 {
    match fault {
        PhoneFault::Store(_) | PhoneFault::FormUnknown(_) | PhoneFault::Certificates(_) => 1,
        PhoneFault::NotEnrolled
        | PhoneFault::EnrolledAlready
        | PhoneFault::Address(_)
        | PhoneFault::PlainHttp(_)
        | PhoneFault::Code
        | PhoneFault::NoParcelKey
        | PhoneFault::ServerKey => 2,
        PhoneFault::File { .. }
        | PhoneFault::NoHousehold(_)
        | PhoneFault::NoDisagreement(_)
        | PhoneFault::NoSide { .. }
        | PhoneFault::Parcel(_)
        | PhoneFault::Commit(_) => 3,
        PhoneFault::Unreachable(_) => 4,
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

fn household_text(phone: &Phone, view: &HouseholdView) -> String {
    let household = &view.filed.household;
    let mut text = format!("{}  {}\n", household.household, view.form);
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
