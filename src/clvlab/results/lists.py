"""How a list goes into a file beside a report: columns and rows of plain values."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from clvlab.results.cells import format_cell
from clvlab.results.tables import with_index

if TYPE_CHECKING:
    import pandas as pd

# Digits after the point: more than any table shows, fewer than differ between machines.
_DIGITS = 6


def listed(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """Return a list as it goes into a file: columns and rows of values, days as text, missing ones None."""
    rows = with_index(frame)
    columns = [str(column) for column in rows.columns]
    return {
        "name": name,
        "columns": columns,
        "rows": [[_listed_value(v) for v in row] for row in rows.to_numpy(object)],
    }


def _listed_value(value: Any) -> object:
    import pandas as pd

    if not pd.api.types.is_scalar(value) or pd.isna(value):
        return None if pd.api.types.is_scalar(value) else str(value)
    if pd.api.types.is_bool(value):
        return bool(value)
    if pd.api.types.is_integer(value):
        return int(value)
    if pd.api.types.is_float(value):
        return round(float(value), _DIGITS) if isfinite(value) else None
    return format_cell(value, 0)
