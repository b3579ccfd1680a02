//! The binary as an office starts it: first administrator, serving, stopping on a signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use schemas::ledger::Hash;
use schemas::roster::{PointsFrom, RosterFile};
use schemas::standard::PointsFiles;

fn rasoat(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rasoat"));
    command.args(arguments).env("RASOAT_DATA", data).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end with a line on its standard input.
fn run(data: &Path, arguments: &[&str], line: &str) -> Result<Output> {
    let mut child = rasoat(data, arguments).spawn()?;
    child.stdin.take().context("standard input")?.write_all(line.as_bytes())?;
    Ok(child.wait_with_output()?)
}

/// Waits for the log line that tells the address, then stops reading the log, as a closed pipe would.
fn listening(child: &mut Child) -> Result<String> {
    let log = BufReader::new(child.stderr.take().context("log")?);
    for line in log.lines().map_while(Result::ok) {
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["fields"]["message"] == "Listening" {
            return Ok(entry["fields"]["address"].as_str().context("address")?.to_owned());
        }
    }
    bail!("the server ended before it listened");
}

#[test]
fn beyond_loopback_the_server_does_not_start_without_tls_or_being_asked() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let output = run(directory.path(), &["serve", "--listen", "0.0.0.0:0"], "")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("--insecure-listen") && said.contains("không mã hóa"), "{said}");
    Ok(())
}

#[test]
fn a_weak_password_or_a_taken_login_makes_no_administrator() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let create = ["admin", "create-account", "--login", "admin", "--name", "Quản trị"];
    assert!(!run(directory.path(), &create, "")?.status.success());
    assert!(!run(directory.path(), &create, "ngắn\n")?.status.success());
    assert!(run(directory.path(), &create, "đường về bản xa\n")?.status.success());
    assert!(!run(directory.path(), &create, "đường về bản xa\n")?.status.success());
    Ok(())
}

#[test]
fn a_served_directory_answers_and_stops_cleanly_on_sigterm() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut server = rasoat(directory.path(), &["serve", "--listen", "127.0.0.1:0", "--log-json"]).spawn()?;
    let mut connection = TcpStream::connect(listening(&mut server)?)?;
    connection.write_all(b"GET /health/ready HTTP/1.1\r\nHost: rasoat\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready"), "{answer}");
    let signalled = Command::new("kill").args(["-TERM", &server.id().to_string()]).status()?;
    assert!(signalled.success());
    assert!(server.wait()?.success());
    Ok(())
}

#[test]
fn while_a_server_runs_nothing_else_opens_its_directory_and_once_it_is_killed_everything_does() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let create = ["admin", "create-account", "--login", "admin", "--name", "Quản trị"];
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-json"];
    assert!(run(directory.path(), &create, "đường về bản xa\n")?.status.success());
    let mut server = rasoat(directory.path(), &serve).spawn()?;
    listening(&mut server)?;
    let nowhere = directory.path().join("danh-sach.json").display().to_string();
    let of = ["--round", "2026-dinh-ky", "--commune", "1", "--as", "admin"];
    let (compile, export) =
        ([&["roster", "compile"], &of[..]].concat(), [&["roster", "export"], &of[..], &[&nowhere]].concat());
    let import = ["import", "--round", "2026-dinh-ky", "--commune", "1", &nowhere];
    std::fs::write(&nowhere, "{}")?;
    let boundaries = ["boundaries", &nowhere];
    let commands: [&[&str]; 7] = [&serve, &create, &["rebuild"], &compile, &export, &import, &boundaries];
    for command in commands {
        let output = run(directory.path(), command, "đường về bản xa\n")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command:?}");
        assert!(
            said.contains("dừng máy chủ") && said.contains(&format!("process {}", server.id())),
            "{command:?}: {said}"
        );
    }
    assert!(run(directory.path(), &["version"], "")?.status.success());
    server.kill()?;
    server.wait()?;
    assert!(run(directory.path(), &["rebuild"], "")?.status.success());
    let mut again = rasoat(directory.path(), &serve).spawn()?;
    listening(&mut again)?;
    again.kill()?;
    again.wait()?;
    Ok(())
}

#[test]
fn a_phone_tells_scripts_what_went_wrong_by_exit_code_and_json() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = directory.path().join("phone").display().to_string();
    let enrol = |server: &'static str| ["phone", "enrol", "--server", server, "--code", "7K2M-0QXZ-B4T9"].to_vec();
    let cases = [
        (vec!["phone", "list"], 2, "phone/not-enrolled"),
        (enrol("http://rasoat.example"), 2, "phone/plain-http"),
        (enrol("rasoat.example"), 2, "phone/address"),
        // Nothing listens on the port that nothing may listen on.
        (enrol("http://127.0.0.1:1"), 4, "phone/unreachable"),
    ];
    for (arguments, code, slug) in cases {
        let arguments = [&arguments[..], &["--json", "--store", &store]].concat();
        let output = run(directory.path(), &arguments, "")?;
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!((output.status.code(), said["slug"].as_str()), (Some(code), Some(slug)), "{said}");
        assert_eq!((said["result"].as_str(), said["bytes_up"].as_u64()), (Some("failed"), Some(0)));
    }
    Ok(())
}

#[test]
fn a_list_is_verified_by_its_file_and_root_alone_and_nothing_else_passes() -> Result<()> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/tests/roster/roster-v1.json");
    let text = std::fs::read_to_string(golden)?;
    let root = serde_json::from_str::<serde_json::Value>(&text)?["root"].as_str().context("root")?.to_owned();
    let directory = tempfile::tempdir()?;
    let altered = directory.path().join("altered.json");
    std::fs::write(&altered, text.replacen("Páo", "Pao", 1))?;
    let verify = |file: &Path, root: &str| {
        let output = run(directory.path(), &["roster", "verify", &file.display().to_string(), root], "")?;
        anyhow::Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (passed, said) = verify(&altered, &root)?;
    assert!(!passed && said.contains("mã gốc"), "{said}");
    assert!(!verify(Path::new(golden), &"0".repeat(64))?.0);
    assert!(!verify(Path::new(golden), "x")?.0);
    assert!(verify(Path::new(golden), &root)?.0);
    assert_eq!(std::fs::read_dir(directory.path())?.count(), 1, "nothing else is written or needed");
    Ok(())
}

#[test]
fn a_list_that_a_points_table_made_is_verified_only_with_that_table() -> Result<()> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/tests/roster/roster-v1.json");
    let directory = tempfile::tempdir()?;
    let at = |name: &str| directory.path().join(name);
    // Any two texts are a table for this: whether it is sound was asked before the list was made.
    let table = PointsFiles { numbers: "invented for the test\n".to_owned(), mapping: "# invented\n".to_owned() };
    std::fs::write(at("b1.csv"), &table.numbers)?;
    std::fs::write(at("b1.toml"), &table.mapping)?;
    std::fs::write(at("other.csv"), "another table\n")?;
    let mut list = RosterFile::read(&std::fs::read(golden)?)?;
    list.header.b1 = PointsFrom::Table { hash: Hash(table.hash().0) };
    list.root = list.computed_root()?;
    std::fs::write(at("list.json"), serde_json::to_string(&list)?)?;
    let verify = |file: &Path, root: Hash, numbers: Option<&str>| {
        let (file, root) = (file.display().to_string(), root.to_string());
        let mut arguments = vec!["roster".to_owned(), "verify".to_owned(), file, root];
        if let Some(numbers) = numbers {
            let [numbers, mapping] = [numbers, "b1.toml"].map(|name| at(name).display().to_string());
            arguments.extend(["--points-table".to_owned(), numbers, "--points-mapping".to_owned(), mapping]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(directory.path(), &arguments, "")?;
        anyhow::Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (passed, said) = verify(&at("list.json"), list.root, None)?;
    assert!(!passed && said.contains("cần --points-table"), "{said}");
    let (passed, said) = verify(&at("list.json"), list.root, Some("other.csv"))?;
    assert!(!passed && said.contains("the points table is"), "{said}");
    assert!(verify(&at("list.json"), list.root, Some("b1.csv"))?.0);
    let paper = RosterFile::read(&std::fs::read(golden)?)?;
    let (passed, said) = verify(Path::new(golden), paper.root, Some("b1.csv"))?;
    assert!(!passed && said.contains("paper forms"), "{said}");
    Ok(())
}

#[test]
fn a_list_is_compiled_in_the_name_of_somebody_who_may() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let create = ["admin", "create-account", "--login", "admin", "--name", "Quản trị"];
    assert!(run(directory.path(), &create, "đường về bản xa\n")?.status.success());
    for login in ["admin", "khong-co"] {
        let compile = ["roster", "compile", "--round", "2026-dinh-ky", "--commune", "1", "--as", login];
        let output = run(directory.path(), &compile, "")?;
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("may not do this"), "{output:?}");
    }
    Ok(())
}

#[test]
fn the_version_is_printed() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let output = run(directory.path(), &["version"], "")?;
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("rasoat {}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}

#[test]
fn a_standards_folder_is_checked_fault_by_fault() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/standards/vn-2022-2025");
    let sound = run(directory.path(), &["standard", "check", shipped], "")?;
    assert!(sound.status.success(), "{sound:?}");
    let spoiled = directory.path().join("chuan");
    std::fs::create_dir(&spoiled)?;
    std::fs::write(spoiled.join("standard.toml"), "id = 7")?;
    let refused = run(directory.path(), &["standard", "check", &spoiled.display().to_string()], "")?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("standard.toml") && said.contains("indicators.toml"), "{said}");
    Ok(())
}

#[test]
fn households_are_classified_from_files_and_an_unreadable_file_stops_nothing_else() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (good, bad) = (directory.path().join("ho.json"), directory.path().join("hong.json"));
    std::fs::write(&good, r#"{"household": "00000000000000000000000000", "answers": {"b1_points": 150}}"#)?;
    std::fs::write(&bad, "{")?;
    let (good, bad) = (good.display().to_string(), bad.display().to_string());
    let ask = ["classify", "--standard", "vn-2022-2025", "--as-of", "2026-10-01"];
    let both = run(directory.path(), &[&ask[..], &["--json", &bad, &good]].concat(), "")?;
    assert!(!both.status.success(), "an unreadable file is told by the exit code");
    let reports: serde_json::Value = serde_json::from_slice(&both.stdout)?;
    assert_eq!(reports.as_array().map(Vec::len), Some(1));
    let text = run(directory.path(), &[&ask[..], &[&good]].concat(), "")?;
    assert!(text.status.success() && String::from_utf8_lossy(&text.stdout).contains("B1"), "{text:?}");
    Ok(())
}

#[test]
fn a_household_that_cannot_be_read_is_named_by_file_place_and_reason_and_the_others_are_classified() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("xuat.json");
    // As `phone export` writes them: with village and round, in a list under a name.
    let households = r#"{"households": [
        {"village": 7, "round": "2026-dinh-ky", "household": "00000000000000000000000000", "answers": {"b1_points": 150}},
        {"household": "00000000000000000000000004", "answers": {"wall": ["durable"]}},
        {"household": "00000000000000000000000008"}
    ]}"#;
    std::fs::write(&file, households)?;
    let ask = ["classify", "--standard", "vn-2022-2025", "--json", &file.display().to_string()];
    let output = run(directory.path(), &ask, "")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for part in ["xuat.json", "hộ thứ 2", "00000000000000000000000004", "answers/wall", "không đọc được"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)?;
    let named: Vec<&str> = reports.iter().filter_map(|report| report["household"].as_str()).collect();
    assert_eq!(named, ["00000000000000000000000000", "00000000000000000000000008"]);
    assert!(reports[0]["as_of"].as_str().is_some_and(|day| day.ends_with("-09-01")), "{}", reports[0]["as_of"]);
    Ok(())
}

#[test]
fn a_points_table_scores_households_by_region_and_a_sample_says_that_it_decides_nothing() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("ho.json");
    std::fs::write(&file, r#"{"household": "00000000000000000000000000"}"#)?;
    let points = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/standards/vn-2022-2025/points/b1-2016-2020-part");
    let (numbers, mapping, file) = (format!("{points}.csv"), format!("{points}.toml"), file.display().to_string());
    let ask = ["classify", "--standard", "vn-2022-2025", "--json", "--points-table", &numbers];
    let lone = run(directory.path(), &[&ask[..], &[&file]].concat(), "")?;
    assert_eq!(lone.status.code(), Some(2), "mapping and region are needed: {lone:?}");
    let with = ["--points-mapping", &mapping, "--region"];
    let nowhere = run(directory.path(), &[&ask[..], &with, &["atlantis", &file]].concat(), "")?;
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("mekong_delta"), "{nowhere:?}");
    let output = run(directory.path(), &[&ask[..], &with, &["northern_midland_mountain", &file]].concat(), "")?;
    assert!(output.status.success(), "{output:?}");
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(reports[0]["report"]["b1"]["serves_recognition"], false, "{reports}");
    assert!(reports[0]["report"]["b1"]["items"].is_array(), "{reports}");
    Ok(())
}

#[test]
fn a_reader_that_goes_away_ends_the_printing_quietly() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("ho.json");
    std::fs::write(&file, r#"{"household": "00000000000000000000000000"}"#)?;
    let (file, shipped) =
        (file.display().to_string(), concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/standards/vn-2022-2025"));
    let commands: [&[&str]; 4] = [
        &["classify", "--standard", "vn-2022-2025", &file],
        &["standard", "check", shipped],
        &["rebuild"],
        &["version"],
    ];
    for command in commands {
        let mut child = rasoat(directory.path(), command).spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("panicked"), "{command:?}: {said}");
    }
    Ok(())
}

#[test]
fn the_help_of_new_and_edit_holds_the_examples_that_the_phone_reads() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let examples = [
        ("new", include_str!("../../sync-protocol/src/field/said/new.json")),
        ("edit", include_str!("../../sync-protocol/src/field/said/edit.json")),
    ];
    for (command, example) in examples {
        let output = run(directory.path(), &["phone", command, "--help"], "")?;
        let help = String::from_utf8(output.stdout)?;
        let begins = help.find("\n{").or_else(|| help.find("\n[\n")).context("an example")? + 1;
        let shown = serde_json::Deserializer::from_str(&help[begins..]).into_iter::<serde_json::Value>().next();
        assert_eq!(shown.context("JSON")??, serde_json::from_str::<serde_json::Value>(example)?, "{help}");
    }
    Ok(())
}
