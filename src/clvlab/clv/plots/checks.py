"""Drawings of how models did, and of one customer: each title states the finding, axes carry units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clvlab.figures import BLUE, GREY, ORANGE, PINK, RED, SKY, new_axes, state

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from clvlab.clv.checking.backtest_result import Backtest
    from clvlab.clv.checking.tracking import Tracking
    from clvlab.clv.valuing.account import Account

_WHOLE = 1e-9
_FIVE, _NINETY_FIVE = 0.05, 0.95


def draw_tracking(tracking: Tracking, cumulated: bool, ax: Axes | None) -> Axes:
    """Draw actual against expected purchases, with the end of what the model was fitted to marked."""
    ax = ax or new_axes(9.0, 4.2)
    frame, period = tracking.to_frame(), tracking.period
    parts = frame["period"].to_numpy() <= tracking.until + _WHOLE  # a shorter last period looks like a fall
    shown = frame if cumulated else frame[parts]
    end = "_cumulated" if cumulated else ""
    at = np.minimum(shown["period"].to_numpy(dtype=float), tracking.until)
    ax.plot(at, shown[f"actual{end}"], color=BLUE, linewidth=2.4 if cumulated else 1.4, label="came")
    ax.plot(at, shown[f"expected{end}"], color=ORANGE, linestyle="--", label=f"expected by\n{tracking.fit.model.name}")
    held_out = tracking.fitted_until < tracking.until - _WHOLE
    ax.set(xlim=(0, tracking.until), xlabel=f"{period}s since the records begin", ylim=(0, None))
    ax.set_ylabel("repeat purchases" + (", cumulated" if cumulated else f" in the {period}"))
    if held_out:
        ax.axvline(tracking.fitted_until, color=GREY, linewidth=1.2, linestyle=":")
        for text, side in (("fitted to these ", "right"), (" forecast", "left")):
            _above(ax, tracking.fitted_until, text, side)
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:,.0f}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    sums = frame.loc[frame["period"] > tracking.fitted_until] if held_out else frame
    expected, actual = float(sums["expected"].sum()), int(sums["actual"].sum())
    off = f" ({expected / actual - 1:+.1%})" if actual else ""
    since = f" after the fit's {tracking.fitted_until:,.0f} {period}s" if held_out else ""
    whom = f" of {tracking.whom}" if tracking.whom else ""
    finding = f"{tracking.fit.model.name} expects {expected:,.0f} repeat purchases{whom}{since}; {actual:,} came"
    state(ax, finding + off)
    return ax


def draw_frequency_check(frame: pd.DataFrame, name: str, ax: Axes | None) -> Axes:
    """Draw how many customers bought how often, actual and expected side by side."""
    ax = ax or new_axes(9.0, 4.2)
    at = np.arange(len(frame))
    ax.bar(at - 0.2, frame["actual"], width=0.4, color=BLUE, label="came")
    ax.bar(at + 0.2, frame["expected"], width=0.4, color=ORANGE, hatch="//", edgecolor="white", label="expected")
    names = frame["purchases"].str.replace(" or more", "+") if len(frame) > 8 else frame["purchases"]
    ax.set_xticks(at, names, size=9)
    ax.set(xlabel="repeat purchases", ylabel="customers")
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:,.0f}")
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    total = int(frame["actual"].sum())
    agree = 1 - float((frame["actual"] - frame["expected"]).abs().sum()) / 2 / max(total, 1)
    state(ax, f"How often customers bought: {name} and what came agree for {agree:.0%} of {total:,} customers")
    return ax


def draw_backtest(backtest: Backtest, ax: Axes | None) -> Axes:
    """Draw how far forecasts were off, models and rules in one list, the winner set apart."""
    frame = backtest.overall().sort_values("rmse", kind="stable", na_position="last", ignore_index=True)
    ax = ax or new_axes(8.6, 0.46 * len(frame) + 1.8)
    highest = float(frame["rmse"].max(skipna=True)) if frame["rmse"].notna().any() else 1.0
    for row, (name, kind, rmse, bias) in enumerate(
        zip(frame["forecaster"], frame["kind"], frame["rmse"], frame["bias"], strict=True)
    ):
        if np.isnan(rmse):
            ax.text(0.01 * highest, row, "no forecast", va="center", color=GREY)
            continue
        wins = name == backtest.winner
        ax.barh(row, rmse, height=0.6, color=BLUE if wins else SKY if kind == "model" else "white", edgecolor=BLUE)
        text = f"{rmse:,.2f}, total off by {bias:+.0%}" if np.isfinite(bias) else f"{rmse:,.2f}"
        ax.text(rmse + 0.015 * highest, row, text, va="center", fontweight="bold" if wins else "normal")
    labels = [f"{name} ({kind})" for name, kind in zip(frame["forecaster"], frame["kind"], strict=True)]
    ax.set_yticks(range(len(frame)), labels)
    for label, name in zip(ax.get_yticklabels(), frame["forecaster"], strict=True):
        label.set_fontweight("bold" if name == backtest.winner else "normal")
    ax.set(xlim=(0, 1.5 * highest), ylim=(len(frame) - 0.45, -0.55))
    chosen = "" if backtest.winner is None else "\n(bold: chosen, by how well its whole distribution fits: CRPS)"
    ax.set_xlabel(f"root mean squared error, purchases per customer in {backtest.horizon}{chosen}")
    ax.grid(axis="y", visible=False)
    state(ax, _won(backtest))
    return ax


def _won(backtest: Backtest) -> str:
    """Return the finding of a backtest in few words; its verdict says it in full."""
    if backtest.winner is None:
        return f"None of the models forecast {backtest.horizon} from every origin"
    value, error = backtest.skills[backtest.winner]
    if not np.isfinite(value):
        return f"{backtest.winner} forecasts {backtest.horizon} best; the rule '{backtest.best_rule}' was exact"
    less = f"{abs(value):.0%} {'lower' if value > 0 else 'higher'}"
    margin = f" (standard error {error:.0%})" if np.isfinite(error) else ""
    return f"{backtest.winner}: squared errors {less} than by the best rule, '{backtest.best_rule}'{margin}"


def draw_pit(frame: pd.DataFrame, name: str, ax: Axes | None) -> Axes:
    """Draw the shares of outcomes by where they fell in their forecasts, with the 90% band of right forecasts."""
    from scipy.stats import binom

    ax = ax or new_axes(8.0, 4.2)
    bins, n = len(frame), int(frame["customers"].sum())
    low, high = binom.ppf([_FIVE, _NINETY_FIVE], n, 1 / bins) / n
    middles = (frame["lower"] + frame["upper"]) / 2
    ax.bar(middles, frame["share"], width=0.92 / bins, color=SKY, edgecolor=BLUE)
    ax.axhspan(low, high, color=ORANGE, alpha=0.35, linewidth=0)
    ax.axhline(1 / bins, color="black", linewidth=1.2, linestyle="--")
    ax.set(xlim=(0, 1), ylim=(0, 1.15 * max(frame["share"].max(), high)))
    ax.set_xlabel("where the outcome fell in its forecast, % of the distribution\n(dashed: right forecasts; band: 90%)")
    ax.set_ylabel("share of outcomes, %")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda x, _: f"{100 * x:.4g}%")
    ax.grid(axis="x", visible=False)
    inside = int(frame["share"].between(low - _WHOLE, high + _WHOLE).sum())
    ends, due = float(frame["share"].iloc[[0, -1]].sum()), 2 / bins
    state(
        ax,
        f"{name}: {ends:.0%} of {n:,} outcomes fell into the outer parts of their forecasts, where {due:.0%} should;"
        f" {inside} of {bins} parts within the band",
    )
    return ax


def draw_account(account: Account, ax: Axes | None) -> Axes:
    """Draw one customer's purchases as ticks and the chance that the customer is still there."""
    import pandas as pd
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    ax = ax or new_axes(9.0, 4.2)
    frame = account.to_frame()
    ax.plot(frame["date"], frame["probability_alive"], color=BLUE)
    ax.plot(account.days, np.full(len(account.days), -0.09), "|", color="black", markersize=12, markeredgewidth=0.6)
    ax.axhline(0, color="black", linewidth=0.8)
    as_of, following, late = pd.Timestamp(account.as_of), account.next_purchase, account.next_purchase_by
    ax.axvline(as_of, color=GREY, linewidth=1.2, linestyle=":")
    until = as_of
    if pd.notna(following):
        late = late if pd.notna(late) else following
        until = min(late, max(following, as_of + max(as_of - frame["date"].iloc[0], pd.Timedelta(weeks=52))))
        ax.plot([following, until], [-0.09] * 2, color=PINK, linewidth=4, solid_capstyle="butt")
        ax.plot([following], [-0.09], marker="D", color=RED, markeredgecolor="black", markersize=7, clip_on=False)
    begin = frame["date"].iloc[0]
    width = max(until - begin, pd.Timedelta(weeks=4))
    ax.set_xlim(begin - 0.02 * width, until + 0.12 * width)
    _above(ax, as_of, f"{account.as_of}", "right")
    places = AutoDateLocator(minticks=3, maxticks=7)
    ax.xaxis.set(major_locator=places, major_formatter=AutoDateFormatter(places))
    ax.set(ylim=(-0.18, 1.08), ylabel="chance of still being a customer, %")
    ax.set_yticks([-0.09, 0, 0.25, 0.5, 0.75, 1.0], ["bought", "0%", "25%", "50%", "75%", "100%"])
    expected = f"; diamond: next one as likely as not; bar: 95% by {late.date()}" if pd.notna(following) else ""
    ax.set_xlabel(f"date (ticks: days with a purchase{expected})")
    ax.grid(axis="x", visible=False)
    state(ax, account.finding)
    return ax


def _above(ax: Axes, x: object, text: str, side: str) -> None:
    """Write above the axes, to one side of a place on the x axis."""
    place = {"transform": ax.get_xaxis_transform(), "ha": side, "va": "bottom", "color": GREY, "size": 10}
    ax.text(x, 1.01, text, **place)  # type: ignore[arg-type]
