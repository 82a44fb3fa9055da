"""How well an account is served, and what it thinks of that, each drawn towards all customers' as little shows."""

from __future__ import annotations

import pandas as pd

from clvlab.clv.valuing.ranges import pooled_means
from clvlab.features.indicators import label_of
from clvlab.features.kpi_table import KpiTable, is_share, well_is_high
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.satisfaction.answers import Answers

# What customers say has a section of its own.
_ASKED = "satisfaction"
_WORSE, _BETTER = "worse", "better"
_MOST = 6  # indicators shown
_SHARES = ("failed_share", "lower", "upper", "all_customers")


def failures(kpis: KpiTable) -> pd.DataFrame:
    """Return every customer's failures by indicator, drawn towards all customers' share.

    Parameters
    ----------
    kpis
        From :func:`clvlab.features.service.service_kpis` by customer_id.

    Returns
    -------
    DataFrame
        One row per customer and indicator that is a share, satisfaction left out: customer_id, kpi, failures,
        opportunities, ``failed_share`` with lower and upper (pooled), and ``all_customers``, that of all together.
    """
    rows = kpis.to_frame()
    rows = rows[rows["kpi"].map(is_share).astype(bool) & (rows["kpi"] != _ASKED)]
    high = rows["kpi"].map(well_is_high).to_numpy(dtype=bool)
    # A share that goes well is turned round, and with it the ends of its interval.
    ends = {"failed_share": ("", ""), "lower": ("_lower", "_upper"), "upper": ("_upper", "_lower")}
    found = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "kpi": rows["kpi"],
            "failures": rows["numerator"].where(~high, rows["denominator"] - rows["numerator"]),
            "opportunities": rows["denominator"],
            **{
                name: rows[f"shrunk{end}"].where(~high, 1 - rows[f"shrunk{other}"])
                for name, (end, other) in ends.items()
            },
        }
    )
    sums = found.groupby("kpi")[["failures", "opportunities"]].transform("sum")
    return found.assign(all_customers=sums["failures"] / sums["opportunities"]).reset_index(drop=True)


def promised_on_time(contracts: pd.DataFrame) -> float | None:
    """Return the share of deliveries that an account's latest contract promises on time; None where none does.

    Examples
    --------
    >>> begun = pd.to_datetime(["2024-01-01", "2025-01-01"])
    >>> promised_on_time(pd.DataFrame({"starts_on": begun, "agreed_on_time_share": [0.95, 0.97]}))
    0.97
    """
    if "agreed_on_time_share" not in contracts:
        return None
    known = contracts.sort_values("starts_on")["agreed_on_time_share"].dropna()
    return float(known.iloc[-1]) if len(known) else None


def service(failed: pd.DataFrame, customer_id: str, promised: float | None = None) -> Table:
    """Return how often an account's service failed in the last year, where it stands worst beside all first.

    Parameters
    ----------
    failed
        From :func:`failures`.
    customer_id
        The account.
    promised
        Share of deliveries that its contract promises on time; None without one.

    Returns
    -------
    Table
        indicator, failures, of (orders or other opportunities), failed_share with its 90% interval, all_customers, and
        ``beside all``: worse or better where the interval leaves no doubt.

    Raises
    ------
    Refused
        When nothing of it was counted.
    """
    own = failed[failed["customer_id"] == customer_id]
    if own.empty:
        raise Refused("No service indicator was counted for this account in the last 365 days.")
    beside = pd.Series("", own.index).mask(own["lower"] > own["all_customers"], _WORSE)
    beside = beside.mask(own["upper"] < own["all_customers"], _BETTER)
    frame = pd.DataFrame(
        {
            "indicator": [label_of(kpi) for kpi in own["kpi"]],
            "failures": own["failures"],
            "opportunities": own["opportunities"],
            **{name: own[name] for name in _SHARES},
            "beside all": beside,
        }
    )
    distance = (own["failed_share"] - own["all_customers"]) / (own["upper"] - own["lower"]).clip(lower=1e-9)
    frame = frame.loc[distance.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
    title = "How often service failed in the last 365 days (90% intervals)"
    if promised is not None:
        title = f"{title}; promised on time {promised:.0%}"
    return Table(frame, title, 3, _SHARES, fold=False).first(_MOST)


def satisfaction_gaps(recent: Answers) -> pd.DataFrame:
    """Return what each account perceives against what it expects, item by item, drawn towards all accounts.

    Parameters
    ----------
    recent
        Answers of the last year.

    Returns
    -------
    DataFrame
        One row per account and item that it answered: customer_id, item, answers, expectation, perception (means of its
        own answers, points of ten), ``gap`` (perception less expectation) with lower and upper, ``all_customers``, the
        mean of all accounts' gaps.

    Notes
    -----
    Answers of one invitation to one item count once. Accounts are pooled item by item with the spread of answers within
    accounts: one answer says little of an account, and its gap is then near that of all.
    """
    rows = recent.rows.assign(gap=recent.rows["perception"] - recent.rows["expectation"])
    rows = rows.groupby(["item", "customer_id", "invitation"], as_index=False)[["expectation", "perception", "gap"]]
    each = rows.mean().dropna(subset=["perception"])
    parts = []
    for item, part in each.groupby("item"):
        by = part.groupby("customer_id")
        own = by[["expectation", "perception"]].mean().assign(item=item, answers=by.size())
        pooled, _ = pooled_means(part["gap"], part["customer_id"], own.index)
        own["gap"], own["lower"], own["upper"] = pooled.value, pooled.lower, pooled.upper
        parts.append(own.assign(all_customers=by["gap"].mean().mean()).reset_index())
    columns = ["customer_id", "item", "answers", "expectation", "perception", "gap", "lower", "upper", "all_customers"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def satisfaction(gaps: pd.DataFrame, recent: Answers, customer_id: str) -> Table:
    """Return where an account finds us short of what it expects, the largest shortfall first.

    Parameters
    ----------
    gaps
        From :func:`satisfaction_gaps`.
    recent
        The answers that they are made of.
    customer_id
        The account.

    Raises
    ------
    Refused
        When it answered no survey in the last year, with how often it was asked.
    """
    own = gaps[gaps["customer_id"] == customer_id]
    if own.empty:
        raise Refused("This account answered no survey about what it expects and finds in the last 365 days.")
    given = recent.invitations
    overall = given.loc[given["customer_id"] == customer_id, "overall"].mean()
    title = "Found against expected, points of ten (gaps drawn towards all customers')"
    if pd.notna(overall):
        title = f"Overall {overall:.1f} of ten; {title[:1].lower()}{title[1:]}"
    frame = own.sort_values("gap", kind="stable").drop(columns="customer_id").reset_index(drop=True)
    return Table(frame, title, 1, fold=False)
