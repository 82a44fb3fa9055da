"""The figures that a report is remembered by, each with its unit and interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from math import isfinite
from typing import TYPE_CHECKING

from clvlab.language import ENGLISH, current, say
from clvlab.language.figures_in_words import parted
from clvlab.results.cells import format_cell
from clvlab.results.result import Result

if TYPE_CHECKING:
    import pandas as pd


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
        if self.unit == "%":
            return f"{number}%", ""
        return number, self.unit.removesuffix("s") if number == "1" else self.unit

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
