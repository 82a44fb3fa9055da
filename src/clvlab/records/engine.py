"""The embedded engine: DuckDB, through Ibis or by itself; the same records give the same figures to the last digit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import duckdb
import ibis

from clvlab.records.staged import literal

# For what memory cannot hold: left to themselves all engines write it to the same files, and read one another's.
_SPILLED = TemporaryDirectory(prefix="clvlab-")
# The engine fuses selects itself: to do it in Ibis too takes a third of the time in which a query is written.
ibis.options.sql.fuse_selects = False


def open_engine(at_once: int = 1) -> ibis.BaseBackend:
    """Return an Ibis connection to an engine of its own, in memory.

    Parameters
    ----------
    at_once
        How many engines may be at work at once: each takes its share of the memory.
    """
    engine = ibis.duckdb.connect()
    _set_up(engine.con, at_once)
    return engine


def open_duckdb() -> duckdb.DuckDBPyConnection:
    """Return a plain DuckDB connection of its own, in memory, for what Ibis has no words for."""
    engine = duckdb.connect()
    _set_up(engine)
    return engine


def _set_up(engine: duckdb.DuckDBPyConnection, at_once: int = 1) -> None:
    # One thread: with several, a sum takes its terms in another order each time, and its last digits differ.
    engine.execute("SET enable_progress_bar = false; SET threads = 1")
    engine.execute(f"SET temp_directory = {literal(Path(_SPILLED.name, uuid4().hex))}")
    if at_once > 1:
        amount, unit = engine.execute("SELECT current_setting('memory_limit')").fetchall()[0][0].split()
        engine.execute(f"SET memory_limit = '{float(amount) / at_once} {unit}'")


# Tables held in memory, which no engine has read, are queried in this one, unless the user has chosen another.
if ibis.options.default_backend is None:
    ibis.set_backend(open_engine())
