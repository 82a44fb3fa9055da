"""What is installed, what is locked and what is committed agree; examples in docstrings hold."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import clvlab
from clvlab.records import dictionary
from clvlab.records.contracts import TABLES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK_LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

DEPENDENCIES = [
    Requirement(text)
    for text in PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]
]
LOCK = {
    canonicalize_name(name): Version(version)
    for name, _, version in (line.partition("==") for line in LOCK_LINES if line and not line.startswith("#"))
}


# The environment -------------------------------------------------------------------------------------------


def test_the_lock_holds_names_and_versions_only():
    strange = [line for line in LOCK_LINES if not re.fullmatch(r"#.*|[A-Za-z0-9][\w.-]*==\d[\w.]*", line)]
    assert strange == []
    assert not [line for line in LOCK_LINES if "://" in line]


def test_the_lock_pins_each_package_once():
    names = [line.partition("==")[0].lower() for line in LOCK_LINES if not line.startswith("#")]
    assert len({canonicalize_name(name) for name in names}) == len(names)


@pytest.mark.parametrize("wanted", DEPENDENCIES, ids=str)
def test_every_dependency_is_locked_at_a_version_that_its_bound_allows(wanted):
    locked = LOCK.get(canonicalize_name(wanted.name))
    assert locked is not None, f"{wanted.name} is not in requirements.lock"
    assert wanted.specifier.contains(locked)


def test_what_the_locked_packages_need_is_locked_too():
    """Else pip would choose a version by itself, and two set-ups would differ."""
    here = default_environment() | {"sys_platform": "linux", "platform_system": "Linux", "python_version": "3.11"}
    extras = {canonicalize_name(d.name): d.extras for d in DEPENDENCIES}
    lacking = []
    for name in LOCK:
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            lacking.append(f"{name} is locked, but not installed")
            continue
        for need in needs:
            wanted = [here | {"extra": extra} for extra in ("", *extras.get(name, ()))]
            if need.marker and not any(need.marker.evaluate(environment) for environment in wanted):
                continue
            locked = LOCK.get(canonicalize_name(need.name))
            if locked is None or not need.specifier.contains(locked, prereleases=True):
                lacking.append(f"{name} needs {need}, locked is {locked}")
    assert lacking == []


def modules_imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.partition(".")[0] for name in names}


def test_every_package_imported_is_declared():
    """One that comes only because another needs it may go when that one changes."""
    names = {"bs4": "beautifulsoup4", "ibis": "ibis-framework", "IPython": "ipython"}
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    imported = set().union(*map(modules_imported, sources)) - sys.stdlib_module_names - {"clvlab"}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    assert {canonicalize_name(names.get(name, name)) for name in imported} - declared == set()


def test_conda_brings_python_and_pip_and_pip_reads_the_same_lock():
    plain = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    [nested] = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, dict)]
    assert ENVIRONMENT["name"] == PROJECT["project"]["name"]
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert [re.split(r"[<>=]", item)[0] for item in plain] == ["python", "pip"]
    assert nested == {"pip": ["-r requirements.lock", "-e ."]}


def test_every_place_asks_for_the_same_python():
    wanted = SpecifierSet(PROJECT["project"]["requires-python"])
    [conda] = [item for item in ENVIRONMENT["dependencies"] if str(item).startswith("python")]
    assert SpecifierSet(conda.removeprefix("python")) == wanted
    [bound] = wanted
    assert bound.operator == ">="
    major, minor = bound.version.split(".")
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{major}{minor}"
    assert PROJECT["tool"]["mypy"]["python_version"] == bound.version
    assert f"sys.version_info < ({major}, {minor})" in (ROOT / "Makefile").read_text()


def test_make_installs_the_lock_then_the_project_without_more():
    makefile = (ROOT / "Makefile").read_text()
    assert "--requirement requirements.lock" in makefile
    assert "--no-deps --editable ." in makefile


def test_the_version_stands_in_one_voice():
    assert PROJECT["project"]["version"] == clvlab.__version__


# What is committed -----------------------------------------------------------------------------------------


def committed() -> list[Path]:
    """Return the files that are, or would be, committed."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git clone, so nothing tells which files are committed")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# Written so that this file does not hold what it looks for.
INDEX_ADDRESS = re.compile(
    r"py[p]i\.org|python[h]osted|conda\.anaconda\.or[g]|--(extra-)?index-ur[l]|--find-link[s]|/simpl[e]/"
)
MACHINE_PATH = re.compile(r"/(home|Users)/\w|/roo[t]/|/wor[k]/main|/tm[p]/\w|\b[A-Z]:\\\\?Users")


def hits(pattern: re.Pattern[str], besides: set[str] = frozenset()) -> list[str]:
    found = []
    for path in committed():
        name = path.relative_to(ROOT).as_posix()
        if name in besides or path.suffix in {".png", ".jpg", ".parquet", ".xlsx"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if match := pattern.search(line):
                found.append(f"{name}:{number}: {match.group()}")
    return found


def test_no_file_holds_the_address_of_a_package_index():
    assert hits(INDEX_ADDRESS) == []


def test_no_file_holds_a_path_of_one_machine():
    assert hits(MACHINE_PATH) == []


def test_what_a_machine_makes_is_not_committed():
    names = [path.relative_to(ROOT).as_posix() for path in committed()]
    made = re.compile(
        r"\.venv/|(^|/)__pycache__/|\.egg-info/|data/(demo|raw)/|reports/build/|.*\.pyc$|.*/\.ipynb_checkpoints/"
    )
    assert [name for name in names if made.match(name)] == []


def test_the_dictionary_is_what_the_contracts_say():
    existing = {re.sub(r"^\d\d_", "", path.stem) for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == dictionary.data_dictionary(existing), (
        "stale: run `make data`"
    )


def test_the_templates_are_what_the_contracts_say():
    there = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "data" / "templates").iterdir()}
    assert there == {f"{name}.csv": ",".join(contract.names) + "\n" for name, contract in TABLES.items()}


def test_make_data_writes_what_is_there(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    dictionary.write(tmp_path)
    for path in (p for p in (tmp_path / "data").rglob("*") if p.is_file()):
        assert path.read_bytes() == (ROOT / path.relative_to(tmp_path)).read_bytes()


def test_the_dictionary_names_every_column_of_every_table():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name, contract in TABLES.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (\**)(\w+)\**", section, re.MULTILINE)
        assert [(column, bool(bold)) for bold, column in rows if column != "column"] == [
            (column.name, column.required) for column in contract.columns
        ]


def test_the_readme_is_under_150_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_files_that_the_package_needs_are_in_the_wheel():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["clvlab"]
    package = Path(clvlab.__file__).parent
    needed = {p for p in package.rglob("*") if p.is_file() and p.suffix not in {".py", ".pyc"}}
    assert needed == {path for pattern in patterns for path in package.glob(pattern)}


# Examples --------------------------------------------------------------------------------------------------

MODULES = sorted(m.name for m in pkgutil.walk_packages(clvlab.__path__, "clvlab.") if "__main__" not in m.name)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_its_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name):
    text = (importlib.import_module(name).__doc__ or "").strip()
    source = Path(importlib.import_module(name).__file__)
    assert text or not source.read_text(encoding="utf-8").strip()
