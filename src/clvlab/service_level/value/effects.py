"""What one point more of each indicator is worth in each group: satisfaction, churn, equity, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvlab.refusal import Refused, nearest
from clvlab.results import Remarked, Table
from clvlab.satisfaction.responses.customer_months import Floats
from clvlab.satisfaction.responses.kpis import BY_NAME, in_words
from clvlab.satisfaction.responses.responses import Response, ServiceResponses
from clvlab.service_level.curves import Curve
from clvlab.service_level.group_profit import ALL
from clvlab.service_level.value.service_value import Outcomes, ServiceValue

_POINT, _POINTS = 0.01, 100
_FIVE, _NINETY_FIVE = 0.05, 0.95


@dataclass(frozen=True, repr=False, eq=False)
class EffectPerPoint(Remarked):
    """What one percentage point more that goes well changes, by indicator and group.

    Attributes
    ----------
    value
        From which it comes.
    costs
        By indicator, currency per order at a level of service.
    """

    value: ServiceValue
    costs: Mapping[str, Curve]
    title: str = (
        "What one point more that goes well changes: satisfaction (of ten), churn (points a year), and over the horizon"
        " orders, equity and cost (90% intervals)"
    )
    decimals: int = 2

    @property
    def remarks(self) -> tuple[str, ...]:  # type: ignore[override]
        """What is left out, and why."""
        return self.value.remarks

    def to_frame(self) -> pd.DataFrame:
        """Return one row per indicator and group, and one of all customers, whose failures become rarer by one factor.

        Returns
        -------
        DataFrame
            kpi, group, ``today`` (share that goes well), and with 90% intervals (``_lower``, ``_upper``) the changes of
            ``satisfaction`` (points of ten), ``churn`` (points of the yearly share who leave), ``orders`` (discounted,
            within the horizon) and ``equity`` (currency); ``cost`` of the point over the horizon, discounted alike
            (missing without a cost curve).
        """
        return pd.DataFrame([row for kpi in self.value.kpis for row in self._rows(kpi)])

    def _shown(self) -> pd.DataFrame:
        return in_words(self.to_frame())

    def of(self, kpi: str) -> Table:
        """Return the rows of one indicator, as a table to be read.

        Raises
        ------
        Refused
            For an indicator whose effect is not told.
        """
        if kpi not in self.value.kpis:
            raise Refused(f"What {kpi!r} changes is not told{nearest(kpi, self.value.kpis)}.")
        rows = pd.DataFrame(list(self._rows(kpi))).drop(columns="kpi")
        return Table(rows, f"{BY_NAME[kpi].label.capitalize()}: {self.title}", self.decimals, ("today",), fold=False)

    def _rows(self, kpi: str) -> Iterator[dict[str, object]]:
        """Yield a row per group, and one for all customers where there are several groups."""
        cells = [self.value.cells[group] for group in self.value.groups]
        today = self.value.today.loc[list(self.value.groups), kpi].astype(float)
        for group, level in today.items():
            # Less than a point below perfection the last point is one that is kept.
            below = min(level, 1 - _POINT)
            found = self.value.outcomes(str(group), pd.DataFrame({kpi: [below, below + _POINT]}))
            yield self._row(kpi, str(group), level, found, self._cost(kpi, below, below + _POINT))
        if len(today) > 1:
            orders, there = (
                np.array([part.sum() for part in parts])
                for parts in zip(*((c.orders, c.there) for c in cells), strict=True)
            )
            level = float(np.average(today, weights=orders))
            rarer = min(_POINT / (1 - level), 1.0) if level < 1 else 0.0
            raised = today + (1 - today) * rarer
            parts = [
                self.value.outcomes(str(group), pd.DataFrame({kpi: [today[group], raised[group]]}))
                for group in today.index
            ]
            found = Outcomes(
                np.sum([part.equity for part in parts], axis=0),
                np.sum([part.orders for part in parts], axis=0),
                np.average([part.leaving for part in parts], axis=0, weights=there),
                np.average([part.satisfaction for part in parts], axis=0, weights=there),
            )
            each = [self._cost(kpi, low, high) for low, high in zip(today, raised, strict=True)]
            yield self._row(kpi, ALL, level, found, float(np.average(each, weights=orders)))

    def _row(self, kpi: str, group: str, today: float, found: Outcomes, an_order: float) -> dict[str, object]:
        """Return what the second scenario changes against the first."""
        changes = Outcomes(*(draws[:, 1] - draws[:, 0] for draws in found))
        row: dict[str, object] = {"kpi": kpi, "group": group, "today": today}
        for name, change in {
            "satisfaction": changes.satisfaction,
            "churn": _POINTS * changes.leaving,
            "orders": changes.orders,
            "equity": changes.equity,
        }.items():
            row |= _with_interval(name, change)
        if not self.value.leaving[kpi].any():  # not told: counted as none in equity, and not to be read as none
            row |= dict.fromkeys(["churn", "churn_lower", "churn_upper"], np.nan)
        return row | {"cost": an_order * float(found.orders[:, 0].mean())}

    def _cost(self, kpi: str, low: float, high: float) -> float:
        """Return what an order costs more at one level than at another; missing where it is not costed."""
        curve = self.costs.get(kpi)
        if curve is None or not curve.lower <= low <= high <= curve.upper:
            return np.nan
        return float(curve(high) - curve(low))


def _with_interval(name: str, draws: Floats) -> dict[str, float]:
    """Return mean and 90% interval of draws by column name."""
    low, high = np.quantile(draws, [_FIVE, _NINETY_FIVE])
    return {name: float(draws.mean()), f"{name}_lower": float(low), f"{name}_upper": float(high)}


def two_estimands(direct: ServiceResponses, chain: Mapping[str, tuple[Response, Response]]) -> pd.DataFrame:
    """Return the direct effect of each indicator beside the effect through satisfaction, and whether they disagree.

    Parameters
    ----------
    direct
        From :func:`clvlab.satisfaction.responses.responses.service_responses`.
    chain
        From :func:`clvlab.satisfaction.responses.chain.through_satisfaction`.

    Returns
    -------
    DataFrame
        kpi, effect (leaving or orders), ``direct`` and ``through_satisfaction`` with their errors, ``share`` of the
        direct effect that the chain finds, ``gap_in_errors`` (their difference over its error, as if independent).

    Notes
    -----
    Direct: what a lasting point does to leaving and orders by whatever way. Through satisfaction: what it does to
    measured satisfaction times what that does to leaving and orders, taking all of the effect to go that way. The chain
    leaves out customers who never answer and effects that no answer shows, and measured satisfaction is noisy and goes
    stale between surveys, which draws its slope towards 0; so it is smaller where both are well told.
    """
    rows = []
    for kpi, pair in chain.items():
        for name, through, straight in (
            ("leaving", pair[0], direct.leaving[kpi]),
            ("orders", pair[1], direct.orders[kpi]),
        ):
            error = float(np.hypot(through.error, straight.error))
            rows.append(
                {
                    "kpi": kpi,
                    "effect": name,
                    "direct": straight.estimate,
                    "direct_error": straight.error,
                    "through_satisfaction": through.estimate,
                    "through_satisfaction_error": through.error,
                    "share": through.estimate / straight.estimate if straight.told else np.nan,
                    "gap_in_errors": (through.estimate - straight.estimate) / error if error > 0 else np.nan,
                }
            )
    return pd.DataFrame(rows)
