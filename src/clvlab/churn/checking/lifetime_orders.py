"""A covariate that knows the future, to see what it does: orders over a customer's whole life."""

from __future__ import annotations

import pandas as pd

from clvlab.churn.customer_churn import Churn

LIFETIME_ORDERS = "orders_in_life"
KNOWN_ON = {LIFETIME_ORDERS: "last_order_on", "tenure_years": "opened_on"}


def with_lifetime_orders(found: Churn) -> pd.DataFrame:
    """Return the panel with each customer's orders over all of the records, known on the day of the last one.

    Parameters
    ----------
    found
        Who is leaving.

    Returns
    -------
    DataFrame
        The panel's frame with ``orders_in_life``, ``last_order_on``, and ``opened_on``: the eve of the row's first day,
        by which all of the panel's own covariates were known.
    """
    orders = found.base.orders
    counted = orders.group_by("customer_id").agg(n=orders.count(), last=orders.date.max())
    known = counted.to_pyarrow().to_pandas().set_index("customer_id")
    frame = found.panel.frame
    return frame.assign(
        orders_in_life=frame["customer_id"].map(known["n"]).fillna(0).astype(float),
        last_order_on=pd.to_datetime(frame["customer_id"].map(known["last"])),
        opened_on=frame["from"] - pd.Timedelta(days=1),
    )
