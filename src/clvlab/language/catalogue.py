"""The catalogue of a language, read from its TOML files: English templates and what they read."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from clvlab.language.speaking import ENGLISH
from clvlab.refusal import Refused

FOLDER = Path(__file__).parent
# A slot; with "!" what fills it is typed into a file, such as the name of a setting, and stays as it is.
SLOT = re.compile(r"\{(\d+)!?\}")
# Chinese has no blanks, neither between its characters nor beside digits and letters.
_BLANK = re.compile("(?<=[\u3000-\u9fff\uff00-\uffef]) +| +(?=[\u3000-\u9fff\uff00-\uffef])")
_WORD = re.compile(r"[A-Za-z]+|\d+")
# A word of a template that stands whole in every text of it: no slot touches it.
_WHOLE_WORD = re.compile(r"(?<![\w}])[A-Za-z]+(?![\w{])")
# Templates that join others ("{0} of {1}") or count something ("{0} days") fit much that they do not mean.
_COUNTING = re.compile(r"\{0\} [a-z]+(?: ago| a [a-z]+| each)?")
JOINING = frozenset("a an and as at by for from in is of on or per than the to with".split())  # noqa: SIM905


@dataclass(frozen=True)
class Template:
    """An English text with slots, and what it reads.

    Examples
    --------
    >>> Template("{0} of {1} leave", "{1}家中有{0}家离开").fills("12 of 40 leave")
    [['12', '40']]
    """

    english: str
    other: str

    @cached_property
    def letters(self) -> int:
        """How many characters stand beside the slots: the more, the surer a match."""
        return len(SLOT.sub("", self.english))

    @cached_property
    def words(self) -> set[str]:
        """The words that any text of it holds."""
        return {word.lower() for word in _WHOLE_WORD.findall(self.english)}

    @cached_property
    def weak(self) -> bool:
        """Whether it fits much that it does not mean: it only joins others, or counts something."""
        return self.words <= JOINING or _COUNTING.fullmatch(self.english) is not None

    @cached_property
    def verbatim(self) -> set[int]:
        """The slots that stay as they are filled."""
        return {int(slot) for slot in re.findall(r"\{(\d+)!\}", self.other)}

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        """The template with its slots as short as they can be, and as long as they can be."""
        first, *others = SLOT.split(self.english)[::2]
        # A text may begin with the capital that the template lacks, or the other way round.
        begin = (
            f"[{first[0].upper()}{first[0].lower()}]{re.escape(first[1:])}" if first[:1].isalpha() else re.escape(first)
        )
        parts = [begin, *map(re.escape, others)]
        return [re.compile(slot.join(parts), re.DOTALL) for slot in ("(.*?)", "(.*)")]

    def fills(self, text: str) -> list[list[str]]:
        """Return what ``text`` may fill into the slots, in the English order; none when it is of another kind."""
        found = [list(match.groups()) for pattern in self._patterns if (match := pattern.fullmatch(text))]
        whole = [fills for fills in found if all(map(_is_whole, fills))]
        return whole[:1] if whole[1:] == whole[:1] else whole

    def filled(self, fills: list[str]) -> str:
        """Return the other language's text with the slots filled."""
        return SLOT.sub(lambda slot: fills[int(slot[1])], self.other)


def _is_whole(fill: str) -> bool:
    """Tell whether what would fill a slot can stand there: it has both its brackets and ends before a mark."""
    return fill.count("(") == fill.count(")") and not fill.endswith((",", ";", ":"))


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All texts of a language: whole ones, templates, and columns of tables.

    Parameters
    ----------
    texts
        English text or template to the other language's.
    columns
        Name of a column to its header.

    Examples
    --------
    >>> [found] = Catalogue({"{0} of {1} leave": "{1}家中{0}家流失"}).candidates("3 of 40 leave")
    >>> found.english
    '{0} of {1} leave'
    """

    texts: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _by_word(self) -> dict[str, list[Template]]:
        """The templates by the rarest of their words, so that a text is tried against few of them."""
        templates = [Template(english, other) for english, other in self.texts.items() if SLOT.search(english)]
        common = Counter(word for template in templates for word in template.words)
        found: dict[str, list[Template]] = {}
        for template in templates:
            rarest = min(sorted(template.words), key=lambda word: common[word], default="")
            found.setdefault(rarest, []).append(template)
        return found

    def candidates(self, text: str) -> list[Template]:
        """Return the templates that ``text`` may be of, those with most letters first."""
        words = {word.lower() for word in _WORD.findall(text)} | {""}
        found = [template for word in words for template in self._by_word.get(word, ())]
        return sorted(found, key=lambda template: (-template.letters, template.english))


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language, e.g. ``"zh"``; read once.

    Raises
    ------
    Refused
        When two files read one English text differently.

    Examples
    --------
    >>> catalogue("zh").columns["customer_id"]
    '客户编号'
    """
    folder = FOLDER / language
    texts = joined(path for path in sorted(folder.glob("*.toml")) if path.name != "columns.toml")
    return Catalogue(texts, tomllib.loads((folder / "columns.toml").read_text(encoding="utf-8")))


def joined(files: Iterable[Path]) -> dict[str, str]:
    """Return the texts of several files as one table.

    Examples
    --------
    >>> joined([FOLDER / "zh" / "records.toml"])["money in"]
    '金额单位'
    """
    texts: dict[str, str] = {}
    for path in files:
        for english, other in tomllib.loads(path.read_text(encoding="utf-8")).items():
            other = _BLANK.sub("", other)
            if not other:
                continue  # not filled in yet
            if texts.setdefault(english, other) != other:
                raise Refused(f"{path.name} reads {english!r} otherwise than an earlier file of the catalogue does.")
    return texts


@cache
def cells(language: str) -> dict[str, str]:
    """Return the text cells of all notebooks, English to the other language's.

    Examples
    --------
    >>> any("流失" in other for other in cells("zh").values())
    True
    """
    files = sorted((FOLDER / language / "notebooks").glob("*.toml"))
    return {english: other for path in files for english, other in cells_of(path, language).items()}


def cells_of(path: Path, language: str) -> dict[str, str]:
    """Return the text cells of one notebook's file."""
    listed = tomllib.loads(path.read_text(encoding="utf-8")).get("cell", [])
    return {cell[ENGLISH].strip(): cell[language].strip() for cell in listed if cell[language].strip()}
