"""The plan that earns most under a budget, scarce capacity and least levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clvlab.refusal import Refused
from clvlab.service_level.allocation.allocation import Allocation
from clvlab.service_level.allocation.conflicts import conflict
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.programme import best_plan
from clvlab.service_level.allocation.terms import Terms


def allocate(
    options: Options,
    budget: float | None = None,
    limits: Mapping[str, float] | None = None,
    minimums: Sequence[Minimum] = (),
) -> Allocation:
    """Return the plan, one option of each group, with the largest expected net worth that keeps all terms.

    Parameters
    ----------
    options
        What can be done for each group.
    budget
        Most that may be spent beyond today within the horizon, in expectation and discounted; a yearly budget times
        ``options.years``. None for as much as pays. It may be negative: then so much must be saved.
    limits
        By resource, how much of it may be used beyond today.
    minimums
        Least levels: contracts' and tiers'.

    Returns
    -------
    Allocation
        The optimum of an integer programme, solved to the end by HiGHS: no other plan earns more. Where options of a
        group earn the same, the one that costs less is taken.

    Raises
    ------
    Refused
        When no plan keeps all terms: the sentence names terms that conflict and what would resolve it.

    References
    ----------
    Sinha, P. and Zoltners, A. A. (1979), "The multiple-choice knapsack problem", Operations Research 27(3);
    Huangfu, Q. and Hall, J. A. J. (2018), "Parallelizing the dual revised simplex method", Mathematical Programming
    Computation 10(1), for HiGHS.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> levels = pd.DataFrame({"group": ["A", "A", "B", "B"], "on_time_delivery": [0.9, 0.95, 0.9, 0.95]})
    >>> today = pd.DataFrame({"on_time_delivery": [0.9, 0.9]}, index=["A", "B"])
    >>> choice = Options(levels, today, gains=np.array([[0, 50.0, 0, 30.0]]), costs=np.array([[0, 20.0, 0, 20.0]]))
    >>> allocate(choice, budget=25).to_frame()[["group", "on_time_delivery", "net"]].values.tolist()
    [['A', 0.95, 30.0], ['B', 0.9, 0.0]]
    """
    terms = Terms(budget, limits or {}, tuple(minimums))
    plan = best_allocation(options, terms)
    if plan is None:
        found = conflict(options, terms)
        raise Refused(found.sentence if found else "No plan keeps all terms.")
    return plan


def best_allocation(options: Options, terms: Terms) -> Allocation | None:
    """Return the plan with the largest expected net worth, None when none keeps the terms."""
    chosen = best_plan(terms.programme(options), options.net.mean(axis=0))
    return None if chosen is None else Allocation(options, chosen, terms, "the largest expected net worth")
