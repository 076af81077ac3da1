//! Turns at shared values: writers of one process that change the same value run one after the other,
//! which saves conflicts. Safety is compare-and-set alone.

use tokio::sync::SemaphorePermit;

use crate::{hub::SharedValue, limits, refusal::Refusal};

/// The turns that a transaction has.
pub(super) struct Turns<'a> {
    values: &'a [SharedValue],
    held: Vec<(usize, SemaphorePermit<'a>)>,
}

impl<'a> Turns<'a> {
    /// No turns yet at any of these values.
    pub(super) fn none(values: &'a [SharedValue]) -> Self {
        Self {
            values,
            held: Vec::new(),
        }
    }

    /// Takes the turns at these values. Returns `false` if it had to wait, so that the values may
    /// have changed.
    ///
    /// # Errors
    ///
    /// [`Refusal::BUSY`] if too many wait already.
    pub(super) async fn take(
        &mut self,
        wanted: impl Iterator<Item = usize>,
    ) -> Result<bool, Refusal> {
        let mut missing: Vec<_> = wanted
            .filter(|index| !self.held.iter().any(|(held, _)| held == index))
            .collect();
        let before = self.held.len();
        for index in &missing {
            match self.values[*index].live.try_turn() {
                Some(permit) => self.held.push((*index, permit)),
                None => break,
            }
        }
        if self.held.len() == before + missing.len() {
            return Ok(true);
        }
        // All take their turns in one order and hold none while they wait, so no deadlock is possible.
        missing.extend(self.held.drain(..).map(|(index, _)| index));
        missing.sort_by_key(|index| self.values[*index].live.key());
        missing.dedup();
        for index in missing {
            let live = &self.values[index].live;
            if live.waiting() >= limits::WAITING_SHARED {
                return Err(Refusal::BUSY);
            }
            if let Some(permit) = live.turn().await {
                self.held.push((index, permit));
            }
        }
        Ok(false)
    }
}
