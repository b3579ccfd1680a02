//! Questions read aloud: files that an office puts into the folder `recordings` of the data directory, under the names that a form gives
//! them (`audio` of a question). They are public, and nothing else of that directory can be reached by them.

use crate::app::App;

/// A recording; `None` where there is none of this name, or where it is no name of one.
pub async fn read(app: &App, name: &str) -> Option<Vec<u8>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.starts_with('.') || !name.bytes().all(is_plain) {
        return None;
    }
    tokio::fs::read(app.recordings.join(name)).await.ok()
}
