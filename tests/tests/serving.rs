//! Listening and stopping: TLS, and requests that are under way when the server is asked to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use house_tests::client::Client;
use house_tests::house::House;
use serde_json::json;
use server::app::{App, Setup};
use server::clock::{Chance, Clock};
use server::domain::account::Login;
use server::http::serve::{Protection, ServeError, start};
use server::password::{Cost, Password};
use server::store::StoreError;
use server::workflow::account::{FirstAdministrator, create_administrator};
use tokio::sync::oneshot;

async fn open(directory: &Path) -> Result<Arc<App>> {
    let clock = Clock::manual("2026-10-01T01:00:00Z".parse()?);
    let (data, chance) = (directory.to_owned(), Chance::seeded(1));
    Ok(Arc::new(App::open(Setup { data, database: None, clock, chance, password_cost: Cost::Light }).await?))
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_keeps_the_server_from_starting() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let app = open(directory.path()).await?;
    let protection = Protection::Tls { certificate: fixture("tls-key.pem"), key: fixture("none.pem") };
    let refused = start(app, SocketAddr::from(([127, 0, 0, 1], 0)), protection).await;
    assert!(matches!(refused, Err(ServeError::Certificate(_))));
    Ok(())
}

#[tokio::test]
async fn over_tls_cookies_are_secure_and_browsers_are_told_to_stay() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let app = open(directory.path()).await?;
    let login: Login = "admin".parse()?;
    let password = "đường về bản xa";
    let (display_name, nation) = ("Quản trị".to_owned(), "Việt Nam".to_owned());
    let new = FirstAdministrator { login, display_name, password: Password::new(password.to_owned()), nation };
    create_administrator(&app, new).await?;
    let protection = Protection::Tls { certificate: fixture("tls-cert.pem"), key: fixture("tls-key.pem") };
    let running = start(app, SocketAddr::from(([127, 0, 0, 1], 0)), protection).await?;
    let trusted = std::fs::read(fixture("tls-cert.pem"))?;
    let client = Client::trusting(&format!("https://{}", running.address()), &trusted)?;
    let answer =
        client.post("/api/session", json!({ "login": "admin", "password": password, "keep": "cookie" })).await?;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["set-cookie"].to_str()?.contains("; Secure"));
    assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000");
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() -> Result<()> {
    let house = House::start().await?;
    let (hoa, app) = (house.log_in("hoa").await?, house.app.clone());
    let (release, released) = oneshot::channel::<()>();
    let holding = {
        let app = app.clone();
        tokio::spawn(async move {
            let hold = app.store.write("test/hold", move |_tx| Box::pin(async move { Ok(released.await.is_ok()) }));
            hold.await.map_err(|error: StoreError| error.to_string())
        })
    };
    let logging_out = tokio::spawn(async move { hoa.delete("/api/session").await });
    // The writer holds the first job, so the second one waits in the queue as soon as the request has arrived.
    while app.store.queued_jobs() == 0 || holding.is_finished() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(house.stop());
    tokio::task::yield_now().await;
    assert!(release.send(()).is_ok());
    assert_eq!(logging_out.await??.status, 204);
    assert_eq!(holding.await?, Ok(true));
    stopping.await?;
    assert!(app.store.read().await.is_err(), "the database is closed after the last request");
    Ok(())
}
