//! A B1 points table that was invented for these tests: no office ever issued it, and it decides nothing anywhere else.

use serde_json::{Value, json};

/// The numbers: 150 points for up to two people and 100 for more, 50 for a durable wall.
pub const NUMBERS: &str = "item,option,rural_northern_midland_mountain,source\n\
    size,small,150,invented for tests\n\
    size,large,100,invented for tests\n\
    house,wall,50,invented for tests\n";

/// When each row applies.
pub const MAPPING: &str = r#"
[table]
vi = "Bảng bịa ra để thử"
en = "Invented for tests"
status = "for_round"

[[item]]
key = "size"
vi = "Số người"
en = "Size"
choose = "first"
options = [
  { key = "small", vi = "đến 2", en = "up to 2", when = { count_members = { at_most = 2 } } },
  { key = "large", vi = "từ 3", en = "3 or more", when = { count_members = { at_least = 3 } } },
]

[[item]]
key = "house"
vi = "Nhà"
en = "House"
choose = "each"
options = [
  { key = "wall", vi = "tường", en = "wall", when = { is = { question = "wall", value = "durable" } } },
]
"#;

/// What somebody sends to load a table.
pub fn upload(numbers: &str, mapping: &str) -> Value {
    json!({ "standard": "vn-2022-2025", "source": "Bịa ra để thử", "numbers": numbers, "mapping": mapping })
}
