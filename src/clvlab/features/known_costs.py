"""What the records know of the cost of customers, beside what their shipments cost."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir
import pandas as pd

SERVING = ("contacts", "campaigns")


def known_costs(tables: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Return each customer's recorded costs so far.

    Parameters
    ----------
    tables
        Accepted tables by name, as they were known on a day.

    Returns
    -------
    DataFrame
        Indexed by customer_id: ``acquisition`` (missing where it is not recorded) and ``serving`` (contacts and
        campaigns, 0 without any). A column of zeros, or missing, where the records have no such costs.
        ``attrs["one"]`` is what one contact or campaign typically costs: the mean weighted by cost.

    Examples
    --------
    >>> import ibis
    >>> customers = ibis.memtable({"customer_id": ["a", "b"], "acquisition_cost": [900.0, None]})
    >>> contacts = ibis.memtable({"customer_id": ["a", "a"], "cost": [40.0, 60.0]})
    >>> known_costs({"customers": customers, "contacts": contacts})  # doctest: +NORMALIZE_WHITESPACE
                 acquisition  serving
    customer_id
    a                  900.0    100.0
    b                    NaN      0.0
    """
    customers = tables["customers"]
    won = customers.acquisition_cost.cast("float64") if "acquisition_cost" in customers.columns else None
    columns = {} if won is None else {"acquisition": won}
    found = customers.select("customer_id", **columns).order_by("customer_id").execute().set_index("customer_id")
    if won is None:
        found["acquisition"] = float("nan")
    found["serving"], total, squares = 0.0, 0.0, 0.0
    for name in SERVING:
        if name in tables and "cost" in tables[name].columns:
            cost = tables[name].cost.cast("float64")
            costs = tables[name].group_by("customer_id").agg(cost=cost.sum(), squares=(cost * cost).sum()).execute()
            found["serving"] = found["serving"].add(costs.set_index("customer_id")["cost"], fill_value=0.0)
            total, squares = total + float(costs["cost"].sum()), squares + float(costs["squares"].sum())
    found.attrs["one"] = squares / total if total else 0.0
    return found
