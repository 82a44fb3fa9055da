"""A base of a million customers on Parquet, for timing classes and tiers: random, no market behind it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clvlab.records.engine import open_engine

AS_OF = dt.date(2025, 12, 31)
MONTHS = 36
SHIPMENTS_EACH = 5

_END = np.datetime64(AS_OF) + 1
_WINDOW_DAYS = 1096
_SERVICES = ("full truckload", "less than truckload", "express", "warehousing", "customs clearance", "packaging")
_BASIC = 3  # the first so many services are basic, the others value-added
_REGIONS = ("north", "east", "south", "west")
_INDUSTRIES = ("machinery", "textiles", "food", "chemicals", "electronics", "retail")


class Columns:
    """Random columns of one table."""

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rows, self.rng = rows, rng

    def words(self, choices: tuple[str | None, ...], shares: list[float] | None = None) -> pa.Array:
        """Return one of some words in every row."""
        return pa.DictionaryArray.from_arrays(
            pa.array(self.rng.choice(len(choices), self.rows, p=shares).astype("int32")), pa.array(choices)
        ).dictionary_decode()

    def days(self, back: np.ndarray) -> pa.Array:
        """Return days so many before the last one."""
        return pa.array((_END - 1 - back.astype("timedelta64[D]")).astype("datetime64[D]"))

    def times(self, days: np.ndarray) -> pa.Array:
        """Return times so many days (with fractions) before the end of the last one."""
        seconds = (days * 86_400).astype("timedelta64[s]")
        return pa.array((_END.astype("datetime64[s]") - seconds - 1).astype("datetime64[us]"))

    def money(self, middle: float, spread: float) -> pa.Array:
        """Return amounts around a median."""
        return pa.array(np.round(self.rng.lognormal(np.log(middle), spread, self.rows), 2))

    def some(self, values: pa.Array, share: float) -> pa.Array:
        """Return a share of the values, the others missing."""
        return pa.compute.if_else(pa.array(self.rng.random(self.rows) < share), values, pa.scalar(None, values.type))


def codes(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Return numbers as codes of equal length."""
    return pa.array(np.char.add(prefix, np.char.zfill(numbers.astype(str), 7)))


def write_base(folder: Path, customers: int, seed: int = 1) -> int:
    """Write all tables as Parquet files; return the number of shipments."""
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 1.2, customers)
    shipments = SHIPMENTS_EACH * customers
    code = codes("C", np.arange(customers))
    cumulated = weight.cumsum() / weight.sum()

    def whose(rows: int) -> np.ndarray:
        """Return a customer for every row, large ones more often."""
        return np.minimum(np.searchsorted(cumulated, rng.random(rows)), customers - 1)

    tables = {
        "customers": _customers(Columns(customers, rng), code),
        "shipments": _shipments(Columns(shipments, rng), code, whose(shipments)),
        "invoices": _invoices(Columns(2 * customers, rng), code, whose(2 * customers)),
        "complaints": _complaints(Columns(customers // 5, rng), code, whose(customers // 5)),
        "contacts": _contacts(Columns(customers, rng), code, whose(customers)),
        "contracts": _contracts(Columns(customers // 10, rng), code, whose(customers // 10)),
        "surveys": _surveys(Columns(customers // 5, rng), code, whose(customers // 5)),
        "leads": _leads(Columns(customers // 10, rng), code, whose(customers // 10)),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return shipments


def read_base(folder: Path) -> dict[str, ir.Table]:
    """Return the tables as a study's records hold them: by name, in the engine."""
    engine = open_engine()
    return {path.stem: engine.read_parquet(path, table_name=path.stem) for path in sorted(folder.glob("*.parquet"))}


def _customers(make: Columns, code: pa.Array) -> pa.Table:
    rng, n = make.rng, make.rows
    referrer = pa.compute.take(code, pa.array(rng.integers(0, n, n)))
    return pa.table(
        {
            "customer_id": code,
            "role": make.words(("shipper", "consignee", "both", "channel"), [0.7, 0.1, 0.15, 0.05]),
            "industry": make.words(_INDUSTRIES),
            "region": make.words(_REGIONS),
            "size_class": make.words(("small", "medium", "large"), [0.7, 0.25, 0.05]),
            "onboarded_on": make.days(rng.integers(0, 4000, n)),
            "acquisition_cost": make.some(make.money(800, 1.0), 0.5),
            "referred_by": make.some(referrer, 0.05),
            "priority_class": make.words(("A", "B", "C"), [0.1, 0.3, 0.6]),
            "payment_terms_days": pa.array(rng.choice([15, 30, 45, 60], n)),
            "credit_rating": make.some(make.words(("A", "B", "C", "D")), 0.8),
            "credit_limit": make.some(make.money(20_000, 0.8), 0.8),
            "brand_influence": make.some(pa.array(rng.integers(1, 6, n)), 0.6),
            "strategic_fit": make.some(pa.array(rng.integers(1, 6, n)), 0.6),
            "logistics_spend": make.some(make.money(50_000, 1.0), 0.7),
            "own_growth": make.some(pa.array(np.round(rng.normal(0.03, 0.1, n), 3)), 0.7),
            "requirements": make.words((None, "temperature", "visibility;packaging", "packaging")),
            "industry_risk": make.some(pa.array(rng.integers(1, 6, n)), 0.9),
            "retention_level": make.words(("financial", "social", "structural"), [0.6, 0.3, 0.1]),
        }
    )


def _shipments(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    rng, n = make.rng, make.rows
    back = np.sort(rng.random(n))[::-1] * _WINDOW_DAYS
    service = rng.integers(0, len(_SERVICES), n)
    revenue = np.round(rng.lognormal(7, 0.9, n), 2)
    due = back - rng.integers(1, 6, n)
    return pa.table(
        {
            "shipment_id": codes("S", np.arange(n)),
            "customer_id": pa.compute.take(code, pa.array(who)),
            "booked_at": make.times(back),
            "service": pa.compute.take(pa.array(_SERVICES), pa.array(service)),
            "service_category": pa.array(np.where(service < _BASIC, "basic", "value-added")),
            "origin": make.words(("Shanghai", "Beijing", "Shenzhen", "Chengdu")),
            "destination": make.words(("Ningbo", "Wuhan", "Qingdao", "Xiamen")),
            "distance_km": pa.array(rng.integers(50, 2500, n)),
            "delivery_due_at": make.times(due),
            "delivered_at": make.times(np.maximum(due - rng.normal(-0.3, 0.6, n), 0)),
            "revenue": pa.array(revenue),
            "direct_cost": pa.array(np.round(revenue * rng.normal(0.8, 0.08, n), 2)),
            "rebate": pa.array(np.where(rng.random(n) < 0.2, np.round(0.02 * revenue, 2), 0.0)),
            "claim_paid": pa.array(np.where(rng.random(n) < 0.01, np.round(0.3 * revenue, 2), 0.0)),
            "weight": pa.array(np.round(rng.lognormal(6, 1.2, n), 1)),
            "pieces": pa.array(rng.integers(1, 40, n)),
            "damaged_pieces": pa.array((rng.random(n) < 0.01).astype("int64")),
            "urgent": pa.array(rng.random(n) < 0.08),
            "completed": pa.array(rng.random(n) < 0.99),
            "refused": pa.array(rng.random(n) < 0.01),
        }
    )


def _invoices(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    rng, n = make.rng, make.rows
    back = rng.integers(0, _WINDOW_DAYS, n)
    due = back - 30
    return pa.table(
        {
            "invoice_id": codes("F", np.arange(n)),
            "customer_id": pa.compute.take(code, pa.array(who)),
            "issued_on": make.days(back),
            "amount": make.money(2500, 0.9),
            "kind": make.words(("freight", "surcharge", "credit note", "tax"), [0.8, 0.08, 0.02, 0.1]),
            "currency": make.words(("CNY",)),
            "due_on": make.days(due),
            "paid_on": make.some(make.days(due - rng.integers(-10, 40, n)), 0.95),
            "disputed": pa.array(rng.random(n) < 0.02),
        }
    )


def _complaints(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    rng, n = make.rng, make.rows
    back = rng.random(n) * _WINDOW_DAYS
    return pa.table(
        {
            "complaint_id": codes("Q", np.arange(n)),
            "customer_id": pa.compute.take(code, pa.array(who)),
            "opened_at": make.times(back),
            "first_response_at": make.times(back * 0.999),
            "resolved_at": make.some(make.times(np.maximum(back - 4, 0)), 0.95),
            "category": make.words(("late", "damage", "billing")),
            "severity": pa.array(rng.integers(1, 4, n)),
            "upheld": pa.array(rng.random(n) < 0.7),
        }
    )


def _contacts(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    back = make.rng.random(make.rows) * _WINDOW_DAYS
    return pa.table(
        {
            "contact_id": codes("T", np.arange(make.rows)),
            "customer_id": pa.compute.take(code, pa.array(who)),
            "contacted_at": make.times(back),
            "kind": make.words(("visit", "call", "enquiry", "quote", "price notice"), [0.1, 0.35, 0.45, 0.05, 0.05]),
            "channel": make.words(("in person", "phone", "wechat", "portal")),
            "cost": make.money(40, 0.4),
            "initiated_by": make.words(("provider", "customer")),
            "answered_at": make.some(make.times(back * 0.9995), 0.5),
        }
    )


def _contracts(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    back = make.rng.integers(0, 1500, make.rows)
    return pa.table(
        {
            "contract_id": codes("V", np.arange(make.rows)),
            "customer_id": pa.compute.take(code, pa.array(who)),
            "starts_on": make.days(back),
            "ends_on": make.days(back - 730),
            "notice_days": make.words(("60",)).cast("int64"),
            "ended_on": make.some(make.days(back - 700), 0.1),
            "end_reason": make.words((None,)).cast("string"),
            "committed_weight": make.money(5000, 1.0),
            "agreed_on_time_share": pa.array(np.full(make.rows, 0.95)),
        }
    )


def _surveys(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    rng, n = make.rng, make.rows
    back = rng.integers(0, _WINDOW_DAYS, n)
    return pa.table(
        {
            "customer_id": pa.compute.take(code, pa.array(who)),
            "sent_on": make.days(back),
            "answered_on": make.some(make.days(np.maximum(back - 5, 0)), 0.4),
            "overall": make.some(pa.array(rng.integers(1, 6, n)), 0.4),
            "recommend": make.some(pa.array(rng.integers(0, 11, n)), 0.4),
            "renew_intention": make.some(pa.array(rng.integers(1, 6, n)), 0.4),
            "rival_perception": make.some(pa.array(rng.integers(1, 6, n)), 0.2),
            "scale_max": pa.array(np.full(n, 5)),
        }
    )


def _leads(make: Columns, code: pa.Array, who: np.ndarray) -> pa.Table:
    rng, n = make.rng, make.rows
    back = rng.integers(0, _WINDOW_DAYS, n)
    return pa.table(
        {
            "lead_id": codes("L", np.arange(n)),
            "opened_on": make.days(back),
            "kind": make.words(("new", "cross-sell", "renewal")),
            "cost": make.money(500, 0.8),
            "quoted_price": make.money(30_000, 1.0),
            "won_on": make.some(make.days(np.maximum(back - 30, 0)), 0.3),
            "customer_id": pa.compute.take(code, pa.array(who)),
        }
    )
