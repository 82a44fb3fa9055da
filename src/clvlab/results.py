"""The small base of every result: a data frame, a stable text, an HTML table, and a figure where one helps."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Result:
    """What an analysis returns.

    A subclass provides :meth:`to_frame`, may name itself in ``title``, may give ``decimals`` for its display,
    and may override :meth:`plot`. The text shown is rounded and free of addresses and timings, so that it is
    the same on every machine.
    """

    title: str = ""
    decimals: int = 3

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers behind the result, one row per estimate, unrounded."""
        raise NotImplementedError

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on ``ax`` (a new figure when None) and return the axes."""
        raise NotImplementedError(f"{type(self).__name__} has no figure")

    def __repr__(self) -> str:
        """Return the rounded table as text."""
        text = text_table(self.to_frame(), self.decimals)
        return f"{self.title}\n{text}" if self.title else text

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), self.decimals, self.title)


def format_cell(value: object, decimals: int) -> str:
    """Return one cell as text: thousands separated, floats rounded, dates as days, missing values as a dash."""
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pd.api.types.is_integer(value):
        return f"{value:,}"
    if pd.api.types.is_float(value):
        rounded = round(float(value), decimals)  # type: ignore[arg-type]
        return f"{rounded + 0.0:,.{decimals}f}"  # + 0.0 turns -0.0 into 0.0
    return str(value)


def _cells(frame: pd.DataFrame, decimals: int) -> pd.DataFrame:
    """Return ``frame`` with a meaningful index as columns and every cell as text."""
    import pandas as pd

    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        frame = frame.reset_index()
    return pd.DataFrame(
        {str(name): [format_cell(value, decimals) for value in frame[name]] for name in frame.columns}
    )


def text_table(frame: pd.DataFrame, decimals: int = 3) -> str:
    """Return ``frame`` as rounded plain text, the same on every machine."""
    return _cells(frame, decimals).to_string(index=False)


def html_table(frame: pd.DataFrame, decimals: int = 3, caption: str = "") -> str:
    """Return ``frame`` as an HTML table with numbers aligned right and every text escaped."""
    import pandas as pd

    cells = _cells(frame, decimals)
    plain = frame.reset_index() if len(cells.columns) > len(frame.columns) else frame
    kinds = [
        ' class="number"' if pd.api.types.is_numeric_dtype(plain.iloc[:, i]) else ""
        for i in range(len(cells.columns))
    ]
    head = "".join(
        f'<th scope="col"{kind}>{escape(str(name))}</th>' for name, kind in zip(cells, kinds, strict=True)
    )
    body = "\n".join(
        "<tr>" + "".join(f"<td{k}>{escape(v)}</td>" for v, k in zip(row, kinds, strict=True)) + "</tr>"
        for row in cells.itertuples(index=False)
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="clvlab">{title}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'


class Table(Result):
    """A data frame shown as a result: with a title, rounded, and safe to compare between machines.

    Parameters
    ----------
    frame
        The numbers.
    title
        What the table shows, with units.
    decimals
        Digits after the point for floats.

    Examples
    --------
    >>> import pandas as pd
    >>> Table(pd.DataFrame({"carrier": ["A"], "on time, %": [91.26]}), "On-time delivery", decimals=1)
    On-time delivery
    carrier on time, %
          A       91.3
    """

    def __init__(self, frame: pd.DataFrame, title: str = "", decimals: int = 3) -> None:
        self._frame = frame
        self.title = title
        self.decimals = decimals

    def to_frame(self) -> pd.DataFrame:
        """Return the data frame as it was given."""
        return self._frame
