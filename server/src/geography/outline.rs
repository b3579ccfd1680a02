//! Borders as a phone draws them: few corners, the telling ones.
//!
//! After Douglas and Peucker, from the farthest corner down until there are enough, so that neither the number of corners
//! nor the time for them grows with the shape. A picture, and nothing is decided by it: that is the whole shape's.

use std::collections::{BTreeSet, BinaryHeap};

use super::Spot;
use super::shape::{Corner, Shape};

/// Most corners of an outline, all rings together: as many as can be seen on a small screen.
pub const MOST_CORNERS: usize = 200;
/// What deviates less is not worth its bytes: some metre.
const TELLING_E6: u32 = 10;
/// A triangle, with its first corner again.
const LEAST_CORNERS: usize = 4;

/// A part of a ring that is drawn as one line so far. Ordered by how far the ring strays from that line.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    deviation_e6: u32,
    ring: usize,
    from: usize,
    to: usize,
    farthest: usize,
}

impl Span {
    /// `None` where nothing lies between the ends.
    fn of(corners: &[Corner], ring: usize, from: usize, to: usize) -> Option<Self> {
        let line = (*corners.get(from)?, *corners.get(to)?);
        let between = (from + 1..to).map(|at| (deviation_e6(line, corners[at]), at));
        let (deviation_e6, farthest) = between.max()?;
        Some(Self { deviation_e6, ring, from, to, farthest })
    }
}

/// The rings of a shape, borders of holes among them, each ending where it begins. Rings too small to be seen are left out.
pub fn outline(shape: &Shape) -> Vec<Vec<Spot>> {
    let rings: Vec<&[Corner]> = shape.rings().map(Vec::as_slice).collect();
    let whole = |(at, ring): (usize, &&[Corner])| Span::of(ring, at, 0, ring.len().saturating_sub(1));
    let mut spans: BinaryHeap<Span> = rings.iter().enumerate().filter_map(whole).collect();
    let mut kept: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); rings.len()];
    let mut corners = 0;
    while let Some(Span { ring, from, to, farthest, .. }) = spans.pop().filter(|span| span.deviation_e6 >= TELLING_E6) {
        // The first of a ring brings both ends along.
        corners += if kept[ring].is_empty() { 3 } else { 1 };
        if corners > MOST_CORNERS {
            break;
        }
        kept[ring].extend([from, farthest, to]);
        spans.extend(Span::of(rings[ring], ring, from, farthest));
        spans.extend(Span::of(rings[ring], ring, farthest, to));
    }
    let drawn = rings.iter().zip(kept).filter(|(_, kept)| kept.len() >= LEAST_CORNERS);
    drawn.map(|(ring, kept)| kept.into_iter().map(|at| spot(ring[at])).collect()).collect()
}

fn spot((longitude_e6, latitude_e6): Corner) -> Spot {
    Spot { latitude_e6, longitude_e6 }
}

/// How far a corner lies from a line between two others.
fn deviation_e6((from, to): (Corner, Corner), corner: Corner) -> u32 {
    let vector = |end: Corner| (f64::from(end.0) - f64::from(from.0), f64::from(end.1) - f64::from(from.1));
    let ((along_x, along_y), (x, y)) = (vector(to), vector(corner));
    let length = along_x.hypot(along_y);
    // Of a ring that is not begun yet, the ends are one corner.
    let share = if length > 0.0 { ((x * along_x + y * along_y) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
    // Longitudes and latitudes differ by 360 degrees at most.
    (x - share * along_x).hypot(y - share * along_y).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rings: Vec<Vec<Corner>>) -> Shape {
        serde_json::from_value(serde_json::json!([rings])).unwrap()
    }

    /// A circle of so many corners, of a radius in millionths of a degree.
    fn circle(corners: usize, radius_e6: f64, east_e6: i32) -> Vec<Corner> {
        let corner = |at: usize| {
            let angle = (at % corners) as f64 / corners as f64 * std::f64::consts::TAU;
            (104_600_000 + east_e6 + (radius_e6 * angle.cos()) as i32, 22_300_000 + (radius_e6 * angle.sin()) as i32)
        };
        (0..=corners).map(corner).collect()
    }

    #[test]
    fn rings_that_are_no_area_or_too_small_to_be_seen_are_left_out() {
        assert_eq!(outline(&shape(vec![])), Vec::<Vec<Spot>>::new());
        assert_eq!(outline(&shape(vec![vec![], vec![(1, 1)], vec![(1, 1); 9]])), Vec::<Vec<Spot>>::new());
        let line = vec![(0, 0), (5_000, 0), (9_000, 0), (0, 0)];
        assert_eq!(outline(&shape(vec![line, circle(8, 4.0, 0)])), Vec::<Vec<Spot>>::new());
    }

    #[test]
    fn corners_on_a_straight_line_go_and_the_telling_ones_stay() {
        let square = vec![(0, 0), (500, 3), (1_000, 0), (1_000, 1_000), (500, 1_000), (0, 1_000), (0, 400), (0, 0)];
        let corners = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000), (0, 0)];
        assert_eq!(outline(&shape(vec![square])), [corners.map(spot).to_vec()]);
    }

    #[test]
    fn a_border_traced_to_the_metre_comes_to_few_corners_all_its_own_and_none_far_off() {
        let traced = circle(50_000, 20_000.0, 0);
        let drawn = outline(&shape(vec![traced.clone()]));
        let [ring] = drawn.as_slice() else { panic!("{} rings", drawn.len()) };
        assert!(ring.len() <= MOST_CORNERS && ring.first() == ring.last(), "{} corners", ring.len());
        assert!(ring.iter().all(|spot| traced.contains(&(spot.longitude_e6, spot.latitude_e6))));
        let drawn: Vec<Corner> = ring.iter().map(|spot| (spot.longitude_e6, spot.latitude_e6)).collect();
        let off = |corner: &Corner| drawn.windows(2).map(|line| deviation_e6((line[0], line[1]), *corner)).min();
        assert!(traced.iter().all(|corner| off(corner) < Some(100)), "by ten metres");
    }

    #[test]
    fn of_many_islands_the_large_ones_are_drawn_and_all_together_stay_few() {
        let islands = (0..300).map(|n| circle(40, if n % 30 == 0 { 900.0 } else { 90.0 }, n * 2_000)).collect();
        let drawn = outline(&shape(islands));
        assert!(drawn.len() >= 10 && drawn.iter().map(Vec::len).sum::<usize>() <= MOST_CORNERS);
        let large = drawn.iter().filter(|ring| ring.iter().any(|spot| spot.latitude_e6 > 22_300_800));
        assert_eq!(large.count(), 10);
    }
}
