"""The questions of a yearly round: whom to win, who complained, who came back, who are A, B and C, whom to consult."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.clv.valuing.ranges import Range, pooled_rates, product
from clvlab.features.by_customer import aligned
from clvlab.features.customer_file.shared import plural, present
from clvlab.features.leads import OPEN, WON, lead_outcomes
from clvlab.features.winnable import YEAR_DAYS
from clvlab.refusal import Refused
from clvlab.results import Table, format_cell
from clvlab.tiers.classes.answers import Answer, Answers
from clvlab.tiers.classes.labelled import NOT_KNOWN, Classes

Tables = Mapping[str, ir.Table]
# How many are listed; and which part of customers is large.
TOP = 10
LARGE = 0.2
RENEWAL = "renewal"


def yearly_questions(
    tables: Tables,
    as_of: dt.date,
    last_year: pd.Series,
    year_before: pd.Series | None,
    classes: Callable[[], Classes],
    margin_rate: Range | None = None,
    unit: str = "",
) -> Answers:
    """Answer the questions that a business department asks itself once a year.

    Parameters
    ----------
    tables
        Accepted tables by name, as known at the end of ``as_of``.
    as_of
        The last day known; the last year is its last 365 days, the year before the 365 before.
    last_year, year_before
        What customers are ranked by, by customer_id: revenue, or weight or orders where there is no money. The name of
        ``last_year`` is what it is called. None for a year before that the records do not hold whole
        (:func:`clvlab.features.winnable.reaches_back`).
    classes
        Returns A, B, C of the same, or refuses.
    margin_rate
        Margin over revenue of the base, one entry with the ends of its 90% interval: turns quoted prices into margin.
        Without, leads are ranked by expected revenue.
    unit
        Of the ranking.

    Returns
    -------
    Answers
        A question that the records cannot answer says in one line what it needs.

    Examples
    --------
    >>> yearly_questions(tables, as_of, revenue, before, abc)                   # doctest: +SKIP
    """
    questions: dict[str, Callable[[], tuple[str, Table]]] = {
        "Whom do we most want to win this year?": lambda: most_wanted(tables, as_of, margin_rate, unit),
        "Which large customers complained more than once last year?": lambda: complained_again(
            tables, as_of, last_year, unit
        ),
        "Did last year's largest customers come back?": lambda: largest_back(tables, last_year, year_before, unit),
        "Who are A, B and C?": lambda: who_are(tables, classes(), last_year, unit),
        "Whom do we consult?": lambda: to_consult(tables, last_year, unit),
    }
    return Answers([_answered(question, answer) for question, answer in questions.items()])


def most_wanted(
    tables: Tables, as_of: dt.date, margin_rate: Range | None = None, unit: str = "", most: int = TOP
) -> tuple[str, Table]:
    """Return the open leads by expected yearly margin: margin if won times the chance to win it.

    Renewals are left out: their customers are to be kept, not won.

    Returns
    -------
    sentence, Table
        lead_id, kind, channel, open_days, quoted_price, chance and expected, the last two with 90% intervals.

    Raises
    ------
    Refused
        Without the table leads with quoted_price and won_on, without an open lead that has a price, and when none is
        expected to bring anything.

    Notes
    -----
    The chance is the share won of older leads of the same kind and channel, pooled
    (:func:`clvlab.clv.valuing.ranges.pooled_rates`): leads old enough to count as not won otherwise. It falls with the
    days a lead has been open already, by the share of winners who took longer. A quoted price is taken for a year's
    revenue; its margin rate is that of the base. Whether a dear quote is won less often is not told.
    """
    leads = tables.get("leads")
    if leads is None or "quoted_price" not in leads.columns:
        raise Refused("It needs the table leads with quoted_price and won_on.")
    outcomes = lead_outcomes(leads, as_of)
    channel = outcomes["channel"].fillna("unknown") if "channel" in outcomes else "any channel"
    outcomes = outcomes.assign(channel=channel)
    group = outcomes["kind"] + ", " + outcomes["channel"]
    older = outcomes[outcomes["given_up_on"] <= pd.Timestamp(as_of)]
    wanted = outcomes[(outcomes["outcome"] == OPEN) & outcomes["quoted_price"].notna() & (outcomes["kind"] != RENEWAL)]
    if older.empty or wanted.empty:
        raise Refused("It needs open leads with a quoted_price, and older ones to learn the chances from.")
    rate = pooled_rates(older["outcome"] == WON, group[older.index], pd.Index(sorted(group.unique())))
    took = older[older["outcome"] == WON]
    left = _share_longer(wanted, took)
    chance = Range(*(_given_still_open(side, left) for side in rate.of(group[wanted.index])))
    price = wanted["quoted_price"].astype(float)
    worth = Range(price, price, price)
    if margin_rate is not None:
        worth = Range(*(price * float(side.iloc[0]) for side in margin_rate))
    frame = wanted[["lead_id", "kind", "channel", "open_days", "quoted_price"]]
    frame = frame.assign(**chance.columns("chance"), **product(chance, worth).columns("expected"))
    frame = frame.sort_values(["expected", "lead_id"], ascending=[False, True])
    what = "margin" if margin_rate is not None else "revenue"
    total, first = float(frame["expected"].sum()), frame.iloc[0]
    if not total > 0:
        raise Refused("Of the open leads none is expected to bring anything: check quoted_price and won_on in leads.")
    sentence = (
        f"Lead {first['lead_id']}: {format_cell(float(first['expected']), 0)} {unit} of expected yearly {what}, at a"
        f" chance of {first['chance']:.0%}. The first {min(most, len(frame))} of {len(frame):,} open leads hold"
        f" {frame['expected'].head(most).sum() / total:.0%} of {format_cell(total, 0)} {unit} expected in all."
    )
    percent = ("chance", "chance_lower", "chance_upper")
    title = f"Open leads by expected yearly {what}, {unit} (90% intervals)"
    return sentence, Table(frame.head(most).reset_index(drop=True), title, 0, percent, fold=False)


def complained_again(
    tables: Tables, as_of: dt.date, amount: pd.Series, unit: str = "", share: float = LARGE, most: int = TOP
) -> tuple[str, Table]:
    """Return the large customers with more than one complaint in the last 365 days, the largest first.

    Large are the first ``share`` of customers by ``amount``. The table holds customer_id, name, complaints, open (not
    resolved yet, where that is recorded) and the amount.

    Raises
    ------
    Refused
        Without the table complaints, and when nobody has an amount.
    """
    complaints = tables.get("complaints")
    if complaints is None:
        raise Refused("It needs the table complaints.")
    large = _largest(amount, max(round(share * int((amount > 0).sum())), 1))
    day = complaints.opened_at.cast("date")
    since = as_of - dt.timedelta(days=YEAR_DAYS)
    recent = complaints.filter((day > ibis.literal(since)) & (day <= ibis.literal(as_of)))
    counts = {"complaints": recent.count()}
    if "resolved_at" in recent.columns:
        counts["open"] = recent.resolved_at.isnull().sum()
    counted = recent.group_by("customer_id").agg(**counts).to_pyarrow().to_pandas().set_index("customer_id")
    again = counted[counted["complaints"] > 1]
    those = large[large.index.isin(again.index)]
    frame = _named(tables, those.head(most)).join(again, on="customer_id")
    sentence = (
        f"{len(those):,} of the {len(large):,} largest customers complained more than once; they hold"
        f" {those.sum() / large.sum():.0%} of the {_words(amount)} of the largest."
    )
    title = f"Large customers with more than one complaint in 365 days, {_words(amount)} in {unit or 'the records'}"
    return sentence, Table(frame, title, 0, fold=False)


def largest_back(
    tables: Tables, last_year: pd.Series, year_before: pd.Series | None, unit: str = "", most: int = TOP
) -> tuple[str, Table]:
    """Return what the largest customers of the year before did in the last year.

    The table holds customer_id, name, year_before, last_year, change (share) and came_back.

    Raises
    ------
    Refused
        Without a year before, and when nobody has an amount in it.
    """
    if year_before is None:
        raise Refused("It needs records of two whole years up to the day.")
    before = _largest(year_before.rename("year_before"), most)
    frame = _named(tables, before)
    after = frame["customer_id"].map(last_year[last_year.index.isin(frame["customer_id"])]).fillna(0.0)
    change = after / frame["year_before"] - 1
    frame = frame.assign(last_year=after, change=change, came_back=after > 0)
    first, back = frame.iloc[0], int(frame["came_back"].sum())
    did = f"came back, with {first['change']:+.0%} {_words(last_year)}" if first["came_back"] else "did not come back"
    sentence = f"The largest of the year before, {first['name']}, {did}; {back} of the first {len(frame)} came back."
    title = f"The largest customers of the year before, {_words(last_year)} in {unit or 'the records'}"
    return sentence, Table(frame, title, 0, ("change",), fold=False)


def who_are(tables: Tables, classes: Classes, amount: pd.Series, unit: str = "", most: int = 3) -> tuple[str, Table]:
    """Return each class with its customers, its amount and the names of its largest."""
    held_by = aligned(amount, classes.labels.index).fillna(0.0)
    rows = []
    for label in [*classes.rules, *([NOT_KNOWN] if (classes.labels == NOT_KNOWN).any() else [])]:
        mine = held_by[(classes.labels == label).to_numpy()]
        names = _named(tables, _largest(mine, most))["name"] if (mine > 0).any() else []
        rows.append((label, len(mine), float(mine.sum()), "; ".join(names)))
    frame = pd.DataFrame(rows, columns=["class", "customers", str(amount.name), "largest"])
    held = [f"{row['class']}: {plural(row['customers'], 'customers')}" for _, row in frame.iterrows()]
    title = f"{classes.title}: {_words(amount)} in {unit or 'the records'}"
    return f"{', '.join(held)}.", Table(frame, title, 0, fold=False)


def to_consult(tables: Tables, amount: pd.Series, unit: str = "", most: int = TOP) -> tuple[str, Table]:
    """Return the largest customers, whose word on plans and service is to be asked first.

    Raises
    ------
    Refused
        When nobody has an amount.
    """
    above = amount.to_numpy()[amount.to_numpy() > 0]
    frame = _named(tables, _largest(amount, most))
    share = frame[str(amount.name)].sum() / above.sum()
    sentence = f"The first {len(frame)} of {plural(len(above), 'customers')}: {share:.0%} of the {_words(amount)}."
    title = f"Customers to consult, {_words(amount)} of the last year in {unit or 'the records'}"
    return sentence, Table(frame, title, 0, fold=False)


def _answered(question: str, answer: Callable[[], tuple[str, Table]]) -> Answer:
    try:
        return Answer(question, *answer())
    except Refused as refusal:
        return Answer(question, str(refusal))


def _largest(amount: pd.Series, most: int) -> pd.Series:
    """Return the largest amounts above 0, the largest first and equal ones by customer."""
    # Masks as arrays: a mask with an index of its own makes pandas hash every code.
    values = amount.to_numpy(dtype=float)
    above = values[values > 0]
    if not len(above):
        raise Refused(f"Nobody has {_words(amount)} above 0 in that year.")
    most = min(most, len(above))
    least = np.partition(above, -most)[-most]
    return amount[values >= least].sort_index().sort_values(ascending=False, kind="stable").head(most)


def _named(tables: Tables, amount: pd.Series) -> pd.DataFrame:
    """Return customer_id, name (the code where there is none) and the amount, in the order given."""
    frame = amount.rename_axis("customer_id").reset_index()
    customers = tables["customers"]
    known = present(customers.filter(customers.customer_id.isin(frame["customer_id"].tolist())), "name")
    names = known.drop_duplicates("customer_id").set_index("customer_id").get("name", pd.Series(dtype=object))
    frame.insert(1, "name", frame["customer_id"].map(names).fillna(frame["customer_id"]).astype(str))
    return frame


def _words(amount: pd.Series) -> str:
    return str(amount.name).replace("_", " ")


def _share_longer(wanted: pd.DataFrame, won: pd.DataFrame) -> pd.Series:
    """Return for each open lead the share of winners of its kind who took longer than it has been open."""
    left = pd.Series(1.0, wanted.index)
    for kind, mine in wanted.groupby("kind"):
        days = np.sort(won.loc[won["kind"] == kind, "open_days"].to_numpy())
        if len(days):
            left[mine.index] = 1 - np.searchsorted(days, mine["open_days"], side="right") / len(days)
    return left


def _given_still_open(chance: pd.Series, left: pd.Series) -> pd.Series:
    """Return the chance of a lead that has not been won so far, ``left`` of the winners taking longer (Bayes)."""
    return chance * left / (1 - chance * (1 - left))
