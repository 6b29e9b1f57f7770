//! The last answer to a question that costs something: it is kept with its time for all who look, and asked again when
//! somebody wants that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::refusal::Refusal;

/// An answer, and when it was given.
#[derive(Debug)]
pub struct Moment<T> {
    pub at: SystemTime,
    pub took: Duration,
    pub answer: T,
}

/// What is known of a question.
#[derive(Debug)]
pub struct View<T> {
    pub last: Option<Arc<Moment<T>>>,
    /// When the last attempt failed, and why; none if it did not.
    pub failed: Option<(SystemTime, String)>,
    pub is_under_way: bool,
}

pub struct Kept<T>(Mutex<State<T>>);

struct State<T> {
    last: Option<Arc<Moment<T>>>,
    failed: Option<(SystemTime, String)>,
    under_way: usize,
    /// When one was begun because the last answer was old.
    renewed: Option<Instant>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(State { last: None, failed: None, under_way: 0, renewed: None }))
    }
}

impl<T> Kept<T> {
    /// Asks, and keeps the answer, or else why there is none.
    pub async fn ask(
        &self,
        question: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<Arc<Moment<T>>, Refusal> {
        let began = Instant::now();
        let under_way = UnderWay::of(self);
        let answer = question.await;
        drop(under_way);
        let at = SystemTime::now();
        let mut state = self.lock();
        match answer {
            Ok(answer) => {
                let moment = Arc::new(Moment { at, took: began.elapsed(), answer });
                state.last = Some(Arc::clone(&moment));
                state.failed = None;
                Ok(moment)
            }
            Err(refusal) => {
                state.failed = Some((at, refusal.message.clone()));
                Err(refusal)
            }
        }
    }

    pub fn view(&self) -> View<T> {
        let state = self.lock();
        View { last: state.last.clone(), failed: state.failed.clone(), is_under_way: state.under_way > 0 }
    }

    /// Forgets the last answer: it is known to be wrong now.
    pub fn forget(&self) {
        self.lock().last = None;
    }

    /// Whether the last answer is older than this, and nobody was told so within this time: who is told asks again.
    pub fn is_due(&self, longest_age: Duration) -> bool {
        let mut state = self.lock();
        let is_old = match &state.last {
            Some(last) => last.at.elapsed().is_ok_and(|age| age > longest_age),
            None => true,
        };
        let is_due = is_old && state.renewed.is_none_or(|renewed| renewed.elapsed() > longest_age);
        if is_due {
            state.renewed = Some(Instant::now());
        }
        is_due
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a question as under way, until it is answered or given up.
struct UnderWay<'a, T>(&'a Kept<T>);

impl<'a, T> UnderWay<'a, T> {
    fn of(kept: &'a Kept<T>) -> Self {
        kept.lock().under_way += 1;
        Self(kept)
    }
}

impl<T> Drop for UnderWay<'_, T> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_answer_stays_when_a_later_one_fails() {
        let kept = Kept::default();
        assert!(kept.view().last.is_none());
        let question = async {
            assert!(kept.view().is_under_way);
            Ok(1)
        };
        kept.ask(question).await.unwrap();
        kept.ask(async { Err(Refusal::busy()) }).await.unwrap_err();
        let view = kept.view();
        assert_eq!((view.last.unwrap().answer, view.is_under_way), (1, false));
        assert_eq!(view.failed.unwrap().1, Refusal::busy().message);
        kept.ask(async { Ok(2) }).await.unwrap();
        assert!(kept.view().failed.is_none());
    }

    #[tokio::test]
    async fn what_is_given_up_is_not_under_way() {
        let kept = Kept::<()>::default();
        let never = kept.ask(std::future::pending());
        assert!(tokio::time::timeout(Duration::from_millis(1), never).await.is_err());
        assert!(!kept.view().is_under_way);
    }

    #[test]
    fn an_answer_is_asked_for_once_when_it_is_due() {
        let kept = Kept::<()>::default();
        assert!(kept.is_due(Duration::MAX));
        assert!(!kept.is_due(Duration::MAX));
    }
}
