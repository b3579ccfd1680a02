//! The writer task: one job at a time, in the order of arrival, many jobs to a commit.
//!
//! Owns the queue, the grouping and the promise that an answer means "on disk". There is no artificial delay: a group is
//! whatever stood in the queue while the one before was being committed. In a file there is one writer; on a server there are
//! several, of several processes, and each job says what it needs to have for itself meanwhile: its [`Turn`].

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::news::Written;
use super::turn::Turn;
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
    /// What it has for itself meanwhile.
    fn turn(&self) -> &Turn;
    /// About how many bytes it writes; 0 for the small ones that most are.
    fn bytes(&self) -> usize;
    /// Does the work within its own savepoint.
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Answer>;
    /// Answers without having worked.
    fn refuse(self: Box<Self>, reason: String);
}

/// What stands in a writer's queue.
pub(super) enum Queued {
    /// A job to be done.
    Job(Box<dyn Job>),
    /// The end: what comes after it is not done.
    Stop,
}

/// How a caller learns what its job came to.
pub(super) type Answered<T, E> = oneshot::Receiver<Result<T, E>>;

/// A caller's job and the way back to the caller.
pub(super) struct Work<T, E, F> {
    name: &'static str,
    pub(super) turn: Turn,
    bytes: usize,
    queued: Stopwatch,
    job: F,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
{
    pub(super) fn new(name: &'static str, turn: Turn, bytes: usize, job: F) -> (Self, Answered<T, E>) {
        let (answer, receiver) = oneshot::channel();
        (Self { name, turn, bytes, queued: Stopwatch::start(), job, answer }, receiver)
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Answer> {
        Box::pin(async move {
            let Self { name, queued, job, answer: sender, .. } = *self;
            let result = in_savepoint(name, job, tx).await;
            let answer: Answer = Box::new(move |committed| {
                metrics::histogram!("rasoat_write_seconds", "name" => name).record(queued.elapsed().as_secs_f64());
                let result = committed.map_err(|reason| StoreError::Commit(reason).into()).and(result);
                // A caller that went away is no fault: its job is done all the same.
                let _caller_gone = sender.send(result);
            });
            answer
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

/// Takes jobs until the queue closes or its end arrives.
pub(super) async fn run(tx: Tx, queue: mpsc::Receiver<Queued>, written: Arc<Written>) {
    let mut writer = Writer { tx, queue, next: None, written };
    while let Some(Queued::Job(first)) = writer.first().await {
        writer.commit_group(first).await;
    }
}

struct Writer {
    tx: Tx,
    queue: mpsc::Receiver<Queued>,
    /// What was taken from the queue and does not belong to the group before it.
    next: Option<Queued>,
    /// Where others are told of it.
    written: Arc<Written>,
}

impl Writer {
    async fn first(&mut self) -> Option<Queued> {
        match self.next.take() {
            Some(queued) => Some(queued),
            None => self.queue.recv().await,
        }
    }

    /// The next job of a group, if one stands in the queue that may share the group's turn.
    fn following(&mut self, turn: &Turn) -> Option<Box<dyn Job>> {
        match self.queue.try_recv().ok()? {
            Queued::Job(job) if self.tx.may_share(turn, job.turn()) => Some(job),
            other => {
                self.next = Some(other);
                None
            }
        }
    }

    async fn commit_group(&mut self, first: Box<dyn Job>) {
        let turn = first.turn().clone();
        if let Err(error) = self.tx.begin(&turn).await {
            tracing::error!(%error, "The writer could not begin");
            return first.refuse(error.to_string());
        }
        let working = Stopwatch::start();
        let (mut answers, mut turns, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(job) = next {
            bytes += job.bytes();
            turns.push(job.turn().clone());
            answers.push(job.run(&mut self.tx).await);
            let room = answers.len() < GROUP_JOBS && bytes < GROUP_BYTES && working.elapsed() < GROUP_TIME;
            next = if room { self.following(&turn) } else { None };
        }
        metrics::histogram!("rasoat_write_group_jobs").record(answers.len() as f64);
        metrics::gauge!("rasoat_write_queue_jobs").set(self.queue.len() as f64);
        let committed = self.tx.commit().await.map_err(|error| error.to_string());
        match &committed {
            Ok(()) => turns.iter().for_each(|turn| self.written.note(turn)),
            Err(error) => tracing::error!(%error, "A group of writes was lost and its callers told"),
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor, SqliteConnection};

    use super::super::statement::{scalar, sql};
    use super::*;

    type Waiting = Answered<(), StoreError>;

    /// A writer with a table whose parent is only checked at the commit, and its queue.
    async fn writer() -> (Writer, mpsc::Sender<Queued>) {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let tables = "CREATE TABLE entry (id INTEGER PRIMARY KEY, \
                      parent INTEGER REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED)";
        connection.execute(tables).await.unwrap();
        let (sender, queue) = mpsc::channel(10);
        (Writer { tx: Tx::sqlite(connection), queue, next: None, written: Arc::default() }, sender)
    }

    fn adding(id: i64, parent: Option<i64>) -> (Box<dyn Job>, Waiting) {
        writing(0, id, parent)
    }

    fn writing(bytes: usize, id: i64, parent: Option<i64>) -> (Box<dyn Job>, Waiting) {
        let (work, answer) = Work::new("test", Turn::House, bytes, move |tx| {
            Box::pin(async move {
                let insert = sql("INSERT INTO entry (id, parent) VALUES ($1, $2)").bind(id).bind(parent);
                insert.execute(tx).await?;
                Ok(())
            })
        });
        (Box::new(work), answer)
    }

    async fn entries(tx: &mut Tx) -> i64 {
        scalar("SELECT count(*) FROM entry").fetch_one(tx).await.unwrap()
    }

    #[tokio::test]
    async fn when_the_commit_fails_everybody_in_the_group_is_told_and_nothing_stays() {
        let (mut writer, queue) = writer().await;
        let (first, first_answer) = adding(1, None);
        let (orphan, orphan_answer) = adding(2, Some(99));
        assert!(queue.try_send(Queued::Job(orphan)).is_ok());
        writer.commit_group(first).await;
        assert!(matches!(first_answer.await, Ok(Err(StoreError::Commit(_)))));
        assert!(matches!(orphan_answer.await, Ok(Err(StoreError::Commit(_)))));
        assert_eq!(entries(&mut writer.tx).await, 0);
        let (next, next_answer) = adding(1, None);
        writer.commit_group(next).await;
        assert!(matches!(next_answer.await, Ok(Ok(()))));
    }

    #[tokio::test]
    async fn a_group_that_has_written_enough_leaves_the_rest_to_the_next() {
        let (mut writer, queue) = writer().await;
        let (first, first_answer) = writing(GROUP_BYTES - 1, 1, None);
        let (second, second_answer) = writing(1, 2, None);
        let (third, mut third_answer) = writing(1, 3, None);
        assert!(queue.try_send(Queued::Job(second)).is_ok() && queue.try_send(Queued::Job(third)).is_ok());
        writer.commit_group(first).await;
        assert!(matches!(first_answer.await, Ok(Ok(()))) && matches!(second_answer.await, Ok(Ok(()))));
        assert!(third_answer.try_recv().is_err() && writer.queue.try_recv().is_ok(), "it still waits");
    }

    #[tokio::test]
    async fn jobs_that_wait_together_share_one_commit() {
        let (mut writer, queue) = writer().await;
        let (first, first_answer) = adding(1, None);
        let mut answers = vec![first_answer];
        for id in 2..=8 {
            let (job, answer) = adding(id, Some(1));
            assert!(queue.try_send(Queued::Job(job)).is_ok());
            answers.push(answer);
        }
        writer.commit_group(first).await;
        assert!(writer.queue.try_recv().is_err(), "one group took them all");
        for answer in answers {
            assert!(matches!(answer.await, Ok(Ok(()))));
        }
        assert_eq!(entries(&mut writer.tx).await, 8);
    }

    #[tokio::test]
    async fn the_stop_commits_what_came_before_it_and_leaves_what_comes_after() {
        let (writer, queue) = writer().await;
        let (before, before_answer) = adding(1, None);
        let (after, after_answer) = adding(2, None);
        for queued in [Queued::Job(before), Queued::Stop, Queued::Job(after)] {
            assert!(queue.try_send(queued).is_ok());
        }
        run(writer.tx, writer.queue, writer.written).await;
        assert!(matches!(before_answer.await, Ok(Ok(()))));
        assert!(after_answer.await.is_err());
    }
}
