"""Who of the customers that left comes back, when, and what goes with it: a survival model of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.churn.curves.survival import SurvivalCurve, survival_curve
from clvlab.churn.hazards.cox.model import cox
from clvlab.features.tables import need_columns
from clvlab.periods import epoch_days, parse_date, to_periods
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.shrinkage import jeffreys_interval, pool_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.churn.hazards.cox.fit import CoxFit

MONTHS = (3, 6, 12)
# Returns count as over when so many customers stayed away for twice as long as the latest return took.
_ENOUGH = 20
ALL = "all"


@dataclass(frozen=True, repr=False, eq=False)
class Returns(Remarked):
    """Who comes back, from :func:`returns`.

    Attributes
    ----------
    title
        How many left and how many came back.
    frame
        One row per group and number of months, all customers first: ``group``, ``left``, ``came_back`` (so far),
        ``months``, ``share`` (probability to come back within them), ``lower``, ``upper``.
    curve
        Share still away by months since leaving, of all customers.
    curves
        The same by group; None without groups.
    fit
        Hazard ratios of coming back; None without covariates.
    remarks
        Whether returns are over, and how to read the numbers, in sentences.
    """

    title: str = field()  # no default, unlike the base class
    frame: pd.DataFrame
    curve: SurvivalCurve
    curves: SurvivalCurve | None
    fit: CoxFit | None
    remarks: tuple[str, ...]
    percent = ("share", "lower", "upper")

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame``."""
        return self.frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that has come back by months since leaving."""
        from clvlab.churn.plots.returns import draw_returns

        return draw_returns(self, ax)


def absences(leavings: pd.DataFrame, as_of: dt.date | str, offers: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the time that customers were away: what :func:`returns` is estimated from.

    Parameters
    ----------
    leavings
        One row per leaving: ``customer_id``, ``ended_on`` (missing rows still run and are left out), ``came_back_on``
        (missing while away) and, where leaving was noticed only later, ``called_on``. Other columns are kept; they must
        have been known when the customer left.
    as_of
        The last day known.
    offers
        Offers to come back: ``customer_id``, ``offered_on`` and, when they differ, ``offer`` (a number, such as their
        value). After the day of an offer a customer's row has the latest ``offer``, before it 0: an offer cannot work
        before it is made, and who was away long had more time to get one.

    Returns
    -------
    DataFrame
        ``entry``, ``duration`` (months of 365.25/12 days since the customer was called lost, or since it left where
        that is known at once), ``event`` (1 when it ended in a return), with the columns given, ``absence`` (a number
        per leaving) and ``offer`` when there are offers: one row per absence, or per part of it. Who came back before
        it was called lost is no customer lost. Customers who order often are called sooner and come back more often:
        counted from the day they left, the first months would speak of them alone.

    Raises
    ------
    Refused
        When columns or a date are missing, or a customer came back before it left.

    Examples
    --------
    >>> leavings = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "ended_on": pd.to_datetime(["2024-01-01", "2024-06-01"]),
    ...     "came_back_on": pd.to_datetime(["2024-04-01", None]),
    ... })
    >>> absences(leavings, "2024-12-31")[["duration", "event"]].round(1).values.tolist()
    [[3.0, 1.0], [7.0, 0.0]]
    """
    need_columns(leavings.columns, ["customer_id", "ended_on", "came_back_on"])
    day = pd.Timestamp(parse_date(as_of))
    away = leavings[leavings["ended_on"] <= day].reset_index(drop=True)
    back = away["came_back_on"].where(away["came_back_on"] <= day)
    if (back < away["ended_on"]).any():
        who = away["customer_id"][back < away["ended_on"]].iloc[0]
        raise Refused(f"Customer {who} came back before it left; look at its ended_on and came_back_on.")
    called = away["called_on"].fillna(away["ended_on"]) if "called_on" in away.columns else away["ended_on"]
    since = called.clip(lower=away["ended_on"])
    frame = away.assign(
        absence=range(len(away)),
        since=since,
        entry=0,
        duration=epoch_days(back.fillna(day)) - epoch_days(since),
        event=back.notna().astype(int),
    )
    frame = frame[frame["duration"] >= 0]
    if offers is not None:
        frame = _with_offers(frame, offers)
    frame[["entry", "duration"]] = to_periods(frame[["entry", "duration"]].astype(float), "month")
    return frame.drop(columns="since").reset_index(drop=True)


def returns(
    absences: pd.DataFrame,
    covariates: Sequence[str] = (),
    offer: str | None = None,
    by: str | None = None,
    months: Sequence[float] = MONTHS,
    confidence: float = 0.9,
) -> Returns:
    """Estimate who comes back: how many within some months, of which group, and what goes with coming back sooner.

    Parameters
    ----------
    absences
        From :func:`absences`, or any spells whose event is a return and whose ages are months since leaving.
    covariates
        Numeric columns for a Cox model of returns, known when the row begins.
    offer
        The covariate that is ours to choose, such as ``"offer"``: it is added to the others.
    by
        A column of groups, such as ``"cause"``.
    months
        Within how many months.
    confidence
        Of all intervals.

    Raises
    ------
    Refused
        For absences that cannot be, as :func:`clvlab.churn.survival_curve` and :func:`clvlab.churn.cox`.

    Notes
    -----
    Shares are Kaplan-Meier's. Those of groups are drawn towards each other by the beta-binomial model, the more the
    fewer customers a group has; a group counts for as many customers followed throughout as would give its variance.
    One not followed long enough gets the common share and a wide interval.

    That some never come back makes the curve level out. Its level is called settled when follow-up beyond the latest
    return is as long as the time up to it (after Maller, R. A. and Zhou, S. (1996), "Survival Analysis with Long-Term
    Survivors", chapter 4), with at least 20 customers still away.

    Examples
    --------
    >>> away = pd.DataFrame({"duration": [2.0, 4.0] + [30.0] * 38, "event": [1, 1] + [0] * 38})
    >>> returns(away).to_frame()[["months", "share"]].round(3).values.tolist()
    [[3.0, 0.025], [6.0, 0.05], [12.0, 0.05]]
    """
    names = [*covariates, *([offer] if offer else [])]
    curve = survival_curve(absences, confidence=confidence)
    curves = survival_curve(absences, by=by, confidence=confidence) if by else None
    parts = [_within(absences, curve, months, confidence).assign(group=ALL)]
    if curves is not None:
        parts.append(_within(absences, curves, months, confidence, by))
    left, back = _count(absences), int(absences["event"].sum())
    frame = pd.concat(parts, ignore_index=True)[["group", "left", "came_back", "months", "share", "lower", "upper"]]
    fit = cox(absences, names, confidence=confidence) if names and back else None
    remarks = [*_silences(absences, left), *curve.remarks, _settled(absences, curve)]
    if fit is not None:
        remarks += [*fit.diagnostics_["remarks"]]  # type: ignore[misc]
    if names and not back:
        remarks.append("Nobody came back, so nothing tells what goes with coming back.")
    if offer:
        remarks.append(
            f"{offer} was not drawn at random: who was offered more may have been likelier to come back anyway. Its"
            " hazard ratio says what went together; what an offer changes only a random draw of offers tells."
        )
    title = f"Who comes back: {back:,} of {left:,} leavings so far, with {confidence:.0%} intervals"
    return Returns(title, frame, curve, curves, fit, tuple(remarks))


def _with_offers(frame: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Return absences in days, cut after each offer."""
    need_columns(offers.columns, ["customer_id", "offered_on"])
    made = offers[["customer_id", "offered_on"]].assign(offer=offers["offer"] if "offer" in offers.columns else 1.0)
    made = frame[["customer_id", "absence", "ended_on", "since", "entry", "duration"]].merge(made, on="customer_id")
    made["from"] = epoch_days(made["offered_on"]) - epoch_days(made["since"])
    made = made[(made["offered_on"] >= made["ended_on"]) & (made["from"] < made["duration"])]
    starts = pd.concat(
        [
            frame[["absence"]].assign(begin=frame["entry"], offer=0.0),
            made[["absence", "offer"]].assign(begin=made[["from", "entry"]].max(axis=1)),
        ]
    )
    # The latest offer of a day, and of those made before observation began, holds.
    starts = starts.sort_values(["absence", "begin"], kind="stable").drop_duplicates(["absence", "begin"], keep="last")
    parts = starts.merge(frame, on="absence").sort_values(["absence", "begin"], ignore_index=True)
    until = parts.groupby("absence")["begin"].shift(-1)
    return parts.assign(
        entry=parts["begin"],
        duration=until.fillna(parts["duration"]),
        event=parts["event"].where(until.isna(), 0),
    ).drop(columns="begin")


def _count(absences: pd.DataFrame) -> int:
    """Return the number of leavings; an absence in several parts is one."""
    return int(absences["absence"].nunique()) if "absence" in absences.columns else len(absences)


def _within(
    absences: pd.DataFrame, curve: SurvivalCurve, months: Sequence[float], confidence: float, by: str | None = None
) -> pd.DataFrame:
    """Return the probability to come back within some months, with its interval, by group."""
    rows = []
    groups = [(ALL, absences)] if by is None else list(absences.groupby(by, observed=True))
    at = curve.at(months)
    for within in months:
        found = at[at["time"] == within]
        if by is not None:
            found = found.set_index("group").loc[[group for group, _ in groups]]
        share = 1 - found["survival"].to_numpy()
        followed = np.array([_followed(members, within) for _, members in groups])
        size = _effective(share, found["standard_error"].to_numpy(), followed)
        returned = np.where(size > 0, share * size, 0.0)
        if len(groups) == 1 or not size.any():
            lower, upper = jeffreys_interval(returned, size, confidence)
        else:
            pooled = pool_rates(returned, size, confidence)
            share, lower, upper = pooled.estimate, pooled.lower, pooled.upper
        for place, (group, members) in enumerate(groups):
            rows.append(
                {
                    "group": group,
                    "left": _count(members),
                    "came_back": int(members["event"].sum()),
                    "months": within,
                    "share": share[place],
                    "lower": lower[place],
                    "upper": upper[place],
                }
            )
    return pd.DataFrame(rows).sort_values("group", kind="stable")


def _followed(absences: pd.DataFrame, within: float) -> int:
    """Return of how many absences it is known whether they ended in a return by then."""
    return _count(absences[(absences["duration"] >= within) | (absences["event"] == 1)])


def _effective(share: np.ndarray, error: np.ndarray, followed: np.ndarray) -> np.ndarray:
    """Return how many customers, all followed, would give a share its error; 0 where the share is unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = share * (1 - share) / error**2
    return np.where(np.isnan(share), 0.0, np.where(np.isnan(size), followed, size))


def _silences(absences: pd.DataFrame, left: int) -> list[str]:
    """Return how many leavings were only inferred, and what that does to returns."""
    if "called_on" not in absences.columns:
        return []
    called = _count(absences[absences["called_on"] - absences["ended_on"] > pd.Timedelta(days=1)])
    if not called:
        return []
    return [
        f"{called:,} of {left:,} leavings are silences that were called: some of these customers had not left, and"
        " their next order counts as a return."
    ]


def _settled(absences: pd.DataFrame, curve: SurvivalCurve) -> str:
    """Return whether returns are over, in a sentence."""
    back = absences["event"] == 1
    if not back.any():
        return "Nobody has come back so far."
    latest = float(absences["duration"][back].max())
    stayed = _count(absences[(absences["duration"] >= 2 * latest) & ~back])
    if stayed < _ENOUGH:
        return (
            f"The latest return took {latest:.1f} months, and {stayed:,} customers were followed for twice as long: too"
            " few to say that nobody comes back later."
        )
    never = curve.at([latest]).iloc[0]
    return (
        f"The latest return took {latest:.1f} months; {stayed:,} customers stayed away for twice as long or more. So"
        f" {never['survival']:.0%} ({never['lower']:.0%} to {never['upper']:.0%}) never come back."
    )
