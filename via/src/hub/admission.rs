//! Limits how often a session acts and how many of its actions wait.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::LiveSession;
use crate::{limits, lock::lock, state::TabId};

/// How often something may happen: so many times a second on average, and so many times at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActionRate {
    /// The time in which one time is earned.
    each: Duration,
    burst: u32,
}

impl ActionRate {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self {
            each: Duration::from_secs(1) / per_second,
            burst,
        }
    }

    /// How many sessions the visitors of one address begin.
    pub(crate) fn of_new_sessions() -> Self {
        Self::new(limits::NEW_SESSIONS_PER_SECOND, limits::NEW_SESSION_BURST)
    }

    /// The same rate for so many times as many.
    pub(crate) fn times(self, factor: u32) -> Self {
        Self {
            each: self.each / factor,
            burst: self.burst.saturating_mul(factor),
        }
    }

    /// Until when everything is paid for after one more at `now`; `None` if that is too much.
    pub(crate) fn pay(self, paid: Option<Instant>, now: Instant) -> Option<Instant> {
        let from = paid.map_or(now, |paid| paid.max(now));
        let tolerated = self.each.saturating_mul(self.burst - 1);
        (from - now <= tolerated).then(|| from + self.each)
    }

    /// After this time without an action a session has its whole burst again.
    pub(super) fn memory(self) -> Duration {
        self.each.saturating_mul(self.burst)
    }
}

impl Default for ActionRate {
    fn default() -> Self {
        Self::new(limits::ACTIONS_PER_SECOND, limits::ACTION_BURST)
    }
}

/// The actions of a session. It lives as long as the live session, which is kept for a moment after
/// its last action.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// When all past actions are paid for.
    paid: Mutex<Option<Instant>>,
    /// The tab of each action that waits.
    waiting: Arc<Mutex<Vec<TabId>>>,
    lingers: AtomicBool,
    /// How many tasks run.
    running: AtomicUsize,
}

/// The slot of a task that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct TaskSlot {
    session: Arc<LiveSession>,
}

/// The slot of an action that waits for its turn.
#[derive(Debug)]
pub(crate) struct QueueSlot {
    waiting: Arc<Mutex<Vec<TabId>>>,
    tab: TabId,
}

impl Admission {
    /// Counts one action and returns whether it may run.
    pub(super) fn admit(&self, rate: ActionRate, now: Instant) -> bool {
        let mut paid = lock(&self.paid);
        let next = rate.pay(*paid, now);
        if next.is_some() {
            *paid = next;
        }
        next.is_some()
    }

    /// Until when past actions count.
    pub(super) fn owes_until(&self, now: Instant) -> Option<Instant> {
        lock(&self.paid).filter(|paid| *paid > now)
    }

    /// Marks the session as kept; returns whether it was not kept before.
    pub(super) fn begin_to_linger(&self) -> bool {
        !self.lingers.swap(true, Ordering::AcqRel)
    }

    pub(super) fn end_to_linger(&self) {
        self.lingers.store(false, Ordering::Release);
    }

    /// A slot to wait in, unless too many wait already.
    pub(super) fn queue_slot(&self, tab: TabId) -> Option<QueueSlot> {
        let mut waiting = lock(&self.waiting);
        let of_tab = waiting.iter().filter(|other| **other == tab).count();
        if waiting.len() >= limits::WAITING_ACTIONS || of_tab >= limits::WAITING_ACTIONS_OF_TAB {
            return None;
        }
        waiting.push(tab);
        Some(QueueSlot {
            waiting: Arc::clone(&self.waiting),
            tab,
        })
    }
}

impl LiveSession {
    /// Slots for so many more tasks, unless more than `limit` would run then.
    pub(crate) fn task_slots(
        self: &Arc<Self>,
        tasks: usize,
        limit: usize,
    ) -> Option<Vec<TaskSlot>> {
        if tasks == 0 {
            return Some(Vec::new());
        }
        let more = |running: usize| {
            running
                .checked_add(tasks)
                .filter(|running| *running <= limit)
        };
        let running = &self.admission.running;
        running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .ok()?;
        let slot = || TaskSlot {
            session: Arc::clone(self),
        };
        Some(std::iter::repeat_with(slot).take(tasks).collect())
    }
}

impl Drop for TaskSlot {
    fn drop(&mut self) {
        let running = &self.session.admission.running;
        running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let mut waiting = lock(&self.waiting);
        if let Some(index) = waiting.iter().position(|tab| *tab == self.tab) {
            waiting.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_may_act_as_often_as_the_burst_at_once_and_then_as_the_rate_allows() {
        let (admission, rate) = (Admission::default(), ActionRate::default());
        let mut now = Instant::now();
        let admitted = |now| (0..100).filter(|_| admission.admit(rate, now)).count();
        assert_eq!(admitted(now), 60);
        now += Duration::from_millis(49);
        assert_eq!(admitted(now), 0);
        now += Duration::from_millis(1);
        assert_eq!(admitted(now), 1);
        now += Duration::from_secs(1);
        assert_eq!(admitted(now), 20);
        now += rate.memory();
        assert_eq!(admitted(now), 60);
    }

    #[test]
    fn so_many_wait_of_one_tab_and_of_one_session_and_whoever_leaves_makes_room() {
        let admission = Admission::default();
        let tab = TabId::fresh();
        let mut slots: Vec<_> = (0..20).filter_map(|_| admission.queue_slot(tab)).collect();
        assert_eq!(slots.len(), 16);
        slots.pop();
        assert!(admission.queue_slot(tab).is_some());
        let others: Vec<_> = (0..80)
            .filter_map(|_| admission.queue_slot(TabId::fresh()))
            .collect();
        assert_eq!(slots.len() + others.len(), 64);
        drop((slots, others));
        assert!(lock(&admission.waiting).is_empty());
    }
}
