"""Each customer's time with the provider: what survival is estimated from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.churn_definitions.churn_events import ChurnEvents
from clvlab.features.contract_spells import contract_spells
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable, events_until
from clvlab.periods import days_per, epoch_days, to_periods

CAUSES = ("service", "neglect", "price", "rival", "credit", "provider's choice", "business closed", "unknown")
_WORDS = {cause: cause for cause in CAUSES} | {"closure": "business closed", "closed": "business closed"}

_DAY = pd.Timedelta(days=1)
# Stands for the end of what has not ended.
_RUNNING = pd.Timestamp("2200-01-01")
# A stay: a run of orders, or a contract; until it is given up, the next stay belongs to the same spell.
_STAY: dict[str, Any] = dict.fromkeys(["start", "end", "called_on", "given_up_on"], "datetime64[ns]") | {
    "contract": bool
}
_COLUMNS = [
    "customer_id", "spell", "started_on", "ended_on", "called_on", "came_back_on", "at_risk_from", "at_risk_to",
    "entry", "duration", "event", "cause", "tie", "start_known",
]  # fmt: skip


@dataclass(frozen=True)
class AccountSpells:
    """Customers' time with the provider.

    Attributes
    ----------
    spells
        One row per spell with time at risk, by customer and start:

        - ``customer_id``, ``spell`` (1, 2, ... of the customer);
        - ``started_on``, ``ended_on`` (missing while it runs); ``called_on``, when its end was first known;
          ``came_back_on``, when the customer's next spell began (missing without one);
        - ``at_risk_from``, ``at_risk_to``: the days on which its end would have been seen;
        - ``entry``, ``duration``: its age when the first of them begins (0 when that is its beginning) and when the
          last is over, in months of 365.25/12 days; ``event``: 1 when it ended on the last;
        - ``cause`` of the event (missing without one), one of ``CAUSES``;
        - ``tie``: ``"contract"`` or ``"spot"``, at its end or today;
        - ``start_known``: false when it may have begun before the records did and nothing tells when.
    running
        The spells of customers not called lost today: the same columns, with those too young to be in ``spells``.
    standing
        Indexed by customer_id, every customer with an order or a contract in the records: ``standing`` (under
        contract, active, silent, called lost), ``since`` (when the spell began, the last order, when it was called
        lost), ``last_on`` (its last order), ``silent_days`` since then and ``patience_days`` until it would be called
        lost. A customer is silent once half its patience is used up.
    remarks
        What a reader should know.
    """

    spells: pd.DataFrame
    running: pd.DataFrame
    standing: pd.DataFrame
    remarks: tuple[str, ...]


def account_spells(
    orders: AnyTable,
    as_of: str | dt.date,
    churn: ChurnEvents,
    contracts: ir.Table | None = None,
    customers: ir.Table | None = None,
) -> AccountSpells:
    """Return when customers came, left and came back.

    Parameters
    ----------
    orders
        customer_id, date: one row per order.
    as_of
        The last day that counts.
    churn
        By what customers without a running contract count as lost, of the same orders and ``as_of``: from
        :func:`~clvlab.features.churn_definitions.rhythm` (``.churn_events``), ``fixed_silence`` or ``volume_fall``.
    contracts, customers
        Accepted tables as they were known on ``as_of``, where there are any; of customers customer_id and
        ``onboarded_on`` are read.

    Returns
    -------
    AccountSpells

    Raises
    ------
    Refused
        For missing columns, customers or dates; without an order up to ``as_of``.

    Notes
    -----
    A customer under contract leaves when the contract ends and none follows within a month, however long it had been
    silent, unless it goes on ordering; it counts as lost at once, and an order within its patience takes that back.
    Without a contract it leaves by ``churn``, on the day of its last activity. Coming back begins a new spell of age 0.

    A spell is at risk from the first order seen, or from the records' first day when a contract ran then. Customers
    onboarded before enter late at their age. Who left before ordering once in the records is not seen, and being at
    risk from the first order, not from the records' first day, allows for that. A spell is at risk until its end,
    until ``as_of`` under contract, else until ``churn.known_until``: a later event could not be known yet. A customer
    without an onboarding date is taken as new on its first order; ``start_known`` is false when that lies within a
    quarter of the records' beginning.

    Examples
    --------
    >>> from clvlab.features.churn_definitions import fixed_silence
    >>> orders = pd.DataFrame({"customer_id": "a", "date": ["2024-01-01", "2024-03-01", "2024-09-01"]})
    >>> found = account_spells(orders, "2024-12-31", fixed_silence(orders, "2024-12-31", 120))
    >>> found.spells[["started_on", "ended_on", "at_risk_to", "event"]].astype(str)
       started_on    ended_on  at_risk_to event
    0  2024-01-01  2024-03-01  2024-03-01     1
    1  2024-09-01  2024-09-01  2024-09-01     1
    >>> found.standing["standing"].to_dict()
    {'a': 'called lost'}
    """
    rows, first_day, until = events_until(orders, "customer_id", "date", as_of)
    found = rows.group_by("customer").agg(first_on=rows.day.min(), last_on=rows.day.max()).to_pyarrow().to_pandas()
    ordered = found.set_index("customer").astype("datetime64[ns]").rename_axis("customer_id").sort_index()
    terms = _terms(contracts, until, first_day, churn)
    spells = _joined(pd.concat([_runs(ordered, churn, terms), terms], ignore_index=True))
    spells = _with_starts(spells, customers, pd.Timestamp(first_day))
    spells = _with_time_at_risk(spells, churn.known_until, pd.Timestamp(until))
    reasons = _reasons(spells, contracts)
    causes = reasons.str.lower().str.strip().map(_WORDS).fillna("unknown")
    spells["cause"] = causes.where(spells["event"] == 1, None)
    followed = spells["at_risk_to"] >= spells["at_risk_from"]
    return AccountSpells(
        spells.loc[followed, _COLUMNS].reset_index(drop=True),
        spells.loc[spells["ended_on"].isna(), _COLUMNS].reset_index(drop=True),
        _standing(spells, ordered["last_on"], churn.patience_days, pd.Timestamp(until)),
        (*churn.remarks, *_remarks(spells, followed, reasons)),
    )


def _terms(contracts: ir.Table | None, until: dt.date, first_day: dt.date, churn: ChurnEvents) -> pd.DataFrame:
    """Return spells under contract as stays: customer_id, start, end, called_on, given_up_on, contract."""
    if contracts is None:
        return pd.DataFrame({name: [] for name in ("customer_id", *_STAY)}).astype(_STAY)
    found = contract_spells(contracts, until, first_day)
    end = found["ended_on"].fillna(_RUNNING)
    patience = found["customer_id"].map(churn.patience_days).fillna(days_per("month"))
    stays = {
        "customer_id": found["customer_id"],
        "start": found["started_on"],
        "end": end,
        "called_on": end + _DAY,
        "given_up_on": end + pd.to_timedelta(patience, unit="D").dt.floor("D"),
        "contract": True,
    }
    return pd.DataFrame(stays).astype(_STAY)


def _runs(ordered: pd.DataFrame, churn: ChurnEvents, terms: pd.DataFrame) -> pd.DataFrame:
    """Return runs of orders between the events of ``churn`` as stays: the same columns as of contracts."""
    events = churn.events
    starts = pd.concat(
        [
            pd.DataFrame({"customer_id": ordered.index, "start": ordered["first_on"].to_numpy()}),
            events[["customer_id", "came_back_on"]].rename(columns={"came_back_on": "start"}).dropna(),
        ]
    ).sort_values(["customer_id", "start"])
    starts["number"] = starts.groupby("customer_id").cumcount()
    ends = events.rename(columns={"last_on": "end"})[["customer_id", "end", "called_on"]]
    runs = starts.merge(ends.assign(number=ends.groupby("customer_id").cumcount()), how="left")
    # Of who ordered last under a contract that has ended, nothing has been seen since: the contract's end stands.
    last_on = runs["customer_id"].map(ordered["last_on"])
    ended_on = runs["customer_id"].map(terms.groupby("customer_id")["end"].max())
    over = runs["end"].isna() & (ended_on < _RUNNING) & (ended_on >= last_on)
    runs["end"] = runs["end"].mask(over, last_on).fillna(_RUNNING)
    runs["called_on"] = runs["called_on"].fillna(runs["end"])
    return runs.assign(given_up_on=runs["called_on"], contract=False).drop(columns="number").astype(_STAY)


def _joined(stays: pd.DataFrame) -> pd.DataFrame:
    """Return stays as spells: one goes on from those before it when it starts before they were given up."""
    stays = stays.sort_values(["customer_id", "start", "end", "contract"], ignore_index=True)
    by = stays["customer_id"]
    given_up_on = stays.groupby("customer_id")["given_up_on"].cummax().groupby(by).shift()
    stays["spell"] = (~(stays["start"] <= given_up_on)).groupby(by).cumsum()
    keys = ["customer_id", "spell"]
    spells = stays.groupby(keys).agg(since=("start", "min"))
    # The stay that ends last ends the spell; a contract that ends on the day of the last order does.
    last = stays.sort_values([*keys, "end", "contract"]).drop_duplicates(keys, keep="last").set_index(keys)
    spells["ended_on"] = last["end"].mask(last["end"] == _RUNNING)
    spells["called_on"] = last["called_on"].where(last["end"] < _RUNNING)
    under = stays[stays["contract"]].groupby(keys)["end"].max().reindex(spells.index)
    spells["under_until"] = under
    spells["tie"] = np.where(under == last["end"], "contract", "spot")
    return spells.reset_index()


def _with_starts(spells: pd.DataFrame, customers: ir.Table | None, begins: pd.Timestamp) -> pd.DataFrame:
    """Return spells with the day each started, as far as is known, and the first on which its end would be seen."""
    onboarded = pd.Series(pd.NaT, spells.index)
    if customers is not None and "onboarded_on" in customers.columns:
        days = customers.select("customer_id", "onboarded_on").to_pyarrow().to_pandas().set_index("customer_id")
        onboarded = spells["customer_id"].map(days["onboarded_on"].astype("datetime64[ns]"))
    first = spells["spell"] == 1
    early = (spells["since"] >= begins) & (spells["since"] < begins + pd.Timedelta(days=days_per("quarter")))
    return spells.assign(
        started_on=onboarded.where(first & (onboarded < spells["since"]), spells["since"]),
        start_known=~(first & onboarded.isna() & early),
        at_risk_from=spells["since"].clip(lower=begins),
        came_back_on=spells.groupby("customer_id")["since"].shift(-1),
    )


def _with_time_at_risk(spells: pd.DataFrame, known_until: pd.Series, today: pd.Timestamp) -> pd.DataFrame:
    """Return spells with the last day at risk, and both days as ages."""
    # A contract is followed to its end, and today while it runs.
    followed = (
        spells[["under_until"]].assign(known=spells["customer_id"].map(known_until)).max(axis=1).clip(upper=today)
    )
    seen = spells["ended_on"] <= followed
    at_risk_to = spells["ended_on"].where(seen, followed)
    began, from_ = epoch_days(spells["started_on"]), epoch_days(spells["at_risk_from"])
    return spells.assign(
        at_risk_to=at_risk_to,
        entry=to_periods(from_ - began, "month"),
        duration=to_periods(epoch_days(at_risk_to) + 1 - began, "month"),
        event=seen.astype(int),
    )


def _reasons(spells: pd.DataFrame, contracts: ir.Table | None) -> pd.Series:
    """Return the reason recorded for the contract whose end each spell's is; missing without one."""
    none = pd.Series(None, spells.index, dtype=object)
    if contracts is None or not {"ended_on", "end_reason"} <= set(contracts.columns):
        return none
    closed = contracts.filter(contracts.end_reason.notnull() & contracts.ended_on.notnull())
    told = closed.select("customer_id", "ended_on", "end_reason").to_pyarrow().to_pandas()
    told = told.astype({"ended_on": "datetime64[ns]"}).sort_values(["customer_id", "ended_on", "end_reason"])
    told = told.drop_duplicates(["customer_id", "ended_on"])
    found = spells.merge(told, on=["customer_id", "ended_on"], how="left")["end_reason"]
    return found.where(spells["tie"] == "contract", none)


def _standing(spells: pd.DataFrame, last_on: pd.Series, patience_days: pd.Series, today: pd.Timestamp) -> pd.DataFrame:
    """Return where each customer stands today; see :class:`AccountSpells`."""
    now = spells.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    frame = pd.DataFrame({"last_on": last_on.reindex(now.index), "patience_days": patience_days.reindex(now.index)})
    frame["silent_days"] = (today - frame["last_on"]).dt.days
    lost, under = now["ended_on"].notna(), now["tie"] == "contract"
    silent = frame["silent_days"] > frame["patience_days"] / 2
    choices = {"called lost": lost, "under contract": under, "silent": silent}
    frame.insert(0, "standing", np.select(list(choices.values()), list(choices), "active"))
    since = now["called_on"].where(lost, now["since"].where(under, frame["last_on"]))
    frame.insert(1, "since", since)
    return frame[["standing", "since", "last_on", "silent_days", "patience_days"]]


def _remarks(spells: pd.DataFrame, followed: pd.Series, reasons: pd.Series) -> list[str]:
    """Return what a reader should know of the spells."""
    old, young = int((~spells["start_known"] & followed).sum()), int((~followed).sum())
    odd = reasons[reasons.notna() & ~reasons.str.lower().str.strip().isin([*_WORDS])]
    remarks = []
    if old:
        remarks.append(
            f"{plural(old, 'customers')} without an onboarding date first ordered within a quarter of the records' "
            "beginning: they may be older than that, and their age counts from it."
        )
    if young:
        remarks.append(f"Left out as too young for their end to be known yet: {plural(young, 'stays')} as a customer.")
    if len(odd):
        remarks.append(f"{len(odd):,} ends have a reason that is none of the eight ({odd.iloc[0]!r}): unknown.")
    return remarks
