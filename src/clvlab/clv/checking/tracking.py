"""Whether a fitted purchase model retells the records: purchases over time, and how many bought how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.models.covariates import Logs, moved_parameters
from clvlab.clv.models.histories import read_histories
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.purchases import PurchaseFit

_MOST = 7
_DRAWS = 100
_USUAL = 0.95  # of customers bought less often than the last class says
_ROUNDING = 1e-9


class Tracking(Result):
    """Repeat purchases over time, as they came and as a model expects them.

    Parameters
    ----------
    fit
        A fitted purchase model.
    starts
        When each customer's clock began, in periods from the first of all: the first purchase, or the records' first
        day for customers known before. Indexed by customer.
    entry
        How long each had been a customer when the clock began; 0 for the others.
    bought
        Times of the purchases that count, in the same periods: one entry per purchase.
    fitted_until
        When the data that the model was fitted to end, in the same periods.
    until
        How far to follow. Where that is no whole number of periods, the last one is shorter.
    silent_left_out
        Whether customers with ``entry`` above 0 are here only because they bought by ``fitted_until``, as in the fit.
    whom
        Whose purchases they are, for the title.

    Notes
    -----
    What the model expects of customers of whom nothing is known but when their clock began, and of those who were
    there before the records that they bought in them. A model can track the total and be wrong about each customer;
    one that does not track is wrong about the total.

    A purchase at time 1 falls into period 1: with days as the records have them, the days 1 to 7 after the first
    purchase are a customer's first week.
    """

    decimals = 1

    def __init__(
        self,
        fit: PurchaseFit,
        starts: pd.Series,
        entry: pd.Series,
        bought: np.ndarray,
        fitted_until: float,
        until: float,
        silent_left_out: bool = False,
        whom: str = "",
    ) -> None:
        if not until > 0:
            raise Refused(f"until={until} is no length of time; give the number of periods to follow.")
        self.fit, self.fitted_until, self.until, self.whom = fit, fitted_until, until, whom
        self.customers = len(starts)
        self.period = fit.period or "period"
        self.title = f"Repeat purchases by {self.period}: {fit.model.name} and what came{f', {whom}' if whom else ''}"
        self._frame = self._tracked(starts, entry, bought, silent_left_out)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per period: period (1, 2, ...), actual, expected, and both cumulated."""
        return self._frame

    def _tracked(self, starts: pd.Series, entry: pd.Series, bought: np.ndarray, silent_left_out: bool) -> pd.DataFrame:
        import pandas as pd

        periods = int(np.ceil(self.until - _ROUNDING))
        kinds = pd.DataFrame({"start": starts, "entry": entry}).groupby(["start", "entry"]).size().reset_index(name="n")
        at = np.minimum(np.arange(1.0, periods + 1), self.until)
        ahead = np.maximum(at[None] - kinds["start"].to_numpy()[:, None], 0.0)
        found = self._expected(kinds["entry"].repeat(periods).to_numpy(), ahead.ravel()).reshape(ahead.shape)
        if silent_left_out and self.fit.entry:
            found = self._given_a_purchase(found, kinds, ahead)
        expected = kinds["n"].to_numpy() @ found
        times = np.asarray(bought, dtype=float)
        times = times[(times >= 0) & (times <= self.until + _ROUNDING)]
        places = np.maximum(np.ceil(times - _ROUNDING).astype(int), 1) - 1
        actual = np.bincount(places, minlength=periods).astype(float)
        frame = pd.DataFrame({"period": np.arange(1, periods + 1), "actual": actual})
        frame["expected"] = np.diff(expected, prepend=0.0)
        frame["actual_cumulated"], frame["expected_cumulated"] = actual.cumsum(), expected
        return frame

    def _expected(self, entry: Array, ahead: Array) -> Array:
        """Return expected purchases from the beginning of the clock, one per row."""
        return self.fit.expected_from_beginning(_beginnings(self.fit, entry), ahead).to_numpy()

    def _given_a_purchase(self, found: Array, kinds: pd.DataFrame, ahead: Array) -> Array:
        """Return expected purchases given one or more by ``fitted_until``, of those who were there before.

        Whoever has bought by a time up to then is among them: up to then, expectations rise by one factor. After it,
        what those without a purchase would still buy is taken off.
        """
        late = np.flatnonzero(kinds["entry"].to_numpy() > 0)
        if not late.size:
            return found
        start, entry = kinds["start"].to_numpy()[late], kinds["entry"].to_numpy()[late]
        silent = _beginnings(self.fit, entry).assign(T=np.maximum(self.fitted_until - start, 0.0))
        none = _chance(self.fit, silent)[:, None]
        after = np.maximum(ahead[late] - silent["T"].to_numpy()[:, None], 0.0)
        beyond = np.zeros_like(after)
        for length in np.unique(after[after > 0]):
            bought = self.fit.expected_purchases(silent, float(length)).to_numpy()[:, None]
            beyond = np.where(after == length, bought, beyond)
        found = found.copy()
        found[late] = (found[late] - none * beyond) / (1 - none)
        return found

    def plot(self, ax: Axes | None = None, cumulated: bool = True) -> Axes:
        """Draw purchases per period, or cumulated, with the end of the data that the model was fitted to."""
        from clvlab.clv.plots.checks import draw_tracking

        return draw_tracking(self, cumulated, ax)


class FrequencyCheck(Result):
    """How many customers bought how often, as they did and as a model expects it.

    Parameters
    ----------
    fit
        A fitted purchase model.
    table
        What it was fitted to.
    seed
        Of the draws that the expectation is a mean of.
    silent_left_out
        As in the fit.
    whom
        Whose purchases they are, for the title.

    Notes
    -----
    Expected: the mean of 100 draws of the same customers, watched for as long, from the fitted parameters. Where
    most customers buy often, the classes double in width, since single numbers would leave all in the last one.
    """

    decimals = 1

    def __init__(
        self, fit: PurchaseFit, table: pd.DataFrame, seed: int = 1, silent_left_out: bool = False, whom: str = ""
    ) -> None:
        self.title = f"Customers by repeat purchases: {fit.model.name} and what came{f', {whom}' if whom else ''}"
        self.name = fit.model.name
        drawn = fit.draws_from_beginning(table, table["T"].to_numpy(dtype=float), _DRAWS, seed)
        late = table[fit.entry].to_numpy() > 0 if silent_left_out and fit.entry else np.zeros(len(table), dtype=bool)
        drawn[0, late & ~drawn.any(axis=0)] = 1  # whoever is hardly ever drawn as buying bought once
        counted = ~late | (drawn > 0)
        lowest = _classes(table["frequency"].to_numpy())
        self._names = _named(lowest)
        self._actual = np.bincount(_place(lowest, table["frequency"].to_numpy()), minlength=len(lowest))
        weight = (counted / np.maximum(counted.sum(axis=0), 1)).ravel()
        self._expected = np.bincount(_place(lowest, drawn.ravel()), weight, len(lowest))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class of repeat purchases: purchases (the last is open), actual, expected (customers)."""
        import pandas as pd

        return pd.DataFrame({"purchases": self._names, "actual": self._actual, "expected": self._expected})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both side by side."""
        from clvlab.clv.plots.checks import draw_frequency_check

        return draw_frequency_check(self.to_frame(), self.name, ax)


def _beginnings(fit: PurchaseFit, entry: Array) -> pd.DataFrame:
    """Return histories in which nothing has happened yet."""
    import pandas as pd

    return pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": 0.0, fit.entry or "entry": entry})


def _chance(fit: PurchaseFit, silent: pd.DataFrame) -> Array:
    """Return the chance of having bought nothing by T."""
    histories = read_histories(silent, covariates=fit.covariates, entry=fit.entry)
    parameters = moved_parameters(fit.model.link or Logs(()), fit.estimate.values(), histories.covariates)
    return np.exp(fit.model.log_likelihood(histories, parameters).value)[histories.inverse]


def _classes(frequency: Array) -> list[int]:
    """Return the lowest number of repeat purchases of each class: 0, 1, ..., 7, or doubling from 1 on."""
    usual = float(np.quantile(frequency, _USUAL)) if len(frequency) else 0.0
    if usual <= 2 * _MOST:
        return list(range(_MOST + 1))
    return [0, *(2**n for n in range(int(np.ceil(np.log2(usual))) + 1))]


def _place(lowest: list[int], frequency: Array) -> NDArray[np.intp]:
    """Return the class of each number of repeat purchases."""
    return np.searchsorted(lowest, frequency, side="right") - 1


def _named(lowest: list[int]) -> list[str]:
    """Return the classes' names."""
    ends = [after - 1 for after in lowest[1:]]
    names = [str(low) if low == end else f"{low}-{end}" for low, end in zip(lowest, ends, strict=False)]
    return [*names, f"{lowest[-1]} or more"]
