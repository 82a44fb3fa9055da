"""How every figure looks and how it is shown: one style, one palette, and always a written alternative."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008), "Color universal design": apart for the common kinds of colour blindness; the order is
# such that neighbours also differ in lightness, so that they stay apart in grey print.
BLUE, ORANGE, GREEN, PINK, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
PALETTE = [BLUE, ORANGE, GREEN, PINK, SKY, RED]
GREY = "#6B7280"

_STYLE = {
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
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # For the whole session: matplotlib reads titles' and legends' style when they are set, not when axes are made.
    mpl.rcParams.update(_STYLE | {"axes.prop_cycle": mpl.cycler(color=PALETTE)})
    # A figure of its own, not pyplot's: nothing is shown twice and nothing stays in memory.
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def show(figure: Figure | Axes, alt: str) -> None:
    """Display a figure in a notebook with its written alternative.

    Parameters
    ----------
    figure
        The figure, or axes on it.
    alt
        What a reader who cannot see the figure should know: the finding with its numbers, rounded so that the
        text is the same on every machine (nbval compares it; pictures are never compared).
    """
    from IPython.display import display
    from matplotlib.figure import Figure

    drawing = figure if isinstance(figure, Figure) else figure.get_figure()
    buffer = BytesIO()
    drawing.savefig(buffer, format="png", dpi=144, metadata={"Software": None})  # type: ignore[union-attr]
    display(  # type: ignore[no-untyped-call]
        {"image/png": buffer.getvalue(), "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )
