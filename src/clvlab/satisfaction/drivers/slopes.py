"""Two slopes around a point: whether y falls faster below it than it rises above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.satisfaction.leave_one_out import Floats, margin
from clvlab.satisfaction.regression import Line, least_squares, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDES = ("below", "above")
RATIO = "below over above"


class SlopesAround(Result):
    """A line with a bend: its slopes below and above a point.

    Attributes
    ----------
    at
        Where it bends.
    line
        The regression: value at the bend, slope below, slope above.
    p_value
        Of the two slopes being the same.
    x, y
        What it was fitted to.
    """

    def __init__(self, line: Line, at: float, x: Floats, y: Floats, names: tuple[str, str]) -> None:
        from scipy.stats import t

        self.line, self.at, self.x, self.y, self.names = line, at, x, y, names
        _, below, above = line.coefficients
        variance = line.covariance[1, 1] + line.covariance[2, 2] - 2 * line.covariance[1, 2]
        self.p_value = float(2 * t.sf(abs(below - above) / np.sqrt(variance), self._free))
        self.title = f"Slope of {names[1]} on {names[0]} below and above {at:.2f} (90% intervals)"

    @property
    def _free(self) -> int:
        return self.line.accounts - len(self.line.coefficients)

    def to_frame(self) -> pd.DataFrame:
        """Return side (below, above, below over above), value, error, lower, upper; the ratio has no error."""
        reach = margin(self._free + 1)
        rows = []
        for side, name in enumerate(SIDES, start=1):
            value, error = self.line.coefficients[side], np.sqrt(self.line.covariance[side, side])
            rows.append((name, value, error, value - reach * error, value + reach * error))
        value, lower, upper = ratio(1, 2, self.line, reach)
        rows.append((RATIO, value, np.nan, lower, upper))
        return pd.DataFrame(rows, columns=["side", "value", "error", "lower", "upper"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the line with its bend over the answers."""
        from clvlab.satisfaction.drivers.plots import draw_slopes

        return draw_slopes(self, ax)


def slopes_around(
    x: ArrayLike,
    y: ArrayLike,
    at: float | Literal["mean", "median"] = "mean",
    accounts: ArrayLike | None = None,
    names: tuple[str, str] = ("x", "y"),
) -> SlopesAround:
    """Fit a line that bends at a point, and compare its slopes below and above it.

    Answers whether falling short costs more than doing better brings: y = a + b min(x - at, 0) + c max(x - at, 0).

    Parameters
    ----------
    x, y
        Performance and satisfaction, one per answer; answers without one of the two are left out.
    at
        Where the line bends: a number, ``"mean"`` or ``"median"`` of x.
    accounts
        Whose answer each is, for errors robust to several answers of one account; None for one answer each.
    names
        What x and y are, for the display.

    Raises
    ------
    Refused
        With answers on one side of the point only, fewer than four answers (accounts), or other than three choices
        of ``at``.

    References
    ----------
    Anderson, E. W. and Mittal, V. (2000), "Strengthening the satisfaction-profit chain", Journal of Service Research
    3(2): why one slope for both sides misleads.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    >>> y = np.array([1.0, 3.1, 5.0, 7.1, 8.0, 9.0, 10.1])
    >>> slopes_around(x, y)
    Slope of y on x below and above 4.00 (90% intervals)
                side value error lower upper
               below 2.005 0.027 1.949 2.062
               above 1.002 0.027 0.945 1.059
    below over above 2.002     – 1.856 2.165
    """
    given = pd.DataFrame({"x": np.asarray(x, dtype=float), "y": np.asarray(y, dtype=float)})
    known = given.notna().all(axis=1).to_numpy()
    performance, outcome = given.loc[known, "x"].to_numpy(), given.loc[known, "y"].to_numpy()
    if isinstance(at, str) and at not in ("mean", "median"):
        raise Refused(f"at = {at!r} is no point; give a number, 'mean' or 'median'.")
    if not len(performance):
        raise Refused("There is no answer with both x and y; give some.")
    point = float(getattr(np, at)(performance)) if isinstance(at, str) else float(at)
    if not performance.min() < point < performance.max():
        raise Refused(f"All answers lie on one side of {point:g}; two slopes need answers on both.")
    codes = None if accounts is None else pd.factorize(np.asarray(accounts)[known])[0]
    sides = np.column_stack([np.minimum(performance - point, 0), np.maximum(performance - point, 0)])
    return SlopesAround(least_squares(outcome, sides, codes), point, performance, outcome, names)
