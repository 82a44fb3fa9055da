"""What the import has to be told about each column found, and what stays in doubt."""

from __future__ import annotations

import pandas as pd

from clvlab.records.contract import Contract
from clvlab.records.parsing import FALSE, TRUE
from clvlab.records.proposing.choosing import Choice
from clvlab.records.proposing.contents import Contents, Profile
from clvlab.records.proposing.dates import Dates, settle_orders
from clvlab.records.proposing.matching import Match, Section, meaning
from clvlab.records.proposing.numbers import Numbers
from clvlab.records.proposing.toml import toml
from clvlab.records.proposing.values import UNITS, stated_unit


def settle(choice: Choice, contents: Contents) -> None:
    """Add to each match the settings of its column and the doubts about them."""
    matched = {match.profile.name for match in choice.matches}
    settle_orders([p.dates for p in contents.profiles if p.dates and (p.is_dates or p.name in matched)])
    _mark_blanks(choice.main, contents)
    for match in choice.matches:
        of, profile = match.of, match.profile
        if of.type in {"date", "time"} and profile.dates:
            _settle_dates(match, profile.dates)
        elif of.type in {"number", "whole"} and profile.numbers:
            _settle_numbers(match, profile.numbers, contents.profiles)
        elif of.type == "flag" or of.choices:
            _settle_words(match, contents.values(profile.name))
    _check_sequence(choice.first, choice.main)


def _mark_blanks(section: Section, contents: Contents) -> None:
    """Add a doubt to each required column that some rows leave blank."""
    required = [match for match in section.values() if match.of.required]
    contents.count_filled(match.profile.name for match in required)
    rows = contents.staged.rows
    for match in required:
        if blank := rows - contents.filled(match.profile.name):
            match.doubts.append(f"{blank:,} of {rows:,} rows are blank and will be set aside")


def _settle_dates(match: Match, dates: Dates) -> None:
    match.settings["dates"] = dates.formats
    match.doubts += [doubt for doubt in dates.doubts if doubt not in match.doubts]
    _mark_unread(match, dates.parts.index, "are no usable dates")


def _settle_numbers(match: Match, numbers: Numbers, profiles: list[Profile]) -> None:
    decimal, thousands, signs = numbers.decimal, numbers.thousands, numbers.signs
    if numbers.unclear:
        styles = {profile.numbers.decimal for profile in profiles if profile.numbers} - {""}
        decimal = next(iter(styles)) if len(styles) == 1 else "."
        thousands = numbers.unclear if numbers.unclear != decimal else thousands
        marked = numbers.texts[numbers.texts.str.contains(numbers.unclear, regex=False)]
        match.doubts.append(f"is {_example(marked)} in the thousands? {toml(decimal)} is taken for the decimal mark")
    if len(signs) > 1:
        listed = ", ".join(sign.strip() for sign in signs)
        match.doubts.append(f"several signs stand beside the numbers ({listed}); all are taken off alike")
    settings = {"decimal": decimal, "thousands": thousands, "strip": signs}
    match.settings |= {name: value for name, value in settings.items() if value}
    _mark_unread(match, numbers.texts.index, "are no numbers")
    _settle_unit(match, numbers)


def _settle_unit(match: Match, numbers: Numbers) -> None:
    unit = match.of.unit
    if unit not in UNITS:
        return
    word, factor = stated_unit(" ".join([match.profile.name, *numbers.signs[:1]]), unit) or ("", 1)
    if unit.startswith("share") and not word and numbers.read.abs().median() > 1:
        word, factor = "", 0.01
        match.doubts.append("the values exceed 1; they are taken for percent")
    elif not word and not unit.startswith(("currency", "share")):
        match.doubts.append(f"its unit is not stated; it is taken for {unit}")
    if factor != 1:
        match.settings["factor"] = factor


def _settle_words(match: Match, given: list[str]) -> None:
    of = match.of
    understood = {*of.choices} if of.choices else {*TRUE, *FALSE}
    foreign = {value: meaning(of, value) for value in given if value.lower() not in understood}
    known = {value: said for value, said in foreign.items() if said}
    unknown = [value for value, said in foreign.items() if not said]
    if known:
        match.settings["values"] = known
    if {value.lower() for value in known} & {"g", "r", "green", "red"}:
        match.doubts.append("green is taken for yes and red for no")
    if unknown:
        more = ", ..." if len(unknown) > 10 else ""
        wanted = ", ".join(of.choices) or "yes or no"
        match.doubts.append(f"not understood: {', '.join(unknown[:10])}{more} (should say {wanted})")


def _check_sequence(contract: Contract, section: Section) -> None:
    """Add a doubt to each date that lies before the one that its contract says comes first."""
    for rule in contract.rules:
        later, *earlier = rule.reads
        if rule.name != f"{later} before {''.join(earlier)}" or not {later, *earlier} <= set(section):
            continue
        dates, before = section[later].profile.dates, section[earlier[0]].profile.dates
        if dates is None or before is None:
            continue
        gap = (dates.days() - before.days()).dropna()
        wrong = gap[gap < pd.Timedelta(0)]
        if len(wrong):
            section[later].doubts.append(
                f"in {len(wrong):,} of {len(gap):,} sampled rows its day lies before {earlier[0]}"
                f" (row {wrong.index[0]})"
            )


def _mark_unread(match: Match, read: pd.Index, said: str) -> None:
    sample = match.profile.sample
    unread = sample.drop(read)
    if len(unread):
        match.doubts.append(f"{len(unread):,} of {len(sample):,} sampled values {said}, such as {_example(unread)}")


def _example(values: pd.Series) -> str:
    return f"{toml(values.iloc[0])} (row {values.index[0]})"
