"""A market is the same for the same numbers, is written whole or not at all, refuses what it can't do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clvlab.refusal import Refused
from clvlab.simulate import simulate


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    simulate(customers=60, months=12, seed=5).write(tmp_path / "a")
    code = f"from clvlab.simulate import simulate; simulate(60, 12, 5).write({str(tmp_path / 'b')!r})"
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_another_seed_gives_another_market(tmp_path: Path) -> None:
    simulate(customers=60, months=12, seed=5).write(tmp_path / "a")
    simulate(customers=60, months=12, seed=6).write(tmp_path / "b")
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert {name for name in a if a[name] == b[name]} == {
        "clvlab.toml", "truth/constants.csv", "truth/hazard_effects.csv", "truth/unit_costs.csv",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("customers", "months", "seed"),
    [(19, 36, 1), (20_001, 36, 1), (50, 5, 1), (50, 121, 1), (50, 12, -1), (50.5, 12, 1), (True, 12, 1)],
)
def test_impossible_numbers_are_refused_in_one_sentence(customers: int, months: int, seed: int) -> None:
    with pytest.raises(Refused, match=r"^[^\n]+ is not possible; give a whole number from [^\n]+\.$"):
        simulate(customers=customers, months=months, seed=seed)


@pytest.mark.parametrize(("customers", "months"), [(20, 6), (20, 120), (35, 7), (400, 60)])
def test_extreme_sizes_give_all_tables(customers: int, months: int, tmp_path: Path) -> None:
    simulate(customers=customers, months=months, seed=3).write(tmp_path / "m")
    names = {p.stem for p in (tmp_path / "m").glob("*.csv")}
    assert names == {
        "customers", "shipments", "invoices", "complaints", "surveys", "kpi_counts", "contracts", "contacts",
        "leads", "campaigns", "capacity",
    }  # fmt: skip
    assert all(len(p.read_text().splitlines()) > 1 for p in (tmp_path / "m").glob("*.csv"))


def test_an_earlier_market_is_replaced_whole(tmp_path: Path) -> None:
    small = simulate(customers=20, months=6, seed=1)
    small.write(tmp_path / "m")
    first = digests(tmp_path / "m")
    (tmp_path / "m" / "leads.csv").unlink()
    small.write(tmp_path / "m")
    assert digests(tmp_path / "m") == first
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match=r"mine\.txt"):
        simulate(customers=20, months=6, seed=1).write(tmp_path / "m")
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["mine.txt"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clvlab.simulate import write

    done: list[str] = []

    def fails(table: object, path: Path) -> None:
        done.append(path.name)
        if len(done) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "write_csv", fails)
    with pytest.raises(Refused, match="No space left on device"):
        simulate(customers=20, months=6, seed=1).write(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []
