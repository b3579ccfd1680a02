//! What happened, for people: counts, lists, where the files are, and who can log in.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use super::desk::PASSWORD;
use super::people::{ADMINISTRATOR, COMPILER, Post};
use super::place::Place;
use super::story::{CommuneList, Ending};
use super::teller::Teller;

/// What is counted: the story's name for it, Vietnamese, English.
const COUNTED: &[(&str, &str, &str)] = &[
    ("import/line", "dòng trong báo cáo nhập danh sách", "lines in the reports of the import"),
    ("visit/met", "lần gặp được gia đình", "calls at which the family was met"),
    ("visit/absent", "lần không có ai ở nhà", "calls with nobody at home"),
    ("visit/refused", "lần gia đình từ chối", "calls that were refused"),
    ("visit/moved", "lần biết là hộ đã chuyển đi", "calls at which the family had moved"),
    ("asked", "hộ tự đề nghị rà soát (Mẫu số 01)", "families that asked for a review themselves"),
    (
        "said/two-questions",
        "hộ: hai máy trả lời hai câu khác nhau của một phần",
        "households: two questions of one section",
    ),
    (
        "said/points",
        "hộ: hai máy đọc điểm trên phiếu giấy khác nhau",
        "households: two readings of the points on paper",
    ),
    ("said/water", "hộ: hai máy trả lời khác nhau một câu", "households: two answers to one question"),
    (
        "said/left-and-edited",
        "hộ: một máy ghi người đã đi, máy kia sửa người ấy",
        "households: a member left, and edited",
    ),
    (
        "said/poultry",
        "hộ: hai máy trả lời khác nhau một câu không in ra danh sách",
        "households: two answers to a question that nothing on the list hangs on",
    ),
    (
        "said/equal",
        "hộ: hai máy ghi như nhau (không phải bất đồng)",
        "households: both said the same (no disagreement)",
    ),
    (
        "opened",
        "bất đồng mà máy chủ thấy từ đó, kết thúc như sau",
        "disagreements that the server saw in it; their ends:",
    ),
    ("settled/phone", "bất đồng giải quyết trên điện thoại", "disagreements settled on a phone"),
    ("settled/office", "bất đồng giải quyết ở xã", "disagreements settled at the office"),
    (
        "left-open",
        "bất đồng không đổi được kết quả, để nguyên và nhìn thấy được",
        "disagreements that change nothing printed, left visible",
    ),
    (
        "suspected",
        "hộ nghi trùng với hộ ở nơi khác, để người xem",
        "households that may stand elsewhere too, for a person",
    ),
    ("rogue/refused", "thứ bị từ chối từ một máy lạ", "things refused from a rogue phone"),
    ("released", "sửa đổi đến muộn được cho vào", "late changes let in"),
    ("salvaged", "sửa đổi được ghi lại dưới tên người của xã", "changes said again by the office"),
    ("set-aside", "sửa đổi bị để ngoài, có lý do", "changes left out, with a reason"),
    ("confirmed", "phiếu giấy được người thứ hai đọc lại", "paper scores confirmed by a second person"),
    ("returned", "hộ bị trả lại", "households sent back"),
    ("accepted", "hộ được chấp nhận", "households accepted"),
    ("accepted-again", "hộ được chấp nhận lại sau khi thay đổi", "households accepted again after a change"),
    ("unassessed", "hộ kết thúc không xếp loại, có lý do", "households closed without a class, with a reason"),
];

/// What happened; the root is the last line.
pub(super) fn text(teller: &Teller, ending: &Ending, directory: &Path) -> String {
    let mut text = String::from("Việc đã xảy ra / What happened\n");
    for (event, vi, en) in COUNTED {
        let _ = writeln!(text, "{:>7}  {vi} / {en}", teller.count(event));
    }
    text.push_str("\nDanh sách của các xã / The lists of the communes\n");
    let _ =
        writeln!(text, "  {:<18}{:>8}{:>12}{:>14}{:>18}", "", "nghèo", "cận nghèo", "thoát nghèo", "không xếp loại");
    for list in &ending.lists {
        let _ = writeln!(text, "{}", line(list));
    }
    let _ = writeln!(text, "\nTệp / Files: {}", directory.join("lists").display());
    let _ = writeln!(text, "Tổng hợp / Compiled: {}", ending.compiled.display());
    let traffic = teller.traffic;
    let _ = writeln!(
        text,
        "Điện thoại / Phones: {} KB ↑  {} KB ↓  {} lượt / round trips",
        traffic.bytes_up / 1024,
        traffic.bytes_down / 1024,
        traffic.round_trips
    );
    for list in &ending.lists {
        let _ = writeln!(text, "{} {}", list.root, list.name);
    }
    text.push_str("\nGốc của danh sách tổng hợp / Root of the compiled list\n");
    let _ = writeln!(text, "{}", ending.root);
    text
}

fn line(list: &CommuneList) -> String {
    let count = |name: &str| list.counts[name]["households"].as_u64().unwrap_or(0);
    let escaped = count("escaped_poor") + count("escaped_near_poor");
    let (poor, near_poor) = (count("poor"), count("near_poor"));
    format!("  {:<18}{poor:>8}{near_poor:>12}{escaped:>14}{:>18}", list.name, list.unassessed)
}

/// Who can log in.
pub(super) fn logins(place: &Place, address: SocketAddr) -> String {
    let mut text =
        format!("\nMáy chủ / Server: http://{address}\nMật khẩu của mọi người / Everybody's password: {PASSWORD}\n");
    let mut person = |login: &str, what: &str| {
        let _ = writeln!(text, "  {login:<24}{what}");
    };
    person(ADMINISTRATOR, "quản trị / administrator");
    person(COMPILER, "tổng hợp / compiler");
    for commune in &place.communes {
        person(&Post::Reviewer.login(&commune.slug), &format!("{}: rà soát của xã / reviewer", commune.name));
        person(&Post::Chair.login(&commune.slug), &format!("{}: chủ tịch / chair", commune.name));
    }
    text
}
