"""What customers perceived against what they expected and what rivals give: item by item, or by touchpoint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable
from clvlab.features.winnable import YEAR_DAYS
from clvlab.refusal import Refused, nearest
from clvlab.results import Remarked
from clvlab.satisfaction.answers import Answers, answers
from clvlab.satisfaction.leave_one_out import Estimate, leave_one_out, mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

By = Literal["item", "dimension", "touchpoint"]
ROLE = "respondent_role"
# Below this an interval of account means is itself unsure.
FEW_ACCOUNTS = 10
# Rows that a remark names where many are meant.
_NAMED = 3
_MEANS = ["expectation", "perception", "gap", "against_rivals"]


class Gaps(Remarked):
    """Gap scores by respondents' role and what was asked about.

    Attributes
    ----------
    by
        What was asked about: item, dimension or touchpoint.
    remarks
        What a reader has to know.
    """

    decimals = 2

    def __init__(self, frame: pd.DataFrame, by: By, remarks: list[str]) -> None:
        self._frame, self.by, self.remarks = frame, by, tuple(remarks)
        self.title = f"Service perceived against expected, by {by} (points of ten, 90% intervals)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per role and item (dimension, touchpoint), the largest shortfall first within a role.

        Returns
        -------
        DataFrame
            respondent_role, ``by``, answers, accounts, expectation, perception, ``gap`` (perception less expectation,
            of who gave both) and, where rivals were asked about, ``against_rivals`` (perception less that of a rival);
            all four are means in points of ten, with _lower and _upper.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        means = ("expectation", "perception")
        return self._frame.drop(columns=[f"{name}_{end}" for name in means for end in ("lower", "upper")])

    @property
    def finding(self) -> str:
        """Where service falls furthest short of what is expected, or that it does nowhere for sure."""
        told = self._frame.dropna(subset=["gap", "gap_upper"])
        short = told[told["gap_upper"] < 0]
        if short.empty:
            return f"No {self.by} falls short of expectation for sure" if len(told) else "What gaps are is not told"
        worst = short.loc[short["gap"].idxmin()]
        ends = f"{-worst['gap_upper']:.2f} to {-worst['gap_lower']:.2f}"
        return (
            f"{str(worst[self.by]).capitalize()} falls {-worst['gap']:.2f} points of ten short of expectation ({ends}),"
            f" by {worst[ROLE]} answers"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gaps with their intervals, roles apart."""
        from clvlab.satisfaction.measures.plots import draw_gaps

        return draw_gaps(self, ax)


def gaps(
    surveys: AnyTable | Answers,
    as_of: str | dt.date,
    by: By = "item",
    dimensions: Mapping[str, str] | None = None,
    days: int = YEAR_DAYS,
) -> Gaps:
    """Compare service as it was perceived with what was expected, and with rivals where that was asked.

    Answers where we fall short, for whom. Shippers and consignees stand apart: they see different parts of the service.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them, with perception and expectation or rival_perception.
    as_of, days
        The last day known, and how many days of answers up to it count.
    by
        ``"item"``, ``"dimension"`` or ``"touchpoint"``.
    dimensions
        The dimension of each item; an item without one stands for itself.

    Raises
    ------
    Refused
        When nobody answered in these days, and when perception was never asked.

    Notes
    -----
    An invitation counts once: its items are averaged first. Intervals come from leaving out one account at a time,
    since answers of one account are alike.

    References
    ----------
    Parasuraman, A., Zeithaml, V. A. and Berry, L. L. (1988), "SERVQUAL: a multiple-item scale for measuring consumer
    perceptions of service quality", Journal of Retailing 64(1).

    Examples
    --------
    >>> surveys = pd.DataFrame({
    ...     "customer_id": ["a", "b", "c"], "sent_on": pd.to_datetime(["2025-05-01"] * 3), "scale_max": 10,
    ...     "item": "speed", "expectation": [8, 8, 9], "perception": [7, 6, 6],
    ... })
    >>> gaps(surveys, "2025-12-31").to_frame()[["item", "answers", "gap", "gap_lower", "gap_upper"]].round(2)
        item  answers  gap  gap_lower  gap_upper
    0  speed        3 -2.0      -3.69      -0.31
    """
    if by not in get_args(By):
        raise Refused(f"by = {by!r} is nothing surveys ask about{nearest(str(by), get_args(By))}.")
    recent = answers(surveys, as_of).of_last(days)
    each = _per_invitation(recent, by, dimensions or {})
    if each.empty or each["perception"].isna().all():
        raise Refused(f"Gaps need perception in surveys; nobody gave one in the {days} days to {recent.as_of}.")
    rows = [
        {ROLE: role, by: what, "answers": int(part["perception"].count()), "accounts": _accounts(part), **_means(part)}
        for (role, what), part in each.groupby([ROLE, by], sort=True)
    ]
    frame = pd.DataFrame(rows).sort_values([ROLE, "gap"], kind="stable").reset_index(drop=True)
    if frame["against_rivals"].isna().all():
        frame = frame.drop(columns=[f"against_rivals{end}" for end in ("", "_lower", "_upper")])
    return Gaps(frame, by, [*recent.remarks, *_remarks(frame, by)])


def _per_invitation(recent: Answers, by: By, dimensions: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per invitation and item, dimension or touchpoint."""
    rows = recent.rows.assign(
        dimension=recent.rows["item"].replace(dict(dimensions)),
        gap=recent.rows["perception"] - recent.rows["expectation"],
        against_rivals=recent.rows["perception"] - recent.rows["rival_perception"],
    )
    return rows.groupby(["invitation", "customer_id", ROLE, by], as_index=False)[_MEANS].mean()


def _accounts(part: pd.DataFrame) -> int:
    return int(part.loc[part["perception"].notna(), "customer_id"].nunique())


def _means(part: pd.DataFrame) -> dict[str, float]:
    """Return the mean of each score with its interval."""
    found: dict[str, float] = {}
    for name in _MEANS:
        known = part.dropna(subset=[name])
        sums = np.column_stack([known[name], np.ones(len(known))])
        estimate = leave_one_out(known["customer_id"], sums, mean) if len(known) else Estimate(*[float("nan")] * 4)
        found |= {name: estimate.value, f"{name}_lower": estimate.lower, f"{name}_upper": estimate.upper}
    return found


def _remarks(frame: pd.DataFrame, by: By) -> list[str]:
    """Say where gaps or intervals are missing or unsure."""
    remarks = []
    if frame["gap"].isna().any():
        remarks.append("Where expectation was not asked there is no gap.")
    unsure = frame[frame["gap"].notna() & frame["gap_lower"].isna()]
    if len(unsure):
        names = [f"{row[by]} ({row[ROLE]})" for _, row in unsure.head(_NAMED).iterrows()]
        more = [f"{len(unsure) - _NAMED} more"] if len(unsure) > _NAMED else []
        remarks.append(
            f"No interval for {', '.join([*names, *more])}: one account alone answered, or all gaps are the same."
        )
    few = int((frame["gap_lower"].notna() & (frame["accounts"] < FEW_ACCOUNTS)).sum())
    if few:
        remarks.append(f"{plural(few, 'rows')} from fewer than {FEW_ACCOUNTS} accounts: their intervals are rough.")
    return remarks
