"""A figure's texts in the current language: titles, labels, legends, notes, and the texts along its axes."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter

from clvlab.language import say

# Lines are set apart by the height of Latin letters, which Chinese characters exceed.
_CHINESE_LINES = 1.5


class _Spoken(Formatter):
    """Another formatter's texts in the current language."""

    def __init__(self, inner: Formatter) -> None:
        self._inner = inner

    def __call__(self, x: float, pos: int | None = None) -> str:
        return say(self._inner(x, pos))

    def format_ticks(self, values: list[float]) -> list[str]:
        return [say(str(text)) for text in self._inner.format_ticks(values)]

    def get_offset(self) -> str:
        return self._inner.get_offset()

    def set_locs(self, locs: list[float]) -> None:
        self._inner.set_locs(locs)


def translate(figure: Figure) -> None:
    """Put every text of a figure into the current language; the texts at ticks when they are drawn.

    Examples
    --------
    >>> from clvlab.language import speaking
    >>> figure = Figure()
    >>> title = figure.suptitle("customer equity, CNY")
    >>> with speaking("zh"):
    ...     translate(figure)
    >>> title.get_text()
    '客户资产，元'
    """
    for axis in figure.findobj(Axis):
        assert isinstance(axis, Axis)
        if not isinstance(axis.get_major_formatter(), _Spoken):
            axis.set_major_formatter(_Spoken(axis.get_major_formatter()))
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_text(say(text.get_text()))
        text.set_linespacing(_CHINESE_LINES)
