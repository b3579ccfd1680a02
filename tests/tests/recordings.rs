//! Questions read aloud: an office's files, and nothing else of the data directory.

use anyhow::Result;
use house_tests::house::House;

#[tokio::test]
async fn a_recording_is_heard_by_everybody_and_nothing_else_of_the_data_directory_is() -> Result<()> {
    let house = House::start().await?;
    let none = house.anonymous.get_raw("/recordings/tv.tay.opus").await?;
    assert_eq!(none.0, 404, "nothing was recorded yet");
    std::fs::create_dir_all(&house.app.recordings)?;
    std::fs::write(house.app.recordings.join("tv.tay.opus"), b"OggS")?;
    std::fs::write(house.app.recordings.join("notes.txt"), b"not a recording")?;
    let (status, bytes) = house.anonymous.get_raw("/recordings/tv.tay.opus").await?;
    assert_eq!((status, bytes.as_slice()), (200, b"OggS".as_slice()));
    for path in ["notes.txt", "../master.key", "%2e%2e/master.key", "..%2fmaster.key", ".opus", "tv.tay.opus/", ""] {
        let (status, _) = house.anonymous.get_raw(&format!("/recordings/{path}")).await?;
        assert_eq!(status, 404, "{path}");
    }
    house.stop().await;
    Ok(())
}
