"""One page on whether the models can be trusted, on these records, and where not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, cached_property
from html import escape
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from clvlab.features.reconciliation import Reconciliation, revenue_against_invoices
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Note, Result, Table
from clvlab.validation.advice import ADVICE
from clvlab.validation.check import (
    BACKTESTS,
    KINDS,
    LEAVING,
    MODELS,
    NO,
    NOT_CHECKED,
    PURCHASES,
    TIERS,
    VALUES,
    YES,
    Check,
    counted,
    decisive,
    listed,
    verdict,
)
from clvlab.validation.data_checks import date_checks, money_checks, row_checks, set_aside_by_rule
from clvlab.validation.evidence import Evidence, read_evidence
from clvlab.validation.forecasts import Forecasts
from clvlab.validation.own_records import (
    CHURN_REPORT,
    CLV_REPORT,
    TIERS_REPORT,
    leaving_checks,
    purchase_checks,
    tier_checks,
    value_checks,
)
from clvlab.validation.published.recompute import published_checks
from clvlab.validation.simulated import simulated_checks

if TYPE_CHECKING:
    from clvlab.churn.checking.out_of_time import OutOfTime
    from clvlab.clv.valuing.customer_values import CustomerValues
    from clvlab.clv.valuing.hindsight import Hindsight
    from clvlab.features.events import Purchases
    from clvlab.features.margins import Margins
    from clvlab.records.records import Records
    from clvlab.tiers.evidence.prediction import Prediction

Found = TypeVar("Found")


class ModelValidation(Result):
    """Every model held against published figures, known truth, and what came in these records.

    Parameters
    ----------
    records
        As they were known on the day.
    purchases
        Of the same records.
    as_of
        The last day known.
    tested
        How forecasts of leaving from earlier days did.
    values
        What customers are worth, with the backtest that chose its model.
    past
        Last year's valuation beside what came.
    prediction
        What tiers of a year ago said about the year since.
    margins, by_month
        What customers earned, over all records and by month.
    evidence
        What the benchmarks left; that of the project when None.
    """

    title = "For each model the check its verdict rests on: of those outside the first"

    def __init__(
        self,
        records: Records,
        purchases: Purchases,
        as_of: dt.date,
        tested: Callable[[], OutOfTime],
        values: Callable[[], CustomerValues],
        past: Callable[[], Hindsight],
        prediction: Callable[[], Prediction],
        margins: Callable[[], Margins],
        by_month: Callable[[], pd.DataFrame],
        evidence: Evidence | None = None,
    ) -> None:
        self.records, self.purchases, self.as_of = records, purchases, as_of
        self._tested, self._values, self._past, self._prediction = tested, values, cache(past), prediction
        self._margins, self._by_month = margins, by_month
        self.evidence = evidence or read_evidence()

    @cached_property
    def published(self) -> list[Check]:
        """Printed figures, computed now."""
        return published_checks()

    @cached_property
    def simulated(self) -> list[Check]:
        """What the benchmarks found beside known truth."""
        return simulated_checks(self.evidence)

    @cached_property
    def own(self) -> list[Check]:
        """Forecasts on these records against what came."""
        return [
            *_or_not_checked(
                LEAVING, "forecasts of leaving from earlier days", CHURN_REPORT, lambda: leaving_checks(self._tested())
            ),
            *_or_not_checked(
                PURCHASES, "months held out", CLV_REPORT, lambda: purchase_checks(self._values().backtest)
            ),
            *_or_not_checked(VALUES, "valuation of a year ago", CLV_REPORT, lambda: value_checks(self._past())),
            *_or_not_checked(TIERS, "tiers of a year ago", TIERS_REPORT, lambda: tier_checks(self._prediction())),
        ]

    @cached_property
    def data(self) -> list[Check]:
        """Whether the records can carry the models."""
        return [
            *row_checks(self.records.quarantine),
            *date_checks(self.records, self.purchases, self.as_of),
            *money_checks(self._margins, self._by_month, self.purchases, self._books),
        ]

    def _books(self) -> Reconciliation:
        return revenue_against_invoices(self.records["shipments"], self.records["invoices"], self.records.currency)

    @cached_property
    def by_model(self) -> dict[str, list[Check]]:
        """All checks of each model, those on these records first."""
        every = [*self.own, *self.simulated, *self.published]
        return {model: [check for check in every if check.model == model] for model in MODELS}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per model.

        Returns
        -------
        DataFrame
            model, ``within`` (yes, no, not checked), ``checks`` (how many of those made are within), and the check the
            verdict rests on, a failure before all: ``checked``, ``figure``, ``expected``, ``where``.
        """
        rows = []
        for model, checks in self.by_model.items():
            one = decisive(checks)
            rows.append(
                {
                    "model": model, "within": verdict(checks), "checks": counted(checks), "checked": one.checked,
                    "figure": one.figure, "expected": one.expected, "where": one.where,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    @property
    def by_kind(self) -> Table:
        """One line per kind of check: how many are within of those made, and the first that is not."""
        every = [*self.own, *self.simulated, *self.published, *self.data]
        rows = []
        for kind in KINDS:
            checks = [check for check in every if check.kind == kind]
            outside = [check for check in checks if check.within == NO]
            first = f"{outside[0].model}: {outside[0].checked}" if outside else ""
            rows.append({"kind": kind, "within": verdict(checks), "checks": counted(checks), "first_outside": first})
        return Table(pd.DataFrame(rows), "What was checked, by kind: checks within of those made")

    @property
    def verdicts(self) -> Table:
        """One line per model, unfolded: whether it holds, and how far to trust it where it does not."""
        frame = self.to_frame()[["model", "within", "checks"]]
        frame["reservation"] = [ADVICE[model] if within == NO else ""
                                for model, within in zip(frame["model"], frame["within"], strict=True)]  # fmt: skip
        return Table(frame, "One line for each model, and what it is not to be trusted for", fold=False)

    @property
    def deciding_checks(self) -> Table:
        """One line per model with the check that its verdict rests on."""
        return Table(self.to_frame().drop(columns=["within", "checks"]), self.title, fold=False)

    def headlines(self) -> Headlines:
        """Return how many models hold, and whether the last forecasts were right."""
        verdicts = self.to_frame()["within"]
        return Headlines(
            Headline("models with every check within", float((verdicts == YES).sum()), "models",
                     note=f"of {len(verdicts)}"),
            *_headlines("past forecast: customers to leave", self._tested),
            *_headlines("past forecast: value to come", self._past),
        )  # fmt: skip

    @property
    def forecasts(self) -> Forecasts:
        """Forecasts on these records beside what came."""
        return Forecasts(self._told(self._tested), self._told(self._past), counted(self.own))

    @staticmethod
    def _told(make: Callable[[], Found]) -> Found | None:
        """Return what there is; None where it is refused, which the checks say."""
        try:
            return make()
        except Refused:
            return None

    @property
    def every_check(self) -> Table:
        """All checks of all models, those outside first."""
        checks = [*self.own, *self.simulated, *self.published]
        return listed(checks, f"Every check of every model; within: {counted(checks)}")

    @property
    def data_checks(self) -> Table:
        """Checks of the records, those outside first."""
        frame = listed(self.data, "").to_frame().drop(columns=["kind", "where"])
        return Table(frame.rename(columns={"model": "about"}), f"Checks of the records; within: {counted(self.data)}")

    @property
    def set_aside(self) -> Result:
        """What was set aside, by rule."""
        return set_aside_by_rule(self.records.quarantine)

    @property
    def evidence_remarks(self) -> Note:
        """Say which evidence is missing or older than the source."""
        return Note(*(self.evidence.remarks or ("All evidence was made with the source of today.",)))

    def to_do(self) -> Note:
        """Say for each model with a check outside how far to trust it, and what else to do."""
        sentences = [f"{model}: {ADVICE[model]}" for model, checks in self.by_model.items() if verdict(checks) == NO]
        failed = [check for check in self.data if check.within == NO]
        sentences += [f"Look into the records: {check.checked} is {check.figure}, expected {check.expected}."
                      for check in failed]  # fmt: skip
        return Note(*(sentences or ("No model and no table of the records has a check outside.",)))

    def sign_off(self) -> SignOff:
        """Return the line to sign on paper: there the first sheet ends."""
        return SignOff(
            "Checked by: ______________________    Date: ______________    Signature: ______________________"
        )

    def __repr__(self) -> str:
        """Return headlines and verdicts as text."""
        return "\n".join([repr(self.headlines()), repr(self.verdicts)])

    def _repr_html_(self) -> str:
        return self.headlines()._repr_html_() + self.verdicts._repr_html_()


class SignOff(Note):
    """The line to sign, after which the page's style begins a new sheet.

    Examples
    --------
    >>> SignOff("Signed by: ________")
    Signed by: ________
    """

    def _repr_html_(self) -> str:
        return f'<p class="sign-off">{escape(repr(self))}</p>'


def _or_not_checked(model: str, what: str, where: str, make: Callable[[], list[Check]]) -> list[Check]:
    """Return checks, or one that says why there are none."""
    try:
        return make()
    except Refused as refusal:
        return [Check(model, what, BACKTESTS, "–", str(refusal), NOT_CHECKED, where)]


def _headlines(name: str, make: Callable[[], OutOfTime | Hindsight]) -> list[Headline]:
    """Return the headlines of a past forecast, or why there are none."""
    try:
        return [Headline(**row) for row in make().headlines().to_frame().to_dict("records")]
    except Refused as refusal:
        return [Headline(name, None, note=str(refusal))]
