"""How every figure looks and how it is shown: one style, one palette, and always a written alternative."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from clvlab.language import ENGLISH, current, say
from clvlab.language.fonts import HOW_TO_INSTALL, chinese_family
from clvlab.language.lines import unwrapped, wrapped
from clvlab.refusal import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), "Color universal design": apart for the common kinds of colour blindness; the order is
# such that neighbours also differ in lightness, so that they stay apart in grey print.
BLUE, ORANGE, GREEN, PINK, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
PALETTE = [BLUE, ORANGE, GREEN, PINK, SKY, RED]
GREY = "#6B7280"

_STYLE: dict[str, object] = {
    "text.parse_math": False,  # names and units may hold dollar signs
    "figure.figsize": (8.0, 4.2),
    "figure.dpi": 110,
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E7EB",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 2,
}
_DOTS_PER_INCH = 144
# Letters of a bold 13-point title that fit an inch.
_TITLE_LETTERS_PER_INCH = 8.8
# How the sentences that stand for a figure are put together: after a word, between labels, around them, at the end.
_MARKS = {"en": (": ", "; ", " (", ")", ".", " "), "zh": ("：", "；", "（", "）", "。", "")}


def new_axes(width: float = 8.0, height: float = 4.2) -> Axes:
    """Return axes on a new figure in the house style (sizes in inches)."""
    return _new_figure(width, height).add_subplot()


def new_panels(rows: int, columns: int, width: float, height: float) -> list[Axes]:
    """Return the axes of a grid of panels on a new figure, row by row (sizes of the figure in inches)."""
    return list(_new_figure(width, height).subplots(rows, columns, squeeze=False).flat)


def use_style() -> None:
    """Give every figure drawn from here on the house style."""
    from matplotlib import rcParams
    from matplotlib.rcsetup import cycler

    style = _STYLE | {"axes.prop_cycle": cycler(color=PALETTE), "font.family": _families()}
    for name, value in style.items():
        rcParams[name] = value  # type: ignore[index]


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    use_style()  # for the session: matplotlib reads titles' and legends' style when they are set, not with the axes
    # A figure of its own, not pyplot's: nothing is shown twice and nothing stays in memory.
    return Figure(figsize=(width, height), layout="constrained")


def _families() -> list[str]:
    """Return the fonts to draw with; also an English report may name a customer in Chinese."""
    chinese = [family for family in [chinese_family()] if family]
    latin = ["DejaVu Sans"]  # not shown
    return latin + chinese if current() == ENGLISH else chinese + latin


def state(ax: Axes, finding: str) -> None:
    """Give a figure the title that states its finding, from the left edge and broken where it would leave it.

    Examples
    --------
    >>> ax = new_axes()
    >>> state(ax, "On-time delivery fell")
    >>> ax.get_figure().get_suptitle()
    'On-time delivery fell'
    """
    from matplotlib.figure import Figure

    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    if len(figure.get_axes()) > 1:  # one of several panels: its title must stay its own
        ax.set_title(finding)
    else:
        state_above(figure, finding)


def state_above(figure: Figure, finding: str) -> None:
    """Give a figure of several panels the title that states what they show together."""
    lines = wrapped(say(finding), int(figure.get_figwidth() * _TITLE_LETTERS_PER_INCH))
    figure.suptitle("\n".join(lines), x=0.01, horizontalalignment="left", fontsize=13, fontweight="bold")


def show(drawing: Figure | Axes, alt: str = "") -> None:
    """Display a figure in a notebook with its written alternative.

    Parameters
    ----------
    drawing
        The figure, or axes on it.
    alt
        What a reader who cannot see the figure should know. When blank: the titles, which state the findings,
        and the axes' labels. It is text that nbval compares (pictures are never compared), so any number in it
        must be rounded.

    Raises
    ------
    Refused
        When no installed font has a character of the figure, which would be drawn as an empty box.
    """
    from IPython.display import display
    from matplotlib.figure import Figure

    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure()
    assert isinstance(figure, Figure)
    if current() != ENGLISH:
        from clvlab.language.drawn import translate

        translate(figure)
    written = say(alt) or _described(figure)
    if not written:
        raise ValueError("the figure has no title; give it one that states its finding, or an alt text")
    display(
        {"image/png": _png(figure, written), "text/plain": written},
        raw=True,
        metadata={"image/png": {"alt": written}},
    )


def _png(figure: Figure, written: str) -> bytes:
    """Return the picture of a figure, all characters of which some font has."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = BytesIO()
    canvas, dots_per_inch = figure.canvas, figure.dpi
    figure.set_dpi(_DOTS_PER_INCH)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing from", category=UserWarning)
        try:
            # Not savefig, which would draw everything twice to find its place.
            FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
        except UserWarning as warning:
            raise Refused(
                f"No font has a character of the figure “{written[:60]}” ({warning}); {HOW_TO_INSTALL}."
            ) from None
        finally:  # the figure may be the user's own
            figure.set_canvas(canvas)
            figure.set_dpi(dots_per_inch)
    return buffer.getvalue()


def _described(figure: Figure) -> str:
    """Return a figure's titles and axis labels as sentences, in the current language."""
    panels = figure.get_axes()
    titled = [(axes.get_title("left") or axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    above = figure.get_suptitle()
    if len(panels) > 1:
        titled.insert(0, (above, figure.get_supxlabel(), figure.get_supylabel()))
    elif above:
        titled = [(above, *titled[0][1:])]
    colon, semicolon, opening, closing, stop, blank = _MARKS[current()]
    sentences = []
    for title, across, up in titled:
        sides = ((say("across"), across), (say("up"), up))
        labels = [f"{side}{colon}{unwrapped(label)}" for side, label in sides if label]
        if title:
            along = f"{opening}{semicolon.join(labels)}{closing}" if labels else ""
            sentences.append(f"{unwrapped(title)}{along}{stop}")
    return f"{say('Figure')}{colon}" + blank.join(sentences) if sentences else ""
