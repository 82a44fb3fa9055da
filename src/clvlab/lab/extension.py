"""``%load_ext clvlab``: style, figures, data frames, tooltips and reloading as an analyst needs them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from clvlab.cache import code_key
from clvlab.lab.session import is_interactive

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS, _MOST_COLUMNS = 30, 50


def load(shell: InteractiveShell) -> None:
    """Make this notebook the analyst's bench.

    Tables, headline figures and notes look as on report pages; every figure has the house style, and one that stands
    last in a cell is shown; data frames and Ibis tables show their first rows, rounded; Shift-Tab on a stage of a
    study tells what it gives without computing it; what is changed in the package holds from the next cell on (a
    study that is open keeps what it has computed: open it again).

    In a run without a person (a report, a test) nothing changes, so that no page depends on it.

    Examples
    --------
    >>> load(get_ipython())                                        # doctest: +SKIP
    """
    if is_interactive():
        _show_as_on_pages()
        _show_figures(shell)
        _show_first_rows()
        _tell_without_computing(shell)
        _reload_what_changes(shell)


def _show_as_on_pages() -> None:
    """Put the style of pages into the notebook's own page."""
    from IPython.display import display

    style = files("clvlab.reporting").joinpath("template/notebook.css").read_text(encoding="utf-8")
    display({"text/html": f"<style>\n{style}</style>", "text/plain": ""}, raw=True)


def _show_figures(shell: InteractiveShell) -> None:
    """Give figures the house style, and show one that stands last in a cell."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clvlab.figures import use_style

    use_style()
    assert shell.display_formatter is not None
    for kind in (Figure, Axes):
        shell.display_formatter.ipython_display_formatter.for_type(kind, _show_figure)


def _show_figure(drawing: Figure | Axes) -> None:
    """Display a figure of ours; pyplot shows its own."""
    from matplotlib.figure import Figure

    from clvlab.figures import show

    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure()
    if not isinstance(figure, Figure) or figure.canvas.manager is not None:
        raise NotImplementedError  # IPython goes on to the next way of showing it
    try:
        show(figure)
    except ValueError:  # a first look need not state its finding yet
        show(figure, "Figure without a title; give it one that states its finding.")


def _show_first_rows() -> None:
    """Let data frames be rounded and thousands separated, and Ibis tables show rows."""
    import ibis
    import pandas as pd

    pd.options.display.float_format = "{:,.3f}".format
    pd.options.display.max_rows, pd.options.display.max_columns = _MOST_ROWS, _MOST_COLUMNS
    ibis.options.interactive = True


def _tell_without_computing(shell: InteractiveShell) -> None:
    """Let tooltips describe a stage that has not been computed."""
    from clvlab.lab.tooltips import found_without_computing

    shell._getattr_property = found_without_computing  # type: ignore[method-assign]


def _reload_what_changes(shell: InteractiveShell) -> None:
    """Import the package's changed modules again before each cell, under another key of the cache."""
    shell.run_line_magic("load_ext", "autoreload")
    shell.run_line_magic("autoreload", "2")
    shell.events.register("pre_run_cell", _forget_source)


def _forget_source(info: ExecutionInfo) -> None:
    """Read the package's source again when the cache next asks for its key."""
    code_key.cache_clear()
