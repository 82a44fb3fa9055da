"""What the analyst assumes, read from one ``clvlab.toml`` beside the data; every key has a unit and a default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from clvlab.refusal import Refused, nearest

FILE = "clvlab.toml"
UNSTATED = "¤"  # the sign of some currency, for amounts whose currency nobody states
CHURN_DEFINITIONS = ("rhythm", "silence", "volume")
ACTIVITIES = (
    "order", "urgent_order", "special_requirement", "complaint", "claim", "enquiry", "visit", "call", "quote",
    "price_notice",
)  # fmt: skip
TIER_WEIGHTS = {"financial": 0.4, "potential": 0.25, "stability": 0.2, "risk": 0.15}


@dataclass(frozen=True)
class Assumptions:
    """The assumptions of one study.

    Parameters
    ----------
    currency
        Currency of all money, a three-letter code. Blank: the one currency of the invoices; where they state none
        either, amounts stand as they are recorded, written with ``¤``.
    exchange_rates
        What one unit of another currency is worth in ``currency``, e.g. ``{"USD": 7.2}``. Without a rate,
        invoices in several currencies are refused.
    time_zone
        Zone of all wall-clock times (IANA name); times that carry an offset are brought into it.
    dormant_after_months
        Calendar months without a shipment or invoice after which a customer counts as dormant.
    profile_stale_after_months
        Months after which a customer's profile counts as stale when nobody has verified it.
    top_share
        Share of customers that "the top" means in the concentration figures.
    annual_discount_rate
        Effective yearly rate by which money to come counts less, e.g. 0.1 for 10%.
    horizon_months
        How far ahead a customer's value is counted in the headline figures; value for life stands beside it.
    growth_lasts_months
        How long the growth that staying customers showed over the last two years is taken to go on; 0 for no growth.
    churn_definition
        By what a customer without a running contract counts as lost: ``"rhythm"`` (silent beyond its own rhythm),
        ``"silence"`` (silent for a fixed number of days) or ``"volume"`` (orders fallen and still falling).
    silent_days
        Days without an order after which ``"silence"`` calls a customer lost.
    false_alarms_per_year
        How often ``"rhythm"`` may call a customer lost who stays, per year; the quantile of the customer's own gaps
        between orders beyond which silence counts follows.
    volume_fall
        Share by which the moving average of orders must have fallen for ``"volume"`` to call a customer lost.
    leave_within_months
        How far ahead the watch list looks for customers who may leave.
    unit_costs
        What one activity of serving a customer costs, by activity: ``order``, ``urgent_order`` (on top of an order),
        ``special_requirement`` (one on one order), ``complaint``, ``claim`` (beyond the amount paid), ``enquiry``,
        ``visit``, ``call``, ``quote``, ``price_notice``. An activity without one counts with the cost recorded with
        it, if any, else with none, and the page says so.
    cost_of_capital
        Effective yearly rate that money tied up in unpaid invoices costs.
    abc_cuts
        Cumulative shares of the amount at which classes A, B, ... end; one class more than cuts.
    tier_weights
        Weight of each dimension of the scorecard (``financial``, ``potential``, ``stability``, ``risk``), or of single
        indicators by name; they need not add up to 1.
    tier_shares
        Shares of customers for whom the tiers above the last are cut, best first; two to four, so that there are three
        to five tiers. What counts once they are cut is the points.
    tiers_cut_on
        Day on which the scales and cuts of the tiers are learnt and frozen, ``"YYYY-MM-DD"``, so that tiers of one
        month compare with those of another. Blank: the end of the last quarter with a year of records behind it,
        anew for each (before the first: the as-of day).
    tier_band
        Points by which a customer must pass a cut, at the end of a quarter, before the tier changes.
    entitlement_costs
        What one unit of an entitlement costs, by entitlement (the playbook's table names them).
    service_costs
        What a level of service costs, by service indicator: ``levels``, shares that go well, rising, and ``cost``, what
        an order costs at each of them, e.g. ``levels = [0.90, 0.95, 0.98]`` and ``cost = [2.5, 11, 38]`` under
        ``[service_costs.on_time_delivery]``. Only differences between levels matter.
    service_floors
        Least share of orders on time that a tier is promised, by tier.

    Examples
    --------
    >>> Assumptions().dormant_after_months
    3
    """

    currency: str = ""
    exchange_rates: Mapping[str, float] = field(default_factory=dict)
    time_zone: str = "UTC"
    dormant_after_months: int = 3
    profile_stale_after_months: int = 12
    top_share: float = 0.2
    annual_discount_rate: float = 0.1
    horizon_months: int = 36
    growth_lasts_months: int = 24
    churn_definition: str = "rhythm"
    silent_days: int = 90
    false_alarms_per_year: float = 0.05
    volume_fall: float = 0.8
    leave_within_months: int = 6
    unit_costs: Mapping[str, float] = field(default_factory=dict)
    cost_of_capital: float = 0.06
    abc_cuts: Sequence[float] = (0.7, 0.9)
    tier_weights: Mapping[str, float] = field(default_factory=lambda: dict(TIER_WEIGHTS))
    tier_shares: Sequence[float] = (0.05, 0.15, 0.30)
    tiers_cut_on: str = ""
    tier_band: float = 3.0
    entitlement_costs: Mapping[str, float] = field(default_factory=dict)
    service_costs: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    service_floors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.time_zone not in available_timezones():
            near = nearest(self.time_zone, available_timezones())
            raise Refused(f"{FILE}: time_zone = {self.time_zone!r} is no time zone{near}.")
        if self.currency and not re.fullmatch(f"[A-Z]{{3}}|{UNSTATED}", self.currency):
            raise Refused(f"{FILE}: currency = {self.currency!r} must be a three-letter code such as CNY.")
        if self.churn_definition not in CHURN_DEFINITIONS:
            raise Refused(
                f"{FILE}: churn_definition = {self.churn_definition!r} must be one of {', '.join(CHURN_DEFINITIONS)}."
            )
        for name, example in (
            ("top_share", 0.2),
            ("annual_discount_rate", 0.1),
            ("false_alarms_per_year", 0.05),
            ("volume_fall", 0.8),
        ):
            if not 0 < getattr(self, name) < 1:
                raise Refused(f"{FILE}: {name} = {getattr(self, name)} must lie between 0 and 1, e.g. {example}.")
        for name, least in (
            ("dormant_after_months", 1),
            ("profile_stale_after_months", 1),
            ("horizon_months", 1),
            ("growth_lasts_months", 0),
            ("silent_days", 1),
            ("leave_within_months", 1),
        ):
            if getattr(self, name) < least:
                unit = "day" if name == "silent_days" else "month"
                plural = "" if least == 1 else "s"
                raise Refused(f"{FILE}: {name} = {getattr(self, name)} must be {least} {unit}{plural} or more.")
        for code, rate in self.exchange_rates.items():
            if not _is_number(rate) or not 0 < rate < inf:
                raise Refused(f"{FILE}: exchange_rates.{code} = {rate!r} must be a number above 0.")
        for activity in self.unit_costs:
            if activity not in ACTIVITIES:
                raise Refused(f"{FILE}: unit_costs.{activity} is no activity{nearest(activity, ACTIVITIES)}.")
        for name in ("unit_costs", "tier_weights", "entitlement_costs"):
            for key, amount in getattr(self, name).items():
                if not _is_number(amount) or not 0 <= amount < inf:
                    raise Refused(f"{FILE}: {name}.{key} = {amount!r} must be 0 or more.")
        if not sum(self.tier_weights.values()) > 0:
            raise Refused(f"{FILE}: tier_weights are all 0; give at least one a weight.")
        for name in ("cost_of_capital", "tier_band"):
            if not 0 <= getattr(self, name) < inf:
                raise Refused(f"{FILE}: {name} = {getattr(self, name)} must be 0 or more.")
        if self.tiers_cut_on and not _is_day(self.tiers_cut_on):
            raise Refused(f"{FILE}: tiers_cut_on = {self.tiers_cut_on!r} must be a day such as '2025-12-31'.")
        _check_cuts("abc_cuts", self.abc_cuts, "rise, e.g. [0.7, 0.9]", rising=True)
        _check_cuts("tier_shares", self.tier_shares, "add up to less than 1, e.g. [0.05, 0.15, 0.3]", rising=False)
        if not 2 <= len(self.tier_shares) <= 4:
            raise Refused(f"{FILE}: tier_shares names {len(self.tier_shares)} shares; give two to four.")
        for indicator, points in self.service_costs.items():
            _check_points(f"service_costs.{indicator}", points)
        for tier, share in self.service_floors.items():
            if not _is_number(share) or not 0 < share <= 1:
                raise Refused(f"{FILE}: service_floors.{tier} = {share!r} must be a share above 0, at most 1.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _check_cuts(name: str, cuts: Sequence[float], rule: str, rising: bool) -> None:
    """Refuse cuts that are no shares between 0 and 1 that rise, or that add up to less than 1."""
    shares = all(_is_number(cut) and 0 < cut < 1 for cut in cuts)
    if not cuts or not shares or (list(cuts) != sorted(set(cuts)) if rising else sum(cuts) >= 1):
        raise Refused(f"{FILE}: {name} = {list(cuts)} must be shares between 0 and 1 that {rule}.")


def _check_points(name: str, points: object) -> None:
    """Refuse anything but levels that rise between 0 and 1, and as many costs."""
    given = points if isinstance(points, Mapping) else {}
    levels, cost = given.get("levels", []), given.get("cost", [])
    lists = set(given) == {"levels", "cost"} and all(isinstance(one, Sequence) for one in (levels, cost))
    if not lists or len(levels) < 2 or len(levels) != len(cost):
        raise Refused(f"{FILE}: {name} needs levels and cost, two lists of the same length, at least two.")
    if not all(_is_number(one) and 0 <= one <= 1 for one in levels) or list(levels) != sorted(set(levels)):
        raise Refused(f"{FILE}: {name}.levels = {list(levels)} must be shares from 0 to 1 that rise.")
    if not all(_is_number(one) and 0 <= one < inf for one in cost):
        raise Refused(f"{FILE}: {name}.cost = {list(cost)} must be amounts of 0 or more.")


def read_assumptions(folder: Path) -> Assumptions:
    """Return the assumptions in ``folder/clvlab.toml``, the defaults when there is no such file.

    Raises
    ------
    Refused
        On a file that is not TOML, an unknown key (the nearest known one is named) or a value of a wrong type.
    """
    path = folder / FILE
    if not path.is_file():
        return Assumptions()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad begins with a byte-order mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not valid TOML: {error}.") from error
    return _checked(given, path)


def _checked(given: dict[str, Any], path: Path) -> Assumptions:
    known = {item.name: item for item in fields(Assumptions)}
    types = {"str": str, "int": int, "float": (int, float), "Sequence[float]": list}
    for key, value in given.items():
        if key not in known:
            raise Refused(f"{path}: {key!r} is no assumption{nearest(key, known)}.")
        wanted = str(known[key].type)
        if not isinstance(value, types.get(wanted, dict)) or isinstance(value, bool):  # type: ignore[arg-type]
            words = {
                "str": "text",
                "int": "a whole number",
                "float": "a number",
                "Sequence[float]": "a list of numbers",
            }
            word = words.get(wanted, "a table of numbers")
            raise Refused(f"{path}: {key} = {value!r} must be {word}.")
    return Assumptions(**given)
