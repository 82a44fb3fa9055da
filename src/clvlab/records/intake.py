"""Every row that comes in is accepted or set aside, and every value that is set aside is written down.

All judging happens in the engine: a rule is one predicate over the whole table (see :mod:`clvlab.records.rules`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from clvlab.records.contract import Contract, Rule
from clvlab.records.files import SOURCE_FILE, SOURCE_ROW
from clvlab.records.outliers import robust_ends
from clvlab.records.parsing import parsed, unreadable
from clvlab.records.rules import near_the_rest, rules_of

ROW_ID = "clvlab: row"  # no name a user's column has
QUARANTINE_COLUMNS = ("table", "file", "source_row", "column", "rule", "value", "treatment", "says", "also")
_RAW = "was: "
_FAULT = "fault: "

UNREADABLE = "unreadable"
REPEATED_KEY = "key used before"
UNKNOWN_CUSTOMER = "unknown customer"

Keep = Callable[[ir.Table, str], ir.Table]


@dataclass(frozen=True)
class Judged:
    """One table after the intake.

    Parameters
    ----------
    accepted
        Accepted rows with typed columns; blank columns are left out.
    quarantine
        One row per value or row set aside: table, file, source_row, column, rule, value, treatment, says, also
        (other rules the row breaks).
    rows_in
        Rows that came in, readable or not.
    """

    accepted: ir.Table
    quarantine: pd.DataFrame
    rows_in: int

    @property
    def rows_set_aside(self) -> int:
        """Rows kept out."""
        return int((self.quarantine["treatment"] == "row set aside").sum())

    @property
    def cells_set_aside(self) -> int:
        """Values blanked in rows that stayed."""
        return int((self.quarantine["treatment"] == "value set aside").sum())


def judge(
    source: ir.Table,
    contract: Contract,
    *,
    unread: pd.DataFrame,
    partly_read: pd.DataFrame | None,
    customers: ir.Table | None,
    time_zone: str,
    keep: Keep,
) -> Judged:
    """Type, check and split one table.

    Parameters
    ----------
    source
        The staged table with ``source_file``, ``source_row``, ``row_id`` (unique, in source order) and columns
        as they stand.
    contract
        What the table promises.
    unread
        Rows that could not be read at all: file, source_row, value, reason.
    partly_read
        Rows of which only the key could be read, or None; they are in ``source``.
    customers
        The accepted customers, or None when the table is the customers.
    time_zone
        For times with an offset.
    keep
        Stores an intermediate table under a name and returns it, so that text is parsed once.
    """
    table = keep(_typed(source, contract, time_zone), f"typed-{contract.name}")
    row_rules, cell_rules = _rules(table, contract, customers)
    repeated = _repeated_keys(table, contract, row_rules, keep)
    row_rules = _broken(table, row_rules + ([repeated] if repeated else []))
    stays = table.filter(~_any(table, row_rules)) if row_rules else table
    # Counted before any value is blanked, which can only make fewer values break a rule.
    cell_rules = _broken(stays, cell_rules)
    checked = keep(_set_cells_aside(stays, contract, cell_rules), f"checked-{contract.name}")
    cases = [
        *_row_cases(table, contract, row_rules),
        *_cell_cases(checked, contract, cell_rules),
        _case_frame(contract, unread, _UNREAD, "row set aside"),
    ]
    if partly_read is not None:
        cases.insert(0, _case_frame(contract, partly_read, _PARTLY_READ, "value set aside"))
    quarantine = pd.concat([case for case in cases if len(case)] or cases[-1:], ignore_index=True)
    rows_in = int(table.count().execute()) + len(unread)
    return Judged(_accepted(checked, contract), quarantine, rows_in)


def _typed(source: ir.Table, contract: Contract, time_zone: str) -> ir.Table:
    """Return the typed table; a value that could not be read stands as text in its ``raw: `` column."""
    columns: dict[str, ir.Value] = {name: source[name] for name in (SOURCE_FILE, SOURCE_ROW, ROW_ID)}
    for column in contract.columns:
        if column.name not in source.columns:
            continue
        value = parsed(source, column, time_zone)
        columns[column.name] = value
        if column.type != "text":
            columns[_RAW + column.name] = unreadable(source, column, value)
    return source.select(**columns)


# Rules and what breaks them --------------------------------------------------------------------------------


def _rules(table: ir.Table, contract: Contract, customers: ir.Table | None) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that keep out a row and those that blank a value, in the order in which they count."""
    rules = [_unreadable_rule(name, contract) for name in contract.names if _RAW + name in table.columns]
    if customers is not None and "customer_id" in table.columns:
        rules.append(_unknown_customer_rule(contract, customers))
    own = [rule for rule in rules_of(contract) if set(rule.reads) <= set(table.columns)]
    # A swapped or early date is named as such before it is called far from the rest.
    rules += own + _far_rules(table, contract)
    return [r for r in rules if r.sets_aside == "row"], [r for r in rules if r.sets_aside == "cell"]


def _unreadable_rule(name: str, contract: Contract) -> Rule:
    column = contract.column(name)
    places_the_row = name == contract.event and column.required
    return Rule(
        name=UNREADABLE,
        column=name,
        reads=(_RAW + name,),
        broken=lambda table: table[_RAW + name].notnull(),
        says=f"{name} cannot be read as a {column.type}; "
        + ("the row is set aside" if places_the_row else "the value is set aside, the row stays"),
        sets_aside="row" if places_the_row else "cell",
    )


def _far_rules(table: ir.Table, contract: Contract) -> list[Rule]:
    """Return a rule for every recorded date that has outliers; due dates may lie anywhere."""
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


def _repeated_keys(table: ir.Table, contract: Contract, row_rules: list[Rule], keep: Keep) -> Rule | None:
    """Return the rule that a key is used once; among sound rows the first in the source keeps it."""
    key = [name for name in contract.key if name in table.columns]
    if not key:
        return None
    sound = table.filter(~_any(table, row_rules)).select(ROW_ID, *key)
    keys = sound.group_by(key).agg(uses=sound.count(), first=sound[ROW_ID].min())
    used_twice = keys.filter(keys.uses > 1)
    conditions = [sound[name].identical_to(used_twice[name]) for name in key]
    joined = sound.join(used_twice, conditions, rname="{name}_of_key")
    later = keep(joined.filter(joined[ROW_ID] != joined["first"]).select(ROW_ID), f"repeated-{contract.name}")
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


def _true(rule: Rule, table: ir.Table) -> ir.BooleanValue:
    """Return the rule's predicate with missing values counted as sound."""
    return rule.broken(table).fill_null(False)


def _any(table: ir.Table, rules: list[Rule]) -> ir.BooleanValue:
    result = ibis.literal(False)
    for rule in rules:
        result = result | _true(rule, table)
    return result


def _broken(table: ir.Table, rules: list[Rule]) -> list[Rule]:
    """Return the rules that at least one row breaks, all counted in one pass of the engine."""
    if not rules:
        return []
    counts = table.aggregate(**{f"n{i}": _true(rule, table).sum() for i, rule in enumerate(rules)}).execute()
    return [rule for i, rule in enumerate(rules) if (counts[f"n{i}"].iloc[0] or 0) > 0]


def _first_broken(table: ir.Table, rules: list[Rule]) -> ir.IntegerValue:
    """Return the position of the first rule each row breaks, missing where it breaks none."""
    return ibis.cases(*((_true(rule, table), i) for i, rule in enumerate(rules)), else_=None)


def _set_cells_aside(table: ir.Table, contract: Contract, rules: list[Rule]) -> ir.Table:
    """Return the table with broken values blanked, and beside each which rule it broke and what stood there.

    Columns are judged in the contract's order, so that a later date is compared with earlier ones that are
    already sound: a swapped dispatch date does not drag the delivery down with it.
    """
    for name in contract.names:
        own = [rule for rule in rules if rule.column == name]
        if not own:
            continue
        table = table.mutate(**{_FAULT + name: _first_broken(table, own)})
        broken = table[_FAULT + name].notnull()
        text = table[name].cast("string")
        stood = ibis.coalesce(table[_RAW + name], text) if _RAW + name in table.columns else text
        missing = ibis.literal(None, type=table[name].type())
        table = table.mutate(**{
            _RAW + name: ibis.ifelse(broken, stood, None), name: ibis.ifelse(broken, missing, table[name])
        })  # fmt: skip
    return table


# Cases for the quarantine ----------------------------------------------------------------------------------


def _row_cases(table: ir.Table, contract: Contract, rules: list[Rule]) -> list[pd.DataFrame]:
    """Return one frame per rule with the rows for which it is the first one broken."""
    if not rules:
        return []
    numbered = table.mutate(**{_FAULT: _first_broken(table, rules)})
    frames = []
    for i, rule in enumerate(rules):
        hit = numbered.filter(numbered[_FAULT] == i)
        value = hit[rule.column].cast("string")
        if _RAW + rule.column in table.columns:
            value = ibis.coalesce(hit[_RAW + rule.column], value)
        also = _names_of_broken(hit, rules[i + 1 :])
        frames.append(_case_frame(contract, _fetch(hit, value, also), rule, "row set aside"))
    return frames


def _cell_cases(checked: ir.Table, contract: Contract, rules: list[Rule]) -> list[pd.DataFrame]:
    """Return one frame per column and rule with the values that were blanked."""
    columns = [name for name in contract.names if any(rule.column == name for rule in rules)]
    if not columns:
        return []
    counts = checked.aggregate(**{name: checked[_FAULT + name].count() for name in columns}).execute().iloc[0]
    frames = []
    for name in (name for name in columns if counts[name]):
        for i, rule in enumerate(rule for rule in rules if rule.column == name):
            hit = checked.filter(checked[_FAULT + name] == i)
            frames.append(
                _case_frame(contract, _fetch(hit, hit[_RAW + name], ibis.literal("")), rule, "value set aside")
            )
    return frames


def _names_of_broken(hit: ir.Table, rules: list[Rule]) -> ir.StringValue:
    """Return the names of the other rules a row breaks, separated by semicolons: a row counts once."""
    names = ibis.literal("")
    for rule in rules:
        names = names + ibis.ifelse(_true(rule, hit), f"{rule.name} ({rule.column}); ", "")
    return names.rstrip().re_replace(";$", "") if rules else names


def _fetch(hit: ir.Table, value: ir.Value, also: ir.StringValue) -> pd.DataFrame:
    found = hit.select(file=hit[SOURCE_FILE], source_row=hit[SOURCE_ROW], value=value, also=also)
    return found.order_by(["file", "source_row"]).execute()


_NEVER = lambda table: ibis.literal(False)  # noqa: E731 - these two are found while reading, not in the engine
_UNREAD = Rule(
    "row cannot be read", "", (), _NEVER,
    "the line has too many or too few fields for the file's columns; the row is set aside", "row",
)  # fmt: skip
_PARTLY_READ = Rule(
    "row cannot be read", "", (), _NEVER,
    "the line has too many or too few fields; the customer is kept with the code alone, the rest set aside",
)  # fmt: skip


def _case_frame(contract: Contract, found: pd.DataFrame, rule: Rule, treatment: str) -> pd.DataFrame:
    return pd.DataFrame({
        "table": contract.name, "file": found["file"].astype("object"),
        "source_row": found["source_row"].astype("int64"), "column": rule.column, "rule": rule.name,
        "value": found["value"].astype("object"), "treatment": treatment, "says": rule.says,
        "also": found.get("also", ""),
    }, columns=list(QUARANTINE_COLUMNS))  # fmt: skip


def _accepted(checked: ir.Table, contract: Contract) -> ir.Table:
    """Return the contract's columns that hold any value; one that is blank throughout is as good as absent."""
    present = [name for name in contract.names if name in checked.columns]
    filled = checked.aggregate(**{name: checked[name].count() for name in present}).execute().iloc[0]
    return checked.select(
        SOURCE_FILE, SOURCE_ROW, *(name for name in present if filled[name] or contract.column(name).required)
    )
