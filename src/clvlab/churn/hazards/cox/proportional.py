"""Whether hazards are proportional: does a covariate's effect stay the same over a customer's life?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import chi2

from clvlab.churn.hazards.cox.partial_likelihood import RiskSets
from clvlab.refusal import Refused
from clvlab.results import Result

if TYPE_CHECKING:
    from clvlab.churn.hazards.cox.design import Fitted
    from clvlab.churn.spells import Floats

TRANSFORMS = ("km", "identity", "log", "rank")
# A covariate with at most this many values makes strata.
_FEW_VALUES = 5


@dataclass(frozen=True, repr=False, eq=False)
class ProportionalHazards(Result):
    """The check that effects do not change with age.

    Attributes
    ----------
    frame
        ``covariate`` (``all together`` in the last row), ``statistic``, ``df``, ``p_value``, and ``over_time``:
        whether the hazard ratio rises or falls over a customer's life.
    advice
        What to do about it, in a sentence.
    transform
        The scale of age.
    """

    frame: pd.DataFrame
    advice: str
    transform: str

    @property
    def title(self) -> str:  # type: ignore[override]
        """Return the advice, which says what the table means."""
        return self.advice

    def to_frame(self) -> pd.DataFrame:
        """Return the tests."""
        return self.frame


def proportional_hazards(fitted: Fitted, transform: str, confidence: float) -> ProportionalHazards:
    """Return score tests of effects that change along a line on a scale of age.

    Therneau, T. M. (survival 3.0, 2019): the exact score test, with the information of the model that is extended by
    each covariate times its age, in place of the approximation of Grambsch, P. M. and Therneau, T. M. (1994),
    "Proportional hazards tests and diagnostics based on weighted residuals", Biometrika 81.
    """
    finite = fitted.maximum.endless == 0
    names = [name for name, has in zip(fitted.names(), finite, strict=True) if has]
    if not names:
        raise Refused("No covariate has a finite coefficient whose course over age could be checked.")
    risk = fitted.likelihood.risk
    age = _scaled_age(fitted, transform)
    age = age - age[risk.position].mean()
    if np.abs(age).max() == 0:
        raise Refused("All events happened at one age, so that no effect can be seen to change with age.")
    # Infinite coefficients are held where they are, as a known part of the log hazard.
    here, at = fitted.likelihood, fitted.maximum.coefficients
    held = here.offset + here.x[:, ~finite] @ at[~finite]
    evaluation = replace(here, x=here.x[:, finite], offset=held).at(at[finite])
    score = age[risk.position] @ evaluation.residuals
    shared = evaluation.information(age)
    own = evaluation.information(age**2) - shared @ np.linalg.solve(evaluation.information(), shared)
    statistics = score**2 / np.diag(own)
    together = float(score @ np.linalg.pinv(own, rcond=1e-10, hermitian=True) @ score)
    degrees = [1] * len(names) + [len(names)]
    p_values = chi2.sf([*statistics, together], degrees)
    frame = pd.DataFrame(
        {
            "covariate": [*names, "all together"],
            "statistic": [*statistics, together],
            "df": degrees,
            "p_value": p_values,
            "over_time": [*np.where(score > 0, "rises", "falls"), ""],
        }
    )
    few = {name: len(np.unique(x)) <= _FEW_VALUES for name, x in zip(names, here.x[:, finite].T, strict=True)}
    return ProportionalHazards(frame, _advice(frame, few, 1 - confidence), transform)


def _scaled_age(fitted: Fitted, transform: str) -> Floats:
    """Return each position's age on the scale named."""
    time = fitted.likelihood.risk.time
    if transform == "identity":
        return time
    if transform == "log":
        if time.min() <= 0:
            raise Refused("An event happened at age 0, which has no logarithm; use transform 'km' or 'rank'.")
        return np.log(time)
    if transform == "rank":
        exits = np.sort(fitted.spells.exit)
        return (np.searchsorted(exits, time, side="left") + 1 + np.searchsorted(exits, time, side="right")) / 2
    if transform == "km":
        pooled = RiskSets.of(fitted.spells, np.zeros(len(fitted.spells), dtype=np.int64))
        stay = 1 - pooled.events / pooled.at_risk(np.ones(len(fitted.spells)))
        just_before = np.concatenate([[1.0], np.cumprod(stay)[:-1]])
        return 1 - just_before[np.searchsorted(pooled.times, time)]
    raise Refused(f"There is no transform {transform!r}; use one of {', '.join(TRANSFORMS)}.")


def changing(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the rows of covariates whose effect changes, as many tests as there are allowed for.

    References
    ----------
    Holm, S. (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2).
    """
    single = frame.iloc[:-1]
    p_values = np.sort(single["p_value"])
    holds = p_values >= level / np.arange(len(p_values), 0, -1)
    rejected = int(np.argmax(holds)) if holds.any() else len(p_values)
    return single[single["p_value"] < (p_values[rejected] if rejected < len(p_values) else np.inf)]


def found_in_words(frame: pd.DataFrame, level: float) -> str:
    """Return what changes with age, or that nothing does; ends without advice only where there is something."""
    together, rows = float(frame["p_value"].iloc[-1]), changing(frame, level)
    if len(rows):
        each = ", ".join(f"{row.covariate} {row.over_time} (p = {row.p_value:.2g})" for row in rows.itertuples())
        return f"Not proportional: with age the hazard ratio of {each}. What stands is an average;"
    if together >= level:
        return f"Nothing speaks against proportional hazards (all together p = {together:.2g})."
    return f"Effects change with age (all together p = {together:.2g}), none by itself: fit early and late apart."


def _advice(frame: pd.DataFrame, few: dict[str, bool], level: float) -> str:
    """Return in words what changes with age and what to do about it."""
    found, rows = found_in_words(frame, level), changing(frame, level)
    if rows.empty:
        return found
    stratify = ", ".join(name for name in rows["covariate"] if few[name])
    bend = ", ".join(name for name in rows["covariate"] if not few[name])
    remedies = [f"stratify by {stratify} (strata=)"] if stratify else []
    if bend:
        remedies.append(f"cut spells at some duration and add {bend} times being beyond it")
    return f"{found} {' and '.join(remedies)}."
