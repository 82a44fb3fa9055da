"""A few faults planted in the tables, as real exports have them; `truth/planted_faults.csv` lists them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN_CUSTOMER = "C99999"
PLAN: tuple[tuple[str, str, str, int], ...] = (  # table, column, fault, rows
    ("shipments", "delivered_at", "delivered before booked", 10),
    ("shipments", "weight", "negative weight", 5),
    ("shipments", "customer_id", "unknown customer", 3),
    ("shipments", "shipment_id", "row twice", 4),
    ("invoices", "paid_on", "paid before issued", 4),
    ("surveys", "overall", "score off the scale", 5),
)


def plant(rng: np.random.Generator, tables: dict[str, pa.Table]) -> tuple[dict[str, pa.Table], pa.Table]:
    """Tables with the faults, and the list of them: table, column, fault, key of the row."""
    tables = dict(tables)
    listed: list[tuple[str, str, str, str]] = []
    used: dict[str, set[int]] = {"shipments": set(), "invoices": set(), "surveys": set()}
    for name, column, fault, count in PLAN:
        rows = _choose(rng, tables[name], column, fault, count, used[name])
        used[name].update(rows.tolist())
        listed += [(name, column, fault, _key(tables[name], name, int(row))) for row in rows]
        tables[name] = _spoil(tables[name], column, fault, rows)
    columns = ("table", "column", "fault", "row")
    return tables, pa.table({c: pa.array([entry[i] for entry in listed]) for i, c in enumerate(columns)})


def _choose(
    rng: np.random.Generator, table: pa.Table, column: str, fault: str, count: int, used: set[int]
) -> np.ndarray:
    fit = pc.is_valid(table[column]).to_numpy()
    if fault == "delivered before booked":
        fit &= pc.is_valid(table["arrived_at"]).to_numpy() & pc.is_valid(table["pod_returned_at"]).to_numpy()
    if fault == "score off the scale":
        fit &= pc.equal(table["scale_max"], 10).to_numpy()
    candidates = np.setdiff1d(np.flatnonzero(fit), np.fromiter(used, dtype=np.int64, count=len(used)))
    return np.sort(rng.choice(candidates, size=min(count, len(candidates)), replace=False))


def _key(table: pa.Table, name: str, row: int) -> str:
    keys = {"shipments": ["shipment_id"], "invoices": ["invoice_id"], "surveys": ["customer_id", "sent_on"]}[name]
    return " ".join(str(table[key][row].as_py()) for key in keys)


def _spoil(table: pa.Table, column: str, fault: str, rows: np.ndarray) -> pa.Table:
    if fault == "row twice":
        order = np.sort(np.concatenate([np.arange(table.num_rows), rows]), kind="stable")
        return table.take(pa.array(order))
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[rows] = True
    old = table[column].combine_chunks()
    new: Any
    if fault == "unknown customer":
        new = pa.array([UNKNOWN_CUSTOMER] * len(rows))
    elif fault == "negative weight":
        new = pc.negate(old.take(pa.array(rows)))
    elif fault == "score off the scale":
        new = pc.add(old.take(pa.array(rows)), 80)  # an 8 typed as 88, roughly
    else:  # the date lies days before the event
        event = table["booked_at" if fault == "delivered before booked" else "issued_on"].combine_chunks()
        shift = np.timedelta64(52, "h") if fault == "delivered before booked" else np.timedelta64(3, "D")
        new = pa.array(event.take(pa.array(rows)).to_numpy(zero_copy_only=False) - shift, old.type)
    return table.set_column(
        table.schema.get_field_index(column), column, pc.replace_with_mask(old, pa.array(mask), new)
    )
