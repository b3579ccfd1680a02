//! News: that something was written in a commune, for whoever watches it, in this process and in others.
//!
//! Owns the hint, never the truth: news may come late, twice, for nothing or not at all. Who is told looks into the
//! database, and looks there from time to time untold. What is written within a moment is told at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemas::ids::UnitId;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

use super::StoreError;
use super::turn::{Part, Turn};

/// What is written within this time is told together.
const MOMENT: Duration = Duration::from_millis(100);
/// News that may wait for a watcher. One who comes later than that is told to look at everything.
const WAITING: usize = 64;
/// Before a line that broke is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// PostgreSQL's name for where processes tell each other.
const CHANNEL: &str = "rasoat_news";
/// Communes in one notice: PostgreSQL takes 8,000 bytes.
const NOTICE_COMMUNES: usize = 300;
/// The notice that says nothing in particular.
const EVERYTHING: &str = "*";

/// Where something may have been written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum News {
    /// In these communes.
    Of(BTreeSet<UnitId>),
    /// Anywhere.
    Everywhere,
}

impl News {
    /// Whether a commune may be meant.
    fn concerns(&self, commune: UnitId) -> bool {
        match self {
            Self::Of(communes) => communes.contains(&commune),
            Self::Everywhere => true,
        }
    }

    /// What a job's turn says of where it wrote; `None` for what is no commune's.
    fn of(turn: &Turn) -> Option<Self> {
        let Some(parts) = turn.parts() else { return Some(Self::Everywhere) };
        let communes: BTreeSet<UnitId> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Commune(commune) => Some(*commune),
                Part::Account(_) => None,
            })
            .collect();
        (!communes.is_empty()).then_some(Self::Of(communes))
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(mut communes), Self::Of(more)) => {
                communes.extend(more);
                Self::Of(communes)
            }
            (Self::Everywhere, _) | (_, Self::Everywhere) => Self::Everywhere,
        }
    }

    /// As other processes are told.
    fn notices(&self) -> Vec<String> {
        let Self::Of(communes) = self else { return vec![EVERYTHING.to_owned()] };
        let numbers: Vec<String> = communes.iter().map(|commune| commune.0.to_string()).collect();
        numbers.chunks(NOTICE_COMMUNES).map(|numbers| numbers.join(",")).collect()
    }

    /// What another process says; whatever is not understood may be about anything.
    fn from_notice(notice: &str) -> Self {
        let communes: Result<BTreeSet<UnitId>, _> =
            notice.split(',').map(|number| number.parse().map(UnitId)).collect();
        communes.map_or(Self::Everywhere, Self::Of)
    }
}

/// Somebody who is told.
#[derive(Debug)]
pub struct Watcher(broadcast::Receiver<Arc<News>>);

impl Watcher {
    /// Waits until something may have been written in a commune. `false` once nothing will be any more.
    pub async fn wait(&mut self, commune: UnitId) -> bool {
        loop {
            match self.0.recv().await {
                Ok(news) if news.concerns(commune) => return true,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return true,
                Err(broadcast::error::RecvError::Closed) => return false,
            }
        }
    }
}

/// Where the writers leave what they have written, until the moment is over.
#[derive(Debug, Default)]
pub(super) struct Written {
    news: Mutex<Option<News>>,
    some: Notify,
}

impl Written {
    /// Notes what a group has committed.
    pub(super) fn note(&self, turn: &Turn) {
        let Some(news) = News::of(turn) else { return };
        let mut noted = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        *noted = Some(match noted.take() {
            Some(earlier) => earlier.and(news),
            None => news,
        });
        self.some.notify_one();
    }

    fn take(&self) -> Option<News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What was written in the next moment in which something was.
    async fn next(&self) -> News {
        loop {
            self.some.notified().await;
            tokio::time::sleep(MOMENT).await;
            if let Some(news) = self.take() {
                return news;
            }
        }
    }
}

/// The tasks that carry news to the watchers, for as long as the store is open.
#[derive(Debug)]
pub(super) struct Courier {
    watchers: Mutex<Option<broadcast::Sender<Arc<News>>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Courier {
    /// In a file there is one process: its watchers are told at once.
    pub(super) fn within(written: Arc<Written>) -> Self {
        let (watchers, _) = broadcast::channel(WAITING);
        let tell = watchers.clone();
        let task = tokio::spawn(async move {
            loop {
                // Nobody watches: no fault.
                let _nobody = tell.send(Arc::new(written.next().await));
            }
        });
        Self { watchers: Mutex::new(Some(watchers)), tasks: vec![task] }
    }

    /// On a server all processes are told, this one among them, by one road.
    pub(super) async fn between(written: Arc<Written>, pool: PgPool) -> Result<Self, StoreError> {
        let (watchers, _) = broadcast::channel(WAITING);
        let listener = listen(&pool).await?;
        let heard = tokio::spawn(hear(listener, pool.clone(), watchers.clone()));
        let told = tokio::spawn(async move {
            loop {
                tell(&pool, &written.next().await).await;
            }
        });
        Ok(Self { watchers: Mutex::new(Some(watchers)), tasks: vec![heard, told] })
    }

    /// Somebody begins to watch.
    pub(super) fn watch(&self) -> Watcher {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        // After the end: a line on which nothing comes and that is closed.
        Watcher(watchers.as_ref().map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe))
    }

    /// Ends the watching: everybody who watches is told so.
    pub(super) fn end(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.end();
    }
}

async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// After the commit, in statements of their own: told within it, PostgreSQL would let one commit at a time through.
async fn tell(pool: &PgPool, news: &News) {
    for notice in news.notices() {
        let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(notice).execute(pool).await;
        if let Err(error) = told {
            tracing::warn!(%error, "Other servers were not told of news; they will look by themselves");
        }
    }
}

async fn hear(mut listener: PgListener, pool: PgPool, watchers: broadcast::Sender<Arc<News>>) {
    loop {
        let news = match listener.try_recv().await {
            Ok(Some(notice)) => News::from_notice(notice.payload()),
            // The line broke and is there again: what was told meanwhile nobody knows.
            Ok(None) => News::Everywhere,
            Err(_) => {
                listener = listen_again(&pool).await;
                News::Everywhere
            }
        };
        // Nobody watches: no fault.
        let _nobody = watchers.send(Arc::new(news));
    }
}

async fn listen_again(pool: &PgPool) -> PgListener {
    loop {
        tokio::time::sleep(PAUSE).await;
        match listen(pool).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%error, "News of other servers do not come; watchers look by themselves"),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::ids::AccountId;

    use super::*;

    fn of(communes: impl IntoIterator<Item = u64>) -> News {
        News::Of(communes.into_iter().map(UnitId).collect())
    }

    #[tokio::test]
    async fn who_watches_a_commune_is_not_told_of_others_and_of_everything_when_it_was_too_slow() {
        let (tell, heard) = broadcast::channel(2);
        let mut watcher = Watcher(heard);
        for communes in [[8, 9], [7, 8], [8, 9]] {
            tell.send(Arc::new(of(communes))).unwrap();
        }
        assert!(watcher.wait(UnitId(7)).await, "the first is lost, whatever it was about");
        assert!(watcher.wait(UnitId(7)).await);
        drop(tell);
        assert!(!watcher.wait(UnitId(7)).await, "the last was of others");
    }

    #[test]
    fn a_notice_says_which_communes_and_whatever_is_not_understood_may_be_about_anything() {
        for news in [of([3]), of([3, 9]), News::Everywhere] {
            assert_eq!(news.notices().iter().map(|notice| News::from_notice(notice)).collect::<Vec<_>>(), [news]);
        }
        for notice in ["", "3,", "ba", "-1", "3;9"] {
            assert_eq!(News::from_notice(notice), News::Everywhere, "{notice}");
        }
        let all = of((0..1_000).map(|number| u64::MAX - number));
        let notices = all.notices();
        assert!(notices.iter().all(|notice| notice.len() < 8_000), "what PostgreSQL takes");
        let heard = notices.iter().map(|notice| News::from_notice(notice)).reduce(News::and);
        assert_eq!(heard, Some(all));
    }

    #[test]
    fn what_is_written_before_it_is_told_is_told_together() {
        let (written, lan) = (Written::default(), Part::Account(AccountId(5)));
        let turn = |parts: &[Part]| Turn::Parts(parts.iter().copied().collect());
        written.note(&turn(&[lan]));
        assert_eq!(written.take(), None, "no commune's");
        for commune in [3, 9, 3] {
            written.note(&turn(&[lan, Part::Commune(UnitId(commune))]));
        }
        assert_eq!((written.take(), written.take()), (Some(of([3, 9])), None));
        written.note(&turn(&[Part::Commune(UnitId(3))]));
        written.note(&Turn::House);
        assert_eq!(written.take(), Some(News::Everywhere));
    }
}
