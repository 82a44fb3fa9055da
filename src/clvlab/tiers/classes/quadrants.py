"""What customers brought by what they could bring: four quadrants, how each is treated, and who is not decided yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.clv.valuing.doubts import alike
from clvlab.clv.valuing.ranges import Range
from clvlab.cores import on_all_cores
from clvlab.features.by_customer import aligned, everyone, first_label, known_of
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Table, format_cell
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.optimal_cut import optimal_cut
from clvlab.tiers.classes.straddling import probability_above, straddles, with_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEEP_AND_EXTEND = "high history, high potential"
KEEP = "high history, low potential"
BUILD_UP = "low history, high potential"
TIGHTEN = "low history, low potential"
UNDECIDED = "undecided"
TREATMENTS = {
    KEEP_AND_EXTEND: "Keep above all others: as many value-added services as we can, and plans made together along "
    "their chain. Steady profit hangs on them.",
    KEEP: "Find what limits further growth; leave terms and service as they are.",
    BUILD_UP: "Build the relation up quickly, with more effort than today's business would justify.",
    TIGHTEN: "Dearer terms and less trade credit; where that does not help, end the relation.",
    UNDECIDED: "Nothing that is costly or hard to undo before more is known; look at each one's probabilities.",
}
# Cuts from here on are written without digits after the point.
_LARGE = 100
# What brings less than this part of the mean is low whatever the cut; its logarithm would rule the optimal one.
_NEXT_TO_NOTHING = 0.01


@dataclass(frozen=True, repr=False, eq=False)
class Quadrants(Classes):
    """Customers by what they brought and what they could bring.

    ``values`` holds, by customer_id: historical and potential, each with its _lower and _upper; quadrant (of these
    figures, also where undecided); and the probability of each quadrant, named by it.

    Parameters
    ----------
    history_cut, potential_cut
        Figures from here on are high.
    """

    history_cut: float = 0.0
    potential_cut: float = 0.0

    def treatments(self) -> Table:
        """Return one row per class: customers, what they brought and could bring, and how they are treated."""
        sums = self.values[["historical", "potential"]].groupby(self.labels).sum().reindex(TREATMENTS, fill_value=0.0)
        sums.insert(0, "customers", self.labels.value_counts().reindex(TREATMENTS, fill_value=0))
        frame = sums.assign(treatment=pd.Series(TREATMENTS)).rename_axis("class").reset_index()
        return Table(frame, f"How each quadrant is treated, money in {self.unit or 'the records'}", 0, fold=False)

    def to_keep(self, most: int = 12) -> Table:
        """Return the accounts to keep: those that brought much, the most valuable ahead first."""
        return self._direction("Accounts to keep", [KEEP_AND_EXTEND, KEEP], most)

    def to_grow(self, most: int = 12) -> Table:
        """Return the accounts to grow: those that brought little and could bring much, the most valuable ahead first.

        Those that brought much and could bring more stand among the accounts to keep: nothing extends a lost account.
        """
        return self._direction("Accounts to grow", [BUILD_UP], most)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map: every account by history and potential, the undecided hollow."""
        from clvlab.tiers.classes.quadrant_map import draw_quadrants

        return draw_quadrants(self, ax)

    def _direction(self, what: str, quadrants: list[str], most: int) -> Table:
        chosen = self.values[self.values["quadrant"].isin(quadrants)]
        place = pd.Index(quadrants).get_indexer(chosen["quadrant"])
        own = chosen[quadrants].to_numpy()[np.arange(len(chosen)), place]  # of the quadrant beside it
        undecided = self.labels[chosen.index] == UNDECIDED  # of these alone: a frame without rows takes all labels in
        chosen = chosen.assign(undecided=undecided, probability=own)
        ranked = chosen.reset_index().sort_values(["potential", "customer_id"], ascending=[False, True])
        columns = ["customer_id", "quadrant", "undecided", "probability", "historical", "potential"]
        columns += ["potential_lower", "potential_upper"]
        money = f"{format_cell(ranked['potential'].sum(), 0)} {self.unit}"
        total = f"{plural(len(ranked), 'customers')}, {money} ahead"
        shown = ranked[columns].head(most).reset_index(drop=True)
        title = f"{what}: {total}; the first {len(shown)}" if len(shown) else f"{what}: none"
        return Table(shown, title, 0, ("probability",), fold=False)


def potential_value(value: Range, could_be_won: Range) -> Range:
    """Return what customers could bring: their value at today's share of their spend, and what could be won beside it.

    Parameters
    ----------
    value
        Value ahead at today's share (:class:`clvlab.clv.valuing.customer_values.CustomerValues`).
    could_be_won
        What could be won within a year (:class:`clvlab.clv.valuing.potential.Potential`); missing for customers with
        nothing to tell, to whom it adds nothing.

    Examples
    --------
    >>> one = pd.Series([10.0], index=["c1"])
    >>> value = Range(one, one - 3, one + 3)
    >>> [float(side["c1"]) for side in potential_value(value, Range(one / 2, one / 2 - 4, one / 2 + 4))]
    [15.0, 10.0, 20.0]
    """
    won = Range(*(aligned(side, value.value.index) for side in could_be_won))
    total = value.value + won.value.fillna(0.0)
    down = np.hypot(value.value - value.lower, (won.value - won.lower).fillna(0.0))
    up = np.hypot(value.upper - value.value, (won.upper - won.value).fillna(0.0))
    return Range(total, total - down, total + up)


def quadrants(
    historical: Range,
    potential: Range,
    history_rule: str | float = "optimal",
    potential_rule: str | float = "optimal",
    unit: str = "",
) -> Quadrants:
    """Sort customers into four quadrants by what they brought and what they could bring.

    Parameters
    ----------
    historical
        Historical value with the ends of its 90% interval, by customer_id; the ends are the value itself where it is
        counted, not estimated.
    potential
        What each could bring (:func:`potential_value`), not past transactions alone.
    history_rule, potential_rule
        Where each figure is cut: ``"median"``, ``"mean"``, ``"top 20%"`` (share of customers), a number, or
        ``"optimal"``: Fisher's cut on the scale of ratios, among figures of a hundredth of the mean or more.
    unit
        Of the money.

    Returns
    -------
    Quadrants
        A customer is labelled ``"undecided"`` when a 90% interval of its holds a cut, and :data:`NOT_KNOWN` without
        either figure.

    Raises
    ------
    Refused
        For a rule that is none, a figure that all customers share and a rule would cut, and ends without a figure
        between them.

    Notes
    -----
    The probability of each quadrant is read off the intervals
    (:func:`clvlab.tiers.classes.straddling.probability_above`: normal on either side of the value); history and
    potential are taken as independent.

    Quadrants of this kind and their treatment are the practice of the field; that the accounts of one quadrant are
    alike in any other way is not said.

    Examples
    --------
    >>> codes = pd.Index(["c1", "c2", "c3"], name="customer_id")
    >>> history, ahead = pd.Series([90.0, 10.0, 5.0], codes), pd.Series([80.0, 70.0, 2.0], codes)
    >>> found = quadrants(Range(history, history, history), Range(ahead, ahead - 1, ahead + 1), 50, 50)
    >>> found.labels.tolist()
    ['high history, high potential', 'low history, high potential', 'low history, low potential']
    """
    names = everyone(historical.value.index, potential.value.index)
    history, ahead = on_all_cores(partial(with_ends, customers=names), (historical, potential), len(names))
    history_cut = _cut(known_of(history.value), history_rule, "historical value")
    potential_cut = _cut(known_of(ahead.value), potential_rule, "potential")
    cuts = [(history, history_cut), (ahead, potential_cut)]
    up, right = on_all_cores(lambda one: probability_above(*one), cuts, len(names))
    chances = {
        KEEP_AND_EXTEND: up * right, KEEP: up * (1 - right), BUILD_UP: (1 - up) * right, TIGHTEN: (1 - up) * (1 - right)
    }  # fmt: skip
    high, promising = history.value >= history_cut, ahead.value >= potential_cut
    known = history.value.notna() & ahead.value.notna()
    unclear = known & (straddles(history, history_cut) | straddles(ahead, potential_cut))
    corners, corner = [high & promising, high, promising], [KEEP_AND_EXTEND, KEEP, BUILD_UP]
    quadrant = pd.Series(first_label([~known, *corners], [NOT_KNOWN, *corner], TIGHTEN), names)
    labels = pd.Series(first_label([~known, unclear, *corners], [NOT_KNOWN, UNDECIDED, *corner], TIGHTEN), names)
    figures = history.columns("historical") | ahead.columns("potential") | {"quadrant": quadrant}
    undecided = f"{int(unclear.sum()):,} of {plural(len(labels), 'customers')} undecided: a 90% interval holds"
    remarks = [
        f"{undecided} a cut.",
        *_remarks("historical value", historical, history_cut),
        *_remarks("potential", potential, potential_cut),
    ]
    return Quadrants(
        "Quadrants of historical value and potential", labels, _rules(history_cut, potential_cut, unit),
        pd.DataFrame(figures | chances, copy=False), "potential", unit, remarks, history_cut, potential_cut,
    )  # fmt: skip


def _cut(values: pd.Series, rule: str | float, what: str) -> float:
    """Return from which value on a figure is high."""
    if not isinstance(rule, str):
        return float(rule)
    share = re.fullmatch(r"top (\d+(?:\.\d+)?)%", rule)
    if rule not in ("median", "mean", "optimal") and not (share and 0 < float(share[1]) < 100):
        raise Refused(f'{rule!r} is no rule to cut by; give "median", "mean", "optimal", "top 20%" or a number.')
    if not values.min() < values.max() or alike(values):
        raise Refused(f"Customers cannot be split by {what}: it is the same or unknown for all of them.")
    if share:
        return float(values.sort_values(ascending=False).iloc[max(round(len(values) * float(share[1]) / 100), 1) - 1])
    if rule == "optimal":
        something = values[values > _NEXT_TO_NOTHING * values[values > 0].mean()]
        if not something.min() < something.max():
            raise Refused(f"Too few customers have a {what} above 0 for an optimal cut; give a number to cut it at.")
        return optimal_cut(something, log=True).at
    return float(values.median() if rule == "median" else values.mean())


def _rules(history_cut: float, potential_cut: float, unit: str) -> dict[str, str]:
    brought, ahead = (f"{_figure(cut)} {unit}".rstrip() for cut in (history_cut, potential_cut))
    return {
        KEEP_AND_EXTEND: f"brought {brought} or more, could bring {ahead} or more",
        KEEP: f"brought {brought} or more, could bring less than {ahead}",
        BUILD_UP: f"brought less than {brought}, could bring {ahead} or more",
        TIGHTEN: f"brought less than {brought}, could bring less than {ahead}",
        UNDECIDED: "a 90% interval holds a cut",
    }


def _figure(cut: float) -> str:
    return format_cell(cut, 0 if abs(cut) >= _LARGE else 2)


def _remarks(what: str, figures: Range, cut: float) -> list[str]:
    """Say where a cut parts nobody, and how many figures have no interval."""
    remarks = []
    if figures.value.min() >= cut or figures.value.max() < cut:
        remarks.append(f"All customers are on one side of the cut of {what} at {_figure(cut)}.")
    exact = int((figures.value.notna() & (figures.lower.isna() | figures.upper.isna())).sum())
    if exact:
        remarks.append(f"{plural(exact, 'customers')} without an interval of their {what}: it counts as exact.")
    return remarks
