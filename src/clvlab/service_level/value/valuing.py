"""From responses, values and risks to what service is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clvlab.features.panel.service import PRIOR_ORDERS
from clvlab.refusal import Refused
from clvlab.satisfaction.responses.believed import believed
from clvlab.satisfaction.responses.customer_months import Floats
from clvlab.satisfaction.responses.kpis import BY_NAME, FELT_MONTHS, KINDS_OF_FAILURE, Kpi
from clvlab.satisfaction.responses.responses import Response, ServiceResponses
from clvlab.service_level.value.accounts import accounts
from clvlab.service_level.value.cells import Ahead, cells_of
from clvlab.service_level.value.service_value import ServiceValue
from clvlab.shrinkage import NINETY, pool_rates

_HUNDRED, _LEAST = 100, 1e-12
# How far effects on the log hazard and the log order rate scatter around none, per point felt and per late answer:
# about what is published (7% more leave per point of failures), so that noise cannot pass for a large effect.
_LEAVING_SPREAD, _ORDERS_SPREAD = {False: 0.10, True: 0.50}, {False: 0.05, True: 0.25}
_FIVE, _NINETY_FIVE = 0.05, 0.95


def service_value(
    responses: ServiceResponses,
    values: pd.DataFrame,
    total: Floats,
    failures: Mapping[str, pd.DataFrame],
    groups: pd.Series,
    ahead: Ahead,
    satisfaction: Mapping[str, Response] | None = None,
    satisfaction_today: pd.Series | None = None,
    fixed: float = 0.0,
    draws: int = 400,
    seed: int = 1,
) -> ServiceValue:
    """Return what customers are worth, order and risk under other levels of service.

    Parameters
    ----------
    responses
        What one point does to leaving and orders: direct, or through satisfaction (:mod:`.chain`).
    values
        By customer_id: ``value``, ``value_lower``, ``value_upper`` (90%): discounted margin within the horizon.
    total
        Draws of what all of them are worth together; how far they scatter says what error the accounts share.
    failures
        By indicator, a frame by customer_id of the last 365 days: ``opportunities``, ``failures``, ``shrunk`` (share of
        failures drawn towards that of all), from :func:`clvlab.features.service.levels.failure_shares` and
        :func:`~clvlab.service_level.value.accounts.answered_late`.
    groups
        Group (such as the tier) by customer_id.
    ahead
        Horizon, discount rate and growth that the values were made with.
    satisfaction
        By indicator, what one point felt does to overall satisfaction (points of ten).
    satisfaction_today
        Mean overall satisfaction by group, points of ten.
    fixed
        What serving customers costs however much they order, as a share of what they are worth.
    draws, seed
        Number and seed of the draws.

    Raises
    ------
    Refused
        When no indicator's effect is told, or no valued customer has a group.

    Notes
    -----
    Effects are drawn towards none as if they scattered around it by 0.10 in the log hazard per point felt (0.50 per
    late answer) and by half as much in the log order rate: where the records tell an effect, that changes next to
    nothing, and where they do not, noise cannot pass for a large one. Kinds of failure of an order (late, damaged, not
    carried out) are told together (:func:`~clvlab.satisfaction.responses.believed.believed`): a rare kind goes along
    with the others as far as the records do not set it apart. Draws are normal and independent between leaving,
    orders, worth and the level of risk, whose relative error is that of a count of so many leavings. An indicator of
    which only one effect is told counts with that one; the remarks say so. Worth has an error that all accounts share
    and one of each account's own, so that together they scatter as ``total`` does. Groups respond alike but for chance:
    each has a factor on every response that scatters by 0.7 over the root of its number of customers.
    """
    rng = np.random.default_rng(seed)
    fit = responses.fit
    remarks = []
    kpis = []
    for kpi in (BY_NAME[name] for name in failures):
        told = {"leaving": responses.leaving[kpi.name], "orders": responses.orders[kpi.name]}
        absent = [name for name, one in told.items() if not one.told]
        if absent:
            why = "; ".join(dict.fromkeys(told[name].needs for name in absent))
            remarks.append(f"{kpi.label.capitalize()}: no effect is told on {' and '.join(absent)}: {why}.")
        if len(absent) < len(told):
            kpis.append(kpi)
    if fit is None or not kpis:
        raise Refused(" ".join(remarks) or "The records tell the effect of no service indicator.")
    known = accounts(values, responses.months, fit, groups)
    names = tuple(str(name) for name in known["group"].unique())
    service, today = {}, {}
    for kpi in kpis:
        service[kpi.name], today[kpi.name] = _served(kpi, failures[kpi.name], known)
    own = float((known["value_error"] ** 2).sum())
    low, high = np.quantile(total, [_FIVE, _NINETY_FIVE])
    spread = max(((high - low) / (2 * NINETY)) ** 2 - own, 0.0)
    common = float(np.sqrt(spread)) / max(abs(float(np.median(total))), _LEAST)
    level, risk = rng.standard_normal((2, draws))
    leaving = _drawn(kpis, responses.leaving, _LEAVING_SPREAD, draws, rng)
    ordering = _drawn(kpis, responses.orders, _ORDERS_SPREAD, draws, rng)
    satisfied = satisfaction or {}
    return ServiceValue(
        groups=names,
        kpis=tuple(leaving),
        today=pd.DataFrame(today).reindex(list(names)),
        draws=draws,
        leaving=leaving,
        ordering=ordering,
        risk=np.exp(risk / np.sqrt(max(fit.leavings, 1.0))),
        satisfaction={name: satisfied[name].draws(rng.standard_normal(draws)) for name in leaving if name in satisfied},
        satisfaction_today={} if satisfaction_today is None else satisfaction_today.to_dict(),
        cells={
            name: cells_of(known[known["group"].astype(str) == name], service, common, level, ahead, rng)
            for name in names
        },
        fixed=fixed,
        remarks=tuple(remarks),
    )


def _drawn(
    kpis: Sequence[Kpi], responses: Mapping[str, Response], spread: Mapping[bool, float], draws: int,
    rng: np.random.Generator,
) -> dict[str, Floats]:  # fmt: skip
    """Return draws of what each indicator's point does, as believed; 0 where nothing is told."""
    told = [kpi for kpi in kpis if responses[kpi.name].told]
    kinds = [kpi for kpi in told if kpi.name in KINDS_OF_FAILURE]
    found = {kpi.name: np.zeros(draws) for kpi in kpis}
    for together in ([kinds] if kinds else []) + [[kpi] for kpi in told if kpi not in kinds]:
        mean, covariance = believed([responses[kpi.name] for kpi in together], spread[together[0].counted])
        drawn = rng.multivariate_normal(mean, covariance, draws, method="eigh").T
        found |= {kpi.name: values for kpi, values in zip(together, drawn, strict=True)}
    return found


def _served(kpi: Kpi, counted: pd.DataFrame, known: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return each account's share of failures and what a point of it becomes as felt, and each group's level today.

    The shares of a group's accounts, drawn towards the common one, are scaled so that together they are the group's.
    """
    found = counted.reindex(known.index)
    number, failed = (found[name].fillna(0.0) for name in ("opportunities", "failures"))
    group = known["group"].astype(str)
    pooled = pool_rates(failed.groupby(group).sum(), number.groupby(group).sum())
    rate = pd.Series(pooled.estimate, sorted(group.unique()))
    share = found["shrunk"].fillna(group.map(rate))
    together = (share * number).groupby(group).sum() / number.groupby(group).sum().clip(lower=1.0)
    scale = (rate / together.where(together > 0)).fillna(1.0)
    share = (share * group.map(scale)).clip(upper=1.0)
    if kpi.counted:
        # One point is one in a hundred of what was asked in the months that count.
        felt = number * (kpi.months / 12) / _HUNDRED
    else:
        n = FELT_MONTHS * known["orders"]
        felt = n / (n + PRIOR_ORDERS)
    return pd.DataFrame({"share": share, "felt": felt}), 1 - rate
