"""What indicators are measured from: the customer file, and the last 365 days of every customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from clvlab.assumptions import Assumptions
from clvlab.features import loyalty_measures
from clvlab.features.events import purchases
from clvlab.features.margins import Margins, margins_since
from clvlab.features.rows import Floats, Places, Rows
from clvlab.features.totals import customer_totals
from clvlab.features.winnable import SIMILAR, UNKNOWN, YEAR_DAYS, sales, start_of
from clvlab.periods import days_per, epoch_days
from clvlab.refusal import Refused
from clvlab.tiers.grading.measured import Measured, estimated, fact, nothing, shrunk_count

Tables = Mapping[str, ir.Table]

# Less than this of a year, or of a contract, says too little to be compared.
LEAST_DAYS = round(days_per("quarter"))
_FILE = (
    "onboarded_on", "credit_rating", "brand_influence", "strategic_fit", "logistics_spend", "requirements",
    "industry_risk", "retention_level",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class LastYear:
    """The records of the 365 days up to a day, by customer.

    Each table is read once, when an indicator first asks for it: the engine leaves out what does not count and finds
    the place of each row's customer, and narrow columns of the rows are added up outside (:class:`Rows`). A shipment
    of the last two years takes about a hundred bytes.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of`` (``study.records.tables``).
    as_of
        The last day known; later rows are left out.
    assumptions
        For what serving a customer costs.
    """

    tables: Tables
    as_of: dt.date
    assumptions: Assumptions

    @property
    def start(self) -> dt.date:
        """The day before the year begins."""
        return start_of(self.as_of, 0)

    @property
    def customers(self) -> pd.Index:
        """Everyone in the customer file, sorted."""
        return self.totals.index

    @cached_property
    def totals(self) -> pd.DataFrame:
        """What each customer adds up to in the year (:func:`clvlab.features.totals.customer_totals`)."""
        return customer_totals(self.tables, self.as_of, YEAR_DAYS)

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
        return margins_since(self.tables, self.as_of, self.assumptions, [None, self.start + dt.timedelta(days=1)])

    def total(self, column: str) -> pd.Series:
        """Return a column of ``totals``; blank for all where there is none."""
        return self.totals[column].astype("float64") if column in self.totals else self._blank

    @property
    def _blank(self) -> pd.Series:
        return pd.Series(np.nan, self.customers)

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the records hold these columns of a table."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def file(self, column: str) -> pd.Series:
        """Return a column of the customer file by customer_id, text as categories; blank for all without it."""
        if column not in self._file.column_names:
            return self._blank
        found = self._file[column]
        if pa.types.is_string(found.type):
            found = found.dictionary_encode()
        return found.to_pandas().set_axis(self.customers)

    @cached_property
    def _file(self) -> pa.Table:
        """What grading needs of the customer file, in the order of ``customers``; ``similar`` is industry and size."""
        file = self.tables["customers"]
        words = [file[name].cast("string").fill_null(UNKNOWN) for name in SIMILAR if name in file.columns]
        columns = {name: file[name] for name in _FILE if name in file.columns}
        columns["similar"] = ibis.literal(", ").join(words) if words else ibis.literal("all")
        if "onboarded_on" in columns:
            columns["onboarded_on"] = file.onboarded_on.cast("date").cast("timestamp")
        return file.order_by("customer_id").select(**columns).to_pyarrow()

    @cached_property
    def _places(self) -> Places:
        return Places.among(self.tables["customers"], self.customers)

    def rows(self, table: ir.Table) -> Rows:
        """Return rows of a table with customer_id and columns of numbers and dates; strangers' are left out."""
        return self._places.rows(table)

    def within(self, table: ir.Table, column: str) -> ir.Table:
        """Return the rows of a table that are dated in the year."""
        day = table[column].cast("date")
        return table.filter((day > ibis.literal(self.start)) & (day <= ibis.literal(self.as_of)))

    @cached_property
    def ordered(self) -> ir.Table:
        """Every order of the year (shipments not refused, else invoices), with ``date`` and the shipments' columns."""
        if "shipments" not in self.tables:
            return self.within(purchases(self.tables).orders, "date")
        table = self.tables["shipments"]
        if "refused" in table.columns:
            table = table.filter(~table.refused.fill_null(False))
        return self.within(table.mutate(date=table.booked_at.date()), "date")

    @cached_property
    def orders(self) -> Rows:
        """Every order of the year: day, and as far as shipments hold them weight and urgent (1 or 0)."""
        table = self.ordered
        columns: dict[str, ir.Value] = {"day": table.date}
        if self.has("shipments", "weight"):
            columns["weight"] = table.weight.cast("float64")
        if self.has("shipments", "urgent"):
            columns["urgent"] = table.urgent.cast("boolean").cast("float64")
        return self.rows(table.select("customer_id", **columns))

    @cached_property
    def order_days(self) -> Rows:
        """The days of the year with an order, each once, sorted by customer and day."""
        day = (self.orders["day"] - epoch_days(self.start)).astype("int64")
        numbers = np.sort(self.orders.place * (YEAR_DAYS + 1) + day)
        place, day = np.divmod(numbers[np.diff(numbers, prepend=-1) > 0], YEAR_DAYS + 1)
        return Rows(self.customers, place, {"day": (day + epoch_days(self.start)).astype("float64")})

    @cached_property
    def sold(self) -> Rows:
        """What was sold in the last two years: day, and as far as recorded revenue and margin (``sales``)."""
        table = sales(self.tables, self.as_of)
        table = table.filter(table.date > ibis.literal(start_of(self.as_of, 1)))
        money = {name: table[name].cast("float64") for name in ("revenue", "margin") if name in table.columns}
        return self.rows(table.select("customer_id", day="date", **money))

    @cached_property
    def sold_in_year(self) -> Rows:
        """What was sold in the year."""
        return self.sold.where(self.sold["day"] > epoch_days(self.start))

    @cached_property
    def bills(self) -> Rows:
        """Bills that fell due in the year: days due and paid, which is missing while any part of the bill is open.

        All invoices of a customer that fall due on one day are one bill, which is paid when the latest of them is.
        """
        owed = self.tables["invoices"].filter(lambda rows: rows.amount > 0)
        days = {"due": owed.due_on.cast("date"), "paid": owed.paid_on.cast("date")}
        owed = self.within(owed.select("customer_id", **days), "due")
        latest = ibis.ifelse(owed.paid.count() == owed.count(), owed.paid.max(), None)
        return self.rows(owed.group_by("customer_id", "due").agg(paid=latest))

    @cached_property
    def since(self) -> pd.Series:
        """When each became a customer: the day of onboarding or of the first order, whichever is earlier."""
        onboarded = pd.to_datetime(self.file("onboarded_on")).to_numpy()
        return pd.Series(np.fmin(self.totals["first_on"].to_numpy(), onboarded), self.customers)

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
        more, more_error = self._rest_of_year(rows, count > 0)
        value = mean * (count + more)
        variance = mean_square * (count - known.fillna(0.0) + more) + (mean * more_error) ** 2
        return Measured(value.mask(count == 0, 0.0), np.sqrt(variance).mask(count == 0, 0.0))

    def _rest_of_year(self, rows: Rows, ordered: pd.Series) -> Measured:
        """Return how many rows the days of the year that were not seen would add; 0 for a whole year."""
        partial = ordered & (self.days_seen < YEAR_DAYS)
        if not partial.any():
            return fact(pd.Series(0.0, self.customers))
        further = rows.count(rows["day"] > days_since_1970(self.totals["first_on"])[rows.place])
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


def days_since_1970(dates: pd.Series) -> Floats:
    """Return days as numbers, NaN where missing."""
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype("int64"))
