"""Which encoding a text file is in, and a UTF-8 copy of it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from clvlab.refusal import Refused

_CHUNK = 1 << 22
_RUN = re.compile(rb"([A-Za-z]?)([\x80-\xff]+)(?=([A-Za-z]?))")
_ENOUGH_RUNS = 10_000
_SPOKEN = {"cp1252": "CP1252 (Western European)"}


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: by its byte-order mark, else the first that decodes every byte.

    Raises
    ------
    Refused
        When no encoding we know decodes the file, or its bytes are not what its byte-order mark says.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    marked = _marked(head)
    if marked and not _decodes(path, marked):
        raise Refused(f"{path} begins as {marked[:6].upper().rstrip('-')} but holds other or cut-off bytes;"
                      " save it again as CSV UTF-8.")  # fmt: skip
    if marked or _decodes(path, "utf-8"):
        return marked or "utf-8"
    western = _looks_western(path)
    for encoding in ("cp1252", "gb18030") if western else ("gb18030",):
        if _decodes(path, encoding):
            return encoding
    raise Refused(f"{path} is neither UTF-8, UTF-16 nor GB18030, nor Western European; save it again as CSV UTF-8.")


def spoken(encoding: str) -> str:
    """Return the name of an encoding for the reader."""
    return _SPOKEN.get(encoding, encoding.upper())


def as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """Return a UTF-8 copy of ``path`` beside ``target``, or itself when the engine can read it as it is."""
    if encoding in {"utf-8", "utf-8-sig"}:
        return path
    copy = target.with_suffix(".utf8")
    with (
        path.open(encoding=encoding, newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        while chunk := source.read(_CHUNK):
            out.write(chunk)
    return copy


def _marked(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) // 2:
        return "utf-16-le"
    return None


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _looks_western(path: Path) -> bool:
    """Whether the bytes beyond ASCII stand as in European text: alone, as in M\xfcller, not in runs of pairs.

    GB18030 decodes most European text, to nonsense: it takes the letter after an umlaut for its second byte.
    """
    western = chinese = runs = 0
    with path.open("rb") as file:
        while runs < _ENOUGH_RUNS and (chunk := file.read(_CHUNK)):
            for match in _RUN.finditer(chunk):
                runs += 1
                before, run, after = match.groups()
                if len(run) == 1 or (len(run) == 2 and before and after and not _common_pair(run)):
                    western += len(run)
                else:
                    chinese += len(run)
    return western > chinese


def _common_pair(pair: bytes) -> bool:
    # GB2312 keeps punctuation in A1-A3 and the common characters in B0-D7; lower-case letters lead beyond.
    return (0xA1 <= pair[0] <= 0xA3 or 0xB0 <= pair[0] <= 0xD7) and pair[1] >= 0xA1
