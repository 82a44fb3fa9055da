"""The what-if with sliders: every figure is that of ``what_if``, and a page without a kernel shows its table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest
from stand_in import KPI, stand_in

from clvlab.lab import what_if
from clvlab.refusal import Refused
from clvlab.reporting.render import render
from clvlab.service_level.curves import Curve
from clvlab.service_level.what_if import WhatIf
from clvlab.service_level.what_if import what_if as moved_by

LINES = Curve([0.80, 0.86, 0.90, 0.95, 0.99], [0.0, 1.5, 3.5, 11.0, 50.0], "cost per order")


@dataclass
class Service:
    """A stand-in for ``study.service_level``."""

    today: tuple[float, ...] = (0.913, 0.90, 0.88)

    def __post_init__(self):
        self.value = stand_in(
            self.today, (9e6, 2e6, 5e5)[: len(self.today)], (2e4, 9e3, 6e3)[: len(self.today)], draws=50
        )
        self.movable = {KPI: LINES}

    def what_if(self, levels):
        customers = dict.fromkeys(self.value.groups, 20)
        return moved_by(self.value, self.movable, levels, customers, "CNY")


@pytest.fixture
def sliders(at_the_notebook):
    return what_if(Service())


def move(sliders, group, level):
    sliders.levers[group, KPI].slider.value = level


def test_it_starts_at_today_with_nothing_moved(sliders):
    assert sliders.levels == {}
    assert {group: lever.slider.value for (group, _), lever in sliders.levers.items()} == {
        "core": 0.913, "important": 0.90, "regular": 0.88,
    }  # fmt: skip
    assert (sliders.to_frame()["change"] == 0).all()


def test_today_s_level_is_marked_and_can_be_set_exactly(sliders):
    lever = sliders.levers["core", KPI]
    assert ("91.3%", 0.913) in lever.slider.options
    assert "▲ today 91.3%" in lever.panel.children[1].value


def test_levels_go_in_round_steps_from_the_lowest_to_the_highest_that_was_costed(sliders):
    levels = [level for _, level in sliders.levers["regular", KPI].slider.options]
    assert levels == pytest.approx([0.80 + 0.01 * step for step in range(20)])


def test_moving_a_slider_shows_what_what_if_says(sliders):
    move(sliders, "core", 0.97)
    move(sliders, "regular", 0.85)
    levels = {"core": {KPI: 0.97}, "regular": {KPI: 0.85}}
    assert sliders.levels == levels
    pd.testing.assert_frame_equal(sliders.to_frame(), Service().what_if(levels).to_frame())
    table = sliders.panel.children[-1].value
    assert all(cell in table for cell in Service().what_if({"core": {KPI: 0.97}}).written()["then"].head(5))


def test_the_table_shows_the_tiers_moved_and_all_customers(sliders):
    table = sliders.panel.children[-1]
    assert "core" not in table.value
    move(sliders, "core", 0.97)
    assert "core" in table.value
    assert "regular" not in table.value
    assert "all customers" in table.value
    assert "<details" not in table.value


def test_back_to_today_takes_everything_back(sliders):
    move(sliders, "core", 0.97)
    sliders.panel.children[1].click()
    assert sliders.levels == {}
    assert (sliders.to_frame()["change"] == 0).all()


def test_it_starts_where_it_is_told(at_the_notebook):
    sliders = what_if(Service(), {"core": {KPI: 0.9555}})
    assert sliders.levels == {"core": {KPI: 0.9555}}


def test_a_level_that_is_not_known_or_not_costed_has_no_slider_and_says_so(at_the_notebook):
    sliders = what_if(Service((0.913, float("nan"), 0.995)))
    assert list(sliders.levers) == [("core", KPI)]
    texts = [child.value for child in sliders.panel.children[0].children[0].children if hasattr(child, "value")]
    assert [group for group in ("important", "regular") if any(group in text for text in texts)] == [
        "important", "regular",
    ]  # fmt: skip


def test_customers_that_are_not_graded_are_one_group(at_the_notebook):
    sliders = what_if(Service((0.913,)))
    assert "core" in sliders.panel.children[-1].value


def test_in_a_report_it_is_the_table(in_a_report):
    found = what_if(Service(), {"core": {KPI: 0.97}})
    assert isinstance(found, WhatIf)
    assert found.to_frame().loc[0, "change"] > 0


def test_a_page_made_of_a_notebook_with_sliders_shows_the_table(sliders):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    move(sliders, "core", 0.97)
    output = new_output("display_data", data=sliders._repr_mimebundle_())
    page = render(new_notebook(cells=[new_markdown_cell("# What if?"), new_code_cell("x", outputs=[output])]))
    assert "What these levels of service would move" in page
    assert "SelectionSlider" not in page
    assert "application/vnd.jupyter.widget-view+json" in output.data


def test_what_cannot_be_set_is_refused(at_the_notebook):
    with pytest.raises(Refused, match="did you mean 'core'"):
        what_if(Service(), {"cor": {KPI: 0.97}})
