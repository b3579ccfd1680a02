//! How the walk asks to open a device: words that anybody can say, on requests that nobody has made.

use serde_json::{Value, json};

/// What a device would ask, with a key that nothing can be sealed to: who reads that was let in.
pub(super) fn asked() -> Value {
    let kept = include_str!("../../../sync-protocol/vectors/kept-key.txt");
    let kept: String = kept.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace).collect();
    json!({ "device": "0".repeat(26), "commune": 1, "kept_key": kept, "reply_key": "0".repeat(64) })
}

/// What an officer says; nothing at endpoints that take no word.
pub(super) fn word(path: &str) -> Option<Value> {
    path.contains("/opening/").then(|| json!({ "code": "7K2M-0QXZ-B4T9", "reason": "Biết mặt" }))
}

/// Whether an endpoint answers those whom it lets in with what is wrong with the request.
pub(super) fn needs_a_request(path: &str) -> bool {
    path.contains("/opening/") || path.starts_with("/api/openings")
}
