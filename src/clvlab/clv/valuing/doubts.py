"""How far customer values can be trusted: what the fits behind them say against them, in a reader's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.checking.backtest_result import MOST_MISSED
from clvlab.clv.models.estimates import Fit

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.valuing.valuation import Money, Stream

# Figures closer together than this part of them are no different.
_HUNDREDTH = 0.01
# From this chance on a customer counts as there.
_STAY = 0.99
_FITS = ("fit", "rates", "renewals")


def doubts(streams: Sequence[Stream], money: Money, frame: pd.DataFrame) -> list[str]:
    """Return what speaks against customer values, in sentences; none where nothing does.

    Parameters
    ----------
    streams, money
        The models by which customers are valued.
    frame
        What came of it, by customer_id: ``value`` and ``probability_alive``.
    """
    said, behind = [], fits(streams, money.fit)
    if unsettled := [fit.title.partition(",")[0] for fit in behind if not fit.diagnostics_["converged"]]:
        said.append(f"The value model did not settle on these records ({', '.join(unsettled)}): values are rough.")
    if alike(frame["value"]):
        said.append(f"All {len(frame):,} customers come out at the same value: who is worth more cannot be told.")
    leaving_untold = any(fit.diagnostics_.get("dropout") for fit in behind)
    if leaving_untold and frame["probability_alive"].min() >= _STAY:
        said.append(
            "The value model sees nobody leave and counts everybody as staying; the probability to leave comes from"
            " another model and is not in the values."
        )
    return said


def not_foretold(tested: Backtest) -> list[str]:
    """Return what a backtest says against a model whose totals were far from what came."""
    if not tested.missed(str(tested.winner)) >= MOST_MISSED:
        return []
    return [
        f"On earlier days the purchase model's totals were out by a factor of more than {math.exp(MOST_MISSED):.1f}:"
        " what it foretells is hardly better than a guess; look for a gap in the records."
    ]


def fits(streams: Sequence[Stream], *worth: object) -> list[Fit]:
    """Return the fits behind what streams buy, and behind what it is worth."""
    own = [getattr(stream, name) for stream in streams for name in _FITS if hasattr(stream, name)]
    return [fit for fit in (*own, *worth) if isinstance(fit, Fit)]


def reservations(of: Sequence[Fit]) -> list[str]:
    """Return what fits say against themselves, in the models' own words."""
    return [f"{fit.title}." for fit in of if " - " in fit.title]


def alike(figures: pd.Series) -> bool:
    """Return whether figures of several customers are the same to a hundredth, so that no cut could part them.

    Examples
    --------
    >>> import pandas as pd
    >>> alike(pd.Series([2008.1, 2007.9])), alike(pd.Series([2008.1, 1950.0])), alike(pd.Series([2008.1]))
    (True, False, False)
    """
    numbers = figures.to_numpy(dtype=float)
    known = numbers[~np.isnan(numbers)]
    return len(known) > 1 and bool(known.max() - known.min() <= _HUNDREDTH * np.abs(known).max())
