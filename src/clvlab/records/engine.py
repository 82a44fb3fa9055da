"""The embedded engine: DuckDB, through Ibis or by itself; the same records give the same figures to the last digit."""

from __future__ import annotations

import duckdb
import ibis

# One thread: with several, a sum takes its terms in another order each time, and its last digits differ. A batch has
# one process a core anyway.
_SETTINGS = "SET enable_progress_bar = false; SET threads = 1"
# The engine fuses selects itself: to do it in Ibis too takes a third of the time in which a query is written.
ibis.options.sql.fuse_selects = False


def open_engine() -> ibis.BaseBackend:
    """Return an Ibis connection to an engine of its own, in memory."""
    engine = ibis.duckdb.connect()
    engine.raw_sql(_SETTINGS)
    return engine


def open_duckdb() -> duckdb.DuckDBPyConnection:
    """Return a plain DuckDB connection of its own, in memory, for what Ibis has no words for."""
    engine = duckdb.connect()
    engine.execute(_SETTINGS)
    return engine


# Tables held in memory, which no engine has read, are queried in this one, unless the user has chosen another.
if ibis.options.default_backend is None:
    ibis.set_backend(open_engine())
