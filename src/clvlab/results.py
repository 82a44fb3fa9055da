"""The small base of every result: a data frame, a stable text, an HTML table, and a figure where one helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any

from clvlab.language import ENGLISH, current, say, say_column
from clvlab.language.figures_in_words import counted, parted
from clvlab.language.names import holds_names
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


# Above this many rows a table stands folded on a page: its figure shows the same numbers.
FOLDED_ABOVE = 14
# No more rows are shown: a notebook with a table of all customers would not open. ``to_frame()`` has them.
MOST_ROWS = 200
# Texts longer than this may break over lines; shorter ones (codes, dates) stay whole.
LONG_TEXT = 24
PROSE = 80
# From here on digits after the point say nothing.
LARGE = 10_000
# Digits after the point that a list keeps in a file: more than any table shows, fewer than differ between machines.
_LISTED = 6


class Result:
    """What an analysis returns.

    A subclass provides :meth:`to_frame`, may name itself in ``title``, may say in ``decimals`` how many digits
    its display has after the point and in ``percent`` which columns are shares to be shown as percentages, and
    may override :meth:`plot`. The text shown is rounded and free of addresses and timings, so that it is the
    same on every machine. What is shown is in the current language (:func:`clvlab.language.use`); the frame is not.

    A result with a ``list_name`` is a list that a report leaves as a file beside it: its display carries all rows.
    """

    list_mime = "application/vnd.clvlab.list+json"

    title: str = ""
    decimals: int = 3
    percent: tuple[str, ...] = ()
    fold: bool = True
    list_name: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers behind the result, one row per estimate, unrounded."""
        raise NotImplementedError

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result on ``ax`` (a new figure when None) and return the axes."""
        raise NotImplementedError(f"{type(self).__name__} has no figure")

    def show(self, **options: object) -> None:
        """Display the figure in a notebook with its written alternative; ``options`` go to :meth:`plot`.

        Where there is nothing to draw, the sentence that says so stands in its place.
        """
        from IPython.display import display

        from clvlab.figures import show

        try:
            drawing = self.plot(**options)  # type: ignore[arg-type]
        except Refused as refusal:
            display(Note(str(refusal)))
        else:
            show(drawing)

    def __repr__(self) -> str:
        """Return the rounded table as text."""
        frame, title = self._on_display()
        if frame.empty:
            return say(f"{title or 'Table'}: none.")
        text = text_table(frame, self.decimals, self.percent)
        return f"{say(title)}\n{text}" if title else text

    def _repr_html_(self) -> str:
        frame, title = self._on_display()
        return html_table(frame, self.decimals, title, self.percent, self.fold)

    def _on_display(self) -> tuple[pd.DataFrame, str]:
        """Return the rows that are shown, and the title that says so when they are not all."""
        frame = self.to_frame()
        if len(frame) <= MOST_ROWS:
            return frame, self.title
        return frame.head(MOST_ROWS), f"{self.title or 'Table'}; the first {MOST_ROWS:,} of {len(frame):,}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {self.list_mime: _listed(self.list_name, self.to_frame())} if self.list_name else {}


def format_cell(value: object, decimals: int, percent: bool = False) -> str:
    """Return one cell as text: thousands separated, floats rounded, dates as days, missing values as a dash."""
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if percent:
        return f"{_rounded(100 * float(value), 1):,.1f}%"  # type: ignore[arg-type]
    if pd.api.types.is_integer(value):
        return f"{value:,}"
    if pd.api.types.is_float(value):
        return f"{_rounded(float(value), decimals):,.{decimals}f}"  # type: ignore[arg-type]
    return str(value)


def _rounded(value: float, decimals: int) -> float:
    """Return ``value`` rounded alike on every machine and in every run.

    An engine adds in any order, and the last bits of a sum differ: further digits are settled first, so that a sum of
    1,751,040.5 does not show now as 1,751,040 and now as 1,751,041. Adding 0.0 turns -0.0 into 0.0.
    """
    return round(round(value, decimals + 4), decimals) + 0.0


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with a meaningful index as columns."""
    import pandas as pd

    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return frame if plain else frame.reset_index()


def _cells(frame: pd.DataFrame, decimals: int, percent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return ``frame`` with every cell as shown; a column of large numbers or whole ones has no decimals."""
    import pandas as pd

    frame = _with_index(frame)
    columns = {}
    for name in frame.columns:
        values = frame[name]
        digits = decimals
        if pd.api.types.is_float_dtype(values):
            known = values[values.abs() < float("inf")]
            shown = known.round(decimals)  # before the tests: the last bits differ between machines
            digits = 0 if (shown.abs() >= LARGE).any() or (shown % 1 == 0).all() else decimals
        show = format_cell if current() == ENGLISH or holds_names(str(name)) else _spoken_cell
        columns[str(name)] = [show(value, digits, name in percent) for value in values]
    return pd.DataFrame(columns)


def _spoken_cell(value: object, decimals: int, percent: bool) -> str:
    """Return one cell as text in the current language; a count keeps all its digits, so that a table adds up."""
    import pandas as pd

    if pd.api.types.is_integer(value) and not percent:
        return counted(int(value))  # type: ignore[call-overload]
    return say(format_cell(value, decimals, percent))


def _listed(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """Return a list as it goes into a file: columns and rows of values, days as text, missing ones None."""
    rows = _with_index(frame)
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
        return round(float(value), _LISTED) if isfinite(value) else None
    return format_cell(value, 0)


def text_table(frame: pd.DataFrame, decimals: int = 3, percent: tuple[str, ...] = ()) -> str:
    """Return ``frame`` as rounded plain text, the same on every machine."""
    cells = _cells(frame, decimals, percent)
    return cells.set_axis([say_column(name) for name in cells], axis=1).to_string(index=False)


def _kind(values: pd.Series, texts: pd.Series) -> str:
    """Return how a column is set: numbers right, short texts whole, long ones with room to break."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return "number"
    longest = max(len(text) for text in texts)
    return "prose" if longest > PROSE else "long" if longest > LONG_TEXT else "short"


def html_table(
    frame: pd.DataFrame, decimals: int = 3, caption: str = "", percent: tuple[str, ...] = (), fold: bool = True
) -> str:
    """Return ``frame`` as an HTML table: numbers right, every text escaped, a long table folded."""

    plain = _with_index(frame)
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


class Note(Result):
    """A sentence for the reader that an analysis wrote, such as what a section would need.

    Examples
    --------
    >>> Note("Needs revenue in shipments.")
    Needs revenue in shipments.
    """

    def __init__(self, *sentences: str) -> None:
        self._sentences = sentences

    def show(self, **options: object) -> None:
        """Display nothing: a sentence stands where there is no figure."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row per sentence."""
        import pandas as pd

        return pd.DataFrame({"sentence": list(self._sentences)})

    def __repr__(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(say(text) for text in self._sentences)

    def _repr_html_(self) -> str:
        shown = [escape(say(text)) for text in self._sentences]
        if len(shown) == 1:
            return f'<p class="note">{shown[0]}</p>'
        return "<ul>" + "".join(f"<li>{text}</li>" for text in shown) + "</ul>"


def or_note(make: Callable[[], Result]) -> Result:
    """Return what ``make`` returns, or the sentence with which it refused: a section switched off by one line.

    Examples
    --------
    >>> def refuse() -> Result:
    ...     raise Refused("Needs revenue in shipments.")
    >>> or_note(refuse)
    Needs revenue in shipments.
    """
    try:
        return make()
    except Refused as refusal:
        return Note(str(refusal))


@dataclass(frozen=True)
class Headline:
    """One figure that a report is remembered by.

    Parameters
    ----------
    name
        What it is, in a few words.
    value
        The figure; None when the records lack what it needs, which ``note`` then says.
    unit
        Unit as it is shown behind the figure, e.g. ``"%"``, ``"customers"``, ``"CNY"``.
    lower, upper
        90% interval, when the figure is an estimate.
    decimals
        Digits after the point.
    note
        What a reader should know beside it.
    """

    name: str
    value: float | str | None
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    decimals: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        """Take a figure or bound that is not finite for a missing one."""
        for name in ("value", "lower", "upper"):
            number = getattr(self, name)
            if number is not None and not isinstance(number, str) and not isfinite(number):
                object.__setattr__(self, name, None)

    def figure(self) -> str:
        """Return the figure without its unit, a dash when there is none."""
        return self._parts()[0]

    def unit_shown(self) -> str:
        """Return the unit as it stands behind the figure; blank for a percentage and where there is no figure."""
        return self._parts()[1]

    def shown(self) -> str:
        """Return the figure with its unit."""
        return say(" ".join(part for part in self._in_english() if part))

    def _in_english(self) -> tuple[str, str]:
        if self.value is None:
            return "–", ""
        if isinstance(self.value, str):
            return self.value, self.unit
        number = format_cell(float(self.value), self.decimals)
        return (f"{number}%", "") if self.unit == "%" else (number, self.unit)

    def _parts(self) -> tuple[str, str]:
        """Return figure and unit; in Chinese money stands before the figure and a unit reads with its number."""
        figure, unit = self._in_english()
        if current() == ENGLISH or isinstance(self.value, str) or not unit:
            return say(figure), say(unit)
        return parted(self.shown())

    def interval(self) -> str:
        """Return the interval as text, blank when there is none."""
        if self.lower is None or self.upper is None:
            return ""
        low, high = (format_cell(float(bound), self.decimals) for bound in (self.lower, self.upper))
        return say(f"90% interval {low} to {high}")


class Headlines(Result):
    """The figures at the top of a report; the runner copies them into ``result.json``.

    Examples
    --------
    >>> Headlines(Headline("on-time delivery", 91.27, "%", 90.1, 92.4, decimals=1))
    on-time delivery: 91.3% (90% interval 90.1 to 92.4)
    """

    mime = "application/vnd.clvlab.headlines+json"

    def __init__(self, *headlines: Headline) -> None:
        self._headlines = headlines

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure: name, value, unit, lower, upper, note."""
        import pandas as pd

        return pd.DataFrame([asdict(headline) for headline in self._headlines])

    def __repr__(self) -> str:
        """Return one line per figure."""
        lines = []
        for headline in self._headlines:
            extra = "; ".join(text for text in (headline.interval(), say(headline.note)) if text)
            lines.append(f"{say(headline.name)}: {headline.shown()}" + (f" ({extra})" if extra else ""))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tiles = "".join(
            f'<div class="headline"><div class="name">{escape(say(headline.name))}</div>'
            f'<div class="value">{escape(headline.figure())}'
            f' <span class="unit">{escape(headline.unit_shown())}</span></div>'
            f'<div class="note">{escape(headline.interval())}</div>'
            f'<div class="note">{escape(say(headline.note))}</div></div>'
            for headline in self._headlines
        )
        return f'<div class="headlines">{tiles}</div>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        records = [asdict(headline) for headline in self._headlines]
        for record in records:
            for name in ("value", "lower", "upper"):
                if isinstance(record[name], float):
                    record[name] = round(record[name], record["decimals"] + 2)
        return {"text/plain": repr(self), "text/html": self._repr_html_(), self.mime: records}


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
    percent
        Columns that hold shares and are shown as percentages.
    fold
        Whether a long table stands folded on a page; a list that is to be read does not.
    list_name
        Name of the file that a report leaves beside it with all rows; blank for none.

    Examples
    --------
    >>> import pandas as pd
    >>> Table(pd.DataFrame({"carrier": ["A"], "on_time": [0.9126]}), "On-time delivery", percent=("on_time",))
    On-time delivery
    carrier on_time
          A   91.3%
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        title: str = "",
        decimals: int = 3,
        percent: tuple[str, ...] = (),
        fold: bool = True,
        list_name: str = "",
    ) -> None:
        self._frame = frame
        self.title = title
        self.decimals = decimals
        self.percent = percent
        self.fold = fold
        self.list_name = list_name

    def to_frame(self) -> pd.DataFrame:
        """Return the data frame as it was given."""
        return self._frame

    def first(self, most: int) -> Table:
        """Return the first rows, unfolded, and how many there are in all.

        Examples
        --------
        >>> import pandas as pd
        >>> Table(pd.DataFrame({"customer": ["a", "b"]}), "Largest customers").first(1)
        Largest customers; the first 1 of 2
        customer
               a
        """
        title = f"{self.title}; the first {most:,} of {len(self._frame):,}" if len(self._frame) > most else self.title
        return Table(self._frame.head(most), title, self.decimals, self.percent, fold=False)
