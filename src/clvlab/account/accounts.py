"""What the files of all accounts are read from: the other rooms' answers on all customers, each asked for once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from clvlab.account.account import Account
from clvlab.account.reading import facts_of
from clvlab.account.service import failures, satisfaction_gaps
from clvlab.churn.customer_churn import Churn
from clvlab.clv.valuing.customer_values import CustomerValues
from clvlab.features.margins import Margins
from clvlab.features.service import service_kpis
from clvlab.features.winnable import YEAR_DAYS
from clvlab.once import once
from clvlab.records.records import Records
from clvlab.refusal import Refused, nearest
from clvlab.retention.campaign_effect import CampaignEffect
from clvlab.retention.customer_retention import Retention
from clvlab.retention.watch_list_result import WatchList
from clvlab.satisfaction.answers import Answers
from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction
from clvlab.tiers.base import Base
from clvlab.tiers.customer_playbook import Playbook
from clvlab.tiers.customer_tiers import Tiers
from clvlab.tiers.grading.scorecard import Scorecard

_QUARTERS = 4


class Accounts:
    """All customers, ready for the file of any of them.

    What takes seconds is asked for once and serves every account: a further file costs little.

    Parameters
    ----------
    playbook
        With the tiers and the base that it is made of.
    retention
        Whom to call first, and whom to act on.
    satisfaction
        Of the same records.
    """

    def __init__(self, playbook: Playbook, retention: Retention, satisfaction: CustomerSatisfaction) -> None:
        self.playbook, self.retention, self.satisfaction = playbook, retention, satisfaction

    def of(self, customer_id: str = "") -> Account:
        """Return the file of an account.

        Parameters
        ----------
        customer_id
            The account; blank for the largest by last year's revenue, by orders where there is no money.

        Raises
        ------
        Refused
            For a customer who is not in the records; the nearest code is named.
        """
        code = customer_id or self.largest
        if code not in self.customers.index:
            known = [str(one) for one in self.customers.index]
            raise Refused(f"There is no customer {code!r} in the records{nearest(code, known)}.")
        return Account(self, code)

    def row(self, frame: str, customer_id: str) -> dict[str, Any]:
        """Return what one of the frames by customer_id knows of an account; nothing where it is refused.

        Parameters
        ----------
        frame
            Its name, such as ``"lists"``.
        customer_id
            The account.
        """
        try:
            return facts_of(getattr(self, frame), customer_id)
        except Refused:
            return {}

    @property
    def base(self) -> Base:
        """What grading is read from."""
        return self.playbook.base

    @property
    def tiers(self) -> Tiers:
        """The scorecard."""
        return self.playbook.tiers

    @property
    def quarters(self) -> dict[str, Scorecard]:
        """Scorecards of the last year's reviews, oldest first."""
        return dict(list(self.tiers.quarters.items())[-_QUARTERS:])

    @property
    def records(self) -> Records:
        """Accepted tables, as known on the day."""
        return self.base.records

    @property
    def as_of(self) -> dt.date:
        """The last day known."""
        return self.base.as_of

    @property
    def currency(self) -> str:
        """Of all money."""
        return self.records.currency

    @once
    def customers(self) -> pd.DataFrame:
        """The customer file, by customer_id."""
        return self.records["customers"].execute().set_index("customer_id").sort_index()

    @once
    def by_size(self) -> pd.Series:
        """Customers, the largest first: revenue in the last 365 days (orders where there is no money); else so far."""
        totals = self.base.totals
        size = totals["revenue" if "revenue" in totals else "orders"]
        if not size.max() > 0:
            size = self.base.worth.so_far
        return size.sort_index().sort_values(ascending=False, kind="stable")

    @property
    def largest(self) -> str:
        """The largest customer."""
        return str(self.by_size.index[0])

    @once
    def values(self) -> CustomerValues:
        """What every customer has been and will be worth."""
        return self.base.values()

    @once
    def worth(self) -> pd.DataFrame:
        """One row per customer: see :attr:`clvlab.clv.valuing.customer_values.CustomerValues.frame`."""
        return self.values.frame

    @once
    def churn(self) -> Churn:
        """Who is leaving."""
        return self.base.churn()

    @once
    def standing(self) -> pd.DataFrame:
        """How each customer stands: under contract, active, silent, called lost."""
        return self.churn.accounts.standing

    @once
    def prospects(self) -> pd.DataFrame:
        """What lies ahead of every customer who is not lost."""
        return self.churn.prospects.frame

    @once
    def rhythms(self) -> pd.DataFrame:
        """How often each customer orders, and when its next order is expected."""
        rhythm = self.churn.base.rhythm
        return pd.DataFrame() if rhythm is None else rhythm.customers

    @once
    def drivers(self) -> pd.DataFrame:
        """What drives each customer's risk."""
        return self.churn.drivers

    @once
    def returns(self) -> pd.DataFrame:
        """How many of all lost customers come back within some months."""
        frame = self.churn.returns.to_frame()
        return frame[frame["group"] == "all"]

    @once
    def watch_list(self) -> WatchList:
        """Whom to call first."""
        return self.retention.watched()

    @once
    def watched(self) -> pd.DataFrame:
        """All accounts of the watch list by customer_id; those that are ranked with their ``place``."""
        frame = self.watch_list.frame.set_index("customer_id")
        return frame.assign(place=frame["apart"].eq("").cumsum().where(frame["apart"] == ""))

    @once
    def campaign(self) -> CampaignEffect:
        """What the randomised campaign in the records shows of calling."""
        return self.retention.campaign

    @once
    def acting(self) -> pd.DataFrame:
        """What acting on each account is expected to earn, by customer_id."""
        return self.retention.actions.to_frame().set_index("customer_id")

    @once
    def margins(self) -> Margins:
        """What customers earned over all records."""
        return self.base.margins

    @once
    def margins_last_year(self) -> Margins:
        """What customers earned in the last 365 days."""
        return self.base.margins_last_year

    @once
    def earned(self) -> pd.DataFrame:
        """What each customer earned over all records, line by line."""
        return self.margins.frame

    @once
    def ordered(self) -> pd.DataFrame:
        """What each customer's orders of the last 365 days add up to, with the days of its first and last order."""
        return self.base.totals

    @once
    def playbook_accounts(self) -> pd.DataFrame:
        """What the playbook looks at, by customer_id."""
        return self.playbook.accounts

    @once
    def lists(self) -> pd.DataFrame:
        """Invest, fix, let go: one row per listed account, by customer_id."""
        return self.playbook.lists.to_frame().set_index("customer_id")

    @once
    def gaps(self) -> pd.DataFrame:
        """What accounts get against what they are entitled to."""
        return self.playbook.gaps.to_frame()

    @once
    def over_served(self) -> pd.DataFrame:
        """What is spent beyond the entitlement, by customer_id."""
        return self.playbook.gaps.over().to_frame().set_index("customer_id")

    @once
    def under_served(self) -> pd.DataFrame:
        """What keeping the entitlement would cost, by customer_id."""
        return self.playbook.gaps.under().to_frame().set_index("customer_id")

    @once
    def potential(self) -> pd.DataFrame:
        """What could be won from each customer, by customer_id."""
        return self.base.potential.to_frame().set_index("customer_id")

    @once
    def failures(self) -> pd.DataFrame:
        """Failures of the last 365 days by customer and service indicator."""
        return failures(service_kpis(self.records.tables, self.as_of, by="customer_id", days=YEAR_DAYS))

    @once
    def answers(self) -> Answers:
        """Answers of the last year."""
        return self.satisfaction.answers.of_last(YEAR_DAYS)

    @once
    def satisfaction_gaps(self) -> pd.DataFrame:
        """What accounts perceive against what they expect, item by item."""
        return satisfaction_gaps(self.answers)
