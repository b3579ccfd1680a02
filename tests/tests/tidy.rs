//! The rules of the house that the compiler does not check, read from the sources themselves.
//!
//! Every exception stands in a list here, with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The crates, each with those that it may use.
const CRATES: [(&str, &[&str]); 5] = [
    ("schemas", &[]),
    ("sync-protocol", &["schemas"]),
    ("sync-protocol/wasm", &["schemas", "sync-protocol"]),
    ("server", &["schemas", "sync-protocol"]),
    ("tests", &["schemas", "sync-protocol", "sync-protocol/wasm", "server"]),
];

/// Functions past forty lines: path, name, reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("server/src/http/error.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error.rs", "refused", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error/review.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error/office.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error/blob.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error/opening.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/http/error/table.rs", "problem", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/documents/workbook/refusal.rs", "label", "one exhaustive match: a line per refusal, read as a table"),
    ("server/src/documents/workbook/assemble.rs", "row", "the kinds of row in the order in which they are told apart"),
    ("server/src/documents/workbook/assemble.rs", "member", "a row's cells in the order of the columns"),
    ("sync-protocol/wasm/src/core.rs", "done", "one exhaustive match: an arm per command"),
    ("tests/tests/access.rs", "request", "one match: an arm per kind of endpoint"),
    ("schemas/src/standard/fault.rs", "label", "one exhaustive match: a line per fault, read as a table"),
];

/// Files past five hundred lines: path, reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Words that only one part of the tree may say: word, where it may stand.
const KEPT_WITHIN: &[(&str, &[&str])] = &[
    ("sqlx", &["server/src/store.rs", "server/src/store/"]),
    ("axum", &["server/src/http.rs", "server/src/http/"]),
    ("automerge", &["sync-protocol/src/", "sync-protocol/tests/"]),
    ("unsafe", &["sync-protocol/wasm/src/abi.rs"]),
];

/// What a layer of the server may not use: layer, forbidden path.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &["crate::store", "crate::workflow", "crate::http", "crate::app", "crate::cli"]),
    ("store", &["crate::workflow", "crate::http", "crate::app", "crate::cli"]),
    ("workflow", &["crate::http", "crate::cli", "crate::jobs"]),
    ("geography", &["crate::store", "crate::workflow", "crate::http", "crate::app", "crate::cli"]),
    ("documents", &["crate::store", "crate::workflow", "crate::http", "crate::cli"]),
    ("jobs", &["crate::http", "crate::store", "crate::cli"]),
    ("http", &["crate::cli", "crate::jobs", "crate::demo"]),
    ("demo", &["crate::store", "crate::jobs", "crate::cli"]),
    ("phone", &["crate::store", "crate::workflow", "crate::http", "crate::app", "crate::jobs", "crate::cli"]),
];

/// One source file.
struct Source {
    /// Path from the root of the workspace.
    path: String,
    text: String,
    /// The lines without comments and without what stands in quotes, so that words there are no code.
    code: Vec<String>,
}

fn root() -> Result<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(parent.context("the workspace")?.to_owned())
}

fn sources() -> Result<Vec<Source>> {
    let root = root()?;
    let mut found = Vec::new();
    for (name, _) in CRATES {
        collect(&root, &root.join(name), &mut found)?;
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    // The core's crate lies within the protocol's.
    found.dedup_by(|one, other| one.path == other.path);
    assert!(found.len() > 60, "{} sources found: the walk is broken", found.len());
    Ok(found)
}

fn collect(root: &Path, directory: &Path, found: &mut Vec<Source>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !matches!(name, "target" | "node_modules") && !name.starts_with('.') {
            collect(root, &path, found)?;
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path)?;
            let code = text.lines().map(code_of).collect();
            found.push(Source { path: path.strip_prefix(root)?.display().to_string(), text, code });
        }
    }
    Ok(())
}

/// A line up to its comment, its texts emptied.
fn code_of(line: &str) -> String {
    let (mut code, mut in_text, mut escaped) = (String::new(), false, false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => {
                in_text = !in_text;
                code.push('"');
            }
            _ if in_text => {}
            '/' if characters.peek() == Some(&'/') => break,
            _ => code.push(character),
        }
    }
    code
}

/// Whether a word stands in a line of code as a whole word.
fn says(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(is_part);
        let after = code[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

fn report(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

#[test]
fn a_words_place_is_judged_by_code_and_not_by_comments_or_texts() {
    assert!(says(&code_of("use sqlx::query;"), "sqlx"));
    assert!(!says(&code_of("let x = 1; // sqlx"), "sqlx"));
    assert!(!says(&code_of("let x = \"sqlx \\\" sqlx\";"), "sqlx"));
    assert!(!says(&code_of("let my_sqlx_x = 1;"), "sqlx"));
}

#[test]
fn crates_use_only_what_lies_below_them() -> Result<()> {
    let names: BTreeMap<&str, &str> = [
        ("schemas", "schemas"),
        ("sync-protocol", "sync-protocol"),
        ("field-core", "sync-protocol/wasm"),
        ("server", "server"),
        ("house-tests", "tests"),
    ]
    .into();
    for (directory, allowed) in CRATES {
        let manifest: toml::Table = std::fs::read_to_string(root()?.join(directory).join("Cargo.toml"))?.parse()?;
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(used) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            let ours: Vec<_> = used.keys().filter_map(|name| names.get(name.as_str())).collect();
            assert!(ours.iter().all(|used| allowed.contains(*used)), "{directory} [{section}] uses {ours:?}");
            let misplaced = used.contains_key("automerge") && directory != "sync-protocol";
            assert!(!misplaced, "{directory} uses automerge, which belongs to sync-protocol");
        }
    }
    Ok(())
}

#[test]
fn sql_axum_and_automerge_stay_where_they_belong() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources()? {
        for (word, places) in KEPT_WITHIN {
            if places.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            let lines = source.code.iter().enumerate().filter(|(_, line)| says(line, word));
            faults.extend(lines.map(|(at, _)| format!("{}:{}: {word}", source.path, at + 1)));
        }
    }
    report("a library outside of its part of the house", &faults);
    Ok(())
}

#[test]
fn statements_of_sql_stand_only_in_the_store() -> Result<()> {
    let openings = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE "];
    let mut faults = Vec::new();
    for source in sources()?.iter().filter(|source| source.path.starts_with("server/src/")) {
        let in_store = source.path.starts_with("server/src/store");
        let lines = source.text.lines().enumerate();
        let sql = lines.filter(|(_, line)| openings.iter().any(|opening| line.contains(&format!("\"{opening}"))));
        faults.extend(sql.filter(|_| !in_store).map(|(at, _)| format!("{}:{}", source.path, at + 1)));
    }
    report("SQL outside of the store", &faults);
    Ok(())
}

#[test]
fn layers_of_the_server_point_downwards() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources()? {
        for (layer, forbidden) in LAYERS {
            let own_file = source.path == format!("server/src/{layer}.rs");
            if !own_file && !source.path.starts_with(&format!("server/src/{layer}/")) {
                continue;
            }
            for (at, line) in source.code.iter().enumerate() {
                let used = forbidden.iter().filter(|path| says(line, path));
                faults.extend(used.map(|path| format!("{}:{}: {layer} uses {path}", source.path, at + 1)));
            }
        }
    }
    report("an arrow that points up", &faults);
    Ok(())
}

#[test]
fn every_file_says_what_it_owns_and_none_is_called_mod() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources()? {
        if !source.text.starts_with("//! ") {
            faults.push(format!("{}: does not open with //!", source.path));
        }
        if source.path.ends_with("/mod.rs") {
            faults.push(format!("{}: use foo.rs and foo/", source.path));
        }
    }
    report("module files", &faults);
    Ok(())
}

#[test]
fn nothing_is_left_for_later() -> Result<()> {
    let words = ["TODO", "FIXME", "XXX"];
    let macros = ["dbg!", "todo!", "unimplemented!"];
    let mut faults = Vec::new();
    for source in sources()?.iter().filter(|source| source.path != "tests/tests/tidy.rs") {
        for (at, (line, code)) in source.text.lines().zip(&source.code).enumerate() {
            let left = words.iter().any(|word| says(line, word)) || macros.iter().any(|name| code.contains(name));
            faults.extend(left.then(|| format!("{}:{}: {}", source.path, at + 1, line.trim())));
        }
    }
    report("left for later", &faults);
    Ok(())
}

/// The last two segments of every call that `.clippy.toml` bans: `SystemTime::now`.
fn banned_calls() -> Result<BTreeSet<String>> {
    let clippy: toml::Table = std::fs::read_to_string(root()?.join(".clippy.toml"))?.parse()?;
    let methods = clippy["disallowed-methods"].as_array().context("disallowed-methods")?;
    let paths = methods.iter().filter_map(|method| method["path"].as_str());
    Ok(paths
        .map(|path| path.rsplitn(3, "::").take(2).collect::<Vec<_>>())
        .map(|end| format!("{}::{}", end[1], end[0]))
        .collect())
}

#[test]
fn clocks_and_chance_are_asked_only_where_that_is_expected_with_a_reason() -> Result<()> {
    let banned = banned_calls()?;
    assert!(banned.contains("SystemTime::now") && banned.contains("getrandom::fill"), "{banned:?}");
    let mut faults = Vec::new();
    for source in sources()?.iter().filter(|source| source.path != "tests/tests/tidy.rs") {
        let mut expected_below = 0;
        for (at, line) in source.text.lines().enumerate() {
            if line.contains("expect(clippy::disallowed_methods") && line.contains("reason = ") {
                // Until the function that the expectation stands on is over; clippy checks that it is needed.
                expected_below = 12;
            }
            let calls = banned.iter().filter(|call| says(&source.code[at], call));
            faults.extend(
                calls.filter(|_| expected_below == 0).map(|call| format!("{}:{}: {call}", source.path, at + 1)),
            );
            expected_below = usize::saturating_sub(expected_below, 1);
        }
    }
    report("time or chance taken instead of being an argument", &faults);
    Ok(())
}

/// Functions of a file with their length in lines, found by indentation, which rustfmt keeps.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        // A trait's function without a body ends on its own line.
        let bodiless = source.code[at].trim_end().ends_with(';');
        let end = lines[at..].iter().position(|line| *line == closing).filter(|_| !bodiless).unwrap_or(0);
        found.push((name, end + 1));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let head = line.trim_start();
    let head = head
        .strip_prefix("pub(super) ")
        .or(head.strip_prefix("pub(crate) "))
        .or(head.strip_prefix("pub "))
        .unwrap_or(head);
    let head = head.strip_prefix("const ").unwrap_or(head);
    let head = head.strip_prefix("async ").unwrap_or(head);
    let name = head.strip_prefix("fn ")?;
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

#[test]
fn long_functions_and_files_stand_in_the_lists_above() -> Result<()> {
    let (mut faults, mut needed) = (Vec::new(), BTreeSet::new());
    for source in sources()? {
        let lines = source.text.lines().count();
        let listed = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        match lines > 500 {
            true if !listed => faults.push(format!("{}: {lines} lines", source.path)),
            false if listed => faults.push(format!("{} is short again; take it off the list", source.path)),
            true | false => {}
        }
        for (name, length) in functions(&source).into_iter().filter(|(_, length)| *length > 40) {
            let listed = LONG_FUNCTIONS.iter().any(|(path, listed, _)| *path == source.path && *listed == name);
            needed.insert((source.path.clone(), name.clone()));
            faults.extend((!listed).then(|| format!("{}: {name} has {length} lines", source.path)));
        }
    }
    for (path, name, _) in LONG_FUNCTIONS {
        if !needed.contains(&((*path).to_owned(), (*name).to_owned())) {
            faults.push(format!("{path}: {name} is short again; take it off the list"));
        }
    }
    report("long functions and files", &faults);
    Ok(())
}

#[test]
fn every_public_function_of_the_store_runs_in_the_conformance_suite() -> Result<()> {
    let sources = sources()?;
    let in_suite = |source: &&Source| source.path.starts_with("server/src/store/conformance");
    let suite: Vec<&String> = sources.iter().filter(in_suite).flat_map(|source| &source.code).collect();
    let mut faults = Vec::new();
    let mut checked = 0;
    for source in sources.iter().filter(|source| source.path.starts_with("server/src/store/")) {
        let noun = source.path.trim_start_matches("server/src/store/").trim_end_matches(".rs");
        for line in source.code.iter().filter(|line| line.starts_with("pub async fn ")) {
            let name = function_name(line).context("a name")?;
            checked += 1;
            let runs = suite.iter().any(|line| line.contains(&format!("{noun}::{name}(")));
            faults.extend((!runs).then(|| format!("{noun}::{name}")));
        }
    }
    assert!(checked > 40, "only {checked} functions found: the search is broken");
    report("not in the conformance suite", &faults);
    Ok(())
}
