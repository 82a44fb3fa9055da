"""The importance-performance map: what matters and how well it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable, need_columns
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.satisfaction.answers import OVERALL, Answers, answers
from clvlab.satisfaction.drivers.drivers import ACCOUNTS_PER_COVARIATE
from clvlab.satisfaction.drivers.response import SatisfactionResponse
from clvlab.satisfaction.leave_one_out import leave_one_out, margin, mean
from clvlab.satisfaction.ordered_logit import ordered_logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONCENTRATE, KEEP_UP, LOW_PRIORITY, OVERKILL = "concentrate here", "keep it up", "low priority", "possible overkill"
_POINTS = "points of ten"
_ENDS = {"": "effect", "_lower": "lower", "_upper": "upper"}


class ImportancePerformance(Remarked):
    """Items or KPIs by importance and performance.

    Attributes
    ----------
    importance_unit, performance_unit
        What the two are counted in.
    centre
        Mean importance and mean performance, where the quadrants meet.
    remarks
        What a reader has to know.
    """

    decimals = 3

    def __init__(
        self, frame: pd.DataFrame, importance_unit: str, performance_unit: str, remarks: Sequence[str]
    ) -> None:
        self.centre = frame["importance"].mean(), frame["performance"].mean()
        self.importance_unit, self.performance_unit = importance_unit, performance_unit
        self.remarks = tuple(remarks)
        high = frame["importance"] >= self.centre[0], frame["performance"] >= self.centre[1]
        words = [high[0] & ~high[1], high[0] & high[1], ~high[0] & ~high[1]]
        clear = [
            (frame[f"{name}_lower"] > middle) | (frame[f"{name}_upper"] < middle)
            for name, middle in zip(("importance", "performance"), self.centre, strict=True)
        ]
        self._frame = frame.assign(
            quadrant=np.select(words, [CONCENTRATE, KEEP_UP, LOW_PRIORITY], OVERKILL), told=clear[0] & clear[1]
        ).sort_values("importance", ascending=False, kind="stable", ignore_index=True)
        self.title = f"Importance ({importance_unit}) and performance ({performance_unit}), 90% intervals"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per item or KPI, the most important first.

        Returns
        -------
        DataFrame
            item, importance, performance (each with _lower and _upper), quadrant (concentrate here, keep it up, low
            priority, possible overkill), told (whether both intervals keep off the lines between quadrants).
        """
        return self._frame

    @property
    def finding(self) -> str:
        """Where to concentrate, in a sentence."""
        rows = self._frame[self._frame["quadrant"] == CONCENTRATE]
        if rows.empty:
            return "Nothing that matters more than the mean performs below it"
        row = rows.iloc[0]
        start = f"Concentrate on {row['item']}: it matters more than the mean and performs below it"
        return start if row["told"] else f"{start}, though not for sure"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map with its quadrants."""
        from clvlab.satisfaction.drivers.plots import draw_importance

        return draw_importance(self, ax)


def importance_performance(surveys: AnyTable | Answers, as_of: str | dt.date) -> ImportancePerformance:
    """Map the survey's items by what they do to overall satisfaction and how well they are done.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them, with item, perception and overall.
    as_of
        The last day known.

    Returns
    -------
    ImportancePerformance
        Importance: points of ten of the expected overall score per point of an item's perception, the other items
        alike (ordered logit with thresholds by role and scale). Performance: mean perception in points of ten.
        Quadrants meet at the means.

    Raises
    ------
    Refused
        With fewer than two items, fewer than ten accounts per item, and answers that do not vary.

    References
    ----------
    Martilla, J. A. and James, J. C. (1977), "Importance-performance analysis", Journal of Marketing 41(1).

    Examples
    --------
    >>> importance_performance(study.records["surveys"], study.as_of).finding            # doctest: +SKIP
    """
    asked = answers(surveys, as_of)
    rows = asked.rows[asked.rows["item"] != OVERALL]
    wide = rows.pivot_table("perception", "invitation", "item")
    if wide.shape[1] < 2:
        raise Refused("A map of importance needs perceptions of at least two items in surveys.")
    remarks = list(asked.remarks)
    still = [str(name) for name in wide if wide[name].nunique() < 2]
    if still:
        remarks.append(f"All answers to {', '.join(still)} are the same, so that its importance is not identified.")
    items = [name for name in wide if name not in still]
    if not items:
        raise Refused("All answers to each item are the same: importance would show only where they differ.")
    both = wide[items].dropna().join(asked.satisfaction, how="inner")
    if both["customer_id"].nunique() < ACCOUNTS_PER_COVARIATE * len(items):
        raise Refused(
            f"A map of importance needs {ACCOUNTS_PER_COVARIATE} accounts for each item that answered all items; for"
            f" {plural(len(items), 'items')} the surveys have {plural(both['customer_id'].nunique(), 'accounts')}."
        )
    effects = ordered_logit(both["overall"], both[items], both["customer_id"], both["scale"]).effects_frame()
    levels = {
        name: leave_one_out(both["customer_id"], np.column_stack([both[name], np.ones(len(both))]), mean)
        for name in items
    }
    frame = pd.DataFrame(
        {
            "item": items,
            **{f"importance{end}": effects[name].to_numpy() for end, name in _ENDS.items()},
            "performance": [level.value for level in levels.values()],
            "performance_lower": [level.lower for level in levels.values()],
            "performance_upper": [level.upper for level in levels.values()],
        }
    )
    return ImportancePerformance(frame, f"{_POINTS} per point of the item", _POINTS, remarks)


def importance_of_kpis(
    response: SatisfactionResponse, levels: pd.DataFrame, labels: Mapping[str, str] | None = None
) -> ImportancePerformance:
    """Map KPIs by what one percentage point does to overall satisfaction and how much goes well today.

    Parameters
    ----------
    response
        From :func:`clvlab.satisfaction.drivers.response.satisfaction_response`, by KPI.
    levels
        driver (a name in ``response``), level (share that goes well, 0 to 1) with level_lower and level_upper.
    labels
        What each KPI is called.

    Raises
    ------
    Refused
        When fewer than two KPIs have both.

    Examples
    --------
    >>> names = ["late_delivery_mean", "damaged_mean"]
    >>> covariance = pd.DataFrame(np.diag([1e-6, 1e-6]), names, names)
    >>> response = SatisfactionResponse(pd.Series([-0.03, -0.01], names), covariance, 200, 300, ())
    >>> levels = pd.DataFrame({"driver": names, "level": [0.9, 0.99]})
    >>> levels = levels.assign(level_lower=levels["level"] - 0.01, level_upper=levels["level"] + 0.005)
    >>> importance_of_kpis(response, levels).to_frame()[["item", "quadrant"]].to_numpy().tolist()
    [['late_delivery_mean', 'concentrate here'], ['damaged_mean', 'possible overkill']]
    """
    need_columns(levels.columns, ["driver", "level", "level_lower", "level_upper"])
    known = levels[levels["driver"].isin(response.estimate.index)].dropna(subset=["level"])
    if len(known) < 2:
        raise Refused("A map of KPIs needs the response to, and the level of, at least two of them.")
    worth, error = -response.estimate[known["driver"]], response.standard_error[known["driver"]]
    reach = margin(response.accounts) * error
    frame = pd.DataFrame(
        {
            "item": [(labels or {}).get(name, name) for name in known["driver"]],
            "importance": worth.to_numpy(),
            "importance_lower": (worth - reach).to_numpy(),
            "importance_upper": (worth + reach).to_numpy(),
            **{f"performance{end}": 100 * known[f"level{end}"].to_numpy() for end in ("", "_lower", "_upper")},
        }
    )
    return ImportancePerformance(frame, f"{_POINTS} per percentage point", "% that goes well", response.remarks)
