//! The writer task: one at a time, in the order of arrival, many jobs to a commit.
//!
//! Owns the queue, the grouping and the promise that an answer means "on disk". There is no artificial delay: a group is
//! whatever stood in the queue while the one before was being committed.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{StoreError, Tx};
use crate::clock::Stopwatch;

/// Most jobs that share a commit.
const GROUP_JOBS: usize = 256;
/// Most bytes that jobs say they write in one group, but for its last one: what a commit syncs, and what a crash replays.
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// A group that has worked this long is committed before it takes another job, so that the first need not wait for all.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// A future that borrows a transaction.
pub type BoxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// Tells a caller how its job ended, once the group's fate is known.
pub(super) type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// What a queued job asks of the writer.
pub(super) trait Job: Send {
    /// About how many bytes it writes; 0 for the small ones that most are.
    fn bytes(&self) -> usize;
    /// Does the work within its own savepoint.
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Step>;
    /// Answers without having worked.
    fn refuse(self: Box<Self>, reason: String);
}

/// What follows a job.
pub(super) enum Step {
    /// Answer after the commit, then go on.
    Answer(Answer),
    /// Commit and end.
    Stop,
}

/// The last job of a store.
pub(super) struct Stop;

impl Job for Stop {
    fn bytes(&self) -> usize {
        0
    }

    fn run<'t>(self: Box<Self>, _tx: &'t mut Tx) -> BoxFuture<'t, Step> {
        Box::pin(std::future::ready(Step::Stop))
    }

    fn refuse(self: Box<Self>, _reason: String) {}
}

/// A caller's job and the way back to the caller.
pub(super) struct Work<T, E, F> {
    name: &'static str,
    bytes: usize,
    queued: Stopwatch,
    job: F,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
{
    pub(super) fn new(name: &'static str, bytes: usize, job: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { name, bytes, queued: Stopwatch::start(), job, answer }, receiver)
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Step> {
        Box::pin(async move {
            let Self { name, queued, job, answer, .. } = *self;
            let result = in_savepoint(name, job, tx).await;
            Step::Answer(Box::new(move |committed| {
                metrics::histogram!("rasoat_write_seconds", "name" => name).record(queued.elapsed().as_secs_f64());
                let result = committed.map_err(|reason| StoreError::Commit(reason).into()).and(result);
                // A caller that went away is no fault: its job is done all the same.
                let _caller_gone = answer.send(result);
            }))
        })
    }

    fn refuse(self: Box<Self>, reason: String) {
        let _caller_gone = self.answer.send(Err(StoreError::Commit(reason).into()));
    }
}

async fn in_savepoint<T, E, F>(name: &'static str, job: F, tx: &mut Tx) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    E: From<StoreError>,
{
    tx.begin_job().await?;
    let result = match catching(AssertUnwindSafe(async { job(&mut *tx).await })).await {
        Ok(result) => result,
        Err(Panicked) => {
            tracing::error!(write = name, "A write panicked and was taken back");
            Err(StoreError::Panicked(name).into())
        }
    };
    match result {
        Ok(value) => tx.keep_job().await.map(|()| value).map_err(E::from),
        Err(error) => {
            tx.undo_job().await?;
            Err(error)
        }
    }
}

struct Panicked;

/// Awaits a future and turns a panic in it into a value. The transaction it borrowed is rolled back by the caller, so
/// nothing that the panic left half done is seen again.
async fn catching<T>(future: AssertUnwindSafe<impl Future<Output = T>>) -> Result<T, Panicked> {
    let mut future = std::pin::pin!(future.0);
    std::future::poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
            .map_or_else(|_panic| std::task::Poll::Ready(Err(Panicked)), |poll| poll.map(Ok))
    })
    .await
}

/// Takes jobs until the queue closes or [`Stop`] arrives.
pub(super) async fn run(mut tx: Tx, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = queue.recv().await {
        if commit_group(&mut tx, first, &mut queue).await.is_break() {
            break;
        }
    }
}

async fn commit_group(
    tx: &mut Tx,
    first: Box<dyn Job>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> std::ops::ControlFlow<()> {
    if let Err(error) = tx.begin().await {
        tracing::error!(%error, "The writer could not begin");
        first.refuse(error.to_string());
        return std::ops::ControlFlow::Continue(());
    }
    let working = Stopwatch::start();
    let mut answers = Vec::new();
    let mut bytes = 0;
    let mut flow = std::ops::ControlFlow::Continue(());
    let mut next = Some(first);
    while let Some(job) = next {
        bytes += job.bytes();
        match job.run(tx).await {
            Step::Answer(answer) => answers.push(answer),
            Step::Stop => {
                flow = std::ops::ControlFlow::Break(());
                break;
            }
        }
        let room = answers.len() < GROUP_JOBS && bytes < GROUP_BYTES && working.elapsed() < GROUP_TIME;
        next = if room { queue.try_recv().ok() } else { None };
    }
    metrics::histogram!("rasoat_write_group_jobs").record(answers.len() as f64);
    metrics::gauge!("rasoat_write_queue_jobs").set(queue.len() as f64);
    let committed = tx.commit().await.map_err(|error| error.to_string());
    if let Err(error) = &committed {
        tracing::error!(%error, "A group of writes was lost and its callers told");
    }
    for answer in answers {
        answer(committed.clone());
    }
    flow
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor, SqliteConnection};

    use super::*;

    type Answered = oneshot::Receiver<Result<(), StoreError>>;

    /// A writer's connection with a table whose parent is only checked at the commit.
    async fn writer() -> Tx {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let tables = "CREATE TABLE entry (id INTEGER PRIMARY KEY, \
                      parent INTEGER REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED)";
        connection.execute(tables).await.unwrap();
        Tx::new(connection)
    }

    fn adding(id: i64, parent: Option<i64>) -> (Box<dyn Job>, Answered) {
        writing(0, id, parent)
    }

    fn writing(bytes: usize, id: i64, parent: Option<i64>) -> (Box<dyn Job>, Answered) {
        let (work, answer) = Work::new("test", bytes, move |tx| {
            Box::pin(async move {
                let insert = sqlx::query("INSERT INTO entry (id, parent) VALUES ($1, $2)").bind(id).bind(parent);
                insert.execute(tx.sqlite()).await?;
                Ok(())
            })
        });
        (Box::new(work), answer)
    }

    async fn entries(tx: &mut Tx) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM entry").fetch_one(tx.sqlite()).await.unwrap()
    }

    #[tokio::test]
    async fn when_the_commit_fails_everybody_in_the_group_is_told_and_nothing_stays() {
        let (mut tx, (queue, mut jobs)) = (writer().await, mpsc::channel::<Box<dyn Job>>(10));
        let (first, first_answer) = adding(1, None);
        let (orphan, orphan_answer) = adding(2, Some(99));
        assert!(queue.try_send(orphan).is_ok());
        assert!(commit_group(&mut tx, first, &mut jobs).await.is_continue());
        assert!(matches!(first_answer.await, Ok(Err(StoreError::Commit(_)))));
        assert!(matches!(orphan_answer.await, Ok(Err(StoreError::Commit(_)))));
        assert_eq!(entries(&mut tx).await, 0);
        let (next, next_answer) = adding(1, None);
        assert!(commit_group(&mut tx, next, &mut jobs).await.is_continue());
        assert!(matches!(next_answer.await, Ok(Ok(()))));
    }

    #[tokio::test]
    async fn a_group_that_has_written_enough_leaves_the_rest_to_the_next() {
        let (mut tx, (queue, mut jobs)) = (writer().await, mpsc::channel::<Box<dyn Job>>(10));
        let (first, first_answer) = writing(GROUP_BYTES - 1, 1, None);
        let (second, second_answer) = writing(1, 2, None);
        let (third, mut third_answer) = writing(1, 3, None);
        assert!(queue.try_send(second).is_ok() && queue.try_send(third).is_ok());
        assert!(commit_group(&mut tx, first, &mut jobs).await.is_continue());
        assert!(matches!(first_answer.await, Ok(Ok(()))) && matches!(second_answer.await, Ok(Ok(()))));
        assert!(third_answer.try_recv().is_err() && jobs.try_recv().is_ok(), "it still waits");
    }

    #[tokio::test]
    async fn jobs_that_wait_together_share_one_commit() {
        let (mut tx, (queue, mut jobs)) = (writer().await, mpsc::channel::<Box<dyn Job>>(10));
        let (first, first_answer) = adding(1, None);
        let mut answers = vec![first_answer];
        for id in 2..=8 {
            let (job, answer) = adding(id, Some(1));
            assert!(queue.try_send(job).is_ok());
            answers.push(answer);
        }
        assert!(commit_group(&mut tx, first, &mut jobs).await.is_continue());
        assert!(jobs.try_recv().is_err(), "one group took them all");
        for answer in answers {
            assert!(matches!(answer.await, Ok(Ok(()))));
        }
        assert_eq!(entries(&mut tx).await, 8);
    }

    #[tokio::test]
    async fn the_stop_commits_what_came_before_it_and_leaves_what_comes_after() {
        let (mut tx, (queue, mut jobs)) = (writer().await, mpsc::channel::<Box<dyn Job>>(10));
        let (before, before_answer) = adding(1, None);
        let (after, after_answer) = adding(2, None);
        assert!(queue.try_send(Box::new(Stop)).is_ok() && queue.try_send(after).is_ok());
        assert!(commit_group(&mut tx, before, &mut jobs).await.is_break());
        assert!(matches!(before_answer.await, Ok(Ok(()))));
        drop(jobs);
        assert!(after_answer.await.is_err());
    }
}
