"""The cautious plan: the one whose net worth is best where things go badly, and what that caution costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.service_level.allocation.allocate import allocate
from clvlab.service_level.allocation.allocation import Allocation
from clvlab.service_level.allocation.bad_draws import best_in_bad_draws, low
from clvlab.service_level.allocation.minimums import Minimum
from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.wording import amounts


class Caution(Result):
    """The plan that earns most on average beside the one that earns most in bad draws.

    Attributes
    ----------
    average, cautious
        The two plans.
    share
        Share of draws that count as bad, 0.1 for the 10th percentile.
    draws
        How many draws the cautious plan was chosen by.
    remarks
        How it was found.
    """

    decimals = 0
    fold = False

    def __init__(self, average: Allocation, cautious: Allocation, share: float, draws: int, way: str) -> None:
        self.average, self.cautious, self.share, self.draws = average, cautious, share, draws
        self.remarks = (way,)
        currency = average.options.currency
        self.title = "What caution costs" + (f", {currency}" if currency else "")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per plan: plan, cost, net (mean), low (the percentile), low_elsewhere.

        ``net`` and ``low`` are over the draws that the cautious plan was chosen by; ``low_elsewhere`` is the percentile
        over the others, on which no plan was fitted; missing where there are none.
        """
        rows = []
        for name, plan in (("largest on average", self.average), ("cautious", self.cautious)):
            net, others = plan.net_draws[: self.draws], plan.net_draws[self.draws :]
            elsewhere = float(low(others, self.share)) if len(others) else float("nan")
            rows.append((name, plan.cost, float(net.mean()), float(low(net, self.share)), elsewhere))
        return pd.DataFrame(rows, columns=["plan", "cost", "net", "low", "low_elsewhere"])

    @property
    def given_up(self) -> float:
        """Mean net worth given up by the cautious plan."""
        net = self.to_frame()["net"]
        return float(net[0] - net[1])

    @property
    def gained(self) -> float:
        """By how much the percentile is higher under the cautious plan."""
        lows = self.to_frame()["low"]
        return float(lows[1] - lows[0])

    @property
    def finding(self) -> str:
        """The price of caution in a sentence."""
        if not self.gained > 0:
            return "Caution changes nothing: the plan that earns most on average also earns most in bad draws"
        text = amounts(max(self.given_up, self.gained), self.average.options.currency)
        return (
            f"Caution gives up {text(self.given_up)} on average for {text(self.gained)} more at the "
            f"{100 * self.share:.0f}th percentile"
        )


def allocate_cautiously(
    options: Options,
    budget: float | None = None,
    limits: Mapping[str, float] | None = None,
    minimums: Sequence[Minimum] = (),
    share: float = 0.1,
    draws: int = 150,
) -> Caution:
    """Return the plan with the largest low percentile of total net worth over draws, and what it gives up.

    Parameters
    ----------
    options, budget, limits, minimums
        As of :func:`~clvlab.service_level.allocation.allocate.allocate`; the budget is kept in expectation.
    share
        Share of draws that count as bad; the percentile is the largest number that at most this share of the draws lie
        below (NumPy's ``inverted_cdf``).
    draws
        How many draws to choose by, the first ones; time grows with them.

    Returns
    -------
    Caution
        No plan has a larger percentile over these draws. Where few plans can still be best, all are tried, else an
        integer programme is solved to the end; the remark says which.

    Raises
    ------
    Refused
        As ``allocate``, and when there are too few draws for the percentile.

    References
    ----------
    Luedtke, J. and Ahmed, S. (2008), "A sample approximation approach for optimization with probabilistic
    constraints", SIAM Journal on Optimization 19(2).
    """
    if not 0 < share < 1:
        raise Refused(f"share = {share:g} must lie between 0 and 1, e.g. 0.1 for the 10th percentile.")
    average = allocate(options, budget, limits, minimums)
    used = min(draws, len(options.gains))
    if used * share < 1:
        raise Refused(
            f"The {100 * share:.0f}th percentile needs {np.ceil(1 / share):.0f} draws or more; the options have {used}."
        )
    chosen, way = best_in_bad_draws(average.terms.programme(options), options.net[:used], share, average.chosen)
    aim = f"the largest {100 * share:.0f}th percentile of net worth"
    return Caution(average, Allocation(options, chosen, average.terms, aim, (way,)), share, used, way)
