"""What the records hold of every customer, row by row in memory, for all who add it up by customer.

Each table is read once, narrowed to numbers; sums, classes and indicators of a million customers share these rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clvlab.features.codes import whole
from clvlab.features.customer_places import Places
from clvlab.features.events import purchases
from clvlab.features.rows import Columns, Floats, Rows, as_one, filled, no_rows
from clvlab.features.service_mix import VALUE_ADDED
from clvlab.features.winnable import YEAR_DAYS, start_of
from clvlab.periods import days_since_1970, epoch_days
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.contracts import TABLES
from clvlab.refusal import Refused

Tables = Mapping[str, ir.Table]

# Sums are rounded clear of their last bits, which differ with the order in which rows come.
DIGITS = 6
PRICE = "price"  # of a shipment, before its rebate, beside an order's revenue
_NUMBERS = ("revenue", "rebate", "direct_cost", "claim_paid", "weight", "distance_km")


@dataclass(frozen=True, eq=False)
class Ledger:
    """The records up to a day, by customer.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of`` (``study.records.tables``). Without a customer file
        everyone counts who was shipped for or invoiced.
    as_of
        The last day that counts; rows of later days are left out.

    Examples
    --------
    >>> invoices = ibis.memtable({"customer_id": ["b", "a"], "issued_on": ["2025-01-02"] * 2, "amount": [5.0, 7.0]})
    >>> ledger = Ledger({"invoices": invoices}, dt.date(2025, 12, 31))
    >>> ledger.sales.total(ledger.sales["revenue"]).tolist()
    [7.0, 5.0]
    """

    tables: Tables
    as_of: dt.date

    @cached_property
    def places(self) -> Places:
        """Where each customer of the file stands among all."""
        if "customers" in self.tables:
            return Places.of_codes(self._file["customer_id"], from_file=True)
        codes = [self.tables[name].select("customer_id") for name in ACTIVITY_TABLES if name in self.tables]
        if not codes:
            raise Refused("There are neither shipments nor invoices; give one of them.")
        return Places.among(ibis.union(*codes, distinct=True) if len(codes) > 1 else codes[0].distinct())

    @property
    def customers(self) -> pd.Index:
        """Everyone in the customer file, sorted."""
        return self.places.customers

    def has(self, table: str, *columns: str) -> bool:
        """Return whether the records hold these columns of a table."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def rows(self, name: str, day: str, *kept: ir.BooleanValue, **columns: ir.Value) -> Rows:
        """Return a table's rows up to the day.

        Parameters
        ----------
        name
            The table.
        day
            Its column of dates or times, read as ``day``.
        kept
            Which rows to read, all of these; every one when there is none.
        columns
            What to read besides.

        Raises
        ------
        Refused
            When a row names a customer who is not in the customer file; without one, who was neither shipped for nor
            invoiced.
        """
        table = self.tables[name]
        date = table[day].cast("date")
        rows = table.filter(date <= ibis.literal(self.as_of), *kept).select("customer_id", day=date, **columns)
        return self.places.rows(rows, refused_in=name)

    @cached_property
    def carried_out(self) -> Rows:
        """Every shipment that was not refused by us, as far as recorded.

        revenue, rebate, direct_cost, claim_paid, weight, distance_km, urgent and value_added (1 or 0), service (a
        text).
        """
        table = self.tables["shipments"]
        columns = {name: table[name].cast("float64") for name in _NUMBERS if name in table.columns}
        if "urgent" in table.columns:
            columns["urgent"] = table.urgent.cast("boolean")
        if "service_category" in table.columns:
            columns["value_added"] = table.service_category == VALUE_ADDED
        if "service" in table.columns:
            columns["service"] = table.service.cast("string")  # where all are blank it has no type
        return self.rows("shipments", "booked_at", ~_refused(table), **columns)

    @cached_property
    def refused(self) -> Rows:
        """Shipments that we refused, which were taken and planned: urgent and claim_paid, as far as recorded."""
        if not self.has("shipments", "refused"):
            return no_rows(self.customers, "day")
        table = self.tables["shipments"]
        types = {"urgent": "boolean", "claim_paid": "float64"}
        columns = {name: table[name].cast(kind) for name, kind in types.items() if name in table.columns}
        return self.rows("shipments", "booked_at", _refused(table), **columns)

    @cached_property
    def invoices(self) -> Rows:
        """Every invoice: amount; due, paid and tax (1 or 0) as far as recorded."""
        table = self.tables["invoices"]
        columns = {"amount": table.amount.cast("float64")}
        days = {"due": "due_on", "paid": "paid_on"}
        columns |= {day: table[name].cast("date") for day, name in days.items() if name in table.columns}
        if "kind" in table.columns:
            columns["tax"] = (table.kind == "tax").fill_null(False)
        return self.rows("invoices", "issued_on", **columns)

    @cached_property
    def complaints(self) -> Rows:
        """Every complaint, of the day on which it was opened."""
        return self.rows("complaints", "opened_at")

    @cached_property
    def contacts(self) -> Rows:
        """Every contact: kind (a text) and cost as far as recorded."""
        told = {name: self.tables["contacts"][name] for name in ("kind", "cost") if self.has("contacts", name)}
        return self.rows("contacts", "contacted_at", **told)

    def file(self, column: str) -> pd.Series:
        """Return a column of the customer file by customer_id, text as categories; blank for all without it."""
        if column not in self._file.column_names:
            return pd.Series(np.nan, self.customers)
        found = self._file[column]
        if pa.types.is_string(found.type):
            found = found.dictionary_encode()
        return found.to_pandas(date_as_object=False).set_axis(self.customers)

    @cached_property
    def _file(self) -> pa.Table:
        """The customer file in the order of ``customers``, every column of the contract that it holds."""
        if "customers" not in self.tables:
            return pa.table({})
        file = self.tables["customers"]
        found = file.select([name for name in TABLES["customers"].names if name in file.columns]).to_pyarrow()
        codes = found["customer_id"]
        in_order = pc.all(pc.less_equal(codes[:-1], codes[1:])).as_py()
        return found if in_order else found.sort_by("customer_id")

    @cached_property
    def requirements(self) -> pd.Series:
        """How many special requirements each customer has on file, told apart by semicolons; a blank says none."""
        return self.file("requirements").map(_requirements_in, na_action="ignore").astype("float64").fillna(0.0)

    @cached_property
    def onboarded(self) -> Rows:
        """Customers onboarded up to the day: when, and acquisition_cost as far as recorded."""
        day = days_since_1970(self.file("onboarded_on").astype("datetime64[us]"))
        columns = {"day": day}
        if self.has("customers", "acquisition_cost"):
            columns["acquisition_cost"] = self.file("acquisition_cost").to_numpy("float64")
        return Rows(self.customers, np.arange(len(day)), columns).where(day <= epoch_days(self.as_of))

    @cached_property
    def referrals(self) -> Rows:
        """Every referral by a customer, at its place: ``referred``, the place of whom it brought."""
        if not self.has("customers", "referred_by"):
            return no_rows(self.customers, "referred")
        by = self._file["referred_by"]
        referred = np.flatnonzero(by.is_valid().to_numpy())
        place = self.places.codes.number_of(whole(by.drop_null()))
        known = place >= 0
        return Rows(self.customers, place[known], {"referred": referred[known].astype("float64")})

    @cached_property
    def orders(self) -> Rows:
        """Every order: shipments that were not refused; without shipments, invoices of freight, with ``day`` alone.

        Of shipments, as far as recorded: revenue (less rebate), margin (less direct cost and claims too), weight,
        distance_km, urgent, value_added, service; and price, rebate, direct_cost, claim_paid, of which these are made.
        """
        if "shipments" not in self.tables:
            table = purchases(self.tables).orders
            days = table.select("customer_id", day="date")
            return self.places.rows(days.filter(days.day <= ibis.literal(self.as_of)), refused_in="invoices")
        made: dict[str, Callable[[Columns], Floats]] = {}
        columns = {PRICE if name == "revenue" else name: numbers for name, numbers in self.carried_out.columns.items()}
        if PRICE in columns:
            made["revenue"] = _revenue
            if "direct_cost" in columns:
                made["margin"] = _margin
        return self.carried_out.having(Columns(columns, made))

    @cached_property
    def first_order(self) -> pd.Series:
        """The day of each customer's first order, in days since 1970; missing without any."""
        return self.orders.first("day")

    @cached_property
    def began(self) -> pd.Series:
        """When each became a customer, in days since 1970: onboarding or the first order, whichever is earlier."""
        if not self.has("customers", "onboarded_on"):
            return self.first_order
        return pd.Series(np.fmin(self.first_order, self.onboarded.first("day")), self.customers)

    @cached_property
    def orders_of_year(self) -> Rows:
        """The orders of the last 365 days."""
        return self.orders.where(self.orders["day"] > epoch_days(start_of(self.as_of, 0)))

    @cached_property
    def order_days(self) -> Rows:
        """The days with an order, each once, sorted by customer and day."""
        if not len(self.orders):
            return self.orders.having({"day": self.orders["day"]})
        first, days = self.orders["day"].min(), int(np.ptp(self.orders["day"])) + 1
        numbers = as_one(self.orders.place, self.orders["day"] - first, days)
        numbers.sort()
        numbers = numbers[np.append(True, numbers[1:] > numbers[:-1])]  # np.unique would hash every one
        place = numbers // days
        day = (numbers - place * days).astype("float64") + first
        return Rows(self.customers, place.astype("int64"), {"day": day})

    @cached_property
    def sales(self) -> Rows:
        """What was sold: day, revenue and margin as far as recorded, as :func:`clvlab.features.winnable.sales`."""
        if "invoices" not in self.tables or self.has("shipments", "revenue"):
            return self.orders
        bills = self.invoices
        return bills.having({"day": bills["day"], "revenue": bills["amount"]}).where(bills.filled("tax") == 0)

    @cached_property
    def sold_of_year(self) -> Rows:
        """What was sold in the last 365 days."""
        if self.sales is self.orders:
            return self.orders_of_year
        return self.sold_between(start_of(self.as_of, 0), self.as_of)

    def sold_between(self, after: dt.date, until: dt.date) -> Rows:
        """Return what was sold after one day and up to another."""
        day = self.sales["day"]
        return self.sales.where((day > epoch_days(after)) & (day <= epoch_days(until)))

    def sold_in_a_year(self, until: dt.date) -> pd.Series:
        """Return what each customer bought in the 365 days up to a day: revenue, or orders where there is no money.

        ``revenue`` or ``orders`` by customer_id, of everyone with a sale; as in
        :func:`clvlab.features.totals.customer_totals`.
        """
        sold = self.sold_between(until - dt.timedelta(days=YEAR_DAYS), until)
        count = sold.count()
        money = sold.total(sold["revenue"]).round(DIGITS).rename("revenue") if "revenue" in sold else None
        return (count.rename("orders") if money is None else money)[count > 0]


def _refused(shipments: ir.Table) -> ir.BooleanValue:
    """Return whether each shipment was refused by us; none was where that is not recorded."""
    return shipments.refused.cast("boolean").fill_null(False) if "refused" in shipments.columns else ibis.literal(False)


def _revenue(shipments: Columns) -> Floats:
    """Return revenue less rebate."""
    price = shipments.part(PRICE)
    return price - filled(shipments.part("rebate")) if "rebate" in shipments else price


def _margin(shipments: Columns) -> Floats:
    """Return revenue less direct cost and claims."""
    margin = shipments["revenue"] - shipments.part("direct_cost")
    return margin - filled(shipments.part("claim_paid")) if "claim_paid" in shipments else margin


def _requirements_in(text: str) -> int:
    """Return how many requirements a text names."""
    return sum(bool(part.strip()) for part in text.split(";"))
