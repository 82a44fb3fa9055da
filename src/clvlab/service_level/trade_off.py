"""Profit against the level of service: where it is largest, and what staying at today's level costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from clvlab.refusal import Refused, nearest
from clvlab.service_level.best_level import LOWER_BOUND, UPPER_BOUND, best_level
from clvlab.service_level.curves import all_not_costed, not_costed
from clvlab.service_level.group_profit import BaseProfit, GroupProfit, Profit
from clvlab.service_level.trade_off_result import TradeOff

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from clvlab.service_level.curves import Curve
    from clvlab.service_level.value.service_value import ServiceValue

POINT = 0.01
ENDS = (0.05, 0.95)
# Levels at which a group is valued when none are given, and at which the best level of each draw is looked for.
_VALUED, _FINE = 61, 401
# Levels closer together than this part of the range are one: splines need room between their points.
_ROOM = 1e-4
# Profits that differ by less than this part of the largest are equal: the spline's rounding.
_EQUAL = 1e-10


def trade_off(
    value: ServiceValue,
    kpi: str,
    curve: Curve,
    groups: Sequence[str] | None = None,
    levels: ArrayLike | None = None,
    currency: str = "",
) -> TradeOff:
    """Weigh what a service indicator brings at each level against what it costs, for each group and for all.

    Parameters
    ----------
    value
        What service is worth (:class:`clvlab.service_level.value.service_value.ServiceValue`).
    kpi
        The indicator that is moved; its level is the share that goes well, 0 to 1.
    curve
        What an order costs at a level, in money, over levels between 0 and 1.
    groups
        Groups to look at; all when None.
    levels
        Levels at which groups are valued; 61 over the range of the curve when None. The best level is looked for
        between the lowest and the highest, e.g. above a level that contracts promise.
    currency
        Of the money.

    Returns
    -------
    TradeOff
        With a row per group, and one for all customers when there are several groups: there failures of every group
        become rarer by the same factor.

    Raises
    ------
    Refused
        For an unknown indicator or group, levels that are no shares or not costed, and when no group's level today is
        within the costed levels; a single group without is left out, with a remark.

    Notes
    -----
    Profit at level L is E(L) - (c(L) - c(today)) N(L), less its value today: E is equity, the contribution margin
    discounted over the horizon, N the discounted expected orders within it, c the curve. Nothing else counts; what
    service costs today is in the margin already. The best level is that of the mean profit over draws of the effects,
    which is the decision that earns most on average; its interval holds the best levels of single draws, found on 401
    levels. Between valued levels equity and orders follow a cubic spline, the cost is exact. The loss from staying is
    the profit at the best level less that of today, its interval that of the profit at this one level.

    An effect is not told apart from none when the 90% interval of what one point around today changes in equity holds
    0; the best level is then the best guess and no more, and ``remarks`` say so.
    """
    if kpi not in value.kpis:
        raise Refused(f"What {kpi!r} is worth is not known{nearest(kpi, value.kpis)}.")
    chosen = list(value.groups if groups is None else groups)
    for group in chosen:
        if group not in value.groups:
            raise Refused(f"{group!r} is no group of these customers{nearest(group, value.groups)}.")
    valued = _levels(curve, levels, kpi)
    today = value.today.loc[chosen, kpi].astype(float)
    kept = [group for group in chosen if not not_costed(today[group], curve)]
    remarks = [f"Left out: {who}." for who in all_not_costed(today, curve)]
    if not kept:
        raise Refused(" ".join(remarks) or "No group is asked for; name at least one.")
    parts = [_group_profit(value, group, kpi, curve, valued) for group in kept]
    profits: list[Profit] = [*parts]
    if len(parts) > 1:
        base = BaseProfit(parts)
        if base.lower < base.upper:
            profits.append(base)
        else:
            remarks.append("Tiers are so far apart that no common change keeps all within these levels.")
    draws = {profit.group: _best_of_draws(profit) for profit in profits}
    rows = [_row(profit, draws[profit.group]) for profit in profits]
    frame = pd.DataFrame(rows)
    moved = sum(part.profit(np.array([row["best_level"]]))[:, 0] for part, row in zip(parts, rows, strict=False))
    low, high = np.quantile(moved, ENDS)
    each = float(np.mean(moved)), float(low), float(high)
    curves = pd.concat([_curve(profit, valued) for profit in profits], ignore_index=True)
    return TradeOff(frame, curves, each, draws, kpi, currency, [*remarks, *_about(frame)])


def _levels(curve: Curve, levels: ArrayLike | None, kpi: str) -> NDArray[np.float64]:
    """Return the levels at which to value groups, refusing what is no share or not costed."""
    if curve.upper > 1:
        raise Refused(
            f"The costed levels of {kpi} go from {curve.lower:g} to {curve.upper:g}; give shares between 0 and 1, e.g. "
            "0.95 for 95%."
        )
    if levels is None:
        return np.linspace(curve.lower, curve.upper, _VALUED)
    given = np.unique(np.asarray(levels, dtype=float))
    if len(given) < 2:
        raise Refused("Give two levels or more; the best one is looked for between the lowest and the highest.")
    curve(given)  # refuses what is not costed
    return given


def _group_profit(value: ServiceValue, group: str, kpi: str, curve: Curve, levels: NDArray[np.float64]) -> GroupProfit:
    """Return a group's profit, valued at today's level and the given ones."""
    today = float(value.today.loc[group, kpi])
    nodes = levels
    if levels[0] < today < levels[-1]:
        nodes = np.sort(np.append(levels[np.abs(levels - today) > _ROOM * np.ptp(levels)], today))
    # The ends must stay, even where today is next to one.
    nodes = np.unique(np.concatenate([levels[[0, -1]], nodes]))
    found = value.outcomes(group, pd.DataFrame({kpi: np.append(today, nodes)}))
    if not (np.isfinite(found.equity).all() and np.isfinite(found.orders).all()):
        raise Refused(f"The equity or the orders of {group} are not known at some level of {kpi}; leave the group out.")
    gains = found.equity[:, 1:] - found.equity[:, :1]
    return GroupProfit(group, today, curve, nodes, gains, found.orders[:, 1:], float(found.orders[:, 0].mean()))


def _row(profit: Profit, draws: NDArray[np.float64]) -> dict[str, object]:
    """Return the numbers of one group."""
    mean = profit.mean
    best = best_level(
        lambda level: mean.equity(level)[0], lambda level: mean.cost(level)[0], profit.lower, profit.upper, profit.kinks
    )
    own = np.quantile(draws, ENDS)
    loss = profit.profit(np.array([best.level]))[:, 0]
    worth, cost = _one_more_point(profit)
    return {
        "group": profit.group,
        "level_today": profit.today,
        "best_level": best.level,
        "best_level_lower": own[0],
        "best_level_upper": own[1],
        "best_is": best.where,
        "loss_from_staying": best.profit,
        "loss_from_staying_lower": np.quantile(loss, ENDS[0]),
        "loss_from_staying_upper": np.quantile(loss, ENDS[1]),
        "worth_of_a_point": worth.mean(),
        "worth_of_a_point_lower": np.quantile(worth, ENDS[0]),
        "worth_of_a_point_upper": np.quantile(worth, ENDS[1]),
        "cost_of_a_point": cost,
        "cost_overtakes_at": _overtaken(profit),
        "effect_shown": _effect_shown(profit),
        "concave": best.concave,
    }


def _fine(profit: Profit) -> NDArray[np.float64]:
    """Return many levels from the lowest to the highest, today's and the kinks among them."""
    today = np.clip(profit.today, profit.lower, profit.upper)
    return np.unique([*np.linspace(profit.lower, profit.upper, _FINE), *profit.kinks, today])


def _best_of_draws(profit: Profit) -> NDArray[np.float64]:
    """Return the best level of each draw; of equally good ones the lowest, which is the cheapest."""
    levels = _fine(profit)
    profits = profit.profit(levels)
    equal = _EQUAL * np.abs(profits).max(axis=1, keepdims=True)
    return levels[np.argmax(profits >= profits.max(axis=1, keepdims=True) - equal, axis=1)]


def _one_more_point(profit: Profit) -> tuple[NDArray[np.float64], float]:
    """Return what a point above today adds to equity, by draw, and to the mean cost; missing where it is not costed."""
    more = profit.today + POINT
    if not profit.lower <= more <= profit.upper + 1e-12:
        return np.array([np.nan]), np.nan
    level = np.array([min(more, profit.upper)])
    return profit.equity(level)[:, 0], float(profit.mean.cost(level)[0, 0])


def _effect_shown(profit: Profit) -> bool:
    """Return whether the change of equity over a point on both sides of today is told apart from none."""
    ends = np.clip([profit.today - POINT, profit.today + POINT], profit.lower, profit.upper)
    lower, upper = np.quantile(np.diff(profit.equity(ends), axis=1), ENDS)
    return bool(lower > 0 or upper < 0)


def _overtaken(profit: Profit) -> float:
    """Return the level above today beyond which mean profit stays below today's; missing when there is none."""

    def mean(level: float) -> float:
        return float(profit.mean.profit(np.array([level]))[0, 0])

    levels = _fine(profit)
    levels = levels[levels >= profit.today]
    if not len(levels):
        return np.nan
    profits = profit.mean.profit(levels)[0]
    holds = np.flatnonzero(profits >= -_EQUAL * np.abs(profits).max())
    if not len(holds) or holds[-1] == len(levels) - 1:
        return np.nan
    last = holds[-1]
    return float(brentq(mean, levels[last], levels[last + 1])) if profits[last] > 0 else float(levels[last])


def _curve(profit: Profit, valued: NDArray[np.float64]) -> pd.DataFrame:
    """Return the rows of a group's curves: mean changes against today by level, and the 90% interval of profit."""
    inside = valued[(valued > profit.lower) & (valued < profit.upper)]
    today = [profit.today] if profit.lower < profit.today < profit.upper else []
    levels = np.unique([profit.lower, *inside, *profit.kinks, *today, profit.upper])
    lower, upper = np.quantile(profit.profit(levels), ENDS, axis=0)
    equity, cost = profit.mean.equity(levels)[0], profit.mean.cost(levels)[0]
    return pd.DataFrame({
        "group": profit.group, "level": levels, "equity": equity, "cost": cost, "profit": equity - cost,
        "profit_lower": lower, "profit_upper": upper,
    })  # fmt: skip


def _about(frame: pd.DataFrame) -> list[str]:
    """Return what a reader of the rows has to know."""
    remarks = []
    unknown = frame.loc[~frame["effect_shown"], "group"]
    if len(unknown):
        remarks.append(
            f"{', '.join(unknown)}: no effect on equity is told apart from none; the best level is a guess. Levels that"
            " varied more, or more customers, would settle it."
        )
    for bound, end, beyond in ((LOWER_BOUND, "lowest", "below"), (UPPER_BOUND, "highest", "above")):
        at = [f"{row.group} ({row.best_level:.1%})" for row in frame.itertuples() if row.best_is == bound]
        if at:
            remarks.append(
                f"{', '.join(at)}: best is the {end} level looked at; what service costs {beyond} it would tell"
                " whether to go further."
            )
    inside = frame["best_level"].between(frame["best_level_lower"], frame["best_level_upper"])
    if not inside.all():
        remarks.append(
            f"{', '.join(frame.loc[~inside, 'group'])}: the best level on average lies outside the interval of the"
            " draws' best levels: a few draws with large profits decide."
        )
    bent = frame.loc[~frame["concave"], "group"]
    if len(bent):
        remarks.append(
            f"Profit does not bend downwards throughout ({', '.join(bent)}): it was searched over the whole range."
        )
    return remarks
