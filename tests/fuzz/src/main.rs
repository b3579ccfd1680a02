//! LLVM's libFuzzer on one of the ways in of `tests/src/fuzz.rs`, named by `RASOAT_FUZZ_TARGET`.

#![no_main]

/// The part of the house's tests that needs nothing but the two lower crates.
#[path = "../../src"]
mod house {
    pub mod fuzz;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Mutex};

use house::fuzz;
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("RASOAT_FUZZ_TARGET").unwrap_or_default();
    let names: Vec<&str> = fuzz::TARGETS.iter().map(|target| target.name).collect();
    let found = fuzz::TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("RASOAT_FUZZ_TARGET is {name:?}: one of {names:?} expected"))
});
/// What the last panic said. The gate catches panics of Automerge: only one that gets past it is a finding.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

fn remember_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = panic.to_string();
        }
    }));
}

fuzz_target!(init: remember_panics(), |bytes: &[u8]| {
    if catch_unwind(AssertUnwindSafe(|| (TARGET.run)(bytes))).is_err() {
        eprintln!("{}", LAST_PANIC.lock().map(|last| last.clone()).unwrap_or_default());
        std::process::abort();
    }
});
