"""Whether an account will leave, why, and when its next order should come, against its own rhythm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Table, format_cell

LOST, SILENT, ACTIVE = "called lost", "silent", "active"
# A covariate that changes the risk by less than a hundredth is not worth a line.
_WORTH_A_LINE = 0.01
_RAISING, _LOWERING = 4, 2
_BESIDE = (
    "All customers: the mean of their probabilities, those gone unnoticed included; not the yearly share at past rates."
)


def risk(prospects: pd.DataFrame, horizons: Sequence[int], customer_id: str, told: Sequence[str]) -> Table:
    """Return the probability that an account leaves within some months.

    Parameters
    ----------
    prospects
        From :class:`clvlab.churn.prospects.prospects.Prospects`.
    horizons
        In months.
    customer_id
        The account.
    told
        What to say beside it, such as :func:`rhythm_in_words`.

    Returns
    -------
    Table
        One row per ``horizon``: leaves (with lower and upper, its 90% interval), and the mean of all customers.

    Raises
    ------
    Refused
        When it is no longer a customer, with what is told of it.

    Examples
    --------
    >>> ahead = {"leave_3": [0.1, 0.3], "leave_3_lower": [0.05, 0.2], "leave_3_upper": [0.2, 0.5]}
    >>> risk(pd.DataFrame(ahead, index=["a", "b"]), [3], "a", ["Active."])
    Probability to leave (90% intervals)
     horizon leaves lower upper all_customers
    3 months  10.0%  5.0% 20.0%         20.0%
    Active.
    All customers: the mean of their probabilities, those gone unnoticed included; not the yearly share at past rates.
    """
    if customer_id not in prospects.index:
        raise Refused(" ".join(told) or "This account is not followed: it never ordered.")
    row = prospects.loc[customer_id]
    rows = [
        {
            "horizon": f"{months} months",
            "leaves": row[f"leave_{months}"],
            "lower": row[f"leave_{months}_lower"],
            "upper": row[f"leave_{months}_upper"],
            "all_customers": prospects[f"leave_{months}"].mean(),
        }
        for months in horizons
    ]
    percent = ("leaves", "lower", "upper", "all_customers")
    return Table(
        pd.DataFrame(rows), "Probability to leave (90% intervals)", 3, percent, fold=False, remarks=[*told, _BESIDE]
    )


def rhythm_in_words(standing: Mapping[str, Any], rhythm: Mapping[str, Any], as_of: dt.date) -> list[str]:
    """Say how an account stands: its silence against its own rhythm, and when its next order is expected.

    Parameters
    ----------
    standing
        Its row of ``accounts.standing``: standing, since, last_on, silent_days.
    rhythm
        Its row of :attr:`clvlab.features.churn_definitions.rhythm.Rhythm.customers`; empty where there is none.
    as_of
        The last day known.

    Examples
    --------
    >>> day = pd.Timestamp
    >>> print(*rhythm_in_words(
    ...     {"standing": "active", "last_on": day("2025-12-27"), "silent_days": 4},
    ...     {"usual_gap_days": 4.0, "silence_percentile": 0.5, "next_on": day("2026-01-02"),
    ...      "next_from": day("2026-01-01"), "next_to": day("2026-01-08"), "calls_on": day("2026-01-15")},
    ...     dt.date(2025, 12, 31)), sep="\\n")
    Active; last order on 2025-12-27, 4 days ago.
    Usually 4.0 days between orders; 50% of its gaps are shorter than this silence.
    The next order is expected on 2026-01-02 (90% interval 2026-01-01 to 2026-01-08).
    Without an order it would count as lost from 2026-01-15 on.
    """
    told = []
    if "last_on" in standing:
        told.append(
            f"{str(standing['standing']).capitalize()}; last order on {_day(standing['last_on'])},"
            f" {plural(int(standing['silent_days']), 'days')} ago."
        )
    if "usual_gap_days" in rhythm:
        told.append(
            f"Usually {rhythm['usual_gap_days']:.1f} days between orders; {rhythm['silence_percentile']:.0%} of its"
            " gaps are shorter than this silence."
        )
    if "next_on" in rhythm:
        told.append(
            f"The next order is expected on {_day(rhythm['next_on'])} (90% interval {_day(rhythm['next_from'])} to"
            f" {_day(rhythm['next_to'])})."
        )
    followed = standing.get("standing") in (ACTIVE, SILENT)
    if followed and "calls_on" in rhythm and rhythm["calls_on"] > pd.Timestamp(as_of):
        told.append(f"Without an order it would count as lost from {_day(rhythm['calls_on'])} on.")
    return told


def cause_in_words(spells: pd.DataFrame, customer_id: str) -> str:
    """Say for what cause an account left last.

    Parameters
    ----------
    spells
        From :attr:`clvlab.churn.customer_churn.Churn.spells`.
    customer_id
        The account.

    Examples
    --------
    >>> cause_in_words(pd.DataFrame({"customer_id": ["a"], "cause": ["price"]}), "a")
    'The cause on record: price.'
    """
    causes = spells.loc[spells["customer_id"] == customer_id, "cause"]
    if causes.empty or pd.isna(causes.iloc[-1]):
        return "Why this account left is not on record."
    return f"The cause on record: {causes.iloc[-1]}."


def reasons(drivers: pd.DataFrame, customer_id: str) -> Table:
    """Return what raises and what lowers an account's risk against its own past.

    Parameters
    ----------
    drivers
        From :attr:`clvlab.churn.customer_churn.Churn.drivers`.
    customer_id
        The account.

    Returns
    -------
    Table
        what, now, own_past, ``times_the_risk`` (1.2: a fifth more than by its own past) and speaks_for; at most four
        that raise the risk and two that lower it, the strongest first.

    Raises
    ------
    Refused
        When nothing moves it by a hundredth.
    """
    own = drivers[drivers["customer_id"] == customer_id].set_index("covariate")
    moving = own[own["contribution"].abs() >= _WORTH_A_LINE].sort_values("contribution", ascending=False, kind="stable")
    up, down = moving[moving["contribution"] > 0].head(_RAISING), moving[moving["contribution"] < 0].tail(_LOWERING)
    if up.empty and down.empty:
        raise Refused("Nothing sets the risk of this account apart from its own past.")
    rows = pd.concat([up, down])
    frame = pd.DataFrame(
        {
            "what": rows["label"],
            "now": rows["now"].round(1),
            "own_past": rows["own_past"].round(1),
            "times_the_risk": np.exp(rows["contribution"]),
            "speaks_for": rows["cause"],
        }
    )
    return Table(frame.reset_index(drop=True), "Why: what moved against its own past", 2, fold=False)


def _day(moment: object) -> str:
    return format_cell(moment, 0)
