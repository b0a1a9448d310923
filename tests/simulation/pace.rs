use std::collections::VecDeque;
use std::time::Duration;

/// When calls of one kind for one shard were sent, held to what the service allows in any second.
#[derive(Debug)]
pub(crate) struct Pace {
    most: usize,
    what: &'static str,
    sent: VecDeque<Duration>,
    pub(crate) count: u64,
}

impl Pace {
    pub(crate) fn new(most: usize, what: &'static str) -> Self {
        Self { most, what, sent: VecDeque::new(), count: 0 }
    }

    pub(crate) fn sent(&mut self, at: Duration) {
        while self.sent.front().is_some_and(|first| *first + Duration::from_secs(1) <= at) {
            self.sent.pop_front();
        }
        assert!(self.sent.len() < self.most, "{} too fast: {:?} and now {at:?}", self.what, self.sent);
        self.sent.push_back(at);
        self.count += 1;
    }
}
