//! Portfolios of the past. The newest few are kept: whoever looks at a past date looks at it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use karez_events::Position;
use karez_projections::Portfolio;

use crate::replay::{ReplayError, load_portfolio};
use crate::store::EventLog;

/// The few past portfolios that are kept, the last used first.
#[derive(Debug)]
pub(crate) struct Past {
    kept: Mutex<VecDeque<Arc<Portfolio>>>,
    most: usize,
    /// One fold at a time: two at once would only be slower.
    folding: tokio::sync::Mutex<()>,
}

impl Past {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            kept: Mutex::new(VecDeque::new()),
            most: most.max(1),
            folding: tokio::sync::Mutex::new(()),
        }
    }

    /// The portfolio as it was known at a position.
    pub(crate) async fn at(&self, log: &EventLog, position: Position) -> Result<Arc<Portfolio>, ReplayError> {
        if let Some(found) = self.find(position) {
            return Ok(found);
        }
        let _turn = self.folding.lock().await;
        if let Some(found) = self.find(position) {
            return Ok(found);
        }
        let portfolio = Arc::new(load_portfolio(log, Some(position)).await?);
        self.keep(Arc::clone(&portfolio));
        Ok(portfolio)
    }

    fn find(&self, position: Position) -> Option<Arc<Portfolio>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept
            .iter()
            .position(|portfolio| portfolio.position() == position)?;
        let found = kept.remove(index)?;
        kept.push_front(Arc::clone(&found));
        Some(found)
    }

    fn keep(&self, portfolio: Arc<Portfolio>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(portfolio);
        kept.truncate(self.most);
    }
}
