//! A list as it stands in files for good: these bytes and this root may never change under version 1.

use schemas::ledger::Hash;
use schemas::roster::RosterFile;

use crate::approved::whole;

const ROOT: &str = "c6abf759015f50dad44b9a90d0f611305dc89619502a8aa8e5cfbe600f132711";

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roster/roster-v1.json")
}

#[test]
fn the_golden_list_has_its_root() {
    let root: Hash = ROOT.parse().unwrap();
    RosterFile::read(&std::fs::read(path()).unwrap()).unwrap().verify(root).unwrap();
}

#[test]
fn the_golden_households_give_the_golden_list() {
    let file = RosterFile::from(&whole());
    let written = serde_json::to_string_pretty(&file).unwrap() + "\n";
    if std::env::var_os("RASOAT_BLESS").is_some() {
        std::fs::write(path(), &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path()).unwrap(), written);
}
