//! The report as a table: one line for each figure, the same words as in the JSON.

use super::Report;
use super::wire::Line;

/// The whole report.
pub(super) fn of(report: &Report) -> String {
    let mut lines = vec![format!("{} processors, {} build", report.machine.processors, report.machine.build)];
    for day in &report.ingest {
        let (phones, changes, ms) = (day.phones, day.changes, day.milliseconds);
        lines.push(format!(
            "{phones} phones, {changes} changes in {ms} ms: {} durable changes/s",
            day.changes_per_second
        ));
    }
    for held in &report.standing {
        lines.push(format!(
            "{} documents: {} KB at start, {} KB after a first load, {} KB after {} syncs without news of {} villages at \
             {} µs of processor time",
            held.documents,
            held.resident_at_start_kb,
            held.resident_after_load_kb,
            held.resident_kb,
            held.syncs,
            held.villages,
            held.sync_microseconds
        ));
    }
    for size in &report.growth {
        lines.push(format!(
            "a document with {} changes: one more alone {} µs, each of fifty {} µs",
            size.changes, size.microseconds_alone, size.microseconds_among_fifty
        ));
    }
    line(&mut lines, "line", &report.line);
    line(&mut lines, "600 ms, 60/120 kbit/s", &report.slow_line);
    lines.push(String::new());
    lines.join("\n")
}

fn line(lines: &mut Vec<String>, name: &str, line: &Line) {
    lines.push(format!("{name:<58} body up     down socket up     down trips       ms"));
    for cost in &line.costs {
        lines.push(format!(
            "  {:<56} {:>7} {:>8} {:>9} {:>8} {:>5} {:>8}",
            cost.scenario,
            cost.body_up,
            cost.body_down,
            cost.socket_up,
            cost.socket_down,
            cost.round_trips,
            cost.milliseconds
        ));
    }
    for packing in &line.packing {
        lines.push(format!(
            "  {:<56} {} B packed, {} B as the fallback",
            packing.what, packing.packed, packing.fallback
        ));
    }
}
