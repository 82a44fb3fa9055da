"""Simulated customers whose rates, dropout and future are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.clv import BGBB, BGNBD, MBGNBD, ParetoNBD

TRUTH = {
    BGNBD: {"r": 0.8, "alpha": 6.0, "a": 1.2, "b": 4.0},
    MBGNBD: {"r": 0.9, "alpha": 6.0, "a": 1.0, "b": 4.0},
    ParetoNBD: {"r": 0.9, "alpha": 8.0, "s": 0.9, "beta": 25.0},
    BGBB: {"alpha": 1.2, "beta": 0.9, "gamma": 0.8, "delta": 3.5},
}
_MOST = 400  # purchases of one customer


def simulated(
    model: type, n: int, rng: np.random.Generator, horizon: float, **moved
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return summaries of n customers of a model and how often each buys within the horizon after T."""
    truth = TRUTH[model] | moved
    if model is BGBB:
        return _in_opportunities(n, rng, int(horizon), **truth)
    age = rng.uniform(26, 52, n)
    rate = rng.gamma(truth["r"], 1 / np.broadcast_to(truth["alpha"], n))
    times = np.cumsum(rng.exponential(1 / rate[:, None], (n, _MOST)), axis=1)
    if model is ParetoNBD:
        leaves = rng.exponential(1 / rng.gamma(truth["s"], 1 / np.broadcast_to(truth["beta"], n)))
    else:
        last = rng.geometric(rng.beta(np.broadcast_to(truth["a"], n), np.broadcast_to(truth["b"], n)))
        last = last - (model is MBGNBD)  # the first purchase, at time 0, may be the last
        leaves = np.where(last > 0, times[np.arange(n), np.minimum(last, _MOST) - 1], 0.0)
    bought = times <= leaves[:, None]
    past = bought & (times <= age[:, None])
    future = bought & (times > age[:, None]) & (times <= age[:, None] + horizon)
    recency = np.where(past, times, 0.0).max(axis=1)
    table = pd.DataFrame({"frequency": past.sum(axis=1), "recency": recency, "T": age})
    return table, future.sum(axis=1)


def _in_opportunities(n, rng, horizon, alpha, beta, gamma, delta) -> tuple[pd.DataFrame, np.ndarray]:
    opportunities = 10
    buying, leaving = rng.beta(alpha, beta, n), rng.beta(gamma, delta, n)
    when = np.arange(1, opportunities + horizon + 1)
    alive = rng.geometric(leaving)[:, None] > when
    bought = alive & (rng.random(alive.shape) < buying[:, None])
    past = bought[:, :opportunities]
    recency = np.where(past, when[:opportunities], 0).max(axis=1)
    table = pd.DataFrame({"frequency": past.sum(axis=1), "recency": recency, "T": opportunities})
    return table, bought[:, opportunities:].sum(axis=1)
