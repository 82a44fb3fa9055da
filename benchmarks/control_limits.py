"""How often control limits call a month out that chance explains, and how often they find a bad one.

Run ``python -m benchmarks.control_limits``; it prints a Markdown table.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from benchmarks.measure import markdown
from clvlab.features.kpi_table import KpiTable
from clvlab.features.service import control_chart
from clvlab.periods import period_label
from clvlab.refusal import Refused

CHARTS = 200
WORSE_BY = 0.08  # the bad month's rate is so much lower


def drawn(rng: np.random.Generator, months: int, orders: int, rate: float, correlation: float) -> pd.DataFrame:
    """Return months of a rate that differs between them as the intraclass correlation says, the last one bad too."""
    size = 1 / correlation - 1 if correlation else np.inf
    rates = rng.beta(rate * size, (1 - rate) * size, months) if correlation else np.full(months, rate)
    n = np.maximum(rng.poisson(orders * np.exp(rng.normal(0, 0.3, months))), 1)
    bad = rng.binomial(n, np.maximum(rates - WORSE_BY, 0))
    labels = [period_label(636 + month, "month") for month in range(months)]
    return pd.DataFrame(
        {"month": labels, "kpi": "on_time_delivery", "numerator": rng.binomial(n, rates), "denominator": n, "bad": bad}
    )


def verdicts(frame: pd.DataFrame) -> list[str]:
    """Return the verdict of every month; none where nothing ever failed."""
    try:
        return control_chart(KpiTable(frame, ["month"], {}, None)).to_frame().verdict.tolist()
    except Refused:
        return []


def laney(frame: pd.DataFrame) -> np.ndarray:
    """Return whether each month is out of Laney's own limits."""
    x, n = frame.numerator.to_numpy(), frame.denominator.to_numpy()
    center = x.sum() / n.sum()
    if center == 1:
        return np.zeros(len(x), dtype=bool)
    z = (x / n - center) / np.sqrt(center * (1 - center) / n)
    return np.abs(z) > 3 * np.abs(np.diff(z)).mean() / (2 / np.sqrt(np.pi))


def run() -> pd.DataFrame:
    """Return the shares in percent, one row per kind of month."""
    rows = []
    for correlation, rate, orders, months in product((0.0, 0.002, 0.02), (0.9, 0.98), (50, 500, 5000), (12, 36)):
        rng = np.random.default_rng([months, orders, int(1000 * correlation), int(100 * rate)])
        alarms = own = found = 0
        for _ in range(CHARTS):
            frame = drawn(rng, months, orders, rate, correlation)
            alarms += sum(verdict in ("worse", "better") for verdict in verdicts(frame))
            own += int(laney(frame).sum())
            frame.loc[months - 1, "numerator"] = frame.loc[months - 1, "bad"]
            found += verdicts(frame)[-1:] == ["worse"]
        rows.append(
            {
                "correlation within months": correlation,
                "rate, %": round(100 * rate),
                "orders a month": orders,
                "months": months,
                "false alarms, % of months": round(100 * alarms / CHARTS / months, 2),
                "by Laney's limits, %": round(100 * own / CHARTS / months, 2),
                "bad month found, %": round(100 * found / CHARTS),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    print(f"Control limits: {CHARTS} charts each; limits promise 0.27% false alarms; a bad month is 8 points worse\n")
    print(markdown(run()))
