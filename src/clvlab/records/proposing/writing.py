"""The proposal as text: a mapping in TOML, a comment above each line that is in doubt."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from clvlab.records.contract import Column, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.files import SOURCE_ROW
from clvlab.records.proposing.choosing import Choice, may_be_row_number
from clvlab.records.proposing.contents import Contents, Profile
from clvlab.records.proposing.matching import Match, Section, fit_contents
from clvlab.records.proposing.toml import comment, toml
from clvlab.records.proposing.values import stated_currency
from clvlab.records.proposing.words import plain_words


def write(choice: Choice, contents: Contents) -> str:
    """Return the mapping as TOML."""
    file, first = contents.path.name, choice.first
    shared = _shared_settings(choice.matches)
    one_row = re.sub("^an? ", "", first.one_row)
    lines = [*_heading(choice, contents), f"about = {toml(f'{file}: one row per {one_row}')}"]
    lines += [*_currency(choice, contents), *_time_zone(choice, contents)]
    lines += [f"{key} = {toml(value)}" for key, value in shared.items()]
    for name, section in choice.sections.items():
        is_main = name == first.name
        doubts = _key_doubts(first, section, contents) if is_main else _derived_doubts(section, contents)
        lines += ["", f"[{name}]", *doubts, *_columns(TABLES[name], section, is_main, contents, shared)]
    if len(choice.sections) == 1 and first.name != "customers":
        lines += ["", "# missing: the table customers; add a section [customers] with one_row_per and"]
        lines += ["# customer_id, or give the customers a file and a mapping of their own."]
    used = {match.profile.name for match in choice.matches}
    idle = [profile for profile in contents.profiles if profile.name not in used]
    lines += ["", "# not used:"] if idle else []
    lines += [comment(f"  {profile.name.strip()} ({_in_short(profile, contents)})") for profile in idle]
    return "\n".join(lines) + "\n"


def _heading(choice: Choice, contents: Contents) -> list[str]:
    file, staged, first, second = contents.path.name, contents.staged, choice.first, choice.second.name
    best, next_best = choice.scores[first.name], max(choice.scores[second], 0)
    if best <= 1 or next_best > 0.85 * best or len(choice.main) < 0.25 * len(contents.profiles):
        sure = "a guess"
    else:
        sure = "likely" if next_best > 0.6 * best else "sure"
    lines = [
        f"Proposed by `clvlab new-mapping {file}`. Settle each doubt, save as mapping.toml,",
        f"then run `clvlab import mapping.toml {file} --out DIR`.",
        f"The file: {staged.rows:,} rows, {staged.note};"
        f" contents were judged by {contents.sampled:,} rows spread over it.",
        f"It looks like {first.name} ({sure}: {best:.1f} points); {second} came second ({next_best:.1f}).",
    ]
    if unread := len(staged.unread):
        row = staged.unread[SOURCE_ROW].iloc[0]
        lines.append(f"doubt: {unread:,} rows cannot be read at all, the first being row {row}")
    lacking = [name for name in first.required if name not in choice.main and not may_be_row_number(first, name)]
    lines += [f"missing: fill in {', '.join(lacking)} below before it can be used."] if lacking else []
    return [comment(line) for line in lines]


def _currency(choice: Choice, contents: Contents) -> list[str]:
    """Return the line of the currency: as a header, a sign or a column of currencies states it."""
    money = [match.profile for match in choice.main.values() if match.of.unit.startswith("currency")]
    if not money:
        return []
    stated = []
    for profile in money:
        signs = profile.numbers.signs if profile.numbers else []
        named = stated_currency(profile.name)
        stated += [named] if named else [stated_currency(sign) for sign in signs]
    for profile in contents.profiles:
        if {"currency", "waehrung", "币种", "货币"} & set(plain_words(profile.name)):
            given = contents.values(profile.name)
            stated += [stated_currency(code) or code for code in given if re.fullmatch(r"\w{1,3}|\W", code)]
    codes = list(dict.fromkeys(code for code in stated if code))
    if codes:
        doubt = [comment(f"doubt: several currencies occur ({', '.join(codes[:8])})")] if len(codes) > 1 else []
        return [*doubt, f"currency = {toml(codes[0])}"]
    if _is_chinese(contents):
        return ["# doubt: no currency is stated; the headers are Chinese", 'currency = "CNY"']
    return ["# doubt: no currency is stated; fill it in", '# currency = "USD"']


def _is_chinese(contents: Contents) -> bool:
    return any(re.search(r"[\u4e00-\u9fff]", profile.name) for profile in contents.profiles)


def _time_zone(choice: Choice, contents: Contents) -> list[str]:
    zone, why = ("Asia/Shanghai", " (the headers are Chinese)") if _is_chinese(contents) else ("UTC", "")
    if not any(match.of.type in {"date", "time"} for match in choice.main.values()):
        return [f'time_zone = "{zone}"']
    times = [profile.sample.iloc[:300] for profile in contents.profiles if profile.is_dates]
    if any(few.str.contains(r"\d(?:Z|[+-]\d\d:?\d\d|[+]\d\d)$").any() for few in times):
        doubt = f"times with an offset become wall-clock times of this zone{why}; is it the provider's?"
    else:
        doubt = f"the file states no time zone; its times are taken as wall-clock times of this one{why}"
    return [comment(f"doubt: {doubt}"), f'time_zone = "{zone}"']


def _in_short(profile: Profile, contents: Contents) -> str:
    """Return in a few words what a column holds."""
    if profile.sample.empty:
        return "nearly empty" if contents.filled(profile.name) else "empty"
    if profile.is_personal:
        return "personal data"
    different = profile.sample.unique()
    if len(different) <= 5:
        return ", ".join(different)
    return "dates" if profile.is_dates else "numbers" if profile.numbers else "text"


# Settings that hold for all columns ------------------------------------------------------------------------


def _shared_settings(matches: list[Match]) -> dict[str, object]:
    """Return what all columns of dates, or all of numbers, have in common and the file can say once."""
    shared: dict[str, object] = {}
    formats = [match.settings["dates"] for match in matches if "dates" in match.settings]
    if formats and formats[0] != ["iso"] and all(one == formats[0] for one in formats):
        shared["dates"] = formats[0]
    for key, unusual in (("decimal", {","}), ("thousands", {",", ".", " ", "'"})):
        marks = {str(match.settings[key]) for match in matches if key in match.settings}
        if len(marks) == 1 and marks <= unusual:
            shared[key] = marks.pop()
    signs = [match.settings["strip"] for match in matches if "strip" in match.settings]
    if signs and all(one == signs[0] for one in signs):
        shared["strip"] = signs[0]
    return shared


# Sections --------------------------------------------------------------------------------------------------


def _key_doubts(contract: Contract, section: Section, contents: Contents) -> list[str]:
    """Return the doubt about keys that repeat, and that customers are taken once where they do."""
    keys = [section[name].profile.name for name in contract.key if name in section]
    if not keys or any(name in contract.required and name not in section for name in contract.key):
        return []
    different = contents.different(*keys)
    filled = min(contents.filled(name) for name in keys)
    again = filled - different
    if again <= 0:
        return []
    text = f"doubt: {again:,} of {filled:,} rows repeat the {' + '.join(contract.key)} of another row"
    if contract.name == "customers":
        return [comment(f"{text}; the first of each is used"), 'one_row_per = "customer_id"']
    advice = ""
    if len(contract.key) == 1 and again > 0.1 * filled:
        advice = f'; if each row is {contract.one_row} of its own, {contract.key[0]} = {{ row_number = "R" }}'
    return [comment(f"{text} and will be set aside{advice}")]


def _derived_doubts(customers: Section, contents: Contents) -> list[str]:
    """Return that customers are drawn from the rows, and the doubt when nothing shows what is theirs."""
    lines = ['one_row_per = "customer_id"']
    if len(customers) > 1 and contents.is_unique(customers["customer_id"].profile):
        lines.insert(0, "# doubt: every customer has one row, so nothing shows which columns are the customer's")
    return lines


def _columns(
    contract: Contract, section: Section, is_main: bool, contents: Contents, shared: dict[str, object]
) -> list[str]:
    """Return a section's columns, with their doubts and what is missing of the main table."""
    lines = []
    for of in contract.columns:
        if of.name in section:
            match = section[of.name]
            lines += [comment(f"doubt: {doubt}") for doubt in match.doubts]
            lines.append(f"{of.name} = {_column(match, shared)}")
        elif is_main and of.required and may_be_row_number(contract, of.name):
            lines.append("# doubt: no column tells the rows apart; each row is taken for one of its own, numbered")
            lines.append(f'{of.name} = {{ row_number = "R" }}')
        elif is_main and of.required:
            lines += _missing(of, section, contents)
    return lines


def _column(match: Match, shared: dict[str, object]) -> str:
    # A column need not say what the file says or what holds anyway.
    implied = {"decimal": ".", "dates": ["iso"]} | shared
    settings = {key: value for key, value in match.settings.items() if value != implied.get(key)}
    return toml({"column": match.profile.name} | settings if settings else match.profile.name)


def _missing(of: Column, section: Section, contents: Contents) -> list[str]:
    """Return the line of a required column that was not found, with the columns that may be it."""
    used = {match.profile.name for match in section.values()}
    fitting = [p.name for p in contents.profiles if p.name not in used and fit_contents(of, p, contents)[0] >= 0.5]
    fitting.sort(key=lambda name: -SequenceMatcher(None, name.lower(), of.name).ratio())
    hint = f"perhaps {', '.join(toml(name) for name in fitting[:3])}" if fitting else "no column fits"
    return [comment(f"missing: {of.name}, {of.meaning}; {hint}"), f'# {of.name} = ""']
