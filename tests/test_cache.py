"""Files are whole or absent, keys are made of content, and a change anywhere in the package changes the key."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clvlab
from clvlab import cache
from clvlab.cache import (
    CACHE_VARIABLE,
    cache_folder,
    cached_folder,
    code_key,
    content_hash,
    fingerprint,
    whole,
)

PACKAGE = Path(clvlab.__file__).parent


def everything_in(folder: Path) -> dict[str, str]:
    """Return every file below a folder, hidden ones too, with its text."""
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def written(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


# whole -----------------------------------------------------------------------------------------------------


def test_a_whole_file_takes_its_place_and_nothing_else_is_left(tmp_path):
    with whole(tmp_path / "deep" / "a.txt") as draft:
        draft.write_text("new")
        assert not (tmp_path / "deep" / "a.txt").exists(), "the file must not be seen before it is whole"
    assert everything_in(tmp_path) == {"deep/a.txt": "new"}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.txt"]


def test_a_whole_file_replaces_an_older_one(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with whole(tmp_path / "a.txt") as draft:
        draft.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert everything_in(tmp_path) == {"a.txt": "new"}


def test_a_whole_folder_replaces_an_older_one_with_all_its_files(tmp_path):
    written(tmp_path / "out", old="old", both="old")
    with whole(tmp_path / "out") as draft:
        draft.mkdir()
        written(draft, both="new", new="new")
    assert everything_in(tmp_path) == {"out/both": "new", "out/new": "new"}


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_writer_that_stops_leaves_nothing(tmp_path, stop):
    def write() -> None:
        with whole(tmp_path / "out") as draft:
            draft.mkdir()
            written(draft, half="half")
            raise stop

    with pytest.raises(stop):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_writer_that_stops_leaves_what_was_there(tmp_path, kind):
    before = tmp_path / "out" if kind == "file" else tmp_path / "out" / "a"
    before.parent.mkdir(exist_ok=True)
    before.write_text("old")

    def write() -> None:
        with whole(tmp_path / "out") as draft:
            draft.write_text("half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write()
    assert before.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_writer_that_writes_nothing_leaves_what_was_there(tmp_path):
    written(tmp_path / "out", a="old")

    def write() -> None:
        with whole(tmp_path / "out"):
            pass

    with pytest.raises(OSError, match="out"):
        write()
    assert everything_in(tmp_path) == {"out/a": "old"}


# The cache -------------------------------------------------------------------------------------------------


def test_the_variable_names_the_cache_folder_else_it_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv(CACHE_VARIABLE)
        else:
            monkeypatch.setenv(CACHE_VARIABLE, unset)
        assert cache_folder().name == "clvlab"
        assert cache_folder().is_absolute()


def test_a_cached_folder_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        written(folder, a="content")

    assert everything_in(cached_folder("key", make)) == {"a": "content"}
    assert everything_in(cached_folder("key", make)) == {"a": "content"}
    assert len(calls) == 1
    cached_folder("other", make)
    assert len(calls) == 2
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == ["key", "other"]


def test_a_folder_that_could_not_be_made_is_not_cached(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))

    def fail(folder: Path) -> None:
        written(folder, half="half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_folder("key", fail)
    assert list((tmp_path / "cache").iterdir()) == []
    assert everything_in(cached_folder("key", lambda folder: written(folder, a="a") and None)) == {"a": "a"}


MAKE_TOGETHER = """
import sys, time
from pathlib import Path
from clvlab.cache import cached_folder
me, place = sys.argv[1], Path(sys.argv[2])
def make(folder):
    (place / f"in-{me}").touch()
    until = time.monotonic() + float(sys.argv[3])
    while len(list(place.glob("in-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)  # for the other one to make it too
    for n in range(50):
        (folder / str(n)).write_text("same")
(place / f"asks-{me}").touch()
until = time.monotonic() + 20
while len(list(place.glob("asks-*"))) < 2 and time.monotonic() < until:
    time.sleep(0.01)
found = cached_folder("key", make)
assert len(list(found.iterdir())) == 50, list(found.iterdir())
"""
UNLOCKED = """
import filelock
def cannot(path, **options):
    raise OSError("no locks here")
filelock.FileLock = cannot
"""


@pytest.mark.parametrize(("locks", "made_by", "seconds"), [("", 1, 0.5), (UNLOCKED, 2, 20)])
def test_of_two_processes_at_once_one_makes_a_folder_or_without_locks_both(
    tmp_path, monkeypatch, locks, made_by, seconds
):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    command = [sys.executable, "-c", locks + MAKE_TOGETHER]
    pair = [subprocess.Popen([*command, name, str(tmp_path), str(seconds)], stderr=subprocess.PIPE) for name in "ab"]
    errors = [process.communicate(timeout=60)[1].decode() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], errors
    assert len(list(tmp_path.glob("in-*"))) == made_by
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["key"], "a lock or a draft was left"


MAKE_FOR_LONG = """
import sys, time
from pathlib import Path
from clvlab.cache import cached_folder
def make(folder):
    (folder / "half").touch()
    Path(sys.argv[1], "begun").touch()
    time.sleep(60)
cached_folder("key", make)
"""


@pytest.fixture
def making(tmp_path, monkeypatch) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has begun to make the folder ``key``."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    process = subprocess.Popen([sys.executable, "-c", MAKE_FOR_LONG, str(tmp_path)])
    try:
        until = time.monotonic() + 20
        while not (tmp_path / "begun").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


def made_here() -> dict[str, str]:
    return everything_in(cached_folder("key", lambda folder: written(folder, a="a") and None))


def test_who_is_killed_keeps_nobody_from_making_the_folder_and_its_draft_goes(making):
    making.kill()
    making.wait()
    assert any(path.name.startswith(".key.draft.") for path in cache_folder().iterdir())
    assert made_here() == {"a": "a"}
    assert [path.name for path in cache_folder().iterdir()] == ["key"]


def test_nobody_waits_for_ever(making, monkeypatch):
    monkeypatch.setattr(cache, "_LONGEST_WAIT", 0.2)
    assert made_here() == {"a": "a"}
    assert making.poll() is None


def test_a_lock_that_cannot_be_removed_is_no_reason_to_fail(tmp_path, monkeypatch):
    def cannot(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(path)

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "unlink", cannot)
    assert made_here() == {"a": "a"}


# Keys ------------------------------------------------------------------------------------------------------

TEXTS = st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.text(max_size=8), min_size=1, max_size=5)


@given(TEXTS, st.randoms())
def test_the_key_of_files_depends_on_neither_folder_nor_order(tmp_path_factory, texts, random):
    here, there = (written(tmp_path_factory.mktemp("files"), **texts) for _ in range(2))
    random.shuffle(there)
    assert content_hash(here) == content_hash(there)


@given(TEXTS, st.text(min_size=1, max_size=3))
def test_the_key_of_files_changes_with_any_content_and_any_name(tmp_path_factory, texts, more):
    before = content_hash(written(tmp_path_factory.mktemp("files"), **texts))
    name = min(texts)
    changed = written(tmp_path_factory.mktemp("files"), **(texts | {name: texts[name] + more}))
    renamed = written(tmp_path_factory.mktemp("files"), **{n + "x" * (n == name): t for n, t in texts.items()})
    assert len({before, content_hash(changed), content_hash(renamed)}) == 3


def test_files_of_one_name_in_two_folders_have_one_key_in_any_order(tmp_path):
    a, b = written(tmp_path / "shipments", x="1")[0], written(tmp_path / "invoices", x="2")[0]
    assert content_hash([a, b]) == content_hash([b, a])


def test_a_fingerprint_has_one_form_for_equal_parts():
    assert fingerprint({"a": 1, "b": [2, "ü"]}) == fingerprint({"b": [2, "ü"], "a": 1})
    assert fingerprint("1") != fingerprint(1)
    assert fingerprint("a", "b") != fingerprint("ab")
    assert len(fingerprint()) == 20
    assert fingerprint("clvlab", 1) == hashlib.sha256(b'["clvlab", 1]').hexdigest()[:20], "other on other machines"


# The package's source and libraries ----------------------------------------------------------------------


def source_key(folder: Path) -> str:
    """Return code_key() of the copy of the package in ``folder``."""
    code = "import clvlab, clvlab.cache as c; print(clvlab.__file__); print(c.code_key())"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    place, key = run.stdout.split()
    assert Path(place).is_relative_to(folder), "the copy was not imported"
    return key


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("copied")
    shutil.copytree(PACKAGE, folder / "clvlab", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_an_unchanged_copy_has_the_same_key(copied, tmp_path):
    shutil.copytree(copied, tmp_path / "again")
    assert source_key(tmp_path / "again") == source_key(copied)
    assert re.fullmatch("[0-9a-f]{20}", code_key())


@pytest.mark.parametrize(
    "file",
    [
        "periods.py",
        "features/tables.py",
        "records/mappings/cdnow.toml",
        "reporting/template/page.html.j2",
        "reporting/template/style.css",
    ],
)
def test_a_change_of_any_file_of_the_package_changes_its_key(copied, file):
    path = copied / "clvlab" / file
    before, key = path.read_bytes(), source_key(copied)
    try:
        path.write_bytes(before + b"\n")
        assert source_key(copied) != key
    finally:
        path.write_bytes(before)


def test_another_version_of_a_library_changes_it_too(monkeypatch):
    code_key.cache_clear()
    key = code_key()
    monkeypatch.setattr(cache, "version", lambda name: "0.0")
    code_key.cache_clear()
    assert code_key() != key
    code_key.cache_clear()
