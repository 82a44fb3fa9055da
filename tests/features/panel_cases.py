"""Small tables and spells for the tests of the panel."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.periods import epoch_days, to_periods

BEGIN, TODAY = "2024-01-01", "2024-12-31"


def table(**columns: list) -> ir.Table:
    """An Ibis table; columns named ..._at and ..._on hold moments."""
    frame = pd.DataFrame(columns)
    moments = [name for name in frame if name.endswith(("_at", "_on")) or name == "date"]
    return ibis.memtable(
        frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[us]") for name in moments})
    )


def spell(
    customer: str = "a",
    since: str = BEGIN,
    until: str = TODAY,
    event: int = 0,
    cause: str | None = None,
    number: int = 1,
) -> dict[str, object]:
    """One spell, at risk from its beginning or the records'."""
    began, begins, ends = (pd.Timestamp(day) for day in (since, max(since, BEGIN), until))
    first, entered, last = (epoch_days(day) for day in (began, begins, ends))
    return {
        "customer_id": customer, "spell": number, "started_on": began, "at_risk_from": begins, "at_risk_to": ends,
        "entry": to_periods(entered - first, "month"), "duration": to_periods(last + 1 - first, "month"),
        "event": event, "cause": cause,
    }  # fmt: skip


def spells(*rows: dict[str, object]) -> pd.DataFrame:
    """Spells as a frame; one customer's when none is given."""
    return pd.DataFrame(list(rows) or [spell()])


def shipments(rows: list[tuple], customer: str = "a") -> ir.Table:
    """Shipments from (booked, due, delivered)."""
    booked, due, delivered = zip(*rows, strict=True)
    return table(
        customer_id=[customer] * len(rows),
        booked_at=list(booked),
        delivery_due_at=list(due),
        delivered_at=list(delivered),
    )


def true_spells(folder: Path, as_of: str, begin: str) -> pd.DataFrame:
    """The spells of a demo market as they really were, up to a day."""
    truth = pd.read_csv(folder / "truth" / "leavings.csv", parse_dates=["since", "left_on", "returned_on"])
    onboarded = pd.read_csv(folder / "customers.csv", parse_dates=["onboarded_on"])[["customer_id", "onboarded_on"]]
    gone = truth.rename(columns={"since": "started_on", "left_on": "at_risk_to"})
    back = truth.loc[truth["returned_on"].notna(), ["customer_id", "spell", "returned_on"]]
    back = back.rename(columns={"returned_on": "started_on"}).assign(spell=back["spell"] + 1)
    never = onboarded[~onboarded["customer_id"].isin(truth["customer_id"])].assign(spell=1)
    there = pd.concat([back, never.rename(columns={"onboarded_on": "started_on"})])
    there = there[~there.set_index(["customer_id", "spell"]).index.isin(gone.set_index(["customer_id", "spell"]).index)]
    rows = []
    for one in pd.concat([gone, there]).dropna(subset="started_on").itertuples():
        left = one.at_risk_to <= pd.Timestamp(as_of)
        until = one.at_risk_to if left else pd.Timestamp(as_of)
        if max(one.started_on, pd.Timestamp(begin)) < until:
            row = spell(one.customer_id, str(one.started_on.date()), str(until.date()), int(left), number=one.spell)
            rows.append(row | {"at_risk_from": max(one.started_on, pd.Timestamp(begin))})
    frame = pd.DataFrame(rows)
    late = epoch_days(frame["at_risk_from"]) - epoch_days(frame["started_on"])
    return frame.assign(entry=to_periods(late, "month"), cause=None)
