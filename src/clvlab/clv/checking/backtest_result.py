"""What a backtest found: scores by origin, by forecaster and by frequency, and which model to use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from clvlab.evaluation.forecasts import (
    Skill,
    coverage,
    mean_absolute_error,
    rank_correlation,
    relative_bias,
    root_mean_squared_error,
    skill,
    top_decile_capture,
)
from clvlab.refusal import Refused, nearest
from clvlab.results import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SCORES = ("mae", "rmse", "bias", "crps", "coverage_90", "coverage_p_value", "rank_correlation", "top_decile_capture")
# Groups by repeat purchases, and the lowest number in each.
_GROUPS = {"0": 0, "1": 1, "2-3": 2, "4+": 4}
# Standard errors within which a difference may be chance (90%, both sides).
_BY_CHANCE = 1.645
# Totals that were out by a factor of 2.7 were not foretold at all.
MOST_MISSED = 1.0
_DIGITS = 9  # scores that agree so far are equal: the last bits differ between machines


class Backtest(Result):
    """Forecasts from dates in the past against what came.

    Attributes
    ----------
    predictions
        One row per customer, origin and forecaster: customer, origin, forecaster, kind (model or rule), frequency
        (repeat purchases up to the origin), expected, actual, crps, pit, squared_error.
    horizon
        How far ahead, in words.

    Notes
    -----
    Which model wins, and whether it beats the rules, are two questions with two scores.

    Models give distributions and compete by CRPS, which rewards a right distribution in the unit of the outcome, and
    is not ruled by a few large customers as a square is. Its mean over origins counts, and only a model with a
    forecast at every origin can win. Models that are not surely worse than the best (by the paired error, at 90%)
    differ by less than another seed would change. Of those, one without a doubt in its notes (parameters that are not
    identified, customers known before taken as new) comes first; then those go that surely have the higher squared
    errors; and of what is left, which the data do not tell apart, the one named first.

    A rule gives a point, whose CRPS is its absolute error: by that score any distribution would win against it. So
    winner and rules are compared by what both give, an expected number, and by squared error, the loss that is
    smallest for the mean and so for what adds up to the right total. Mean absolute error is smallest for the median:
    where most customers buy nothing, a forecast of 0 for all scores about as well as any model. Customers are paired,
    all origins together.
    """

    percent = ("bias", "coverage_90", "top_decile_capture", "skill", "skill_error")

    def __init__(
        self,
        scored: Sequence[pd.DataFrame],
        notes: Sequence[tuple[dt.date, str, str, str, float]],
        horizon: str,
        customer: str = "customer_id",
    ) -> None:
        import pandas as pd

        self.predictions = pd.concat(scored, ignore_index=True).rename(columns={"customer": customer})
        self.predictions["squared_error"] = (self.predictions["expected"] - self.predictions["actual"]) ** 2
        self.horizon = horizon
        self._customer = customer
        self._notes = pd.DataFrame(notes, columns=["origin", "forecaster", "kind", "note", "spread"])
        self._notes["origin"] = pd.to_datetime(self._notes["origin"])
        self._origins = int(self._notes["origin"].nunique())
        self.title = f"Purchases forecast for {horizon}, from {_number(self._origins, 'origin')}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per origin and forecaster.

        Returns
        -------
        DataFrame
            origin, forecaster, kind, customers; ``mae``, ``rmse``, ``bias`` (of the total, as a part of it), ``crps``
            (of a rule its ``mae``), ``coverage_90`` (how often a model's 90% interval held, through the randomised
            PIT) and ``coverage_p_value`` (exact, customers taken as independent), ``rank_correlation`` (Spearman),
            ``top_decile_capture`` (of what the best tenth brought, what the expected best tenth did), ``note``: why
            there is no forecast, or what is doubtful about it.
        """
        keys = ["origin", "forecaster", "kind"]
        frame = self._notes[keys].merge(self._scores(keys), on=keys, how="left")
        return frame.assign(customers=frame["customers"].fillna(0).astype(int), note=self._notes["note"])

    def overall(self) -> pd.DataFrame:
        """Return one row per forecaster: the mean of its scores over origins, and how it does beside the best rule.

        Returns
        -------
        DataFrame
            forecaster, kind, ``origins`` (at how many there was a forecast), the scores as in :meth:`to_frame`
            without the p-value, ``skill`` (by which part squared errors are lower than the best rule's) and
            ``skill_error`` (its standard error, paired by customer).
        """
        frame = self.to_frame()
        grouped = frame.groupby(["forecaster", "kind"], sort=False)
        means = grouped[[name for name in _SCORES if name != "coverage_p_value"]].mean()
        means.insert(0, "origins", grouped["mae"].count())
        found = [self.skills[name] for name in means.index.get_level_values("forecaster")]
        return means.assign(skill=[s.value for s in found], skill_error=[s.error for s in found]).reset_index()

    def by_frequency(self) -> pd.DataFrame:
        """Return the scores of customers with 0, 1, 2-3 and 4 or more repeat purchases, all origins together.

        Returns
        -------
        DataFrame
            frequency, forecaster, kind, customers (one per origin) and the scores as in :meth:`to_frame`.
        """
        frame = self._scores(["frequency", "forecaster", "kind"])
        places = {name: place for place, name in enumerate((*_GROUPS, *self._notes["forecaster"].unique()))}
        return frame.sort_values(["frequency", "forecaster"], key=lambda column: column.map(places), ignore_index=True)

    @cached_property
    def winner(self) -> str | None:
        """The name of the best model; None when none had a forecast at every origin."""
        if not self._leaders:
            return None
        doubted = set(self._notes.loc[self._notes["note"] != "", "forecaster"])
        sound = [name for name in self._leaders if name not in doubted] or self._leaders
        return self._not_surely_worse(sound, self._lowest_squared_error(sound), "squared_error")[0]

    @cached_property
    def best_rule(self) -> str:
        """The name of the rule with the lowest squared errors over all origins."""
        return self._lowest_squared_error(list(self._notes.loc[self._notes["kind"] == "rule", "forecaster"].unique()))

    @property
    def verdict(self) -> str:
        """Which model won by which score, and whether it beats the best rule, in one sentence."""
        if self.winner is None:
            return "No model had a forecast at every origin; the notes say why."
        models = self._notes.loc[self._notes["kind"] == "model", "forecaster"].unique()
        score = self.overall().set_index("forecaster").loc[self.winner, "crps"]
        alike = " and ".join(name for name in self._leaders if name != self.winner)
        alike = f"; {alike} as good within the error" if alike else ""
        best = f"chosen from {_number(len(models), 'model')} (CRPS {score:.3f} over "
        best += f"{_number(self._origins, 'origin')}{alike})"
        value, error = self.skills[self.winner]
        size = f"{abs(value):.1%} {'lower' if value > 0 else 'higher'}" if np.isfinite(value) else "above 0"
        said = f"{size} (paired standard error {error:.1%})" if np.isfinite(error) else size
        if not value > 0:
            rival = any(self.skills[name].value > 0 for name in models)
            lead = f"{self.winner} does not beat" if rival else "No model beats"
            return f"{lead} the rule '{self.best_rule}': squared errors of {self.winner}, {best}, are {said}."
        if not value > _BY_CHANCE * error:
            return (
                f"{self.winner}, {best}, is not surely better than the rule '{self.best_rule}': its squared errors are "
                f"{said}."
            )
        return f"{self.winner}, {best}, beats the best rule, '{self.best_rule}': its squared errors are {said}."

    def pit(self, model: str, bins: int = 10) -> pd.DataFrame:
        """Return how outcomes spread over a model's forecast distributions, all origins together.

        Parameters
        ----------
        model
            Its name.
        bins
            How many parts of 0..1.

        Returns
        -------
        DataFrame
            lower, upper, customers, share: ``1 / bins`` in each part when the forecasts are right; more at both ends
            when they are too narrow, more in the middle when they are too wide.
        """
        import pandas as pd

        rows = self.predictions.loc[self.predictions["forecaster"] == str(model), "pit"].dropna()
        if rows.empty:
            names = self.predictions.loc[self.predictions["kind"] == "model", "forecaster"].unique()
            raise Refused(f"There is no model {model!r} with forecasts{nearest(str(model), names)}.")
        counts, edges = np.histogram(rows, bins=bins, range=(0.0, 1.0))
        return pd.DataFrame(
            {"lower": edges[:-1], "upper": edges[1:], "customers": counts, "share": counts / counts.sum()}
        )

    def missed(self, model: str) -> float:
        """Return how far a model's totals were out beyond what its own draws allow for.

        Returns
        -------
        float
            Standard deviation of the log of what came over what was expected, of all customers together, over the
            origins; 0 when totals were no further out than chance would have it, and at most 1.

        Notes
        -----
        A season, a trend, a change of the market: what no model here knows of moves all customers alike, so it does
        not average out over them. From a few origins that overlap this is rough, and still better than nothing. Above 1
        the past says that totals cannot be foretold (a gap in the records does that), and an interval around the mean
        that allowed for it all would lie below the mean.
        """
        rows = self.predictions[self.predictions["forecaster"] == model]
        sums = rows.groupby("origin")[["expected", "actual"]].sum().clip(lower=1.0)
        spread = self._notes[self._notes["forecaster"] == model].set_index("origin")["spread"].reindex(sums.index)
        out = np.log(sums["actual"] / sums["expected"]) ** 2 - (spread / sums["expected"]) ** 2
        return min(float(np.sqrt(max(out.mean(), 0.0))), MOST_MISSED)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far the forecasts of models and rules were off, with the winner set apart."""
        from clvlab.clv.plots.checks import draw_backtest

        return draw_backtest(self, ax)

    def plot_pit(self, model: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how outcomes spread over the forecasts of a model, the winner's when None."""
        from clvlab.clv.plots.checks import draw_pit

        name = model or str(self.winner)
        return draw_pit(self.pit(name), name, ax)

    def _scores(self, keys: list[str]) -> pd.DataFrame:
        """Return the scores of the rows that agree in ``keys``; frequencies in groups."""
        import pandas as pd

        rows = self.predictions
        if "frequency" in keys:
            rows = rows.assign(frequency=_group(rows["frequency"].to_numpy()))
        found = [
            dict(zip(keys, key, strict=True)) | {"customers": len(group)} | _scores_of(group)
            for key, group in rows.groupby(keys, sort=False)
        ]
        return pd.DataFrame(found)

    @cached_property
    def _losses(self) -> pd.DataFrame:
        """One row per origin and customer; CRPS and squared errors by forecaster, missing without forecast."""
        keys, losses = ["origin", self._customer], ["crps", "squared_error"]
        return self.predictions.pivot_table(index=keys, columns="forecaster", values=losses, aggfunc="first")

    def _lowest_squared_error(self, names: list[str]) -> str:
        """Return the forecaster with the lowest squared errors, of equals the first."""
        return str(self._losses["squared_error"][names].mean().round(_DIGITS).idxmin())

    def _skill(self, name: str, rival: str, loss: str) -> Skill:
        """Return by which part one forecaster's losses are lower than another's, where both have a forecast."""
        import pandas as pd

        losses = self._losses[loss]
        if name not in losses:
            return Skill(float("nan"), float("nan"))
        both = losses.loc[losses[name].notna() & losses[rival].notna()]
        customers = pd.factorize(both.index.get_level_values(self._customer))[0]
        return skill(both[name], both[rival], customers)

    @cached_property
    def _leaders(self) -> list[str]:
        """The models with a forecast at every origin whose CRPS is the lowest or not surely higher."""
        scores = self.to_frame().groupby("forecaster", sort=False)["crps"].agg(["count", "mean"]).round(_DIGITS)
        models = self._notes.loc[self._notes["kind"] == "model", "forecaster"].unique()
        able = scores["mean"][(scores["count"] == self._origins) & scores.index.isin(models)]
        if able.empty:
            return []
        return self._not_surely_worse(list(able.index), able.idxmin(), "crps")

    def _not_surely_worse(self, names: list[str], best: str, loss: str) -> list[str]:
        """Return the forecasters whose losses are not surely higher than the best one's, in the order given."""
        behind = {name: self._skill(name, best, loss) for name in names}
        return [name for name, (value, error) in behind.items() if not round(value, _DIGITS) < -_BY_CHANCE * error]

    @cached_property
    def skills(self) -> dict[str, Skill]:
        """Every forecaster's skill against the best rule, in squared errors."""
        names = self._notes["forecaster"].unique()
        return {name: self._skill(name, self.best_rule, "squared_error") for name in names}


def _scores_of(rows: pd.DataFrame) -> dict[str, float]:
    """Return the scores of some forecasts of one forecaster."""
    expected, actual = rows["expected"].to_numpy(), rows["actual"].to_numpy()
    pit = rows["pit"].to_numpy()
    share, p_value = (float("nan"),) * 2 if np.isnan(pit).any() else coverage(pit)
    values = (
        mean_absolute_error(expected, actual),
        root_mean_squared_error(expected, actual),
        relative_bias(expected, actual),
        float(rows["crps"].mean()),
        share,
        p_value,
        rank_correlation(expected, actual),
        top_decile_capture(expected, actual),
    )
    return dict(zip(_SCORES, values, strict=True))


def _group(frequency: np.ndarray) -> np.ndarray:
    """Return the group of each number of repeat purchases."""
    names = np.array(list(_GROUPS))
    return names[np.searchsorted(list(_GROUPS.values()), frequency, side="right") - 1]


def _number(n: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
