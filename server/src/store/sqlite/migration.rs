//! Migrations that move rows, on databases that have some.

use sqlx::migrate::Migrator;

use super::*;

/// A database file as it was before a migration. Nobody looks after references: a test writes only the rows it is about.
async fn before(version: i64) -> (SqliteConnection, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(directory.path().join("rasoat.db")).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options.foreign_keys(false)).await.unwrap();
    let all = sqlx::migrate!("migrations/sqlite");
    let earlier = all.iter().filter(|migration| migration.version < version).cloned().collect();
    Migrator::with_migrations(earlier).run(&mut connection).await.unwrap();
    (connection, directory)
}

#[tokio::test]
async fn reviews_keep_what_was_said_when_a_round_may_end_without_a_class() {
    let (mut connection, _directory) = before(71).await;
    let insert = "INSERT INTO review (commune, round, household, state, pin, ledger, confirmed_points) VALUES \
                  (1, 'dot', zeroblob(16), 'accepted', zeroblob(32), 7, zeroblob(32)), \
                  (2, 'dot', zeroblob(16), NULL, NULL, NULL, zeroblob(32))";
    sqlx::query(insert).execute(&mut connection).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run(&mut connection).await.unwrap();
    let kept: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT commune, COALESCE(state, 'none'), COALESCE(ledger, 0) FROM review ORDER BY commune")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(kept, [(1, "accepted".to_owned(), 7), (2, "none".to_owned(), 0)]);
    let odd = "UPDATE review SET state = 'unassessed' WHERE commune = 1";
    assert!(sqlx::query(odd).execute(&mut connection).await.is_err(), "no class, and no reason why");
    let odd = "UPDATE review SET why = 'moved' WHERE commune = 1";
    assert!(sqlx::query(odd).execute(&mut connection).await.is_err(), "a reason, and a class");
}
