"""The embedded engine: DuckDB, through Ibis or by itself, without a progress bar in anybody's output."""

from __future__ import annotations

import duckdb
import ibis

_QUIET = "SET enable_progress_bar = false"
# The engine fuses selects itself: to do it in Ibis too takes a third of the time in which a query is written.
ibis.options.sql.fuse_selects = False


def open_engine() -> ibis.BaseBackend:
    """Return an Ibis connection to an engine of its own, in memory."""
    engine = ibis.duckdb.connect()
    engine.raw_sql(_QUIET)
    return engine


def open_duckdb() -> duckdb.DuckDBPyConnection:
    """Return a plain DuckDB connection of its own, in memory, for what Ibis has no words for."""
    engine = duckdb.connect()
    engine.execute(_QUIET)
    return engine
