"""``Study``: records, assumptions and an as-of date; every stage is computed once."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import ibis
import pandas as pd

from clvlab.assumptions import FILE as ASSUMPTIONS_FILE
from clvlab.assumptions import Assumptions, read_assumptions
from clvlab.cache import (
    CACHE_VARIABLE,
    cache_folder,
    cached_folder,
    cached_frame,
    content_hash,
    fingerprint,
    package_source,
)
from clvlab.churn.checking.out_of_time import OutOfTime
from clvlab.churn.customer_base import assess, check
from clvlab.churn.customer_churn import Churn
from clvlab.clv.valuing.customer_base import value_base
from clvlab.clv.valuing.customer_values import CustomerValues
from clvlab.clv.valuing.potential import Potential
from clvlab.features.events import Purchases, purchases
from clvlab.features.margins import Margins, margins_by_period
from clvlab.features.transactions import transaction_summary
from clvlab.periods import parse_date
from clvlab.places import find_folder
from clvlab.records.contract import ACTIVITY_TABLES
from clvlab.records.importing import IMPORT_FILE, UNREAD_FILE
from clvlab.records.records import Records
from clvlab.records.sources import find_files
from clvlab.records.taking_in import from_connection, load, take_in_folder
from clvlab.refusal import Refused
from clvlab.retention.accounts import accounts_to_watch
from clvlab.retention.watch_list_result import WatchList
from clvlab.satisfaction.customer_satisfaction import CustomerSatisfaction
from clvlab.service_level.customer_service_level import ServiceLevel
from clvlab.tiers.base import Base
from clvlab.tiers.customer_classes import CustomerClasses
from clvlab.tiers.customer_playbook import Playbook
from clvlab.tiers.customer_tiers import Tiers

# Columns of a simulated market's truth that say when something happened.
TRUE_DATES = ("month", "left_on", "returned_on")


class Study:
    """One valuation of a provider's customers: what was known on one day, under one set of assumptions.

    Made by :func:`open_study`. Each stage is computed when first asked for; stages of a folder of files are kept
    in the cache under a key of the data, the assumptions and the source of the whole package.

    Parameters
    ----------
    everything
        The checked records, not yet cut.
    assumptions
        What the analyst assumes.
    as_of
        The last day known; None for the records' robust last date.
    key
        Key of data and assumptions for the cache; None for records that must not be cached.
    seed
        Of every random draw.
    folder
        Where the records came from; None for a connection.
    """

    def __init__(
        self,
        everything: Records,
        assumptions: Assumptions,
        as_of: date | None,
        key: str | None,
        seed: int = 1,
        folder: Path | None = None,
    ) -> None:
        self._everything = everything
        self._folder = folder
        self._key = key
        self.seed = seed
        self.assumptions = assumptions
        self.as_of = as_of or everything.last_date
        self.records = everything.at(self.as_of)
        if not any(name in self.records for name in ACTIVITY_TABLES):
            first = purchases(everything.tables).table.date.min().execute()
            raise Refused(
                f"as_of = {self.as_of} lies before the first shipment or invoice ({pd.Timestamp(first).date()});"
                " give a later day."
            )

    def at(self, as_of: str | date) -> Study:
        """Return the study as it would have been on an earlier (or later) day.

        Raises
        ------
        Refused
            When nothing had happened by then.
        """
        return Study(self._everything, self.assumptions, parse_date(as_of), self._key, self.seed, self._folder)

    @property
    def currency(self) -> str:
        """The currency of all money."""
        return self.records.currency

    @cached_property
    def purchases(self) -> Purchases:
        """Shipments (or invoices) with what each is worth, as far as the records tell."""
        return purchases(self.records.tables)

    @cached_property
    def _known(self) -> Records:
        """The records in memory, for the many queries of the models."""
        return self.records.read()

    @cached_property
    def _bought(self) -> Purchases:
        return purchases(self._known.tables)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Frequency, recency, T (weeks, merged by day) and mean value of each customer: one row per customer."""

        def compute() -> pd.DataFrame:
            return transaction_summary(
                self.purchases.table,
                value=self.purchases.value,
                as_of=self.as_of,
                period="week",
                merge="day",
                negative=self.purchases.negative,
            )

        return self._stage("summary", compute)

    @cached_property
    def clv(self) -> CustomerValues:
        """What every customer has been worth and will be, by the model that did best on months held out."""
        return value_base(self._known, self._bought, self.as_of, self.assumptions, self.seed)

    @property
    def potential(self) -> Potential:
        """What could be won from each customer, beside the value at today's share of their spend."""
        return self._grading.potential

    @cached_property
    def churn(self) -> Churn:
        """Who is leaving: every customer's standing and risk, and the estimates behind them."""
        return assess(self._known, self._bought, self.as_of, self.assumptions, self.seed)

    @cached_property
    def churn_check(self) -> OutOfTime:
        """How forecasts of leaving from earlier days did on what came."""
        return check(self.churn, self.seed)

    @cached_property
    def watch_list(self) -> WatchList:
        """Whom to call first, by the margin at stake."""
        return accounts_to_watch(self.churn, self.clv)

    @property
    def margins(self) -> Margins:
        """What every customer earned, from revenue down to profit, over all records."""
        return self._grading.margins

    def margins_by(self, period: str) -> pd.DataFrame:
        """Return what customers earned by calendar ``"month"`` or ``"year"``: one row per customer and period."""
        return margins_by_period(self._known.tables, self.as_of, self._grading.assumptions, period)

    @cached_property
    def classes(self) -> CustomerClasses:
        """The classes of the field: ABC, pyramid, quadrants, usage, lifecycle, loyalty and the rest."""
        return CustomerClasses(self._grading)

    @cached_property
    def tiers(self) -> Tiers:
        """The scorecard: every customer's tier, how firm it is, how it moved, and whether tiers tell anything."""
        return Tiers(self._grading)

    @cached_property
    def playbook(self) -> Playbook:
        """What each tier gets and costs, and whom to invest in, fix or let go."""
        return Playbook(self._grading, self.tiers, self.classes)

    @cached_property
    def satisfaction(self) -> CustomerSatisfaction:
        """What customers think of the service, and what service does to what they think and do."""
        return CustomerSatisfaction(self._known, self._bought, self.as_of, lambda: self.churn.base.rhythm)

    @cached_property
    def service_level(self) -> ServiceLevel:
        """Which service level pays, for whom."""
        return ServiceLevel(
            self._known, self.as_of, self._in_currency, self.seed, self.satisfaction, lambda: self.clv,
            lambda: self.tiers.labels,
        )  # fmt: skip

    @property
    def _in_currency(self) -> Assumptions:
        return replace(self.assumptions, currency=self.currency)

    @cached_property
    def _grading(self) -> Base:
        return Base(self._known, self.as_of, self._in_currency, self.seed, lambda: self.clv, lambda: self.churn)

    def truth(self, name: str) -> pd.DataFrame | None:
        """Return what really was in a simulated market, up to the as-of day; None of real customers.

        Parameters
        ----------
        name
            A file of the folder ``truth``, such as ``"leavings"``, ``"months"`` or ``"hazard_effects"``.
        """
        path = self._folder / "truth" / f"{name}.csv" if self._folder else None
        if path is None or not path.is_file():
            return None
        header = pd.read_csv(path, nrows=0).columns
        frame = pd.read_csv(path, parse_dates=[column for column in TRUE_DATES if column in header])
        today = pd.Timestamp(self.as_of)
        for column in frame.columns.intersection(TRUE_DATES):
            if column == "returned_on":
                frame[column] = frame[column].where(frame[column] <= today)
            else:
                frame = frame[frame[column] <= today]
        return frame.reset_index(drop=True)

    def _stage(self, name: str, compute) -> pd.DataFrame:  # type: ignore[no-untyped-def]
        if self._key is None:
            return compute()
        return cached_frame(f"{name}-{fingerprint(self._key, name, self.as_of.isoformat())}", compute)

    def __repr__(self) -> str:
        """Say what is in the study."""
        counts = ", ".join(f"{table.count().execute():,} {name}" for name, table in self.records.tables.items())
        return f"Study as of {self.as_of}: {counts}"

    def _repr_html_(self) -> str:
        return f'<p class="note">{self!r}.</p>'


def open_study(
    data: str | Path | ibis.BaseBackend,
    as_of: str | date | None = None,
    assumptions: Assumptions | None = None,
    seed: int = 1,
) -> Study:
    """Open a provider's records for analysis.

    Parameters
    ----------
    data
        A folder of CSV, Parquet or Excel files named as our tables, or an Ibis connection that holds them. A
        relative folder is looked for from the working directory upwards, to the project's root.
    as_of
        The last day known, ``"YYYY-MM-DD"``; the records' robust last date when None or blank.
    assumptions
        Those of ``clvlab.toml`` in the folder, else the defaults, when None.
    seed
        Of every random draw.

    Raises
    ------
    Refused
        When the folder, a required table or column is missing, a file cannot be read, or nothing happened up to
        ``as_of``.

    Examples
    --------
    >>> study = open_study("data/demo", as_of="2025-12-31")        # doctest: +SKIP
    >>> study.summary.head()                                       # doctest: +SKIP
    """
    if isinstance(data, (str, Path)):
        folder = find_folder(data)
        assumed = assumptions or read_assumptions(folder)
        key = fingerprint("records", data_fingerprint(folder), asdict(assumed), package_source())
        records = _loaded(folder, f"records-{key}", assumed)
    elif isinstance(data, ibis.BaseBackend):
        folder, key, assumed = None, None, assumptions or Assumptions()
        records = from_connection(data, assumed)
    else:
        raise Refused(f"data is a {type(data).__name__}; give a folder of files or an Ibis connection.")
    return Study(records, assumed, parse_date(as_of) if as_of else None, key, seed, folder)


def _loaded(folder: Path, name: str, assumptions: Assumptions) -> Records:
    """Return the checked records from the cache, made anew when the cache's copy is damaged."""
    try:
        stored = cached_folder(name, lambda draft: take_in_folder(folder, draft, assumptions))
    except PermissionError as error:
        raise Refused(
            f"the cache folder {cache_folder()} cannot be written; set {CACHE_VARIABLE} to one that can."
        ) from error
    try:
        return load(stored, assumptions)
    except (OSError, ValueError, KeyError, duckdb.Error):
        shutil.rmtree(stored)
        return load(cached_folder(name, lambda draft: take_in_folder(folder, draft, assumptions)), assumptions)


def data_fingerprint(folder: Path) -> str:
    """Return a key of the contents of all files that the records in ``folder`` are made of."""
    tables = {name: content_hash(paths) for name, paths in find_files(folder).items()}
    beside = [path for n in (ASSUMPTIONS_FILE, IMPORT_FILE, UNREAD_FILE) if (path := folder / n).is_file()]
    return fingerprint(tables, content_hash(beside))
