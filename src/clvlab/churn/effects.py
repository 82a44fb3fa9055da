"""What raises the risk of leaving and by how much, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clvlab.churn.hazards.hazard_fit import HazardFit
from clvlab.features.panel import Panel
from clvlab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 14
HAZARD = "monthly hazard"


class Effects(Result):
    """Hazard ratios of the panel's covariates, with what each means.

    Parameters
    ----------
    fit
        A model of the hazard, fitted to the panel.
    panel
        It tells what each covariate is.
    """

    decimals = 3

    def __init__(self, fit: HazardFit, panel: Panel) -> None:
        known = panel.covariates
        ratios = fit.hazard_ratios_
        labels = {name: known[name].label for name in ratios["covariate"]}
        said = fit.words(panel.labels, panel.units, HAZARD)
        self._frame = pd.DataFrame(
            {
                "reason": [known[name].reason for name in labels],
                "covariate": list(labels),
                "in words": said.to_numpy(),
                "hazard_ratio": ratios["hazard_ratio"],
                "lower": ratios["lower"],
                "upper": ratios["upper"],
                "p_value": ratios["p_value"],
            }
        ).sort_values("p_value", kind="stable")  # without a finite estimate there is none: last
        self._labels = labels
        self.confidence = fit.confidence
        self.title = f"What raises and lowers the {HAZARD} of leaving ({fit.confidence:.0%} intervals), surest first"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate: reason, covariate, in words, hazard_ratio, lower, upper, p_value."""
        return self._frame.reset_index(drop=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the hazard ratios of the covariates whose effect is surest."""
        from clvlab.churn.plots.hazard_ratios import draw_hazard_ratios

        rows = self._frame.head(_MOST)
        return draw_hazard_ratios(rows.assign(label=rows["covariate"].map(self._labels)), ax, self.confidence)
