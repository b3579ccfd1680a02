//! The area of a unit: polygons with holes, what lies in them, and how far outside something is.

use geo::Validation;
use schemas::form::Label;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Spot;

/// Most corners of one shape. A commune traced to the metre has some thousands.
pub const MOST_CORNERS: usize = 100_000;
/// Corners up to which a shape is searched for crossing edges: the search takes time by the square.
const SEARCHED_CORNERS: usize = 5_000;
/// Half the way around the earth: an edge that spans more crosses the antimeridian.
const HALF_TURN_E6: i64 = 180_000_000;

/// Longitude and latitude in millionths of a degree.
pub(super) type Corner = (i32, i32);

/// One or more polygons. Each has an outer ring first and its holes after it; rings end where they begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<Vec<Vec<Corner>>>);

/// Why something is no area that a unit can have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShapeFault {
    /// Not a polygon or several.
    #[error("a polygon is expected, not {0}")]
    NotAnArea(String),
    /// Without any polygon or ring.
    #[error("the shape is empty")]
    Empty,
    /// A ring of fewer than four corners, the last being the first again.
    #[error("ring {0} has fewer than four corners")]
    TooShort(usize),
    /// A ring that does not end where it begins.
    #[error("ring {0} is not closed")]
    Open(usize),
    /// A corner that is nowhere on earth, or written as northing and easting in metres.
    #[error("ring {0}: a corner is not in degrees of longitude and latitude")]
    NotDegrees(usize),
    /// An edge that crosses the antimeridian.
    #[error("ring {0} crosses the antimeridian")]
    Antimeridian(usize),
    /// More than [`MOST_CORNERS`].
    #[error("more than {MOST_CORNERS} corners")]
    TooManyCorners,
}

impl ShapeFault {
    /// Stable name of the fault.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotAnArea(_) => "boundary/not-an-area",
            Self::Empty => "boundary/empty",
            Self::TooShort(_) => "boundary/ring-too-short",
            Self::Open(_) => "boundary/ring-open",
            Self::NotDegrees(_) => "boundary/not-degrees",
            Self::Antimeridian(_) => "boundary/antimeridian",
            Self::TooManyCorners => "boundary/too-many-corners",
        }
    }

    /// The fault in words.
    pub fn label(&self) -> Label {
        let vi = match self {
            Self::NotAnArea(kind) => format!("phải là vùng (Polygon, MultiPolygon), không phải {kind}"),
            Self::Empty => "vùng rỗng".to_owned(),
            Self::TooShort(ring) => format!("vòng {ring} có ít hơn bốn đỉnh"),
            Self::Open(ring) => format!("vòng {ring} không khép kín"),
            Self::NotDegrees(ring) => format!("vòng {ring}: có đỉnh không phải kinh độ, vĩ độ tính bằng độ"),
            Self::Antimeridian(ring) => format!("vòng {ring} cắt kinh tuyến 180"),
            Self::TooManyCorners => format!("hơn {MOST_CORNERS} đỉnh"),
        };
        Label { vi, en: self.to_string() }
    }
}

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the area or on its border.
    Inside,
    /// Outside, but by no more than the point's own accuracy.
    WithinAccuracy,
    /// Outside by so many metres.
    Outside {
        /// Metres to the border.
        metres: u32,
    },
}

impl Shape {
    /// Makes a shape of a GeoJSON geometry. Heights are left out.
    pub fn of(geometry: &geojson::GeometryValue) -> Result<Self, ShapeFault> {
        use geojson::GeometryValue::{MultiPolygon, Polygon};
        let polygons: Vec<&Vec<Vec<geojson::Position>>> = match geometry {
            Polygon { coordinates } => vec![coordinates],
            MultiPolygon { coordinates } => coordinates.iter().collect(),
            other => return Err(ShapeFault::NotAnArea(other.type_name().to_owned())),
        };
        if polygons.iter().any(|rings| rings.is_empty()) || polygons.is_empty() {
            return Err(ShapeFault::Empty);
        }
        let corners: usize = polygons.iter().flat_map(|rings| rings.iter()).map(Vec::len).sum();
        if corners > MOST_CORNERS {
            return Err(ShapeFault::TooManyCorners);
        }
        let mut numbers = 1..;
        let mut polygon = |rings: &Vec<Vec<geojson::Position>>| -> Result<Vec<Vec<Corner>>, ShapeFault> {
            rings.iter().zip(&mut numbers).map(|(ring, number)| read_ring(ring, number)).collect()
        };
        polygons.into_iter().map(&mut polygon).collect::<Result<_, _>>().map(Self)
    }

    /// Whether edges cross or polygons overlap, as far as it was searched. Such a shape still has an inside, by the number
    /// of borders between a point and the far, but not always the one that was meant.
    pub fn is_tangled(&self) -> bool {
        let degrees = |corner: &Corner| geo::coord! { x: f64::from(corner.0), y: f64::from(corner.1) };
        let line = |ring: &Vec<Corner>| geo::LineString::new(ring.iter().map(degrees).collect());
        let polygon = |rings: &Vec<Vec<Corner>>| {
            let mut lines = rings.iter().map(line);
            let outer = lines.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
            geo::Polygon::new(outer, lines.collect())
        };
        let corners: usize = self.rings().map(Vec::len).sum();
        corners <= SEARCHED_CORNERS && !geo::MultiPolygon::new(self.0.iter().map(polygon).collect()).is_valid()
    }

    /// Whether a place lies in the area or exactly on its border.
    pub fn contains(&self, spot: Spot) -> bool {
        let at = (i64::from(spot.longitude_e6), i64::from(spot.latitude_e6));
        let mut inside = false;
        for (from, to) in self.edges() {
            match crossing(from, to, at) {
                Crossing::On => return true,
                Crossing::Right => inside = !inside,
                Crossing::None => {}
            }
        }
        inside
    }

    /// Where a measured point lies.
    pub fn standing(&self, spot: Spot, accuracy_m: u32) -> Standing {
        if self.contains(spot) {
            return Standing::Inside;
        }
        let metres = self.metres_to_border(spot);
        match metres <= accuracy_m {
            true => Standing::WithinAccuracy,
            false => Standing::Outside { metres },
        }
    }

    /// Metres from a place to the nearest point of the border.
    pub fn metres_to_border(&self, spot: Spot) -> u32 {
        let nearest = self.edges().map(|(from, to)| nearest_on(from, to, spot));
        let best = nearest.min_by(|one, other| one.1.total_cmp(&other.1));
        best.map_or(u32::MAX, |(place, _)| place.metres_to(spot))
    }

    /// The smallest and the largest corner: south-west and north-east.
    pub fn bounds(&self) -> (Spot, Spot) {
        let of = |longitude: Option<i32>, latitude: Option<i32>| Spot {
            longitude_e6: longitude.unwrap_or_default(),
            latitude_e6: latitude.unwrap_or_default(),
        };
        let longitudes = || self.rings().flatten().map(|corner| corner.0);
        let latitudes = || self.rings().flatten().map(|corner| corner.1);
        (of(longitudes().min(), latitudes().min()), of(longitudes().max(), latitudes().max()))
    }

    pub(super) fn rings(&self) -> impl Iterator<Item = &Vec<Corner>> {
        self.0.iter().flatten()
    }

    fn edges(&self) -> impl Iterator<Item = (Corner, Corner)> {
        self.rings().flat_map(|ring| ring.windows(2).map(|pair| (pair[0], pair[1])))
    }
}

fn read_ring(ring: &[geojson::Position], number: usize) -> Result<Vec<Corner>, ShapeFault> {
    let corners: Option<Vec<Corner>> = ring.iter().map(corner).collect();
    let corners = corners.ok_or(ShapeFault::NotDegrees(number))?;
    if corners.len() < 4 {
        return Err(ShapeFault::TooShort(number));
    }
    if corners.first() != corners.last() {
        return Err(ShapeFault::Open(number));
    }
    let spans = |pair: &[Corner]| (i64::from(pair[0].0) - i64::from(pair[1].0)).abs() > HALF_TURN_E6;
    match corners.windows(2).any(spans) {
        true => Err(ShapeFault::Antimeridian(number)),
        false => Ok(corners),
    }
}

fn corner(position: &geojson::Position) -> Option<Corner> {
    let &[longitude, latitude, ..] = position.as_slice() else { return None };
    let fits = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    // In range, so the millionths fit; not a number is in no range.
    fits.then(|| ((longitude * 1e6).round() as i32, (latitude * 1e6).round() as i32))
}

/// What an edge means for a ray that goes east from a place.
enum Crossing {
    /// The place is on the edge.
    On,
    /// The ray crosses it.
    Right,
    None,
}

/// Exact, in whole numbers: differences fit in 30 bits, products in 60.
fn crossing(from: Corner, to: Corner, (x, y): (i64, i64)) -> Crossing {
    let ((x1, y1), (x2, y2)) = ((i64::from(from.0), i64::from(from.1)), (i64::from(to.0), i64::from(to.1)));
    let side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
    let beside = (x1.min(x2)..=x1.max(x2)).contains(&x) && (y1.min(y2)..=y1.max(y2)).contains(&y);
    match side {
        0 if beside => Crossing::On,
        // Each edge owns its lower end, so that a ray through a corner counts once.
        _ if (y1 > y) == (y2 > y) => Crossing::None,
        _ if (side > 0) == (y2 > y1) => Crossing::Right,
        _ => Crossing::None,
    }
}

/// The point of an edge nearest to a place, found on a plane that touches the earth there, and its squared distance on
/// that plane.
fn nearest_on(from: Corner, to: Corner, spot: Spot) -> (Spot, f64) {
    let narrowing = (f64::from(spot.latitude_e6) / 1e6).to_radians().cos();
    let plane = |corner: Corner| {
        let east = (f64::from(corner.0) - f64::from(spot.longitude_e6)) * narrowing;
        (east, f64::from(corner.1) - f64::from(spot.latitude_e6))
    };
    let ((x1, y1), (x2, y2)) = (plane(from), plane(to));
    let (along_x, along_y) = (x2 - x1, y2 - y1);
    let length = along_x * along_x + along_y * along_y;
    let part = if length > 0.0 { (-(x1 * along_x + y1 * along_y) / length).clamp(0.0, 1.0) } else { 0.0 };
    let between = |from: i32, to: i32| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as i32;
    let (x, y) = (x1 + along_x * part, y1 + along_y * part);
    let place = Spot { longitude_e6: between(from.0, to.0), latitude_e6: between(from.1, to.1) };
    (place, x * x + y * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shape around 22.3° N 104.6° E; corners in thousandths of a degree from there.
    fn shape(polygons: &[&[&[(i32, i32)]]]) -> Result<Shape, ShapeFault> {
        let position =
            |(x, y): &(i32, i32)| geojson::Position::from([104.6 + f64::from(*x) / 1e3, 22.3 + f64::from(*y) / 1e3]);
        let ring = |ring: &&[(i32, i32)]| ring.iter().map(position).collect();
        let coordinates = polygons.iter().map(|rings| rings.iter().map(ring).collect()).collect();
        Shape::of(&geojson::GeometryValue::MultiPolygon { coordinates })
    }

    fn spot(x_e6: i32, y_e6: i32) -> Spot {
        Spot { longitude_e6: 104_600_000 + x_e6, latitude_e6: 22_300_000 + y_e6 }
    }

    const SQUARE: &[(i32, i32)] = &[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)];
    const HOLE: &[(i32, i32)] = &[(4, 4), (6, 4), (6, 6), (4, 6), (4, 4)];
    const ISLAND: &[(i32, i32)] = &[(20, 0), (30, 0), (25, 10), (20, 0)];

    #[test]
    fn what_is_no_area_is_refused_by_name() {
        let point = geojson::GeometryValue::Point { coordinates: [104.6, 22.3].into() };
        assert_eq!(Shape::of(&point), Err(ShapeFault::NotAnArea("Point".into())));
        assert_eq!(shape(&[]), Err(ShapeFault::Empty));
        assert_eq!(shape(&[&[]]), Err(ShapeFault::Empty));
        assert_eq!(shape(&[&[&[(0, 0), (1, 1), (0, 0)]]]), Err(ShapeFault::TooShort(1)));
        assert_eq!(shape(&[&[SQUARE, &SQUARE[..4]]]), Err(ShapeFault::Open(2)));
        assert_eq!(shape(&[&[&[(0, 0), (1, 0), (1, 90_000), (0, 0)]]]), Err(ShapeFault::NotDegrees(1)));
        let metres = vec![vec![geojson::Position::from([541_000.0, 2_466_000.0]); 4]];
        let metres = geojson::GeometryValue::Polygon { coordinates: metres };
        assert_eq!(Shape::of(&metres), Err(ShapeFault::NotDegrees(1)));
    }

    #[test]
    fn a_ring_over_the_antimeridian_is_refused() {
        let ring = [[179.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [179.0, 0.0]].map(geojson::Position::from);
        let around = geojson::GeometryValue::Polygon { coordinates: vec![ring.to_vec()] };
        assert_eq!(Shape::of(&around), Err(ShapeFault::Antimeridian(1)));
    }

    #[test]
    fn crossing_edges_are_a_doubt_and_no_fault() {
        let bow = shape(&[&[&[(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]]]).unwrap();
        assert!(bow.is_tangled());
        assert!(!shape(&[&[SQUARE, HOLE], &[ISLAND]]).unwrap().is_tangled());
    }

    #[test]
    fn borders_and_corners_are_inside_and_holes_are_not() {
        let shape = shape(&[&[SQUARE, HOLE], &[ISLAND]]).unwrap();
        for inside in [(1_000, 1_000), (0, 0), (10_000, 10_000), (5_000, 0), (4_000, 5_000), (25_000, 5_000)] {
            assert!(shape.contains(spot(inside.0, inside.1)), "{inside:?}");
        }
        for outside in [(5_000, 5_000), (-1, 0), (10_001, 5_000), (15_000, 5_000), (20_000, 10_000), (0, 10_001)] {
            assert!(!shape.contains(spot(outside.0, outside.1)), "{outside:?}");
        }
    }

    #[test]
    fn a_point_outside_is_fine_up_to_its_accuracy() {
        let shape = shape(&[&[SQUARE]]).unwrap();
        // A thousandth of a degree to the east is 103 m there, to the north 110.8 m.
        let east = spot(11_000, 5_000);
        assert_eq!(shape.standing(east, 102), Standing::Outside { metres: 103 });
        assert_eq!(shape.standing(east, 103), Standing::WithinAccuracy);
        assert_eq!(shape.standing(spot(5_000, 11_000), 8), Standing::Outside { metres: 111 });
        assert_eq!(shape.standing(spot(5_000, 10_000), 0), Standing::Inside);
    }

    #[test]
    fn a_point_in_a_hole_is_as_far_outside_as_the_hole_is_wide() {
        let shape = shape(&[&[SQUARE, HOLE]]).unwrap();
        assert_eq!(shape.standing(spot(5_000, 5_000), 5), Standing::Outside { metres: 103 });
    }

    #[test]
    fn bounds_hold_every_corner() {
        let (south_west, north_east) = shape(&[&[SQUARE], &[ISLAND]]).unwrap().bounds();
        assert_eq!((south_west, north_east), (spot(0, 0), spot(30_000, 10_000)));
    }
}
