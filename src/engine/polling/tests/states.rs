use super::scenario::Scenario;
use super::values::{PageBuilder, closed, page};
use crate::engine::ShardStart;
use crate::model::FailureClass;

pub(super) type StateBuilder = fn() -> Scenario;

pub(super) const STATES: [(&str, StateBuilder); 15] = [
    ("Idle without room", || Scenario::new(ShardStart::TrimHorizon)),
    ("Idle, a page waiting", || {
        let mut s = Scenario::polling();
        s.page(page([3]).behind(9));
        s
    }),
    ("Idle until its time", || {
        let mut s = Scenario::polling();
        s.page(page([]));
        s.demand();
        s
    }),
    ("Idle without an iterator", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::InvalidArgument);
        s
    }),
    ("Calling for the first iterator", || {
        let mut s = Scenario::new(ShardStart::TrimHorizon);
        s.demand();
        s
    }),
    ("Calling for another iterator", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::ExpiredIterator);
        s
    }),
    ("Calling for records", Scenario::polling),
    ("Calling for records with a second iterator", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::ExpiredIterator);
        s.iterator("second");
        s.next_call();
        s
    }),
    ("Calling to confirm the end", || {
        let mut s = checking();
        s.checked(closed(9, &["a"]));
        s.iterator("i");
        s.next_call();
        s
    }),
    ("Ending with the shard, its last page waiting", || {
        let mut s = Scenario::polling();
        s.page(page([]).with_children(&["a"]));
        s
    }),
    ("Ending unclear, its last page waiting", || {
        let mut s = Scenario::polling();
        s.page(page([]).last());
        s
    }),
    ("Checking an unclear end", checking),
    ("Checking a refused position", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::ExpiredIterator);
        s.no_iterator(FailureClass::InvalidArgument);
        s
    }),
    ("Checking what was not found", || {
        let mut s = Scenario::polling();
        s.no_page(FailureClass::ResourceNotFound);
        s
    }),
    ("Over", || {
        let mut s = Scenario::polling();
        s.shutdown();
        s
    }),
];

/// Records 1 and 2 are stored, and then came a last page without children.
fn checking() -> Scenario {
    let mut s = Scenario::polling();
    s.page(page([]).last());
    s.demand();
    s
}
