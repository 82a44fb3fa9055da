"""Small choices of service levels, and their best plan by trying every one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from clvlab.service_level.allocation.options import Options
from clvlab.service_level.allocation.terms import Terms

KPI = "on_time_delivery"


def choice(costs: list[list[float]], gains: list[list[float]], uses: list[list[float]] | None = None) -> Options:
    """Options of groups A, B, ... at levels 90%, 91%, ...; today is the first. One number per group and option."""
    names = [chr(ord("A") + group) for group in range(len(costs))]
    levels = pd.concat(
        [
            pd.DataFrame({"group": name, KPI: 0.9 + 0.01 * np.arange(len(own))})
            for name, own in zip(names, costs, strict=True)
        ],
        ignore_index=True,
    )
    return Options(
        levels,
        pd.DataFrame({KPI: 0.9}, index=names),
        np.concatenate(gains, axis=-1)[None, :] if np.ndim(gains[0]) == 1 else np.concatenate(gains, axis=1),
        np.concatenate(costs)[None, :],
        pd.DataFrame({"road": np.concatenate(uses)}) if uses else pd.DataFrame(),
    )


def every_plan(options: Options, terms: Terms) -> list[np.ndarray]:
    """Every plan that keeps the terms."""
    programme = terms.programme(options)
    own = [np.flatnonzero(options.code == group) for group in range(len(options.groups))]
    return [np.array(plan) for plan in product(*own) if programme.fits(np.array(plan))]


@st.composite
def choices(draw: st.DrawFn, draws: int = 1) -> Options:
    """Up to three groups of up to four options, with whole numbers, costs and gains of either sign."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))

    def numbers(low: int, high: int) -> list[list[float]]:
        return [draw(st.lists(st.integers(low, high).map(float), min_size=n, max_size=n)) for n in sizes]

    gains = [np.array([numbers(-20, 60)[group] for _ in range(draws)]) for group in range(len(sizes))]
    return choice(numbers(-10, 30), gains, numbers(-5, 10))
