"""The engine gives the same sums each time, whatever its threads would do: of tables it read and of those in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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


def ranked(number: int) -> int:
    """Return a sum over rows of an engine that must write some of them to the disk to put them in order."""
    with open_duckdb() as engine:
        engine.execute("SET memory_limit = '30MB'")
        texts = f"SELECT range k, 'text of row ' || range || repeat('x', 20) v FROM range({300_000 + number})"
        placed = f"SELECT k, row_number() OVER (ORDER BY hash(k + {number}), v) place FROM ({texts})"
        return engine.execute(f"SELECT sum(k * (place % 7)) FROM ({placed})").fetchall()[0][0]


def test_engines_at_once_do_not_read_what_another_wrote_to_the_disk():
    alone = [ranked(number) for number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(ranked, range(2))] == alone


def test_engines_at_once_share_the_memory():
    def limit(engine: ibis.BaseBackend) -> float:
        size, unit = engine.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0].split()
        return float(size) * {"MiB": 1, "GiB": 1024}[unit]

    assert limit(open_engine(4)) == pytest.approx(limit(open_engine()) / 4, rel=0.05)


def test_an_engine_without_ibis_is_alike():
    with open_duckdb() as engine:
        assert engine.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
