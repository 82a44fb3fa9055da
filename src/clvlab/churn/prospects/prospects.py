"""Who will leave, and by when: every customer who is not lost, from its covariates and its silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.churn.hazards.monthly.fit import MonthlyHazard
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.prospects.drift import drifted, own_past, persistence
from clvlab.churn.prospects.gone import already_gone, called_though_there
from clvlab.churn.spells import Floats
from clvlab.features.churn_definitions import Rhythm
from clvlab.features.panel import Panel
from clvlab.features.spells import AccountSpells
from clvlab.periods import days_per
from clvlab.refusal import Refused
from clvlab.results import Result

DRAWS = 200
# A chance to stay below this has no logarithm that a machine can hold.
_LEAST = 1e-300
_FIVE, _NINETY_FIVE = 0.05, 0.95
CONTRACT = "contract"
# With few leavings these come first: what is known to matter most, whatever these records say.
TERMS = ("contract_running", "contract_term_ends")
FIRST = (*TERMS, "failures_mean", "tenure_years", "neglect", "complaints_slow")
_EVENTS_EACH = 5
_ENOUGH = 10
# Months of records in which rhythms rest on the segment more than on the customer, and call too many lost.
_FIRST_MONTHS = 6


@dataclass(frozen=True, repr=False, eq=False)
class Prospects(Result):
    """What lies ahead of every customer who is not lost, as known on one day.

    Attributes
    ----------
    frame
        One row per customer, by customer_id: ``tie``, ``already_gone`` (probability that it has left unnoticed; 0 under
        contract), ``hazard`` (of leaving in the month that begins, if still there), and for each horizon in months h
        ``leave_h``, ``leave_h_lower``, ``leave_h_upper`` (probability to have left by then, as the definition of churn
        will tell: a long silence may be called though the customer is still there; 90% interval), and
        ``risk_h``, ``risk_h_lower``, ``risk_h_upper`` (probability to leave within it, of a customer surely there).
    totals
        By horizon: ``leave``, ``lower``, ``upper``: how many customers will have left by then, with a 90% interval that
        holds chance too.
    panel
        The months at risk that the model was fitted to.
    fit
        The monthly hazard.
    past
        Each customer's own past, from :func:`clvlab.churn.prospects.drift.own_past`.
    now
        Covariates of the month that begins, by customer_id.
    coming
        Months ahead with expected covariates: customer_id, ``lead`` (0 for the month that begins) and covariates.
    horizons
        In months.
    left_out
        Covariates for which there were too few leavings.

    Notes
    -----
    The probability is that of customers like this one: the interval holds what the data leave open about the hazard,
    not what sets this customer apart in ways that no record shows.
    """

    frame: pd.DataFrame
    totals: pd.DataFrame
    panel: Panel
    fit: MonthlyHazard
    past: pd.DataFrame
    now: pd.DataFrame
    coming: pd.DataFrame
    horizons: tuple[int, ...]
    left_out: tuple[str, ...]

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates of the model."""
        return list(self.now.columns)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer."""
        return self.frame

    def together(self, customers: pd.Index, months: int, seed: int) -> pd.Series:
        """Return how many of some customers will have left by a horizon: leave, lower, upper, as in ``totals``.

        The chance that a long silence is called by then, which the draws of all customers took in, stands at its mean.
        """
        own = self.frame[self.frame.index.isin(customers)]
        if len(own) == len(self.frame):
            return self.totals.loc[months]
        if own.empty:
            return pd.Series({"leave": 0.0, "lower": 0.0, "upper": 0.0})
        coming = self.coming[self.coming["customer_id"].isin(own.index)]
        last = coming["lead"] == months - 1
        leaves = 1 - self.fit.draw_survival(coming, DRAWS, seed)[:, last]
        ahead = own.loc[coming.loc[last, "customer_id"]]
        called = ((ahead[f"leave_{months}"] - ahead[f"risk_{months}"]) / (1 - ahead[f"risk_{months}"])).to_numpy()
        return pd.Series(_total(called + (1 - called) * leaves, np.random.default_rng(seed)))


def prospects(
    months: Panel,
    coming: Panel,
    accounts: AccountSpells,
    rhythm: Rhythm | None,
    horizons: Sequence[int],
    seed: int = 1,
) -> Prospects:
    """Fit the hazard of leaving to what was known on a day and look ahead from it.

    Parameters
    ----------
    months
        Months at risk, as known that day.
    coming
        Months ahead of the customers still there, from :func:`clvlab.features.panel.panel_and_ahead`.
    accounts
        Spells and standing of customers as known then.
    rhythm
        Of the same orders; None where there is none to learn, and nobody then counts as gone already.
    horizons
        In months.
    seed
        Of the draws behind the intervals.

    Raises
    ------
    Refused
        When nobody left, when the fit did not settle, and as
        :func:`~clvlab.churn.hazards.monthly.monthly_hazard`.

    Notes
    -----
    Covariates as known today go back to the customer's own past at the pace seen in the panel, those known ahead
    (a contract's term, tenure) go on as known. Spells end when the definition says so, now and then wrongly. The
    hazard fitted to them holds such false alarms of gaps to come; to have left by a horizon holds that of today's gap
    too, which matters where a silence is close to being called. Coefficients are drawn towards 0 as far as the data
    suggest, so that predictions are not too extreme. With few events only the first covariates are taken, in an order
    that was chosen without looking at the outcome: one for every five events. The records' first half-year is left out
    of the fit unless most leavings fall into it: with it 10% fewer left than expected on 40 simulated markets, without
    it 4%.
    """
    months = _well_known(months)
    names, left_out = _affordable(months)
    fit = monthly_hazard(months.frame, names, shrink=True, held=_held(months.frame, names), confidence=0.9)
    if not fit.diagnostics_["converged"]:
        raise Refused(
            f"The hazard of leaving did not settle with {int(months.frame['event'].sum()):,} leavings; give a longer"
            " history, or a definition of churn that calls more or fewer customers lost."
        )
    lead = coming.frame.groupby("customer_id").cumcount().to_numpy()
    past = own_past(months.frame, names)
    drifting = [name for name in names if name not in months.known_ahead]
    expected = drifted(coming.frame, past, persistence(months.frame, drifting), lead)
    now = expected[lead == 0].set_index("customer_id")
    survival = fit.draw_survival(expected, DRAWS, seed)
    first = -np.log(np.maximum(survival[:, lead == 0], _LEAST))
    tie = accounts.running.set_index("customer_id")["tie"].reindex(now.index)
    gone, called = np.zeros(first.shape), np.zeros(first.shape)
    if rhythm is not None:
        spot = (tie != CONTRACT).to_numpy()
        standing = accounts.standing.loc[now.index[spot]]
        silent, patience = (standing[name].to_numpy(dtype=float) for name in ("silent_days", "patience_days"))
        exceeds = _gap_exceeds(rhythm, standing.index)
        gone[:, spot] = already_gone(silent, first[:, spot] / days_per("month"), exceeds)
        called[:, spot] = gone[:, spot] + (1 - gone[:, spot]) * called_though_there(silent, patience, exceeds)
    rng = np.random.default_rng(seed)
    totals = {}
    columns: dict[str, Floats] = {"already_gone": gone.mean(axis=0), "hazard": -np.expm1(-first).mean(axis=0)}
    for horizon in horizons:
        leaves = 1 - survival[:, lead == horizon - 1]
        left = called + (1 - called) * leaves
        columns |= _with_ends(f"leave_{horizon}", left) | _with_ends(f"risk_{horizon}", leaves)
        totals[horizon] = _total(left, rng)
    frame = pd.DataFrame({"tie": tie, **columns}, index=now.index)
    return Prospects(
        frame, pd.DataFrame(totals).T, months, fit, past, now[names], expected.assign(lead=lead), tuple(horizons),
        left_out,
    )  # fmt: skip


def _well_known(months: Panel) -> Panel:
    """Return the months that had half a year of records behind them; all of them where most leavings came earlier."""
    frame = months.frame
    known = frame[frame["months_recorded"] >= _FIRST_MONTHS]
    if 2 * known["event"].sum() < frame["event"].sum():
        return months
    return Panel(known.reset_index(drop=True), months.covariates, months.missing)


def _affordable(months: Panel) -> tuple[list[str], tuple[str, ...]]:
    """Return the covariates that the leavings can carry, in the order of FIRST and of the panel, and those left out."""
    varying = [name for name in months.names() if months.frame[name].std() > 0]
    ordered = sorted(varying, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    most = max(int(months.frame["event"].sum()) // _EVENTS_EACH, 1)
    return ordered[:most], tuple(ordered[most:])


def _held(months: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the contract covariates with leavings enough on both sides to need no drawing towards 0.

    That a running contract keeps a customer is what a contract is for: to draw it towards no effect with all that may
    have none would take customers under contract for riskier, and the others for safer, than they are.
    """
    left = months[months["event"] == 1]
    return [name for name in TERMS if name in names and min((left[name] == value).sum() for value in (0, 1)) >= _ENOUGH]


def _with_ends(name: str, draws: Floats) -> dict[str, Floats]:
    """Return mean and 90% interval of draws, by column name."""
    ends = {
        f"{name}_lower": np.quantile(draws, _FIVE, axis=0),
        f"{name}_upper": np.quantile(draws, _NINETY_FIVE, axis=0),
    }
    return {name: draws.mean(axis=0), **ends}


def _total(probability: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Return how many leave, with an interval, from draws of each customer's probability."""
    expected = probability.sum(axis=1)
    by_chance = np.sqrt((probability * (1 - probability)).sum(axis=1)) * rng.standard_normal(len(expected))
    customers = probability.shape[1]
    lower, upper = np.quantile(np.clip(expected + by_chance, 0, customers), [_FIVE, _NINETY_FIVE])
    return {"leave": float(expected.mean()), "lower": float(lower), "upper": float(upper)}


def _gap_exceeds(rhythm: Rhythm, customers: pd.Index) -> Callable[[Floats], Floats]:
    """Return the function from days of shape (n, customers) to the probability that a stayer's gap is longer."""
    known = rhythm.customers.index
    place = known.get_indexer(customers)

    def exceeds(days: Floats) -> Floats:
        everyone = np.zeros((len(days), len(known)))
        everyone[:, place] = days
        return rhythm.probability_of_silence(everyone)[:, place]

    return exceeds
