//! Shapes on the map and what follows from them: boundaries, points inside and outside, households that may be one.
//!
//! Pure: no database, no clock. Coordinates are whole millionths of a degree, as in the form, so that what lies inside is
//! settled exactly; only distances in metres pass through floating point, and they warn but never decide.

pub mod collection;
pub mod outline;
pub mod shape;
pub mod suspect;

use geo::{Distance, Geodesic};

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// North positive.
    pub latitude_e6: i32,
    /// East positive.
    pub longitude_e6: i32,
}

impl Spot {
    /// Geodesic distance on the WGS 84 ellipsoid, in whole metres.
    pub fn metres_to(self, other: Self) -> u32 {
        let metres = Geodesic.distance(self.degrees(), other.degrees());
        // At most half the way around the earth, so it fits; half a metre is beyond any phone.
        metres.round() as u32
    }

    fn degrees(self) -> geo::Point {
        geo::Point::new(f64::from(self.longitude_e6) / 1e6, f64::from(self.latitude_e6) / 1e6)
    }
}
