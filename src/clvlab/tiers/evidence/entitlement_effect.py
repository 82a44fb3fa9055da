"""Whether an entitlement works: growth and leaving of accounts that got one, beside comparable ones that had not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.refusal import Refused
from clvlab.results import Stated, Table
from clvlab.tiers.evidence.comparable import Grid, Sets, comparable
from clvlab.tiers.evidence.ratios import Ratio, mean, ratio, total

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROWTH, BEFORE, LEAVING = "growth", "growth before it was given", "leaving"
# Fewer accounts, or fewer leavings on one side, give no interval worth showing.
_FEWEST, _FEWEST_LEAVINGS = 10, 5
_TWO_TESTS = "Growth and leaving are each tested at 90%: without any effect one of them shows one in five times."


class EntitlementEffect(Stated):
    """What followed an entitlement.

    Attributes
    ----------
    by_month
        DataFrame: by month (0 is the one in which it was got) ratio, lower, upper: the outcome of those who got it over
        that of comparable accounts, both against their own months before.
    balance
        DataFrame: what the accounts were compared by and the outcome before, the mean of both sides, and their
        difference in standard deviations.
    entitlement, outcome, remarks
        What was got, what grew, and what a reader has to know.
    """

    decimals = 2

    def __init__(
        self, frame: pd.DataFrame, by_month: pd.DataFrame, balance: pd.DataFrame, entitlement: str, outcome: str,
        remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame, self.by_month, self.balance = frame, by_month, balance
        self.entitlement, self.outcome, self.remarks = entitlement, outcome, tuple(remarks)
        self.title = f"Accounts that got {entitlement}, against comparable ones that had not (90% intervals)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure.

        Returns
        -------
        DataFrame
            measure, given and comparable (both sides' figure: the outcome after over that before, or leavings a month
            at risk), ratio of the two, lower, upper. The measures: ``growth``; ``growth before it was given``, the
            later half of the months before against the earlier, where nothing can have worked yet; ``leaving``, a
            hazard ratio, missing where fewer than 5 left on either side.
        """
        return self._frame

    @property
    def differed_before(self) -> bool:
        """Whether those who got it already grew otherwise before they did."""
        return _apart(self._of(BEFORE))

    @property
    def finding(self) -> str:
        """What the comparison shows, in sentences."""
        before, growth, leaving = (self._of(name) for name in (BEFORE, GROWTH, LEAVING))
        what = self.outcome.replace("_", " ")
        found = f"After accounts got {self.entitlement}, their {what} grew {_words(growth)} as much as comparable ones'"
        if not np.isnan(leaving.ratio):
            found += f", and they left {_words(leaving)} as often"
        if self.differed_before:
            return (
                f"{found}; but in the months before theirs had already grown {_words(before)} as much: accounts were"
                " chosen that differed, and what followed cannot be put down to it."
            )
        shown = [words for row, words in ((growth, "growth"), (leaving, "leaving")) if _apart(row)]
        effect = f"an effect on {' and '.join(shown)} is shown" if shown else "no effect is shown"
        return f"{found}: {effect}. In the months before theirs had grown alike: {_words(before)} as much."

    def checks(self) -> Table:
        """Return how alike both sides were before."""
        return Table(self.balance, "How alike the accounts were before", 2)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the outcome of those who got it over that of comparable accounts, month by month."""
        from clvlab.tiers.evidence.plots import draw_effect

        return draw_effect(self, ax)

    def _of(self, measure: str) -> Ratio:
        return Ratio(*self._frame.set_index("measure").loc[measure])


def entitlement_effect(
    months: pd.DataFrame,
    alike: Sequence[str],
    near: Sequence[str],
    outcome: str = "orders",
    entitlement: str = "the entitlement",
    before: int = 6,
    after: int = 12,
    neighbours: int = 5,
) -> EntitlementEffect:
    """Compare accounts that got an entitlement with comparable accounts that had not yet, before and after.

    Parameters
    ----------
    months
        One row per account and month, from the account's first to the last month of all (as
        :func:`clvlab.tiers.evidence.account_months.account_months` returns them): customer_id, month
        (:func:`clvlab.periods.period_index`), got (1 from the month in which it got the entitlement, else 0), the
        outcome (0 after it left), at_risk (part of the month in which it could leave), event (1 in the month in which
        it left), and the columns named below.
    alike
        Columns in which comparable accounts are the same, e.g. how they are tied.
    near
        Columns in which they are near each other, e.g. orders of the year before and tenure; an account is left out
        while one is missing.
    outcome
        What may grow: orders, revenue or margin.
    entitlement
        What was got, in words.
    before, after
        Months compared on both sides of the month in which it was got.
    neighbours
        How many comparable accounts stand beside each.

    Returns
    -------
    EntitlementEffect

    Raises
    ------
    Refused
        For missing columns or months, an outcome that does not add up to more than 0, and fewer than 10 accounts that
        got it with that many months around it and comparable accounts beside them.

    Notes
    -----
    A difference in differences of logs. Each account that got it stands beside accounts of the same calendar month,
    alike and near when the ``before`` months began, that had not got it yet; these count until they do. Growth is the
    sum of the outcome after over that before; who left brings 0. The ratio of both sides' growth holds for accounts in
    proportion to their business, and is the entitlement's effect if without it both would have grown alike. Comparing
    with those not yet given, month by month of getting it, keeps accounts given earlier from serving as comparison,
    which biases regressions on all months together.

    A check of the months before misses small differences in trend (Roth 2022); ``remarks`` say what one that cannot be
    ruled out would come to. Intervals allow for the same account in several sets and for members of one set together
    (two-way clustering).

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021), "Difference-in-differences with multiple time periods", Journal of
    Econometrics 225(2): comparison with those not yet given. Goodman-Bacon, A. (2021), "Difference-in-differences with
    variation in treatment timing", Journal of Econometrics 225(2): what else goes wrong. Wooldridge, J. M. (2023),
    "Simple approaches to nonlinear difference-in-differences with panel data", The Econometrics Journal 26(3): in
    ratios. Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011), "Robust inference with multiway clustering",
    Journal of Business & Economic Statistics 29(2). Roth, J. (2022), "Pretest with caution: event-study estimates after
    testing for parallel trends", American Economic Review: Insights 4(3).
    """
    if not near:
        raise Refused("Name at least one column in which comparable accounts are near, such as orders_last_year.")
    if before < 2 or after < 1:
        raise Refused(
            f"before={before} and after={after} leave nothing to compare; give 2 months or more, and 1 or more."
        )
    grid = Grid(months)
    sets = comparable(grid, alike, near, before, after, neighbours)
    number, got = int(sets.given.sum()), int((grid.gets < grid.length).sum())
    if number < _FEWEST:
        raise Refused(
            f"Of {plural(got, 'accounts')} that got {entitlement}, {number:,} have {before} months before it, {after}"
            f" after it and a comparable account beside them; at least {_FEWEST} are needed."
        )
    base = mean(grid, sets, outcome, -before, 0)
    growth = ratio(mean(grid, sets, outcome, 1, after + 1), base, sets)
    half = before // 2
    earlier = ratio(mean(grid, sets, outcome, -half, 0), mean(grid, sets, outcome, -before, -half), sets)
    if np.isnan([growth.ratio, earlier.ratio]).any():
        raise Refused(f"The {outcome} of these accounts does not add up to more than 0; take orders or revenue.")
    leaving, few = _leaving(grid, sets, after)
    remarks = [*_about(sets, got, entitlement, [*alike, *near]), _TWO_TESTS, *few]
    if _apart(growth) and not _apart(earlier):
        remarks.append(_about_trend(earlier, growth, before, after))
    frame = pd.DataFrame([growth, earlier, leaving])
    frame.insert(0, "measure", [GROWTH, BEFORE, LEAVING])
    each = {k: ratio(mean(grid, sets, outcome, k, k + 1), base, sets) for k in range(-before, after + 1)}
    by_month = pd.DataFrame(each.values(), index=pd.Index(each, name="month"))[["ratio", "lower", "upper"]]
    balance = _balance(grid, sets, near, outcome, before)
    return EntitlementEffect(frame, by_month, balance, entitlement, outcome, remarks)


def _leaving(grid: Grid, sets: Sets, after: int) -> tuple[Ratio, list[str]]:
    """Return leavings a month at risk on both sides with their ratio, and a remark where too few left for one."""
    left, at_risk = (total(grid, sets, name, 1, after + 1) for name in ("event", "at_risk"))
    found = ratio(left, at_risk, sets)
    if min(left[side].sum() for side in (sets.given, ~sets.given)) >= _FEWEST_LEAVINGS:
        return found, []
    few = f"Fewer than {_FEWEST_LEAVINGS} left on one side: no hazard ratio is given."
    return found._replace(ratio=np.nan, lower=np.nan, upper=np.nan), [few]


def _balance(grid: Grid, sets: Sets, near: Sequence[str], outcome: str, before: int) -> pd.DataFrame:
    """Return the means of both sides, and how far they are apart."""
    known = {f"{name}, {before} months before": grid.of(name)[sets.account, sets.month - before] for name in near}
    known[f"{outcome} a month, {before} months before"] = mean(grid, sets, outcome, -before, 0)
    rows = []
    for name, values in known.items():
        given, compared = (np.average(values[side], weights=sets.weight[side]) for side in (sets.given, ~sets.given))
        spread = values[sets.given].std(ddof=1)
        rows.append((name, given, compared, (given - compared) / spread if spread > 0 else 0.0))
    return pd.DataFrame(rows, columns=["measure", "given", "comparable", "standardised_difference"])


def _about(sets: Sets, got: int, entitlement: str, compared_by: Sequence[str]) -> list[str]:
    """Say of whom this speaks, and what it cannot know."""
    names = ", ".join(name.replace("_", " ") for name in compared_by)
    remarks = [
        f"Who gets {entitlement} is chosen, and accounts are compared by {names} alone: whatever else moved the choice,"
        " such as a tender ahead, may be what is seen here. Only giving it by lot tells for certain.",
        "Whether they would have left as often without it, the months before cannot show: none had left by then.",
    ]
    if (used := int(sets.given.sum())) < got:
        remarks.append(
            f"It speaks of {used:,} of {plural(got, 'accounts')} that got it: the others had too few months before or"
            " after it, had left, or had no comparable account beside them."
        )
    return remarks


def _about_trend(early_to_late: Ratio, growth: Ratio, before: int, after: int) -> str:
    """Say how much a trend that the months before cannot rule out would make by the months after."""
    # From the middle of the months before to that of those after, in distances between the halves of those before.
    times = (before + after + 2) / before
    lower, upper = early_to_late.lower**times, early_to_late.upper**times
    could = "could" if lower <= growth.ratio <= upper else "could not"
    return (
        "A difference in trend too small to be told in the months before, had it gone on, would by itself make for"
        f" {lower:.2f} to {upper:.2f} times as much growth; it {could} be all that is seen here."
    )


def _apart(found: Ratio) -> bool:
    """Return whether an interval leaves out 1."""
    return found.lower > 1 or found.upper < 1


def _words(found: Ratio) -> str:
    return f"{found.ratio:.2f} times ({found.lower:.2f} to {found.upper:.2f})"
