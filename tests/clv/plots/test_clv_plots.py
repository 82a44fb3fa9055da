"""Every figure of customer value states its finding, names its axes and units, and draws what its table says."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from purchasers import simulated
from studies import check

from clvlab.clv import ParetoNBD
from clvlab.clv.checking.tracking import FrequencyCheck, Tracking
from clvlab.clv.plots.values import Amounts, draw_segments, draw_waterfall
from clvlab.clv.valuing.account import account
from clvlab.clv.valuing.equity import Sensitivity, Waterfall
from clvlab.figures import new_axes


@pytest.fixture(scope="module")
def values(small_study):
    return small_study.clv


@pytest.fixture(scope="module")
def fit():
    return ParetoNBD().fit(simulated(ParetoNBD, 800, np.random.default_rng(1), 0)[0])


def widths(ax) -> np.ndarray:
    return np.array([bar.get_width() for bar in ax.patches])


def test_amounts_keep_one_unit_and_precision_in_a_figure():
    millions = Amounts(114_506_008.0, "CNY")
    assert millions.text(43_818_299.0) == "43.8 million CNY"
    assert [millions.number(x) for x in (96_938_172.0, -20_000.0, 0.0)] == ["96.9", "0.0", "0.0"]
    assert Amounts(1_018_163.0, "CNY").text(212_203.0) == "0.21 million CNY"
    assert Amounts(69_099.0, "CNY").text(69_099.0) == "69.1 thousand CNY"
    assert Amounts(-326_000.0, "CNY").number(-28_191.0, signed=True) == "-28"
    assert Amounts(3_091.0, "EUR").text(-3_091.0) == "-3,091 EUR"
    assert Amounts(0.0, "EUR").text(0.0) == "0 EUR"


def test_equity_is_drawn_by_tie_with_its_interval(values):
    ax = values.plot()
    title = check(ax)
    equity, (low, high) = values.frame.value.sum(), values.interval()
    between = f"({low / 1e6:.2f} to {high / 1e6:.2f})"
    assert title == f"Customer equity over 36 months: {equity / 1e6:.2f} million CNY {between}"
    so_far, contract, spot, life = widths(ax)
    by = values.frame.groupby("tie").value.sum()
    assert [so_far, contract, spot] == pytest.approx([values.frame.historical_value.sum(), by["contract"], by["spot"]])
    assert life == pytest.approx(values.frame.life_value.sum())
    assert ax.get_xlabel() == "contribution margin, million CNY, discounted ahead (whiskers: 90% interval)"


def test_equity_below_0_and_with_one_tie_is_drawn_in_one_bar(values):
    spot = values.frame[values.frame.tie == "spot"]
    assert len(widths(replace(values, frame=spot).plot())) == 3
    losing = values.frame.assign(value=-values.frame.value)
    ax = replace(values, frame=losing, totals=-values.totals).plot()
    assert check(ax).startswith("Customer equity over 36 months: -")
    assert widths(ax)[1] == pytest.approx(-values.frame.value.sum())


def test_a_tie_without_room_for_its_name_stands_beside_the_bar(values):
    frame = values.frame.assign(value=np.where(values.frame.tie == "spot", 1.0, 1e5))
    ax = replace(values, frame=frame).plot()
    check(ax)
    assert ax.get_yticklabels()[1].get_text() == "next 36 months\n(100% contract, 0% spot)"


def test_holders_are_drawn_as_the_cumulated_value(values):
    ax = values.plot_holders()
    title = check(ax)
    ranked = values.frame.value.sort_values(ascending=False)
    curve = ax.get_lines()[0].get_ydata()
    assert curve == pytest.approx(np.append(0, ranked.cumsum()))
    top, below = round(0.2 * len(ranked)), int((ranked < 0).sum())
    share = ranked.head(top).sum() / ranked[ranked > 0].sum()
    assert title.startswith(f"The most valuable fifth ({top} of {len(ranked)} customers) holds {share:.0%} of the ")
    assert title.endswith(f"{below} customers below 0" if below else "none below 0")
    assert "million CNY" in ax.get_ylabel()


@pytest.mark.parametrize("amounts", [[5.0], [-5.0, -1.0], [3e6, 0.0, -2e6, 1e3]])
def test_few_holders_and_losses_draw_too(values, amounts):
    frame = values.frame.head(len(amounts)).assign(value=amounts)
    check(replace(values, frame=frame).plot_holders())


def test_segments_are_drawn_as_dots_with_intervals(values):
    result = values.by_segment("industry")
    ax, frame = result.plot(), result.to_frame()
    title = check(ax)
    assert ax.get_lines()[0].get_xdata() == pytest.approx(frame.value.to_numpy())
    ends = np.array([line[:, 0] for line in ax.collections[0].get_segments()])
    assert ends == pytest.approx(frame[["lower", "upper"]].to_numpy())
    assert title.startswith(f"By industry, {frame.segment[0]} holds the most: ")
    assert f"(n = {frame.customers[0]})" in ax.get_yticklabels()[0].get_text()
    many = pd.concat([frame] * 6, ignore_index=True)
    assert f"20 largest of {len(many)} shown" in check(draw_segments(many, "industry", values, None))


def test_sensitivities_are_drawn_largest_first(values):
    frame = values.sensitivity.to_frame()
    ax = values.sensitivity.plot()
    title = check(ax)
    assert ax.get_yticklabels()[0].get_text() == "retention"
    drawn = np.concatenate([frame.with_intake, frame.life_with_intake])
    assert sorted(widths(ax)) == pytest.approx(sorted(drawn))
    assert title.startswith("A hundredth more of ")
    today = Sensitivity(frame.loc[:2, ["a_hundredth_more", "equity", "life_equity"]]).plot()
    assert check(today)
    assert today.get_xlabel() == "change of customer equity, % (today's customers)"


def test_the_waterfall_is_drawn_from_total_to_total(values):
    before = replace(values, frame=values.frame.iloc[3:], as_of=values.as_of - dt.timedelta(days=90))
    result = Waterfall(before, values)
    ax, frame = result.plot(), result.to_frame()
    title = check(ax)
    assert widths(ax) == pytest.approx(frame.amount.to_numpy())
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends[-2] == pytest.approx(ends[-1])
    assert title.startswith("Customer equity rose from ")
    assert title.endswith("%)")


def test_a_waterfall_through_0_draws_too():
    rows = [("before", 3, -5.0), ("new", 1, 9.0), ("lost", 1, -6.0), ("after", 3, -2.0)]
    assert check(draw_waterfall(pd.DataFrame(rows, columns=["step", "customers", "amount"]), "CNY", None)) == (
        "Customer equity rose from -5 CNY to -2 CNY"
    )


def test_tracking_is_drawn_with_the_end_of_the_fit_marked(fit):
    starts = pd.Series([0.0] * 400)
    bought = np.random.default_rng(1).uniform(0, 20, 3_000)
    result = Tracking(fit, starts, starts, bought, 12.0, 19.5)
    ax, frame = result.plot(), result.to_frame()
    title = check(ax)
    assert ax.get_lines()[0].get_ydata() == pytest.approx(frame.actual_cumulated.to_numpy())
    assert ax.get_lines()[1].get_ydata() == pytest.approx(frame.expected_cumulated.to_numpy())
    assert ax.get_lines()[2].get_xdata() == [12.0, 12.0]
    later = frame[frame.period > 12]
    assert f"expects {later.expected.sum():,.0f} repeat purchases after the fit's 12 periods; " in title
    assert f"; {later.actual.sum():,.0f} came" in title
    single = result.plot(cumulated=False)
    check(single)
    assert single.get_lines()[0].get_ydata() == pytest.approx(frame.actual.to_numpy()[:-1])
    assert len(Tracking(fit, starts, starts, bought, 20.0, 20.0).plot().get_lines()) == 2


def test_frequencies_are_drawn_side_by_side(fit):
    table = pd.DataFrame({"frequency": [0] * 9 + [2] * 5 + [3], "recency": [0.0] * 9 + [2.0] * 6, "T": 20.0})
    result = FrequencyCheck(fit, table)
    ax, frame = result.plot(), result.to_frame()
    assert "of 15 customers" in check(ax)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == pytest.approx([*frame.actual, *frame.expected])


def test_the_backtest_is_drawn_with_the_winner_set_apart(values):
    ax, frame = values.backtest.plot(), values.backtest.overall()
    title = check(ax)
    assert title.startswith(f"{values.backtest.winner}: squared errors ")
    assert f"'{values.backtest.best_rule}'" in title
    assert widths(ax) == pytest.approx(sorted(frame.rmse))
    bold = [label.get_text() for label in ax.get_yticklabels() if label.get_fontweight() == "bold"]
    assert bold == [f"{values.backtest.winner} (model)"]


def test_where_outcomes_fell_is_drawn_with_the_band_of_right_forecasts(values):
    frame = values.backtest.pit(values.backtest.winner)
    ax = values.backtest.plot_pit()
    title = check(ax)
    assert [bar.get_height() for bar in ax.patches][:10] == pytest.approx(frame.share.to_list())
    assert f"of {frame.customers.sum()} outcomes" in title
    assert "where 20% should" in title
    assert ax.get_lines()[0].get_ydata() == [0.1, 0.1]


def test_figures_are_drawn_on_given_axes(values, fit, small_study):
    starts = pd.Series([0.0, 1.0])
    table = pd.DataFrame({"frequency": [0, 2], "recency": [0.0, 2.0], "T": 20.0})
    before = replace(values, as_of=values.as_of - dt.timedelta(days=90))
    for draw in (
        values.plot,
        values.plot_holders,
        values.by_segment("region").plot,
        values.sensitivity.plot,
        Waterfall(before, values).plot,
        Tracking(fit, starts, starts * 0, np.array([3.0]), 9.0, 9.0).plot,
        FrequencyCheck(fit, table).plot,
        values.backtest.plot,
        lambda ax: values.backtest.plot_pit(values.backtest.winner, ax),
        account(values, small_study.purchases, values.frame.index[0]).plot,
    ):
        ax = new_axes()
        assert draw(ax) is ax
        assert ax.has_data()
