"""How a data frame is written for a reader: as text, and as an HTML table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from clvlab.language import ENGLISH, current, say, say_column
from clvlab.language.names import holds_names
from clvlab.results.cells import format_cell, spoken_cell, spoken_name

if TYPE_CHECKING:
    import pandas as pd

# Above this many rows a table stands folded on a page: its figure shows the same numbers.
FOLDED_ABOVE = 14
# Texts longer than this may break over lines; shorter ones (codes, dates) stay whole.
_LONG, _PROSE = 24, 80
# From here on digits after the point say nothing.
_LARGE = 10_000


def text_table(frame: pd.DataFrame, decimals: int = 3, percent: tuple[str, ...] = ()) -> str:
    """Return ``frame`` as rounded plain text, the same on every machine.

    Examples
    --------
    >>> import pandas as pd
    >>> print(text_table(pd.DataFrame({"carrier": ["A"], "on_time": [0.9126]}), percent=("on_time",)))
    carrier on_time
          A   91.3%
    """
    cells = _cells(frame, decimals, percent)
    return cells.set_axis([say_column(name) for name in cells], axis=1).to_string(index=False)


def html_table(
    frame: pd.DataFrame, decimals: int = 3, caption: str = "", percent: tuple[str, ...] = (), fold: bool = True
) -> str:
    """Return ``frame`` as an HTML table: numbers right, every text escaped, a long table folded.

    Examples
    --------
    >>> import pandas as pd
    >>> html_table(pd.DataFrame(columns=["account"]), caption="Late payers")
    '<p class="note">Late payers: none.</p>'
    """
    plain = with_index(frame)
    cells = _cells(plain, decimals, percent)
    if plain.empty:
        nothing = say(f"{caption or 'Table'}: none.")
        return f'<p class="note">{escape(nothing)}</p>'
    kinds = [_kind(plain.iloc[:, i], cells.iloc[:, i]) for i in range(len(cells.columns))]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(say_column(name).replace("_", " "))}</th>'
        for name, kind in zip(cells, kinds, strict=True)
    )
    body = "\n".join(
        "<tr>" + "".join(f'<td class="{k}">{escape(v)}</td>' for v, k in zip(row, kinds, strict=True)) + "</tr>"
        for row in cells.itertuples(index=False)
    )
    title = f"<caption>{escape(say(caption))}</caption>" if caption else ""
    table = f'<table class="clvlab">{title}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
    if len(cells) <= FOLDED_ABOVE or not fold:
        return table
    summary = say(f"{caption or 'Table'}: {len(cells):,} rows")
    return f'<details class="numbers"><summary>{escape(summary)}</summary>{table}</details>'


def with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with a meaningful index as columns."""
    import pandas as pd

    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return frame if plain else frame.reset_index()


def _cells(frame: pd.DataFrame, decimals: int, percent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return ``frame`` with every cell as shown; a column of large numbers or whole ones has no decimals."""
    import pandas as pd

    frame = with_index(frame)
    columns = {}
    for name in frame.columns:
        values = frame[name]
        digits = decimals
        if pd.api.types.is_float_dtype(values):
            known = values[values.abs() < float("inf")]
            shown = known.round(decimals)  # before the tests: the last bits differ between machines
            digits = 0 if (shown.abs() >= _LARGE).any() or (shown % 1 == 0).all() else decimals
        show = format_cell if current() == ENGLISH else spoken_name if holds_names(str(name)) else spoken_cell
        columns[str(name)] = [show(value, digits, name in percent) for value in values]
    return pd.DataFrame(columns)


def _kind(values: pd.Series, texts: pd.Series) -> str:
    """Return how a column is set: numbers right, short texts whole, long ones with room to break."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return "number"
    longest = max(len(text) for text in texts)
    return "prose" if longest > _PROSE else "long" if longest > _LONG else "short"
