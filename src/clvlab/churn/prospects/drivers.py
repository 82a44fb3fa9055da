"""What drives a customer's risk, compared with its own past."""

from __future__ import annotations

import pandas as pd

from clvlab.churn.prospects.prospects import Prospects


def drivers(ahead: Prospects) -> pd.DataFrame:
    """Return by how much each covariate raises or lowers a customer's log hazard against its own past.

    Parameters
    ----------
    ahead
        From :func:`clvlab.churn.prospects.prospects.prospects`.

    Returns
    -------
    DataFrame
        One row per customer and covariate, the largest contribution first: customer_id, covariate, label, unit,
        cause (the reason for leaving it speaks for), now, own_past, contribution (coefficient times now less own
        past). Customers without a past are left out, and so are covariates whose estimated effect runs against sense
        (faster answers that raise the risk): chance, nothing to tell an account manager.
    """
    weight = ahead.fit.prediction_params_[list(ahead.now.columns)]
    sense = pd.Series({name: 1.0 if one.raises else -1.0 for name, one in ahead.panel.covariates.items()})
    weight = weight[weight * sense[weight.index] > 0]
    now = ahead.now.loc[ahead.now.index.isin(ahead.past.index), weight.index]
    past = ahead.past.loc[now.index, weight.index]
    parts = {"now": now, "own_past": past, "contribution": (now - past) * weight}
    long = [
        frame.reset_index().melt("customer_id", var_name="covariate", value_name=name) for name, frame in parts.items()
    ]
    table = long[0].assign(own_past=long[1]["own_past"], contribution=long[2]["contribution"])
    known = table["covariate"].map(ahead.panel.covariates)
    table = table.assign(
        label=[one.label for one in known], unit=[one.unit for one in known], cause=[one.reason for one in known]
    )
    order = ["customer_id", "contribution"]
    return table.sort_values(order, ascending=[True, False], ignore_index=True)[
        ["customer_id", "covariate", "label", "unit", "cause", "now", "own_past", "contribution"]
    ]
