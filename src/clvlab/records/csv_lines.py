"""The lines of a CSV file, read with care where the engine does not: blank lines, and mixed line endings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_CHUNK = 1 << 18  # bytes that stay in the processor's cache


def irregular_lines(path: Path, separator: str) -> tuple[list[int], bool]:
    """Return the blank rows of a UTF-8 CSV file, as a spreadsheet numbers rows, and whether its line endings differ.

    A record counts once, however many lines its quoted cells hold. Line endings differ when rows end in more than
    one kind, or in carriage returns alone.
    """
    if _is_regular(path):
        return [], False
    blank: list[int] = []
    endings: set[str] = set()
    for number, record in enumerate(_records(path, separator), start=1):
        ending = record[len(_bare(record)) :]
        endings.add(ending)
        if record == ending:
            blank.append(number)
    endings.discard("")  # the last row needs none
    return blank, len(endings) > 1 or "\r" in endings


def with_one_newline(path: Path, separator: str, width: int, copy: Path) -> bool:
    """Write a ``copy`` in which every row ends in a newline; return whether carriage returns within cells gave way.

    A carriage return alone ends a row when it ends the header, or when the pieces on both sides are whole rows of
    ``width`` cells. Any other stands in a cell, where the engine takes none without quotes: it becomes a space.
    """
    replaced = False
    with copy.open("w", encoding="utf-8", newline="") as out:
        records = _records(path, separator)
        header = next(records, "")
        out.write(_bare(header) + "\n")
        always = header.endswith("\r")
        pieces: list[str] = []
        for record in records:
            if not always and record.endswith("\r"):
                pieces.append(_bare(record))
                continue
            pieces.append(_bare(record))
            if len(pieces) == 1 or all(_width(piece, separator) == width for piece in pieces):
                out.writelines(piece + "\n" for piece in pieces)
            else:
                out.write(" ".join(pieces) + "\n")
                replaced = True
            pieces = []
        out.writelines(piece + "\n" for piece in pieces)
    return replaced


def _is_regular(path: Path) -> bool:
    """Whether all line endings are of one kind and none follows another: a quick look at every byte."""
    feeds = returns = pairs = 0
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            data = np.frombuffer(last + chunk, dtype=np.uint8)
            feed, carriage_return = data == ord("\n"), data == ord("\r")
            pair = carriage_return[:-1] & feed[1:]
            end = feed | carriage_return
            if (end[:-1] & end[1:] & ~pair).any():
                return False
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += int(np.count_nonzero(pair))
            last = chunk[-1:]
    return returns == 0 or feeds == returns == pairs


def _records(path: Path, separator: str) -> Iterator[str]:
    """Yield the records of a UTF-8 CSV file with their line endings, be those \\n, \\r\\n or \\r."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        held: list[str] = []
        for line in file:
            inside = bool(held) or '"' in line
            inside = inside and _ends_in_quotes(line, separator, inside=bool(held))
            if inside:
                held.append(line)
            elif held:
                yield "".join((*held, line))
                held = []
            else:
                yield line
        if held:
            yield "".join(held)


def _ends_in_quotes(line: str, separator: str, inside: bool) -> bool:
    """Whether a quoted cell is still open at the end of ``line``; a quote within an unquoted cell opens none."""
    at = 0
    while True:
        if not inside and line[at : at + 1] == '"':
            inside = True
            at += 1
        if inside:
            at = line.find('"', at)
            if at < 0:
                return True
            if line[at + 1 : at + 2] == '"':  # two quotes stand for one
                at += 2
                continue
            inside = False
        at = line.find(separator, at)
        if at < 0:
            return False
        at += 1


def _bare(record: str) -> str:
    return record.removesuffix("\n").removesuffix("\r")


def _width(record: str, separator: str) -> int:
    try:
        return len(next(csv.reader([record], delimiter=separator), []))
    except csv.Error:
        return 0
