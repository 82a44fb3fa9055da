"""Least levels of service that a plan must keep: what contracts agree and what tiers are promised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import ibis
import pandas as pd

from clvlab.features.tables import AnyTable, as_table
from clvlab.refusal import Refused


class Minimum(NamedTuple):
    """A least level of one service indicator for one group.

    ``name`` is what the reader knows it as, such as "contract V00012 of C00012"; ``level`` is a share that goes well.
    """

    name: str
    group: str
    kpi: str
    level: float


def contract_minimums(
    contracts: AnyTable, groups: pd.Series, as_of: dt.date, kpi: str = "on_time_delivery"
) -> tuple[Minimum, ...]:
    """Return what running contracts agree for their customers' groups.

    A group is served alike, so its level must be at least that of its most demanding contract.

    Parameters
    ----------
    contracts
        The table of contracts, with agreed_on_time_share.
    groups
        Group by customer_id.
    as_of
        The day on which a contract must run to count.
    kpi
        The service indicator that the agreed share is of.

    Returns
    -------
    tuple of Minimum
        One per running contract with an agreed share whose customer has a group, the most demanding first.

    Raises
    ------
    Refused
        When the records do not hold agreed_on_time_share.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "contract_id": ["V1"], "customer_id": ["C1"], "starts_on": pd.to_datetime(["2025-01-01"]),
    ...     "ends_on": pd.to_datetime(["2026-12-31"]), "agreed_on_time_share": [0.95],
    ... })
    >>> contract_minimums(contracts, pd.Series({"C1": "core"}), dt.date(2025, 12, 31))
    (Minimum(name='contract V1 of C1', group='core', kpi='on_time_delivery', level=0.95),)
    """
    if "agreed_on_time_share" not in contracts.columns:
        raise Refused("Contract minimums need agreed_on_time_share in contracts.")
    wanted = ["contract_id", "customer_id", "starts_on", "ends_on", "agreed_on_time_share"]
    ended = [name for name in ("ended_on",) if name in contracts.columns]
    table, day = as_table(contracts, wanted + ended), ibis.literal(as_of)
    table = table.filter(
        (table.starts_on.cast("date") <= day)
        & (table.ends_on.cast("date") >= day)
        & table.agreed_on_time_share.notnull()
    )
    if ended:
        table = table.filter(table.ended_on.isnull() | (table.ended_on.cast("date") > day))
    running = table.to_pandas()
    running = running[running["customer_id"].isin(groups.index)]
    running = running.sort_values(["agreed_on_time_share", "contract_id"], ascending=[False, True])
    return tuple(
        Minimum(f"contract {row.contract_id} of {row.customer_id}", groups[row.customer_id], kpi,
                float(row.agreed_on_time_share))
        for row in running.itertuples()
    )  # fmt: skip


def floors(levels: Mapping[str, float], kpi: str = "on_time_delivery") -> tuple[Minimum, ...]:
    """Return the least levels that tiers are promised, by tier.

    Examples
    --------
    >>> floors({"core": 0.95})
    (Minimum(name='the floor of core', group='core', kpi='on_time_delivery', level=0.95),)
    """
    return tuple(Minimum(f"the floor of {group}", group, kpi, level) for group, level in levels.items())


def strictest(minimums: Iterable[Minimum]) -> dict[tuple[str, str], list[Minimum]]:
    """Return the minimums by group and indicator, the strictest first: it implies the others."""
    found: dict[tuple[str, str], list[Minimum]] = {}
    for minimum in sorted(minimums, key=lambda each: -each.level):
        found.setdefault((minimum.group, minimum.kpi), []).append(minimum)
    return found
