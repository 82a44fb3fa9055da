"""What drives overall satisfaction: service as it was felt before the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.tables import AnyTable, need_columns
from clvlab.refusal import Refused
from clvlab.results import Remarked
from clvlab.satisfaction.answers import Answers, answers
from clvlab.satisfaction.known_before import with_known
from clvlab.satisfaction.ordered_logit import OrderedLogit, ordered_logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Service, contact and price as felt; ties and age as what makes customers different. The most telling first: where
# answers are few, the last ones are left out.
DRIVERS = (
    "failures_mean", "failures_worst", "enquiries_late", "neglect", "complaints_slow", "price_change",
    "ties_structural", "ties_social", "tenure_years",
)  # fmt: skip
ACCOUNTS_PER_COVARIATE = 10
_WAVE = "wave "


class Drivers(Remarked):
    """Effects on overall satisfaction of what was felt before the answer.

    Attributes
    ----------
    fit
        The ordered logit, with waves as levels of their own.
    remarks
        What was left out, and what a reader has to know.
    """

    decimals = 3

    def __init__(self, frame: pd.DataFrame, fit: OrderedLogit, remarks: Sequence[str]) -> None:
        self._frame, self.fit, self.remarks = frame, fit, tuple(remarks)
        self.title = "What drives overall satisfaction, points of ten (90% intervals), strongest first"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per driver, the one with the strongest usual effect first.

        Returns
        -------
        DataFrame
            driver, label, unit, ``effect`` of one unit on the expected overall score in points of ten with error, lower
            and upper, ``spread`` (standard deviation of the driver over answers), ``usual_effect`` (of one such spread)
            with _lower and _upper, p_value.
        """
        return self._frame

    def _shown(self) -> pd.DataFrame:
        return self._frame[["label", "unit", "effect", "lower", "upper", "usual_effect", "p_value"]]

    @property
    def finding(self) -> str:
        """Which driver is told and strongest, in a sentence."""
        told = self._frame[(self._frame["lower"] > 0) | (self._frame["upper"] < 0)]
        if told.empty:
            return "No driver of overall satisfaction is told from none"
        first = told.iloc[0]
        small, large = sorted(abs(first[end]) for end in ("lower", "upper"))
        verb, unit = ("raises" if first["effect"] > 0 else "lowers"), first["unit"] or first["label"]
        return f"Each {unit} {verb} overall satisfaction by {abs(first['effect']):.3f} ({small:.3f} to {large:.3f})"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the usual effects with their intervals."""
        from clvlab.satisfaction.drivers.plots import draw_drivers

        return draw_drivers(self, ax)


def drivers(
    surveys: AnyTable | Answers,
    known: pd.DataFrame,
    as_of: str | dt.date,
    covariates: Sequence[str] = DRIVERS,
    labels: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Drivers:
    """Estimate by how much service felt before the answer raises or lowers overall satisfaction.

    Parameters
    ----------
    surveys
        As :func:`clvlab.satisfaction.answers.answers` takes them, with overall.
    known
        customer_id, month (``clvlab.periods.period_index``) and covariates as they were known when the month opened:
        the frame of :func:`clvlab.satisfaction.known_before.known_before`.
    as_of
        The last day known.
    covariates
        Names of columns of ``known``, the most important first; those it does not have are left out and named.
    labels, units
        What each covariate is and what one more of it is, in words (``Panel.labels``, ``Panel.units``).

    Returns
    -------
    Drivers
        Effects on the expected overall score of the answers given, each with all other covariates alike.

    Raises
    ------
    Refused
        Without overall scores, with fewer than ten accounts per covariate even for the first, when all answers are the
        same, and when no covariate varies.

    Notes
    -----
    An ordered logit with thresholds for each role and scale, a level for each wave, and errors robust to several
    answers of one account. Gaps against expectation are left out on purpose: service works through them.

    Examples
    --------
    >>> known = known_before(tables, answers(tables["surveys"], as_of))              # doctest: +SKIP
    >>> drivers(tables["surveys"], known.frame, as_of, labels=known.labels, units=known.units)   # doctest: +SKIP
    """
    asked = answers(surveys, as_of)
    fit, rows, remarks = fit_overall(asked, known, covariates)
    names = [name for name in fit.params_.index if not name.startswith(_WAVE)]
    frame = fit.effects_frame().loc[names]
    spread = rows[names].std(ddof=0)
    frame["spread"], frame["usual_effect"] = spread, spread * frame["effect"]
    for end in ("lower", "upper"):
        frame[f"usual_effect_{end}"] = spread * frame[end]
    words = {"label": [(labels or {}).get(name, name) for name in names]}
    words["unit"] = [(units or {}).get(name, name) for name in names]
    frame = frame.assign(**words).rename_axis("driver").reset_index()
    order = frame["usual_effect"].abs().sort_values(ascending=False, kind="stable").index
    return Drivers(frame.loc[order].reset_index(drop=True), fit, [*asked.remarks, *remarks])


def fit_overall(
    asked: Answers, known: pd.DataFrame, covariates: Sequence[str]
) -> tuple[OrderedLogit, pd.DataFrame, list[str]]:
    """Fit overall satisfaction to covariates and waves.

    Returns
    -------
    OrderedLogit
        Of as many covariates as the accounts carry.
    DataFrame
        The answers it was fitted to, with their covariates.
    list of str
        What was left out and why.

    Raises
    ------
    Refused
        As :func:`drivers`.
    """
    need_columns(known.columns, ["customer_id", "month"])
    rows = with_known(asked.satisfaction, known)
    remarks = [f"From {plural(len(rows), 'answers')} of {plural(rows['customer_id'].nunique(), 'accounts')}."]
    unknown = len(asked.satisfaction) - len(rows)
    if unknown:
        remarks.append(f"Left out: {plural(unknown, 'answers')} of customers of whom nothing was known.")
    absent = [name for name in covariates if name not in rows]
    if absent:
        remarks.append(f"Not in the records, and so left out: {', '.join(absent)}.")
    present = [name for name in covariates if name in rows]
    still = [name for name in present if rows[name].nunique() < 2]
    if still:
        remarks.append(
            f"Never varied among those who answered, so that no effect is identified: {', '.join(still)}; answers given"
            " after it has changed would settle it."
        )
    moved = [name for name in present if name not in still]
    most = rows["customer_id"].nunique() // ACCOUNTS_PER_COVARIATE
    if not moved[:most]:
        raise Refused(
            f"What drives satisfaction needs answers of at least {ACCOUNTS_PER_COVARIATE} accounts that differ in what"
            f" they felt. {' '.join(remarks)}"
        )
    if moved[most:]:
        remarks.append(f"Too few accounts answered for these, which are left out: {', '.join(moved[most:])}.")
    waves = pd.get_dummies(rows["wave"], dtype=float).add_prefix(_WAVE).iloc[:, 1:]
    if len(moved) + waves.shape[1] > most:
        waves = waves.iloc[:, :0]
        remarks.append("Too few accounts answered to give each wave a level of its own.")
    design = pd.concat([rows[moved[:most]].astype(float), waves], axis=1)
    return ordered_logit(rows["overall"], design, rows["customer_id"], rows["scale"]), rows, remarks
