"""``%load_ext clvlab``: what an analyst at the notebook gets, and that a report is left alone."""

from __future__ import annotations

import re

import ibis
import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

import clvlab
from clvlab import cache
from clvlab.figures import new_axes
from clvlab.results import Headline, Headlines, Note, Table

OPTIONS = ("display.float_format", "display.max_rows", "display.max_columns")


@pytest.fixture(autouse=True)
def settings_come_back(monkeypatch):
    monkeypatch.setattr(ibis.options, "interactive", False)
    kept = [part for name in OPTIONS for part in (name, pd.get_option(name))]
    with pd.option_context(*kept), mpl.rc_context():
        yield


@pytest.fixture
def bench(shell, at_the_notebook, displayed):
    clvlab.load_ipython_extension(shell)
    return shell


def test_the_style_of_pages_comes_into_the_notebook(bench, displayed):
    [shown] = displayed
    assert shown["text/html"].startswith("<style>")
    assert shown["text/plain"] == ""


def test_every_class_that_a_result_has_is_in_the_style(bench, displayed):
    style = displayed[0]["text/html"]
    texts = ["a", "a" * 50, "a" * 100]
    results = [Table(pd.DataFrame({"text": [text], "n": [1.5]}), "What") for text in texts]
    results += [Table(pd.DataFrame({"n": range(20)}), "Long"), Headlines(Headline("a", 1.0)), Note("A sentence.")]
    html = "".join(result._repr_html_() for result in results)
    classes = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split()}
    assert {name for name in classes if f".{name}" not in style} == set()


def test_the_style_reaches_nothing_but_outputs(bench, displayed):
    style = re.sub(r"/\*.*?\*/|</?style>", "", displayed[0]["text/html"], flags=re.S)
    selectors = [found.strip() for found in re.findall(r"([^{}]+)\{", style)]
    assert [selector for selector in selectors if not selector.startswith(".jp-OutputArea-output ")] == []


def test_data_frames_are_rounded_and_thousands_separated(bench):
    assert "1,234.568" in repr(pd.DataFrame({"x": [1234.56789]}))


def test_ibis_tables_show_their_rows(bench):
    assert ibis.options.interactive


def test_a_figure_at_the_end_of_a_cell_is_shown(bench, displayed):
    ax = new_axes()
    ax.set_title("On-time delivery fell")
    assert bench.display_formatter.format(ax) == ({}, {})
    assert "On-time delivery fell" in displayed[-1]["text/plain"]
    bench.display_formatter.format(ax.get_figure())
    assert displayed[-1] == displayed[-2]


def test_a_figure_without_a_title_is_shown_and_asks_for_one(bench, displayed):
    bench.display_formatter.format(new_axes())
    assert displayed[-1]["text/plain"] == "Figure without a title; give it one that states its finding."


def test_a_figure_of_pyplot_is_left_to_pyplot(bench, displayed):
    from matplotlib import pyplot

    figure, ax = pyplot.subplots()
    found, _ = bench.display_formatter.format(ax)
    pyplot.close(figure)
    assert "text/plain" in found
    assert len(displayed) == 1, "the style alone"


def test_a_figure_of_ones_own_has_the_house_style(bench):
    assert Figure().add_subplot().spines["top"].get_visible() is False


def test_what_changes_in_the_package_is_read_again(bench, monkeypatch):
    assert "IPython.extensions.autoreload" in bench.extension_manager.loaded
    before = cache.code_key()
    monkeypatch.setattr(cache.Path, "read_bytes", lambda path: b"changed")
    assert cache.code_key() == before, "read once a cell"
    bench.events.trigger("pre_run_cell", None)
    assert cache.code_key() != before
    cache.code_key.cache_clear()


def test_loading_it_twice_changes_nothing_more(bench):
    clvlab.load_ipython_extension(bench)
    names = [function.__name__ for function in bench.events.callbacks["pre_run_cell"]]
    assert names.count("_forget_source") == 1


def test_a_report_is_left_alone(shell, in_a_report, displayed):
    before = [pd.get_option(name) for name in OPTIONS], ibis.options.interactive
    clvlab.load_ipython_extension(shell)
    assert displayed == []
    assert ([pd.get_option(name) for name in OPTIONS], ibis.options.interactive) == before
    assert shell.extension_manager.loaded == set()
