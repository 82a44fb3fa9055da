"""Figures of curves state their finding, label lines at their ends and stay readable with few data."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from studies import check

from clvlab.churn.curves.cumulative_hazard import cumulative_hazard
from clvlab.churn.curves.incidence import cumulative_incidence
from clvlab.churn.curves.survival import survival_curve
from clvlab.figures import PALETTE, new_axes
from clvlab.refusal import Refused


def labels(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def spells(duration, event) -> pd.DataFrame:
    return pd.DataFrame({"duration": np.asarray(duration, dtype=float), "event": event, "cause": "price"})


def test_one_curve_states_its_median(each_alone):
    ax = survival_curve(each_alone).plot()
    assert check(ax) == "Half of the customers have left by 4.5 months (3.5 to 5)"
    assert ax.get_xlabel() == "age, months (bands: 95% intervals at each age)"
    curve = survival_curve(each_alone).to_frame()
    assert ax.get_lines()[0].get_ydata() == pytest.approx(curve["survival"])
    assert labels(ax) == []


def test_a_median_whose_interval_has_no_end_says_so():
    frame = spells(np.arange(1.0, 41), [1, 0, 0, 0] * 10)
    assert check(survival_curve(frame).plot()) == "Half of the customers have left by 37 months (29 or later)"
    assert check(survival_curve(frame[:1]).plot()) == "Half of the customers have left by 1 months"


def test_without_a_median_it_states_who_is_still_there():
    curve = survival_curve(spells(np.arange(1.0, 41), [1] * 10 + [0] * 30))
    there = curve.at(31).iloc[0]
    interval = f"({there.lower:.0%} to {there.upper:.0%})"
    assert check(curve.plot()) == f"75% are still there at 31 months {interval}"


def test_groups_are_compared_at_an_age_that_enough_of_each_reach_and_labelled_at_their_ends(lung):
    named = lung.assign(sex=lung["sex"].map({1: "men", 2: "women"}))
    curve = survival_curve(named, by="sex", unit="day")
    ax = curve.plot()
    frame = curve.to_frame()
    age = frame[frame["at_risk"] >= 10].groupby("group")["time"].max().min()
    there = curve.at(age).set_index("group")["survival"]
    assert check(ax) == f"At {age:.0f} days {there['women']:.0%} of women and {there['men']:.0%} of men are still there"
    assert labels(ax) == ["men", "women"]
    assert [to_hex(text.get_color()).upper() for text in ax.texts] == PALETTE[:2]


def test_labels_at_the_same_height_do_not_overlap():
    frame = pd.concat([spells([5, 6, 7], [1, 0, 0]).assign(segment=name) for name in "abcd"])
    heights = sorted(text.get_position()[1] for text in survival_curve(frame, by="segment").plot().texts)
    assert (np.diff(heights) > 0.06).all()


def test_more_groups_than_colours_are_refused():
    frame = spells(range(1, 9), 1).assign(segment=range(8))
    with pytest.raises(Refused, match="up to 6 groups, not 8"):
        survival_curve(frame, by="segment").plot()


def test_a_curve_is_drawn_on_the_axes_given(each_alone):
    ax = new_axes()
    assert survival_curve(each_alone).plot(ax) is ax


def test_a_cumulative_hazard_states_whether_the_risk_falls():
    frame = spells([*range(1, 31), *[60] * 70], [1] * 30 + [0] * 70)
    ax = cumulative_hazard(frame).plot()
    assert check(ax) == "Each month 1.2% leave up to age 30, 0.0% from then to 60"


def test_cumulative_hazards_of_groups_are_compared_as_rates():
    frame = pd.concat(
        [spells([10] * 20, [1] * 10 + [0] * 10).assign(segment="a"), spells([10] * 20, 0).assign(segment="b")]
    )
    ax = cumulative_hazard(frame, by="segment").plot()
    assert check(ax) == "Each month, up to age 10, 5.0% of a and 0.0% of b leave on average"


def test_incidences_are_stacked_as_far_as_ten_are_at_risk_and_labelled_with_intervals(each_alone):
    found = cumulative_incidence(each_alone)
    ax = found.plot()
    frame = found.to_frame()
    age = frame.loc[frame["at_risk"] >= 10, "time"].max()
    final = found.at(age).set_index("cause").sort_values("incidence", ascending=False)
    assert ax.get_xlim() == (0, age)
    largest = ", ".join(f"{cause} {share:.0%}" for cause, share in final["incidence"].items())
    assert check(ax) == f"By {age:.4g} months {1 - final['survival'].iloc[0]:.0%} have left: {largest}"
    service = final.loc["service"]
    assert labels(ax)[0] == f"service {service.incidence:.0%} ({service.lower:.0%} to {service.upper:.0%})"
    assert labels(ax)[-1].startswith("still there")


def test_of_many_causes_the_small_ones_are_taken_together():
    frame = spells(range(1, 81), 1).assign(cause=list("abcdefgh") * 10)
    ax = cumulative_incidence(frame).plot()
    assert len(ax.collections) == 6
    assert any(label.startswith("3 other causes") for label in labels(ax))


def test_incidences_of_groups_are_points_with_intervals_at_one_age(each_alone):
    found = cumulative_incidence(each_alone, by="segment")
    ax = found.plot()
    frame = found.to_frame()
    age = frame[frame["at_risk"] >= 10].groupby("group")["time"].max().min()
    at = found.at(age).pivot_table(index="group", columns="cause", values="incidence")
    drawn = {line.get_label(): sorted(line.get_xdata()) for line in ax.get_lines()}
    assert drawn == {group: pytest.approx(sorted(row)) for group, row in at.iterrows()}
    most = (at.max() - at.min()).idxmax()
    assert check(ax).startswith(f"By {age:.4g} months {most} has taken {at[most].max():.0%} of {at[most].idxmax()}")


@pytest.mark.parametrize(
    ("duration", "event"), [([0, 0], [1, 1]), ([0, 0], [0, 0]), ([5], [1]), ([5, 5], [1, 1]), ([3, 4], [0, 0])]
)
def test_degenerate_spells_are_drawn_with_a_check(duration, event):
    frame = spells(duration, event)
    assert check(survival_curve(frame).plot())
    assert check(cumulative_hazard(frame).plot())
    if any(event):
        assert check(cumulative_incidence(frame).plot())
        assert check(cumulative_incidence(frame.assign(segment="a"), by="segment").plot())
