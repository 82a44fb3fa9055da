"""Columns by customer, read, aligned and labelled at the pace that a million customers need."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray


def by_customer(table: ir.Table) -> pd.DataFrame:
    """Return a table with one row per customer, indexed by customer_id, sorted.

    It goes through Arrow, which is twice as fast as Ibis' own way.
    """
    rows = table.order_by("customer_id").to_pyarrow()
    return rows.to_pandas(date_as_object=False, deduplicate_objects=False).set_index("customer_id")


def aligned(column: pd.Series, customers: pd.Index) -> pd.Series:
    """Return a column of these customers, missing where it says nothing of one.

    Its index is ``customers`` itself: of two equal ones pandas compares all codes again in every sum.

    Examples
    --------
    >>> aligned(pd.Series([1.0], ["b"]), pd.Index(["a", "b"])).tolist()
    [nan, 1.0]
    """
    return column.reindex(customers).set_axis(customers)


def first_label(conditions: Sequence[object], labels: Sequence[str], otherwise: str) -> NDArray[np.object_]:
    """Return the label of the first condition that holds in each row; NumPy's ``select`` would copy every text.

    Examples
    --------
    >>> first_label([[True, False], [True, True]], ["large", "medium"], "small").tolist()
    ['large', 'medium']
    """
    names = np.array([*labels, otherwise], dtype=object)
    return names[np.select([np.asarray(holds) for holds in conditions], range(len(labels)), len(labels))]
