//! Turns at shared values: those of one process who change the same value do it one after the
//! other, so that they do not overtake each other for nothing. Safety is compare-and-set alone.

use tokio::sync::SemaphorePermit;

use super::Failure;
use crate::{hub::SharedPlace, limits};

/// The turns that a transaction has.
pub(super) struct Turns<'a> {
    places: &'a [SharedPlace],
    held: Vec<(usize, SemaphorePermit<'a>)>,
}

impl<'a> Turns<'a> {
    /// No turns yet at any of these values.
    pub(super) fn none(places: &'a [SharedPlace]) -> Self {
        Self {
            places,
            held: Vec::new(),
        }
    }

    /// Takes the turns at these places beside those it has; answers `false` if it had to wait, and
    /// the values may have changed meanwhile.
    ///
    /// # Errors
    ///
    /// [`Failure::Busy`] if too many wait already.
    pub(super) async fn take(
        &mut self,
        wanted: impl Iterator<Item = usize>,
    ) -> Result<bool, Failure> {
        let mut missing: Vec<_> = wanted
            .filter(|place| !self.held.iter().any(|(held, _)| held == place))
            .collect();
        let before = self.held.len();
        for place in &missing {
            match self.places[*place].live.try_turn() {
                Some(permit) => self.held.push((*place, permit)),
                None => break,
            }
        }
        if self.held.len() == before + missing.len() {
            return Ok(true);
        }
        // All wait in one order and with empty hands, so that nobody waits for ever.
        missing.extend(self.held.drain(..).map(|(place, _)| place));
        missing.sort_by_key(|place| self.places[*place].live.key());
        missing.dedup();
        for place in missing {
            let live = &self.places[place].live;
            if live.waiting() >= limits::WAITING_SHARED {
                return Err(Failure::Busy);
            }
            if let Some(permit) = live.turn().await {
                self.held.push((place, permit));
            }
        }
        Ok(false)
    }
}
