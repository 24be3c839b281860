//! Whether the figures of two versions differ by more than chance. Floating point is at home here and nowhere below: no
//! decision of the cluster follows from it.

use gofer_domain::release::{Arm, Release};
use gofer_wire::api::v1 as wire;

/// Fewest runs of a kind that are expected on each side for the test of proportions to be good (Cochran, "Some methods
/// for strengthening the common chi-squared tests", Biometrics 10, 1954).
const EXPECTED_MIN: f64 = 5.0;
/// Fewest durations on each side below which a mean says little of runs that are not distributed normally.
const DURATIONS_MIN: u64 = 10;

/// Both versions of a release side by side.
pub(crate) fn compare(release: &Release) -> wire::ReleaseComparison {
    let (from, to) = (&release.from_arm, &release.to_arm);
    wire::ReleaseComparison {
        from: Some(figures(release.from.0, from)),
        to: Some(figures(release.to.0, to)),
        failures: proportions(from, to),
        durations: means(from, to),
    }
}

fn figures(version: u64, arm: &Arm) -> wire::ArmFigures {
    let runs = arm.sample();
    wire::ArmFigures {
        version,
        runs,
        failed: arm.failed,
        failure_rate: if runs == 0 { 0.0 } else { float(arm.failed) / float(runs) },
        duration_mean_ms: mean(arm),
        duration_deviation_ms: variance(arm).map(f64::sqrt),
    }
}

/// The pooled two-proportion z-test, two-sided: z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)), where p is the rate of
/// both together; NIST/SEMATECH e-Handbook of Statistical Methods, section 7.3.3.
fn proportions(one: &Arm, other: &Arm) -> Option<wire::Significance> {
    let (n1, n2) = (float(one.sample()), float(other.sample()));
    if n1 == 0.0 || n2 == 0.0 {
        return None;
    }
    let (f1, f2) = (float(one.failed), float(other.failed));
    let pooled = (f1 + f2) / (n1 + n2);
    let least = n1.min(n2) * pooled.min(1.0 - pooled);
    let error = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    // Without any failure, or without any success, nothing differs.
    let statistic = if error == 0.0 { 0.0 } else { (f2 / n2 - f1 / n1) / error };
    Some(wire::Significance {
        statistic,
        degrees_of_freedom: None,
        p_value: libm::erfc(statistic.abs() / std::f64::consts::SQRT_2),
        is_small_sample: least < EXPECTED_MIN,
    })
}

/// Welch's t-test of the mean durations, two-sided, with the degrees of freedom of Welch and Satterthwaite; NIST/SEMATECH
/// e-Handbook of Statistical Methods, section 7.3.1 (the case of unequal variances). None where nothing varies.
fn means(one: &Arm, other: &Arm) -> Option<wire::Significance> {
    let (n1, n2) = (float(one.succeeded), float(other.succeeded));
    let (e1, e2) = (variance(one)? / n1, variance(other)? / n2);
    let error = e1 + e2;
    if error == 0.0 {
        return None;
    }
    let statistic = (mean(other)? - mean(one)?) / error.sqrt();
    let freedom = error * error / (e1 * e1 / (n1 - 1.0) + e2 * e2 / (n2 - 1.0));
    Some(wire::Significance {
        statistic,
        degrees_of_freedom: Some(freedom),
        p_value: t_two_sided(statistic, freedom),
        is_small_sample: one.succeeded.min(other.succeeded) < DURATIONS_MIN,
    })
}

fn mean(arm: &Arm) -> Option<f64> {
    (arm.succeeded > 0).then(|| float(arm.millis) / float(arm.succeeded))
}

/// The variance of the sample: (sum of squares - square of the sum / n) / (n - 1). Its numerator is taken in whole
/// numbers, as the difference of two large ones that are nearly the same.
fn variance(arm: &Arm) -> Option<f64> {
    let count = arm.succeeded;
    if count < 2 {
        return None;
    }
    let square = u128::from(arm.millis).checked_mul(u128::from(arm.millis))?;
    let spread = u128::from(count).checked_mul(arm.square_millis)?.saturating_sub(square);
    Some(spread as f64 / (float(count) * float(count - 1)))
}

fn float(number: u64) -> f64 {
    number as f64
}

/// How often |T| is at least |t|: I(v / (v + t^2); v / 2, 1 / 2), the regularised incomplete beta function; Abramowitz and
/// Stegun, "Handbook of Mathematical Functions", 26.7.1 with 26.5.27.
fn t_two_sided(t: f64, freedom: f64) -> f64 {
    let x = freedom / (freedom + t * t);
    incomplete_beta(x, freedom / 2.0, 0.5).clamp(0.0, 1.0)
}

/// I(x; a, b) by its continued fraction, NIST Digital Library of Mathematical Functions, 8.17.22. That converges fast for
/// x < (a + 1) / (a + b + 2); otherwise the other tail is taken (8.17.4).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = (a * x.ln() + b * (-x).ln_1p() - log_beta).exp() / a;
    front * beta_fraction(x, a, b)
}

/// 1 / (1 + d1 / (1 + d2 / (1 + …))), evaluated forwards by the method of Lentz as Thompson and Barnett changed it.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    /// Steps within which it converges even for millions of degrees of freedom.
    const STEPS: u32 = 10_000;
    const TINY: f64 = 1e-300;
    let whole = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    for step in 0..STEPS {
        let m = f64::from(step / 2);
        let term = match step {
            0 => 1.0,
            _ if step % 2 == 0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = 1.0 / whole(1.0 + term * d);
        c = whole(1.0 + term / c);
        let factor = c * d;
        value *= factor;
        if step > 0 && (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    // What was evaluated is 1 + 1 / (1 + …).
    value - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() <= 1e-6 * wanted.abs().max(1e-3), "{found} is not {wanted}");
    }

    fn rates(n: u64, failed: u64) -> Arm {
        Arm { succeeded: n - failed, failed, ..Arm::default() }
    }

    fn durations(millis: &[u64]) -> Arm {
        Arm {
            succeeded: millis.len() as u64,
            millis: millis.iter().sum(),
            square_millis: millis.iter().map(|ms| u128::from(ms * ms)).sum(),
            ..Arm::default()
        }
    }

    /// Quantiles of the t distribution from its tables (NIST/SEMATECH e-Handbook, 1.3.6.7.2, to three decimals), and
    /// closed forms: with one degree of freedom it is Cauchy's, with two it is 1 - t / sqrt(2 + t^2).
    #[test]
    fn the_t_distribution_is_that_of_the_tables() {
        for (t, freedom, two_sided) in
            [(2.228, 10.0, 0.05), (3.169, 10.0, 0.01), (2.042, 30.0, 0.05), (1.96, 1e7, 0.05)]
        {
            let found = t_two_sided(t, freedom);
            assert!((found - two_sided).abs() < 1e-4, "{t} with {freedom}: {found}");
        }
        for t in [0.1_f64, 0.5, 1.0, 3.0, 20.0, 400.0] {
            close(t_two_sided(t, 1.0), 1.0 - 2.0 / std::f64::consts::PI * t.atan());
            close(t_two_sided(t, 2.0), 1.0 - t / (2.0 + t * t).sqrt());
            // With three: 1 - 2/pi * (atan(t/sqrt 3) + (t/sqrt 3) / (1 + t^2/3)).
            let u = t / 3.0_f64.sqrt();
            close(t_two_sided(-t, 3.0), 1.0 - 2.0 / std::f64::consts::PI * (u.atan() + u / (1.0 + u * u)));
        }
        close(t_two_sided(0.0, 5.0), 1.0);
    }

    #[test]
    fn rates_are_compared_by_a_pooled_z_test() {
        // 20 of 100 and 30 of 100: p = 1/4, z = 0.1 / sqrt(3/16 * 2/100) = 1.632993..., two-sided 0.102470...
        let found = proportions(&rates(100, 20), &rates(100, 30)).unwrap();
        close(found.statistic, 0.1 / (3.0 / 16.0 * 0.02_f64).sqrt());
        close(found.p_value, 0.102_470_4);
        assert!(!found.is_small_sample);
        let found = proportions(&rates(10, 0), &rates(10, 0)).unwrap();
        assert_eq!((found.statistic, found.p_value, found.is_small_sample), (0.0, 1.0, true));
        assert!(proportions(&rates(10, 1), &rates(0, 0)).is_none());
    }

    /// The figures of the R documentation's data set `sleep`, in tenths: t.test(extra ~ group) gives t = -1.8608,
    /// df = 17.776, p = 0.07939. Each value is shifted by 2 hours, which changes neither.
    #[test]
    fn durations_are_compared_by_welchs_test() {
        let one = durations(&[27, 4, 18, 8, 19, 54, 57, 28, 20, 40]);
        let other = durations(&[39, 28, 31, 21, 19, 64, 75, 36, 66, 54]);
        let found = means(&one, &other).unwrap();
        assert!((found.statistic - 1.8608).abs() < 5e-5, "{found:?}");
        assert!((found.degrees_of_freedom.unwrap() - 17.776).abs() < 5e-4, "{found:?}");
        assert!((found.p_value - 0.07939).abs() < 5e-6, "{found:?}");
        assert!(means(&durations(&[5, 5]), &durations(&[5, 5])).is_none());
        assert!(means(&durations(&[5]), &durations(&[5, 6])).is_none());
    }
}
