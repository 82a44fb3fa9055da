"""Purchase and renewal models: what their authors print."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvlab.clv import BGBB, BGNBD, ParetoNBD, ShiftedBetaGeometric
from clvlab.clv.models.histories import read_histories
from clvlab.clv.models.purchases import PurchaseModel
from clvlab.validation.check import PURCHASES, RENEWALS, Check
from clvlab.validation.published.printed import printed_checks

# Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing Science
# 29(6): donors by number of gifts and year of the last one, of six years.
_DONORS = {
    (0, 0): 3464, (1, 1): 1091, (1, 2): 277, (1, 3): 129, (1, 4): 78, (1, 5): 119, (1, 6): 129, (2, 2): 613,
    (2, 3): 255, (2, 4): 155, (2, 5): 173, (2, 6): 234, (3, 3): 322, (3, 4): 181, (3, 5): 225, (3, 6): 357,
    (4, 4): 240, (4, 5): 284, (4, 6): 512, (5, 5): 335, (5, 6): 728, (6, 6): 1203,
}  # fmt: skip
# Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1): contracts left
# after each renewal.
_COHORTS = {
    "regular": ((1000, 631, 468, 382, 326, 289, 262, 241), ("0.704", "1.182", "-1680.265")),
    "high end": ((1000, 869, 743, 653, 593, 551, 517, 491), ("0.668", "3.806", "-1611.158")),
}
_SIX_YEARS, _NEXT_YEARS = 6, 5


def checks() -> list[Check]:
    """Return every printed figure of purchase and renewal models, beside ours.

    Examples
    --------
    >>> checks()[0].checked, checks()[0].figure, checks()[0].expected
    ('BG/BB on 11,104 donors: alpha', '1.204', '1.204')
    """
    return [*_donations(), *_cdnow(), *_renewals()]


def _donations() -> list[Check]:
    frame = pd.DataFrame([*_DONORS], columns=["frequency", "recency"]).assign(T=_SIX_YEARS, donors=[*_DONORS.values()])
    fit = BGBB().fit(frame, weights="donors")
    total = float(fit.expected_purchases(frame, horizon=_NEXT_YEARS) @ frame["donors"])
    texts = ("1.204", "0.750", "0.657", "2.783", "-33225.581", "12884.2")
    ours = (*fit.params_, fit.log_likelihood_, total)
    names = (*fit.params_.index, "log-likelihood", "gifts expected in the next five years")
    printed = dict(zip(names, zip(texts, ours, strict=True), strict=True))
    return printed_checks(PURCHASES, "BG/BB on 11,104 donors", "Fader, Hardie & Shang (2010)", printed)


def _cdnow() -> list[Check]:
    """Return what is expected of single customers at the parameters printed for CDNOW."""
    bought = _expected(BGNBD(), (0.2426, 4.4135, 0.7929, 2.4258), (2, 30.43, 38.86), horizon=39)[1]
    alive, ahead = _expected(ParetoNBD(), (0.5533, 10.578, 0.6062, 11.668), (26, 30.86, 31), horizon=52)
    return [
        *printed_checks(PURCHASES, "BG/NBD at CDNOW's parameters", "Fader, Hardie & Lee (2005)",
                        {"purchases expected in 39 weeks": ("1.226", bought)}),
        *printed_checks(PURCHASES, "Pareto/NBD at CDNOW's parameters", "Fader & Hardie (2005)",
                        {"purchases expected in 52 weeks": ("25.46", ahead), "probability alive": ("0.9979", alive)}),
    ]  # fmt: skip


def _expected(
    model: PurchaseModel, parameters: tuple[float, ...], history: tuple[float, float, float], horizon: float
) -> tuple[float, float]:
    """Return one customer's probability alive and expected purchases, at given parameters."""
    histories = read_histories(pd.DataFrame([history], columns=["frequency", "recency", "T"]))
    given = tuple(np.array(value) for value in parameters)
    alive = float(model.probability_alive(histories, given)[0])
    return alive, alive * float(model.purchases_if_alive(histories, given, horizon)[0])


def _renewals() -> list[Check]:
    found = []
    for cohort, (survivors, texts) in _COHORTS.items():
        fit = ShiftedBetaGeometric().fit(survivors)
        ours = (*fit.params_, fit.log_likelihood_)
        printed = dict(zip(("alpha", "beta", "log-likelihood"), zip(texts, ours, strict=True), strict=True))
        found += printed_checks(RENEWALS, f"shifted beta-geometric, {cohort}", "Fader & Hardie (2007)", printed)
    return found
