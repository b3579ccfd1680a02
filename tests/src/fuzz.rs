//! Every way in for bytes from the network, each as a plain function from bytes to nothing.
//!
//! What holds for each: it never panics, it never hangs, it takes no memory beyond its bounds, and what it has read it can
//! write so that the same is read again. `make fuzz` drives them with a fuzzer that looks for new ways through the code
//! (`tests/fuzz`), `tests/tests/fuzz.rs` plays the kept corpus and mutations of it with every test run. Uses the two lower
//! crates alone, because `tests/fuzz` builds it with them and nothing else.

mod document;
mod ground;
mod messages;
mod parcels;
mod recovery;

/// One way in.
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// What is done with bytes that come in there. Panics when a promise is broken.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All ways in.
pub const TARGETS: &[Target] = &[
    target("request", messages::request),
    target("cursors", messages::cursors),
    target("response", messages::response),
    target("answer", messages::answer),
    target("segment", messages::segment),
    target("entry", messages::entry),
    target("chapter", messages::chapter),
    target("parcel", parcels::parcel),
    target("parcel-answer", parcels::answer),
    target("letter", parcels::letter),
    target("reply", parcels::reply),
    target("share", parcels::share),
    target("shared", parcels::shared),
    target("kept-key", recovery::kept_key),
    target("kept", recovery::kept),
    target("opened-key", recovery::opened_key),
    target("packed-segment", document::packed_segment),
    target("packed-page", document::packed_page),
    target("change", document::change),
    target("value", document::value),
    target("points-table", document::points_table),
];
