//! Results in words and as JSON.

use schemas::rules::{B1Mode, Language, Report};
use serde_json::json;

use crate::home::{AS_OF, Home, RURAL, income, vn_2022};

fn report(home: &Home, mode: &B1Mode) -> Report {
    let standard = vn_2022();
    let assessment = home.assess(&standard, &RURAL, mode);
    Report::new(&standard, &home.0, &assessment, &RURAL, AS_OF, mode)
}

#[test]
fn an_open_result_says_what_is_possible_and_what_is_missing() {
    let answers = [("full_name", "Vàng".into()), ("school", "primary".into())];
    let home = Home::new().without("latrine").with("b1_points", 140).member("2020", &answers);
    let home = home.of_member(3, "health_insurance", false);
    let home = home.with("water_source", "surface").with("internet", false);
    let text = report(&home, &B1Mode::Paper).text(Language::Vi).to_string();
    assert!(
        text.starts_with("Kết quả: chưa xác định, có thể là hộ nghèo hoặc hộ cận nghèo (vn-2022-2025)\n"),
        "{text}"
    );
    assert!(text.contains("B1: 140, ngưỡng 140 («điểm nhập từ phiếu giấy»)"), "{text}");
    assert!(text.contains("B2: 20–40"), "{text}");
    assert!(text.contains("- Loại nhà tiêu đang dùng\n"), "{text}");
    assert!(text.contains("- Vàng: cần đủ ngày, tháng, năm: Ngày sinh"), "{text}");
}

#[test]
fn a_deprivation_names_who_caused_it_by_which_answer_and_the_article() {
    let home = Home::new().of_member(2, "employment", "wage_no_contract").with("wall", "not_durable");
    let home = home.with("roof", "not_durable");
    let vi = report(&home, &B1Mode::Paper).text(Language::Vi).to_string();
    assert!(vi.contains("- Việc làm: thiếu hụt (Nghị định 07/2021/NĐ-CP, Phụ lục, chỉ số 1)\n"), "{vi}");
    assert!(vi.contains("    Minh: Việc làm chính: Làm công ăn lương không có hợp đồng lao động\n"), "{vi}");
    assert!(vi.contains("    Mái: Không bền chắc\n"), "{vi}");
    let en = report(&home, &B1Mode::Paper).text(Language::En).to_string();
    assert!(en.starts_with("Result: near-poor (vn-2022-2025)\n"), "{en}");
}

#[test]
fn measured_income_is_marked_as_not_for_recognition() {
    let text = report(&Home::new(), &income()).text(Language::Vi).to_string();
    assert!(text.contains("không dùng để công nhận"), "{text}");
}

#[test]
fn the_json_of_a_result_holds_codes_and_exact_numbers() {
    let home = Home::new().with("latrine", "none").without("water_source");
    let json = serde_json::to_value(report(&home, &B1Mode::Paper)).unwrap();
    assert_eq!(json["class"], json!("near_poor"));
    assert_eq!(json["possible_classes"], json!(["near_poor"]));
    assert_eq!(json["b2"], json!(["10", "20"]));
    assert_eq!(json["b1"]["source"], json!("paper"));
    assert_eq!(json["indicators"][9]["key"], json!("latrine"));
    assert_eq!(json["indicators"][9]["verdict"], json!("deprived"));
    assert_eq!(json["indicators"][9]["because"][0]["answer"]["vi"], json!("Không có"));
    assert_eq!(json["indicators"][8]["verdict"], json!("undetermined"));
    assert_eq!(json["missing"][0]["question"], json!("water_source"));
    assert_eq!(json["standard_hash"].as_str().unwrap().len(), 64);
}

#[test]
fn a_household_reads_from_its_json_as_the_rules_see_it() {
    let home = Home::new();
    let json = serde_json::to_string(&home.0).unwrap();
    assert_eq!(vn_2022().facts(&serde_json::from_str(&json).unwrap()), vn_2022().facts(&home.0));
}

#[test]
fn the_json_of_a_form_is_what_screens_are_drawn_from() {
    let form = serde_json::to_value(vn_2022().form()).unwrap();
    assert_eq!(form["version"], json!("vn-2022-2025/1"));
    let question = |key: &str| {
        let questions = form["questions"].as_array().unwrap();
        questions.iter().find(|question| question["key"] == key).unwrap().clone()
    };
    assert_eq!(question("wall")["kind"]["choices"][0]["code"], json!("durable"));
    assert_eq!(question("respondent")["relevant"], json!({ "is": { "question": "outcome", "value": "met" } }));
    assert_eq!(question("full_name")["roster"], json!(true));
}
