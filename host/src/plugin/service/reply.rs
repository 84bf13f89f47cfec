//! Answers that come later.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::oneshot;

/// What a service was asked, once it has dealt with it: a future, which can be [waited](Reply::wait) for as well.
///
/// Clones are told the same. Dropping it takes nothing back.
#[derive(Clone)]
#[must_use = "what becomes of it is told here only"]
pub struct Reply<T: Clone> {
    answer: Shared<oneshot::Receiver<T>>,
    /// What to say where nobody is left to answer.
    lost: fn() -> T,
}

/// Who gives the answer.
pub(super) type Answering<T> = oneshot::Sender<T>;

impl<T: Clone> Reply<T> {
    /// An answer to come, and who gives it. Where that is dropped, the answer is `lost`.
    pub(super) fn new(lost: fn() -> T) -> (Answering<T>, Self) {
        let (give, answer) = oneshot::channel();
        let answer = answer.shared();
        (give, Self { answer, lost })
    }

    /// An answer that is there already.
    pub(super) fn now(answer: T, lost: fn() -> T) -> Self {
        let (give, reply) = Self::new(lost);
        // It cannot fail: the other half is in our hands.
        let _ = give.send(answer);
        reply
    }

    /// Wait for it on this thread, which must not be one that drives other futures.
    pub fn wait(self) -> T {
        pollster::block_on(self)
    }
}

impl<T: Clone> Future for Reply<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let lost = self.lost;
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|answer| answer.unwrap_or_else(|_| lost()))
    }
}

impl<T: Clone> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_waited_for_wherever_it_comes_from() {
        assert_eq!(Reply::now(7, || 0).wait(), 7);
        let (give, reply) = Reply::new(|| 0);
        let other = std::thread::spawn(move || give.send(8));
        assert_eq!((reply.clone().wait(), reply.wait()), (8, 8));
        other.join().unwrap().unwrap();
    }

    #[test]
    fn an_answer_that_nobody_will_give_is_made_up_for() {
        let (give, reply) = Reply::new(|| 9);
        drop(give);
        assert_eq!(reply.wait(), 9);
    }
}
