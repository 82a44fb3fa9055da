"""``Study``: records, assumptions and an as-of date; every stage is computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.churn.checking.out_of_time import OutOfTime
from clvlab.churn.customer_base import assess, check
from clvlab.churn.customer_churn import Churn
from clvlab.clv.valuing.customer_base import value_base
from clvlab.clv.valuing.customer_values import CustomerValues
from clvlab.clv.valuing.hindsight import Hindsight, hindsight
from clvlab.clv.valuing.orders_ahead import OrdersAhead, orders_ahead
from clvlab.clv.valuing.potential import Potential
from clvlab.features.customer_file.shared import plural
from clvlab.features.events import Purchases, purchases
from clvlab.features.margins import Margins, margins_by_period
from clvlab.features.transactions import transaction_summary
from clvlab.once import once
from clvlab.periods import parse_date, years_before
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.results import Note
from clvlab.tiers.base import Base
from clvlab.tiers.customer_classes import CustomerClasses
from clvlab.tiers.customer_playbook import Playbook
from clvlab.tiers.customer_tiers import Tiers

# Rooms that many sessions never enter come with the property that opens them.
if TYPE_CHECKING:
    from clvlab.account.account import Account
    from clvlab.account.accounts import Accounts
    from clvlab.account.group import Group
    from clvlab.retention.customer_retention import Retention
    from clvlab.retention.watch_list_result import WatchList
    from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction
    from clvlab.service_level.customer_service_level import ServiceLevel
    from clvlab.validation.model_validation import ModelValidation

# Columns of a simulated market's truth that say when something happened.
TRUE_DATES = ("month", "left_on", "returned_on")
Found = TypeVar("Found")


class Study:
    """One valuation of a provider's customers: what was known on one day, under one set of assumptions.

    Made by :func:`open_study`. Each stage is computed when first asked for; those of a folder of files that take long
    are kept in the cache under a key of the data, the assumptions and the source of the whole package.

    Parameters
    ----------
    everything
        The checked records, not yet cut.
    assumptions
        What the analyst assumes.
    as_of
        The last day known; None for the records' robust last date.
    seed
        Of every random draw.
    folder
        Where the records came from; None for a connection.
    """

    def __init__(
        self,
        everything: Records,
        assumptions: Assumptions,
        as_of: date | None,
        seed: int = 1,
        folder: Path | None = None,
    ) -> None:
        self._everything = everything
        self._folder = folder
        self._earlier: dict[date, Study] = {}
        self.seed = seed
        self.assumptions = assumptions
        self.as_of = as_of or everything.last_date
        self.records = everything.at(self.as_of)
        if not any(name in self.records for name in ACTIVITY_TABLES):
            first = purchases(everything.tables).table.date.min().execute()
            raise Refused(
                f"as_of = {self.as_of} lies before the first shipment or invoice ({pd.Timestamp(first).date()});"
                " give a later day."
            )

    def at(self, as_of: str | date) -> Study:
        """Return the study as it would have been on an earlier (or later) day.

        Raises
        ------
        Refused
            When nothing had happened by then.
        """
        day = parse_date(as_of)
        if day not in self._earlier:
            self._earlier[day] = Study(self._everything, self.assumptions, day, self.seed, self._folder)
        return self._earlier[day]

    @property
    def currency(self) -> str:
        """The currency of all money."""
        return self.records.currency

    @cached_property
    def purchases(self) -> Purchases:
        """Shipments (or invoices) with what each is worth, as far as the records tell."""
        return purchases(self.records.tables)

    @cached_property
    def _known(self) -> Records:
        """The records in memory, for the many queries of the models."""
        return self.records.read()

    @cached_property
    def _bought(self) -> Purchases:
        return purchases(self._known.tables)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Frequency, recency, T (weeks, merged by day) and mean value of each customer: one row per customer."""

        def compute() -> pd.DataFrame:
            return transaction_summary(
                self.purchases.table,
                value=self.purchases.value,
                as_of=self.as_of,
                period="week",
                merge="day",
                negative=self.purchases.negative,
            )

        return self._kept("summary", compute)

    @once
    def clv(self) -> CustomerValues:
        """What every customer has been worth and will be, by the model that did best on months held out."""
        return self._kept(
            "values", lambda: value_base(self._known, self._bought, self.as_of, self.assumptions, self.seed)
        )

    @once
    def orders_ahead(self) -> OrdersAhead:
        """What customers are expected to order, and who is still there: what needs no money to be said."""
        return self._kept(
            "orders_ahead",
            lambda: orders_ahead(self._known, self._bought, self.as_of, self.assumptions, self.seed),
        )

    @property
    def ahead(self) -> CustomerValues | OrdersAhead:
        """What is expected of customers: in money, or in orders where the records hold none."""
        return self.clv if self.purchases.value else self.orders_ahead

    @property
    def potential(self) -> Potential:
        """What could be won from each customer, beside the value at today's share of their spend."""
        return self._grading.potential

    @cached_property
    def churn(self) -> Churn:
        """Who is leaving: every customer's standing and risk, and the estimates behind them."""
        return assess(self._known, self._bought, self.as_of, self.assumptions, self.seed)

    @cached_property
    def churn_check(self) -> OutOfTime:
        """How forecasts of leaving from earlier days did on what came."""
        return self._kept("churn_check", lambda: check(self.churn, self.seed))

    @cached_property
    def watch_list(self) -> WatchList:
        """Whom to call first, by the margin at stake."""
        from clvlab.retention.accounts import accounts_to_watch

        return accounts_to_watch(self.churn, self.clv)

    @property
    def margins(self) -> Margins:
        """What every customer earned, from revenue down to profit, over all records."""
        return self._grading.margins

    def margins_by(self, period: str) -> pd.DataFrame:
        """Return what customers earned by calendar ``"month"`` or ``"year"``: one row per customer and period."""
        return margins_by_period(self._grading.ledger, self._grading.assumptions, period)

    @cached_property
    def classes(self) -> CustomerClasses:
        """The classes of the field: ABC, pyramid, quadrants, usage, lifecycle, loyalty and the rest."""
        return CustomerClasses(self._grading)

    @cached_property
    def tiers(self) -> Tiers:
        """The scorecard: every customer's tier, how firm it is, how it moved, and whether tiers tell anything."""
        return Tiers(self._grading)

    @cached_property
    def playbook(self) -> Playbook:
        """What each tier gets and costs, and whom to invest in, fix or let go."""
        return Playbook(self._grading, self.tiers, self.classes)

    @cached_property
    def satisfaction(self) -> CustomerSatisfaction:
        """What customers think of the service, and what service does to what they think and do."""
        from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction

        return CustomerSatisfaction(self._known, self._bought, self.as_of, lambda: self.churn.base.rhythm)

    @cached_property
    def service_level(self) -> ServiceLevel:
        """Which service level pays, for whom."""
        from clvlab.service_level.customer_service_level import ServiceLevel

        return ServiceLevel(
            self._known, self.as_of, self._in_currency, self.seed, self.satisfaction, lambda: self.clv,
            lambda: self.tiers.labels,
        )  # fmt: skip

    @cached_property
    def retention(self) -> Retention:
        """Whom to act on, what to test, whom to win back, and whether winning or keeping is the better use of money."""
        from clvlab.retention.customer_retention import Retention

        return Retention(self._in_currency, self.seed, self._bought, lambda: self.churn, lambda: self.watch_list)

    @cached_property
    def accounts(self) -> Accounts:
        """The files of all accounts."""
        from clvlab.account.accounts import Accounts

        return Accounts(self.playbook, self.retention, self.satisfaction)

    def account(self, customer_id: str = "") -> Account:
        """Return one customer's file; blank for the largest account.

        Raises
        ------
        Refused
            When nobody has that customer_id; the nearest is named.
        """
        return self.accounts.of(customer_id)

    def accounts_of(self, region: str = "", account_manager: str = "") -> Group:
        """Return the accounts of a region, or of a manager; blank for all.

        Raises
        ------
        Refused
            When there is no such region or manager; the nearest is named.
        """
        from clvlab.account.group import Group

        return Group(self.accounts, region, account_manager)

    @cached_property
    def validation(self) -> ModelValidation:
        """Whether the models can be trusted on these records, and where not."""
        from clvlab.validation.model_validation import ModelValidation

        def past() -> Hindsight:
            then = self.at(years_before(self.as_of, 1))
            return hindsight(then.clv, self._known, self._bought, self.as_of, seed=self.seed)

        return ModelValidation(
            self._known, self._bought, self.as_of, lambda: self.churn_check, lambda: self.clv, past,
            lambda: self.tiers.prediction, lambda: self.margins, lambda: self.margins_by("month"),
        )  # fmt: skip

    @property
    def _in_currency(self) -> Assumptions:
        return replace(self.assumptions, currency=self.currency)

    @cached_property
    def _grading(self) -> Base:
        return Base(self._known, self.as_of, self._in_currency, self.seed, lambda: self.clv, lambda: self.churn)

    def truth(self, name: str) -> pd.DataFrame | None:
        """Return what really was in a simulated market, up to the as-of day; None of real customers.

        Parameters
        ----------
        name
            A file of the folder ``truth``, such as ``"leavings"``, ``"months"`` or ``"hazard_effects"``.
        """
        path = self._folder / "truth" / f"{name}.csv" if self._folder else None
        if path is None or not path.is_file():
            return None
        header = pd.read_csv(path, nrows=0).columns
        frame = pd.read_csv(path, parse_dates=[column for column in TRUE_DATES if column in header])
        today = pd.Timestamp(self.as_of)
        for column in frame.columns.intersection(TRUE_DATES):
            if column == "returned_on":
                frame[column] = frame[column].where(frame[column] <= today)
            else:
                frame = frame[frame[column] <= today]
        return frame.reset_index(drop=True)

    def _kept(self, stage: str, make: Callable[[], Found]) -> Found:
        return self.records.kept(stage, make, asdict(self.assumptions), self.seed)

    @cached_property
    def _rows(self) -> dict[str, int]:
        """How many rows each table has, counted where they lie: in memory where they have been read."""
        records = self.__dict__.get("_known", self.records)
        return {name: int(table.count().execute()) for name, table in records.tables.items()}

    def __repr__(self) -> str:
        """Say what is in the study."""
        counts = ", ".join(plural(rows, name) for name, rows in self._rows.items())
        return f"Study as of {self.as_of}: {counts}"

    def _repr_html_(self) -> str:
        return Note(f"{self!r}.")._repr_html_()
