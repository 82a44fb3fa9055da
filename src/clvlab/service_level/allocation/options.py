"""What can be done for each group: one option per combination of levels, with its cost, its gain and its uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.periods import discount_factor, to_days
from clvlab.refusal import Refused
from clvlab.service_level.allocation.wording import words
from clvlab.service_level.curves import Curve, all_not_costed, cost_beyond_today, not_costed

if TYPE_CHECKING:
    from clvlab.service_level.value.service_value import ServiceValue

SAME = 1e-9  # levels closer than this are the same


@dataclass(frozen=True)
class Options:
    """What can be done for each group; a plan takes exactly one option of each.

    Parameters
    ----------
    levels
        One row per option: group, and a column per service indicator with its level, a share that goes well.
    today
        Level today: index group, one column per indicator.
    gains, costs
        Arrays (draws, options) in currency: what the option brings and costs within the horizon, discounted, beyond
        what today's levels bring and cost. Columns are comparable draw by draw. One row when nothing is uncertain.
    uses
        One column per resource with what the option uses of it beyond today; empty when nothing is scarce.
    years
        Discounted years within the horizon, by which a cost over the horizon is that of a year; missing when not told.
    currency
        Of the money.
    remarks
        What a reader should know.

    Raises
    ------
    Refused
        When shapes do not fit, a number is missing, or a group has no option.
    """

    levels: pd.DataFrame
    today: pd.DataFrame
    gains: np.ndarray
    costs: np.ndarray
    uses: pd.DataFrame = field(default_factory=pd.DataFrame)
    years: float = float("nan")
    currency: str = ""
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen from."""
        shape = (max(len(self.gains), len(self.costs)), len(self.levels))
        for name in ("gains", "costs"):
            numbers = np.atleast_2d(np.asarray(getattr(self, name), dtype=float))
            if numbers.shape not in {shape, (1, shape[1])}:
                raise Refused(f"{name} of the options are {numbers.shape}, not draws x options {shape}; give one each.")
            if not np.isfinite(numbers).all():
                raise Refused(f"An option has no known {name[:-1]}; leave the option out or say what it is.")
            object.__setattr__(self, name, np.broadcast_to(numbers, shape))
        if not self.uses.empty and (len(self.uses) != shape[1] or not np.isfinite(self.uses.to_numpy()).all()):
            raise Refused("What options use must be a known number for each option and resource.")
        without = set(self.today.index) - set(self.levels["group"])
        if without or self.levels.empty:
            raise Refused(f"There is no option for {', '.join(map(str, sorted(without))) or 'any group'}; give one.")

    @property
    def groups(self) -> list[str]:
        """The groups, in the order of ``today``."""
        return list(self.today.index)

    @property
    def kpis(self) -> list[str]:
        """The service indicators that are moved."""
        return list(self.today.columns)

    @property
    def net(self) -> np.ndarray:
        """Net worth, gain less cost: array (draws, options)."""
        return self.gains - self.costs

    @cached_property
    def code(self) -> np.ndarray:
        """The group of each option by its number in ``groups``."""
        return pd.Index(self.groups).get_indexer(self.levels["group"])

    @cached_property
    def cost(self) -> np.ndarray:
        """Expected cost of each option."""
        return self.costs.mean(axis=0)

    def use(self, resource: str) -> np.ndarray:
        """Return what each option uses of a resource.

        Raises
        ------
        Refused
            When the options do not tell.
        """
        if resource not in self.uses:
            known = ", ".join(self.uses) or "none"
            raise Refused(f"The options do not tell what they use of {resource!r}; limit what they tell: {known}.")
        return self.uses[resource].to_numpy(dtype=float)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per option: group, levels, cost, gain and net (means over draws) and uses_<resource>."""
        columns = {"cost": self.cost, "gain": self.gains.mean(axis=0), "net": self.net.mean(axis=0)}
        return self.levels.assign(**columns, **{f"uses_{name}": self.use(name) for name in self.uses})


def options(
    value: ServiceValue,
    curves: Mapping[str, Curve],
    levels: Mapping[str, Sequence[float]],
    *,
    years: float = float("nan"),
    mix: pd.DataFrame | None = None,
    currency: str = "",
) -> Options:
    """Return every combination of levels for each group, with what it costs and brings.

    Effects of several levers on one group multiply, so a group's levers are combined before they are valued; groups
    add up. Today's levels are among the options, at no cost and no gain.

    Parameters
    ----------
    value
        What service is worth: groups, levels today, and outcomes at other levels.
    curves
        By service indicator, what an order costs at a level. Where a group's level today lies beyond its curve, that
        lever stays as it is, and ``remarks`` of the options say so.
    levels
        By service indicator, the levels to choose from; today's is added.
    years
        Discounted years within the horizon, from :func:`discounted_years`; needed with ``mix``.
    mix
        Share of each group's orders by service (index group), from
        :func:`~clvlab.service_level.allocation.capacity.service_mix_by_group`. An option then uses, of each service,
        the orders that it brings a year beyond today's.
    currency
        Of the money.

    Raises
    ------
    Refused
        When an indicator has no costs or is not valued, a level lies beyond the costs, no group's level today is
        costed, or ``mix`` comes without ``years``.
    """
    for kpi in levels:
        if kpi not in curves:
            raise Refused(f"What {kpi} costs is not known; give [service_costs.{kpi}] in clvlab.toml.")
        if kpi not in value.today.columns:
            raise Refused(f"What {kpi} is worth is not known; leave it out of the levers.")
    if mix is not None and not years > 0:
        raise Refused("Orders a year need the discounted years of the horizon; give years.")
    today = value.today.loc[list(value.groups), list(levels)].astype(float)
    choices = {
        group: {kpi: [] if not_costed(today.loc[group, kpi], curves[kpi]) else levels[kpi] for kpi in levels}
        for group in value.groups
    }
    remarks = tuple(
        f"{words(kpi).capitalize()} stays as it is for {who}."
        for kpi in levels
        for who in all_not_costed(today[kpi], curves[kpi])
    )
    if remarks and not any(len(some) for each in choices.values() for some in each.values()):
        raise Refused(f"There is nothing to choose. {' '.join(remarks)}")
    parts = [_of_group(value, curves, choices[group], group) for group in value.groups]
    rows, gains, costs, extra = (list(part) for part in zip(*parts, strict=True))
    uses = pd.DataFrame()
    if mix is not None:
        shares = [np.outer(orders / years, mix.loc[group]) for orders, group in zip(extra, value.groups, strict=True)]
        uses = pd.DataFrame(np.concatenate(shares), columns=mix.columns)
    every = pd.concat(rows, ignore_index=True)
    return Options(every, today, np.hstack(gains), np.hstack(costs), uses, years, currency, remarks)


def _of_group(
    value: ServiceValue, curves: Mapping[str, Curve], levels: Mapping[str, Sequence[float]], group: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Return a group's levels, gains, costs and expected extra orders within the horizon; today's option first."""
    today = value.today.loc[group, list(levels)].astype(float)
    choices = [
        [today[kpi], *(level for level in sorted(set(levels[kpi])) if abs(level - today[kpi]) > SAME)] for kpi in levels
    ]
    frame = pd.DataFrame(list(product(*choices)), columns=list(levels))
    moved = [kpi for kpi in levels if len(levels[kpi])]
    found = value.outcomes(group, frame[moved])
    costs = found.orders * cost_beyond_today(curves, today, frame[moved])
    frame.insert(0, "group", group)
    extra = (found.orders - found.orders[:, :1]).mean(axis=0)
    return frame, found.equity - found.equity[:, :1], costs, extra


def with_halfway(levels: Sequence[float]) -> list[float]:
    """Return levels and those halfway between neighbours, so that little of a budget is left over between two.

    Examples
    --------
    >>> with_halfway([0.9, 0.92, 0.96])
    [0.9, 0.91, 0.92, 0.94, 0.96]
    """
    between = [round((low + high) / 2, 9) for low, high in pairwise(levels)]
    return sorted([*levels, *between])


def discounted_years(annual_rate: float, horizon_months: float) -> float:
    """Return how many years of today's money a steady payment over the horizon comes to.

    Examples
    --------
    >>> round(discounted_years(0.10, 36), 3)
    2.609
    """
    end = float(discount_factor(annual_rate, to_days(horizon_months, "month")))
    return (1.0 - end) / float(np.log1p(annual_rate))
