"""The one as-of cut: what was known at the end of a day, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir

from clvlab.records.contract import UNDATED, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.parsing import FIRST_YEAR, LAST_YEAR
from clvlab.refusal import Refused


def cut(table: ir.Table, contract: Contract, as_of: date) -> ir.Table:
    """Return the rows and values of ``table`` that were known at the end of the day ``as_of``.

    A row is known from its event date on; a row without one (a customer of unknown onboarding) always. A value
    is known from the first filled date column that its contract names, else with its row. Undated ratings stay.

    Parameters
    ----------
    table
        A typed table of the contract's columns.
    contract
        Its contract.
    as_of
        The last day known.
    """
    table, midnight = _rows_known(table, contract, as_of), _midnight_after(as_of)
    hidden = {}
    for column in contract.columns:
        dates = [table[name].cast("timestamp") for name in column.dates if name in table.columns]
        if column.name in table.columns and dates:
            known_at = ibis.coalesce(*dates) if len(dates) > 1 else dates[0]
            later = (known_at >= ibis.literal(midnight)).fill_null(column.until_known)
            missing = ibis.literal(None, type=table[column.name].type())
            hidden[column.name] = ibis.ifelse(later, missing, table[column.name])
    return table.mutate(**hidden) if hidden else table


def _midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(days=1)


def _rows_known(table: ir.Table, contract: Contract, as_of: date) -> ir.Table:
    """Return the rows known at the end of a day, with all their values."""
    if not contract.event or contract.event not in table.columns:
        return table
    event = table[contract.event]
    return table.filter(event.isnull() | (event.cast("timestamp") < ibis.literal(_midnight_after(as_of))))


def cut_all(tables: Mapping[str, ir.Table], as_of: date) -> dict[str, ir.Table]:
    """Return all tables as they were known at the end of a day; a customer who was heard of by then is there.

    A customer whose onboarding is dated later than their own shipments, or than a visit or a contract, is kept, with
    the code and the undated ratings alone: dropping the row would orphan those rows.

    Raises
    ------
    Refused
        For a day outside the calendar of business.
    """
    if not FIRST_YEAR <= as_of.year <= LAST_YEAR:
        raise Refused(f"as_of = {as_of} is no day of business; give one between {FIRST_YEAR} and {LAST_YEAR}.")
    found = {name: cut(table, TABLES[name], as_of) for name, table in tables.items()}
    customers, contract = tables["customers"], TABLES["customers"]
    if contract.event in customers.columns:
        early = customers.filter(customers[contract.event].cast("date") > ibis.literal(as_of))
        naming = [name for name in found if name != "customers" and "customer_id" in TABLES[name].required]
        known = [_rows_known(tables[name], TABLES[name], as_of).select("customer_id") for name in naming]
        seen = early.customer_id.isin(ibis.union(*known)["customer_id"])
        stub = {
            column.name: ibis.literal(None, type=early[column.name].type())
            for column in contract.columns
            if column.known != UNDATED and column.name in early.columns
        }
        found["customers"] = found["customers"].union(early.filter(seen).mutate(**stub))
    return found


def undated(table: ir.Table, contract: Contract) -> list[str]:
    """Return the columns whose values carry no date, so that no as-of cut can hide later changes to them."""
    keys = {*contract.key, "customer_id"}
    return [c.name for c in contract.columns if c.known == UNDATED and c.name in table.columns and c.name not in keys]
