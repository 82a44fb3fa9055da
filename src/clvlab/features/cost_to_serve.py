"""What serving each customer costs, activity by activity: how often it was done times what doing it once costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from clvlab.features.ledger import Ledger
from clvlab.features.rows import Floats, Rows

SERVING = "serving_"
REQUIREMENT = "special_requirement"
# A contact of no recorded kind.
CONTACT = "contact"
AT_UNIT_COST = "Counted at the assumed unit cost: {}."
AT_RECORDED_COST = "Counted at the cost recorded with each: {}."
WITHOUT_COST = "In the records without a unit cost or a recorded one, so counted as nothing: {}."
NOT_RECORDED = "With a unit cost, but not in the records: {}."


class Source(NamedTuple):
    """Rows that show what customers earned or cost.

    Attributes
    ----------
    rows
        With ``day``.
    lines
        Return the lines that rows of this kind add to, one amount per row each, without gaps; made block by block when
        they are added up, since all at once they take many times the memory of the rows.
    """

    rows: Rows
    lines: Callable[[Rows], dict[str, Floats]]


class Serving(NamedTuple):
    """What serving customers cost, as rows to be added up.

    Attributes
    ----------
    sources
        By the table that shows activities (shipments that were refused stand apart, as "refused"): its rows, with one
        line ``serving_<activity>`` for each activity costed there.
    rules
        By activity, the sentence that says how it was costed, with a place for the activity's name.
    """

    sources: dict[str, Source]
    rules: dict[str, str]

    def remarks(self) -> list[str]:
        """Return one sentence per rule that held, naming the activities."""
        named = {rule: [a.replace("_", " ") for a, held in self.rules.items() if held == rule]
                 for rule in (AT_UNIT_COST, AT_RECORDED_COST, WITHOUT_COST, NOT_RECORDED)}  # fmt: skip
        return [rule.format(", ".join(activities)) for rule, activities in named.items() if activities]


class _Done(NamedTuple):
    """An activity: how often each row of a table shows it, and the cost recorded with it, where there is one."""

    times: Callable[[Rows], Floats]
    recorded: Callable[[Rows], Floats] | None = None

    def at(self, unit_cost: float) -> Callable[[Rows], Floats]:
        """Return what it costs in each row at a unit cost."""
        return lambda rows: self.times(rows) * unit_cost


def serving(ledger: Ledger, unit_costs: Mapping[str, float]) -> Serving:
    """Cost what was done for customers.

    Parameters
    ----------
    ledger
        The records up to a day.
    unit_costs
        Cost of doing an activity once, by activity as :class:`~clvlab.assumptions.Assumptions` names them.

    Notes
    -----
    A unit cost goes before a recorded cost. Every order counts, one that was refused or cancelled too: it was taken
    and planned. A claim is a shipment with an amount paid; the amount itself is no cost of serving. Campaigns
    count at the cost recorded with each customer in them.

    References
    ----------
    Kaplan, R. S. and Anderson, S. R. (2004), "Time-driven activity-based costing", Harvard Business Review 82(11).

    Examples
    --------
    >>> import datetime as dt, ibis
    >>> contacts = ibis.memtable({"customer_id": ["a"], "contacted_at": ["2025-03-01"], "kind": ["visit"]})
    >>> invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-03-31"], "amount": [5.0]})
    >>> ledger = Ledger({"contacts": contacts, "invoices": invoices}, dt.date(2025, 12, 31))
    >>> for sentence in serving(ledger, {"visit": 400.0, "claim": 90.0}).remarks():
    ...     print(sentence)
    Counted at the assumed unit cost: visit.
    In the records without a unit cost or a recorded one, so counted as nothing: order.
    With a unit cost, but not in the records: claim.
    """
    sources, rules = {}, {}
    for table, rows, activities in _activities(ledger, unit_costs):
        costs: dict[str, Callable[[Rows], Floats]] = {}
        for activity, done in activities.items():
            if activity in unit_costs:
                costs[SERVING + activity], rules[activity] = done.at(unit_costs[activity]), AT_UNIT_COST
            elif done.recorded is not None:
                costs[SERVING + activity], rules[activity] = done.recorded, AT_RECORDED_COST
            else:
                rules[activity] = WITHOUT_COST
        sources[table] = Source(rows, partial(_each, costs))
    rules |= {activity: NOT_RECORDED for activity in unit_costs if activity not in rules}
    return Serving(sources, rules)


def _each(costs: Mapping[str, Callable[[Rows], Floats]], rows: Rows) -> dict[str, Floats]:
    """Return every cost of each row."""
    return {line: cost(rows) for line, cost in costs.items()}


def _activities(ledger: Ledger, unit_costs: Mapping[str, float]) -> Iterator[tuple[str, Rows, dict[str, _Done]]]:
    """Yield what shows activities, its rows, and the activities."""
    tables = ledger.tables
    if "shipments" in tables:
        yield "shipments", *_of_orders(ledger, ledger.carried_out, REQUIREMENT in unit_costs)
        yield "refused", *_of_orders(ledger, ledger.refused, REQUIREMENT in unit_costs)
    elif "invoices" in tables:
        yield "invoices", ledger.orders, {"order": _Done(_once)}
    if "complaints" in tables:
        yield "complaints", ledger.complaints, {"complaint": _Done(_once)}
    if "contacts" in tables:
        yield "contacts", *_of_contacts(ledger.contacts)
    if ledger.has("campaigns", "cost"):
        campaigns = ledger.rows("campaigns", "started_on", cost=tables["campaigns"].cost)
        yield "campaigns", campaigns, {"campaign": _Done(_once, _filled("cost"))}


def _once(rows: Rows) -> Floats:
    return np.ones(len(rows))


def _filled(name: str) -> Callable[[Rows], Floats]:
    return lambda rows: rows.filled(name)


def _of_orders(ledger: Ledger, rows: Rows, with_requirements: bool) -> tuple[Rows, dict[str, _Done]]:
    """Return shipments and what was done for each; special requirements, long to look up, only where they cost."""
    done = {"order": _Done(_once)}
    if "urgent" in rows:
        done["urgent_order"] = _Done(_filled("urgent"))
    if ledger.has("customers", "requirements"):
        done[REQUIREMENT] = _Done(_filled(REQUIREMENT))
        if with_requirements:  # without a unit cost nobody asks for them
            rows = rows.having({**rows.columns, REQUIREMENT: ledger.requirements.to_numpy()[rows.place]})
    if "claim_paid" in rows:
        done["claim"] = _Done(lambda rows: (rows.filled("claim_paid") > 0).astype("float64"))
    return rows, done


def _of_contacts(contacts: Rows) -> tuple[Rows, dict[str, _Done]]:
    """Return contacts, all of some kind, and those of each kind that there are."""
    words = contacts.words.get("kind", [])
    words = words if CONTACT in words else [*words, CONTACT]
    blank = float(words.index(CONTACT))
    kind = np.nan_to_num(contacts["kind"], nan=blank) if "kind" in contacts else np.full(len(contacts), blank)
    there = {words[int(number)]: number for number in np.unique(kind)}
    done = {name.replace(" ", "_"): _of_kind(there[name], "cost" in contacts) for name in sorted(there)}
    return contacts.having({**contacts.columns, "kind": kind}), done


def _of_kind(number: float, with_cost: bool) -> _Done:
    def times(rows: Rows) -> Floats:
        return (rows["kind"] == number).astype("float64")

    return _Done(times, (lambda rows: times(rows) * rows.filled("cost")) if with_cost else None)
