"""What followed a contact, beside customers not contacted in the same month who were like the contacted ones before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.shrinkage import NINETY

AFTER = 3  # months before and after the month of the contact
# Rounds in which means by customer and by stratum are taken off in turn, until neither is left.
_ROUNDS = 30
_LEAST = 30  # contacted months of which a difference can be told


def followed_months(
    months: pd.DataFrame, orders: pd.DataFrame, contacted: pd.DataFrame, risk: pd.Series
) -> pd.DataFrame:
    """Return customer-months with what was done in them and what came after, those that could be followed.

    Parameters
    ----------
    months
        Months at risk: customer_id, spell, month (number), event (1: left in it), contract_running where known.
    orders
        customer_id, month, orders: one row per month with any.
    contacted
        customer_id, month, channel: one row per month and channel with a contact of ours.
    risk
        Each row's risk to leave in the month as it was known when the month opened.

    Returns
    -------
    DataFrame
        customer_id, stratum, risk, one column of 0 and 1 per channel, ``left`` (within the three months after this one)
        and ``orders_change`` (of the log of one more than the orders, from the three months before to the three after:
        about the share by which they grew). Only months in which the customer did not leave, and after which it was
        seen for three months or left.

    Notes
    -----
    A stratum is a calendar month, under contract or not, with orders of the three months before in thirds.

    Examples
    --------
    >>> months = pd.DataFrame({"customer_id": "a", "spell": 1, "month": range(12), "event": 0})
    >>> orders = pd.DataFrame({"customer_id": "a", "month": range(12), "orders": 2.0})
    >>> calls = pd.DataFrame({"customer_id": ["a"], "month": [5], "channel": ["call"]})
    >>> found = followed_months(months, orders, calls, pd.Series(0.1, months.index))
    >>> len(found), found["call"].sum().item(), found["orders_change"].sum().item()
    (6, 1.0, 0.0)
    """
    need_columns(months.columns, ["customer_id", "spell", "month", "event"])
    keys = ["customer_id", "spell"]
    frame = months.assign(risk=risk.to_numpy()).sort_values([*keys, "month"]).reset_index(drop=True)
    last = frame.groupby(keys)[["month", "event"]].transform("last")
    gone_in = last["month"].where(last["event"] == 1)
    left = (gone_in - frame["month"]).between(1, AFTER)
    seen = (last["month"] - frame["month"] >= AFTER) | left
    count = orders.groupby(["customer_id", "month"])["orders"].sum()

    def ordered(shifts: Sequence[int]) -> NDArray[np.float64]:
        found = np.zeros(len(frame))
        for shift in shifts:
            wanted = pd.MultiIndex.from_arrays([frame["customer_id"], frame["month"] + shift])
            found += count.reindex(wanted).fillna(0.0).to_numpy()
        return found

    before, after = ordered(range(-AFTER, 0)), ordered(range(1, AFTER + 1))
    third = pd.Series(before).rank(pct=True).mul(3).clip(upper=2.999).astype(int)
    under = frame["contract_running"] if "contract_running" in frame else pd.Series(0, index=frame.index)
    found = frame[["customer_id", "risk"]].assign(
        stratum=pd.factorize(pd.MultiIndex.from_arrays([frame["month"], under, third]))[0],
        left=left.astype(float), orders_change=np.log1p(after) - np.log1p(before),
    )  # fmt: skip
    done = set(zip(contacted["customer_id"], contacted["month"], contacted["channel"], strict=True))
    for channel in sorted(contacted["channel"].unique()):
        pairs = zip(frame["customer_id"], frame["month"], strict=True)
        found[channel] = np.array([(who, month, channel) in done for who, month in pairs], dtype=float)
    early = frame["month"] - frame.groupby("customer_id")["month"].transform("min") < AFTER
    return found[seen & (frame["event"] == 0) & ~early].reset_index(drop=True)


def differences(
    followed: pd.DataFrame, channels: Sequence[str], outcome: str, within_customer: bool = False
) -> pd.DataFrame:
    """Return by how much an outcome differs with a contact of each channel, other channels and the risk alike.

    Parameters
    ----------
    followed
        From :func:`followed_months`.
    channels
        Its columns of contacts.
    outcome
        Its column.
    within_customer
        Whether each customer is compared with its own other months, for what happens to a customer more than once.

    Returns
    -------
    DataFrame
        Indexed by channel: ``change``, ``lower``, ``upper`` (90%); missing for a channel with too few contacts.

    Raises
    ------
    Refused
        When no channel has enough contacts.

    Notes
    -----
    Least squares within strata, and within customers where asked for (each variable less its mean there), with the risk
    known when the month opened; errors are robust and clustered by customer (Liang and Zeger 1986, "Longitudinal data
    analysis using generalized linear models", Biometrika 73(1)). Large accounts get more visits and grow by more
    orders: between customers that passes for an effect on orders (on the demo market, where there is none, +7% after a
    visit), within customers it does not. Whom managers choose to contact they choose by more than is recorded, so that
    a difference is no effect.

    Examples
    --------
    >>> followed = pd.DataFrame({"customer_id": range(200), "stratum": 0, "risk": 0.1, "call": [0.0, 1.0] * 100})
    >>> followed["left"] = [0.5 - 0.25 * call + 0.25 * (i % 4 < 2) for i, call in enumerate(followed["call"])]
    >>> differences(followed, ["call"], "left")["change"].round(2).to_dict()
    {'call': -0.25}
    """
    told = [channel for channel in channels if followed[channel].sum() >= _LEAST]
    if not told:
        raise Refused(f"What followed contacts needs {_LEAST} of them or more by one channel, with three months after.")
    values = followed[[*told, "risk", outcome]].astype(float)
    for _ in range(_ROUNDS if within_customer else 1):
        if within_customer:
            values = values - values.groupby(followed["customer_id"]).transform("mean")
        values = values - values.groupby(followed["stratum"]).transform("mean")
    inner = values.to_numpy(dtype=float)
    x, y = inner[:, :-1], inner[:, -1]
    inverse = np.linalg.pinv(x.T @ x)
    slopes = inverse @ (x.T @ y)
    scores = pd.DataFrame(x * (y - x @ slopes)[:, None]).groupby(followed["customer_id"].to_numpy()).sum().to_numpy()
    clusters = len(scores)
    errors = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse) * clusters / max(clusters - 1, 1))
    found = pd.DataFrame(
        {"change": slopes, "lower": slopes - NINETY * errors, "upper": slopes + NINETY * errors}, index=[*told, "risk"]
    )
    return found.drop(index="risk").reindex(channels)
