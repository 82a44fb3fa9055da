"""From a service indicator through measured satisfaction to leaving and orders: the chain, beside the direct effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from clvlab.refusal import Refused
from clvlab.satisfaction.responses.customer_months import CustomerMonths, Floats
from clvlab.satisfaction.responses.kpis import CONFOUNDERS, TERMS
from clvlab.satisfaction.responses.latent_leaving import latent_leaving
from clvlab.satisfaction.responses.order_rate import order_rate
from clvlab.satisfaction.responses.responses import Response, ServiceResponses

_GAIN, _LOSS, _ANSWERED = "satisfaction_gain", "satisfaction_loss", "survey_answered"
_FEWEST_LEAVINGS, _LEAVINGS_EACH = 10, 5


class ResponseToSatisfaction(NamedTuple):
    """What one point of ten more of measured satisfaction does to the log hazard of leaving and the log order rate."""

    leaving: Response
    orders: Response


def response_to_satisfaction(months: CustomerMonths) -> ResponseToSatisfaction:
    """Return what a point of measured satisfaction does to leaving and orders.

    Parameters
    ----------
    months
        Customers by months, with the covariates of the surveys.

    Notes
    -----
    Of the last answer known before the month: points above what was expected and points below it have a slope each
    (Kahneman and Tversky's asymmetry), and a point more is a point less of loss for those below and one more of gain
    for the others, averaged over customer-months with an answer. Service is not held fixed, since satisfaction stands
    for it here: the chain takes all of service's effect to go through satisfaction.

    Survey answers are one respondent's, rounded, and up to a survey round old: the slope is drawn towards 0 by the
    reliability of the answer (see :mod:`clvlab.satisfaction.measures` for the scales').

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": ["a"], "length": [1.0], "unseen": [0.0]})
    >>> response_to_satisfaction(CustomerMonths(frame, pd.Series([1.0], ["a"]), {})).leaving.needs
    'measured satisfaction: no survey answers in the records'
    """
    frame = months.frame
    if _GAIN not in frame or not frame[_ANSWERED].any():
        nothing = Response(np.nan, np.nan, "measured satisfaction: no survey answers in the records")
        return ResponseToSatisfaction(nothing, nothing)
    spread = frame.select_dtypes("number").std()
    asked = [name for name in (_GAIN, _LOSS, _ANSWERED) if spread[name] > 0]
    below = float((frame.loc[frame[_ANSWERED] > 0, _LOSS] > 0).mean())
    weights = np.array([{_GAIN: 1 - below, _LOSS: -below, _ANSWERED: 0.0}[name] for name in asked])
    present = [name for name in CONFOUNDERS if name in frame and spread[name] > 0]
    try:
        first = latent_leaving(months, [name for name in present if name in TERMS])
        confounders = present[: int(first.leavings // _LEAVINGS_EACH)]
        fit = latent_leaving(months, [*asked, *confounders], [name for name in confounders if name not in TERMS])
        leaving = _weighted(weights, fit.params[asked].to_numpy(), fit.covariance.loc[asked, asked].to_numpy())
        if fit.leavings < _FEWEST_LEAVINGS:
            leaving = Response(np.nan, np.nan, f"{fit.leavings:.0f} leavings tell no effect of satisfaction on leaving")
        ordered = order_rate(months, fit.there, asked)
        orders = _weighted(weights, ordered.params.to_numpy(), ordered.covariance.to_numpy())
    except Refused as refusal:
        nothing = Response(np.nan, np.nan, str(refusal))
        return ResponseToSatisfaction(nothing, nothing)
    return ResponseToSatisfaction(leaving, orders)


def through_satisfaction(
    satisfaction: Mapping[str, Response], response: ResponseToSatisfaction
) -> dict[str, tuple[Response, Response]]:
    """Return what one point of each indicator does to leaving and orders by way of satisfaction.

    Parameters
    ----------
    satisfaction
        By indicator: points of ten of satisfaction per point felt that goes well.
    response
        From :func:`response_to_satisfaction`.

    Returns
    -------
    dict
        By indicator: the response of leaving and of orders; errors are those of a product (Goodman 1960).

    References
    ----------
    Goodman, L. A. (1960), "On the exact variance of products", Journal of the American Statistical Association 55(292).

    Examples
    --------
    >>> felt = {"on_time_delivery": Response(0.05, 0.01)}
    >>> found = through_satisfaction(felt, ResponseToSatisfaction(Response(-0.2, 0.05), Response(0.02, 0.01)))
    >>> round(found["on_time_delivery"][0].estimate, 4), round(found["on_time_delivery"][0].error, 4)
    (-0.01, 0.0032)
    """
    return {kpi: (_product(one, response.leaving), _product(one, response.orders)) for kpi, one in satisfaction.items()}


def chained(direct: ServiceResponses, chain: Mapping[str, tuple[Response, Response]]) -> ServiceResponses:
    """Return the responses through satisfaction in place of the direct ones, for all that takes those."""
    absent = Response(np.nan, np.nan, "its effect on satisfaction is not told")
    pairs = {kpi: chain.get(kpi, (absent, absent)) for kpi in direct.leaving}
    return replace(
        direct,
        leaving={kpi: pair[0] for kpi, pair in pairs.items()},
        orders={kpi: pair[1] for kpi, pair in pairs.items()},
        title="What one point more that goes well, as felt, does to leaving and orders through satisfaction",
    )


def _product(one: Response, other: Response) -> Response:
    if not (one.told and other.told):
        return Response(np.nan, np.nan, one.needs or other.needs)
    variance = (one.estimate * other.error) ** 2 + (other.estimate * one.error) ** 2 + (one.error * other.error) ** 2
    return Response(one.estimate * other.estimate, float(np.sqrt(variance)))


def _weighted(weights: Floats, params: Floats, covariance: Floats) -> Response:
    return Response(float(weights @ params), float(np.sqrt(weights @ covariance @ weights)))
