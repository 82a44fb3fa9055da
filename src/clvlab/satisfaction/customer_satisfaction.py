"""What customers think of the service, and what service does to what they think and do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.features.contract_spells import window_start
from clvlab.features.events import Purchases
from clvlab.features.panel import Panel
from clvlab.features.winnable import YEAR_DAYS
from clvlab.records.records import Records
from clvlab.refusal import Refused
from clvlab.results import Result
from clvlab.satisfaction.answers import OVERALL, Answers, answers
from clvlab.satisfaction.drivers.asymmetry import Asymmetry, asymmetry
from clvlab.satisfaction.drivers.drivers import Drivers, drivers
from clvlab.satisfaction.drivers.importance import ImportancePerformance, importance_performance
from clvlab.satisfaction.drivers.response import satisfaction_response
from clvlab.satisfaction.known_before import known_before
from clvlab.satisfaction.measures.gaps import By, Gaps, gaps
from clvlab.satisfaction.measures.nonresponse import Nonresponse, nonresponse
from clvlab.satisfaction.measures.reliability import Reliability, reliability
from clvlab.satisfaction.responses.chain import response_to_satisfaction, through_satisfaction
from clvlab.satisfaction.responses.responses import Response, ServiceResponses, service_responses

if TYPE_CHECKING:
    from clvlab.features.churn_definitions import Rhythm

# Columns by which responses are asked for together; what an earlier call tells, counts.
_TOGETHER = (
    ("late_delivery_mean", "damaged_mean", "not_carried_out_mean"),
    ("late_dispatch_mean", "damaged_mean", "not_carried_out_mean"),
    ("pod_late_mean", "late_delivery_mean", "damaged_mean", "not_carried_out_mean"),
    ("failures_mean", "complaints_slow", "enquiries_late"),
)


@dataclass(frozen=True, repr=False, eq=False)
class CustomerSatisfaction(Result):
    """What customers think of the service, and what service does to what they think and do.

    Attributes
    ----------
    records
        Accepted tables, as known on the day.
    purchases
        Of these records.
    as_of
        The last day known.
    rhythm
        Returns how often customers order, None where there is no rhythm to learn.
    """

    records: Records
    purchases: Purchases
    as_of: dt.date
    rhythm: Callable[[], Rhythm | None]

    @cached_property
    def answers(self) -> Answers:
        """Invitations and answers, on one scale.

        Raises
        ------
        Refused
            When nobody was asked.
        """
        if "surveys" not in self.records:
            raise Refused("What customers think is not in the records: it needs the table surveys.")
        return answers(self.records["surveys"], self.as_of)

    @cached_property
    def _known(self) -> Panel:
        months = None
        with suppress(Refused):
            followed = self.responses.months
            months = Panel(followed.frame.drop_duplicates(["customer_id", "month"]), followed.covariates, {})
        return known_before(self.records.tables, self.answers, months)

    def gaps(self, by: By = "item") -> Gaps:
        """Return perception against expectation, by item, dimension or touchpoint, for shippers and consignees."""
        return gaps(self.answers, self.as_of, by)

    @cached_property
    def reliability(self) -> Reliability:
        """How far one answer can be trusted: agreement of the items, and of two waves."""
        return reliability(self.answers, self.as_of)

    @cached_property
    def nonresponse(self) -> Nonresponse:
        """Who answers, and the score weighted to stand for all who were asked."""
        return nonresponse(self.answers, self._known.frame, self.as_of)

    @cached_property
    def drivers(self) -> Drivers:
        """By how much service felt raises or lowers overall satisfaction."""

        def found() -> Drivers:
            known = self._known
            return drivers(self.answers, known.frame, self.as_of, labels=known.labels, units=known.units)

        return self.records.kept("drivers", found)

    @cached_property
    def asymmetry(self) -> Asymmetry:
        """Whether falling short of what was expected counts more than exceeding it."""
        return asymmetry(self.answers, self.as_of)

    @cached_property
    def importance(self) -> ImportancePerformance:
        """What matters to customers against how well it is done."""
        return importance_performance(self.answers, self.as_of)

    @cached_property
    def responses(self) -> ServiceResponses:
        """What one point more of each service indicator does to leaving and to orders, directly.

        Raises
        ------
        Refused
            When nobody's rhythm of orders can be learnt, so that a silence tells nothing, and when too few left.
        """
        rhythm = self.rhythm()
        if rhythm is None:
            raise Refused("What service does to leaving needs customers who ordered on two days or more.")
        orders = self.purchases.orders
        asked = self.records.tables, orders, rhythm, self.as_of, window_start(orders)
        found = self.records.kept("responses", lambda: service_responses(*asked))
        if found.fit is None:
            raise Refused(" ".join(found.remarks))
        return found

    @cached_property
    def responses_of_satisfaction(self) -> dict[str, Response]:
        """What one point felt of each indicator does to overall satisfaction, as far as answers tell."""
        found: dict[str, Response] = {}
        # Failures of one kind tend to come with those of another: those of an order are asked for together.
        for columns in _TOGETHER:
            with suppress(Refused):
                one = satisfaction_response(self.answers, self._known.frame, self.as_of, columns)
                found = {name: Response(-one.estimate[name], one.standard_error[name]) for name in columns} | found
        return {kpi.name: found[kpi.column] for kpi in self.responses.kpis if kpi.column in found}

    @cached_property
    def through_satisfaction(self) -> dict[str, tuple[Response, Response]]:
        """What one point of each indicator does to leaving and to orders by way of satisfaction."""
        return through_satisfaction(self.responses_of_satisfaction, response_to_satisfaction(self.responses.months))

    def by_group(self, groups: pd.Series) -> pd.Series | None:
        """Return mean overall satisfaction of the last year's answers by group; None where nobody was asked."""
        try:
            given = self.answers.of_last(YEAR_DAYS).invitations
        except Refused:
            return None
        return given.groupby(given["customer_id"].map(groups))[OVERALL].mean()

    def to_frame(self) -> pd.DataFrame:
        """Return what one point of each indicator does to leaving and orders: the frame of :attr:`responses`."""
        return self.responses.to_frame()
