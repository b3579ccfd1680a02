//! LibreOffice as the office that opens what we write. Shared by the tests that look at workbooks.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Text of every sheet, each in a file of its own (-1).
pub(crate) const EVERY_SHEET: &str = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";

/// Converts a file into a folder; `None` where LibreOffice is not installed, which only a machine outside CI may be.
pub(crate) fn convert(file: &Path, to: &str, folder: &Path) -> Option<()> {
    let home = folder.join("home");
    fs::create_dir_all(&home).unwrap();
    let mut command = Command::new("soffice");
    command.arg("--headless").arg(format!("-env:UserInstallation=file://{}", home.display()));
    command.args(["--convert-to", to, "--outdir"]).arg(folder).arg(file);
    match command.output() {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "LibreOffice must be installed in CI: {error}");
            return None;
        }
    }
    Some(())
}

/// The sheets that a conversion has put into a folder.
pub(crate) fn sheets(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sheets = files.filter(|path| path.extension().is_some_and(|end| end == "csv"));
    sheets.map(|path| fs::read_to_string(path).unwrap()).collect()
}
