"""Which notebook a name means, and where the notebooks lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from clvlab.refusal import Refused
from clvlab.reporting import library
from clvlab.reporting.library import find_notebook, notebooks, project_root


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    for name in ("02_customer_base", "00_portfolio", "10_model_validation", "01_records", "scratch", "3_short"):
        (tmp_path / "notebooks" / f"{name}.ipynb").touch()
    (tmp_path / "notebooks" / "04_clv.py").touch()
    return tmp_path


def test_notebooks_are_known_by_name_in_reading_order(root):
    assert list(notebooks(root)) == ["portfolio", "records", "customer_base", "model_validation"]
    assert notebooks(root)["records"] == root / "notebooks" / "01_records.ipynb"


@pytest.mark.parametrize("name", ["customer_base", "02_customer_base", "02_customer_base.ipynb", "customer_base.ipynb"])
def test_a_name_means_a_notebook_with_or_without_its_number(root, name):
    assert find_notebook(name, root) == root / "notebooks" / "02_customer_base.ipynb"


@pytest.mark.parametrize(("name", "nearest"), [("portfolo", "portfolio"), ("customers", "customer_base")])
def test_an_unknown_name_names_the_nearest_and_all(root, name, nearest):
    with pytest.raises(Refused) as caught:
        find_notebook(name, root)
    assert str(caught.value) == (
        f"no notebook is called {name!r} (did you mean {nearest!r}?);"
        " there are portfolio, records, customer_base, model_validation."
    )


@pytest.mark.parametrize("name", ["", "../00_portfolio", "notebooks/00_portfolio.ipynb", "scratch", "nonsense\n"])
def test_only_a_name_is_a_name(root, name):
    with pytest.raises(Refused, match="no notebook is called"):
        find_notebook(name, root)


def test_without_notebooks_every_name_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"^no notebook is called 'x'; there are none here\.$"):
        find_notebook("x", tmp_path)


@pytest.mark.parametrize("place", [".", "notebooks", "notebooks/deep"])
def test_the_project_is_here_or_above(root, monkeypatch, place):
    monkeypatch.chdir(root / place)
    assert project_root() == root


def test_elsewhere_it_is_where_the_package_was_installed_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert project_root() == Path(__file__).parents[2]


def test_without_any_project_the_refusal_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(library, "__file__", str(tmp_path / "a" / "b" / "c" / "library.py"))
    with pytest.raises(Refused, match="run this inside the clvlab project"):
        project_root()
