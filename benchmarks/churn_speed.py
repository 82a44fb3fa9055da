"""How fast the monthly hazard is fitted to ten million customer-months, and whether it agrees with the Cox model.

Run ``python -m benchmarks.churn_speed``; it prints Markdown tables and fails when a limit is missed. Each task runs in
a process of its own; seconds are of the whole fit from the Parquet file, reading, checking and errors by customer
included, without start-up and imports.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import markdown

if TYPE_CHECKING:
    import pandas as pd

ROWS, CUSTOMERS_AT_ONCE = 10_000_000, 25_000
FIRST_MONTH, MONTHS = 600, 60  # January 2020 to December 2024
# Log hazard ratios: five covariates that change every month, three that stay, two that are 0 or 1.
TRUTH = np.array([0.30, 0.20, 0.10, 0.0, -0.15, 0.25, -0.10, 0.05, 0.40, -0.30])
COVARIATES = [f"x{number}" for number in range(len(TRUTH))]
MOST_SECONDS, MOST_GB = 60.0, 4.0
FEWER_CUSTOMERS = 4_000

Answer = dict[str, Any]


def months_at_risk(customers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return customer-months by calendar month, of customers who come at any time or were there before."""
    import pandas as pd

    shape = (customers, MONTHS)
    began = rng.integers(-MONTHS, MONTHS, customers)
    age = np.arange(MONTHS) - began[:, None]
    values = rng.standard_normal((len(TRUTH), *shape))
    values[5:8] = rng.standard_normal((3, customers, 1))
    values[8:] = rng.random((2, customers, 1)) < 0.3
    season = 0.3 * np.cos(2 * np.pi * np.arange(MONTHS) / 12)
    log_hazard = -4.5 - 0.3 * np.log1p(np.maximum(age, 0)) + season + np.tensordot(TRUTH, values, 1)
    leaves = rng.standard_exponential(shape) < np.exp(log_hazard)
    left_before = np.cumsum(leaves & (age >= 0), axis=1) - leaves > 0
    month, who = np.nonzero(((age >= 0) & ~left_before).T)
    columns = {name: column[who, month] for name, column in zip(COVARIATES, values, strict=True)}
    return pd.DataFrame(
        {
            "customer_id": who,
            "month": FIRST_MONTH + month,
            "entry": age[who, month].astype(float),
            "duration": age[who, month] + 1.0,
            "event": leaves[who, month].astype("int8"),
        }
        | columns
    )


def write(folder: Path) -> Answer:
    """Write the panel, and a part of it for the Cox model."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(11)
    rows, customers, writer = 0, 0, None
    while rows < ROWS:
        frame = months_at_risk(CUSTOMERS_AT_ONCE, rng).head(ROWS - rows)
        code = pd.Series(frame["customer_id"].unique())
        names = dict(zip(code, [f"C{customers + number:07d}" for number in range(len(code))], strict=True))
        frame["customer_id"] = frame["customer_id"].map(names)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if writer is None:
            writer = parquet.ParquetWriter(folder / "panel.parquet", table.schema)
            few = frame[frame["customer_id"].isin(list(names.values())[:FEWER_CUSTOMERS])]
            few.to_parquet(folder / "few.parquet", index=False)
        writer.write_table(table)
        rows, customers = rows + len(frame), customers + len(code)
    writer.close()
    return {"gigabytes": (folder / "panel.parquet").stat().st_size / 1e9}


def fit(folder: Path) -> Answer:
    """Fit the monthly hazard to everything."""
    from clvlab.churn.hazards.monthly.model import monthly_hazard

    start = time.perf_counter()
    fit = monthly_hazard(folder / "panel.parquet", COVARIATES)
    seconds = time.perf_counter() - start
    return _estimates(fit) | {
        "seconds": seconds,
        "counts": [fit.diagnostics_[name] for name in ("customers", "events")],
    }


def fit_shrunk(folder: Path) -> Answer:
    """Fit the monthly hazard to everything, with shrunk coefficients for predictions."""
    from clvlab.churn.hazards.monthly.model import monthly_hazard

    start = time.perf_counter()
    monthly_hazard(folder / "panel.parquet", COVARIATES, shrink=True)
    return {"seconds": time.perf_counter() - start}


def compare(folder: Path) -> Answer:
    """Fit the monthly hazard and the Cox model, with a baseline per calendar month, to a part."""
    import pandas as pd

    from clvlab.churn.hazards.cox.model import cox
    from clvlab.churn.hazards.monthly.model import monthly_hazard

    few = pd.read_parquet(folder / "few.parquet")
    monthly, cox_fit = monthly_hazard(few, COVARIATES), cox(few, COVARIATES, strata="month")
    counted = [len(few), *(monthly.diagnostics_[name] for name in ("customers", "events"))]
    return {"monthly": _estimates(monthly), "cox": _estimates(cox_fit), "counts": counted}


def _estimates(fit: Any) -> Answer:
    """Return estimates and robust errors of the covariates."""
    return {
        "converged": bool(fit.diagnostics_["converged"]),
        "estimate": fit.params_[COVARIATES].tolist(),
        "error": fit.robust_standard_errors_[COVARIATES].tolist(),
    }


TASKS: dict[str, Callable[[Path], Answer]] = {
    "write": write, "fit": fit, "fit shrunk": fit_shrunk, "compare": compare,
}  # fmt: skip


def one_task(name: str, folder: str) -> int:
    """Run one task and print its answer and this process's peak memory as JSON."""
    answer = TASKS[name](Path(folder))
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    answer["processor"] = time.process_time()
    print(json.dumps(answer))
    return 0


def answer_of(task: str, folder: Path) -> Answer:
    """Return the answer of a task run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.churn_speed", task, str(folder)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])


def speed_rows(found: dict[str, Answer]) -> list[dict[str, str]]:
    """Return one row per fit."""
    return [
        {
            "fit": name,
            "seconds": f"{answer['seconds']:.1f}",
            "processor, s": f"{answer['processor']:.1f}",
            "peak, GB": f"{answer['peak']:.2f}",
            "verdict": "met" if answer["seconds"] <= MOST_SECONDS and answer["peak"] <= MOST_GB else "**missed**",
        }
        for name, answer in found.items()
    ]


def compared_rows(found: Answer) -> list[dict[str, str]]:
    """Return one row per covariate: both models' estimates, and their distance in standard errors."""
    rows = []
    for place, name in enumerate(COVARIATES):
        (ours, error), (theirs, their_error) = (
            (found[model]["estimate"][place], found[model]["error"][place]) for model in ("monthly", "cox")
        )
        apart = abs(ours - theirs) / error
        rows.append(
            {
                "covariate": name,
                "truth": f"{TRUTH[place]:.2f}",
                "monthly hazard": f"{ours:.4f} ({error:.4f})",
                "Cox": f"{theirs:.4f} ({their_error:.4f})",
                "apart, in errors": f"{apart:.3f}",
                "verdict": "agree" if apart < 1 else "**differ**",
            }
        )
    return rows


def main() -> int:
    """Print the tables and return 1 when a limit is missed."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        written = answer_of("write", folder)
        fits = {"unshrunk": answer_of("fit", folder), "shrunk": answer_of("fit shrunk", folder)}
        compared = answer_of("compare", folder)
    speed, agreement = speed_rows(fits), compared_rows(compared)
    estimate = fits["unshrunk"]
    off = np.abs(np.array(estimate["estimate"]) - TRUTH) / np.array(estimate["error"])
    customers, events = estimate["counts"]
    print("# Fitting the monthly hazard to ten million customer-months\n")
    print(
        f"{ROWS:,} simulated customer-months of {customers:,} customers with {events:,} events and {len(TRUTH)}"
        f" covariates, one Parquet file of {written['gigabytes']:.2f} GB. Baseline by age, season by calendar month,"
        " model-based and robust covariance by customer; at most"
        f" {MOST_SECONDS:.0f} s and {MOST_GB:.0f} GB are allowed.\n"
    )
    print(markdown(pd.DataFrame(speed)))
    print(
        f"\nThe search {'converged' if estimate['converged'] else '**did not converge**'}; the estimate furthest from"
        f" the truth is {off.max():.1f} standard errors off, {int((off < 1.645).sum())} of {len(off)} lie within their"
        " 90% interval.\n"
    )
    rows, customers, events = compared["counts"]
    print(
        f"On {rows:,} of these customer-months ({customers:,} customers, {events:,} events), beside the Cox model with"
        " age as time and a baseline hazard per calendar month; robust errors in brackets\n"
    )
    print(markdown(pd.DataFrame(agreement)))
    failed = not estimate["converged"] or any("**" in row["verdict"] for row in [*speed, *agreement])
    return int(failed)


if __name__ == "__main__":
    sys.exit(one_task(sys.argv[1], sys.argv[2]) if len(sys.argv) > 1 else main())
