"""Who comes back on an offer made once: returns where customers were at risk only in the month of the offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clvlab.churn.hazards.monthly.fit import MonthlyHazard
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.spells import Floats, numbers
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.shrinkage import pool_rates

# With more different offers than this each is rare, and they are shown in thirds.
_MOST_OFFERS = 8
_THIRDS = 3


@dataclass(frozen=True, repr=False, eq=False)
class WinBack(Remarked):
    """Who accepted, from :func:`win_back`.

    Attributes
    ----------
    title
        How many offers were made and accepted.
    frame
        One row per offer, or range of offers: ``offer``, ``offers`` (how many were made), ``accepted``, ``share``,
        ``lower``, ``upper``; shares are drawn towards each other where offers are few.
    fit
        Hazard ratios of coming back in the month of the offer.
    remarks
        How to read the numbers, in sentences.
    """

    title: str = field()  # no default, unlike the base class
    frame: pd.DataFrame
    fit: MonthlyHazard
    remarks: tuple[str, ...]
    percent = ("share", "lower", "upper")

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame``."""
        return self.frame

    def probability(self, offers: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
        """Return the probability that each customer comes back on an offer.

        Parameters
        ----------
        offers
            One row per offer with the columns that were fitted (``months_away``, the offer, the covariates).
        seed
            Of the draws of the estimates that intervals are taken from.

        Returns
        -------
        DataFrame
            ``probability``, ``lower``, ``upper`` on the index of ``offers``.
        """
        panel = _panel(offers)
        tail = (1 - self.fit.confidence) / 2
        lower, upper = np.quantile(self.fit.draw_hazard(panel, seed=seed), [tail, 1 - tail], axis=0)
        found = {"probability": self.fit.hazard(panel).to_numpy(), "lower": lower, "upper": upper}
        return pd.DataFrame(found, index=offers.index)


def win_back(
    answers: pd.DataFrame, covariates: Sequence[str] = (), offer: str = "offer", confidence: float = 0.9
) -> WinBack:
    """Estimate who comes back on an offer, from offers made once to each lost customer.

    Where the days of leaving, offers and returns are known, :func:`clvlab.churn.returns.returns` answers more. Win-back
    files often hold one offer per customer and whether it was accepted: nothing was to be seen of a customer before
    its offer, so the months before are no time at risk, and a curve of returns over them would mostly show when offers
    were made.

    Parameters
    ----------
    answers
        One row per customer: ``customer_id``, ``months_away`` (months between leaving and the offer), the offer (a
        number, such as its value), ``accepted`` (0 or 1) and covariates, which must have been known with the offer.
    covariates
        Numeric columns beside ``months_away`` and the offer.
    offer
        The offer's column.
    confidence
        Of all intervals.

    Raises
    ------
    Refused
        For missing columns or values, a covariate that was filled in after the answer, and when all or none accepted.

    Notes
    -----
    Complementary log-log regression: the monthly hazard of returning, over the one month of the offer. Its hazard
    ratios compare with those of :func:`~clvlab.churn.returns.returns`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> offers = pd.DataFrame({"customer_id": range(600), "months_away": rng.uniform(0, 6, 600)})
    >>> offers["offer"] = rng.choice([20.0, 30.0], 600)
    >>> chance = 1 - np.exp(-np.exp(-1.5 + 0.05 * offers["offer"] - 0.3 * offers["months_away"]))
    >>> found = win_back(offers.assign(accepted=(rng.random(600) < chance).astype(int)))
    >>> bool(abs(found.fit.params_["offer"] - 0.05) < 0.05)
    True
    """
    need_columns(answers.columns, ["customer_id", "accepted"])
    names = [offer, "months_away", *covariates]
    accepted = numbers(answers, "accepted")
    if not np.isin(accepted, (0, 1)).all():
        raise Refused("Column 'accepted' holds something else than 0 and 1; give 1 where the customer came back.")
    for name in names:
        _need_known_with_the_offer(name, numbers(answers, name), accepted == 1)
    fit = monthly_hazard(_panel(answers), names, season=False, age_knots=(), confidence=confidence)
    remarks = (
        f"{offer} says what went together with coming back; what an offer changes only a random draw of offers tells.",
        *fit.remarks,
    )
    title = f"Who comes back on an offer: {int(accepted.sum()):,} of {len(answers):,}, {confidence:.0%} intervals"
    return WinBack(title, _by_offer(answers[offer], accepted, confidence), fit, remarks)


def _panel(offers: pd.DataFrame) -> pd.DataFrame:
    """Return offers as customer-months: the one that begins with the offer."""
    away = numbers(offers, "months_away")
    panel = offers.assign(entry=away, duration=away + 1)
    return panel.assign(event=offers["accepted"]) if "accepted" in offers.columns else panel


def _need_known_with_the_offer(name: str, values: Floats, accepted: np.ndarray) -> None:
    """Refuse a column with one value for all who gave one answer and none of the others: it was filled in later."""
    for some, others, answer in (
        (values[~accepted], values[accepted], "declined"),
        (values[accepted], values[~accepted], "accepted"),
    ):
        if len(some) and len(others) and np.ptp(some) == 0 and np.ptp(others) > 0 and not (others == some[0]).any():
            raise Refused(
                f"{name} is {some[0]:g} for all who {answer} and for nobody else: it was filled in after the answer and"
                " would foretell what it knows; leave it out."
            )


def _by_offer(offer: pd.Series, accepted: Floats, confidence: float) -> pd.DataFrame:
    """Return the share that accepted, by offer."""
    groups = offer if offer.nunique() <= _MOST_OFFERS else pd.qcut(offer, _THIRDS, duplicates="drop").astype(str)
    counts = pd.Series(accepted, index=offer.index).groupby(groups).agg(["size", "sum"])
    pooled = pool_rates(counts["sum"], counts["size"], confidence)
    return pd.DataFrame(
        {
            "offer": counts.index,
            "offers": counts["size"].to_numpy(),
            "accepted": counts["sum"].to_numpy(dtype=int),
            "share": pooled.estimate,
            "lower": pooled.lower,
            "upper": pooled.upper,
        }
    )
