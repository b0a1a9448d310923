//! Which connections of an origin have room, who waits for it, what is dialled for them. It decides; it sends, dials and locks
//! nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Slot;
use crate::transport::connection::{Connection, ConnectionId};
use crate::transport::deadline::GRACE;
use crate::transport::dialling::Dialling;
use crate::transport::error::TransportError;
use crate::transport::stats::Http2Stats;

pub(super) struct State {
    /// Those that take new streams, the oldest first.
    open: Vec<Member>,
    waiting: BTreeMap<Ticket, Waiter>,
    dials: HashMap<DialId, Dialling>,
    next_id: u64,
    /// Dials that succeeded, ever.
    dialled: u64,
    /// Streams of a connection to this origin, as the last one that was dialled allowed.
    expected_streams: usize,
    /// When a call was last served, or a connection made.
    progress: Instant,
    /// Connections that live, and streams that are taken, those of connections that take no more included.
    connections: usize,
    streams: usize,
}

/// A connection that takes new streams.
pub(super) struct Member {
    connection: Arc<Connection>,
    max_streams: usize,
    streams: usize,
    idle_since: Option<Instant>,
    /// A PING is unanswered.
    doubted: bool,
}

/// A call that waits for a stream.
pub(super) struct Waiter {
    pub(super) answer: Answer,
    /// Where it waits, and where what is dialled for it runs.
    pub(super) runtime: Handle,
    pub(super) connect_timeout: Duration,
    /// The connection that refused this call before.
    pub(super) avoid: Option<ConnectionId>,
}

/// Where a waiting call is answered.
pub(super) type Answer = oneshot::Sender<Result<Slot, TransportError>>;
/// A call's place in the line.
pub(super) type Ticket = u64;
/// Tells dials apart. A dial was begun for the calls whose tickets are less.
pub(in crate::transport) type DialId = u64;

impl State {
    /// Nothing yet; `expected_streams` is what a connection is taken to allow until one has said.
    pub(super) fn new(expected_streams: usize) -> Self {
        Self {
            open: Vec::new(),
            waiting: BTreeMap::new(),
            dials: HashMap::new(),
            next_id: 0,
            dialled: 0,
            expected_streams,
            progress: Instant::now(),
            connections: 0,
            streams: 0,
        }
    }

    /// A call waits from now on.
    pub(super) fn waits(&mut self, waiter: Waiter) -> Ticket {
        let ticket = self.fresh_id();
        self.waiting.insert(ticket, waiter);
        ticket
    }

    /// A call waits no more.
    pub(super) fn leaves(&mut self, ticket: Ticket) -> Option<Waiter> {
        self.waiting.remove(&ticket)
    }

    /// Whether a dial is still waited for.
    pub(super) fn is_dialling(&self, dial: DialId) -> bool {
        self.dials.contains_key(&dial)
    }

    /// A dial has brought a connection.
    pub(super) fn connected(&mut self, dial: DialId, connection: Arc<Connection>, max_streams: usize) {
        self.dials.remove(&dial);
        self.dialled += 1;
        self.progress = Instant::now();
        self.expected_streams = max_streams;
        self.connections += 1;
        self.open.push(Member {
            connection,
            max_streams,
            streams: 0,
            idle_since: Some(Instant::now()),
            doubted: false,
        });
    }

    /// A connection allows so many streams from now on.
    pub(super) fn allows(&mut self, id: ConnectionId, max_streams: usize) {
        if let Some(member) = self.member_mut(id) {
            member.max_streams = max_streams;
        }
    }

    /// A connection may be dead, or is known to live.
    pub(super) fn doubts(&mut self, id: ConnectionId, doubted: bool) {
        if let Some(member) = self.member_mut(id) {
            member.doubted = doubted;
        }
    }

    /// A stream of a connection is given back.
    pub(super) fn released(&mut self, id: ConnectionId) {
        self.streams -= 1;
        if let Some(member) = self.member_mut(id) {
            member.streams -= 1;
            member.idle_since = (member.streams == 0).then(Instant::now);
        }
    }

    /// A connection takes no new streams. What is left of it is for the caller to drop, without a lock.
    pub(super) fn retire(&mut self, id: ConnectionId) -> Option<Member> {
        let at = self.open.iter().position(|member| member.connection.id() == id)?;
        Some(self.open.remove(at))
    }

    /// A connection is closed.
    pub(super) fn closed(&mut self) {
        self.connections -= 1;
    }

    /// Since when a connection has no stream, if it takes new ones: nothing while it has some.
    pub(super) fn idle_since(&self, id: ConnectionId) -> Option<Option<Instant>> {
        self.open.iter().find(|member| member.connection.id() == id).map(|member| member.idle_since)
    }

    pub(super) fn stats(&self) -> Http2Stats {
        Http2Stats {
            connections: self.connections,
            streams: self.streams,
            dials: self.dials.len(),
            waiting: self.waiting.len(),
        }
    }

    /// Gives the call that has waited longest a stream.
    pub(super) fn grant(&mut self) -> Option<(Answer, Arc<Connection>)> {
        if !self.open.iter().any(Member::has_room) {
            return None;
        }
        let find = |waiter: &Waiter| self.open.iter().position(|member| member.serves(waiter));
        let (ticket, at) = self.waiting.iter().find_map(|(ticket, waiter)| Some((*ticket, find(waiter)?)))?;
        let waiter = self.waiting.remove(&ticket)?;
        let member = self.open.get_mut(at)?;
        member.streams += 1;
        member.idle_since = None;
        self.streams += 1;
        self.progress = Instant::now();
        Some((waiter.answer, Arc::clone(&member.connection)))
    }

    /// One more dial, if more calls wait than those under way will serve.
    pub(super) fn next_dial(&mut self) -> Option<(DialId, Duration, Handle)> {
        let wanted = self.waiting.len().div_ceil(self.expected_streams).min(MAX_DIALS);
        if self.dials.len() >= wanted {
            return None;
        }
        // That of the last call is most likely one that somebody runs.
        let runtime = self.waiting.last_key_value()?.1.runtime.clone();
        // Each call gives up by its own limit; none is to fail by that of another.
        let limit = self.waiting.values().map(|waiter| waiter.connect_timeout).max()?;
        let id = self.fresh_id();
        self.dials.insert(id, Dialling { began: Instant::now(), limit, dialled_before: self.dialled });
        Some((id, limit, runtime))
    }

    /// When a call was last served, or a connection made, if that was after `then`.
    pub(super) fn progress_since(&self, then: Instant) -> Option<Instant> {
        (self.progress > then).then_some(self.progress)
    }

    /// Forgets dials that should have ended by themselves: nobody runs the runtime that they are made in.
    pub(super) fn forget_stuck_dials(&mut self) {
        self.dials.retain(|_, dial| dial.began.elapsed() <= dial.limit.saturating_add(GRACE));
    }

    /// The calls that fail with a dial: of those that waited when it began, as many as its connection would have served; and, if
    /// no dial has succeeded since, its part of the rest.
    pub(super) fn take_failed(&mut self, id: DialId) -> Vec<Waiter> {
        let Some(dial) = self.dials.remove(&id) else { return Vec::new() };
        let waited: Vec<Ticket> = self.waiting.range(..id).map(|(ticket, _)| *ticket).collect();
        // Those that were begun since to make up for others do not share: they may well fail as late again.
        let half_its_age = dial.began.elapsed() / 2;
        let others = self.dials.values().filter(|other| other.began.elapsed() >= half_its_age).count();
        let part = if dial.dialled_before == self.dialled { waited.len().div_ceil(1 + others) } else { 0 };
        let failed = waited.into_iter().take(part.max(self.expected_streams));
        failed.filter_map(|ticket| self.waiting.remove(&ticket)).collect()
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn member_mut(&mut self, id: ConnectionId) -> Option<&mut Member> {
        self.open.iter_mut().find(|member| member.connection.id() == id)
    }
}

impl Member {
    fn has_room(&self) -> bool {
        !self.doubted && self.streams < self.max_streams
    }

    fn serves(&self, waiter: &Waiter) -> bool {
        self.has_room() && waiter.avoid != Some(self.connection.id())
    }
}

/// Dials to an origin at a time: a handshake takes some three round trips, so that 40 connections at 50 ms take about a second
/// rather than six; and no more at once, since each costs the peer an asymmetric signature.
const MAX_DIALS: usize = 8;
