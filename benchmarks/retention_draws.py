"""What retention promises, held against draws from what it assumes: campaigns, tests by lot, offers and splits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.measure import markdown
from clvlab.retention.actions.belief import believed
from clvlab.retention.actions.effect import Effect, assumed_effect, cumulated
from clvlab.retention.actions.hold_out import draw_lots, hold_out
from clvlab.retention.actions.maximum_profit import ACCEPTANCE, expected_maximum_profit
from clvlab.retention.actions.power import POWER
from clvlab.retention.arms import CONTROL, Left, left_within
from clvlab.retention.campaign_effect import EVERYONE
from clvlab.retention.winning_and_keeping.customer_equity import CustomerEquity
from clvlab.retention.winning_and_keeping.response_curve import ResponseCurve, fit_response
from clvlab.retention.winning_and_keeping.split import BEST, OFF, TODAY, winning_or_keeping
from clvlab.shrinkage import NINETY
from clvlab.validation.evidence import number_in

LEVEL = 0.9
CAMPAIGNS, TESTS, BASES, SPLITS = 2000, 1000, 200, 100
# Two groups of customers in a campaign: their share that leaves, customers in each arm, and what they are worth (log).
GROUPS = {"contract": (0.08, 170, 12.0), "spot": (0.25, 240, 10.0)}
ACCOUNTS, COST = 400, 380.0
HOPED = ACCEPTANCE[0] / sum(ACCEPTANCE)
SHARES = {"none": 0.0, "10%": 0.1, "30%": 0.3, "-15%": -0.15}
DRAWN = "drawn from the prior"
UNLIKELY = 0.001
NEAR = 0.04  # more than three standard errors of a share over so many tests
CAMPAIGNS_HEADING = "What campaigns make believe, and what comes"
TESTS_HEADING = "Whether tests by lot show what they are said to show"
OFFERS_HEADING = "Offers whose acceptance is not known"
SPLITS_HEADING = "Winning or keeping"


def inside(held: int, of: int) -> str:
    """Return how often an interval held, with the exact binomial test."""
    return f"{held} of {of} (p = {binomtest(held, of, LEVEL).pvalue:.2g})"


def campaign_rows(seed: int) -> pd.DataFrame:
    """Return what acting where it looks good was said to earn and what it earns, by what acting truly keeps.

    Columns ``kept`` (of those who would leave), said and earned by effects as measured and as believed, and how often
    the band of the believed profit holds what comes.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for label, share in (*SHARES.items(), (DRAWN, None)):
        runs = pd.DataFrame([_one_campaign(rng, share) for _ in range(CAMPAIGNS)])
        runs["measured over"], runs["over"] = (
            runs["measured said"] - runs["measured earned"], runs["believed said"] - runs["believed earned"]
        )  # fmt: skip
        rows.append({
            "acting keeps": label,
            **{name: f"{runs[name].mean():,.0f}" for name in runs.columns[:4]},
            "said too much, as measured": f"{runs['measured over'].mean():,.0f} ± {runs['measured over'].sem():,.0f}",
            "said too much, as believed": f"{runs['over'].mean():,.0f} ± {runs['over'].sem():,.0f}",
            "band holds": inside(int(runs["held"].sum()), int(runs["held"].notna().sum())),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _one_campaign(rng: np.random.Generator, share: float | None) -> dict[str, float]:
    """Return what one campaign leads to; a share of None is drawn, half its variance common to the groups."""
    spread = HOPED / NINETY / np.sqrt(2)
    common = rng.normal(0, spread)
    found, accounts = [], []
    for group, (leaves, customers, worth) in GROUPS.items():
        kept = common + rng.normal(0, spread) if share is None else share
        stay_less = float(np.clip(leaves * (1 - kept), 0, 1))
        called, not_called = (told(customers, rng.binomial(customers, rate)) for rate in (stay_less, leaves))
        error = NINETY * np.sqrt(called.variance + not_called.variance)
        reduction = not_called.share - called.share
        found.append((group, customers, customers, called.share, not_called.share, reduction, reduction - error,
                      reduction + error, leaves - stay_less))  # fmt: skip
        accounts.append(pd.DataFrame({"group": group, "worth": rng.lognormal(worth, 1.2, ACCOUNTS // len(GROUPS))}))
    columns = ["group", "called", "not_called", "left_called", "left_not_called", "reduction", "lower", "upper", "true"]
    frame, base = pd.DataFrame(found, columns=columns), pd.concat(accounts, ignore_index=True)
    over_all = frame.iloc[:1].assign(group=EVERYONE)
    truth = base["group"].map(frame.set_index("group")["true"]) * base["worth"] - COST
    by_group, correlation = believed(pd.concat([over_all, frame], ignore_index=True))
    figures: dict[str, float] = {}
    for name, mean in (("measured", frame.set_index("group")["reduction"]), ("believed", by_group.value)):
        said = base["group"].map(mean) * base["worth"] - COST
        figures[f"{name} said"], figures[f"{name} earned"] = said.clip(lower=0).sum(), truth[said > 0].sum()
    effect = Effect(by_group, correlation, base["group"], pd.Series(1.0, base.index), "", True)
    order = np.argsort(-said.to_numpy(), kind="stable")
    number = int((said > 0).sum())
    band = cumulated(effect, base["worth"].to_numpy(), order, COST).iloc[number]
    # Where nobody is acted on there is nothing to hold.
    held = float(band["lower"] <= figures["believed earned"] <= band["upper"]) if number else float("nan")
    return figures | {"held": held}


@cache
def told(customers: int, left: int) -> Left:
    """Return what is told of an arm, all of whom were followed to the end."""
    event = np.arange(customers) < left
    return left_within(np.where(event, 1.0, 9.0), event, 9.0)


def test_rows(seed: int) -> pd.DataFrame:
    """Return how often tests by lot, drawn as the package draws them, show the least effect they are said to show."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in (200, 1000, 4000):
        base = pd.DataFrame({
            "customer_id": [f"c{i}" for i in range(number)], "name": "", "account_manager": "",
            "probability": rng.beta(1.2, 8, number), "profit": rng.lognormal(7, 1.5, number),
            "group": np.where(rng.random(number) < 0.4, "contract", "spot"),
        })  # fmt: skip
        design = hold_out(base, 6, "CNY")
        for row in design.to_frame().dropna(subset=["detectable"]).itertuples():
            if row.held_back_share not in (0.1, 0.5):
                continue
            kept = row.detectable / design.leaves
            shown = {effect: [_shows(rng, base, row.held_back_share, effect) for _ in range(TESTS)]
                     for effect in (kept, 0.0)}  # fmt: skip
            rows.append({
                "accounts": number, "held back": f"{row.held_back_share:.0%}",
                "least effect, of 100": round(100 * row.detectable, 1),
                "shown": f"{np.mean(shown[kept]):.1%}", "shown where there is none": f"{np.mean(shown[0.0]):.1%}",
            })  # fmt: skip
    return pd.DataFrame(rows)


def _shows(rng: np.random.Generator, base: pd.DataFrame, share: float, kept: float) -> bool:
    """Return whether one test shows that acting helps, by the interval in which campaigns are told."""
    drawn = draw_lots(base, share, int(rng.integers(2**31)))
    control = drawn["arm"].eq(CONTROL).to_numpy()
    left = rng.random(len(drawn)) < drawn["probability"].to_numpy() * np.where(control, 1.0, 1 - kept)
    held, acted = (told(int(arm.sum()), int(left[arm].sum())) for arm in (control, ~control))
    return held.share - acted.share > NINETY * np.sqrt(held.variance + acted.variance)


def offer_rows(seed: int) -> pd.DataFrame:
    """Return what offers earn whose acceptance is drawn, by how many are contacted, against what is expected of them.

    Leavers are drawn too; who has most risk times value is contacted first. The best share is chosen knowing how many
    accept: of that the expected maximum profit is the mean.
    """
    rng = np.random.default_rng(seed)
    runs = []
    for _ in range(BASES):
        risk, value = rng.beta(1.2, 8, ACCOUNTS), rng.lognormal(8, 1.5, ACCOUNTS)
        order = np.argsort(-risk * value, kind="stable")
        effect = assumed_effect(pd.Series(risk))
        band = cumulated(effect, value, order, COST)
        number = int(band["profit"].argmax())
        accepted = rng.beta(*ACCEPTANCE, 500)[:, None]
        left = rng.random((500, ACCOUNTS)) < risk[order]
        comes = np.concatenate(
            [np.zeros((500, 1)), np.cumsum(accepted * left * value[order] - COST, axis=1)], axis=1
        )  # fmt: skip
        mean = np.concatenate([np.zeros((500, 1)), np.cumsum(accepted * risk[order] * value[order] - COST, axis=1)], 1)
        best = expected_maximum_profit(risk * value, risk, value, 0.0, COST).profit * ACCOUNTS
        one = rng.integers(500)
        runs.append({
            "best share, knowing how many accept": mean.max(axis=1).mean() / best,
            "recommended": comes[:, number].mean() / best, "all": comes[:, -1].mean() / best, "nobody": 0.0,
            "half": comes[:, ACCOUNTS // 2].mean() / best,
            "held": band["lower"].iloc[number] <= mean[one, number] <= band["upper"].iloc[number],
        })  # fmt: skip
    found = pd.DataFrame(runs)
    rows = [
        {"contacted": name, "of the expected maximum profit": f"{found[name].mean():.1%} ± {found[name].sem():.1%}",
         "band holds": inside(int(found["held"].sum()), BASES) if name == "recommended" else ""}
        for name in found.columns.drop("held")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def split_rows(seed: int) -> pd.DataFrame:
    """Return how near splits by fitted curves come to the true optimum, and whether stated losses are true."""
    rng = np.random.default_rng(seed)
    runs = pd.DataFrame([_one_split(rng) for _ in range(SPLITS)])
    rows = [
        ("best split found, true curves, of a search by brute force", f"{runs['solver'].min():.6f} at least"),
        ("best split found, fitted curves, of the true optimum", f"{runs['reached'].mean():.2%}"),
        ("the same, in the worst market", f"{runs['reached'].min():.2%}"),
    ]
    for off in OFF:
        name = f"{off:.0%}"
        rows.append(
            (
                f"loss of being {name} off, said over true",
                f"{runs[f'said {name}'].sum() / runs[f'true {name}'].sum():.2f}",
            )
        )
        rows.append((f"loss of being {name} off in its 90% interval", inside(int(runs[f"held {name}"].sum()), SPLITS)))
    rows.append(("loss of today's split in its 90% interval", inside(int(runs["held today"].sum()), SPLITS)))
    return pd.DataFrame(rows, columns=["what", "found"])


def _one_split(rng: np.random.Generator) -> dict[str, float]:
    """Return one market's split: spending drawn by lot, curves fitted to what came of it."""
    leads, customers = 3000, 2000
    win = ResponseCurve(rng.uniform(0.2, 0.6), rng.uniform(0.5, 2) / 1500)
    keep = ResponseCurve(rng.uniform(0.7, 0.95), rng.uniform(1, 4) / 600)
    true = CustomerEquity(win, keep, rng.uniform(3e3, 1e4), rng.uniform(4e3, 1.2e4), 0.1, 800, 500)
    fits = []
    for curve, number, spent in ((win, leads, 1500), (keep, customers, 600)):
        money = rng.gamma(1.5, spent / 1.5, number)
        fits.append(
            fit_response(money, rng.random(number) < curve.rate(money), "trials", seed=int(rng.integers(2**31)))
        )
    fitted = replace(true, winning=fits[0].curve, keeping=fits[1].curve)
    budget = true.prospects * 1500.0 + true.customers * 600.0
    found = winning_or_keeping(
        fitted, list(zip(fits[0].draws, fits[1].draws, strict=True)), budget, (1500.0, 600.0), "CNY"
    ).to_frame().set_index("plan")  # fmt: skip
    share, used = np.meshgrid(np.linspace(0, 1, 2001), np.linspace(0, 1, 201))
    brute = float(np.max(true.equity(used * (1 - share) * budget / true.prospects, share * budget / true.customers)))
    best, said = (float(true.equity(*plan)) for plan in (true.split(budget), found.loc[BEST, ["win", "keep"]]))
    figures = {"solver": best / brute, "reached": said / best}
    for name, plans in {
        **{f"{off:.0%}": [p for p in found.index if p.startswith(f"{off:.0%}")] for off in OFF},
        "today": [TODAY],
    }.items():
        rows = found.loc[plans]
        loss = [said - true.equity(*row) for row in rows[["win", "keep"]].to_numpy()]
        figures[f"said {name}"], figures[f"true {name}"] = rows["loss"].sum(), float(np.sum(loss))
        row = rows.iloc[int(rng.integers(len(rows)))]
        figures[f"held {name}"] = float(row["loss_lower"] <= loss[rows.index.get_loc(row.name)] <= row["loss_upper"])
    return figures


def draws_report(seed: int) -> list[str]:
    """Print the tables, and return what falls short."""
    campaigns, tests, offers, splits = campaign_rows(seed), test_rows(seed), offer_rows(seed), split_rows(seed)
    for heading, words, rows in (
        (CAMPAIGNS_HEADING,
         f"{CAMPAIGNS:,} campaigns for each row, told by tie, in which acting keeps the share given of those who "
         "would leave. Acted on are all accounts that look worth it, by effects as measured and as believed. CNY.",
         campaigns),
        (TESTS_HEADING,
         f"{TESTS:,} tests for each row, lots drawn as the package draws them among accounts of unlike risk, read by "
         "the interval in which campaigns are told.", tests),
        (OFFERS_HEADING,
         f"{BASES} bases of {ACCOUNTS} accounts, 500 draws each of how many accept and who leaves.", offers),
        (SPLITS_HEADING,
         f"{SPLITS} pairs of curves, each fitted to trials whose spending was drawn by lot.", splits),
    ):  # fmt: skip
        print(f"\n## {heading}\n\n{words}\n\n{markdown(rows)}")
    return short_of(campaigns, tests, offers, splits)


def short_of(campaigns: pd.DataFrame, tests: pd.DataFrame, offers: pd.DataFrame, splits: pd.DataFrame) -> list[str]:
    """Return what falls short of what must hold."""
    found = []
    too_much, error = _with_error(campaigns.set_index("acting keeps").loc[DRAWN, "said too much, as believed"])
    if abs(too_much) > 3 * error:
        found.append("The profit believed is not what comes where effects are drawn from the prior.")
    if not tests["shown"].map(lambda cell: abs(number_in(cell) - POWER) < NEAR).all():
        found.append("Tests by lot show their least effect more or less often than is said.")
    if tests["shown where there is none"].map(number_in).max() > (1 - LEVEL) / 2 + NEAR:
        found.append("Tests by lot show too often what is not there.")
    best, error = _with_error(offers["of the expected maximum profit"].iloc[0].replace("%", ""))
    if abs(best - 100) > 3 * error:
        found.append("The expected maximum profit is not the mean of the best profits.")
    if offers["of the expected maximum profit"].map(number_in).iloc[1:].idxmax() != 1:
        found.append("A rule of thumb earns more from offers than the recommended number.")
    figures = splits.set_index("what")["found"]
    if number_in(figures.iloc[0]) < 0.9999 or number_in(figures.iloc[1]) < 0.98:
        found.append("Splits are not near the true optimum.")
    bands = [*campaigns.loc[campaigns["acting keeps"] == DRAWN, "band holds"], offers["band holds"].iloc[1],
             *figures[figures.str.contains(" of ")]]  # fmt: skip
    for cell in bands:
        held, of = (int(part) for part in cell.split(" (")[0].split(" of "))
        if held < LEVEL * of and binomtest(held, of, LEVEL).pvalue < UNLIKELY:
            found.append(f"An interval holds too rarely: {cell}.")
    return found


def _with_error(cell: str) -> tuple[float, float]:
    """Return a figure and its standard error."""
    figure, error = (float(part.replace(",", "")) for part in cell.split(" ± "))
    return figure, error
