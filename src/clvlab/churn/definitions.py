"""Definitions of churn side by side: how often each cries wolf, and how late it speaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.periods import days_per, parse_date
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.shrinkage import jeffreys_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.features.churn_definitions import ChurnEvents

_FOLLOW_UP = pd.Timedelta(days=round(2 * days_per("quarter")))


class DefinitionsCompared(Result):
    """What each definition of churn would have called; see :func:`compare_definitions`."""

    title = "Definitions of churn"
    decimals = 0
    percent = ("false_alarms", "lower", "upper", "true_calls", "leavings_found")
    fold = False

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per definition."""
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw false alarms against how late each definition speaks."""
        from clvlab.churn.plots.definitions import draw_definitions

        return draw_definitions(self._frame, ax)


def compare_definitions(
    definitions: Mapping[str, ChurnEvents], as_of: str | dt.date, truth: pd.DataFrame | None = None
) -> DefinitionsCompared:
    """Compare definitions of churn on the same records.

    Parameters
    ----------
    definitions
        By the name it is to be shown under: whom each called lost.
    as_of
        The last day known.
    truth
        Where it is known (a simulated market): ``customer_id``, ``left_on`` and ``returned_on`` (missing: never), one
        row per leaving.

    Returns
    -------
    DefinitionsCompared
        One row per definition:

        - ``definition``; ``customers`` called at least once; ``calls``;
        - ``followed``: the calls made half a year or more before ``as_of``; of these, ``false_alarms`` is the share of
          customers back within half a year, with its 90% interval ``lower`` to ``upper`` (Jeffreys);
        - ``days_late`` and ``days_late_90``: from the event's date to the call, the median and the longest but for
          10%;
        - with ``truth``: ``true_calls``, the share of calls of customers who were away that day; ``leavings_found``,
          the share of leavings half a year or more before ``as_of`` that were called before the customer returned; and
          ``days_after_leaving``, the median from the day the customer left to that call.

    Raises
    ------
    Refused
        Without definitions.

    Notes
    -----
    A customer who left and returned within half a year counts as a false alarm where the truth is not known: nothing
    in the records tells the two apart. Calls of one customer are counted each; the interval takes them as independent.

    Examples
    --------
    >>> from clvlab.features.churn_definitions import fixed_silence
    >>> orders = pd.DataFrame({"customer_id": "a", "date": ["2023-01-01", "2023-03-12", "2023-07-01"]})
    >>> calls = {f"{days} days": fixed_silence(orders, "2024-06-30", days) for days in (60, 90)}
    >>> compare_definitions(calls, "2024-06-30").to_frame()[["definition", "calls", "false_alarms", "days_late"]]
      definition  calls  false_alarms  days_late
    0    60 days      3      0.666667       60.0
    1    90 days      2      0.500000       90.0
    """
    if not definitions:
        raise Refused("There is no definition of churn to compare; give one or more.")
    today = pd.Timestamp(parse_date(as_of))
    rows = []
    for name, churn in definitions.items():
        known = _against_truth(churn.events, truth, today) if truth is not None else {}
        rows.append({"definition": name, **_calls(churn.events, today), **known})
    return DefinitionsCompared(pd.DataFrame(rows))


def _calls(events: pd.DataFrame, today: pd.Timestamp) -> dict[str, float]:
    """Return how many calls there were, how many were taken back, and how late they came."""
    followed = events[events["called_on"] + _FOLLOW_UP <= today]
    back = int((followed["came_back_on"] <= followed["called_on"] + _FOLLOW_UP).sum())
    (lower,), (upper,) = jeffreys_interval([back], [len(followed)])
    late = (events["called_on"] - events["last_on"]).dt.days
    return {
        "customers": events["customer_id"].nunique(),
        "calls": len(events),
        "followed": len(followed),
        "false_alarms": back / len(followed) if len(followed) else np.nan,
        "lower": lower,
        "upper": upper,
        "days_late": late.median(),
        "days_late_90": late.quantile(0.9),
    }


def _against_truth(events: pd.DataFrame, truth: pd.DataFrame, today: pd.Timestamp) -> dict[str, float]:
    """Return which calls were true, which leavings were found, and how long after."""
    left_on, returned_on = (truth[name].astype("datetime64[ns]") for name in ("left_on", "returned_on"))
    leavings = pd.DataFrame({"customer_id": truth["customer_id"], "left_on": left_on, "returned_on": returned_on})
    pairs = events.reset_index(names="call").merge(leavings.reset_index(names="leaving"), on="customer_id")
    away = (pairs["left_on"] <= pairs["called_on"]) & ~(pairs["returned_on"] <= pairs["called_on"])
    true = pairs[away].sort_values("called_on").drop_duplicates("leaving")
    old = leavings.index[leavings["left_on"] + _FOLLOW_UP <= today]
    return {
        "true_calls": pairs.loc[away, "call"].nunique() / len(events) if len(events) else np.nan,
        "leavings_found": old.isin(true["leaving"]).mean() if len(old) else np.nan,
        "days_after_leaving": (true["called_on"] - true["left_on"]).dt.days.median(),
    }
