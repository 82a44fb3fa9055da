"""Whether falling short of expectation costs more satisfaction than exceeding it brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.satisfaction.answers import OVERALL, Answers, answers
from clvlab.satisfaction.drivers.rounding import gains_and_losses
from clvlab.satisfaction.leave_one_out import margin
from clvlab.satisfaction.ordered_logit import OrderedLogit, ordered_logit
from clvlab.satisfaction.regression import Line, least_squares, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAIN, LOSS, RATIO = "gain", "loss", "loss over gain"


class Asymmetry(Remarked):
    """What a point above and a point below expectation do to overall satisfaction.

    Attributes
    ----------
    logit
        The ordered logit of overall satisfaction on the same gains and losses.
    line
        The regression behind the points of ten; after gain and loss come the roles' and scales' levels.
    """

    decimals = 2

    def __init__(self, frame: pd.DataFrame, line: Line, logit: OrderedLogit, remarks: Sequence[str]) -> None:
        self._frame, self.line, self.logit, self.remarks = frame, line, logit, tuple(remarks)
        self.title = "Overall satisfaction per point above and below expectation (90% intervals)"

    def to_frame(self) -> pd.DataFrame:
        """Return effect (gain, loss, loss over gain), value, lower, upper, and log_odds of the ordered logit.

        Values are points of ten of overall satisfaction per point of gap, averaged over items. Ends of the ratio's
        interval are missing where gains do nothing for sure.
        """
        return self._frame

    @property
    def finding(self) -> str:
        """Whether losses count more than gains, in a sentence."""
        _, value, lower, upper = self._frame.set_index("effect").loc[RATIO, ["value", "value", "lower", "upper"]]
        if np.isnan(lower):
            return "Whether falling short counts more than exceeding is not told: gains do nothing for sure"
        told = f"{value:.1f} times what exceeding it brings ({lower:.1f} to {upper:.1f})"
        if lower > 1:
            return f"Falling short of expectation costs {told}"
        return f"That falling short costs more than exceeding brings is not told: {told}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what gaps do to satisfaction on both sides of expectation."""
        from clvlab.satisfaction.drivers.plots import draw_asymmetry

        return draw_asymmetry(self, ax)


def asymmetry(surveys: AnyTable | Answers, as_of: str | dt.date) -> Asymmetry:
    """Compare what gains and losses against expectation do to overall satisfaction.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them, with item, expectation, perception and overall.
    as_of
        The last day known.

    Raises
    ------
    Refused
        Without items, and with too few answers or answers that do not vary.

    Notes
    -----
    Points of ten come from a regression of the overall score on the mean gain and the mean loss over items, with a
    level for each role and scale and errors robust to several answers of one account; gains and losses are corrected
    for rounding (:func:`clvlab.satisfaction.drivers.rounding.gains_and_losses`). The ordered logit beside it has
    thresholds that take part of the asymmetry in when losses scatter more than gains: its ratio is nearer to 1. What
    was expected is asked together with what was received and how satisfied one is: one mood may colour all three.

    References
    ----------
    Tversky, A. and Kahneman, D. (1991), "Loss aversion in riskless choice", Quarterly Journal of Economics 106(4).

    Examples
    --------
    >>> asymmetry(study.records["surveys"], study.as_of).finding             # doctest: +SKIP
    """
    asked = answers(surveys, as_of)
    each, remarks = _per_answer(asked)
    codes, accounts = pd.factorize(each["customer_id"])
    kinds = pd.get_dummies(each["scale"], dtype=float).iloc[:, 1:]
    line = least_squares(each["overall"].to_numpy(), np.column_stack([each[[GAIN, LOSS]], kinds]), codes)
    logit = ordered_logit(each["overall"], each[[GAIN, LOSS]], each["customer_id"], each["scale"])
    reach = margin(len(accounts))
    rows = []
    for position, name in enumerate((GAIN, LOSS), start=1):
        value, wide = line.coefficients[position], reach * np.sqrt(line.covariance[position, position])
        rows.append((name, value, value - wide, value + wide, logit.params_[name]))
    value, *ends = ratio(2, 1, line, reach)
    lower, upper = sorted(-end for end in ends)
    rows.append((RATIO, -value, lower, upper, -logit.params_[LOSS] / logit.params_[GAIN]))
    frame = pd.DataFrame(rows, columns=["effect", "value", "lower", "upper", "log_odds"])
    remarks.append(f"From {plural(len(each), 'answers')} of {plural(len(accounts), 'accounts')}.")
    return Asymmetry(frame, line, logit, [*asked.remarks, *remarks])


def _per_answer(asked: Answers) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per answer with an overall score: mean gain and loss over its items."""
    rows = asked.rows.dropna(subset=["expectation", "perception"])
    items = rows[rows["item"] != OVERALL]
    remarks = []
    if items.empty:
        items = rows
        remarks.append("Items were not asked one by one; the gap is that of the service as a whole.")
    if items.empty:
        raise Refused("Gains and losses need expectation and perception in surveys.")
    items = items.join(asked.invitations["scale_max"], on="invitation")
    items[[GAIN, LOSS]] = gains_and_losses(items, items["scale_max"])
    means = items.groupby("invitation")[[GAIN, LOSS]].mean()
    return means.join(asked.satisfaction, how="inner").reset_index(drop=True), remarks
