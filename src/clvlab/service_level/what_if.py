"""What if: set levels of service and see satisfaction, leaving, equity and cost move, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clvlab.refusal import Refused, nearest
from clvlab.results import Note, Result, format_cell, html_table
from clvlab.service_level.curves import cost_beyond_today
from clvlab.service_level.group_profit import ALL
from clvlab.service_level.trade_off import ENDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clvlab.service_level.curves import Curve
    from clvlab.service_level.value.service_value import ServiceValue

    Draws = NDArray[np.float64]

SATISFACTION, LEAVING, EQUITY, COST, PROFIT = "satisfaction", "leaving", "equity", "cost", "profit"
# Measures that are means over customers; the others add up.
_MEANS = (SATISFACTION, LEAVING)
_WORDS = {
    SATISFACTION: "satisfaction, points of ten",
    LEAVING: "leave within 12 months",
    EQUITY: "equity over the horizon",
    COST: "cost of service, beyond today's",
    PROFIT: "equity less that cost",
}


class WhatIf(Result):
    """What levels of service would move.

    Attributes
    ----------
    currency, remarks
        The money, and what a reader has to know.
    """

    def __init__(self, frame: pd.DataFrame, currency: str, remarks: Sequence[str]) -> None:
        self._frame, self.currency, self.remarks = frame, currency, tuple(remarks)
        money = f" (money in {currency})" if currency else ""
        self.title = f"What these levels of service would move{money}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group and measure, then those of all customers.

        Returns
        -------
        DataFrame
            group, measure (satisfaction, leaving as a share of customers, and in money equity, cost, profit), today,
            then (means over draws), change with change_lower and change_upper (90%). Cost counts from today's.
        """
        return self._frame

    def written(self) -> pd.DataFrame:
        """Return the rows as texts: group, measure, today, then, change, 90% interval."""
        rows = []
        for row in self._frame.itertuples():
            today, then = (_text(row.measure, number) for number in (row.today, row.then))
            change, low, high = (
                _text(row.measure, number, signed=True) for number in (row.change, row.change_lower, row.change_upper)
            )
            between = "–" if np.isnan(row.change) else f"{low} to {high}"
            rows.append((row.group, _WORDS[row.measure], today, then, change, between))
        return pd.DataFrame(rows, columns=["group", "measure", "today", "then", "change", "90% interval"])

    def __repr__(self) -> str:
        """Return table and remarks as text."""
        return "\n".join([self.title, self.written().to_string(index=False), *self.remarks])

    def _repr_html_(self) -> str:
        table = html_table(self.written(), caption=self.title)
        return table + (Note(*self.remarks)._repr_html_() if self.remarks else "")


def what_if(
    value: ServiceValue,
    curves: Mapping[str, Curve],
    levels: Mapping[str, Mapping[str, float]],
    customers: Mapping[str, float] | None = None,
    currency: str = "",
) -> WhatIf:
    """Set levels of service and return what moves, by group and in all.

    Parameters
    ----------
    value
        What service is worth.
    curves
        What an order costs at a level, by indicator.
    levels
        The new levels (shares that go well, 0 to 1), by group and indicator; what is not named stays as it is today.
    customers
        Number of customers by group; without it the means over all customers, satisfaction and leaving, are missing.
    currency
        Of the money.

    Returns
    -------
    WhatIf

    Raises
    ------
    Refused
        For an unknown group or indicator, an indicator without costs, and a level that is not costed.
    """
    _check(value, levels)
    found = {group: _moved(value, curves, group, levels.get(group, {})) for group in value.groups}
    remarks = []
    if all(np.isnan(today[SATISFACTION]) for today, _ in found.values()):
        remarks.append("Satisfaction is not known: it needs surveys with overall answers.")
    if len(value.groups) > 1:
        shares = None if customers is None else np.array([customers[group] for group in value.groups], dtype=float)
        if shares is None:
            remarks.append("Satisfaction and leaving of all customers need the number of customers of each group.")
        today, change = ([part[i] for part in found.values()] for i in (0, 1))
        found[ALL] = _together(today, shares), _together(change, shares)
    rows = [
        _row(group, measure, today[measure], change[measure])
        for group, (today, change) in found.items()
        for measure in _WORDS
    ]
    return WhatIf(pd.DataFrame(rows), currency, remarks)


def _check(value: ServiceValue, levels: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse groups and indicators that are not valued."""
    for group, asked in levels.items():
        if group not in value.groups:
            raise Refused(f"{group!r} is no group of these customers{nearest(group, value.groups)}.")
        for kpi in asked:
            if kpi not in value.kpis:
                raise Refused(f"What {kpi!r} is worth is not known{nearest(kpi, value.kpis)}.")
            if not np.isfinite(value.today.loc[group, kpi]):
                raise Refused(f"The level of {kpi} of {group} today is not known; leave it as it is.")


def _moved(
    value: ServiceValue, curves: Mapping[str, Curve], group: str, asked: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, Draws]]:
    """Return a group's mean today by measure, and the change of each by draw."""
    today = value.today.loc[group, list(asked)].astype(float)
    levels = pd.DataFrame([today, pd.Series(asked, dtype=float)], index=[0, 1], columns=list(asked))
    found = value.outcomes(group, levels)
    measured = {SATISFACTION: found.satisfaction, LEAVING: found.leaving, EQUITY: found.equity}
    means = {name: float(values[:, 0].mean()) for name, values in measured.items()}
    change: dict[str, Draws] = {name: values[:, 1] - values[:, 0] for name, values in measured.items()}
    change[COST] = cost_beyond_today(curves, today, levels.loc[[1]]) * found.orders[:, 1]
    change[PROFIT] = change[EQUITY] - change[COST]
    return means | {COST: 0.0, PROFIT: means[EQUITY]}, change


def _together(parts: Sequence[Mapping[str, float | Draws]], shares: Draws | None) -> dict[str, Any]:
    """Return the measures of all groups: means over customers, or sums."""
    every: dict[str, Any] = {}
    for name in _WORDS:
        values = [part[name] for part in parts]
        if name not in _MEANS:
            every[name] = sum(values)
        else:
            every[name] = values[0] * np.nan if shares is None else np.average(np.array(values), axis=0, weights=shares)
    return every


def _row(group: str, measure: str, today: float, change: Draws) -> dict[str, object]:
    lower, upper = np.quantile(change, ENDS)
    return {
        "group": group, "measure": measure, "today": today, "then": today + change.mean(), "change": change.mean(),
        "change_lower": lower, "change_upper": upper,
    }  # fmt: skip


def _text(measure: str, number: float, signed: bool = False) -> str:
    """Return a number as its measure is written: points, per cent of customers, or money."""
    plus = "+" if signed and number > 0 else ""
    if measure == LEAVING:
        return plus + format_cell(number, 1, percent=True)
    return plus + format_cell(float(number), 2 if measure == SATISFACTION else 0)
