"""The win-back list from the records: who left, when and why, what they brought, who came back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.churn.customer_churn import Churn
from clvlab.churn.returns import absences
from clvlab.clv.valuing.ranges import Range
from clvlab.features.customer_file.shared import NO_MANAGER, present
from clvlab.features.events import Purchases
from clvlab.periods import epoch_days, to_periods, years_before
from clvlab.refusal import Refused
from clvlab.retention.in_words import plain_text
from clvlab.retention.winning_back.coming_back import (
    chance_to_return,
    discounted_months,
    level_after,
    monthly_margin,
)
from clvlab.retention.winning_back.win_back_list import WinBackList, win_back_list
from clvlab.shrinkage import pool_counts

MONTHS = 12.0
_DAY = pd.Timedelta(days=1)
_NOT_KNOWN = "unknown"


def win_back_accounts(found: Churn, bought: Purchases, assumptions: Assumptions, cost: float, seed: int) -> WinBackList:
    """Return lost accounts by the expected profit of winning them back.

    Parameters
    ----------
    found
        Who left, and who came back.
    bought
        What customers brought.
    assumptions
        Currency, horizon and discount rate.
    cost
        Of an attempt.
    seed
        Of the bootstrap.

    Raises
    ------
    Refused
        Without money in the records, and when nobody is lost.
    """
    if bought.value is None:
        raise Refused("What lost accounts would bring needs revenue in shipments, or invoices.")
    spells = found.spells.assign(cause=found.spells["cause"].fillna(_NOT_KNOWN))
    left = spells[spells["event"] == 1]
    standing = found.accounts.standing["standing"]
    away = left[left["came_back_on"].isna()].drop_duplicates("customer_id", keep="last").set_index("customer_id")
    away = away[standing.reindex(away.index).eq("called lost")]
    if away.empty:
        raise Refused("No account is lost, so there is none to win back.")
    values = _values(bought)
    today = pd.Timestamp(found.as_of)
    lost = _names(found, away.index).assign(
        cause=away["cause"], left_on=away["ended_on"],
        months_away=_months_since_called(away, today),
        margin=monthly_margin(values, _last_year(away.reset_index().set_index("customer_id", drop=False))),
    )  # fmt: skip
    lately = _of_last_year(absences(spells, found.as_of), today)
    chance = chance_to_return(lately, lost.rename(columns={"months_away": "months"}), MONTHS)
    level = level_after(*_around_returns(spells, values, today), seed)
    return win_back_list(
        lost, chance, level, _months_kept(spells, assumptions), as_of=found.as_of, months=MONTHS, cost=cost,
        currency=assumptions.currency,
    )  # fmt: skip


def _months_since_called(left: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    since = left["called_on"].fillna(left["ended_on"]).clip(lower=left["ended_on"])
    return to_periods((epoch_days(pd.Series(today, left.index)) - epoch_days(since)).astype(float), "month")


def _of_last_year(away: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Return what of the absences lies within the last year.

    When the records begin, rhythms are hardly known and many customers are called lost who are not: counted with later
    absences, they promise more returns than come.
    """
    found = away.assign(entry=away["entry"].clip(lower=_months_since_called(away, today) - MONTHS))
    return found[found["duration"] > found["entry"]]


def _values(bought: Purchases) -> pd.DataFrame:
    """Return what each purchase brought: customer_id, date, value."""
    values = bought.table.select("customer_id", "date", "value").to_pyarrow().to_pandas()
    return values.assign(date=pd.to_datetime(values["date"]), value=values["value"].astype(float))


def _names(found: Churn, customers: pd.Index) -> pd.DataFrame:
    """Return name and manager of customers, the code and "no manager" where they are missing."""
    known = present(found.base.records["customers"], "name", "account_manager").set_index("customer_id")
    known = known.reindex(index=customers, columns=["name", "account_manager"]).map(plain_text)
    codes = customers.to_series().map(plain_text)
    return pd.DataFrame({
        "name": known["name"].where(known["name"] != "", codes),
        "account_manager": known["account_manager"].where(known["account_manager"] != "", NO_MANAGER),
    })  # fmt: skip


def _last_year(left: pd.DataFrame) -> pd.DataFrame:
    """Return the last year of each customer's stay, or as much of it as is seen."""
    year_before = left["ended_on"].map(lambda day: pd.Timestamp(years_before(day.date(), 1)) + _DAY)
    return pd.DataFrame({
        "customer_id": left["customer_id"], "from": np.maximum(year_before, left["at_risk_from"]),
        "until": left["ended_on"],
    })  # fmt: skip


def _around_returns(spells: pd.DataFrame, values: pd.DataFrame, today: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """Return the margin a month before the leaving and after the return, of all who came back.

    After the return counts for a year, and no longer than they stayed: that they leave again is counted apart.
    """
    back = spells[(spells["event"] == 1) & spells["came_back_on"].notna()].reset_index(drop=True)
    year_after = back["came_back_on"].map(lambda day: day + (day - pd.Timestamp(years_before(day.date(), 1))) - _DAY)
    ended = spells.set_index(["customer_id", "spell"])["ended_on"]
    again = ended.reindex(pd.MultiIndex.from_arrays([back["customer_id"], back["spell"] + 1])).fillna(today)
    after = pd.DataFrame({
        "customer_id": back["customer_id"], "from": back["came_back_on"],
        "until": np.minimum(year_after.clip(upper=today), again.to_numpy()),
    })  # fmt: skip
    return monthly_margin(values, _last_year(back)), monthly_margin(values, after)


def _months_kept(spells: pd.DataFrame, assumptions: Assumptions) -> Range:
    """Return discounted months that a customer who came back stays, its rate of leaving drawn towards first stays'."""
    again = spells["spell"] > 1
    time = (spells["duration"] - spells["entry"]).clip(lower=0)
    exposure = [float(time[again].sum()), float(time[~again].sum())]
    events = [float(spells["event"][again & (time > 0)].sum()), float(spells["event"][~again & (time > 0)].sum())]
    rate = pool_counts(events, exposure)
    rates = (rate.estimate[0], rate.upper[0], rate.lower[0])  # who leaves sooner stays for fewer months
    months = [discounted_months(one, assumptions.annual_discount_rate, assumptions.horizon_months) for one in rates]
    return Range(*(pd.Series([one]) for one in months))
