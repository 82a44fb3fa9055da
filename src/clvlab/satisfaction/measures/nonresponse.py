"""Who does not answer, and what the score would be if the silent were as their accounts' facts suggest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable
from clvlab.refusal import Refused
from clvlab.results import Remarked, Table
from clvlab.satisfaction.answers import Answers, answers
from clvlab.satisfaction.known_before import with_known
from clvlab.satisfaction.leave_one_out import Floats, leave_one_out, margin, mean
from clvlab.satisfaction.ordered_logit import OrderedLogit, ordered_logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FACTS = (
    "orders", "contract_running", "tenure_years", "failures_mean", "enquiries_late", "neglect", "ties_structural",
    "ties_social", "volume_trend", "complaints",
)  # fmt: skip
ALL_WAVES = "all waves"
# No answer speaks for more than so many invitations beyond what the mean answer speaks for.
HEAVIEST = 4.0
ACCOUNTS_PER_FACT = 10
_ROLE = "role: "


class Nonresponse(Remarked):
    """The overall score as answered and weighted for who did not answer, by wave, and who answers.

    Attributes
    ----------
    fit
        The logit of answering; None where it could not be told.
    weights
        By invitation answered with an overall score: weight, mean 1.
    remarks
        What a reader has to know.
    """

    decimals = 2
    percent = ("answered_share",)

    def __init__(
        self, frame: pd.DataFrame, who: pd.DataFrame, fit: OrderedLogit | None, weights: pd.Series,
        remarks: Sequence[str],
    ) -> None:  # fmt: skip
        self._frame, self._who, self.fit, self.weights, self.remarks = frame, who, fit, weights, tuple(remarks)
        self.title = (
            "Overall satisfaction as answered and weighted for who did not answer, points of ten (90% intervals)"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per wave and one for all.

        Returns
        -------
        DataFrame
            wave, invited, answers (with an overall score), answered_share, ``score`` (as answered), ``weighted``,
            ``shift`` (weighted less answered), each with _lower and _upper.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        return self._frame[
            [
                "wave", "invited", "answered_share", "score", "score_lower", "score_upper", "weighted",
                "weighted_lower", "weighted_upper", "shift",
            ]
        ]  # fmt: skip

    def who(self) -> Table:
        """Return what makes an answer likelier: fact, ``odds_ratio`` per unit with lower and upper, p_value."""
        return Table(self._who, "What makes an answer likelier (odds ratios, 90% intervals)", 3)

    @property
    def finding(self) -> str:
        """How many answer, and whether weighting for it changes the score."""
        row = self._frame.set_index("wave").loc[ALL_WAVES]
        start = f"{row['answered_share']:.0%} of those asked answered"
        if np.isnan(row["weighted"]):
            return f"{start}; who did is not told apart from who did not"
        moved = f"from {row['score']:.2f} to {row['weighted']:.2f}"
        return f"{start}; weighting for who they are moves overall satisfaction {moved} points of ten"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both scores by wave."""
        from clvlab.satisfaction.measures.plots import draw_nonresponse

        return draw_nonresponse(self, ax)

    def _repr_html_(self) -> str:
        return super()._repr_html_() + self.who()._repr_html_()


def nonresponse(
    surveys: AnyTable | Answers,
    known: pd.DataFrame,
    as_of: str | dt.date,
    facts: Sequence[str] = FACTS,
    profile: pd.DataFrame | None = None,
) -> Nonresponse:
    """Show who answers surveys, and weight the answers so that they stand for all who were asked.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them: also the invitations nobody answered.
    known
        customer_id, month and facts as they were known when the month opened, such as the frame of
        :func:`clvlab.satisfaction.known_before.known_before`.
    as_of
        The last day known.
    facts
        Columns of ``known``, the most important first.
    profile
        Kinds of customers by customer_id, such as region and size_class: each becomes a level against the commonest.

    Returns
    -------
    Nonresponse

    Raises
    ------
    Refused
        When nobody gave an overall score.

    Notes
    -----
    A logit of answering on these facts and the respondent's role gives each answer the weight of one over its
    probability, brought to mean 1 and cut at 4 (Lee et al. 2011: a few huge weights cost more than the bias they
    remove). Weighting removes what the facts tell. Where the dissatisfied keep silent whatever their account looks
    like, both scores are too high, and nothing in the answers shows it.

    References
    ----------
    Little, R. J. A. (1986), "Survey nonresponse adjustments for estimates of means", International Statistical Review
    54(2). Lee, B. K., Lessler, J. and Stuart, E. A. (2011), "Weight trimming and propensity score weighting", PLoS ONE
    6(3).

    Examples
    --------
    >>> nonresponse(tables["surveys"], known.frame, as_of).finding           # doctest: +SKIP
    """
    asked = answers(surveys, as_of)
    remarks = list(asked.remarks)
    invited = asked.invitations.reset_index()
    invited["answers"] = asked.invitations["overall"].notna().to_numpy()
    if not invited["answers"].any():
        raise Refused(f"Nobody gave an overall score by {asked.as_of}; it needs overall in surveys.")
    fit, who, weights = None, pd.DataFrame(columns=["fact", "odds_ratio", "lower", "upper", "p_value"]), None
    try:
        fit, chance = _chance_to_answer(invited, known, facts, profile, remarks)
    except Refused as refusal:
        remarks.append(f"Who answers is not told: {refusal}")
    else:
        who = _odds(fit)
        weights = _weights(invited["answers"], chance, remarks)
    invited["weight"] = np.nan if weights is None else weights
    parts = [*invited.groupby("wave"), (ALL_WAVES, invited)]
    frame = pd.DataFrame([{"wave": wave, **_scores(part)} for wave, part in parts])
    whole = frame.iloc[-1]
    if np.isnan(whole["score_lower"]):
        remarks.append("No interval for the score: all answers are the same, or of one account.")
    silent = 1 - whole["answered_share"]
    if silent:
        known_alike = "For" if weights is None else "Weights know accounts, not moods: for"
        than = "those that answer" if weights is None else "accounts like them that answer"
        remarks.append(
            f"{known_alike} each point by which the silent are less satisfied than {than}, the score of all would be"
            f" {silent:.2f} points lower."
        )
    answered = invited[invited["answers"]].set_index("invitation")["weight"]
    return Nonresponse(frame, who, fit, answered, remarks)


def _chance_to_answer(
    invited: pd.DataFrame,
    known: pd.DataFrame,
    facts: Sequence[str],
    profile: pd.DataFrame | None,
    remarks: list[str],
) -> tuple[OrderedLogit, Floats]:
    """Return the logit of answering, and each invitation's probability; missing where nothing was known."""
    rows = with_known(invited, known)
    design = rows[[name for name in facts if name in rows]].astype(float)
    roles = pd.get_dummies(rows["respondent_role"], dtype=float).add_prefix(_ROLE)
    design = pd.concat([design, roles.loc[:, roles.mean() < roles.mean().max()]], axis=1)
    if profile is not None:
        kinds = profile.reindex(rows["customer_id"]).fillna("unknown").astype(str).set_axis(rows.index)
        levels = pd.get_dummies(kinds, dtype=float, prefix_sep=": ")
        commonest = [f"{name}: {kinds[name].mode().iloc[0]}" for name in kinds]
        design = pd.concat([design, levels.drop(columns=commonest)], axis=1)
    design = design.loc[:, design.max() > design.min()]
    most = rows["customer_id"].nunique() // ACCOUNTS_PER_FACT
    left_out = list(design.columns[most:])
    if left_out:
        names = ", ".join(name.replace("_", " ") for name in left_out)
        remarks.append(f"Too few accounts were asked for these facts, which are left out: {names}.")
    design = design.iloc[:, :most]
    if design.empty:
        raise Refused("it needs more accounts, or facts that differ between them.")
    fit = ordered_logit(rows["answers"].astype(float), design, rows["customer_id"])
    chance = expit(design.to_numpy() @ fit.params_.to_numpy() - fit.thresholds_[0])
    return fit, pd.Series(chance, rows["invitation"]).reindex(invited["invitation"]).to_numpy()


def _odds(fit: OrderedLogit) -> pd.DataFrame:
    """Return odds ratios, the surest first."""
    from scipy.stats import t

    reach = margin(fit.accounts) * fit.standard_errors_
    ratio = (fit.params_ / fit.standard_errors_).abs()
    frame = pd.DataFrame(
        {
            "odds_ratio": np.exp(fit.params_), "lower": np.exp(fit.params_ - reach),
            "upper": np.exp(fit.params_ + reach), "p_value": 2 * t.sf(ratio, fit.accounts - 1),
        }
    )  # fmt: skip
    return frame.sort_values("p_value", kind="stable").rename_axis("fact").reset_index()


def _weights(answered: pd.Series, chance: Floats, remarks: list[str]) -> Floats:
    """Return weights of answers, mean 1 and none above four; 1 where nothing was known of the customer."""
    weight = np.where(answered, 1 / chance, np.nan)
    unknown = int((answered & np.isnan(chance)).sum())
    weight = np.where(answered & np.isnan(weight), np.nanmean(weight), weight)
    weight = weight / np.nanmean(weight)
    cut = int((weight > HEAVIEST).sum())
    weight = np.minimum(weight, HEAVIEST)
    if unknown:
        remarks.append(f"Weighed as the mean: {plural(unknown, 'answers')} of customers of whom nothing was known.")
    if cut:
        remarks.append(f"{plural(cut, 'weights')} above {HEAVIEST:g} are cut to that.")
    return weight / np.nanmean(weight)


def _scores(part: pd.DataFrame) -> dict[str, float]:
    """Return counts, both scores and their difference, with intervals."""
    given = part[part["answers"]]
    count = {"invited": len(part), "answers": len(given), "answered_share": len(given) / len(part)}
    ones, score, weight = np.ones(len(given)), given["overall"].to_numpy(), given["weight"].to_numpy()
    sums = np.column_stack([score, ones, weight * score, weight])
    found = {
        "score": leave_one_out(given["customer_id"], sums[:, :2], mean),
        "weighted": leave_one_out(given["customer_id"], sums[:, 2:], mean),
        "shift": leave_one_out(given["customer_id"], sums, lambda s: mean(s[..., 2:]) - mean(s[..., :2])),
    }
    ends = {
        f"{name}{end}": value
        for name, one in found.items()
        for end, value in (("", one.value), ("_lower", one.lower), ("_upper", one.upper))
    }
    return {**count, **ends}
