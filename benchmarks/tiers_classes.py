"""How long all classes of a million customers take, and the scorecard with them.

Run ``python -m benchmarks.tiers_classes``; it prints a Markdown table and returns 1 when all steps together take longer
than 15 seconds. The road is that of ``study.classes`` and ``study.tiers``, on random Parquet files. What models say
(value ahead, what could be won, probability to leave) is drawn: they have budgets of their own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from benchmarks.measure import markdown, peak_gigabytes, seconds_per_new_gigabyte
from benchmarks.tiers_base import AS_OF, read_base, write_base
from clvlab.assumptions import Assumptions
from clvlab.records.quarantine import Quarantine
from clvlab.records.records import Records
from clvlab.tiers.base import Base
from clvlab.tiers.classes.abc import volume_classes
from clvlab.tiers.customer_classes import LOST, CustomerClasses
from clvlab.tiers.customer_tiers import Tiers

CUSTOMERS = 1_000_000
MOST_SECONDS = 15.0
CURRENCY = "CNY"
UNIT_COSTS = {"order": 12.0, "urgent_order": 30.0, "complaint": 150.0, "claim": 80.0}
TONNES = (1e4, 1e3, 1e2)
BASIS, CLASSES, GRADING = "what classes are read from", "classes", "grading"
Found = TypeVar("Found")


class Stopwatch:
    """Runs steps and keeps the seconds that each took, and which part of the whole it is."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.parts: dict[str, str] = {}

    def run(self, step: str, work: Callable[[], Found], part: str = CLASSES) -> Found:
        """Return what ``work`` returns."""
        self.parts[step] = part
        start = time.perf_counter()
        found = work()
        self.seconds[step] = time.perf_counter() - start
        print(f"{step}: {self.seconds[step]:.1f} s", file=sys.stderr, flush=True)
        return found


def known_records(folder: Path) -> Records:
    """Return the tables of a folder as a study hands them on: known on the day, in one currency, in memory."""
    nothing = Quarantine(pd.DataFrame(), pd.DataFrame())
    assumptions = Assumptions(currency=CURRENCY, unit_costs=UNIT_COSTS)
    return Records(read_base(folder), nothing, {}, (), AS_OF, assumptions).at(AS_OF).read()


def base_of(records: Records, seed: int = 2) -> Base:
    """Return the records with what models would say of each customer, drawn."""
    rng = np.random.default_rng(seed)
    codes = records["customers"].select("customer_id").order_by("customer_id").to_pyarrow()["customer_id"].to_pandas()
    customers = pd.Index(codes, name="customer_id")
    n = len(customers)

    def with_ends(name: str, middle: np.ndarray, low: float, high: float) -> pd.DataFrame:
        columns = {name: middle, f"{name}_lower": low * middle, f"{name}_upper": high * middle}
        return pd.DataFrame(columns, index=customers)

    values = with_ends("value", rng.lognormal(np.log(2000), 1.2, n), 0.7, 1.4)
    won = with_ends("could_be_won", rng.lognormal(np.log(400), 1.0, n), 0.2, 2.0).reset_index()
    leaving = with_ends("leave_12", rng.beta(1.0, 6.0, n), 0.6, 1.0)
    standing = rng.choice(np.array(["active", "silent", LOST], dtype=object), n, p=[0.6, 0.2, 0.2])
    models = {
        "values": SimpleNamespace(frame=values, doubts=[]),
        "churn": SimpleNamespace(
            accounts=SimpleNamespace(standing=pd.DataFrame({"standing": standing}, index=customers)),
            prospects=SimpleNamespace(frame=leaving.assign(tie=np.where(rng.random(n) < 0.1, "contract", ""))),
        ),
    }
    said: dict[str, Any] = {name: partial(lambda found: found, model) for name, model in models.items()}
    base = Base(records, AS_OF, records.assumptions, seed, **said)
    vars(base)["potential"] = SimpleNamespace(to_frame=lambda: won)  # as if it had been asked for before
    return base


def class_all(base: Base, watch: Stopwatch) -> None:
    """Make every class and tier, what they share first."""
    classes, tiers = CustomerClasses(base), Tiers(base)
    watch.run("totals of the last year", lambda: base.totals, BASIS)
    watch.run("margins of all records and of the last year", lambda: (base.margins, base.margins_last_year), BASIS)
    watch.run("worth: profit so far, of the last year and ahead", lambda: base.worth, BASIS)
    for name, found in classes.every().items():
        watch.run(name, found)
    watch.run("volume classes", lambda: volume_classes(base.totals["weight"], TONNES))
    watch.run("80:20 check", lambda: classes.eighty_twenty)
    watch.run("the yearly questions", lambda: classes.yearly_questions)
    watch.run("the fifteen indicators", lambda: tiers.indicators, GRADING)
    watch.run("scorecard and tiers", lambda: tiers.scorecard.tiers(), GRADING)
    watch.run("nine criteria and their scorecard", lambda: tiers.nine_criteria, GRADING)


def main() -> int:
    """Print the table; return 1 when all steps together take too long."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as place:
        shipments = write_base(Path(place), CUSTOMERS)
        start = time.perf_counter()
        base = base_of(known_records(Path(place)))
        reading, held = time.perf_counter() - start, peak_gigabytes()
        class_all(base, watch)
        grown = peak_gigabytes() - held
    seconds = pd.Series(watch.seconds)
    total = float(seconds.sum())
    sums = {f"**{part}**": of_part for part, of_part in seconds.groupby(watch.parts, sort=False).sum().items()}
    rows = pd.DataFrame([(step, f"{took:.2f}") for step, took in {**watch.seconds, **sums, "**all**": total}.items()])
    print("# All classes and tiers of a million customers\n")
    print(
        f"{CUSTOMERS:,} random customers with {shipments:,} shipments. {MOST_SECONDS:.0f} s are allowed for all steps;"
        f" reading the files into memory, which a study does once for all its models, takes {reading:.1f} s and is not"
        " among them. What models say is drawn and not timed.\n\n"
        f"The steps took {grown:.1f} GB of new memory; right after them, a gigabyte took this machine"
        f" {seconds_per_new_gigabyte():.1f} s to get.\n"
    )
    print(markdown(rows.set_axis(["step", "seconds"], axis=1)))
    return int(total > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
