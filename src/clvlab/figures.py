"""How every figure looks and how it is shown: one style, one palette, and always a written alternative."""

from __future__ import annotations

from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING

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
    "font.family": "DejaVu Sans",
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


def new_axes(width: float = 8.0, height: float = 4.2) -> Axes:
    """Return axes on a new figure in the house style (sizes in inches)."""
    return _new_figure(width, height).add_subplot()


def new_panels(rows: int, columns: int, width: float, height: float) -> list[Axes]:
    """Return the axes of a grid of panels on a new figure, row by row (sizes of the figure in inches)."""
    return list(_new_figure(width, height).subplots(rows, columns, squeeze=False).flat)


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib import rcParams
    from matplotlib.figure import Figure
    from matplotlib.rcsetup import cycler

    # For the whole session: matplotlib reads titles' and legends' style when they are set, not when axes are made.
    for name, value in (_STYLE | {"axes.prop_cycle": cycler(color=PALETTE)}).items():
        rcParams[name] = value  # type: ignore[index]
    # A figure of its own, not pyplot's: nothing is shown twice and nothing stays in memory.
    return Figure(figsize=(width, height), layout="constrained")


# Letters of a bold 13-point title that fit an inch.
_TITLE_LETTERS_PER_INCH = 8.8


def state(ax: Axes, finding: str) -> None:
    """Give a figure the title that states its finding, from the left edge and broken where it would leave it."""
    from matplotlib.figure import Figure

    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    if len(figure.get_axes()) > 1:  # one of several panels: its title must stay its own
        ax.set_title(finding)
    else:
        state_above(figure, finding)


def state_above(figure: Figure, finding: str) -> None:
    """Give a figure of several panels the title that states what they show together."""
    lines = wrap(finding, int(figure.get_figwidth() * _TITLE_LETTERS_PER_INCH))
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
    """
    from IPython.display import display
    from matplotlib.figure import Figure

    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure()
    assert isinstance(figure, Figure)
    written = alt or _described(figure)
    if not written:
        raise ValueError("the figure has no title; give it one that states its finding, or an alt text")
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    display(
        {"image/png": buffer.getvalue(), "text/plain": written},
        raw=True,
        metadata={"image/png": {"alt": written}},
    )


def _described(figure: Figure) -> str:
    """Return a figure's titles and axis labels as sentences."""
    panels = figure.get_axes()
    titled = [(axes.get_title("left") or axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    above = figure.get_suptitle()
    if len(panels) > 1:
        titled.insert(0, (above, figure.get_supxlabel(), figure.get_supylabel()))
    elif above:
        titled = [(above, *titled[0][1:])]
    sentences = []
    for title, across, up in titled:
        labels = [f"{side}: {' '.join(label.split())}" for side, label in (("across", across), ("up", up)) if label]
        if title:
            title = " ".join(title.split())
            sentences.append(f"{title} ({'; '.join(labels)})." if labels else f"{title}.")
    return "Figure: " + " ".join(sentences) if sentences else ""
