"""How covariates go on: what is out of the ordinary for a customer today fades towards its own past."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

# Months between the two looks from which persistence is measured, and of the past wanted before the first.
_APART = 3
_PAST = 12


def own_past(panel: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    """Return each customer's mean of its covariates over all months before the last one it is seen in.

    Parameters
    ----------
    panel
        customer_id, month (a calendar month's number) and covariates; one row per customer and month.
    covariates
        Names of columns.

    Returns
    -------
    DataFrame
        Indexed by customer_id, one column per covariate; the only month's values for a customer seen once.

    Examples
    --------
    >>> panel = pd.DataFrame({"customer_id": ["a"] * 3, "month": [1, 2, 3], "late": [2.0, 4.0, 9.0]})
    >>> float(own_past(panel, ["late"]).loc["a", "late"])
    3.0
    """
    last = panel["month"] == panel.groupby("customer_id")["month"].transform("max")
    alone = panel.groupby("customer_id")["month"].transform("size") == 1
    return panel[~last | alone].groupby("customer_id")[list(covariates)].mean()


def persistence(panel: pd.DataFrame, covariates: Sequence[str]) -> pd.Series:
    """Return which part of a covariate's distance from the customer's own past is left a month later.

    Parameters
    ----------
    panel
        As for :func:`own_past`.
    covariates
        Names of columns.

    Returns
    -------
    Series
        By covariate, between 0 (gone at once) and 1 (stays); 1 where the panel is too short to tell.

    Notes
    -----
    The least-squares slope of a distance three months later on the distance now, each from the mean of the months
    before now, whose cube root is the part left after one month: the mean looks back only, so that a short past
    does not make deviations seem to fade by themselves.

    Examples
    --------
    >>> months = np.arange(30)
    >>> moved = (months >= 10) * 4.0  # a new level that stays
    >>> panel = pd.DataFrame({"customer_id": "a", "month": months, "moved": moved, "shaken": (-1.0) ** months})
    >>> persistence(panel, ["moved", "shaken"]).round(2).to_dict()
    {'moved': 1.0, 'shaken': 0.0}
    """
    names = list(covariates)
    rows = panel.sort_values(["customer_id", "month"], ignore_index=True)
    by = rows.groupby("customer_id", sort=False)
    seen = by.cumcount().to_numpy()
    later = by["month"].shift(-_APART).to_numpy(dtype=float) - rows["month"].to_numpy() == _APART
    chosen = later & (seen >= min(_PAST, seen.max(initial=0) // 2))
    values = rows[names].to_numpy(dtype=float)
    before = (by[names].cumsum().to_numpy(dtype=float) - values) / np.maximum(seen, 1)[:, None]
    now = (values - before)[chosen]
    then = (by[names].shift(-_APART).to_numpy(dtype=float) - before)[chosen]
    squares = (now**2).sum(axis=0)
    slope = np.divide((now * then).sum(axis=0), squares, out=np.ones(len(names)), where=squares > 0)
    return pd.Series(np.clip(slope, 0.0, 1.0) ** (1 / _APART), index=names)


def drifted(ahead: pd.DataFrame, past: pd.DataFrame, remains: pd.Series, lead: np.ndarray) -> pd.DataFrame:
    """Return months to come with each covariate on its way back to the customer's own past.

    Parameters
    ----------
    ahead
        One row per customer and month to come: customer_id and covariates as they are today.
    past
        From :func:`own_past`; customers without a past keep today's values.
    remains
        From :func:`persistence`: the covariates that drift.
    lead
        How many months each row lies ahead: 0 for the month that begins now.
    """
    names = list(remains.index)
    now = ahead[names].to_numpy(dtype=float)
    home = past.reindex(ahead["customer_id"])[names].to_numpy(dtype=float)
    home = np.where(np.isnan(home), now, home)
    left = remains.to_numpy()[None, :] ** lead[:, None]
    return ahead.assign(**dict(zip(names, (home + left * (now - home)).T, strict=True)))
