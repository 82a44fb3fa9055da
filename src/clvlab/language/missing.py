"""What the catalogue lacks, as TOML lines to fill in: ``python -m clvlab.language.missing [ROOM] [--counts]``.

A room is one of the package (``churn``), ``words`` (texts of several rooms), or a notebook (``03_churn``), whose text
cells are then listed. ``--shown`` lists instead what the committed notebooks show and would hold English words: headers
of columns, and texts that are put together from others.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path

from clvlab.language.catalogue import FOLDER, catalogue, cells, cells_of, joined
from clvlab.language.reading import english_left, english_words, read, read_column
from clvlab.language.shown_texts import shown_columns, shown_texts
from clvlab.language.source_texts import rooms, source_texts, texts_in

LANGUAGE = "zh"
NOTEBOOKS = FOLDER.parents[2] / "notebooks"


@cache
def room_texts() -> dict[str, dict[str, str]]:
    """Return every text that package and notebooks show, by file of the catalogue: text to where it stands.

    Examples
    --------
    >>> "clv" in room_texts()
    True
    """
    by_room = {room: source_texts(room) for room in rooms()} | {"in_notebooks": _texts_in_notebooks()}
    found: dict[str, dict[str, str]] = {room: {} for room in [*by_room, "words"]}
    for room, texts in by_room.items():
        for text, place in texts.items():
            shared = any(text in others for other, others in by_room.items() if other != room)
            found["words" if shared else room].setdefault(text, place)
    return found


def _texts_in_notebooks() -> dict[str, str]:
    """Return the texts that stand in the notebooks' code, such as titles of tables."""
    sources = [
        (name, "".join(line for line in cell["source"] if not line.startswith("%")))  # magics are no Python
        for name, path in notebooks().items()
        for cell in _cells(path)
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]
    return {text: f"{name}.ipynb" for name, source in sources for text in texts_in(source)}


def missing_texts(room: str) -> dict[str, str]:
    """Return the texts of a room that the catalogue lacks, each with its place."""
    known = catalogue(LANGUAGE).texts
    return {text: place for text, place in room_texts()[room].items() if text not in known}


def missing_cells(notebook: Path) -> list[str]:
    """Return the text cells of a notebook that the catalogue lacks."""
    return [source for source in _text_cells(notebook) if source not in cells(LANGUAGE)]


def stale_cells(notebook: Path) -> list[str]:
    """Return the text cells of the catalogue that the notebook no longer has."""
    path = FOLDER / LANGUAGE / "notebooks" / f"{notebook.stem}.toml"
    return sorted(set(cells_of(path, LANGUAGE)) - set(_text_cells(notebook))) if path.is_file() else []


def _text_cells(notebook: Path) -> list[str]:
    return ["".join(cell["source"]).strip() for cell in _cells(notebook) if cell["cell_type"] == "markdown"]


def _cells(notebook: Path) -> list[dict]:
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def notebooks() -> dict[str, Path]:
    """Return the notebooks by name with their number.

    Examples
    --------
    >>> sorted(notebooks())[0]
    '00_portfolio'
    """
    return {path.stem: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}


def missing_shown(notebook: Path) -> dict[str, list[str]]:
    """Return the texts that an executed notebook shows and that would hold English words, with these words."""
    left = {text: english_left(text, LANGUAGE) for text in shown_texts(notebook)}
    return {text: words for text, words in left.items() if words}


def missing_columns(notebook: Path) -> list[str]:
    """Return the headers of an executed notebook that would hold English words."""
    return [head for head in shown_columns(notebook) if english_words(read_column(head, LANGUAGE))]


def stale_texts() -> list[str]:
    """Return the texts of the catalogue that neither package nor notebooks write any more.

    Single words, and the files ``words`` and ``market``, stand for what is put together when it is shown.
    """
    written = {text for texts in room_texts().values() for text in texts}
    files = [path for path in (FOLDER / LANGUAGE).glob("*.toml") if path.stem not in ("columns", "words", "market")]
    return sorted(text for text in joined(sorted(files)) if text not in written and " " in text)


def main(arguments: list[str] | None = None) -> None:
    """Print what is missing, ready to be filled in."""
    parser = argparse.ArgumentParser(prog="python -m clvlab.language.missing", description=__doc__)
    parser.add_argument("room", nargs="?", help="only this room or notebook")
    parser.add_argument("--counts", action="store_true", help="only how many texts are missing")
    parser.add_argument("--shown", action="store_true", help="what notebooks show and would hold English words")
    parser.add_argument("--stale", action="store_true", help="entries that no source has any more")
    parser.add_argument("--try", dest="tried", metavar="TEXT", help="how a text reads")
    chosen = parser.parse_args(arguments)
    picked = {name: path for name, path in notebooks().items() if chosen.room in (None, name)}
    if chosen.tried:
        print(read(chosen.tried, LANGUAGE))
    elif chosen.stale:
        print("\n".join([*stale_texts(), *(cell for path in picked.values() for cell in stale_cells(path))]))
    elif chosen.shown:
        _print_shown(picked, chosen.counts)
    else:
        for room in room_texts():
            if chosen.room in (None, room):
                _print_texts(room, chosen.counts)
        for name, path in picked.items():
            _print_cells(name, path, chosen.counts)


def _print_texts(room: str, counts: bool) -> None:
    texts = missing_texts(room)
    print(f"# {LANGUAGE}/{room}.toml: {len(texts)} texts")
    if not counts:
        for text, place in texts.items():
            print(f'# {place}\n{json.dumps(text, ensure_ascii=False)} = ""')


def _print_cells(name: str, path: Path, counts: bool) -> None:
    lacking = missing_cells(path)
    print(f"# {LANGUAGE}/notebooks/{name}.toml: {len(lacking)} cells")
    if not counts:
        for source in lacking:
            print(f"[[cell]]\nen = '''\n{source}\n'''\n{LANGUAGE} = '''\n'''\n")


def _print_shown(picked: dict[str, Path], counts: bool) -> None:
    for name, path in picked.items():
        texts, columns = missing_shown(path), missing_columns(path)
        print(f"# {name}: {len(texts)} texts, {len(columns)} columns")
        if not counts:
            print("".join(f'{head.replace(" ", "_")} = ""\n' for head in columns))
            print("".join(f"{text}\n    -> {read(text, LANGUAGE).text}\n" for text in texts))


if __name__ == "__main__":
    main()
