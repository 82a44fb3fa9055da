"""Who is leaving: every customer's standing and risk, and the estimates behind them."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from clvlab.churn.base import Base
from clvlab.churn.definitions import DefinitionsCompared, compare_definitions
from clvlab.churn.effects import Effects
from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.prospects.drivers import drivers
from clvlab.churn.prospects.prospects import TERMS, Prospects, prospects
from clvlab.churn.rates import LeavingRates, leaving_rates, share_of_today
from clvlab.churn.returns import Returns, absences, returns
from clvlab.features.panel import Panel, panel, panel_and_ahead
from clvlab.features.spells import AccountSpells
from clvlab.once import once
from clvlab.refusal import Refused
from clvlab.results import Headline, Headlines, Note, Result, Table, or_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvlab.churn.hazards.cox.proportional import ProportionalHazards

HORIZONS = (3, 6, 12)
_YEAR_OF_MONTHS = 12
_MOST = 12
_SHOWN = 4


@dataclass(frozen=True, repr=False, eq=False)
class Churn(Result):
    """Who is leaving, as known on one day.

    Attributes
    ----------
    base
        What it is read from: records, assumptions, definitions of churn, rhythms.
    accounts
        When customers came, left and came back, and how each stands today.
    seed
        Of all random draws.
    """

    base: Base
    accounts: AccountSpells
    seed: int
    title: str = "Customers by their probability to leave"
    percent: tuple[str, ...] = ("already_gone", "leave", "lower", "upper")

    @property
    def as_of(self) -> dt.date:
        """The last day known."""
        return self.base.as_of

    @property
    def within_months(self) -> int:
        """How far ahead the headline and the watch list look."""
        return self.base.assumptions.leave_within_months

    @property
    def spells(self) -> pd.DataFrame:
        """Spells, as all estimators of :mod:`clvlab.churn` take them."""
        return self.accounts.spells

    def spells_by(self, profile: str) -> pd.DataFrame:
        """Return the spells with a column of the customer file, of customers of whom it is known.

        Raises
        ------
        Refused
            When the customer file does not have it.
        """
        if profile not in self.base.profiles.columns:
            raise Refused(f"Needs {profile} in customers.")
        spells = self.spells.assign(**{profile: self.spells["customer_id"].map(self.base.profiles[profile])})
        return spells.dropna(subset=[profile]).reset_index(drop=True)

    @cached_property
    def _months(self) -> tuple[Panel, Panel]:
        """Months at risk, and months ahead of those still there."""
        base, ahead = self.base, max(self.horizons)
        known = base.records.tables, self.spells, self.accounts.running, base.as_of, base.window_start, ahead
        return base.records.kept("customer_months", lambda: panel_and_ahead(*known), asdict(base.assumptions))

    @cached_property
    def panel(self) -> Panel:
        """Customer-months at risk with covariates known before each month."""
        if self.accounts.running.empty:  # nobody to look ahead for
            return panel(self.base.records.tables, self.spells, self.as_of, self.base.window_start)
        return self._months[0]

    @property
    def horizons(self) -> list[int]:
        """How many months ahead probabilities look."""
        return sorted({*HORIZONS, self.within_months})

    @once
    def prospects(self) -> Prospects:
        """What lies ahead of every customer who is not lost.

        Raises
        ------
        Refused
            When nobody left so far, nobody is left, or the leavings are too few for a model.
        """

        def ahead() -> Prospects:
            return prospects(*self._months, self.accounts, self.base.rhythm, self.horizons, self.seed)

        return self.base.records.kept("prospects", ahead, asdict(self.base.assumptions), self.seed)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know."""
        try:
            ahead = self.prospects
        except Refused as refusal:
            return (*self.accounts.remarks, str(refusal))
        few = f"Too few left for these covariates, which are left out: {', '.join(ahead.left_out)}."
        return (*self.accounts.remarks, *ahead.fit.remarks, *([few] if ahead.left_out else []))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer who is not lost, the likeliest to leave first.

        Returns
        -------
        DataFrame
            customer_id, ``standing`` (under contract, active, silent), ``silent_days``, ``already_gone`` (probability
            to have left unnoticed), ``leave`` (probability to have left within the horizon), ``lower``, ``upper``
            (its 90% interval).
        """
        ahead, name = self.prospects.frame, f"leave_{self.within_months}"
        standing = self.accounts.standing.reindex(ahead.index)
        frame = pd.DataFrame(
            {
                "standing": standing["standing"],
                "silent_days": standing["silent_days"],
                "already_gone": ahead["already_gone"],
                "leave": ahead[name],
                "lower": ahead[f"{name}_lower"],
                "upper": ahead[f"{name}_upper"],
            }
        )
        return frame.sort_values("leave", ascending=False, kind="stable").reset_index()

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What drives each customer's risk against its own past, from :func:`clvlab.churn.prospects.drivers`."""
        return drivers(self.prospects)

    @cached_property
    def by_quarter(self) -> LeavingRates:
        """How many customers left, by quarter and tie."""
        return leaving_rates(self.panel.frame, self._ties)

    @cached_property
    def _ties(self) -> pd.Series:
        """Whether each month of the panel was under contract."""
        months = self.panel.frame
        terms = [name for name in TERMS if name in months]
        return (months[terms] == 1).any(axis=1).map({True: "contract", False: "spot"}).rename("tie")

    @cached_property
    def effects(self) -> Effects:
        """What raises the risk and by how much, in words."""
        return Effects(self.prospects.fit, self.panel)

    @cached_property
    def beside_cox(self) -> Table:
        """The same effects by a Cox model with a baseline for each calendar month, beside those by the month."""
        ours = self.prospects.fit
        theirs = cox(self.prospects.panel.frame, list(ours.hazard_ratios_["covariate"]), strata="month", confidence=0.9)
        frame = ours.hazard_ratios_[["covariate", "hazard_ratio"]].assign(
            cox_hazard_ratio=theirs.hazard_ratios_["hazard_ratio"].to_numpy(),
            errors_apart=(
                (ours.params_ - theirs.params_)[theirs.params_.index].abs() / theirs.standard_errors_
            ).to_numpy(),
        )
        return Table(frame, "Hazard ratios by the month and by a Cox model: how many standard errors they lie apart", 2)

    @cached_property
    def returns(self) -> Returns:
        """Who of the lost comes back, and when, by cause."""
        away = absences(self.spells.assign(cause=self.spells["cause"].fillna("unknown")), self.as_of)
        if away.empty:
            raise Refused("Nobody has left so far, so nobody could come back.")
        return returns(away, by="cause")

    @cached_property
    def proportional_hazards(self) -> ProportionalHazards:
        """Whether effects are the same at every age."""
        return self.prospects.fit.proportional_hazards(self.prospects.panel.frame)

    @cached_property
    def early_and_late(self) -> Table:
        """Effects early and late in a customer's life, of those that change most: what an average hides."""
        tests = self.proportional_hazards.to_frame().iloc[:-1].nsmallest(_SHOWN, "p_value")
        months, names = self.prospects.panel.frame, list(self.prospects.fit.hazard_ratios_["covariate"])
        middle = float(months.loc[months["event"] == 1, "entry"].median())
        parts = [tests.set_index("covariate")[["p_value"]].rename(columns={"p_value": "p_of_change"})]
        for when, rows in (("early", months[months["entry"] < middle]), ("late", months[months["entry"] >= middle])):
            ratios = monthly_hazard(rows, names, confidence=0.9).hazard_ratios_.set_index("covariate")
            parts.append(ratios[["hazard_ratio", "lower", "upper"]].add_suffix(f"_{when}"))
        title = f"Hazard ratios before and after {middle:.0f} months of age, where they change most (90% intervals)"
        return Table(pd.concat(parts, axis=1, join="inner").reset_index(), title, 2)

    def compare(self, truth: pd.DataFrame | None = None) -> DefinitionsCompared:
        """Return the definitions of churn side by side; ``truth`` as in :func:`~clvlab.churn.compare_definitions`."""
        return compare_definitions(self.base.definitions, self.as_of, truth)

    def headlines(self) -> Headlines:
        """Return the figures to remember."""
        standing = self.accounts.standing["standing"]
        here = int((standing != "called lost").sum())
        under = standing.loc[standing != "called lost"].eq("under contract").map({True: "contract", False: "spot"})
        months = self.panel.frame
        recent = months["month"] > months["month"].max() - _YEAR_OF_MONTHS
        share = share_of_today(months[recent], self._ties[recent], under.value_counts())
        name = f"expected to leave within {self.within_months} months"
        try:
            total, gone = self.prospects.totals.loc[self.within_months], self.prospects.frame["already_gone"].sum()
            ahead = Headline(
                name, total["leave"], "customers", total["lower"], total["upper"],
                note=f"of them about {gone:.0f} silent, perhaps gone already",
            )  # fmt: skip
        except Refused as refusal:
            ahead = Headline(name, None, note=str(refusal))
        return Headlines(
            Headline("customers today", here, "customers", note=f"{int((standing == 'silent').sum())} of them silent"),
            Headline(
                "leave within a year at past rates", 100 * share["yearly_share"], "%", 100 * share["lower"],
                100 * share["upper"], 1,
                note=f"at the rates of the last {_YEAR_OF_MONTHS} months that can be judged, under contract and not",
            ),
            ahead,
        )  # fmt: skip

    def likeliest(self, most: int = _MOST) -> Table:
        """Return the customers most likely to leave."""
        return Table(
            self.to_frame().head(most), f"{self.title} within {self.within_months} months", percent=self.percent
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many customers left, quarter by quarter."""
        return self.by_quarter.plot(ax)

    def __repr__(self) -> str:
        """Return headlines, the likeliest to leave and remarks as text."""
        return "\n".join([repr(self.headlines()), repr(or_note(self.likeliest)), *self.remarks])

    def _repr_html_(self) -> str:
        parts = self.headlines(), or_note(self.likeliest), Note(*self.remarks)
        return "".join(part._repr_html_() for part in parts)
