use super::{Page, PageRequest};
use crate::model::{FailureClass, Shard, ShardFilter};

/// One listing, page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    filter: ShardFilter,
    shards: Vec<Shard>,
    next_token: Option<String>,
}

/// What to do about a page that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask for the same page again.
    SamePage,
    /// Begin with the first page again: the token is no good any more (ExpiredNextToken), or may not be.
    StartOver,
    /// The same, but not for ever.
    StartOverForAWhile,
    /// Nothing helps.
    None,
}

impl Listing {
    /// A listing of the shards that pass the filter, with nothing listed yet.
    pub(super) fn of(filter: ShardFilter) -> Self {
        Self { filter, shards: Vec::new(), next_token: None }
    }

    /// The page to ask for.
    pub(super) fn request(&self) -> PageRequest {
        match &self.next_token {
            Some(token) => PageRequest::Next(token.clone()),
            None => PageRequest::First(self.filter.clone()),
        }
    }

    /// Whether the first page is still to come.
    pub(super) fn is_at_first_page(&self) -> bool {
        self.next_token.is_none()
    }

    /// Takes a page in; true if it was the last one.
    pub(super) fn add(&mut self, page: Page) -> bool {
        self.shards.extend(page.shards);
        self.next_token = page.next_token.filter(|token| !token.is_empty());
        self.next_token.is_none()
    }

    /// What was listed.
    pub(super) fn into_shards(self) -> Vec<Shard> {
        self.shards
    }

    /// Forgets the pages so far.
    pub(super) fn start_over(&mut self) {
        *self = Self::of(self.filter.clone());
    }

    /// What helps against this failure of the page that was asked for. Once listings have worked, credentials that expire are
    /// an outage, as they are for subscriptions, and a denial may be one, as may what something before the service answers.
    pub(super) fn remedy(&self, class: FailureClass, have_worked: bool) -> Remedy {
        match class {
            FailureClass::Throttled | FailureClass::TimedOut | FailureClass::Unavailable => Remedy::SamePage,
            FailureClass::Credentials if have_worked => Remedy::StartOver,
            FailureClass::AccessDenied | FailureClass::KmsUnavailable | FailureClass::Unsupported
                if have_worked =>
            {
                Remedy::StartOverForAWhile
            }
            FailureClass::ResourceNotFound
            | FailureClass::AccessDenied
            | FailureClass::Credentials
            | FailureClass::KmsUnavailable => Remedy::None,
            _ if !self.is_at_first_page() => Remedy::StartOver,
            class if class.is_retryable() => Remedy::SamePage,
            _ => Remedy::None,
        }
    }
}
