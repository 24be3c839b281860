//! Closed-loop load: so many clients, each with one operation under way at a time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// What a load led to.
#[derive(Clone, Debug)]
pub struct Figures {
    pub clients: usize,
    pub operations: u64,
    pub errors: u64,
    pub elapsed: Duration,
    latency_us: Histogram<u64>,
}

impl Figures {
    /// Successful operations a second.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }

    /// Latency that `percent` of the operations stayed under.
    #[must_use]
    pub fn latency(&self, percent: f64) -> Duration {
        Duration::from_micros(self.latency_us.value_at_percentile(percent))
    }
}

/// Runs `clients` loops of `operation(client, n)` for `duration` after a warm-up of a fifth of it.
///
/// # Errors
/// When a histogram can't be made.
pub async fn run<F, A>(clients: usize, duration: Duration, operation: A) -> anyhow::Result<Figures>
where
    A: Fn(usize, u64) -> F + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let operation = Arc::new(operation);
    let errors = Arc::new(AtomicU64::new(0));
    let measure_from = Instant::now() + duration / 5;
    let end = measure_from + duration;
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (operation, errors) = (operation.clone(), errors.clone());
        tasks.spawn(async move {
            let mut latency = Histogram::<u64>::new_with_bounds(1, 120_000_000, 3)?;
            let mut n = 0;
            while Instant::now() < end {
                let start = Instant::now();
                let outcome = operation(client, n).await;
                n += 1;
                if start < measure_from {
                    continue;
                }
                match outcome {
                    Ok(()) => latency.saturating_record(u64::try_from(start.elapsed().as_micros())?),
                    Err(_) => _ = errors.fetch_add(1, Ordering::Relaxed),
                }
            }
            anyhow::Ok(latency)
        });
    }
    let mut latency_us = Histogram::<u64>::new_with_bounds(1, 120_000_000, 3)?;
    while let Some(done) = tasks.join_next().await {
        latency_us.add(done??)?;
    }
    Ok(Figures {
        clients,
        operations: latency_us.len(),
        errors: errors.load(Ordering::Relaxed),
        elapsed: duration,
        latency_us,
    })
}
