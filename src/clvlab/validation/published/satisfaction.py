"""The ordered logit: what R's polr prints of how satisfied tenants are with their housing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from clvlab.satisfaction.ordered_logit import ordered_logit
from clvlab.validation.check import SATISFACTION, Check
from clvlab.validation.published.printed import printed_checks

# Madsen (1976), as MASS::housing: tenants of Copenhagen by contact with others (low, high), kind of house (tower,
# apartment, atrium, terrace), influence felt on the management and satisfaction (low, medium, high; turning fastest).
_TENANTS = (
    21, 21, 28, 34, 22, 36, 10, 11, 36, 61, 23, 17, 43, 35, 40, 26, 18, 54, 13, 9, 10, 8, 8, 12, 6, 7, 9, 18, 6, 7,
    15, 13, 13, 7, 5, 11, 14, 19, 37, 17, 23, 40, 3, 5, 23, 78, 46, 43, 48, 45, 86, 15, 25, 62, 20, 23, 20, 10, 22, 24,
    7, 10, 21, 57, 23, 13, 31, 21, 13, 5, 6, 13,
)  # fmt: skip
_SOURCE = "R's MASS, Venables & Ripley (2002)"


def checks() -> list[Check]:
    """Return every printed figure of the ordered logit, beside ours.

    Examples
    --------
    >>> checks()[0].figure, checks()[0].expected
    ('0.5664', '0.5664')
    """
    levels = pd.DataFrame(product(range(2), range(4), range(3), range(3)), columns=["contact", "house", "say", "score"])
    tenants = levels.loc[np.repeat(levels.index, _TENANTS)].reset_index(drop=True)
    covariates = pd.DataFrame(
        {
            "influence, medium": tenants["say"] == 1,
            "influence, high": tenants["say"] == 2,
            "apartment": tenants["house"] == 1,
            "atrium": tenants["house"] == 2,
            "terrace": tenants["house"] == 3,
            "contact, high": tenants["contact"] == 1,
        }
    ).astype(float)
    fit = ordered_logit(tenants["score"].astype(float), covariates, pd.Series(tenants.index))
    texts = ("0.5664", "1.2888", "-0.5724", "-0.3662", "-1.0910", "0.3603")
    printed = {name: (text, float(fit.params_[name])) for name, text in zip(covariates, texts, strict=True)}
    printed |= {
        "threshold, low to medium": ("-0.4961", float(fit.thresholds_[0])),
        "threshold, medium to high": ("0.6907", float(fit.thresholds_[1])),
        "residual deviance": ("3479.149", -2 * fit.log_likelihood_),
    }
    return printed_checks(SATISFACTION, "ordered logit, 1,681 tenants", _SOURCE, printed)
