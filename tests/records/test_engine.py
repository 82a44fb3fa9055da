"""The engine gives the same sums each time, whatever its threads would do: of tables it read and of those in memory."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clvlab.records.engine import open_duckdb, open_engine

# So many rows that an engine of several threads shares them out.
ROWS, TIMES = 1_000_000, 12


@pytest.fixture(scope="module")
def weights() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"customer": rng.integers(0, 5, ROWS), "weight": rng.lognormal(6, 1.2, ROWS).round(1)})


def sums(table: ibis.expr.types.Table) -> set[tuple[float, ...]]:
    """Return all that the same sums came to, asked for again and again."""
    asked = table.group_by("customer").agg(total=table.weight.sum(), middle=table.weight.mean()).order_by("customer")
    return {tuple(asked.execute()[["total", "middle"]].to_numpy().ravel()) for _ in range(TIMES)}


def test_sums_of_a_table_are_the_same_each_time(weights):
    assert len(sums(open_engine().create_table("weights", weights))) == 1


def test_sums_of_a_table_in_memory_are_the_same_each_time(weights):
    pieces = [pa.Table.from_pandas(weights[start : start + 100_000]) for start in range(0, ROWS, 100_000)]
    assert len(sums(ibis.memtable(pa.concat_tables(pieces)))) == 1


def test_an_engine_without_ibis_is_alike():
    with open_duckdb() as engine:
        assert engine.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
