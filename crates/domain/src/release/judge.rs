//! Whether a canary goes on, goes back, or waits for more runs.

use super::{Arm, Canary, Exposure, Release, Step, Strategy, WHOLE, percent};

/// What the counted runs of a canary's step lead to, and why in words with figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Too few runs have ended.
    Wait(String),
    RollBack(String),
    /// The step is passed.
    Pass(String),
}

impl Release {
    /// The present step.
    pub(crate) fn step_of<'a>(&self, canary: &'a Canary) -> Option<&'a Step> {
        canary.steps.get(usize::try_from(self.step).ok()?)
    }

    /// Judges the present step of a canary; none for other strategies.
    ///
    /// - A step is judged by runs that got their version in it, once `min_runs` of the new version have ended.
    /// - The failure rate is that of these runs.
    /// - Durations are means over succeeded runs. The old version's are taken from the whole release, and as many of
    ///   them must have ended.
    #[must_use]
    pub fn judge(&self) -> Option<Judgement> {
        let Strategy::Canary(canary) = &self.strategy else { return None };
        let step = self.step_of(canary)?;
        let (new, old) = (&self.step_arm, &self.from_arm);
        let (sample, least) = (new.sample(), u64::from(step.min_runs));
        let place = self.place(canary, step);
        let to = self.to;
        if sample < least {
            return Some(Judgement::Wait(format!(
                "{sample} of at least {least} runs of version {to} have ended in {place}"
            )));
        }
        let failures = format!("{} of {sample} runs of version {to} failed in {place}", new.failed);
        if let Some(limit) = canary.max_failures
            && u128::from(new.failed) * u128::from(WHOLE) > u128::from(limit) * u128::from(sample)
        {
            let rate = percent(points(new.failed, sample));
            let limit = percent(limit.into());
            return Some(Judgement::RollBack(format!("{failures}, which is {rate}; the limit is {limit}")));
        }
        let Some(limit) = canary.max_slowdown else { return Some(Judgement::Pass(failures)) };
        if old.succeeded < least {
            return Some(Judgement::Wait(format!(
                "{} of at least {least} runs of version {} have succeeded, with which durations are compared",
                old.succeeded, self.from
            )));
        }
        let durations = format!(
            "runs of version {to} took {} ms on average in {place}, those of version {} {} ms",
            mean(new),
            self.from,
            mean(old)
        );
        if is_slower(new, old, limit) {
            let limit = percent(limit.into());
            return Some(Judgement::RollBack(format!("{durations}; the limit is {limit} longer")));
        }
        Some(Judgement::Pass(format!("{failures}; {durations}")))
    }

    fn place(&self, canary: &Canary, step: &Step) -> String {
        let exposure = match step.exposure {
            Exposure::Share(share) => percent(share.into()),
            Exposure::Runs(1) => "1 run".to_owned(),
            Exposure::Runs(runs) => format!("{runs} runs"),
        };
        format!("step {} of {} ({exposure})", u64::from(self.step) + 1, canary.steps.len())
    }
}

/// Whether the mean of one arm is more than `limit` basis points above that of the other; not while one has none.
fn is_slower(new: &Arm, old: &Arm, limit: u32) -> bool {
    if new.succeeded == 0 || old.succeeded == 0 {
        return false;
    }
    // new / n > old / m * (1 + limit), without a division. Sums stay below 2^64, so two factors fit.
    let left = (u128::from(new.millis) * u128::from(old.succeeded)).saturating_mul(WHOLE.into());
    let allowed = u128::from(WHOLE) + u128::from(limit);
    left > (u128::from(old.millis) * u128::from(new.succeeded)).saturating_mul(allowed)
}

fn mean(arm: &Arm) -> u64 {
    arm.millis.checked_div(arm.succeeded).unwrap_or(0)
}

fn points(part: u64, of: u64) -> u64 {
    let points = u128::from(part) * u128::from(WHOLE);
    u64::try_from(points.checked_div(of.into()).unwrap_or(0)).unwrap_or(u64::MAX)
}
