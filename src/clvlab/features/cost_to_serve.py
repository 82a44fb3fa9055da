"""What serving each customer costs, activity by activity: how often it was done times what doing it once costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


class Serving(NamedTuple):
    """What serving customers cost, as rows to be added up.

    Attributes
    ----------
    sources
        By table that shows activities, its rows: ``day``, and one column ``serving_<activity>`` for each activity
        costed there.
    rules
        By activity, the sentence that says how it was costed, with a place for the activity's name.
    """

    sources: dict[str, Rows]
    rules: dict[str, str]

    def remarks(self) -> list[str]:
        """Return one sentence per rule that held, naming the activities."""
        named = {rule: [a.replace("_", " ") for a, held in self.rules.items() if held == rule]
                 for rule in (AT_UNIT_COST, AT_RECORDED_COST, WITHOUT_COST, NOT_RECORDED)}  # fmt: skip
        return [rule.format(", ".join(activities)) for rule, activities in named.items() if activities]


class _Done(NamedTuple):
    """An activity in a table's rows: how often each row shows it, and the cost recorded with it, if any."""

    times: Floats
    recorded: Floats | None = None


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
        costs: dict[str, Floats] = {}
        for activity, done in activities.items():
            if activity in unit_costs:
                costs[activity], rules[activity] = done.times * unit_costs[activity], AT_UNIT_COST
            elif done.recorded is not None:
                costs[activity], rules[activity] = done.recorded, AT_RECORDED_COST
            else:
                rules[activity] = WITHOUT_COST
        named = {SERVING + activity: cost for activity, cost in costs.items()}
        sources[table] = rows.having({"day": rows["day"], **named})
    rules |= {activity: NOT_RECORDED for activity in unit_costs if activity not in rules}
    return Serving(sources, rules)


def _activities(ledger: Ledger, unit_costs: Mapping[str, float]) -> Iterator[tuple[str, Rows, dict[str, _Done]]]:
    """Yield each table that shows activities, its rows, and the activities."""
    tables = ledger.tables
    if "shipments" in tables:
        yield "shipments", ledger.shipments, _of_orders(ledger, REQUIREMENT in unit_costs)
    elif "invoices" in tables:
        yield "invoices", ledger.orders, {"order": _once(ledger.orders)}
    if "complaints" in tables:
        complaints = ledger.rows("complaints", "opened_at")
        yield "complaints", complaints, {"complaint": _once(complaints)}
    if "contacts" in tables:
        told = {name: tables["contacts"][name] for name in ("kind", "cost") if ledger.has("contacts", name)}
        contacts = ledger.rows("contacts", "contacted_at", **told)
        yield "contacts", contacts, _of_contacts(contacts)
    if ledger.has("campaigns", "cost"):
        campaigns = ledger.rows("campaigns", "started_on", cost=tables["campaigns"].cost)
        yield "campaigns", campaigns, {"campaign": _Done(np.ones(len(campaigns)), campaigns.filled("cost"))}


def _once(rows: Rows) -> _Done:
    return _Done(np.ones(len(rows)))


def _of_orders(ledger: Ledger, with_requirements: bool) -> dict[str, _Done]:
    """Return what was done for each shipment; special requirements, long to look up, only where they cost something."""
    rows = ledger.shipments
    done = {"order": _once(rows)}
    if "urgent" in rows:
        done["urgent_order"] = _Done(rows.filled("urgent"))
    if ledger.has("customers", "requirements"):
        done[REQUIREMENT] = _Done(_requirements(ledger)[rows.place] if with_requirements else np.zeros(len(rows)))
    if "claim_paid" in rows:
        done["claim"] = _Done((rows.filled("claim_paid") > 0).astype("float64"))
    return done


def _requirements(ledger: Ledger) -> Floats:
    """Return how many special requirements each customer has on file."""
    file = ledger.tables["customers"]
    named = file.requirements.split(";").filter(lambda word: word.strip() != "").length()
    found = ledger.places.rows(file.select("customer_id", needs=named))
    return found.total(found["needs"]).to_numpy()


def _of_contacts(contacts: Rows) -> dict[str, _Done]:
    """Return the contacts of each kind that there are."""
    words = contacts.words.get("kind", [])
    words = words if CONTACT in words else [*words, CONTACT]
    blank = float(words.index(CONTACT))
    kind = np.nan_to_num(contacts["kind"], nan=blank) if "kind" in contacts else np.full(len(contacts), blank)
    recorded = contacts.filled("cost") if "cost" in contacts else None
    done = {}
    for number, name in sorted(enumerate(words), key=lambda pair: pair[1]):
        times = (kind == number).astype("float64")
        if times.any():
            done[name.replace(" ", "_")] = _Done(times, None if recorded is None else times * recorded)
    return done
