"""Kinds of customers that the file or a count tells: standing in time, size, commodity, region, service and role."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from clvlab.features.by_customer import first_label
from clvlab.features.customer_file.shared import plural
from clvlab.periods import DAYS_PER_YEAR, parse_date
from clvlab.refusal import Refused
from clvlab.tiers.classes.abc import abc_classes
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes

PAST, PRESENT, FUTURE = "past", "present", "future"
SIZES = ("large", "medium", "small")
SINGLE, INTEGRATED = "single", "integrated"
ROLES = {
    "shipper": "sends goods",
    "consignee": "receives goods",
    "both": "sends and receives goods",
    "channel": "brings the goods of others (forwarder, agent, platform)",
}
SILENT_DAYS = int(DAYS_PER_YEAR)
# From this share of orders on, a customer's main service is its only one: a stray order makes no second demand.
_ONE_SERVICE = 0.95


def standing_kinds(last_on: pd.Series, as_of: str | dt.date, left: pd.Series | None = None) -> Classes:
    """Class customers as past, present and future (过去型, 现在型, 未来型).

    Parameters
    ----------
    last_on
        Day of the last order, by customer_id; missing without any (``customer_totals(...)["last_on"]``).
    as_of
        The last day known.
    left
        By customer_id: whether the customer counts as having left, by the study's definition of churn; those it does
        not name have not. When None, a customer has left that was silent for 365 days.

    Returns
    -------
    Classes
        Future customers are on file and have not ordered yet.

    Examples
    --------
    >>> last_on = pd.Series(pd.to_datetime(["2025-12-01", "2023-01-05", None]), ["a", "b", "c"])
    >>> standing_kinds(last_on, "2025-12-31").labels.to_dict()
    {'a': 'present', 'b': 'past', 'c': 'future'}
    """
    silent = (pd.Timestamp(parse_date(as_of)) - last_on).dt.days
    gone = silent >= SILENT_DAYS if left is None else left.reindex(last_on.index, fill_value=False)
    labels = pd.Series(first_label([last_on.isna(), gone], [FUTURE, PAST], PRESENT), last_on.index)
    how = f"no order for {SILENT_DAYS} days" if left is None else "called lost by the study's definition of churn"
    rules = {PAST: f"ordered, and left: {how}", PRESENT: "ordered, and still there", FUTURE: "on file, no order yet"}
    return Classes("Past, present and future customers", labels, rules, silent.to_frame("silent_days"))


def size_kinds(stated: pd.Series, volume: pd.Series, what: str, unit: str = "") -> Classes:
    """Class customers as large, medium and small (大型, 中型, 小型) by the file, or by volume where it has no sizes.

    Parameters
    ----------
    stated
        By customer_id: the file's size_class, all blank where it has none.
    volume
        By customer_id: what stands in when the file holds no size at all: weight, else orders.
    what, unit
        What the volume is, and its unit.

    Returns
    -------
    Classes
        By volume: large customers hold the first 70%, medium ones go on to 90%
        (:func:`clvlab.tiers.classes.abc.abc_classes`).

    Examples
    --------
    >>> blank = pd.Series([None, None], ["a", "b"])
    >>> size_kinds(blank, pd.Series([95.0, 5.0], ["a", "b"]), "weight").labels.to_dict()
    {'a': 'large', 'b': 'small'}
    """
    found = file_kinds(stated, "size_class", "Size of customers")
    if found.rules:
        order = [name for name in SIZES if name in found.rules] + [n for n in found.rules if n not in SIZES]
        rules = {name: found.rules[name] for name in order}
        return Classes(found.title, found.labels, rules, found.values, remarks=found.remarks)
    found = abc_classes(volume, what, unit=unit)
    names = dict(zip(found.rules, SIZES, strict=True))
    labels = found.labels.replace(names)
    rules = {names[letter]: rule for letter, rule in found.rules.items()}
    remarks = [f"The file holds no size_class: sizes are by {what}, what we move and not what the company is."]
    return Classes(
        f"Size of customers by {what}", labels, rules, found.values, found.amount, unit, (*remarks, *found.remarks)
    )


def file_kinds(stated: pd.Series, column: str, title: str) -> Classes:
    """Class customers by what a column of the customer file says: commodity (industry), region, role, size.

    Parameters
    ----------
    stated
        What the file says, by customer_id (:meth:`clvlab.features.ledger.Ledger.file`).
    column
        The column's name.
    title
        What customers are classed by.

    Returns
    -------
    Classes
        The most frequent first; blanks are not known.

    Examples
    --------
    >>> regions = pd.Series(["east", " ", "east"], ["a", "b", "c"])
    >>> file_kinds(regions, "region", "Customers by region").labels.to_dict()
    {'a': 'east', 'b': 'not known', 'c': 'east'}
    """
    coded = stated.astype("category").cat
    names = np.array([*(str(word).strip() or NOT_KNOWN for word in coded.categories), NOT_KNOWN], dtype=object)
    labels = pd.Series(names[coded.codes], stated.index)  # the code of a blank is -1: the last
    counts = pd.Series(np.bincount(coded.codes + 1, minlength=len(names)), [NOT_KNOWN, *names[:-1]])
    counts = counts.groupby(level=0, sort=False).sum().sort_values(ascending=False, kind="stable")
    unknown = int(counts.pop(NOT_KNOWN))
    rules = {name: f"{column} {name!r} on file" for name in counts.index}
    if column == "role":
        rules = {name: ROLES.get(name, rule) for name, rule in rules.items()}
    remarks = (f"{plural(unknown, 'customers')} without {column} on file.",) if unknown else ()
    return Classes(title, labels, rules, pd.DataFrame(index=labels.index), remarks=remarks)


def service_kinds(totals: pd.DataFrame) -> Classes:
    """Class customers by whether they want one service or several (单一需求, 综合需求).

    Parameters
    ----------
    totals
        ``orders``, ``services`` and ``main_service_share``, from :func:`clvlab.features.totals.customer_totals`.

    Returns
    -------
    Classes
        Who ordered less than twice, or whose orders name no service, is not known.

    Raises
    ------
    Refused
        When the records name no services.

    Examples
    --------
    >>> totals = pd.DataFrame({"orders": [40, 9], "services": [2, 3], "main_service_share": [0.975, 0.6]}, ["a", "b"])
    >>> service_kinds(totals).labels.to_dict()
    {'a': 'single', 'b': 'integrated'}
    """
    if "services" not in totals.columns:
        raise Refused("Single or integrated service needs service in shipments.")
    share = totals["main_service_share"].where(totals["orders"] > 1)
    chosen = [share.isna(), share >= _ONE_SERVICE]
    labels = pd.Series(first_label(chosen, [NOT_KNOWN, SINGLE], INTEGRATED), share.index)
    rules = {
        SINGLE: f"one service makes {_ONE_SERVICE:.0%} of its orders or more",
        INTEGRATED: f"uses several services, the main one for less than {_ONE_SERVICE:.0%} of its orders",
    }
    unknown = int(share.isna().sum())
    remarks = (f"{plural(unknown, 'customers')} with fewer than two orders: not classed.",) if unknown else ()
    return Classes("Single or integrated service", labels, rules, totals[["services", "main_service_share"]],
                   remarks=remarks)  # fmt: skip
