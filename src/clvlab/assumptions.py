"""What the analyst assumes, read from one ``clvlab.toml`` beside the data; every key has a unit and a default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from clvlab.refusal import Refused, nearest

FILE = "clvlab.toml"
CHURN_DEFINITIONS = ("rhythm", "silence", "volume")


@dataclass(frozen=True)
class Assumptions:
    """The assumptions of one study.

    Parameters
    ----------
    currency
        Currency of all money, a three-letter code. Blank: the one currency of the invoices, else CNY.
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

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if self.time_zone not in available_timezones():
            near = nearest(self.time_zone, available_timezones())
            raise Refused(f"{FILE}: time_zone = {self.time_zone!r} is no time zone{near}.")
        if self.currency and not re.fullmatch("[A-Z]{3}", self.currency):
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
            if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate < inf:
                raise Refused(f"{FILE}: exchange_rates.{code} = {rate!r} must be a number above 0.")


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
    types = {"str": str, "int": int, "float": (int, float), "Mapping[str, float]": dict}
    for key, value in given.items():
        if key not in known:
            raise Refused(f"{path}: {key!r} is no assumption{nearest(key, known)}.")
        wanted = str(known[key].type)
        if not isinstance(value, types[wanted]) or isinstance(value, bool):  # type: ignore[arg-type]
            word = {"str": "text", "int": "a whole number", "float": "a number"}.get(wanted, "a table of numbers")
            raise Refused(f"{path}: {key} = {value!r} must be {word}.")
    return Assumptions(**given)
