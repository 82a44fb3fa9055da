"""What calling changes: the effect of a randomised campaign on leaving, by intention to treat."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range
from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable
from clvlab.periods import to_days
from clvlab.refusal import Refused
from clvlab.results import Stated, Table
from clvlab.retention.arms import balance, follow_up, left_within, randomised_arms
from clvlab.retention.estimates import one_each
from clvlab.shrinkage import pool_means

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYONE = "all customers"
_CONFIDENCE, _POWER = 0.9, 0.8
_Z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
_Z_POWER = NormalDist().inv_cdf(_POWER)
_SUSPICIOUS = 0.01  # arms that differ so much by chance in one of a hundred campaigns are worth a question
_COLUMNS = [
    "called", "not_called", "left_called", "left_not_called", "reduction", "lower", "upper", "detectable",
]  # fmt: skip


class CampaignEffect(Stated):
    """How many more customers stay when they are called, over all and by group.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    group_of
        Each customer's group by customer_id; those of the randomised arms alone.
    balance
        From :func:`clvlab.retention.arms.balance`; without rows when nothing known before was given.
    cost
        Mean cost of calling one customer; missing when the records have none.
    months, remarks
        The horizon, and what a reader has to know.

    Examples
    --------
    >>> frame = pd.DataFrame({"group": [EVERYONE], "called": [400], "not_called": [400], "left_called": [0.16],
    ...                       "left_not_called": [0.20], "reduction": [0.04], "lower": [0.01], "upper": [0.07],
    ...                       "detectable": [0.06], "pooled": [0.04], "pooled_lower": [0.01], "pooled_upper": [0.07]})
    >>> CampaignEffect(frame, pd.Series(dtype=str), pd.DataFrame(), 50.0, 9, ()).finding
    'Calling, within 9 months: over all customers, +4.0 of 100 customers kept (+1.0 to +7.0)'
    """

    percent = (
        "left_called", "left_not_called", "reduction", "lower", "upper", "pooled", "pooled_lower", "pooled_upper",
        "detectable",
    )  # fmt: skip

    def __init__(
        self, frame: pd.DataFrame, group_of: pd.Series, balance: pd.DataFrame, cost: float, months: float,
        remarks: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.frame, self.group_of, self.balance, self.cost = frame, group_of, balance, cost
        self.months, self.remarks = months, remarks
        self.title = f"Leaving within {months:g} months of the campaign, called and not called"

    def to_frame(self) -> pd.DataFrame:
        """Return one row over all customers and one per group.

        Returns
        -------
        DataFrame
            group, called and not_called (customers), left_called and left_not_called (shares that left within the
            horizon, by Kaplan-Meier), ``reduction`` (not called less called) with its 90% interval ``lower``,
            ``upper``; ``pooled`` (the group's reduction drawn towards that of the others) with ``pooled_lower``,
            ``pooled_upper``; ``detectable`` (the reduction that so many customers would show with 80% probability).
        """
        return self.frame

    @property
    def shown(self) -> bool:
        """Whether the interval of any effect, over all or of a group, leaves out 0.

        By chance alone that happens in about one of seven campaigns with two groups (``reports/evidence``).
        """
        return bool(_apart_from_nothing(self.frame).any())

    @property
    def finding(self) -> str:
        """What the campaign shows, in one sentence."""
        over_all, shown = self.frame.iloc[0], self.frame[_apart_from_nothing(self.frame)]
        if shown.empty:
            return (
                f"The campaign does not show that calling changes anything: {_kept(over_all)}. {_POWER:.0%} of such"
                f" campaigns would show an effect of {100 * over_all['detectable']:.1f}; a smaller one may be there."
            )
        each = [f"of {group.group}, {_kept(group)}" for _, group in shown[shown["group"] != EVERYONE].iterrows()]
        over = [f"over all customers, {_kept(over_all)}"]
        return f"Calling, within {self.months:g} months: {'; '.join([*over, *each])}"

    def by_group(self) -> Range:
        """Return the pooled reduction of each group."""
        rows = self.frame.set_index("group")
        rows = rows if len(rows) == 1 else rows.drop(index=EVERYONE)
        return Range(rows["pooled"], rows["pooled_lower"], rows["pooled_upper"])

    def checks(self) -> Table:
        """Return how far the arms differ in what was known before the campaign."""
        return Table(self.balance, "How alike the arms were before the campaign", 2)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reductions with their intervals."""
        from clvlab.retention.plots import draw_effect

        return draw_effect(self, ax)


def campaign_effect(
    campaigns: AnyTable,
    spells: pd.DataFrame,
    *,
    before: pd.DataFrame | None = None,
    by: str = "",
    campaign: str = "",
    months: float = 9.0,
) -> CampaignEffect:
    """Estimate what a randomised campaign changed in leaving, by intention to treat.

    Parameters
    ----------
    campaigns
        The table ``campaigns``, as it was known on the as-of date.
    spells
        Time at risk of leaving: customer_id, at_risk_from, at_risk_to (days) and event (1 when it left on that last
        day, else 0); several rows for customers who came back. The first leaving after the campaign began counts.
    before
        customer_id and what was known of customers before the campaign, for the check of the arms.
    by
        The column of ``before`` by whose values the effect is estimated, chosen before looking at the outcome.
    campaign
        campaign_id; may be blank when one campaign alone was randomised.
    months
        How long after the start of the campaign leaving counts.

    Raises
    ------
    Refused
        For a targeted campaign, arms without customers or not followed for so long, and a column that is missing.

    Notes
    -----
    The effect is that of being in the arm to be called, taken up or not. Groups are drawn towards each other by
    :func:`clvlab.shrinkage.pool_means`: of a few groups one always looks best.

    References
    ----------
    Ascarza, E. (2018), "Retention futility: targeting high-risk customers might be ineffective", Journal of Marketing
    Research 55(1).

    Examples
    --------
    >>> campaign = pd.DataFrame({"customer_id": range(200), "campaign_id": "P1", "started_on": "2025-01-01",
    ...                          "arm": ["control", "call"] * 100, "randomised": True, "cost": 50.0})
    >>> left = [int(i % 2 == 0 and i < 100) for i in range(200)]  # half of the control, none of those called
    >>> spells = pd.DataFrame({"customer_id": range(200), "at_risk_from": "2020-01-01", "event": left,
    ...                        "at_risk_to": ["2025-03-01" if gone else "2025-12-31" for gone in left]})
    >>> campaign_effect(campaign, spells).to_frame()["reduction"].round(2).tolist()
    [0.5]
    """
    arms = randomised_arms(campaigns, campaign)
    before = arms[["customer_id"]] if before is None else before
    followed, alike = follow_up(arms, spells), balance(arms, before)
    group_of = pd.Series(EVERYONE, index=arms["customer_id"])
    rows, remarks = [(EVERYONE, *_reduction(followed, months))], _about(arms, followed, alike)
    if by:
        group_of = one_each(before, "before", [by])[by].reindex(arms["customer_id"]).dropna().astype(str)
        for group, members in followed.groupby(followed["customer_id"].map(group_of)):
            try:
                rows.append((str(group), *_reduction(members, months)))
            except Refused as reason:
                remarks.append(f"Group {group} has no effect to estimate: {reason}")
    frame = _pooled(pd.DataFrame(rows, columns=["group", *_COLUMNS]))
    cost = float(arms.loc[arms["called"], "cost"].mean())
    return CampaignEffect(frame, group_of, alike, cost, months, tuple(remarks))


def _reduction(followed: pd.DataFrame, months: float) -> tuple[float, ...]:
    """Return the columns of :data:`_COLUMNS` for some customers of both arms."""
    horizon = to_days(months, "month")
    called, not_called = (
        left_within(arm["time"].to_numpy(), arm["event"].to_numpy() == 1, horizon)
        for arm in (followed[followed["called"]], followed[~followed["called"]])
    )
    error = float(np.sqrt(called.variance + not_called.variance))
    reduction = not_called.share - called.share
    return (called.customers, not_called.customers, called.share, not_called.share, reduction,
            reduction - _Z * error, reduction + _Z * error, (_Z + _Z_POWER) * error)  # fmt: skip


def _pooled(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what each group's reduction becomes when it is drawn towards that of the others."""
    ends = ["reduction", "lower", "upper"]
    found = frame.assign(
        **{f"pooled{end}": frame[name] for end, name in zip(("", "_lower", "_upper"), ends, strict=True)}
    )
    groups = frame["group"] != EVERYONE
    if groups.any():
        part = frame[groups]
        pooled = pool_means(part["reduction"], (part["upper"] - part["lower"]) / (2 * _Z), _CONFIDENCE)
        found.loc[groups, ["pooled", "pooled_lower", "pooled_upper"]] = np.column_stack(
            [pooled.estimate, pooled.lower, pooled.upper]
        )
    return found


def _about(arms: pd.DataFrame, followed: pd.DataFrame, alike: pd.DataFrame) -> list[str]:
    """Return what a reader has to know about who was counted and how alike the arms were."""
    remarks = []
    if new := len(arms) - len(followed):
        remarks.append(f"{plural(new, 'customers')} of the campaign had no spell by the day it began and are left out.")
    before = followed[followed["left_before"]]
    if len(before):
        remarks.append(
            f"{plural(len(before), 'customers')} ({before['called'].sum():,} to be called) had left, by the records,"
            " before the campaign began; they count as left in both arms, for silence is dated back."
        )
    odd = alike[alike["p"] < _SUSPICIOUS]
    if len(odd):
        remarks.append(
            f"Before the campaign the arms differed in {', '.join(odd['measure'])} more than chance explains"
            f" (p = {odd['p'].min():.2g}); ask how the lots were drawn before believing the effect."
        )
    elif len(alike):
        largest = alike["standardised_difference"].abs().max()
        remarks.append(
            f"The arms were alike before the campaign: in {plural(len(alike), 'measures')} they differ by at most"
            f" {largest:.2f} standard deviations, as by chance."
        )
    return remarks


def _apart_from_nothing(frame: pd.DataFrame) -> pd.Series:
    return (frame["pooled_lower"] > 0) | (frame["pooled_upper"] < 0)


def _kept(row: pd.Series) -> str:
    """Return an effect in words."""
    kept, low, high = (100 * row[name] for name in ("pooled", "pooled_lower", "pooled_upper"))
    return f"{kept:+.1f} of 100 customers kept ({low:+.1f} to {high:+.1f})"
