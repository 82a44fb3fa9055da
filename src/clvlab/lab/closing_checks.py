"""The checks that close a notebook: what was counted in two ways must come to the same figure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from math import isclose
from typing import TYPE_CHECKING

from clvlab.refusal import Refused
from clvlab.reporting.parameters import read_declarations
from clvlab.results import Table

if TYPE_CHECKING:
    from clvlab.study import Study

# Sums of money in another order differ in their last bits.
_SAME = 1e-9


def closing_checks(study: Study, own: Mapping[str, tuple[float, float]]) -> Table:
    """Check the figures of a notebook before it ends, and return what was checked.

    Two checks are always made: that rows in = accepted + set aside in all tables together, and that every parameter
    the notebook declares is read by one of the cells that ran.

    Parameters
    ----------
    study
        The study that the notebook opened.
    own
        What else was counted in two ways: in words, and the two figures, which must be equal but for rounding.

    Returns
    -------
    Table
        One row per check: check, one_way, other_way.

    Raises
    ------
    Refused
        When two figures differ or a parameter is not read: a report that contradicts itself is not made.

    Examples
    --------
    >>> months = month_totals(study.purchases, study.as_of, study.currency).to_frame()          # doctest: +SKIP
    >>> orders = study.purchases.orders.count().execute()                                       # doctest: +SKIP
    >>> closing_checks(study, {"orders by month, and in all": (months["purchases"].sum(), orders)})  # doctest: +SKIP
    """
    import pandas as pd

    sums = study.records.quarantine.sums
    pairs = {"rows in, and accepted + set aside": (sums["rows_in"].sum(), (sums["accepted"] + sums["set_aside"]).sum())}
    declared, unread = _parameters()
    if unread:
        raise Refused(f"No cell reads the parameter {unread[0]}; use it or take it out of the parameters cell.")
    if declared:
        pairs["parameters declared, and read"] = (len(declared), len(declared))
    pairs |= {what: (float(one), float(other)) for what, (one, other) in own.items()}
    for what, (one, other) in pairs.items():
        if not isclose(one, other, rel_tol=_SAME):
            raise Refused(f"The closing check of {what} fails: {one:,.2f} one way, {other:,.2f} the other.")
    frame = pd.DataFrame([(what, *pair) for what, pair in pairs.items()], columns=["check", "one_way", "other_way"])
    return Table(frame, "Counted in two ways, with the same outcome", decimals=2)


def _parameters() -> tuple[list[str], list[str]]:
    """Return the parameters that the notebook declares and those that no cell reads; none outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return [], []
    cells = [shell.transform_cell(source) for source in shell.user_ns["In"]]
    declared = next((names for cell in reversed(cells) if "data" in (names := _declared(cell))), [])
    read = {name for cell in cells for name in _names_read(cell)}
    return declared, [name for name in declared if name not in read]


def _declared(cell: str) -> list[str]:
    try:
        return [parameter.name for parameter in read_declarations(cell, "the notebook")]  # not shown
    except Refused:  # no cell of parameters
        return []


def _names_read(cell: str) -> set[str]:
    try:
        nodes = list(ast.walk(ast.parse(cell)))
    except SyntaxError:  # a cell that failed when it ran
        return set()
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
