"""The drawing of hazard ratios."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from clvlab.churn.plots.hazard_ratios import draw_hazard_ratios


def ratios(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["covariate", "hazard_ratio", "lower", "upper"])


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([("late", 1.2, 1.1, 1.3)], "Raising the hazard: late"),
        ([("visits", 0.8, 0.7, 0.9)], "Lowering the hazard: visits"),
        ([("size", 1.0, 0.7, 1.4)], "No effect on the hazard can be told"),
        (
            [("late", 1.2, 1.1, 1.3), ("visits", 0.8, 0.7, 0.9), ("size", 1.0, 0.7, 1.4)],
            "Raising the hazard: late; lowering it: visits; no effect can be told of 1 other",
        ),
        ([("size", np.nan, np.nan, np.nan)], "No effect on the hazard can be told"),
    ],
)
def test_the_title_states_the_finding(rows, title):
    ax = draw_hazard_ratios(ratios(*rows))
    assert " ".join(ax.figure.get_suptitle().split()) == title


def test_each_covariate_has_a_line_under_its_label_with_its_numbers():
    frame = ratios(("late", 1.2, 1.1, 1.3), ("visits", 0.68, 0.47, 0.996))
    ax = draw_hazard_ratios(frame.assign(label=["late deliveries", "visits paid"]), confidence=0.9)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["late deliveries", "visits paid"]
    assert [text.get_text() for text in ax.texts] == ["1.20 (1.10 to 1.30)", "0.680 (0.470 to 0.996)"]
    assert ax.get_xscale() == "log"
    assert "90% interval" in ax.get_xlabel()
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top


def test_what_has_no_limit_or_no_estimate_is_said_and_stays_inside_the_axes():
    frame = ratios(
        ("a", np.inf, 2.3, np.inf), ("b", 0.0, 0.0, 0.6), ("c", np.nan, np.nan, np.nan), ("d", 1.9, 0.05, 3e9)
    )
    ax = draw_hazard_ratios(frame)
    assert [text.get_text() for text in ax.texts] == [
        "no limit (2.30 to no limit)",
        "0.00 (0.00 to 0.60)",
        "not estimated",
        "1.90 (0.05 to 3e+09)",
    ]
    left, right = ax.get_xlim()
    assert 0 < left < 0.6
    assert 2.3 < right < 100
    drawn = np.concatenate([line.get_xdata() for line in ax.lines])
    assert ((drawn >= left) & (drawn <= right)).all()


@pytest.mark.parametrize("width", [0.001, 0.3, 5.0])
def test_numbers_on_the_axis_do_not_touch(width):
    ax = draw_hazard_ratios(ratios(("late", np.exp(width), np.exp(width / 2), np.exp(2 * width))))
    ticks = np.sort(np.log(ax.get_xticks()))
    left, right = np.log(ax.get_xlim())
    assert 0.0 in ticks
    assert (np.diff(ticks) > 0.06 * (right - left)).all()


def test_it_draws_on_the_axes_given():
    ax = Figure().add_subplot()
    assert draw_hazard_ratios(ratios(("late", 1.2, 1.1, 1.3)), ax) is ax
