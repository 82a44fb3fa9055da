"""What a batch's figures were on one day, small enough to keep, so that next month's index can say what changed."""

from __future__ import annotations

import json
import re
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clvlab.cache import cached_folder, code_key, fingerprint, read_frame, whole
from clvlab.periods import months_before
from clvlab.refusal import Refused

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.reporting.jobs import Job
    from clvlab.results import Headline, Headlines
    from clvlab.study import Study

SNAPSHOTS = "snapshots"
# Of a day: what the batch said, and what the month before was, read from the same records.
NOW, BEFORE, FAILURE = "now", "before_on_these_records", "failed.json"
_FIGURES, _CUSTOMERS = "figures.json", "customers.parquet"
_VALUE = ["value", "value_lower", "value_upper"]
_TIER = ["tier", "tier_place", "since", "points", "tier_left", "points_left"]
_WATCHED = ["watch_place", "at_stake", "at_stake_lower", "at_stake_upper", "likely_cause"]
_DIGITS = 4  # clears the last bits of sums, which differ between runs


@dataclass(frozen=True)
class Snapshot:
    """What was known of a provider's customers on one day.

    Attributes
    ----------
    as_of
        The day.
    records
        Key of the contents of the records and assumptions it was read from.
    currency
        Of all money.
    method
        Key of the assumptions and of the package's source.
    headlines
        The figures that the records can tell, with intervals and units.
    customers
        One row per customer known on the day: ``customer_id``, ``name``, ``value`` (with its interval), ``tier``, the
        one held, with ``tier_place`` (1 the best), the quarter ``since`` which and the ``points`` with which it is held
        (missing before the first review), ``tier_left`` for it and ``points_left`` of that, ``watch_place`` (1 is to be
        called first), ``at_stake`` (with its interval) and ``likely_cause``; missing where there is none.
    """

    as_of: date
    records: str
    currency: str
    method: str
    headlines: tuple[Headline, ...]
    customers: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Leave the snapshot in a folder, as JSON and Parquet."""
        figures = {
            "as_of": self.as_of.isoformat(), "records": self.records, "currency": self.currency, "method": self.method,
            "headlines": [asdict(headline) for headline in self.headlines],
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FIGURES).write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
        self.customers.to_parquet(folder / _CUSTOMERS, index=False)


def read(folder: Path) -> Snapshot:
    """Return the snapshot that lies in a folder.

    Raises
    ------
    Refused
        When its files are damaged or not there.
    """
    try:
        found = json.loads((folder / _FIGURES).read_text(encoding="utf-8"))
        headlines = tuple(as_headline(headline) for headline in found["headlines"])
        customers = read_frame(folder / _CUSTOMERS)
        return Snapshot(
            date.fromisoformat(found["as_of"]), found["records"], found["currency"], found["method"],
            headlines,
            customers[["customer_id", "name", *_VALUE, *_TIER, *_WATCHED]],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"The snapshot {folder} cannot be read; remove that folder and run the batch again.") from error


def as_headline(given: dict[str, Any]) -> Headline:
    """Return a headline from what a JSON file holds of it; what a later version added is passed over."""
    from clvlab.results import Headline

    known = {item.name for item in fields(Headline)}
    return Headline(**{name: value for name, value in given.items() if name in known})


def snapshot_of(study: Study, records: str) -> Snapshot:
    """Return what is known on the study's day; ``records`` is a key of the records' contents."""
    method = fingerprint(asdict(study.assumptions), code_key())
    return Snapshot(study.as_of, records, study.currency, method, _headlines(study), _customers(study))


def _headlines(study: Study) -> tuple[Headline, ...]:
    shown: list[tuple[int, Callable[[], Headlines]]] = [
        (1, lambda: study.clv.headlines()),
        (3, lambda: study.churn.headlines()),
        (2, lambda: study.playbook.headlines),
    ]
    found: list[Headline] = []
    for first, make in shown:  # the first of each are those that a month is compared by
        with suppress(Refused):
            headlines = make()
            records: Any = headlines._repr_mimebundle_()[headlines.mime]  # rounded, as result.json holds them
            found += map(as_headline, records[:first])
    return tuple(found)


def _customers(study: Study) -> pd.DataFrame:
    from clvlab.features.customer_file.shared import present

    frame = present(study.records["customers"], "name").set_index("customer_id").sort_index()
    for part in (_values, _tiers, _watched):
        with suppress(Refused):
            frame = frame.join(part(study))
    frame = frame.reindex(columns=["name", *_VALUE, *_TIER, *_WATCHED])
    return frame.round(_DIGITS).rename_axis("customer_id").reset_index()


def _values(study: Study) -> pd.DataFrame:
    return study.clv.frame[_VALUE]


def _tiers(study: Study) -> pd.DataFrame:
    held, best_first = study.tiers.held, list(study.tiers.scheme.tiers)
    places = held.labels.map({tier: place for place, tier in enumerate(best_first, start=1)})
    facts = held.values.rename(columns={"score_then": "points", "score_left": "points_left"})
    return facts.assign(tier=held.labels, tier_place=places)[_TIER]


def _watched(study: Study) -> pd.DataFrame:
    ranked = study.watch_list.to_frame()
    return ranked.assign(watch_place=range(1, len(ranked) + 1)).set_index("customer_id")[_WATCHED]


def take_snapshots(jobs: Sequence[Job]) -> None:
    """Leave beside a batch's reports what its figures are, and what the month before was, read from the same records.

    The figures are those of the records, day and seed that most reports have. The month before is that of the latest
    snapshot of an earlier month; a month earlier when there is none.

    Parameters
    ----------
    jobs
        The batch.

    Notes
    -----
    A failure is left there with its traceback for the index to show; it takes no report with it.
    """
    from clvlab.opening import open_study

    about = Counter(_opened_with(job) for job in jobs).most_common(1)[0][0]
    try:
        study = open_study(about.data, as_of=about.as_of, seed=about.seed, redact=about.redact)
    except Refused:
        return  # every report of these records says why
    place = place_of(jobs[0].folder.parent, about.data, study.as_of, about.redact)
    with whole(place) as draft:
        draft.mkdir()
        try:
            _fill(draft, study, before(place), about)
        except Exception as error:
            failed = {"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
            (draft / FAILURE).write_text(json.dumps(failed, ensure_ascii=False, indent=1), encoding="utf-8")


class _OpenedWith(NamedTuple):
    """The parameters with which a report opens its study."""

    data: str
    as_of: str
    seed: int
    redact: bool


def _opened_with(job: Job) -> _OpenedWith:
    given = job.parameters
    return _OpenedWith(str(given["data"]), str(given["as_of"]), int(given["seed"]), bool(given.get("redact", False)))


def _fill(folder: Path, study: Study, earlier: Snapshot | None, about: _OpenedWith) -> None:
    from clvlab.places import find_folder
    from clvlab.records.fingerprint import data_fingerprint

    records = data_fingerprint(find_folder(about.data))

    def cached(one: Study) -> Snapshot:
        key = fingerprint(records, one.as_of.isoformat(), about.seed, about.redact, code_key())
        return read(cached_folder(f"snapshot-{key}", lambda draft: snapshot_of(one, records).write(draft)))

    cached(study).write(folder / NOW)
    try:
        then = study.at(earlier.as_of if earlier else months_before(study.as_of, 1))
    except Refused:  # nothing had happened by then
        return
    cached(then).write(folder / BEFORE)


def place_of(build: Path, data: str, as_of: date, redact: bool) -> Path:
    """Return the folder for the snapshots of some records on a day: one a month, pseudonyms apart from names."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", data).strip("-")
    mark = sha256(data.encode()).hexdigest()[:6]
    apart = "-redacted" if redact else ""
    return build / SNAPSHOTS / f"{words}-{mark}{apart}" / f"{as_of:%Y-%m}"


def before(place: Path) -> Snapshot | None:
    """Return what the latest batch of an earlier month said of the same records; None when there was none."""
    months = sorted(path for path in place.parent.glob("[0-9]*") if path.name < place.name)
    for month in reversed(months):
        with suppress(Refused):
            return read(month / NOW)
    return None
