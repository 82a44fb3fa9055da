"""Which column of a file each of a table's columns is: names say what it may be, contents what it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field

from clvlab.records.contract import Column, Contract
from clvlab.records.proposing.contents import Contents, Profile
from clvlab.records.proposing.synonyms import LEAST, likeness
from clvlab.records.proposing.toml import toml
from clvlab.records.proposing.values import UNITS, choice_meaning, flag_meaning

_BY_CONTENT = 0.4  # how sure a column is that no name speaks for, only its contents


@dataclass(eq=False)
class Match:
    """One of our columns, the file's column that it comes from, and the settings the import needs for it."""

    of: Column
    profile: Profile
    score: float
    doubts: list[str]
    settings: dict[str, object] = field(default_factory=dict)


Section = dict[str, Match]


def match_columns(contract: Contract, contents: Contents, profiles: list[Profile]) -> Section:
    """Return the file's column for each of a table's, the surest first, none twice."""
    candidates = []
    for of in contract.columns:
        for profile in profiles:
            score, why = likeness(profile.name, contract.name, of.name)
            if not score:
                continue
            fit, doubt = fit_contents(of, profile, contents, _role(contract, of))
            if score * fit >= LEAST:
                candidates.append(Match(of, profile, score * fit, [said for said in (why, doubt) if said]))
    section: Section = {}
    taken: set[str] = set()
    for match in sorted(candidates, key=lambda one: (-one.score, profiles.index(one.profile))):
        if match.of.name not in section and match.profile.name not in taken:
            section[match.of.name] = match
            taken.add(match.profile.name)
    _mark_rivals(section, candidates)
    single_key = contract.key if len(contract.key) == 1 else ()
    for name in (*single_key, contract.event):
        if name and name not in section and contract.column(name).required and {*contract.required} & {*section}:
            left = [profile for profile in profiles if profile.name not in taken and not profile.is_personal]
            if found := _by_contents(contract, name, contents, left):
                section[name] = found
                taken.add(found.profile.name)
    return section


def _role(contract: Contract, of: Column) -> str:
    """Return "key" for the column that differs in every row, "customer" for the customer of an activity."""
    if contract.key == (of.name,):
        return "key"
    return "customer" if of.name == "customer_id" and contract.name in {"shipments", "invoices"} else ""


def _mark_rivals(section: Section, candidates: list[Match]) -> None:
    """Add a doubt to each match that a column not used for anything could take nearly as well."""
    used = {match.profile.name for match in section.values()}
    for match in section.values():
        least = max(match.score - 0.15, LEAST)
        rivals = [other.profile.name for other in candidates if other.of is match.of
                  and other.profile.name not in used and other.score > least]  # fmt: skip
        if rivals:
            match.doubts.append(f"it may also be {' or '.join(toml(name) for name in rivals)}")


def _by_contents(contract: Contract, name: str, contents: Contents, left: list[Profile]) -> Match | None:
    """Return the only column left that could be the key or the event by what it holds."""
    rows, left = contents.staged.rows, [profile for profile in left if len(profile.sample) == contents.sampled]
    if name == contract.event:
        fitting = [p for p in left if p.is_dates]
        why = "its name does not say so, it is the only column of dates left"
    else:
        fitting = [p for p in left if not p.is_dates and not p.has_fractions and rows >= 20 and contents.is_unique(p)]
        why = "its name does not say so, but no value occurs twice in it"
    if len(fitting) != 1 or contents.filled(fitting[0].name) < rows:
        return None
    return Match(contract.column(name), fitting[0], _BY_CONTENT, [why])


# How contents fit ------------------------------------------------------------------------------------------


def fit_contents(of: Column, profile: Profile, contents: Contents, role: str = "") -> tuple[float, str]:
    """Return how well a column's contents fit ours, 0 being a veto, and the doubt they raise."""
    if profile.is_personal:
        return 0.0, ""
    if profile.sample.empty:
        doubt = "nearly empty" if contents.filled(profile.name) else "the column is empty"
        return (0.0 if of.required else 0.5), doubt
    if of.type in {"date", "time"}:
        return (1.0 if profile.dates else 0.0), ""
    if profile.is_dates:
        return 0.0, ""
    if of.type in {"number", "whole"}:
        return _fit_numbers(of, profile)
    if of.type == "flag" or of.choices:
        return _fit_words(of, profile), ""
    if of.name.endswith("_id") and profile.has_fractions:
        return 0.0, ""
    if role == "key":
        share = contents.different_share(profile)
        return (1.0 if share > 0.98 else 0.8 if share > 0.2 else 0.3), ""
    if role == "customer" and contents.is_unique(profile) and contents.filled(profile.name) >= 50:
        return 0.7, "no customer occurs twice in it, as customers should"
    return 1.0, ""


def _fit_numbers(of: Column, profile: Profile) -> tuple[float, str]:
    if profile.numbers is None or (of.type == "whole" and profile.has_fractions):
        return 0.0, ""
    values = profile.numbers.read
    low = of.at_least if of.at_least is not None else float("-inf")
    high = of.at_most if of.at_most is not None and of.unit not in UNITS else float("inf")
    outside = float((~values.between(low, high)).mean())
    doubt = f"{outside:.1%} of the sampled values lie outside the range allowed" if outside else ""
    return (0.4 if outside > 0.5 else 1.0), doubt


def _fit_words(of: Column, profile: Profile) -> float:
    known = profile.sample.map({value: bool(meaning(of, value)) for value in profile.sample.unique()})
    share = float(known.mean())
    return 1.0 if share > 0.5 else 0.8 if of.choices and share > 0 else 0.3 if of.type == "flag" else 0.7


def meaning(of: Column, value: str) -> str:
    """Return what a word says in one of our columns of choices or flags, else an empty text."""
    return choice_meaning(value, of.choices) if of.choices else flag_meaning(value)
