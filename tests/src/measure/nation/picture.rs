//! The curves as an SVG: what each kind of work costs at every size, relative to its cost at the smallest. A flat line is what
//! is wanted.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Cost;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Room around the curves.
const MARGIN: f64 = 60.0;
/// The cost at the top of the picture, in times of the first.
const TOP: f64 = 3.0;
/// What is drawn.
struct Curve {
    name: &'static str,
    colour: &'static str,
    /// How much a unit of it costs.
    cost: fn(&Cost) -> f64,
}

const CURVES: [Curve; 4] = [
    Curve { name: "a change taken in", colour: "#1b6ca8", cost: |cost| 1.0 / cost.changes_per_second.max(1) as f64 },
    Curve { name: "sync without news", colour: "#2a9d4a", cost: |cost| cost.sync_microseconds as f64 },
    Curve { name: "inbox", colour: "#c4711b", cost: |cost| cost.inbox_microseconds as f64 },
    Curve { name: "list", colour: "#8a3fa0", cost: |cost| cost.roster_microseconds as f64 },
];

/// The picture of all engines: SQLite's curves are dashed.
pub(super) fn of(costs: &[Cost]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let sizes: BTreeSet<u64> = costs.iter().map(|cost| cost.households).collect();
    let span = (sizes.first().copied().unwrap_or(1), sizes.last().copied().unwrap_or(1));
    axes(&mut svg, &sizes, span);
    for (place, Curve { name, colour, cost: cost_of }) in CURVES.iter().enumerate() {
        for (engine, dash) in [("sqlite", "6 4"), ("postgresql", "none")] {
            let of_engine: Vec<&Cost> = costs.iter().filter(|cost| cost.engine == engine).collect();
            let Some(first) = of_engine.first().map(|cost| cost_of(cost)) else { continue };
            let point = |cost: &&Cost| format!("{:.1},{:.1}", across(cost.households, span), up(cost_of(cost) / first));
            let points: Vec<String> = of_engine.iter().map(point).collect();
            // Writing to a text cannot fail.
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\" points=\"{}\"/>",
                points.join(" ")
            );
        }
        let x = MARGIN + 160.0 * place as f64;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"24\" fill=\"{colour}\">{name}</text>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, sizes: &BTreeSet<u64>, span: (u64, u64)) {
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"42\">SQLite - - -   PostgreSQL ———   cost / cost at the first size, by households</text>"
    );
    for times in [0.0, 1.0, 2.0, TOP] {
        let (y, right) = (up(times), WIDTH - MARGIN);
        let _ = writeln!(svg, "<line x1=\"{MARGIN}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>");
        let _ = writeln!(svg, "<text x=\"20\" y=\"{y:.1}\">{times}×</text>");
    }
    for size in sizes {
        let (x, y) = (across(*size, span), HEIGHT - MARGIN / 2.0);
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{size}</text>");
    }
}

/// Sizes stand as far apart as they are times of one another.
fn across(size: u64, (least, most): (u64, u64)) -> f64 {
    let log = |number: u64| (number.max(1) as f64).ln();
    let width = (log(most) - log(least)).max(f64::EPSILON);
    MARGIN + (log(size) - log(least)) / width * (WIDTH - 2.0 * MARGIN)
}

fn up(times: f64) -> f64 {
    HEIGHT - MARGIN - times.min(TOP) / TOP * (HEIGHT - 2.0 * MARGIN)
}
