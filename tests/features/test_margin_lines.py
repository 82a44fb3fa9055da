"""Lines add up by customer, from several days on, however the rows fall into blocks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvlab.features import rows as rows_module
from clvlab.features.margin_lines import add_up, as_told, with_sizes
from clvlab.features.rows import Rows
from clvlab.periods import epoch_days

EVERYONE = pd.Index(["a", "b"], name="customer_id")
START = dt.date(2025, 7, 1)
SOLD = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-40, 40), st.integers(0, 900), st.integers(0, 900)), max_size=9
)


def source_of(sold: list[tuple[int, int, int, int]]):
    place, days, revenue, cost = np.array(sold, dtype="int64").reshape(-1, 4).T
    columns = {"day": epoch_days(START) + days, "revenue": revenue, "direct_cost": cost}
    return with_sizes(
        as_told(Rows(EVERYONE, place, {name: column.astype("float64") for name, column in columns.items()}))
    )


@given(SOLD, SOLD, st.integers(1, 4))
def test_sums_do_not_hang_on_blocks_and_keep_to_their_first_day(sold, more, block):
    sources = [source_of(sold), source_of(more)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "_BLOCK", block)
        every, later = add_up(sources, [None, START])
    for found, first in ((every, -99), (later, 0)):
        for at, code in enumerate(EVERYONE):
            mine = [(revenue, cost) for place, day, revenue, cost in sold + more if place == at and day >= first]
            assert found.loc[code, "revenue"] == sum(revenue for revenue, _ in mine)
            assert found.loc[code, "gained"] == sum(max(revenue - cost, 0) for revenue, cost in mine)
            assert found.loc[code, "lost_squares"] == sum(min(revenue - cost, 0) ** 2 for revenue, cost in mine)
