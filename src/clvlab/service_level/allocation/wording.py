"""How names and amounts stand in the sentences about plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clvlab.clv.plots.values import Amounts
from clvlab.satisfaction.responses.kpis import BY_NAME


def listed(names: Sequence[str]) -> str:
    """Return names as a part of a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def words(kpi: str) -> str:
    """Return an indicator's name as it stands in a sentence: a level is the share that goes well.

    Examples
    --------
    >>> words("on_time_delivery")
    'on time delivery'
    """
    return BY_NAME[kpi].label if kpi == "cargo_damage_frequency" else kpi.replace("_", " ")


def sentence(text: str) -> str:
    """Return a text as it begins a sentence.

    Examples
    --------
    >>> sentence("contract V1 of C12")
    'Contract V1 of C12'
    """
    return text[:1].upper() + text[1:]


def amounts(largest: float, currency: str) -> Callable[[float], str]:
    """Return how amounts of up to ``largest`` are written, with their currency where it is known.

    Examples
    --------
    >>> amounts(2e6, "CNY")(1.2e6), amounts(90, "")(60)
    ('1.20 million CNY', '60')
    """
    money = Amounts(largest, currency)
    return lambda amount: money.text(amount).strip()
