"""Which rules a table is held to, and which of them its rows break; each is one predicate for all rows."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from clvlab.records.contract import ACTIVITY_TABLES, Contract, Rule
from clvlab.records.outliers import robust_ends
from clvlab.records.parsing import FIRST_YEAR, LAST_YEAR, UNREAD
from clvlab.records.rules import near_the_rest, rules_of

ROW_ID = "clvlab: row"  # no name a user's column has  # not shown
UNREADABLE = "unreadable"
REPEATED_KEY = "key used before"
UNKNOWN_CUSTOMER = "unknown customer"

Keep = Callable[[ir.Table, str], ir.Table]


def rules_for(table: ir.Table, contract: Contract, customers: ir.Table | None) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that keep out a row and those that blank a value, in the order in which they count."""
    rules = [_unreadable_rule(name, contract) for name in contract.names if UNREAD + name in table.columns]
    if customers is not None and "customer_id" in table.columns:
        rules.append(_unknown_customer_rule(contract, customers))
    own = [rule for rule in rules_of(contract) if set(rule.reads) <= set(table.columns)]
    # A swapped or early date is named as such before it is called far from the rest.
    rules += own + _far_rules(table, contract)
    return [r for r in rules if r.sets_aside == "row"], [r for r in rules if r.sets_aside == "cell"]


_WORDS = {
    "number": "a number", "whole": "a whole number", "flag": "true or false",
    "date": f"a date of {FIRST_YEAR} to {LAST_YEAR}", "time": f"a date and time of {FIRST_YEAR} to {LAST_YEAR}",
}  # fmt: skip


def _unreadable_rule(name: str, contract: Contract) -> Rule:
    column = contract.column(name)
    places_the_row = name == contract.event and column.required
    return Rule(
        name=UNREADABLE,
        column=name,
        reads=(UNREAD + name,),
        broken=lambda table: table[UNREAD + name],
        says=f"{name} cannot be read as {_WORDS[column.type]}; "
        + ("the row is set aside" if places_the_row else "the value is set aside, the row stays"),
        sets_aside="row" if places_the_row else "cell",
    )


def _far_rules(table: ir.Table, contract: Contract) -> list[Rule]:
    """Return a rule for every recorded date of shipments or invoices that has outliers.

    Due dates may lie anywhere, and the other tables come in waves: surveys, contracts, migrated profiles.
    """
    if contract.name not in ACTIVITY_TABLES:
        return []
    recorded = [contract.event] if contract.event else []
    recorded += [column.name for column in contract.columns if column.known == (column.name,)]
    columns = [name for name in dict.fromkeys(recorded) if name in table.columns]
    if not columns:
        return []
    return [
        near_the_rest(name, ends.first, ends.last, row=name == contract.event and contract.column(name).required)
        for name, ends in robust_ends(table, columns).items()
    ]


def _unknown_customer_rule(contract: Contract, customers: ir.Table) -> Rule:
    required = contract.column("customer_id").required
    return Rule(
        name=UNKNOWN_CUSTOMER,
        column="customer_id",
        reads=("customer_id",),
        broken=lambda table: table["customer_id"].notnull() & ~table["customer_id"].isin(customers["customer_id"]),
        says="customer_id is not among the customers; "
        + ("the row is set aside" if required else "the value is set aside, the row stays"),
        sets_aside="row" if required else "cell",
    )


def repeated_keys(table: ir.Table, contract: Contract, row_rules: list[Rule], keep: Keep) -> Rule | None:
    """Return the rule that a key is used once, None where every key is.

    Among sound rows the one with the earliest event keeps the key, in source order where they tie: a row that
    only came later must not take the place of one that was known before.
    """
    key = [name for name in contract.key if name in table.columns]
    if not key:
        return None
    order = [contract.event, ROW_ID] if contract.event in table.columns else [ROW_ID]
    sound = table.filter(~any_broken(table, row_rules)).select(*dict.fromkeys([ROW_ID, *key, *order]))
    keys = sound.group_by(key).agg(uses=sound.count())
    used_twice = keys.filter(keys.uses > 1)
    conditions = [sound[name].identical_to(used_twice[name]) for name in key]
    double = sound.join(used_twice, conditions, rname="{name}_of_key")
    place = ibis.row_number().over(group_by=key, order_by=order)
    later = double.mutate(place=place).filter(ibis._.place > 0).select(ROW_ID)
    later = keep(later, f"repeated-{contract.name}")
    if int(later.count().execute()) == 0:
        return None
    return Rule(
        name=REPEATED_KEY,
        column=key[0],
        reads=(ROW_ID,),
        broken=lambda table: table[ROW_ID].isin(later[ROW_ID]),
        says=f"{' and '.join(key)} already stand{'s' if len(key) == 1 else ''} in an earlier row, which is kept;"
        " the row is set aside",
        sets_aside="row",
    )


def is_broken(rule: Rule, table: ir.Table) -> ir.BooleanValue:
    """Return the rule's predicate with missing values counted as sound."""
    return rule.broken(table).fill_null(False)


def any_broken(table: ir.Table, rules: list[Rule]) -> ir.BooleanValue:
    result = ibis.literal(False)
    for rule in rules:
        result = result | is_broken(rule, table)
    return result


def broken_ones(table: ir.Table, rules: list[Rule]) -> list[Rule]:
    """Return the rules that at least one row breaks, all counted in one pass of the engine."""
    if not rules:
        return []
    counts = table.aggregate(**{f"n{i}": is_broken(rule, table).sum() for i, rule in enumerate(rules)}).execute()
    return [rule for i, rule in enumerate(rules) if (counts[f"n{i}"].iloc[0] or 0) > 0]


def first_broken(table: ir.Table, rules: list[Rule]) -> ir.IntegerValue:
    """Return the position of the first rule each row breaks, missing where it breaks none."""
    return ibis.cases(*((is_broken(rule, table), i) for i, rule in enumerate(rules)), else_=None)
