"""What models would have forecast at dates in the past, beside rules of thumb, and what then came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clvlab.clv.checking.backtest_result import Backtest
from clvlab.clv.checking.known import Known, Source, known_at, source_of_records, source_of_table
from clvlab.clv.checking.naive import last_stretch_again, mean_rate, mean_rate_if_active
from clvlab.clv.models.beta_geometric import BGNBD, MBGNBD
from clvlab.clv.models.pareto_nbd import ParetoNBD
from clvlab.clv.models.purchases import PurchaseModel
from clvlab.evaluation.forecasts import crps, randomised_pit
from clvlab.periods import Period, parse_date, to_days
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.features.tables import AnyTable
    from clvlab.records.records import Records

# Models of purchases in time. Among equals the first is taken: it lets customers leave at any time, and has a form for
# those known before the records begin; the last takes who bought only once as there for certain.
MODELS: tuple[PurchaseModel, ...] = (ParetoNBD(), MBGNBD(), BGNBD())
_COLUMNS = ("customer", "origin", "forecaster", "kind", "frequency", "expected", "actual", "crps", "pit")


@dataclass(frozen=True)
class _Forecast:
    """What one forecaster says of the customers known at one origin.

    Attributes
    ----------
    expected
        One number per customer; None where there is no forecast, which ``note`` then explains.
    draws
        (draws, customers); None of a rule, which gives points only.
    """

    name: str
    kind: str
    expected: pd.Series | None
    draws: np.ndarray | None = None
    note: str = ""


def backtest(
    records_or_table: Records | AnyTable,
    origins: Sequence[str | dt.date],
    horizon: float,
    models: Sequence[PurchaseModel] | None = None,
    customer: str = "customer_id",
    date: str = "date",
    value: str | None = None,
    period: Period = "week",
    seed: int = 1,
    draws: int = 200,
) -> Backtest:
    """Forecast from dates in the past with models and rules of thumb, and score both by what came.

    Parameters
    ----------
    records_or_table
        Records, of which every origin sees what was known on that day; or one row per purchase, as a DataFrame or an
        Ibis table.
    origins
        Dates (ISO) to forecast from: the last day known.
    horizon
        How far ahead, in ``period``; counted in whole days.
    models
        Models of purchases in time; Pareto/NBD, MBG/NBD and BG/NBD when None.
    customer, date, value
        Column names of a table. Rows with a negative ``value`` are refunds and no purchases. Records need none.
    period
        The unit of the horizon and of the histories: ``"day"``, ``"week"``, ``"month"`` or ``"quarter"``. Purchases of
        one day are one, so that the choice changes no forecast.
    seed
        Of all random numbers.
    draws
        How many draws of the future per customer a model's distribution is taken from.

    Returns
    -------
    Backtest

    Raises
    ------
    Refused
        For origins before the first purchase or whose horizon ends after the last day known, for a horizon of less
        than a day, and for a table that cannot be read. A model that cannot be fitted at an origin is no reason: its
        row says so.

    Notes
    -----
    Forecast is the number of days with a purchase within the horizon, for every customer with a purchase up to the
    origin. Rules: each customer's mean rate so far; the last stretch of the horizon's length again; the mean rate if
    the customer is silent no longer than the own mean gap. Of records, a model that has a form for customers known
    before the records begin (Pareto/NBD) is told since when they were customers.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> rows = [(who, day) for who in range(60) for day in rng.choice(365, rng.poisson(8) + 1, replace=False)]
    >>> purchases = pd.DataFrame(rows, columns=["customer_id", "day"])
    >>> purchases["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(purchases.day, unit="D")
    >>> found = backtest(purchases, origins=["2024-06-30"], horizon=20, models=[BGNBD()], draws=20)
    >>> found.winner, len(found.to_frame())
    ('BG/NBD', 4)
    """
    from clvlab.records.records import Records

    if isinstance(records_or_table, Records):
        source = source_of_records(records_or_table)
    else:
        source = source_of_table(records_or_table, customer, date, value)
    days = _whole_days(horizon, period)
    if draws < 1:
        raise Refused(f"draws={draws} gives no distribution; give a whole number from 1 on, such as 200.")
    chosen = _checked_models(models)
    scored, notes = [], []
    for origin in _checked_origins(origins, source, days, f"{horizon:g} {period}s"):
        known = known_at(source, origin, days, period)
        for forecast in _forecasts(known, chosen, seed, draws):
            spread = np.nan if forecast.draws is None else float(forecast.draws.sum(axis=1).std())
            notes.append((origin, forecast.name, forecast.kind, forecast.note, spread))
            if forecast.expected is not None:
                scored.append(_scored(forecast, known, seed))
    return Backtest(scored, notes, f"{horizon:g} {period}s", source.customer)


def _forecasts(known: Known, models: Sequence[PurchaseModel], seed: int, draws: int) -> Iterator[_Forecast]:
    """Return every forecaster's forecast of purchases, models first."""
    for model in models:
        yield _by_model(model, known, seed, draws)
    rules = {
        "mean rate": mean_rate(known.summary, known.horizon),
        "last stretch again": last_stretch_again(known.last_stretch, known.stretch, known.horizon),
        "mean rate if active": mean_rate_if_active(known.summary, known.horizon),
    }
    for name, expected in rules.items():
        yield _Forecast(name, "rule", expected)


def _by_model(model: PurchaseModel, known: Known, seed: int, draws: int) -> _Forecast:
    """Return a model's forecast, or why there is none."""
    table, entry, note = known.summary, None, ""
    if known.late is not None:
        before = int((known.late["entry"] > 0).sum())
        if model.late_entry:
            table, entry = known.late, "entry"
        elif before:
            note = f"takes {before:,} customers known before the records begin as new"
    try:
        fit = model.fit(table, entry=entry, silent_left_out=entry is not None)
    except Refused as refusal:
        return _Forecast(model.name, "model", None, note=str(refusal))
    converged, flat = fit.diagnostics_["converged"], str(fit.diagnostics_["flat_direction"])
    stuck = "" if converged else "lies at the edge" if flat else "did not converge"
    note = "; ".join(text for text in (stuck, flat, note) if text)
    if (
        not converged and not flat
    ):  # a maximum at the edge is a model too: of customers who are all alike, or never leave
        return _Forecast(model.name, "model", None, note=note)
    expected = fit.expected_purchases(table, known.horizon)
    return _Forecast(model.name, "model", expected, fit.draws(table, known.horizon, draws, seed), note)


def _scored(forecast: _Forecast, known: Known, seed: int) -> pd.DataFrame:
    """Return one row per customer: the forecast, what came, and what of a score belongs to one customer."""
    import pandas as pd

    actual, expected = known.actual.to_numpy(), forecast.expected.to_numpy()  # type: ignore[union-attr]
    score, pit = np.abs(expected - actual), np.full(len(actual), np.nan)
    if forecast.draws is not None:
        score = crps(forecast.draws, actual)
        pit = randomised_pit(forecast.draws, actual, np.random.default_rng([seed, known.origin.toordinal()]))
    frequency = known.summary["frequency"].to_numpy()
    origin = pd.Timestamp(known.origin)
    columns = (known.summary.index, origin, forecast.name, forecast.kind, frequency, expected, actual, score, pit)
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))


def _whole_days(horizon: float, period: Period) -> int:
    """Return the horizon in whole days."""
    days = to_days(horizon, period)
    if not (np.isfinite(days) and round(days) >= 1):
        raise Refused(f"horizon={horizon} {period}s is less than a day; give the length of time to forecast.")
    return round(days)


def _checked_models(models: Sequence[PurchaseModel] | None) -> Sequence[PurchaseModel]:
    """Return the models, refusing what cannot stand beside the others."""
    chosen = list(MODELS if models is None else models)
    for model in chosen:
        if not isinstance(model, PurchaseModel):
            raise Refused(f"{model!r} is no model of purchases; give models such as BGNBD() or ParetoNBD().")
        if model.opportunities:
            raise Refused(f"{model.name} counts purchase opportunities, not time; leave it out of this backtest.")
    names = [model.name for model in chosen]
    if len(set(names)) < len(names):
        raise Refused(f"models has one of {', '.join(names)} twice; give each model once.")
    return chosen


def _checked_origins(origins: Sequence[str | dt.date], source: Source, days: int, horizon: str) -> list[dt.date]:
    """Return the origins in order, each once, refusing those before or after what is known."""
    dates = sorted({parse_date(origin) for origin in ([origins] if isinstance(origins, str | dt.date) else origins)})
    if not dates:
        raise Refused("origins is empty; give at least one date to forecast from, such as 2025-06-30.")
    for origin in dates:
        if origin < source.first:
            raise Refused(f"The origin {origin} is before the first purchase, on {source.first}; give a later one.")
        end = origin + dt.timedelta(days=days)
        if end > source.last:
            raise Refused(
                f"The {horizon} after {origin} end on {end}, and nothing is known after {source.last}; give an earlier "
                "origin or a shorter horizon."
            )
    return dates
