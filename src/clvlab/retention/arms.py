"""The arms of a randomised campaign: who was in them, how alike they were, and who left."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clvlab.churn.curves.survival import survival_curve
from clvlab.features.customer_file.shared import present
from clvlab.features.tables import AnyTable, need_columns
from clvlab.periods import epoch_days
from clvlab.refusal import Refused, nearest

CONTROL = "control"


def randomised_arms(campaigns: AnyTable, campaign: str = "") -> pd.DataFrame:
    """Return who was in a randomised campaign, and in which arm.

    Parameters
    ----------
    campaigns
        The table ``campaigns``: campaign_id, customer_id, started_on, arm, randomised and, where known, cost.
    campaign
        Its campaign_id; may be blank when one campaign alone was randomised.

    Returns
    -------
    DataFrame
        One row per customer: customer_id, started_on, called (whether in the arm that got the offer), cost.

    Raises
    ------
    Refused
        For a targeted campaign, for several randomised ones when none is named, and unless one arm is called
        ``"control"`` beside one other.

    Examples
    --------
    >>> campaign = pd.DataFrame({"campaign_id": "P1", "customer_id": ["a", "b"], "started_on": "2025-03-01",
    ...                          "arm": ["control", "call"], "randomised": True})
    >>> randomised_arms(campaign)[["customer_id", "called"]]
      customer_id  called
    0           a   False
    1           b    True
    """
    need_columns(campaigns.columns, ["campaign_id", "customer_id", "started_on", "arm", "randomised"])
    columns = ["campaign_id", "started_on", "arm", "randomised", "cost"]
    table = present(campaigns, *columns).reindex(columns=["customer_id", *columns])
    drawn = table["randomised"].eq(True)
    if campaign and campaign not in set(table["campaign_id"]):
        raise Refused(f"There is no campaign {campaign!r}{nearest(campaign, set(table['campaign_id']))}.")
    chosen = table[table["campaign_id"] == campaign] if campaign else table[drawn]
    if chosen.empty or not drawn[chosen.index].all():
        which = f"Campaign {campaign}" if campaign else "Every campaign in the records"
        raise Refused(
            f"{which} was targeted, not drawn by lot: who was called differs from who was not in more than the call,"
            " so their leaving does not tell what calling changes. Draw the next campaign's customers by lot."
        )
    names = sorted(chosen["campaign_id"].unique())
    if len(names) > 1:
        raise Refused(f"Several campaigns were randomised ({', '.join(names)}); name one of them.")
    arms = set(chosen["arm"])
    if len(arms) != 2 or CONTROL not in arms:
        raise Refused(
            f"Campaign {names[0]} has the arms {', '.join(sorted(map(str, arms)))}; it takes {CONTROL!r} and one other."
        )
    started = pd.to_datetime(chosen["started_on"])
    found = chosen.assign(started_on=started, called=chosen["arm"] != CONTROL, cost=chosen["cost"].astype(float))
    return found[["customer_id", "started_on", "called", "cost"]].reset_index(drop=True)


def follow_up(arms: pd.DataFrame, spells: pd.DataFrame) -> pd.DataFrame:
    """Return how long each customer of a campaign stayed after it began.

    Parameters
    ----------
    arms
        From :func:`randomised_arms`.
    spells
        customer_id, at_risk_from, at_risk_to (days) and event (1 when it left on the last day, else 0).

    Returns
    -------
    DataFrame
        ``arms`` less those who were no customers yet, with ``time`` (days from the start of the campaign to leaving or
        to the end of follow-up) and ``event``. Who had left before counts as leaving at 0: silence is dated back, so
        that leaving them out would choose customers by what came after the campaign began.

    Examples
    --------
    >>> arms = pd.DataFrame({"customer_id": ["a"], "started_on": pd.to_datetime(["2025-03-01"]), "called": True})
    >>> spells = pd.DataFrame({"customer_id": ["a"], "at_risk_from": "2020-01-01", "at_risk_to": "2025-03-31"})
    >>> follow_up(arms, spells.assign(event=1))[["time", "event"]]
       time  event
    0  30.0      1
    """
    need_columns(spells.columns, ["customer_id", "at_risk_from", "at_risk_to", "event"])
    days = {name: pd.to_datetime(spells[name]) for name in ("at_risk_from", "at_risk_to")}
    joined = arms.merge(spells[["customer_id", "event"]].assign(**days), on="customer_id")
    begun = joined[joined["at_risk_from"] <= joined["started_on"]].sort_values(["customer_id", "at_risk_from"])
    last = begun.drop_duplicates("customer_id", keep="last")
    time = epoch_days(last["at_risk_to"]) - epoch_days(last["started_on"])
    found = last.assign(time=np.maximum(time, 0).astype(float), left_before=(time < 0) & (last["event"] == 1))
    return found.drop(columns=["at_risk_from", "at_risk_to"]).reset_index(drop=True)


class Left(NamedTuple):
    """Customers of one arm, the share that left within the horizon, and its variance.

    Examples
    --------
    >>> Left(100, 0.25, 0.0019).share
    0.25
    """

    customers: int
    share: float
    variance: float


def left_within(time: NDArray[np.float64], event: NDArray[np.bool_], horizon: float) -> Left:
    """Return the Kaplan-Meier estimate of the share that has left by ``horizon``.

    Parameters
    ----------
    time, event
        Follow-up and whether it ended by leaving, one entry per customer.
    horizon
        In the unit of ``time``.

    Raises
    ------
    Refused
        When nobody who stayed was followed up to the horizon.

    Notes
    -----
    The variance is Greenwood's, turned into a number of customers who, all followed to the horizon, would have told as
    much; one leaver and one stayer are added to them, so that an arm without leavers is not taken for certain (Agresti
    and Caffo 2000, "Simple and effective confidence intervals for proportions and differences of proportions", The
    American Statistician 54(4)).

    Examples
    --------
    >>> left_within(np.array([2.0, 5.0, 9.0, 9.0]), np.array([True, False, False, False]), 9.0).share
    0.25
    """
    if not len(time):
        raise Refused("An arm of the campaign has no customers with spells; give the spells of all its customers.")
    curve = survival_curve(pd.DataFrame({"duration": time, "event": event.astype(int)}))
    stayed, error = curve.at([horizon])[["survival", "standard_error"]].iloc[0]
    if np.isnan(stayed):
        raise Refused("Nobody who stayed was followed up for that long; give a shorter horizon or later records.")
    followed = (time >= horizon).sum() if stayed == 1 else len(time)
    equivalent = stayed * (1 - stayed) / error**2 if 0 < stayed < 1 else float(followed)
    adjusted = ((1 - stayed) * equivalent + 1) / (equivalent + 2)
    return Left(len(time), float(1 - stayed), adjusted * (1 - adjusted) / (equivalent + 2))


def balance(arms: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return how far the arms differ in what was known before the campaign.

    Parameters
    ----------
    arms
        From :func:`randomised_arms`.
    before
        customer_id and what was known: numbers are compared by their mean, texts by the share of each value.

    Returns
    -------
    DataFrame
        measure, called and not_called (means, or shares of a value), standardised_difference (in standard deviations),
        p (of a difference as large or larger by chance somewhere among all measures, after Sidak).

    Examples
    --------
    >>> arms = pd.DataFrame({"customer_id": list("abcd"), "called": [True, True, False, False]})
    >>> before = pd.DataFrame({"customer_id": list("abcd"), "orders": [9.0, 11.0, 8.0, 12.0]})
    >>> balance(arms, before)[["measure", "called", "not_called"]]
      measure  called  not_called
    0  orders    10.0        10.0
    """
    need_columns(before.columns, ["customer_id"])
    told = arms[["customer_id", "called"]].merge(before, on="customer_id")
    rows = []
    for name in before.columns.drop("customer_id"):
        values = told[name]
        measures = {name: values.astype(float)} if pd.api.types.is_numeric_dtype(values) else {
            f"{name}: {value}": values.eq(value).astype(float) for value in sorted(values.dropna().unique())
        }  # fmt: skip
        rows += [(measure, *_difference(numbers, told["called"])) for measure, numbers in measures.items()]
    columns = ["measure", "called", "not_called", "standardised_difference", "p"]
    found = pd.DataFrame(rows, columns=columns)
    return found.assign(p=1 - (1 - found["p"]) ** len(found))


def _difference(values: pd.Series, called: pd.Series) -> tuple[float, float, float, float]:
    """Return both means, their difference in standard deviations, and its own two-sided p."""
    yes, no = values[called].dropna(), values[~called].dropna()
    spread = float(np.sqrt((yes.var() + no.var()) / 2))
    standardised = (yes.mean() - no.mean()) / spread if spread > 0 else 0.0
    z = abs(standardised) / np.sqrt(1 / max(len(yes), 1) + 1 / max(len(no), 1))
    return float(yes.mean()), float(no.mean()), float(standardised), 2 * NormalDist().cdf(-float(z))
