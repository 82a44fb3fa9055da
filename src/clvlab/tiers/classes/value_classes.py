"""Most valuable, second tier and below zero: what customers bring and may bring, against what serving them costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.features.by_customer import aligned, first_label
from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes
from clvlab.tiers.classes.shares import cut_at, in_words, one_amount_each, share_of_larger

MOST_VALUABLE, SECOND_TIER, BELOW_ZERO = "MVC", "STC", "BZ"
# Less than this part of the largest of the figures it is made of is no net value.
_ROUNDING = 1e-12


def value_classes(
    actual: pd.Series,
    strategic: pd.Series,
    cost_to_serve: pd.Series,
    strategic_interval: pd.DataFrame | None = None,
    cut: float = 0.7,
    unit: str = "",
) -> Classes:
    """Class customers as most valuable (MVC), second tier (STC) and below zero (BZ).

    Parameters
    ----------
    actual
        Actual value 实际价值, by customer_id: contribution margin before the cost to serve.
    strategic
        Strategic value 战略价值: what could be won from the customer, as expected.
    cost_to_serve
        Cost to serve 服务成本. All three of one period, such as a year.
    strategic_interval
        Columns lower and upper: the 90% interval of ``strategic``.
    cut
        Which part of all net value above zero the most valuable customers hold.
    unit
        Unit of the money.

    Returns
    -------
    Classes
        ``values`` holds the three, ``net_value`` (actual and strategic less cost to serve) and, with an interval, its
        ends and ``undecided``: whether it reaches to both sides of zero.

    Raises
    ------
    Refused
        When there is no customer, a customer has two values, one is no finite number, and for a cut not between 0 and
        1.

    Notes
    -----
    Below zero is a customer who costs more to serve than it brings and may bring. Most valuable are those with the
    largest net value who together hold the first 70% of all net value above zero, and who pay for their service today:
    one that does so by its prospects alone is second tier, like all others. A customer of whom one of the three is
    missing is not known.

    Examples
    --------
    >>> codes = pd.Index(["a", "b", "c"], name="customer_id")
    >>> money = [pd.Series(x, codes) for x in ([900.0, 50.0, 40.0], [0.0, 100.0, 10.0], [100.0, 60.0, 80.0])]
    >>> value_classes(*money).labels.to_dict()
    {'a': 'MVC', 'b': 'STC', 'c': 'BZ'}
    """
    if not 0 < cut < 1:
        raise Refused(f"cut = {cut} is no part of the net value; give one between 0 and 1, such as 0.7.")
    named = {"actual value": actual, "strategic value": strategic, "cost to serve": cost_to_serve}
    each = {what.replace(" ", "_"): one_amount_each(amount, what) for what, amount in named.items()}
    customers = each["actual_value"].index
    parts = {name: aligned(amount, customers) for name, amount in each.items()}
    bare = parts["actual_value"] - parts["cost_to_serve"]
    net = bare + parts["strategic_value"]
    largest = np.fmax.reduce([part.abs().to_numpy() for part in parts.values()])
    net = net.mask(net.abs() < _ROUNDING * largest, 0.0)
    values = pd.DataFrame(parts | {"net_value": net})
    if strategic_interval is not None:
        for end in ("lower", "upper"):
            values[f"net_value_{end}"] = bare + aligned(strategic_interval[end], customers)
        values["undecided"] = (values["net_value_lower"] < 0) & (values["net_value_upper"] >= 0)
    known = net.notna().to_numpy()
    first = np.zeros(len(net), dtype=bool)
    if (net > 0).any():
        amounts = net.to_numpy()[known]
        held = share_of_larger(amounts, np.maximum(amounts, 0.0))
        first[known] = (cut_at(held, (cut,)) == 0) & (amounts > 0)
    chosen = [~known, net < 0, first & (bare >= 0)]
    labels = pd.Series(first_label(chosen, [NOT_KNOWN, BELOW_ZERO, MOST_VALUABLE], SECOND_TIER), net.index)
    return Classes(
        "Most valuable, second tier and below zero", labels, _rules(net, chosen[2], cut, unit), values, "net_value",
        unit, _remarks(values),
    )  # fmt: skip


def _rules(net: pd.Series, most_valuable: pd.Series, cut: float, unit: str) -> dict[str, str]:
    first, below = net[most_valuable], net[net < 0]
    waiting = int((net == 0).sum())
    least = f", from {in_words(first.min(), unit)} up" if len(first) else ""
    return {
        MOST_VALUABLE: f"pay for their service today and hold the first {cut:.0%} of net value above 0{least}",
        SECOND_TIER: "the others not below 0" + (f"; {waiting:,} of them at 0" if waiting else ""),
        BELOW_ZERO: "cost more to serve than they bring and may bring"
        + (f": {in_words(-below.sum(), unit)} short together" if len(below) else ""),
    }


def _remarks(values: pd.DataFrame) -> tuple[str, ...]:
    remarks = []
    if "undecided" in values.columns and values["undecided"].any():
        undecided = values["undecided"]
        classed_below = int((undecided & (values["net_value"] < 0)).sum())
        remarks.append(f"{plural(int(undecided.sum()), 'customers')} undecided, {classed_below:,} of them classed below"
                       " zero: the 90% interval of their net value reaches to both sides of 0.")  # fmt: skip
    unknown = int(values["net_value"].isna().sum())
    if unknown:
        remarks.append(f"{plural(unknown, 'customers')} without one of the three values: not classed.")
    return tuple(remarks)


def to_come_above(found: Classes, revenue: pd.Series, orders: pd.Series, cost_per_order: float = 0.0) -> Table:
    """Say what each account below zero would need to come above: a price, more orders, or a cheaper service.

    Parameters
    ----------
    found
        From :func:`value_classes`.
    revenue, orders
        Of the same period as the values, by customer_id.
    cost_per_order
        What one more order costs to serve (``unit_costs["order"]`` of the assumptions).

    Returns
    -------
    Table
        One row per account below zero, the furthest first: customer_id, short_by (money), undecided where it is known;
        and what would do it alone, all else as it is: ``price_rise`` (share of revenue), ``more_orders`` (in the
        period, each bringing the account's mean contribution less ``cost_per_order``) and ``cost_cut`` (share of its
        cost to serve). Missing where it cannot: without revenue, when an order brings no more than it costs, and when
        the account falls short by more than its whole cost to serve.

    Notes
    -----
    None of these allows for what the customer does in turn: a dearer price may cost orders.

    Examples
    --------
    >>> code = pd.Index(["c"], name="customer_id")
    >>> found = value_classes(*(pd.Series([x], code) for x in (40.0, 10.0, 80.0)))
    >>> to_come_above(found, pd.Series([200.0], code), pd.Series([4.0], code), cost_per_order=2.0)
    What accounts below zero need, each alone, to come above
    customer_id short_by price_rise more_orders cost_cut
              c       30      15.0%           4    37.5%
    """
    values = found.values[found.labels == BELOW_ZERO]
    short = -values["net_value"]
    revenue, orders = revenue.reindex(values.index), orders.reindex(values.index)
    brings = values["actual_value"] / orders.where(orders > 0) - cost_per_order
    frame = pd.DataFrame({"short_by": short})
    if "undecided" in values.columns:
        frame["undecided"] = values["undecided"]
    frame["price_rise"] = short / revenue.where(revenue > 0)
    frame["more_orders"] = np.ceil(short / brings.where(brings > 0))
    frame["cost_cut"] = (short / values["cost_to_serve"]).where(short <= values["cost_to_serve"])
    frame = frame.rename_axis("customer_id").reset_index()
    frame = frame.sort_values(["short_by", "customer_id"], ascending=[False, True], ignore_index=True)
    title = "What accounts below zero need, each alone, to come above"
    return Table(frame, title + (f" (money in {found.unit})" if found.unit else ""), 0, ("price_rise", "cost_cut"))
