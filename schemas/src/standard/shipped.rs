//! The standards that come with the software.

use super::{Faults, Standard};

/// A file of a shipped standard: its name in the folder, its text.
pub type File = (&'static str, &'static str);

macro_rules! folder {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../standards/", $folder, "/", $name)))),+]
    };
}

/// Ids and files, each after those that it builds on.
pub const FOLDERS: [(&str, &[File]); 3] = [
    (
        "vn-2022-2025",
        folder!("vn-2022-2025":
            "standard.toml", "indicators.toml", "procedure.toml",
            "forms/household.toml", "forms/member.toml", "forms/visit.toml",
            "points/b1-2016-2020-part.csv", "points/b1-2016-2020-part.toml",
            "examples/poor.toml", "examples/near-poor.toml", "examples/gaps.toml",
        ),
    ),
    (
        "vn-2027-2030",
        folder!("vn-2027-2030":
            "standard.toml", "indicators.toml", "procedure.toml", "forms/waste.toml",
            "examples/unknown.toml",
        ),
    ),
    (
        "global-mpi",
        folder!("global-mpi":
            "standard.toml", "indicators.toml", "procedure.toml", "forms/form.toml",
            "examples/exactly-one-third.toml",
        ),
    ),
];

/// Loads all shipped standards, in the order of [`FOLDERS`].
pub fn load_all() -> Result<Vec<Standard>, Faults> {
    let mut standards: Vec<Standard> = Vec::with_capacity(FOLDERS.len());
    for (_, files) in FOLDERS {
        let known: Vec<&Standard> = standards.iter().collect();
        let standard = Standard::load(files, &known)?;
        standards.push(standard);
    }
    Ok(standards)
}

/// Loads one shipped standard by its id, and those that it builds on.
pub fn load(id: &str) -> Result<Standard, Faults> {
    let found = load_all()?.into_iter().find(|standard| standard.id().as_str() == id);
    found.ok_or_else(|| Faults::missing_standard(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_standard_loads_and_its_examples_come_out() {
        let standards = load_all().unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(standards.len(), FOLDERS.len());
        for (standard, (id, files)) in standards.iter().zip(FOLDERS) {
            assert_eq!(standard.id().as_str(), id);
            assert!(files.iter().any(|(name, _)| name.starts_with("examples/")));
        }
    }
}
