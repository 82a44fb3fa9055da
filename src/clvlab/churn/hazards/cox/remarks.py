"""What a reader should know before the numbers of a Cox model, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from clvlab.churn.hazards.cox.design import Fitted
from clvlab.churn.hazards.cox.estimates import Covariances

# With fewer events for each covariate intervals are too narrow: Peduzzi, P. et al. (1995), "Importance of events per
# independent variable in proportional hazards regression analysis II", Journal of Clinical Epidemiology 48.
_EVENTS_PER_COVARIATE = 10
# When more than half of those at risk leave at one age, Efron's ties draw hazard ratios towards 1: of 95% intervals 94%
# held the truth with half of 200 customers leaving in their first month, 78% with 70% of them, 35% with 85%.
_CROWD = 0.5
_SHARE_IN_CROWDS = 0.1
# Share of the longest duration that nobody was observed from the beginning of.
_UNSEEN = 0.01


def remarks_on(
    fitted: Fitted, dropped: Mapping[int, list[int]], covariances: Covariances, errors: str
) -> tuple[str, ...]:
    """Return the remarks on a fit.

    Parameters
    ----------
    dropped
        Covariates without a coefficient of their own, each with those that make it up.
    errors
        The name of robust errors where intervals go by them.
    """
    sentences = [*_without_coefficient(fitted, dropped), *_without_end(fitted)]
    coefficients = len(fitted.names())
    if not fitted.maximum.converged:
        sentences.append("The search for the maximum did not converge: do not use these numbers.")
    if errors and covariances.clusters <= coefficients:
        sentences.append(
            f"Clusters ({covariances.clusters}) are too few for robust errors of {coefficients} coefficients: there are"
            " no intervals."
        )
    events = int(fitted.spells.event.sum())
    if events < _EVENTS_PER_COVARIATE * coefficients:
        sentences.append(
            f"Fewer than {_EVENTS_PER_COVARIATE} events for each coefficient ({events} for {coefficients}): intervals"
            " are too narrow."
        )
    crowded = _share_in_crowds(fitted)
    if crowded > _SHARE_IN_CROWDS:
        sentences.append(
            f"{crowded:.0%} of those who left did so when more than half of all at risk left at once: hazard ratios are"
            " drawn towards 1, and intervals miss that; give finer dates or use the monthly model."
        )
    first = float(fitted.spells.entry.min())
    if first > _UNSEEN * fitted.spells.exit.max():
        sentences.append(f"Nobody was observed before age {first:.3g}: survival is that of customers who got there.")
    return tuple(sentences)


def _without_coefficient(fitted: Fitted, dropped: Mapping[int, list[int]]) -> Iterator[str]:
    names = fitted.design.covariates
    for column, others in dropped.items():
        if others:
            parts = ", ".join(names[other] for other in others)
            yield f"{names[column]} is made up of {parts}, so it has no effect of its own."
        elif fitted.design.scale[column] == 0:
            yield f"{names[column]} is the same in all rows, so its effect cannot be estimated."
        else:
            yield f"{names[column]} is the same for all who are at risk together, so its effect cannot be estimated."


def _without_end(fitted: Fitted) -> Iterator[str]:
    ways = zip(fitted.names(), fitted.maximum.endless, strict=True)
    endless = [f"{name} ({'up' if way > 0 else 'down'})" for name, way in ways if way]
    if endless:
        yield (
            f"{', '.join(endless)} sets those who left wholly apart from those who stayed: the hazard ratio has no"
            " finite estimate, only a bound (by the likelihood, which takes rows as independent)."
        )


def _share_in_crowds(fitted: Fitted) -> float:
    """Return the share of events that were together with more than half of those at risk."""
    risk = fitted.likelihood.risk
    crowded = (risk.events > 1) & (risk.events > _CROWD * risk.at_risk(np.ones(len(risk.first))))
    return float(risk.events[crowded].sum() / risk.events.sum())
