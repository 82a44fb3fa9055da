"""Contradictions: what the profile says against what the records show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import (
    DIGITS,
    MOST_ROWS,
    Tables,
    last_year,
    more_rows,
    plural,
    present,
)
from clvlab.features.events import Purchases
from clvlab.features.tables import to_date
from clvlab.periods import parse_date, to_days
from clvlab.results import Remarked, Table

_SMALL, _LARGE = ("small", "小", "小型"), ("large", "大", "大型")
_FEWEST_SIZED = 20  # customers that a top tenth and a lower half are formed of
_FEWEST_NEIGHBOURS, _NEIGHBOURS_AGREE = 5, 0.8  # others at the same origin, and their share in one region
_FEWEST_BOOKINGS, _MAIN_ORIGIN = 3, 0.8  # shipments, and their share from one place, that make it the main one
_LAST_INVOICES, _FEWEST_INVOICES, _DUE_SLACK, _DUE_AS_AGREED = 12, 3, 3, 0.2  # slack in days


@dataclass(frozen=True)
class Rule:
    """One way in which a profile can contradict the records.

    Parameters
    ----------
    name
        What is contradicted, in a few words.
    needs
        By table, the columns that it needs.
    find
        Returns customer_id and contradiction (a sentence with the numbers) from the tables, the purchases and
        the as-of date.
    """

    name: str
    needs: Mapping[str, tuple[str, ...]]
    find: Callable[[Tables, Purchases, dt.date], pd.DataFrame]

    def lacks(self, tables: Tables) -> str:
        """Return what the tables lack for this rule, blank when nothing."""
        absent = [
            f"{column} in {table}"
            for table, columns in self.needs.items()
            for column in columns
            if table not in tables or column not in tables[table].columns
        ]
        return " and ".join(absent)


def _sentences(found: pd.DataFrame, sentence: Callable[[pd.Series], str]) -> pd.DataFrame:
    texts = [sentence(row) for _, row in found.iterrows()]
    return pd.DataFrame({"customer_id": found.customer_id.to_numpy(), "contradiction": texts}, dtype="object")


def before_onboarding(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers who bought, or were invoiced, before the day they are said to have become one."""
    events = purchases.table.select("customer_id", "date")
    if "invoices" in tables:
        invoices = tables["invoices"]
        events = events.union(invoices.select("customer_id", date=invoices.issued_on.cast("date")))
    first = events.group_by("customer_id").agg(first=events.date.min())
    found = tables["customers"].select("customer_id", "onboarded_on").join(first, "customer_id")
    early = found.filter(found["first"] < found.onboarded_on.cast("date")).to_pandas()
    return _sentences(
        early,
        lambda row: (
            f"bought or was invoiced on {to_date(row['first'])}, before its onboarding on {to_date(row.onboarded_on)}"
        ),
    )


def size_against_volume(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers filed as small in the top tenth by volume, or as large in the lower half.

    Volume is revenue where known, else the purchases' value, else their number, over the 12 months up to a
    customer's own last purchase: a large customer who left is no small one. Customers known for less than
    that cannot be in the lower half.
    """
    volume, what = _volume(tables, purchases)
    sizes = present(tables["customers"], "size_class").merge(volume, on="customer_id")
    if len(sizes) < _FEWEST_SIZED:
        return _sentences(sizes.head(0), str)
    word = sizes["size_class"].str.strip().str.lower()
    top = word.isin(_SMALL) & (sizes.volume > sizes.volume.quantile(0.9))
    low = word.isin(_LARGE) & (sizes.volume < sizes.volume.median()) & sizes.known_a_year
    sizes["place"] = np.select([top, low], ["top tenth", "lower half"], "")
    return _sentences(
        sizes[sizes.place != ""],
        lambda row: (
            f"filed as {row['size_class']}, but its {what} of {row.volume:,.0f} in 12 months is in the "
            f"{row.place} of {len(sizes):,} customers"
        ),
    )


def _volume(tables: Tables, purchases: Purchases) -> tuple[pd.DataFrame, str]:
    """Return customer_id, volume in the 12 months up to its last purchase, known_a_year; and its name."""
    year = int(to_days(12, "month"))
    table, what = purchases.table, purchases.meaning or "number of purchases"
    amount = table.value if purchases.value else ibis.literal(1.0)
    rows = table.select("customer_id", "date", amount=amount)
    if purchases.source == "shipments" and "revenue" in tables["shipments"].columns:
        # Revenue, since a margin tells how well a customer pays and not how large it is.
        shipments, what = tables["shipments"], "revenue"
        if "refused" in shipments.columns:
            shipments = shipments.filter(~shipments.refused.fill_null(False))
        rows = shipments.select("customer_id", date=shipments.booked_at.date(), amount=shipments.revenue)
    last = rows.date.max().over(ibis.window(group_by="customer_id"))
    rows = rows.mutate(age=last.epoch_days() - rows.date.epoch_days())
    volume = rows.group_by("customer_id").agg(
        volume=rows.amount.sum(where=rows.age < year).fill_null(0.0), known_a_year=rows.age.max() >= year
    )
    return volume.to_pandas().round(DIGITS), what


def region_against_origin(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers filed under another region than most others who load mainly at the same place.

    Only where at least 5 others do and 80% of them agree. Consignees are left out: who pays on receipt does
    not load at home.
    """
    customers = present(tables["customers"], "region", "role").dropna(subset=["region"])
    if "role" in customers:
        customers = customers[customers.role.fillna("") != "consignee"]
    homes = customers.merge(_main_origins(tables["shipments"]), on="customer_id")
    counts = homes.groupby(["origin", "region"]).size().rename("here").reset_index()
    counts["others"] = counts.groupby("origin").here.transform("sum") - 1
    usual = counts.sort_values(["here", "region"], ascending=[False, True]).drop_duplicates("origin")
    usual = usual[usual.others.ge(_FEWEST_NEIGHBOURS) & (usual.here >= _NEIGHBOURS_AGREE * usual.others)]
    both = homes.merge(usual.rename(columns={"region": "usual"}), on="origin")
    return _sentences(
        both[both.region != both.usual],
        lambda row: (
            f"filed under {row.region}, but {row.here} of {row.others} other customers loading mainly in "
            f"{row.origin} are filed under {row.usual}"
        ),
    )


def _main_origins(shipments: ir.Table) -> pd.DataFrame:
    """Return customer_id and origin of those who load nearly always at one place."""
    known = shipments.drop_null("origin")
    each = known.group_by("customer_id", "origin").agg(n=known.count())
    each = each.mutate(all=each.n.sum().over(ibis.window(group_by="customer_id")))
    main = each.filter(each["all"] >= _FEWEST_BOOKINGS, each.n >= _MAIN_ORIGIN * each["all"])
    return main.select("customer_id", "origin").to_pandas()


def _reference_rule(column: str, itself: bool) -> Rule:
    """Return the rule that a column names another customer on file; ``itself``: naming itself is wrong."""

    def find(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
        customers = present(tables["customers"], column)
        named = customers.dropna(subset=[column])
        own = named[column] == named.customer_id
        wrong = ~named[column].isin(customers.customer_id) | (own & itself)
        return _sentences(
            named[wrong],
            lambda row: (
                f"{column} names the customer itself"
                if row[column] == row.customer_id
                else f"{column} {row[column]} is not in the customer file"
            ),
        )

    return Rule(f"{column} is a customer", {"customers": (column,)}, find)


def terms_against_invoices(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers of whose last 12 invoices at most a fifth fall due within 3 days of the terms."""
    invoices = tables["invoices"]
    dated = invoices.drop_null("due_on")
    if "kind" in dated.columns:  # taxes and surcharges come with the freight and would count it twice
        dated = dated.filter(dated.kind.fill_null("freight") == "freight")
    days = dated.due_on.cast("date").epoch_days() - dated.issued_on.cast("date").epoch_days()
    latest = ibis.window(group_by="customer_id", order_by=[ibis.desc("issued_on"), "invoice_id"])
    dated = dated.mutate(days=days, place=ibis.row_number().over(latest))
    dated = dated.filter(dated.place < _LAST_INVOICES)
    dated = dated.join(tables["customers"].select("customer_id", "payment_terms_days"), "customer_id")
    agreed = ((dated.days - dated.payment_terms_days).abs() <= _DUE_SLACK).sum()
    found = dated.group_by("customer_id", "payment_terms_days").agg(
        n=dated.count(), agreed=agreed, usual=dated.days.median()
    )
    wrong = found.filter(found.n >= _FEWEST_INVOICES, found.agreed <= _DUE_AS_AGREED * found.n)
    return _sentences(
        wrong.to_pandas(),
        lambda row: (
            f"terms of {row.payment_terms_days:.0f} days, but its last {row.n} invoices fall due after "
            f"{row.usual:.0f} days (median)"
        ),
    )


def active_without_manager(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers who bought in the last 12 months and whom nobody looks after."""
    customers = present(tables["customers"], "account_manager")
    orphans = customers[customers.account_manager.isna()].merge(last_year(purchases, as_of), on="customer_id")
    return _sentences(
        orphans[orphans.purchases > 0],
        lambda row: f"no account manager, but {plural(row.purchases, 'purchases')} in the last 12 months",
    )


RULES: tuple[Rule, ...] = (
    Rule("onboarded before buying", {"customers": ("onboarded_on",)}, before_onboarding),
    Rule("size fits volume", {"customers": ("size_class",)}, size_against_volume),
    Rule("region fits origin", {"customers": ("region",), "shipments": ("origin",)}, region_against_origin),
    _reference_rule("parent_id", itself=True),
    _reference_rule("bill_to_id", itself=False),  # being billed oneself is the rule, not an error
    _reference_rule("referred_by", itself=True),
    Rule(
        "payment terms fit invoices",
        {"customers": ("payment_terms_days",), "invoices": ("invoice_id", "due_on")},
        terms_against_invoices,
    ),
    Rule("active account has a manager", {"customers": ("account_manager",)}, active_without_manager),
)


class Contradictions(Remarked):
    """Profiles that the records contradict.

    Attributes
    ----------
    checked
        Names of the rules that were checked.
    skipped
        Rules that could not be checked, each with what it needs.
    """

    def __init__(self, frame: pd.DataFrame, checked: tuple[str, ...], skipped: tuple[str, ...]) -> None:
        self._frame = frame
        self.checked = checked
        self.skipped = skipped
        self.remarks = (*more_rows(frame), *skipped)
        customers = plural(frame.customer_id.nunique(), "customers")
        self.title = f"{plural(len(frame), 'contradictions')} between profile and records, {customers}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per contradiction: customer_id, rule, contradiction."""
        return self._frame

    def by_rule(self) -> Table:
        """Return how many customers break each rule that was checked, none included."""
        counts = self._frame.rule.value_counts().reindex(list(self.checked), fill_value=0)
        return Table(counts.rename_axis("rule").rename("customers").reset_index(), self.title)

    def _shown(self) -> pd.DataFrame:
        return self._frame.head(MOST_ROWS)


def profile_contradictions(tables: Tables, purchases: Purchases, as_of: str | dt.date | None = None) -> Contradictions:
    """Check each customer's profile against what the records show.

    Only facts that anyone can check count; see the rules in :data:`RULES`. A rule whose columns are absent is
    skipped and named in ``skipped``.

    Parameters
    ----------
    tables
        Accepted tables by name; ``customers`` is needed.
    purchases
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day known; the last purchase when None.

    Examples
    --------
    >>> import ibis
    >>> from clvlab.features.events import purchases
    >>> customers = ibis.memtable({"customer_id": ["a", "b"], "parent_id": ["b", "b"]})
    >>> shipments = ibis.memtable({"customer_id": ["a"], "booked_at": [pd.Timestamp("2025-03-01")]})
    >>> tables = {"customers": customers, "shipments": shipments}
    >>> found = profile_contradictions(tables, purchases(tables))
    >>> found.to_frame()[["customer_id", "contradiction"]]
      customer_id                        contradiction
    0           b  parent_id names the customer itself
    """
    until = parse_date(purchases.table.date.max().to_pandas() if as_of is None else as_of)
    found, skipped = [], []
    for rule in RULES:
        if lack := rule.lacks(tables):
            skipped.append(f"Not checked that {rule.name}: needs {lack}.")
        else:
            found.append(rule.find(tables, purchases, until).assign(rule=rule.name))
    blank = pd.DataFrame(columns=["customer_id", "rule", "contradiction"], dtype="object")
    frame = pd.concat([blank, *found])[blank.columns]
    frame = frame.sort_values(["customer_id"], kind="stable", ignore_index=True)  # rules keep their order
    checked = tuple(rule.name for rule in RULES if not rule.lacks(tables))
    return Contradictions(frame, checked, tuple(skipped))
