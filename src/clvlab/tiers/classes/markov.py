"""Moves between states by month as a Markov chain: how likely each is, how long it all takes, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from clvlab.refusal import Refused
from clvlab.shrinkage import jeffreys_interval

Possible = Mapping[str, Sequence[str]]
Floats = NDArray[np.float64]
_FIVE, _NINETY_FIVE = 0.05, 0.95
_DRAWS = 2000
# Fewer expected in a cell of a table of four, and the chi-squared test does not hold.
_FEWEST = 5


def transitions(moves: pd.DataFrame, possible: Possible) -> pd.DataFrame:
    """Return how many moved from each state to each state that can follow, and how likely that is.

    Parameters
    ----------
    moves
        state, following and n: how many moved from one month to the next.
    possible
        The states that can follow each state.

    Returns
    -------
    DataFrame
        One row per possible move: state, following, count, probability and its 90% interval (Jeffreys'), lower and
        upper; missing for a state in which nobody was seen.

    Examples
    --------
    >>> moves = pd.DataFrame({"state": ["a", "a"], "following": ["a", "b"], "n": [3, 1]})
    >>> transitions(moves, {"a": ("a", "b")})[["state", "following", "count", "probability"]]
      state following  count  probability
    0     a         a      3         0.75
    1     a         b      1         0.25
    """
    cells = pd.MultiIndex.from_tuples([(a, b) for a in possible for b in possible[a]], names=["state", "following"])
    count = moves.groupby(["state", "following"])["n"].sum().reindex(cells, fill_value=0)
    of_state = count.groupby("state").transform("sum")
    lower, upper = jeffreys_interval(count, of_state)
    frame = pd.DataFrame({"count": count, "probability": count / of_state, "lower": lower, "upper": upper})
    frame.loc[of_state == 0, ["lower", "upper"]] = np.nan
    return frame.reset_index()


def expected_months(moves: pd.DataFrame, possible: Possible, end: str, seed: int = 1) -> pd.DataFrame:
    """Return the expected months until an end is reached, and how many of them are spent in each state.

    Parameters
    ----------
    moves, possible
        As for :func:`transitions`.
    end
        The state at which the count stops, such as lost.
    seed
        Of the draws behind the intervals.

    Returns
    -------
    DataFrame
        One row per state and state visited: state, visited (``"all"`` for their sum), months, lower, upper (90%
        interval). The month that begins in the state counts.

    Raises
    ------
    Refused
        When nobody was seen to reach the end, or a state was entered and nobody was seen to leave or stay in it.

    Notes
    -----
    With Q the moves between the states before the end, the months are the fundamental matrix (I - Q)^-1 (Kemeny and
    Snell 1960, "Finite Markov chains", section 3.2). Rows of Q are drawn from Dirichlet distributions with half a count
    added to each possible move (Jeffreys' prior); medians and quantiles of the draws are returned.

    Examples
    --------
    >>> moves = pd.DataFrame({"state": ["a", "a"], "following": ["a", "b"], "n": [9000, 1000]})
    >>> expected_months(moves, {"a": ("a", "b"), "b": ("b",)}, "b").round(0)[["state", "visited", "months"]]
      state visited  months
    0     a       a    10.0
    1     a     all    10.0
    """
    table = transitions(moves, possible)
    seen = table.groupby("state")["count"].sum()
    states = [state for state in possible if seen[state] > 0 and state != end]
    entered = set(table.loc[table["state"].isin(states) & (table["count"] > 0), "following"])
    if end not in entered:
        raise Refused(f"Nobody was seen to become {end}: how long that takes cannot be told; it needs longer records.")
    unseen = [state for state in possible if state in entered - {end, *states}]
    if unseen:
        raise Refused(f"Customers became {', '.join(unseen)} only in the last month; it needs a month more to go on.")
    drawn = _drawn(table, states, [*states, end], seed)[:, :, :-1]
    stays = np.linalg.inv(np.eye(len(states)) - drawn)
    both = np.concatenate([stays, stays.sum(axis=2, keepdims=True)], axis=2)
    return _summarised(both, states, [*states, "all"], "visited", "months")


def reaching(moves: pd.DataFrame, possible: Possible, goal: str, months: int, seed: int = 1) -> pd.DataFrame:
    """Return the probability of reaching a state within so many months.

    Parameters
    ----------
    moves, possible, seed
        As for :func:`expected_months`.
    goal
        The state to be reached, such as returned.
    months
        Within how many months.

    Returns
    -------
    DataFrame
        One row per state in which somebody was seen: state, probability, lower, upper (90% interval). States entered
        only in the last month are left out with those that lead to them alone: they count as not reaching it.
    """
    table = transitions(moves, possible)
    seen = table.groupby("state")["count"].sum()
    states = [state for state in possible if seen[state] > 0 and state != goal]
    drawn = _drawn(table, states, [*states, goal], seed)
    chance = np.zeros((_DRAWS, len(states), 1))
    for _ in range(months):
        chance = drawn[:, :, :-1] @ chance + drawn[:, :, -1:]
    return _summarised(chance, states, [goal], "reached", "probability").drop(columns="reached")


def time_matters(moves: pd.DataFrame, acts: Mapping[str, str]) -> pd.DataFrame:
    """Test whether the time already spent in a state changes what customers do next.

    Parameters
    ----------
    moves
        state, months (already spent), following and n.
    acts
        By state the move that counts, one that the customer makes and no calendar.

    Returns
    -------
    DataFrame
        One row per state: state, following, split (months at which the customer-months part into halves), early and
        late (probability of the move in a month, up to the split and after it, with 90% intervals) and p_value (of no
        difference, chi-squared; missing where too few are expected).

    Notes
    -----
    In a Markov chain early and late are alike. They also differ when customers do: those quick to go are gone early.
    The test cannot tell one from the other; either way the chain is an average over customers.
    """
    rows = []
    for state, following in acts.items():
        mine = moves[moves["state"] == state].sort_values("months")
        if mine["months"].nunique() < 2:
            continue
        cumulated = mine["n"].cumsum()
        split = mine.loc[cumulated >= cumulated.iloc[-1] / 2, "months"].iloc[0]
        split = min(split, mine.loc[mine["months"] < mine["months"].max(), "months"].max())
        did = mine["n"].where(mine["following"] == following, 0)
        sums = pd.DataFrame({"did": did, "n": mine["n"]}).groupby(mine["months"] > split).sum()
        done, all_of = sums["did"].to_numpy(), sums["n"].to_numpy()
        lower, upper = jeffreys_interval(done, all_of)
        early, late = (
            {name: done[i] / all_of[i], f"{name}_lower": lower[i], f"{name}_upper": upper[i]}
            for i, name in enumerate(("early", "late"))
        )
        p_value = _p_value(done, all_of)
        rows.append({"state": state, "following": following, "split": int(split), **early, **late, "p_value": p_value})
    ends = [f"{name}{end}" for name in ("early", "late") for end in ("", "_lower", "_upper")]
    return pd.DataFrame(rows, columns=["state", "following", "split", *ends, "p_value"])


def _p_value(done: Floats, all_of: Floats) -> float:
    """Return the probability of so different a share in two groups by chance; missing where too few are expected."""
    share = done.sum() / all_of.sum()
    if all_of.min() * min(share, 1 - share) < _FEWEST:
        return float("nan")
    return float(chi2_contingency([done, all_of - done]).pvalue)


def _drawn(table: pd.DataFrame, states: list[str], reached: list[str], seed: int) -> Floats:
    """Return draws of the moves from ``states`` to those ``reached``, of shape (draws, states, reached)."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((_DRAWS, len(states), len(reached)))
    for i, state in enumerate(states):
        # A possible move to a state that nobody was ever in is none here.
        row = table[(table["state"] == state) & (table["following"].isin(reached) | (table["count"] > 0))]
        kept = row["following"].isin(reached).to_numpy()
        parts = rng.dirichlet(row["count"] + 0.5, _DRAWS)[:, kept]
        drawn[:, i, [reached.index(following) for following in row["following"][kept]]] = parts
    return drawn


def _summarised(drawn: Floats, rows: list[str], columns: list[str], name: str, figure: str) -> pd.DataFrame:
    """Return medians and 90% intervals of draws of shape (draws, rows, columns), one row per cell."""
    lower, middle, upper = np.quantile(drawn, [_FIVE, 0.5, _NINETY_FIVE], axis=0)
    index = pd.MultiIndex.from_product([rows, columns], names=["state", name])
    frame = pd.DataFrame({figure: middle.ravel(), "lower": lower.ravel(), "upper": upper.ravel()}, index=index)
    return frame.reset_index()
