"""How the index shows figures and what they changed by: plain texts for its template, in the language of display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clvlab.language import say, say_day, say_name
from clvlab.reporting.changes import ON_THE_LIST, Change, Changes

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.results import Headline

Labels = Mapping[str, str]
_MOST_ROWS = 10
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """A cell of a table, with what stands small below it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, ``"number"``, ``"short"`` or ``"long"``, and whether it names the row."""

    name: str
    kind: str = "number"
    key: bool = False


@dataclass(frozen=True)
class Grid:
    """A table of the index."""

    label: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Part:
    """A part of what changed: a question, its answer in a sentence, and the rows that stand on the page."""

    heading: str
    told: str
    table: Grid
    more: str
    files: str


def figure_of(headline: Headline, lines: Sequence[str] = ()) -> dict[str, Any]:
    """Return a headline as the template shows it: name, figure, unit, and lines below."""
    number = headline.value if isinstance(headline.value, int | float) else None
    told = [headline.interval(), say(headline.note), *lines]
    return {
        "key": headline.name, "name": say(headline.name), "figure": headline.figure(), "unit": headline.unit_shown(),
        "number": number, "lines": [line for line in told if line],
    }  # fmt: skip


def difference_of(change: Change, labels: Labels) -> str:
    """Return what a figure grew by, with its sign and unit; blank for no change, a dash where it cannot be said."""
    if change.difference is None:
        return "–"
    size = replace(change.now, value=abs(change.difference))
    if size.figure() == replace(change.now, value=0.0).figure():
        return ""
    sign = "+" if change.difference > 0 else _MINUS
    if change.now.unit == "%":
        return labels["points"].format(number=f"{sign}{size.figure().rstrip('%')}")
    return f"{sign}{size.shown()}"


def since(change: Change, day: str, labels: Labels) -> list[str]:
    """Return what a figure did since a day, in words below its tile."""
    if change.difference is None:
        return []
    difference = difference_of(change, labels)
    told = labels["since"].format(difference=difference, day=day) if difference else labels["same"].format(day=day)
    return [told, *_certainty(change, labels)]


def _certainty(change: Change, labels: Labels) -> list[str]:
    if change.within_interval is None:
        return []
    return [labels["within"] if change.within_interval else labels["beyond"]]


def changed_figures(changes: Changes, labels: Labels, heads: tuple[str, str], label: str) -> Grid:
    """Return the figures on both days, side by side; ``heads`` are the two columns' heads."""
    columns = [Column(labels["figure"], "long", key=True), *(Column(head) for head in (*heads, labels["change"]))]
    rows = [
        [
            Cell(say(change.now.name)),
            Cell(change.before.shown(), change.before.interval()) if change.before else Cell("–"),
            Cell(change.now.shown(), change.now.interval()),
            Cell(difference_of(change, labels) or "0", *_certainty(change, labels)),
        ]
        for change in changes.figures
    ]
    return Grid(label, columns, rows)


def moves_in_words(changes: Changes, labels: Labels, unit: str) -> Part:
    """Return who changed tier."""
    moves, counts, day = changes.moves(), changes.move_counts(), say_day(changes.before.as_of)
    up, stayed = int(moves["up"].sum()), int(sum(counts.loc[tier, tier] for tier in counts.index))
    told = labels["moves_told"].format(up=up, down=len(moves) - up, stayed=f"{stayed:,}")
    if changes.retold:
        told += " " + labels["retold"].format(count=f"{changes.retold:,}", day=day)
    columns = [
        Column(labels["customer"], "long", key=True), Column(labels["tier_before"].format(day=day), "short"),
        Column(labels["tier"], "short"), Column(labels["scored"]), Column(labels["value"].format(unit=unit)),
    ]  # fmt: skip
    rows = [
        [
            _customer(row), Cell(say(row["tier_before"])),
            Cell(say(row["tier"]), labels["up" if row["up"] else "down"]),
            Cell(f"{row['points_before']:.0f} → {row['points']:.0f}"),
            _amount(row, "value"),
        ]
        for row in moves.head(_MOST_ROWS).to_dict("records")
    ]  # fmt: skip
    return Part(labels["moves"], told, Grid(labels["moves"], columns, rows), _more(moves, labels), "tier_moves")


def new_names_in_words(changes: Changes, labels: Labels, unit: str) -> Part:
    """Return who is new among the first of the watch list."""
    new, day = changes.new_on_list(), say_day(changes.before.as_of)
    told = labels["new_names_told"].format(count=len(new), first=ON_THE_LIST, day=day)
    columns = [
        Column(labels["place"]), Column(labels["customer"], "long", key=True),
        Column(labels["at_stake"].format(unit=unit)), Column(labels["likely_cause"], "long"),
        Column(labels["place_before"]),
    ]  # fmt: skip
    rows = [
        [
            Cell(str(row["watch_place"])), _customer(row), _amount(row, "at_stake"), Cell(say(row["likely_cause"])),
            Cell(_whole(row["watch_place_before"])),
        ]
        for row in new.head(_MOST_ROWS).to_dict("records")
    ]  # fmt: skip
    table = Grid(labels["new_names"], columns, rows)
    return Part(labels["new_names"], told, table, _more(new, labels), "new_on_watch_list")


def _more(rows: pd.DataFrame, labels: Labels) -> str:
    left = len(rows) - _MOST_ROWS
    return labels["more"].format(count=left) if left > 0 else ""


def _customer(row: Mapping[Any, Any]) -> Cell:
    """Return a customer's name over its code, as they are: data are in no language."""
    code, name = str(row["customer_id"]), row["name"]
    return Cell(say_name(name), code) if isinstance(name, str) and name.strip() and name != code else Cell(code)


def _amount(row: Mapping[Any, Any], name: str) -> Cell:
    from clvlab.results import Headline

    shown = Headline(name, row[name], "", row[f"{name}_lower"], row[f"{name}_upper"])
    return Cell(shown.figure(), shown.interval())


def _whole(number: object) -> str:
    import pandas as pd

    return "–" if pd.isna(number) else f"{number}"
