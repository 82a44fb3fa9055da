"""A figure in Chinese: every text of it, broken without blanks, in characters that a font has."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from clvlab import figures
from clvlab.figures import new_axes, show, state
from clvlab.language import reading, speaking
from clvlab.language.catalogue import Catalogue
from clvlab.language.fonts import FAMILIES, HOW_TO_INSTALL, chinese_family
from clvlab.language.lines import unwrapped, wrapped
from clvlab.refusal import Refused

KNOWN = Catalogue(
    {
        "The top {0} of customers bring {1} of the margin": "前{0}的客户贡献了全部毛利的{1}",
        "month": "月份",
        "margin, {0}": "毛利，{0}",
        "core": "核心",
        "new": "新客户",
        "most of it": "大部分",
        "Figure": "图",
        "across": "横轴",
        "up": "纵轴",
    }
)


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata: shown.append((data, metadata)))
    monkeypatch.setattr(reading, "catalogue", lambda language: KNOWN)
    return shown


def drawn() -> Figure:
    ax = new_axes()
    ax.bar(["core", "青岛"], [250_000, 1_234_567], label="new")
    ax.set(xlabel="month", ylabel="margin, CNY")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.annotate("most of it", (0, 1))
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    state(ax, "The top 20% of customers bring 71% of the margin")
    return ax.get_figure()


needs_font = pytest.mark.skipif(chinese_family() is None, reason=HOW_TO_INSTALL)


@needs_font
def test_every_text_of_a_figure_is_chinese(displayed):
    with speaking("zh"):
        figure = drawn()
        show(figure)
        figure.draw_without_rendering()
    texts = {text.get_text() for text in figure.findobj(Text)} - {""}
    assert {"核心", "青岛", "月份", "毛利，元", "大部分", "新客户"} <= texts
    assert {"20万", "100万"} <= texts, "numbers along an axis"
    [(data, metadata)] = displayed
    assert data["text/plain"] == "图：前20%的客户贡献了全部毛利的71%（横轴：月份；纵轴：毛利，元）。"
    assert metadata["image/png"]["alt"] == data["text/plain"]


@needs_font
def test_a_figure_shown_twice_says_the_same(displayed):
    with speaking("zh"):
        figure = drawn()
        show(figure)
        show(figure)
    assert displayed[0][0] == displayed[1][0]


@needs_font
def test_a_chinese_name_in_an_english_figure_has_its_characters(displayed):
    show(drawn())
    assert displayed[0][0]["text/plain"].startswith("Figure: The top 20%")


def test_a_character_that_no_font_has_fails_the_run(displayed, monkeypatch):
    monkeypatch.setattr(figures, "chinese_family", lambda: None)
    with pytest.raises(Refused, match="fonts-noto-cjk"):
        show(drawn())


def test_english_comes_in_the_same_font_as_ever(monkeypatch):
    monkeypatch.setattr(figures, "chinese_family", lambda: FAMILIES[0])
    assert figures._families() == ["DejaVu Sans", FAMILIES[0]]


@needs_font
@pytest.mark.parametrize("width", [4.0, 8.0])
def test_a_chinese_finding_stays_within_its_figure(width, displayed):
    with speaking("zh"):
        ax = new_axes(width=width)
        state(ax, "The top 20% of customers bring 71% of the margin")
        figure = ax.get_figure()
        figure.draw_without_rendering()
    title = figure._suptitle.get_window_extent()
    assert title.x0 >= 0
    assert title.x1 <= figure.bbox.width


@pytest.mark.parametrize("width", [6, 10, 16, 40])
def test_a_line_is_no_longer_than_asked_and_no_number_is_broken(width):
    lines = wrapped("前20%的客户贡献了12.34万元毛利，其余（C00012）很少。", width)
    assert "".join(lines) == "前20%的客户贡献了12.34万元毛利，其余（C00012）很少。"
    assert not [line for line in lines if line[0] in "，。；：）"]
    assert any("12.34" in line for line in lines)


def test_lines_join_without_a_blank_in_chinese_only():
    assert unwrapped("customers,\n%") == "customers, %"
    assert unwrapped("客户\n占比") == "客户占比"
    assert unwrapped("青岛 Port\nCo") == "青岛Port Co"


@needs_font
def test_ticks_that_were_given_as_numbers_are_shown_as_such(displayed):
    ax = new_axes()
    ax.bar([2024, 2025], [1, 2])
    ax.set_xticks([2024, 2025], labels=[2024, 2025])
    state(ax, "most of it")
    with speaking("zh"):
        show(ax)
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2024", "2025"]
