"""What acting on a customer truly brings in a simulated market: its future with and without the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.true_profit import by_customer
from clvlab.simulate import leaving
from clvlab.simulate.future import Future

if TYPE_CHECKING:
    from clvlab.simulate.calendar import Floats
    from clvlab.simulate.world import World

# What a call does to customers of a type; to those of the third it does nothing.
ANSWERS = {1: "campaign_persuadable", 2: "campaign_disturbed"}


class Acted(Future):
    """The market's true expected future if every customer were acted on today and answered alike.

    Parameters
    ----------
    world
        The market.
    months
        Over which margin counts.
    seed
        Of the paths: the same seed gives the same orders, failures, contacts, prices and rivals, whatever is done.
    answer
        One of :data:`ANSWERS`; blank when nobody is acted on.
    """

    def __init__(self, world: World, months: int, seed: int, answer: str = "") -> None:
        super().__init__(world, rng=np.random.default_rng(seed), horizons=(months,))
        self.answer = answer
        self.run()
        self.margin = (self.totals[f"discounted_margin_{months}"] - self.totals[f"discounted_contacts_{months}"]).mean(
            axis=0
        )

    def _covariates(self, month: int) -> dict[str, Floats]:
        known = super()._covariates(month)
        if self.answer and month - self.last < leaving.CAMPAIGN_MONTHS:
            known |= {name: np.full(len(self.world), float(name == self.answer)) for name in ANSWERS.values()}
        return known


def true_gain(world: World, months: int, seed: int) -> pd.DataFrame:
    """Return the margin that acting on each customer brings within some months, discounted, before its cost.

    Returns
    -------
    DataFrame
        By customer_id: ``gain``, expected over the types of customers of the same tie, priority and retention level,
        by which the market draws them; ``gain_by_tie``, over those of the same tie, which is all that a campaign told
        by tie can know; ``margin`` without acting.
    """
    population = world.population
    tie = population.contract_month < world.calendar.months
    alike = pd.MultiIndex.from_arrays([tie, population.priority, population.retention])
    left_alone = Acted(world, months, seed).margin
    gain, gain_by_tie = np.zeros(len(world)), np.zeros(len(world))
    for kind, answer in ANSWERS.items():
        of_kind = pd.Series((population.campaign_type == kind).astype(float))
        brought = Acted(world, months, seed, answer).margin - left_alone
        gain += of_kind.groupby(alike).transform("mean").to_numpy() * brought
        gain_by_tie += of_kind.groupby(tie).transform("mean").to_numpy() * brought
    columns = {"gain": gain, "gain_by_tie": gain_by_tie, "margin": left_alone}
    return pd.DataFrame({name: by_customer(world, values) for name, values in columns.items()})
