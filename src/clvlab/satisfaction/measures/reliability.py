"""How far the scales can be relied on: whether items hang together, and whether an answer repeats itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from clvlab.features.tables import AnyTable
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.satisfaction.answers import OVERALL, Answers, answers
from clvlab.satisfaction.leave_one_out import Floats, leave_one_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALPHA, ITEM_TOTAL = "Cronbach's alpha", "item with the rest"
RETEST, RETEST_LATER = "overall, one wave apart", "overall, two waves apart"
LASTING = "reliability of overall, change taken out"
# Below this items are not read as one scale (Nunnally 1978).
GOOD_ENOUGH = 0.7
_FEWEST = 5


class Reliability(Remarked):
    """Reliability of the scales, by respondents' role.

    Attributes
    ----------
    remarks
        What could not be told, and what a reader has to know.
    """

    decimals = 2

    def __init__(self, frame: pd.DataFrame, remarks: list[str]) -> None:
        self._frame, self.remarks = frame, tuple(remarks)
        self.title = "How reliable the scales are (90% intervals)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per role and measure.

        Returns
        -------
        DataFrame
            respondent_role, measure, of (scores or item), answers (pairs of answers for what is between waves),
            accounts, value (1 for no noise), lower, upper.
        """
        return self._frame

    @property
    def finding(self) -> str:
        """How far one answer can be relied on, else whether items make one scale."""
        for measure, words in (
            (RETEST, "Two overall answers of the same side, a wave apart, correlate by"),
            (ALPHA, "Items hang together with an alpha of"),
        ):
            rows = self._frame[(self._frame["measure"] == measure) & self._frame["lower"].notna()]
            if len(rows):
                row = rows.loc[rows["answers"].idxmax()]
                ends = f"{row['lower']:.2f} to {row['upper']:.2f}"
                return f"{words} {row['value']:.2f} ({ends}), {row['respondent_role']} answers"
        return "How reliable the scales are is not told"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw all measures with their intervals, roles apart."""
        from clvlab.satisfaction.measures.plots import draw_reliability

        return draw_reliability(self, ax)


def reliability(surveys: AnyTable | Answers, as_of: str | dt.date) -> Reliability:
    """Measure how far scores can be relied on.

    Answers whether the items may be read as one scale, and how much of an overall score is there again at the next
    wave. What is not is noise or change, and any effect *of* measured satisfaction is weakened by the noise.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them.
    as_of
        The last day known.

    Returns
    -------
    Reliability
        By role: Cronbach's alpha of the items' perceptions and of their gaps; each item's correlation with the mean of
        the rest; correlations of overall scores of the same customer and role one and two waves apart; and the
        reliability of one overall score with true change taken out (Heise: the first squared over the second).

    Raises
    ------
    Refused
        When nobody answered two items, and nobody answered twice.

    Notes
    -----
    Intervals come from leaving out one account at a time, alpha on the scale of log(1 - alpha), correlations on
    Fisher's, since answers of one account are alike: with one answer per account alpha's is close to that of Feldt
    (1965). Scores between waves are taken about their wave's mean. Heise's reliability takes change as a chain in which
    the next state depends on the last alone; it may exceed 1 by chance. Items that describe different things need not
    hang together, and a low alpha is then no fault of theirs.

    References
    ----------
    Cronbach, L. J. (1951), "Coefficient alpha and the internal structure of tests", Psychometrika 16. Feldt, L. S.
    (1965), "The approximate sampling distribution of Kuder-Richardson reliability coefficient twenty", Psychometrika
    30. Heise, D. R. (1969), "Separating reliability and stability in test-retest correlation", American Sociological
    Review 34(1).

    Examples
    --------
    >>> reliability(study.records["surveys"], study.as_of).finding           # doctest: +SKIP
    """
    asked = answers(surveys, as_of)
    rows = [*_of_items(asked), *_between_waves(asked)]
    if not rows:
        raise Refused(f"Reliability needs {_FEWEST} answers to two items, or {_FEWEST} accounts that answered twice.")
    frame = pd.DataFrame(rows).sort_values("respondent_role", kind="stable").reset_index(drop=True)
    return Reliability(frame, [*asked.remarks, *_remarks(frame)])


class _Row(NamedTuple):
    respondent_role: str
    measure: str
    of: str
    answers: int
    accounts: int
    value: float
    lower: float
    upper: float


def cronbach_alpha(sums: Floats) -> Floats:
    """Return -log(1 - alpha) from sums of 1, of each item and of all products of two items (see :func:`_moments`)."""
    items = int(np.sqrt(sums.shape[-1] - 0.75) - 0.5)
    covariance = _covariance(sums, items)
    total = covariance.sum(axis=(-2, -1))
    alone = np.trace(covariance, axis1=-2, axis2=-1)
    alpha = items / (items - 1) * (1 - alone / total)
    return -np.log1p(-alpha)


def correlation(sums: Floats) -> Floats:
    """Return Fisher's transform of the correlation of two scores from their moments."""
    covariance = _covariance(sums, 2)
    return np.arctanh(covariance[..., 0, 1] / np.sqrt(covariance[..., 0, 0] * covariance[..., 1, 1]))


def _moments(scores: Floats) -> Floats:
    """Return for each answer 1, its scores and their products by two, shape (answers, 1 + k + k * k)."""
    products = scores[:, :, None] * scores[:, None, :]
    return np.hstack([np.ones((len(scores), 1)), scores, products.reshape(len(scores), -1)])


def _covariance(sums: Floats, items: int) -> Floats:
    number, first = sums[..., :1], sums[..., 1 : items + 1] / sums[..., :1]
    second = (sums[..., items + 1 :] / number).reshape(*sums.shape[:-1], items, items)
    return second - first[..., :, None] * first[..., None, :]


def _lasting(sums: Floats) -> Floats:
    """Return the log of Heise's reliability from moments one and two waves apart."""
    near, far = np.tanh(correlation(sums[..., :7])), np.tanh(correlation(sums[..., 7:]))
    return 2 * np.log(near) - np.log(far)


def _of_items(asked: Answers) -> Iterator[_Row]:
    """Yield alpha and item-rest correlations by role."""
    rows = asked.rows[asked.rows["item"] != OVERALL]
    rows = rows.assign(gap=rows["perception"] - rows["expectation"])
    for role, part in rows.groupby("respondent_role"):
        for score in ("perception", "gap"):
            wide = part.pivot_table(score, ["invitation", "customer_id"], "item").dropna()
            wide = wide.loc[:, wide.max() > wide.min()]
            if wide.shape[1] < 2 or len(wide) < _FEWEST:
                continue
            accounts, scores = wide.index.get_level_values("customer_id").to_series(), wide.to_numpy()
            size = len(wide), accounts.nunique()
            found = leave_one_out(accounts, _moments(scores), cronbach_alpha, lambda z: -np.expm1(-z))
            yield _Row(str(role), ALPHA, f"{score} of {wide.shape[1]} items", *size, found.value, *found[2:])
            if score == "gap":
                continue
            for place, item in enumerate(wide.columns):
                rest = np.delete(scores, place, axis=1).mean(axis=1)
                pair = _moments(np.column_stack([scores[:, place], rest]))
                found = leave_one_out(accounts, pair, correlation, np.tanh)
                yield _Row(str(role), ITEM_TOTAL, str(item), *size, found.value, *found[2:])


def _between_waves(asked: Answers) -> Iterator[_Row]:
    """Yield correlations of overall scores between waves by role; where both are told from 0, what is behind them."""
    given = asked.invitations.dropna(subset=["overall"])
    for role, part in given.groupby("respondent_role"):
        wide = part.pivot_table("overall", "customer_id", "wave")
        codes, wide = wide.index, (wide - wide.mean()).to_numpy()
        moments, accounts, told = {}, {}, []
        for lag, name in ((1, RETEST), (2, RETEST_LATER)):
            now, later = wide[:, :-lag], wide[:, lag:]
            who, wave = np.nonzero(~np.isnan(now) & ~np.isnan(later))
            pairs = np.column_stack([now[who, wave], later[who, wave]])
            if len(pairs) < _FEWEST or not np.ptp(pairs, axis=0).min() > 0:
                continue
            accounts[name] = pd.Series(codes[who])
            moments[name] = _moments(pairs)
            found = leave_one_out(accounts[name], moments[name], correlation, np.tanh)
            size = len(pairs), accounts[name].nunique()
            yield _Row(str(role), name, OVERALL, *size, found.value, *found[2:])
            told.append(found.lower > 0)
        if sum(told) < 2:
            continue
        near, far = moments.values()
        both = np.block([[near, np.zeros_like(near)], [np.zeros_like(far), far]])
        whose = pd.concat(list(accounts.values()))
        found = leave_one_out(whose, both, _lasting, np.exp)
        yield _Row(str(role), LASTING, OVERALL, len(both), whose.nunique(), found.value, *found[2:])


def _remarks(frame: pd.DataFrame) -> list[str]:
    remarks = []
    alphas = frame[(frame["measure"] == ALPHA) & (frame["upper"] < GOOD_ENOUGH)]
    if len(alphas):
        which = ", ".join(f"{row['of']} ({row['respondent_role']})" for _, row in alphas.iterrows())
        remarks.append(
            f"Alpha is below {GOOD_ENOUGH} for {which}: these items describe different things; read them one by one,"
            " not as one score."
        )
    if RETEST not in set(frame["measure"]):
        remarks.append(f"How noisy one overall answer is needs {_FEWEST} accounts that answered in two waves in a row.")
    elif LASTING not in set(frame["measure"]):
        remarks.append(
            "How much of an overall answer is noise and how much changed is not told: answers one and two waves apart"
            " do not both correlate for sure."
        )
    if frame["lower"].isna().any():
        remarks.append("Where an interval is missing, one account alone tells the figure.")
    return remarks
