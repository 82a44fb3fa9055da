"""The small base of every result: a data frame, a stable text, an HTML table, and a figure where one helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from clvlab.language import say
from clvlab.refusal import Refused
from clvlab.results.lists import listed
from clvlab.results.tables import html_table, text_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# No more rows are shown: a notebook with a table of all customers would not open. ``to_frame()`` has them.
MOST_ROWS = 200


class Result:
    """What an analysis returns.

    A subclass provides :meth:`to_frame`, may name itself in ``title``, may say in ``decimals`` how many digits its
    display has after the point and in ``percent`` which columns are shares to be shown as percentages, and may override
    :meth:`plot`, and ``_shown`` to display only a part. The text shown is rounded and free of addresses and timings, so
    that it is the same on every machine. What is shown is in the current language (:func:`clvlab.language.use`); the
    frame is not.

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

    def _shown(self) -> pd.DataFrame:
        """Return what is displayed of the numbers: all, where a subclass does not leave out rows and columns."""
        return self.to_frame()

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
        frame = self._shown()
        if len(frame) <= MOST_ROWS:
            return frame, self.title
        return frame.head(MOST_ROWS), f"{self.title or 'Table'}; the first {MOST_ROWS:,} of {len(frame):,}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {self.list_mime: listed(self.list_name, self.to_frame())} if self.list_name else {}


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


class Remarked(Result):
    """A result with sentences below its table.

    Attributes
    ----------
    remarks
        What has to be said beside the numbers.
    """

    remarks: Sequence[str]

    def _in_short(self) -> Result:
        """Return the result whose table is displayed: this one, where a subclass has none that is shorter."""
        return self

    def __repr__(self) -> str:
        """Return the table as text, remarks below."""
        return "\n".join([Result.__repr__(self._in_short()), *map(say, self.remarks)])

    def _repr_html_(self) -> str:
        remarks = Note(*self.remarks)._repr_html_() if self.remarks else ""
        return Result._repr_html_(self._in_short()) + remarks


class Stated(Remarked):
    """A result that states its finding above its table, and has sentences below.

    Examples
    --------
    >>> import pandas as pd
    >>> class Late(Stated):
    ...     remarks = ("Orders without a due time are left out.",)
    ...     finding = "One carrier is late more often than chance explains"
    ...     def to_frame(self):
    ...         return pd.DataFrame({"carrier": ["A"], "late": [12]})
    >>> Late()
    One carrier is late more often than chance explains.
    carrier late
          A   12
    Orders without a due time are left out.
    """

    @property
    def finding(self) -> str:
        """What the numbers show, in a sentence; as a figure's title it needs no full stop."""
        raise NotImplementedError

    def _stated(self) -> Note:
        return Note(self.finding if self.finding.endswith(".") else f"{self.finding}.")

    def __repr__(self) -> str:
        """Return the finding, the table and the remarks as text."""
        return f"{self._stated()!r}\n{super().__repr__()}"

    def _repr_html_(self) -> str:
        return self._stated()._repr_html_() + super()._repr_html_()


class Table(Remarked):
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
    remarks
        What has to be said beside it, in sentences.

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
        remarks: Sequence[str] = (),
    ) -> None:
        self._frame = frame
        self.title = title
        self.decimals = decimals
        self.percent = percent
        self.fold = fold
        self.list_name = list_name
        self.remarks = remarks

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
        return Table(self._frame.head(most), title, self.decimals, self.percent, fold=False, remarks=self.remarks)
