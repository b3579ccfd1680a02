//! Looks through every order in which two devices, their server and a reviewer can act on one household.

use anyhow::Result;
use house_tests::simulation::exhaust::spaces;
use server::clock::Stopwatch;

fn main() -> Result<()> {
    let spaces = [
        ("one that waits", spaces::one_that_waits()),
        ("one on another", spaces::one_on_another()),
        ("both devices", spaces::both_devices()),
    ];
    for (name, space) in spaces {
        let watch = Stopwatch::start();
        println!("{name}: {:?} in {} s", space.explore()?, watch.elapsed().as_secs());
    }
    Ok(())
}
