"""What indicators are measured from: the customer file, and the last 365 days of every customer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.assumptions import Assumptions
from clvlab.features import loyalty_measures
from clvlab.features.ledger import Ledger, Tables
from clvlab.features.margins import Margins, margins_since
from clvlab.features.rows import Floats, Rows
from clvlab.features.totals import customer_totals, dates_of
from clvlab.features.winnable import SIMILAR, YEAR_DAYS, start_of
from clvlab.periods import days_per, epoch_days
from clvlab.refusal import Refused
from clvlab.tiers.grading.measured import Measured, estimated, fact, nothing, shrunk_count

# Less than this of a year, or of a contract, says too little to be compared.
LEAST_DAYS = round(days_per("quarter"))


@dataclass(frozen=True, eq=False)
class LastYear:
    """The records of the 365 days up to a day, by customer.

    Rows that several indicators share are those of the ledger, read once (:class:`clvlab.features.ledger.Ledger`); the
    others are read when an indicator asks for them. A shipment takes about a hundred bytes.

    Parameters
    ----------
    ledger
        The records up to the day.
    assumptions
        For what serving a customer costs.
    """

    ledger: Ledger
    assumptions: Assumptions

    @property
    def tables(self) -> Tables:
        """Accepted tables by name."""
        return self.ledger.tables

    @property
    def as_of(self) -> dt.date:
        """The last day known."""
        return self.ledger.as_of

    @property
    def start(self) -> dt.date:
        """The day before the year begins."""
        return start_of(self.as_of, 0)

    @property
    def customers(self) -> pd.Index:
        """Everyone in the customer file, sorted."""
        return self.ledger.customers

    @cached_property
    def totals(self) -> pd.DataFrame:
        """What each customer adds up to in the year (:func:`clvlab.features.totals.customer_totals`)."""
        return customer_totals(self.ledger, YEAR_DAYS)

    @property
    def margins(self) -> Margins:
        """What each customer earned and cost in the year (:func:`clvlab.features.margins.customer_margins`)."""
        return self._margins[1]

    @property
    def margins_so_far(self) -> Margins:
        """The same over all records, which are read for both at once."""
        return self._margins[0]

    @cached_property
    def _margins(self) -> list[Margins]:
        return margins_since(self.ledger, self.assumptions, [None, self.start + dt.timedelta(days=1)])

    def total(self, column: str) -> pd.Series:
        """Return a column of ``totals``; blank for all where there is none."""
        return self.totals[column].astype("float64") if column in self.totals else pd.Series(np.nan, self.customers)

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the records hold these columns of a table."""
        return self.ledger.has(table, *columns)

    def file(self, column: str) -> pd.Series:
        """Return a column of the customer file by customer_id, text as categories; blank for all without it."""
        return self.ledger.file(column)

    @property
    def similar(self) -> pd.Series:
        """The number of each customer's industry and size class; what is left blank is a class of its own."""
        industry, size = (self.file(name).astype("category").cat for name in SIMILAR)
        return industry.codes.astype("int64") * (len(size.categories) + 1) + size.codes

    def rows(self, table: ir.Table) -> Rows:
        """Return rows of a table with customer_id and columns of numbers and dates; strangers' are left out."""
        return self.ledger.places.rows(table)

    def within(self, table: ir.Table, column: str) -> ir.Table:
        """Return the rows of a table that are dated in the year."""
        day = table[column].cast("date")
        return table.filter((day > ibis.literal(self.start)) & (day <= ibis.literal(self.as_of)))

    @property
    def orders(self) -> Rows:
        """Every order of the year: day, and as far as shipments hold them weight and urgent (1 or 0)."""
        return self.ledger.orders_of_year

    @cached_property
    def order_days(self) -> Rows:
        """The days of the year with an order, each once, sorted by customer and day."""
        days = self.ledger.order_days
        return days.where(days["day"] > epoch_days(self.start))

    @cached_property
    def sold(self) -> Rows:
        """What was sold in the last two years: day, and as far as recorded revenue and margin."""
        return self.ledger.sold_between(start_of(self.as_of, 1), self.as_of)

    @cached_property
    def sold_in_year(self) -> Rows:
        """What was sold in the year."""
        return self.ledger.sold_of_year

    @cached_property
    def bills(self) -> Rows:
        """Bills that fell due in the year: days due and paid, which is missing while any part of the bill is open.

        All invoices of a customer that fall due on one day are one bill, which is paid when the latest of them is.
        """
        rows = self.ledger.invoices
        due = rows["due"]
        owed = rows.where((rows["amount"] > 0) & (due > epoch_days(self.start)) & (due <= epoch_days(self.as_of)))
        # A number for each day of the year, of each customer.
        bill = owed.place * YEAR_DAYS + (owed["due"].astype("int64") - epoch_days(self.start) - 1)
        order = np.argsort(bill)
        first = np.flatnonzero(np.diff(bill[order], prepend=-1))
        open_last = np.where(np.isnan(owed["paid"]), np.inf, owed["paid"])[order]
        paid = np.maximum.reduceat(open_last, first) if len(first) else open_last
        columns = {"due": owed["due"][order][first], "paid": np.where(np.isinf(paid), np.nan, paid)}
        return Rows(self.customers, owed.place[order][first], columns)

    @cached_property
    def since(self) -> pd.Series:
        """When each became a customer: the day of onboarding or of the first order, whichever is earlier."""
        return dates_of(self.ledger.began)

    @property
    def records_from(self) -> pd.Timestamp:
        """The day of the first order of all."""
        return self.totals["first_on"].min()

    def a_year_of(self, rows: Rows, amounts: Floats | None = None) -> Measured:
        """Return what each customer brings in a year.

        Parameters
        ----------
        rows
            Of the year, with ``day``: one per order (or contact).
        amounts
            What each row brings, NaN where that is not known; rows are counted when None.

        Returns
        -------
        Measured
            The sum of the last 365 days, counted and without error; 0 without an order. To a customer of whom fewer
            days are seen (a new one, or short records) the rest of the year is added: its orders a day after the day of
            the first, drawn towards those of other such customers, times its mean amount; what may come of that is the
            error. Orders without an amount count as the customer's mean.
        """
        count = rows.count()
        known, total, squares = count, count, count
        if amounts is not None:
            known, total, squares = rows.count(~np.isnan(amounts)), rows.total(amounts), rows.total(amounts**2)
        known = known.where(known > 0)
        mean, mean_square = total / known, squares / known
        more, more_error = self._rest_of_orders if rows is self.orders else self._rest_of_year(rows)
        value = mean * (count + more)
        variance = mean_square * (count - known.fillna(0.0) + more) + (mean * more_error) ** 2
        return Measured(value.mask(count == 0, 0.0), np.sqrt(variance).mask(count == 0, 0.0))

    @cached_property
    def _rest_of_orders(self) -> Measured:
        """How many orders the days of the year that were not seen would add."""
        return self._rest_of_year(self.orders)

    def _rest_of_year(self, rows: Rows) -> Measured:
        """Return how many rows the days of the year that were not seen would add; 0 for a whole year."""
        partial = (rows.count() > 0) & (self.days_seen < YEAR_DAYS)
        if not partial.any():
            return fact(pd.Series(0.0, self.customers))
        further = rows.count(rows["day"] > self.ledger.first_order.to_numpy()[rows.place])
        a_day = shrunk_count(further, self.days_seen.where(partial, 0.0))
        return Measured(*(part.fillna(0.0) * (YEAR_DAYS - self.days_seen) for part in a_day))

    @cached_property
    def revenue(self) -> Measured:
        """Revenue less rebate of a year (or the amount invoiced without tax); blank where the records hold none."""
        if "revenue" not in self.sold:
            return nothing(self.customers)
        return self.a_year_of(self.sold_in_year, self.sold_in_year["revenue"])

    @cached_property
    def satisfaction(self) -> Measured:
        """Overall satisfaction of the year's answers as a share of the scale, drawn towards the common one."""
        if not self.has("surveys"):
            return nothing(self.customers)
        try:
            said = loyalty_measures.satisfaction(self.tables["surveys"], self.as_of)
        except Refused:  # nobody was asked, or nobody answered
            return nothing(self.customers)
        return estimated(said, "satisfaction").of(self.customers)

    @cached_property
    def days_seen(self) -> pd.Series:
        """Days of the year on which each was a customer and the records run: 365 for most."""
        seen_from = self.since.clip(lower=self.records_from)
        days = (pd.Timestamp(self.as_of) - seen_from).dt.days + 1
        return days.clip(upper=YEAR_DAYS).fillna(YEAR_DAYS).astype("float64")
