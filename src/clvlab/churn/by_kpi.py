"""Which failures drive customers away: each service indicator in turn, in place of all failures together."""

from __future__ import annotations

import pandas as pd

from clvlab.churn.customer_churn import Churn
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.features.panel import panel
from clvlab.features.panel.service import ALL_FAILURES, FAMILIES
from clvlab.refusal import Refused
from clvlab.results import Table

_WHICH = ("sustained", "worst month", "last month")


def effects_by_kpi(found: Churn) -> Table:
    """Return by how much a percentage point more of each kind of failure raises the monthly hazard.

    Parameters
    ----------
    found
        Who is leaving.

    Returns
    -------
    Table
        One row per indicator and way of failing (sustained over six months; worst month above that mean; last month
        against it): kpi, failing, hazard_ratio, lower, upper (90%), p_value. Indicators fail together, so each is
        looked at by itself, beside all that has nothing to do with orders carried out: these are not parts of a whole.

    Raises
    ------
    Refused
        When the records show no service indicator.
    """
    base = found.base
    detailed = panel(base.records.tables, found.spells, base.as_of, base.window_start, FAMILIES)
    service = {one.name for family in FAMILIES for one in family.covariates}
    others = [name for name in found.prospects.fit.hazard_ratios_["covariate"] if name not in service]
    months = detailed.frame.join(found.panel.frame[others])
    parts = []
    for family in FAMILIES:
        names = [one.name for one in family.covariates if one.name in detailed.covariates]
        if len(names) != len(_WHICH) or not (detailed.frame[names].std() > 0).all():
            continue
        ratios = monthly_hazard(months, [*names, *others], confidence=0.9).hazard_ratios_
        kpi = "all failures" if family is ALL_FAILURES else detailed.covariates[names[0]].label.split(" of ")[0]
        parts.append(ratios[ratios["covariate"].isin(names)].assign(kpi=kpi, failing=_WHICH))
    if not parts:
        raise Refused("Needs service indicators: due and actual times, damage or completion in shipments.")
    columns = ["kpi", "failing", "hazard_ratio", "lower", "upper", "p_value"]
    return Table(
        pd.concat(parts, ignore_index=True)[columns],
        "Monthly hazard of leaving per percentage point more of each failure (hazard ratio, 90% interval)",
    )
