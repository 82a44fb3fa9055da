"""What serving each customer costs, activity by activity: how often it was done times what doing it once costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from clvlab.features.events import purchases

Tables = Mapping[str, ir.Table]

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
        The Ibis tables that show activities, with a date and one column ``serving_<activity>`` added for each activity
        costed there.
    rules
        By activity, the sentence that says how it was costed, with a place for the activity's name.
    """

    sources: list[ir.Table]
    rules: dict[str, str]

    def remarks(self) -> list[str]:
        """Return one sentence per rule that held, naming the activities."""
        named = {rule: [a.replace("_", " ") for a, held in self.rules.items() if held == rule]
                 for rule in (AT_UNIT_COST, AT_RECORDED_COST, WITHOUT_COST, NOT_RECORDED)}  # fmt: skip
        return [rule.format(", ".join(activities)) for rule, activities in named.items() if activities]


class _Done(NamedTuple):
    """An activity in a table's rows: how often each row shows it, and the cost recorded with it, if any."""

    times: ir.Value
    recorded: ir.Value | None = None


def serving(tables: Tables, unit_costs: Mapping[str, float]) -> Serving:
    """Cost what was done for customers.

    Parameters
    ----------
    tables
        Accepted tables by name.
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
    >>> contacts = ibis.memtable({"customer_id": ["a"], "contacted_at": ["2025-03-01"], "kind": ["visit"]})
    >>> invoices = ibis.memtable({"customer_id": ["a"], "issued_on": ["2025-03-31"], "amount": [5.0]})
    >>> tables = {"contacts": contacts, "invoices": invoices}
    >>> for sentence in serving(tables, {"visit": 400.0, "claim": 90.0}).remarks():
    ...     print(sentence)
    Counted at the assumed unit cost: visit.
    In the records without a unit cost or a recorded one, so counted as nothing: order.
    With a unit cost, but not in the records: claim.
    """
    sources, rules = [], {}
    for table, date, activities in _activities(tables, unit_costs):
        costs: dict[str, ir.Value] = {}
        for activity, done in activities.items():
            if activity in unit_costs:
                costs[activity], rules[activity] = done.times * unit_costs[activity], AT_UNIT_COST
            elif done.recorded is not None:
                costs[activity], rules[activity] = done.recorded, AT_RECORDED_COST
            else:
                rules[activity] = WITHOUT_COST
        named = {SERVING + activity: cost.cast("float64") for activity, cost in costs.items()}
        sources.append(table.mutate(date=table[date].cast("date"), **named))
    rules |= {activity: NOT_RECORDED for activity in unit_costs if activity not in rules}
    return Serving(sources, rules)


def _activities(tables: Tables, unit_costs: Mapping[str, float]) -> Iterator[tuple[ir.Table, str, dict[str, _Done]]]:
    """Yield each table that shows activities, its column of dates, and the activities."""
    once = ibis.literal(1.0)
    if "shipments" in tables:
        shipments = _with_requirements(tables["shipments"], tables["customers"], REQUIREMENT in unit_costs)
        yield shipments, "booked_at", _of_orders(shipments)
    elif "invoices" in tables:
        yield purchases(tables).orders, "date", {"order": _Done(once)}
    if "complaints" in tables:
        yield tables["complaints"], "opened_at", {"complaint": _Done(once)}
    if "contacts" in tables:
        yield tables["contacts"], "contacted_at", _of_contacts(tables["contacts"])
    campaigns = tables.get("campaigns")
    if campaigns is not None and "cost" in campaigns.columns:
        yield campaigns, "started_on", {"campaign": _Done(once, campaigns.cost.fill_null(0.0))}


def _with_requirements(shipments: ir.Table, customers: ir.Table, costed: bool) -> ir.Table:
    """Add to each shipment how many special requirements its customer has, where the records tell.

    Looking them up for each shipment takes as long as all the rest: they are blank when nothing is costed by them.
    """
    if "requirements" not in customers.columns:
        return shipments
    if not costed:
        return shipments.mutate(needs=ibis.null("int64"))
    named = customers.requirements.split(";").filter(lambda word: word.strip() != "").length()
    needs = customers.select(needed_by="customer_id", needs=named)
    return shipments.left_join(needs.filter(needs.needs > 0), shipments.customer_id == needs.needed_by)


def _of_orders(shipments: ir.Table) -> dict[str, _Done]:
    done = {"order": _Done(ibis.literal(1.0))}
    if "urgent" in shipments.columns:
        done["urgent_order"] = _Done(shipments.urgent.fill_null(False).cast("int64"))
    if "needs" in shipments.columns:
        done[REQUIREMENT] = _Done(shipments.needs.fill_null(0))
    if "claim_paid" in shipments.columns:
        done["claim"] = _Done((shipments.claim_paid > 0).fill_null(False).cast("int64"))
    return done


def _of_contacts(contacts: ir.Table) -> dict[str, _Done]:
    """Return the contacts of each kind that there are."""
    kind = contacts.kind.fill_null(CONTACT) if "kind" in contacts.columns else ibis.literal(CONTACT)
    recorded = contacts.cost.fill_null(0.0) if "cost" in contacts.columns else None
    done = {}
    for name in sorted(contacts.select(kind=kind).distinct().kind.execute()):
        times = (kind == name).cast("int64")
        done[name.replace(" ", "_")] = _Done(times, None if recorded is None else times * recorded)
    return done
