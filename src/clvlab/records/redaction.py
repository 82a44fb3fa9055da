"""Redaction: whom records name stands in them under a pseudonym, so that a report can be shown to outsiders.

The contracts say which columns give somebody away (`clvlab.records.contract.Column.identifies`): a name always gets a
pseudonym, a code only where it spells more than digits and two letters (``C00042`` stays, ``ALLEXCHE45`` does not).
Any other text is searched for the names that the records hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import ibis
import ibis.expr.types as ir
import numpy as np

from clvlab.records.contract import Column, Identity
from clvlab.records.contracts import TABLES
from clvlab.records.staged import SOURCE_FILE, SOURCE_ROW

# Kinds of identity, and what a pseudonym of each is called.
_CALLED: dict[Identity, str] = {
    "code of a carrier": "Carrier", "manager": "Manager", "rival": "Rival", "place": "Place", "lane": "Lane",
}  # fmt: skip
_CUSTOMER, _COMPANY = "Customer", "Company"
_SEARCHED_FOR: tuple[Identity, ...] = ("customer", "manager", "rival", "code of a customer", "code of a carrier")
# A shorter word of Latin letters stands in many texts for something else.
_FEWEST_LETTERS = 3
# A code, number or date, which spells nobody's name.
_BARE = re.compile(r"(?=.*\d)[\d\W_]*(?:[A-Za-z][\d\W_]*){0,2}", re.DOTALL)
WITHHELD = "withheld"

StandIns = dict[str, str]


@dataclass(frozen=True)
class Pseudonyms:
    """Who is called what in redacted records.

    Parameters
    ----------
    by_kind
        By kind of identity: the pseudonym of every real value; a code that gives nobody away has none.

    Examples
    --------
    >>> customers = ibis.memtable({"customer_id": ["C01", "ACME"], "name": ["Beta Ltd", "Acme Corp"]})
    >>> pseudonyms = pseudonyms_for({"customers": customers})
    >>> pseudonyms.by_kind["customer"]
    {'Acme Corp': 'Customer 02', 'Beta Ltd': 'Customer 01'}
    >>> pseudonyms.customer_id("ACME"), pseudonyms.customer_id("C01")
    ('Customer 02', 'C01')
    >>> pseudonyms.in_text("lost to Acme Corp")
    'lost to Customer 02'
    """

    by_kind: Mapping[Identity, StandIns]

    def customer_id(self, real: str) -> str:
        """Return the customer_id that stands in the redacted records for a real one."""
        return self.by_kind["code of a customer"].get(real, real)

    def table(self, table: ir.Table, columns: Iterable[Column]) -> ir.Table:
        """Return a table with the pseudonyms in place of what gives somebody away."""
        for column in columns:
            if column.name in table.columns and (found := self._stand_ins(table, column)):
                table = _replaced(table, column.name, found)
        # A join leaves rows in any order.
        return table.order_by([name for name in (SOURCE_FILE, SOURCE_ROW) if name in table.columns])

    def in_text(self, text: str) -> str:
        """Return a text with the pseudonyms in place of the names in it."""
        lower = text.lower()
        found = [name for name in self._names if name in lower]
        if not found:
            return text
        return re.sub(
            "|".join(map(_whole, found)), lambda match: self._names.get(match[0].lower(), WITHHELD), text, flags=re.I
        )

    @cached_property
    def _names(self) -> StandIns:
        """The pseudonyms by name in lower case, the longest name first: one may hold another."""
        pairs = [(real.lower(), shown) for kind in _SEARCHED_FOR for real, shown in self.by_kind[kind].items()]
        names = [(name, shown) for name, shown in pairs if len(name) >= _FEWEST_LETTERS or not name.isascii()]
        return dict(sorted(names, key=lambda pair: (-len(pair[0]), pair)))

    def _stand_ins(self, table: ir.Table, column: Column) -> StandIns:
        if column.identifies:
            return self.by_kind[column.identifies]
        if column.type != "text" or column.choices or column.name.endswith("_id"):
            return {}
        texts = _distinct(table, column.name)
        return {text: shown for text in texts if (shown := self.in_text(text)) != text}


def pseudonyms_for(tables: Mapping[str, ir.Table]) -> Pseudonyms:
    """Return the pseudonyms of all whom the records name.

    Parameters
    ----------
    tables
        All accepted tables by name, before any as-of cut, so that a name has one pseudonym on every day.

    Notes
    -----
    Pseudonyms are numbers in a random order, whose seed is drawn from all names and codes together: the same records
    give the same pseudonyms on every machine, and who lacks the whole list cannot go back from a number to a name.
    One more customer changes them all. Customers of the same name have one pseudonym, and a customer's code, where it
    is replaced, that of the customer.
    """
    values = {kind: sorted(found) for kind, found in _identities(tables).items()}
    digest = sha256("\0".join(value for kind in sorted(values) for value in [kind, *values[kind]]).encode())
    rng = np.random.default_rng(int.from_bytes(digest.digest(), "big"))
    by_kind = {kind: _numbered(values.get(kind, []), called, rng) for kind, called in _CALLED.items()}
    customers = _numbered(_distinct(tables["customers"], "customer_id"), _CUSTOMER, rng)
    others = [code for code in values["code of a customer"] if code not in customers]
    codes = customers | _numbered(others, _COMPANY, rng)
    by_kind["customer"] = _by_name(tables["customers"], customers)
    by_kind["code of a customer"] = codes
    for kind in ("code of a customer", "code of a carrier"):
        by_kind[kind] = {code: shown for code, shown in by_kind[kind].items() if not gives_nobody_away(code)}
    return Pseudonyms(by_kind)


def redacted(tables: Mapping[str, ir.Table], pseudonyms: Pseudonyms) -> dict[str, ir.Table]:
    """Return the tables with pseudonyms in place of what gives somebody away; nothing else changes."""
    return {name: pseudonyms.table(table, TABLES[name].columns) for name, table in tables.items()}


def gives_nobody_away(value: str) -> bool:
    """Return whether a value, of whatever column, is a code, number or date too bare to spell a name.

    Examples
    --------
    >>> [gives_nobody_away(value) for value in ["C00042", "2025-13-45", "", "ALLEXCHE45", "Ashok", "阿肖克01"]]
    [True, True, True, False, False, False]
    """
    return not value or bool(_BARE.fullmatch(value))


def _identities(tables: Mapping[str, ir.Table]) -> dict[Identity, set[str]]:
    """Return all values that name somebody, by kind."""
    found: dict[Identity, set[str]] = {"code of a customer": set()}
    for name, table in tables.items():
        for column in TABLES[name].columns:
            if column.identifies and column.name in table.columns:
                found.setdefault(column.identifies, set()).update(_distinct(table, column.name))
    return found


def _distinct(table: ir.Table, column: str) -> list[str]:
    values = table.select(column).drop_null().distinct()
    return sorted(values.to_pandas()[column])


def _numbered(values: list[str], called: str, rng: np.random.Generator) -> StandIns:
    """Return every value's pseudonym: a number in random order, with as many digits as the last needs."""
    digits = max(2, len(str(len(values))))
    order = rng.permutation(len(values)) + 1
    return {value: f"{called} {number:0{digits}}" for value, number in zip(values, order, strict=True)}


def _by_name(customers: ir.Table, by_code: StandIns) -> StandIns:
    """Return the pseudonym of every customer's name: that of the first code that bears it."""
    if "name" not in customers.columns:
        return {}
    named = customers.select("customer_id", "name").drop_null().to_pandas().sort_values(["name", "customer_id"])
    first = named.drop_duplicates("name")
    return {name: by_code[code] for code, name in zip(first["customer_id"], first["name"], strict=True)}


def _replaced(table: ir.Table, column: str, stand_ins: StandIns) -> ir.Table:
    lookup = ibis.memtable({"real": list(stand_ins), "stand_in": list(stand_ins.values())})
    joined = table.left_join(lookup, table[column] == lookup.real)
    return joined.mutate(**{column: ibis.coalesce(joined.stand_in, joined[column])}).select(table.columns)


def _whole(name: str) -> str:
    """Return a pattern for a name that is not part of a longer word; Chinese has no gaps between words."""
    before = r"(?<![A-Za-z0-9])" if name[0].isascii() else ""
    after = r"(?![A-Za-z0-9])" if name[-1].isascii() else ""
    return before + re.escape(name) + after
