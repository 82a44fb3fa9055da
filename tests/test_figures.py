"""A figure is never shown without words, and the words state the finding."""

from __future__ import annotations

import pytest

from clvlab.figures import PALETTE, new_axes, new_panels, show, state, state_above

FINDING = "Twelve customers of forty hold seventy-one per cent of the margin, and the largest alone fifty-nine"


@pytest.fixture
def displayed(monkeypatch):
    """What show() gives to the notebook: pairs of data and metadata."""
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata: shown.append((data, metadata)) if raw else None
    )
    return shown


def drawn(title: str = FINDING):
    ax = new_axes()
    ax.plot([1, 2], [1, 3])
    ax.set(xlabel="month", ylabel="customers,\n%")
    state(ax, title)
    return ax


def test_the_written_alternative_states_the_finding_and_the_axes(displayed):
    show(drawn())
    [(data, metadata)] = displayed
    alt = metadata["image/png"]["alt"]
    assert alt == data["text/plain"] == f"Figure: {FINDING} (across: month; up: customers, %)."
    assert "\n" not in alt
    assert data["image/png"].startswith(b"\x89PNG")


def test_an_alternative_that_is_given_is_taken(displayed):
    show(drawn(), alt="Margin rose.")
    [(data, metadata)] = displayed
    assert (data["text/plain"], metadata["image/png"]["alt"]) == ("Margin rose.", "Margin rose.")


def test_axes_and_their_figure_show_the_same(displayed):
    ax = drawn()
    show(ax)
    show(ax.get_figure())
    assert displayed[0] == displayed[1]


def test_each_panel_says_what_it_shows(displayed):
    ax = new_axes()
    figure = ax.get_figure()
    ax.remove()
    for number, panel in enumerate(figure.subplots(1, 2), start=1):
        state(panel, f"Finding {number}")
    show(figure)
    assert displayed[0][1]["image/png"]["alt"] == "Figure: Finding 1. Finding 2."


def test_panels_under_one_finding_say_it_once(displayed):
    panels = new_panels(1, 2, 8.0, 3.0)
    for number, panel in enumerate(panels, start=1):
        state(panel, f"Finding {number}")
        panel.set_ylabel("CNY")
    figure = panels[0].get_figure()
    figure.supxlabel("level, %")
    state_above(figure, "Both rise")
    show(figure)
    alt = "Figure: Both rise (across: level, %). Finding 1 (up: CNY). Finding 2 (up: CNY)."
    assert displayed[0][1]["image/png"]["alt"] == alt


def test_a_figure_that_says_nothing_is_not_shown(displayed):
    ax = new_axes()
    ax.plot([1, 2])
    with pytest.raises(ValueError, match="alt"):
        show(ax)


@pytest.mark.parametrize("width", [4.0, 8.0])
def test_a_finding_stays_within_its_figure(width):
    ax = new_axes(width=width)
    state(ax, FINDING)
    figure = ax.get_figure()
    figure.draw_without_rendering()
    title = figure._suptitle.get_window_extent()
    assert title.x0 >= 0
    assert title.x1 <= figure.bbox.width
    assert figure.get_suptitle().replace("\n", " ") == FINDING


def test_a_figure_is_its_own_and_nothing_stays_open():
    import matplotlib.pyplot as plt

    new_axes()
    assert plt.get_fignums() == []


def test_the_same_figure_is_the_same_picture(displayed):
    show(drawn())
    show(drawn())
    assert displayed[0][0]["image/png"] == displayed[1][0]["image/png"]


def test_a_figure_that_is_shown_stays_as_it_was(displayed):
    figure = drawn().get_figure()
    before = figure.canvas, figure.dpi
    show(figure)
    assert (figure.canvas, figure.dpi) == before


def test_colours_are_apart():
    assert len(set(PALETTE)) == len(PALETTE) >= 6
    ax = new_axes()
    lines = [ax.plot([0, 1], [n, n])[0].get_color() for n in range(len(PALETTE))]
    assert lines == PALETTE
