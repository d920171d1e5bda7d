"""Makes the shipped priors of the forecast from generated spend: prints the text of finops/core/forecasting/defaults.py.

The population is invented on purpose: kinds of daily spend that companies have, not any file that the forecast is judged on."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

import finops.core.forecasting.defaults as defaults
from finops.core.forecasting import intervals
from finops.core.forecasting.states import HORIZONS_D, track

SERIES, DAYS = 600, 200


def population(seed: int = 20260101, series: int = SERIES, days: int = DAYS) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Series of daily spend: weekday shape, wandering level, noise, and for some growth, shifts, bursts, gaps or a late start."""
    rng = np.random.Generator(np.random.PCG64(seed))
    spend = np.zeros((series, days))
    first = np.zeros(series, np.int64)
    for row in range(series):
        noise = rng.uniform(0.03, 0.35)
        log = np.cumsum(rng.normal(0, rng.choice([0.005, 0.02, 0.05]), days)) + rng.uniform(1, 7)
        if rng.random() < 0.4:
            log += rng.normal(0, 0.004) * np.arange(days)
        if rng.random() < 0.6:
            for _ in range(rng.integers(1, 4)):
                log[rng.integers(0, days) :] += rng.normal(0, 0.5)
        ripple, carry = np.zeros(days), 0.0
        for day in range(days):
            carry = 0.5 * carry + rng.normal(0, noise)
            ripple[day] = carry
        weekday = np.ones(7)
        if rng.random() < 0.7:
            weekday = np.exp(rng.normal(0, 0.08, 7))
            weekday[5:] *= rng.uniform(0.2, 1.1)
        value = np.exp(log + ripple) * np.resize(weekday, days)
        kind = rng.random()
        if kind < 0.2:
            value *= np.where(rng.random(days) < 0.04, rng.uniform(2, 6, days), 1.0)
        elif kind < 0.27:
            value *= rng.random(days) < rng.uniform(0.2, 0.6)
        elif kind < 0.32:
            value[rng.integers(days // 2, days) :] = 0.0
        elif kind < 0.45:
            first[row] = rng.integers(10, days - 30)
        value[: first[row]] = 0.0
        spend[row] = value
    return spend, first


def main() -> None:
    spend, first = population()
    known = track(spend, first)
    total = np.concatenate([np.zeros((len(spend), 1)), np.cumsum(spend, axis=1)], axis=1)
    ages = np.arange(spend.shape[1])[None, :] - first[:, None] + 1
    daily, _ = intervals._mean_past_error(intervals._errors(total, known.past[1], known.scale, ages, 1), 1)
    out = sys.stdout
    out.write(f'"""{(defaults.__doc__ or "").strip()}"""\n\nfrom __future__ import annotations\n')
    states, priors, quantiles = {}, {}, {}
    for h in HORIZONS_D:
        error = intervals._errors(total, known.past[h], known.scale, ages, h)
        own, seen = intervals._mean_past_error(error, h)
        priors[h] = _fitted(error, own, seen, daily)
        defaults.ERROR_PRIOR[h] = priors[h]
        z = error / intervals._width(own, seen, daily, h, np.ones(len(own), bool))[:, :-1]
        weight = np.isfinite(z) / np.maximum(np.isfinite(z).sum(axis=1), 1)[:, None]
        chosen = np.isfinite(z)
        quantiles[h] = tuple(round(float(q), 3) for q in intervals._weighted_quantiles(z[chosen], weight[chosen]))
        states[h] = known.mean_errors[h]
    for name, of, kind, words in (
        (
            "STATE_ERRORS",
            states,
            "tuple[float, ...]",
            "Per horizon in days, each smoothing state's error against the mean state.",
        ),
        (
            "ERROR_PRIOR",
            priors,
            "tuple[float, float, float]",
            "Expected log |error|: level, slope on log daily error, short record.",
        ),
        ("Z_QUANTILES", quantiles, "tuple[float, ...]", "Quantiles of error / expected |error| at 0.025, 0.05 … 0.975."),
    ):
        out.write(f"\n{name}: dict[int, {kind}] = {{\n")
        for h in HORIZONS_D:
            out.write(f"    {h}: {of[h]},\n")
        out.write(f'}}\n"""{words}"""\n')


def _fitted(
    error: NDArray[np.float64], own: NDArray[np.float64], seen: NDArray[np.float64], daily: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Least squares of log |error| levels by series and length of record on the daily error."""
    rows, targets = [], []
    for begin in (4, 10, 18, 30, 50, 90, 140):
        size = np.abs(error[:, begin : begin + 20])
        count = np.isfinite(size).sum(axis=1)
        mean = np.where(np.isfinite(size), size, 0.0).sum(axis=1) / np.maximum(count, 1)
        good = (count >= 10) & (mean > 0.005) & (daily[:, begin] > 0)
        rows.append(
            np.stack([np.ones(good.sum()), np.log(np.clip(daily[good, begin], 0.02, 5)), 1 / (1 + seen[good, begin])], axis=1)
        )
        targets.append(np.log(mean[good]))
    found = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    return (round(float(found[0]), 3), round(float(found[1]), 3), round(float(found[2]), 3))


if __name__ == "__main__":
    main()
