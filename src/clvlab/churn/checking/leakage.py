"""Whether covariates knew the future: a check by timestamps, and by how they grow where there are none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.spells import Floats, arrange
from clvlab.features.tables import need_columns
from clvlab.refusal import Refused
from clvlab.results import Result, Table

IN_TIME = "known in time"
FIXED = "fixed"
TOO_LATE = "known too late"
ACCUMULATES = "accumulates"
NO_DATE = "no date tells"
CHANGES = "not fixed"
SOUND = (IN_TIME, FIXED)
# Rows shown of each covariate that was known too late.
_SHOWN = 3
# A total grows in proportion to the time it is counted over (exponent 1), a trait does not grow with it (0).
_GROWS = 0.5
# Fewer spells than this do not show how a covariate grows.
_ENOUGH_SPELLS = 20
# Covariate, verdict, rows, leaking rows and the sentence, as in Leakage.to_frame.
Verdict: TypeAlias = tuple[str, str, int, int, str]
_TOTALS = re.compile(r"(^|_)(totals?|cumulative|cum|lifetime|ever|all_?time|to_date|sum)(_|$)", re.IGNORECASE)


class Leakage(Result):
    """What the check found.

    Attributes
    ----------
    late_rows
        The first rows of each covariate that was known too late: covariate, customer_id, predicted_on, known_on, value.
    """

    title = "Leakage check"

    def __init__(self, frame: pd.DataFrame, late_rows: pd.DataFrame) -> None:
        self._frame = frame
        self.late_rows = late_rows

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate: covariate, verdict, rows, leaking (rows that knew too much), says."""
        return self._frame

    @property
    def sound(self) -> list[str]:
        """The covariates that a model may use."""
        return self._frame.loc[self._frame["verdict"].isin(SOUND), "covariate"].tolist()

    @property
    def leaking(self) -> list[str]:
        """The covariates that knew the future, or of which nothing tells that they did not."""
        return self._frame.loc[~self._frame["verdict"].isin(SOUND), "covariate"].tolist()

    def refuse(self) -> None:
        """Refuse the covariates unless all are sound.

        Raises
        ------
        Refused
            With what is wrong with each and what to do.
        """
        if self.leaking:
            wrong = self._frame[~self._frame["verdict"].isin(SOUND)]
            raise Refused(" ".join(wrong["says"]))


def check_leakage(
    rows: pd.DataFrame,
    covariates: Sequence[str],
    known_on: str | Mapping[str, str] | None = None,
    predicted_on: str = "from",
    fixed: Sequence[str] = (),
) -> Leakage:
    """Tell which covariates were known when the prediction they serve was made.

    Parameters
    ----------
    rows
        Time at risk as for :func:`clvlab.churn.hazards.cox.cox` (one row per spell, or several that follow one
        another), with customer_id, the covariates and the columns named below.
    covariates
        The columns to check.
    known_on
        The column that says when a value became known: one for all covariates, or one for each by name. A covariate
        without one is judged by how it grows.
    predicted_on
        The column with the day from which the row is to be predicted, its first day at risk.
    fixed
        Covariates that never change in a customer's life (industry, how it was won): they need no date, but are
        refused when they do change.

    Returns
    -------
    Leakage
        The verdict on each covariate:

        - known in time: every value was known before the day of its prediction;
        - fixed: it does not change, as declared;
        - known too late: some were known on that day or later;
        - accumulates: undated, and counted over the whole life: one value per spell, larger in proportion to the time
          seen, or named as a total;
        - no date tells: undated, and nothing else to judge it by;
        - not fixed: declared as fixed, but it changes.

    Raises
    ------
    Refused
        When there is no row, a column is missing, or one of dates holds none.

    Notes
    -----
    Only dates tell for sure. How a covariate grows is the exponent b in value = a x (time seen)^b over spells: near 1
    for totals, near 0 for traits, and taken as a total above 0.5. A total that was cut or rescaled passes for undated,
    which is refused as well.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "from": ["2024-01-01", "2024-01-01"], "duration": [3.0, 5.0], "event": [1, 0],
    ...     "complaints": [2, 0], "counted_on": ["2023-12-31", "2024-06-01"], "total_orders": [9, 20],
    ... })
    >>> check_leakage(rows, ["complaints", "total_orders"], {"complaints": "counted_on"}).to_frame()[
    ...     ["covariate", "verdict", "rows", "leaking"]]
          covariate         verdict  rows  leaking
    0    complaints  known too late     2        1
    1  total_orders     accumulates     2        2
    """
    names = list(covariates)
    dated = dict.fromkeys(names, known_on) if isinstance(known_on, str) else dict(known_on or {})
    need_columns(rows.columns, ["customer_id", *names, *fixed, *dated, *dated.values()])
    spells = arrange(rows)
    found, late = [], []
    for name in names:
        if name in fixed:
            found.append(_fixed(rows, name))
        elif name in dated:
            verdict, which = _dated(rows, name, dated[name], predicted_on)
            found.append(verdict)
            late.append(which)
        else:
            found.append(_undated(rows, name, spells.exit - np.maximum(spells.entry, 0)))
    shown = pd.concat(late, ignore_index=True) if late else pd.DataFrame(columns=_late_columns())
    return Leakage(pd.DataFrame(found, columns=["covariate", "verdict", "rows", "leaking", "says"]), shown)


def _late_columns() -> list[str]:
    return ["covariate", "customer_id", "predicted_on", "known_on", "value"]


def _days(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as moments; refuse one that holds none."""
    need_columns(rows.columns, [name])
    moments = pd.to_datetime(rows[name], errors="coerce", format="ISO8601")
    if moments.isna().all():
        raise Refused(f"Column {name!r} holds no dates; give the day on which each value became known, as 2025-12-31.")
    return moments


def _fixed(rows: pd.DataFrame, name: str) -> Verdict:
    different = rows[["customer_id", name]].drop_duplicates()["customer_id"]
    changing = different[different.duplicated()].unique()
    if not len(changing):
        return name, FIXED, len(rows), 0, f"{name} does not change."
    says = f"{name} is declared as fixed but changes for {len(changing):,} customers: date its values with known_on."
    return name, CHANGES, len(rows), int(rows["customer_id"].isin(changing).sum()), says


def _dated(rows: pd.DataFrame, name: str, column: str, predicted_on: str) -> tuple[Verdict, pd.DataFrame]:
    """Return the verdict by timestamps, and the first rows known too late."""
    known, predicted = _days(rows, column), _days(rows, predicted_on)
    filled = rows[name].notna()
    late, blank = filled & (known >= predicted), filled & (known.isna() | predicted.isna())
    which = rows[late].head(_SHOWN)
    shown = pd.DataFrame(
        {
            "covariate": name,
            "customer_id": which["customer_id"],
            "predicted_on": predicted[which.index],
            "known_on": known[which.index],
            "value": which[name],
        }
    )
    count, undated = int(late.sum()), int(blank.sum())
    if count:
        first = shown.iloc[0]
        says = (
            f"{name} was known too late in {count:,} of {len(rows):,} rows: customer {first['customer_id']} is"
            f" predicted from {first['predicted_on'].date()}, and the value is of {first['known_on'].date()}. Take the"
            " value as it stood the day before."
        )
        return (name, TOO_LATE, len(rows), count, says), shown
    if undated:
        says = f"{name} has no date in {undated:,} of {len(rows):,} rows: fill {column} or leave these values blank."
        return (name, NO_DATE, len(rows), undated, says), shown
    return (name, IN_TIME, len(rows), 0, f"{name} was known in time in every row."), shown


def _undated(rows: pd.DataFrame, name: str, seen: Floats) -> Verdict:
    """Return the verdict by how a covariate grows with the time seen, and by its name."""
    rest = "count it up to each prediction's day, with its date in known_on, or leave it out."
    power = _growth(rows, name, seen)
    if power > _GROWS:
        says = f"{name} accumulates: in spells seen twice as long it is {2**power:.1f} times as large; {rest}"
        return name, ACCUMULATES, len(rows), len(rows), says
    if _TOTALS.search(name):
        says = f"{name} is named as a total and has no date: it counts what came after the prediction too; {rest}"
        return name, ACCUMULATES, len(rows), len(rows), says
    says = f"{name} has no date: name the column that says when it was known, or declare it fixed if it never changes."
    return name, NO_DATE, len(rows), len(rows), says


def _growth(rows: pd.DataFrame, name: str, seen: Floats) -> float:
    """Return the exponent with which a covariate grows with the time seen; 0 where it changes in a spell or is text."""
    if not pd.api.types.is_numeric_dtype(rows[name]):
        return 0.0
    keys = [key for key in ("customer_id", "spell") if key in rows.columns]
    frame = rows[keys].assign(value=rows[name].fillna(0), seen=seen)
    spells = frame.groupby(keys).agg(value=("value", "max"), other=("value", "min"), seen=("seen", "sum"))
    told = spells[(spells["value"] > 0) & (spells["value"] == spells["other"]) & (spells["seen"] > 0)]
    if len(told) < _ENOUGH_SPELLS or (spells["value"] != spells["other"]).any() or told["seen"].nunique() < 2:
        return 0.0
    return float(np.polyfit(np.log(told["seen"]), np.log(told["value"]), 1)[0])


def concordance(rows: pd.DataFrame, risk: pd.Series | Floats) -> float:
    """Return how often, of two customers at risk at the same age, the one who left then had the higher risk.

    Parameters
    ----------
    rows
        Time at risk as for :func:`clvlab.churn.hazards.cox.cox`; late entry and several rows per customer count.
    risk
        One number per row, higher for who is expected to leave sooner; equal ones count half.

    Raises
    ------
    Refused
        When nobody was at risk while another left.

    References
    ----------
    Harrell, F. E. et al. (1982), "Evaluating the yield of medical tests", JAMA 247(18); with late entry as in R's
    ``survival::concordance``.

    Examples
    --------
    >>> rows = pd.DataFrame({"duration": [1.0, 2.0, 3.0], "event": [1, 1, 0]})
    >>> concordance(rows, pd.Series([3.0, 1.0, 2.0]))
    0.6666666666666666
    """
    spells, score = arrange(rows), np.asarray(risk, dtype=float)
    higher = pairs = 0.0
    for one in np.flatnonzero(spells.event):
        age = spells.exit[one]
        beside = (spells.entry < age) & ((spells.exit > age) | ((spells.exit == age) & ~spells.event))
        others = score[beside]
        higher += (score[one] > others).sum() + 0.5 * (score[one] == others).sum()
        pairs += len(others)
    if not pairs:
        raise Refused("Nobody stayed where another left, so that no two customers can be compared; give more spells.")
    return float(higher / pairs)


def leakage_effect(rows: pd.DataFrame, covariates: Sequence[str], leaking: Sequence[str]) -> Table:
    """Return how much better a Cox model looks with covariates that know the future.

    Parameters
    ----------
    rows
        Time at risk with all covariates.
    covariates
        Those known in time.
    leaking
        Those that knew more.

    Returns
    -------
    Table
        model, covariates (how many), concordance (of the rows the model was fitted to).

    Raises
    ------
    Refused
        As :func:`clvlab.churn.hazards.cox.cox`.
    """
    models = {"known in time": list(covariates), f"with {', '.join(leaking)}": [*covariates, *leaking]}
    found = [
        (model, len(names), concordance(rows, cox(rows, names).linear_predictor(rows)))
        for model, names in models.items()
    ]
    return Table(
        pd.DataFrame(found, columns=["model", "covariates", "concordance"]),
        "What knowing the future does to the C-index",
    )
