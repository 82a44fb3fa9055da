"""Which of our tables a file is, and what of its customers it holds beside."""

from __future__ import annotations

from dataclasses import dataclass

from clvlab.records.contract import UNDATED, Contract
from clvlab.records.contracts import TABLES
from clvlab.records.proposing.contents import Contents
from clvlab.records.proposing.matching import Match, Section, match_columns
from clvlab.records.proposing.synonyms import WEAK
from clvlab.records.proposing.words import SYNONYMS, plain_words


@dataclass(frozen=True)
class Choice:
    """The table a file looks most like, the one that comes second, and the sections of the mapping.

    Parameters
    ----------
    first, second
        The tables' contracts.
    scores
        How much the file looks like each, in points.
    sections
        By table, our columns and the file's: the first table, and the customers where it names them.
    """

    first: Contract
    second: Contract
    scores: dict[str, float]
    sections: dict[str, Section]

    @property
    def main(self) -> Section:
        """The columns of the first table."""
        return self.sections[self.first.name]

    @property
    def matches(self) -> list[Match]:
        """The columns of all sections."""
        return [match for section in self.sections.values() for match in section.values()]


def choose_table(contents: Contents) -> Choice:
    """Return the table that a file looks like, with its columns."""
    found = {name: match_columns(contract, contents, contents.profiles) for name, contract in TABLES.items()}
    scores = {name: _points(TABLES[name], section, contents.path.stem) for name, section in found.items()}
    first, second = sorted(scores, key=lambda name: -scores[name])[:2]
    sections = {first: found[first]}
    if first != "customers" and "customer_id" in found[first]:
        sections["customers"] = _derived_customers(found[first], contents)
    return Choice(TABLES[first], TABLES[second], scores, sections)


def _points(contract: Contract, section: Section, file: str) -> float:
    """Return how much a file looks like a table: what it has of it, less what it lacks."""
    points = sum(match.score * (1.0 if match.of.required else 0.5) for match in section.values())
    for name in contract.required:
        if name not in section:
            points -= 0.4 if may_be_row_number(contract, name) else 1.0
    heard = set(plain_words(file))
    hinted = any(word in token or (len(token) > 3 and token.rstrip("s") in word)
                 for word in SYNONYMS["tables"][contract.name] for token in heard)  # fmt: skip
    return points + (0.5 if hinted else 0.0)


def may_be_row_number(contract: Contract, name: str) -> bool:
    """Return whether rows may be numbered where a column is missing: it is the key of what happened."""
    return contract.key == (name,) and contract.name != "customers"


def _derived_customers(main: Section, contents: Contents) -> Section:
    """Return the columns of a customers table drawn from the file: those constant within a customer."""
    key = main["customer_id"].profile
    used = {match.profile.name for match in main.values()}
    left = [profile for profile in contents.profiles if profile.name not in used]
    derived = {
        name: match
        for name, match in match_columns(TABLES["customers"], contents, left).items()
        if name != "customer_id" and match.of.known == UNDATED and match.score >= WEAK and len(match.profile.sample)
    }
    customers = contents.different(key.name)
    several = contents.inconstant(key.name, [match.profile.name for match in derived.values()])
    section = {"customer_id": Match(TABLES["customers"].column("customer_id"), key, main["customer_id"].score, [])}
    for name, match in derived.items():
        count = several[match.profile.name]
        if count:
            match.doubts.append(f"{count:,} of {customers:,} customers have more than one; the first is used")
        if count <= customers * 0.05:
            section[name] = match
    return section
