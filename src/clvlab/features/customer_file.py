"""Whether the customer file can be trusted: stale and contradicted profiles, gaps, who owns which account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.events import INVOICED, Purchases
from clvlab.features.tables import AnyTable, as_table, to_date
from clvlab.figures import BLUE, GREY, ORANGE, SKY, new_axes
from clvlab.periods import days_per, parse_date, to_days
from clvlab.refusal import Refused
from clvlab.results import Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Tables = Mapping[str, ir.Table]

NO_MANAGER = "no manager"
NOT_ON_FILE = "not in the customer file"
# A blank here says that there is none, not that nobody has asked.
BLANK_MEANS_NONE = ("parent_id", "bill_to_id", "referred_by", "requirements")

_NO_FIELDS = ("customer_id", "source_file", "source_row")
_MOST_OVERDUE = 3.0  # older is not worse to act on, and must not drown what is known to be wrong
_SMALL, _LARGE = ("small", "小", "小型"), ("large", "大", "大型")
_FEWEST_SIZED = 20  # customers that a top tenth and a lower half are formed of
_FEWEST_NEIGHBOURS, _NEIGHBOURS_AGREE = 5, 0.8  # others at the same origin, and their share in one region
_FEWEST_BOOKINGS, _MAIN_ORIGIN = (
    3,
    0.8,
)  # shipments, and their share from one place, that make it the main one
_LAST_INVOICES, _FEWEST_INVOICES, _DUE_SLACK, _DUE_AS_AGREED = 12, 3, 3, 0.2  # slack in days
_MOST_ROWS, _MOST_BARS = 12, 20
_DIGITS = 6  # clears sums of the engine's summing order, so that a shown .5 rounds alike everywhere
_LETTERS_PER_INCH = 7


# What several of the questions below need ---------------------------------------------------------


def _present(customers: AnyTable, *names: str) -> pd.DataFrame:
    """Return customer_id and those of the named columns that there are, one row per customer."""
    columns = ["customer_id", *(name for name in names if name in customers.columns)]
    return as_table(customers, columns).to_pandas()


def _last_year(purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Return per customer the purchases, and their value where known, of the 12 months up to ``as_of``."""
    since = as_of - dt.timedelta(days=int(to_days(12, "month")))
    table = purchases.table
    table = table.filter((table.date > ibis.literal(since)) & (table.date <= ibis.literal(as_of)))
    # A credit note lowers what was invoiced, but is no purchase; a negative margin is one.
    number = (table.value.fill_null(0.0) >= 0).sum() if purchases.meaning == INVOICED else table.count()
    sums = {"value": table.value.sum().fill_null(0.0)} if purchases.value else {}
    found = table.group_by("customer_id").agg(purchases=number, **sums).to_pandas()
    return found.round(_DIGITS).astype({"purchases": "int64"})


class _Remarked(Result):
    """A result shown through a table of its most telling rows and columns, with remarks below."""

    remarks: tuple[str, ...] = ()

    def _shown(self) -> pd.DataFrame:
        raise NotImplementedError

    def _table(self) -> Table:
        return Table(self._shown(), self.title, self.decimals, self.percent)

    def __repr__(self) -> str:
        """Return title, table and remarks as text."""
        return "\n".join([repr(self._table()), *self.remarks])

    def _repr_html_(self) -> str:
        notes = "".join(f'<p class="note">{escape(remark)}</p>' for remark in self.remarks)
        return self._table()._repr_html_() + notes


def _more(frame: pd.DataFrame) -> list[str]:
    """Say how many rows a table leaves unshown."""
    return [f"And {len(frame) - _MOST_ROWS:,} more."] if len(frame) > _MOST_ROWS else []


def _state(ax: Axes, finding: str) -> None:
    figure = ax.get_figure()
    width = figure.get_figwidth() if figure is not None else 8.0  # type: ignore[union-attr]
    ax.set_title("\n".join(wrap(finding, int(width * _LETTERS_PER_INCH))))


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count != 1 else f"1 {what.removesuffix('s')}"


# Contradictions: what the profile says against what the records show ------------------------------


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
    sizes = _present(tables["customers"], "size_class").merge(volume, on="customer_id")
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
    return volume.to_pandas().round(_DIGITS), what


def region_against_origin(tables: Tables, purchases: Purchases, as_of: dt.date) -> pd.DataFrame:
    """Find customers filed under another region than most others who load mainly at the same place.

    Only where at least 5 others do and 80% of them agree. Consignees are left out: who pays on receipt does
    not load at home.
    """
    customers = _present(tables["customers"], "region", "role").dropna(subset=["region"])
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
        customers = _present(tables["customers"], column)
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
    customers = _present(tables["customers"], "account_manager")
    orphans = customers[customers.account_manager.isna()].merge(_last_year(purchases, as_of), on="customer_id")
    return _sentences(
        orphans[orphans.purchases > 0],
        lambda row: f"no account manager, but {_plural(row.purchases, 'purchases')} in the last 12 months",
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


class Contradictions(_Remarked):
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
        self.remarks = (*_more(frame), *skipped)
        customers = _plural(frame.customer_id.nunique(), "customers")
        self.title = f"{_plural(len(frame), 'contradictions')} between profile and records, {customers}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per contradiction: customer_id, rule, contradiction."""
        return self._frame

    def by_rule(self) -> Table:
        """Return how many customers break each rule that was checked, none included."""
        counts = self._frame.rule.value_counts().reindex(list(self.checked), fill_value=0)
        return Table(counts.rename_axis("rule").rename("customers").reset_index(), self.title)

    def _shown(self) -> pd.DataFrame:
        return self._frame.head(_MOST_ROWS)


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


# Stale profiles -----------------------------------------------------------------------------------


def profile_age(customers: AnyTable, as_of: str | dt.date, stale_after_months: int = 12) -> pd.DataFrame:
    """Return how long ago each profile was verified.

    Parameters
    ----------
    customers
        customer_id and profile_updated_on; onboarded_on where it is there.
    as_of
        The last day known; a later verification counts as not yet known.
    stale_after_months
        Months after which a profile is overdue.

    Returns
    -------
    DataFrame
        customer_id, months_since_verified (missing: never), never_verified, stale, months_overdue. A profile
        never verified is as old as the customer; where that day is unknown too it is stale, and months_overdue
        is missing.

    Raises
    ------
    Refused
        When the file has no profile_updated_on.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a"], "profile_updated_on": ["2023-12-31"]})
    >>> profile_age(customers, "2025-12-31").round(2).to_dict("records")[0]["months_overdue"]
    12.02
    """
    if "profile_updated_on" not in customers.columns:
        raise Refused("The age of profiles needs profile_updated_on in customers; map that column, or fill it in.")
    day = pd.Timestamp(parse_date(as_of))
    known = _present(customers, "profile_updated_on", "onboarded_on")

    def months_since(name: str) -> pd.Series:
        dates = pd.to_datetime(known[name]) if name in known else pd.Series(pd.NaT, known.index)
        return (day - dates.where(dates <= day)).dt.days / days_per("month")

    verified, onboarded = months_since("profile_updated_on"), months_since("onboarded_on")
    age = verified.fillna(onboarded)
    return pd.DataFrame(
        {
            "customer_id": known.customer_id,
            "months_since_verified": verified,
            "never_verified": verified.isna(),
            "stale": age.isna() | (age > stale_after_months),
            "months_overdue": (age - stale_after_months).clip(lower=0),
        }
    )


class StaleProfiles(_Remarked):
    """Customers by how doubtful their profile is, the worst first.

    Attributes
    ----------
    contradictions
        Each contradiction by itself.
    skipped
        What could not be checked, and what it would need.
    finding
        The result in one sentence, with its numbers.
    """

    decimals = 1

    def __init__(
        self, frame: pd.DataFrame, contradictions: Contradictions, skipped: tuple[str, ...], stale_after: int
    ) -> None:
        self._frame = frame
        self._stale_after = stale_after
        self.contradictions = contradictions
        self.skipped = skipped
        self.finding = self._found()
        self.title = f"{self.finding}: the most doubtful first"
        self.remarks = (*_more(frame), *skipped)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer.

        customer_id, account_manager where known; months_since_verified, never_verified, stale and
        months_overdue where the file tells; purchases_12_months, contradictions (how many), contradicted
        (their sentences), score.
        """
        return self._frame

    def _found(self) -> str:
        profiles = _plural(len(self._frame), "profiles")
        contradicted = f"{int((self._frame.contradictions > 0).sum()):,}"
        if "stale" not in self._frame:
            return f"Records contradict {contradicted} of {profiles}"
        old = f"{int(self._frame.stale.sum()):,} of {profiles} are older than "
        judged = f"records contradict {contradicted}" if self.contradictions.checked else "none could be checked"
        return f"{old}{_plural(self._stale_after, 'months')}; {judged}"

    def _shown(self) -> pd.DataFrame:
        unshown = ["stale", "months_overdue", "contradictions"]
        return self._frame.head(_MOST_ROWS).drop(columns=unshown, errors="ignore")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many profiles were verified how long ago; without dates, how many break each rule."""
        from matplotlib.ticker import MaxNLocator

        ax = ax or new_axes(8.0, 3.8)
        if "stale" in self._frame:
            self._draw_ages(ax)
        else:
            rules = self.contradictions.by_rule().to_frame()
            ax.barh(np.arange(len(rules))[::-1], rules.customers, color=ORANGE)
            ax.set_yticks(np.arange(len(rules))[::-1], rules.rule)
            ax.set(xlabel="customers whose profile says otherwise")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y", visible=False)
        _state(ax, self.finding)
        return ax

    def _draw_ages(self, ax: Axes) -> None:
        bands = self.by_age().to_frame()
        at = np.arange(len(bands))[::-1]
        ax.barh(at, bands.uncontradicted, color=SKY, label="nothing contradicts them")
        ax.barh(at, bands.contradicted, left=bands.uncontradicted, color=ORANGE, label="records contradict them")
        for height, all_, wrong in zip(at, bands.customers, bands.contradicted, strict=True):
            ax.text(all_, height, f" {all_:,} ({wrong:,})" if wrong else f" {all_:,}", va="center", size=9)
        ax.set_yticks(at, bands.verified)
        ax.set_xlim(0, 1.18 * max(bands.customers.max(), 1))
        ax.set(xlabel="customers (in brackets: contradicted)", ylabel="last verified")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)

    def by_age(self) -> Table:
        """Return customers by how long ago their profile was verified, and how many are contradicted.

        Raises
        ------
        Refused
            When the file has no profile_updated_on.
        """
        if "stale" not in self._frame:
            raise Refused("Profiles by age need profile_updated_on in customers; map that column, or fill it in.")
        step, frame = self._stale_after, self._frame
        names = [
            f"within {_plural(step, 'months')}",
            f"{step}-{2 * step} months ago",
            f"{2 * step}-{3 * step} months ago",
            f"over {3 * step} months ago",
            "never",
        ]
        months = frame.months_since_verified
        band = np.select([months.isna(), *(months <= step * k for k in (1, 2, 3))], [4, 0, 1, 2], 3)
        wrong = frame.contradictions > 0
        counts = pd.crosstab(band, wrong).reindex(index=range(5), columns=[False, True], fill_value=0)
        table = pd.DataFrame(
            {
                "verified": names,
                "customers": counts.sum(axis=1),
                "contradicted": counts[True],
                "uncontradicted": counts[False],
            }
        )
        return Table(table.reset_index(drop=True), "Customers by when their profile was last verified")


def stale_profiles(
    tables: Tables, purchases: Purchases, as_of: str | dt.date, stale_after_months: int = 12
) -> StaleProfiles:
    """Score each customer's profile by age and by contradiction with the records.

    The score is the months overdue in units of ``stale_after_months``, at most 3, plus one per contradiction:
    a contradiction weighs as much as one further term without verification. A profile never verified is
    overdue since onboarding, and by the most when that day is unknown. Among equal scores, whoever bought
    most in the last 12 months comes first. The score is an order for the work, not a probability.

    Parameters
    ----------
    tables
        Accepted tables by name; ``customers`` is needed.
    purchases
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day known.
    stale_after_months
        Months after which a profile is overdue.

    Raises
    ------
    Refused
        When there is neither profile_updated_on nor any column that the records could contradict.

    Examples
    --------
    >>> stale = stale_profiles(study.records.tables, study.purchases, study.as_of)    # doctest: +SKIP
    >>> stale.by_age(), stale.contradictions.by_rule()                                # doctest: +SKIP
    """
    until = parse_date(as_of)
    customers = tables["customers"]
    contradictions = profile_contradictions(tables, purchases, until)
    skipped = contradictions.skipped
    if "profile_updated_on" in customers.columns:
        frame = profile_age(customers, until, stale_after_months)
        overdue = (frame.months_overdue / stale_after_months).clip(upper=_MOST_OVERDUE).fillna(_MOST_OVERDUE)
    elif contradictions.checked:
        frame = _present(customers)
        overdue = pd.Series(0.0, frame.index)
        skipped = ("Age not scored: needs profile_updated_on in customers.", *skipped)
    else:
        raise Refused(
            "Stale profiles need profile_updated_on in customers, or columns that shipments and invoices can "
            "contradict (onboarded_on, region, size_class, payment_terms_days, account_manager); map them."
        )
    found = contradictions.to_frame().groupby("customer_id").contradiction
    bought = _last_year(purchases, until).set_index("customer_id").purchases
    frame["purchases_12_months"] = frame.customer_id.map(bought).fillna(0).astype("int64")
    frame["contradictions"] = frame.customer_id.map(found.size()).fillna(0).astype("int64")
    frame["contradicted"] = frame.customer_id.map(found.agg("; ".join)).fillna("")
    frame["score"] = overdue + frame.contradictions
    if "account_manager" in customers.columns:
        frame.insert(1, "account_manager", frame.customer_id.map(_managers(customers)))
    frame = frame.sort_values(
        ["score", "purchases_12_months", "customer_id"], ascending=[False, False, True], ignore_index=True
    )
    return StaleProfiles(frame, contradictions, skipped, stale_after_months)


def _managers(customers: AnyTable) -> pd.Series:
    """Return each customer's manager by customer_id, with a name for none."""
    named = _present(customers, "account_manager").set_index("customer_id").account_manager
    return named.where(named.notna() & (named.astype("string").str.strip() != ""), NO_MANAGER)


# Missing fields -----------------------------------------------------------------------------------


class MissingFields(_Remarked):
    """Gaps in the customer file by field, and by who owns the accounts.

    Attributes
    ----------
    remarks
        Fields that nobody lacks, and fields left out because a blank there says something.
    """

    title = "Missing fields in the customer file"
    percent = ("share",)

    def __init__(self, cells: pd.DataFrame, remarks: tuple[str, ...]) -> None:
        self._cells = cells
        fields = self.to_frame()
        full = fields.field[fields.missing == 0]
        self.remarks = (*([f"Nowhere missing: {', '.join(full)}."] if len(full) else []), *remarks)

    def cells(self) -> pd.DataFrame:
        """Return one row per field and manager: field, account_manager, customers, missing, share."""
        return self._cells

    def to_frame(self) -> pd.DataFrame:
        """Return one row per field, the worst first.

        field, customers, missing, share; and whose accounts most of the gaps are: most_with, missing_there.
        """
        ranked = self._cells.sort_values(["field", "missing", "account_manager"], ascending=[True, False, True])
        fields = ranked.groupby("field").agg(
            customers=("customers", "sum"),
            missing=("missing", "sum"),
            most_with=("account_manager", "first"),
            missing_there=("missing", "first"),
        )
        fields.insert(2, "share", fields.missing / fields.customers)
        fields["most_with"] = fields.most_with.where(fields.missing > 0, "–")
        return fields.reset_index().sort_values(["missing", "field"], ascending=[False, True], ignore_index=True)

    def by_manager(self) -> Table:
        """Return one row per manager, the one with most gaps per account first, and where they mostly are."""
        ranked = self._cells[self._cells.missing > 0].sort_values(["missing", "field"], ascending=[False, True])
        ranked = ranked.assign(text=ranked.field + " " + ranked.missing.map("{:,}".format))
        often = ranked.groupby("account_manager").text.agg(lambda texts: ", ".join(texts.head(3)))
        people = self._cells.groupby("account_manager").agg(accounts=("customers", "first"), missing=("missing", "sum"))
        people["per_account"] = people.missing / people.accounts
        people["mostly"] = often.reindex(people.index).fillna("–")
        people = people.reset_index().sort_values(
            ["per_account", "account_manager"], ascending=[False, True], ignore_index=True
        )
        return Table(people, "Missing fields by who owns the accounts", decimals=2)

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        return frame[frame.missing > 0].reset_index(drop=True) if frame.missing.any() else frame


def missing_fields(customers: AnyTable, fields: tuple[str, ...] | None = None) -> MissingFields:
    """Count the customers without each optional field, and by account manager.

    Parameters
    ----------
    customers
        The customer file; without account_manager all accounts are one line.
    fields
        Fields to look for; one that the file lacks is missing for everybody. The file's own columns when
        None, without those in :data:`BLANK_MEANS_NONE`, where a blank says "none".

    Examples
    --------
    >>> file = pd.DataFrame({"customer_id": ["a", "b"], "region": ["east", None], "name": ["A", "B"]})
    >>> missing_fields(file).to_frame()[["field", "missing", "share"]]
        field  missing  share
    0  region        1    0.5
    1    name        0    0.0
    """
    own = [name for name in customers.columns if name not in _NO_FIELDS]
    silent = [name for name in own if name in BLANK_MEANS_NONE] if fields is None else []
    wanted = list(fields) if fields is not None else [name for name in own if name not in silent]
    if not wanted:
        raise Refused("The customer file has no optional fields; map more of its columns to see what is missing.")
    table = as_table(customers, ["customer_id", *own])
    owner = table.account_manager if "account_manager" in table.columns else ibis.literal(None, "string")
    gaps = {f"gap_{i}": _blanks(table, name) for i, name in enumerate(wanted)}
    counts = table.group_by(owner=ibis.ifelse(owner.strip() == "", None, owner).fill_null(NO_MANAGER)).agg(
        customers=table.count(), **gaps
    )
    cells = counts.to_pandas().melt(["owner", "customers"], var_name="gap", value_name="missing")
    cells["field"] = [wanted[int(gap.removeprefix("gap_"))] for gap in cells.gap]
    cells["account_manager"] = cells.owner
    cells["missing"] = cells.missing.astype("int64")
    cells["share"] = cells.missing / cells.customers
    cells = cells.sort_values(["missing", "field", "account_manager"], ascending=[False, True, True], ignore_index=True)
    remarks = (f"Not counted, as a blank there means none: {', '.join(silent)}.",) if silent else ()
    return MissingFields(cells[["field", "account_manager", "customers", "missing", "share"]], remarks)


def _blanks(table: ir.Table, name: str) -> ir.IntegerScalar:
    """Return how many rows have no value, or nothing but spaces, in a column, which may be absent."""
    if name not in table.columns:
        return table.count()
    return (table[name].cast("string").strip() == "").fill_null(True).sum()


# What hangs on one person -------------------------------------------------------------------------


class AccountsByManager(_Remarked):
    """What would be orphaned if an account manager left.

    Attributes
    ----------
    measure
        What ``share`` is a share of: the purchases' meaning, or purchases when they carry no money.
    currency
        Currency of the value, blank when not given.
    finding
        The result in one sentence, with its numbers.
    remarks
        What a reader has to know beside the table.
    """

    decimals = 0
    percent = ("share", "largest_share")

    def __init__(self, frame: pd.DataFrame, measure: str, currency: str, remarks: tuple[str, ...]) -> None:
        self._frame = frame
        self.measure = measure
        self.currency = currency
        self.remarks = remarks
        money = f", {currency}" if currency and "value" in frame else ""
        self.title = f"Accounts by manager, {measure} of the last 12 months{money}"
        self.finding = _orphaned(frame, measure, currency)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per manager, the largest share first, accounts without one last.

        account_manager, accounts, active_accounts (a purchase in the last 12 months), purchases, value (when
        purchases carry money), share of the total, largest_account and its largest_share of the manager's
        own; above 1 when the manager's other accounts lose money. A share of a sum that is not positive is
        missing.
        """
        return self._frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each manager's share of the total, or the value itself where a share has no meaning."""
        special = self._frame.account_manager.isin([NO_MANAGER, NOT_ON_FILE])
        shown = pd.concat([self._frame[~special].head(_MOST_BARS), self._frame[special]])
        ax = ax or new_axes(8.0, 0.32 * len(shown) + 1.8)
        shares = shown.share.notna().all()
        column = "value" if "value" in shown else "purchases"
        lengths = 100 * shown.share if shares else shown[column].astype(float)
        at = np.arange(len(shown))[::-1]
        ax.barh(at, lengths, color=np.where(special[shown.index], GREY, BLUE).tolist())
        for height, length, row in zip(at, lengths, shown.itertuples(), strict=True):
            size = f"{length:.0f}%" if shares else f"{length:,.0f}"
            ax.text(
                max(float(length), 0.0),
                height,
                f" {size}, {row.active_accounts:,} active",
                va="center",
                size=9,
            )
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_yticks(at, shown.account_manager)
        ax.set_xlim(min(0.0, 1.1 * lengths.min()), 1.35 * max(lengths.max(), 1e-9))
        unit = "%" if shares else self.currency or "number"
        of = f" ({len(shown)} of {len(self._frame)} lines)" if len(self._frame) > len(shown) else ""
        ax.set_xlabel(f"{self.measure} of the last 12 months, {unit}{of}")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(axis="y", visible=False)
        _state(ax, self.finding)
        return ax

    def _shown(self) -> pd.DataFrame:
        return self._frame


def accounts_by_manager(
    customers: AnyTable, purchases: Purchases, as_of: str | dt.date, currency: str = ""
) -> AccountsByManager:
    """Sum up per account manager what hangs on that person.

    Parameters
    ----------
    customers
        customer_id and account_manager.
    purchases
        From :func:`clvlab.features.events.purchases`.
    as_of
        The last day of the 12 months that count.
    currency
        Currency of the purchases' value, for titles.

    Returns
    -------
    AccountsByManager
        Sums over managers equal the totals: accounts without a manager, and purchases of customers who are
        not on file, have lines of their own.

    Raises
    ------
    Refused
        When the customer file names no account managers.

    Examples
    --------
    >>> from clvlab.features.events import purchases
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "account_manager": ["Ann", None]})
    >>> invoices = ibis.memtable(
    ...     {"customer_id": ["a", "b"], "issued_on": ["2025-03-01", "2025-04-01"], "amount": [30.0, 10.0]}
    ... )
    >>> found = accounts_by_manager(customers, purchases({"invoices": invoices}), "2025-12-31")
    >>> found.to_frame()[["account_manager", "active_accounts", "value", "share"]]
      account_manager  active_accounts  value  share
    0             Ann                1   30.0   0.75
    1      no manager                1   10.0   0.25
    """
    if "account_manager" not in customers.columns:
        raise Refused("Accounts by manager need account_manager in customers; map that column, or fill it in.")
    measure = "value" if purchases.value else "purchases"
    accounts = _accounts(customers, purchases, parse_date(as_of), measure)
    sums = ["purchases", *(["value"] if purchases.value else [])]
    frame = accounts.groupby("account_manager").agg(
        accounts=("on_file", "sum"),
        active_accounts=("active", "sum"),
        **{name: (name, "sum") for name in sums},
    )
    frame = frame.round(_DIGITS)
    total = frame[measure].sum()
    frame["share"] = frame[measure] / total if total > 0 else np.nan
    largest = accounts.drop_duplicates("account_manager").set_index("account_manager")
    own = frame[measure].where(frame[measure] > 0)
    frame["largest_account"] = largest.customer_id.where(largest[measure] > 0).reindex(frame.index)
    frame["largest_share"] = largest[measure].where(largest[measure] > 0).reindex(frame.index) / own
    frame = frame.reset_index()
    frame["last"] = frame.account_manager.map({NO_MANAGER: 1, NOT_ON_FILE: 2}).fillna(0)
    frame = frame.sort_values(["last", measure, "account_manager"], ascending=[True, False, True], ignore_index=True)
    meaning = purchases.meaning or "purchases"
    remarks = _share_remarks(frame, purchases.meaning, float(total))
    return AccountsByManager(frame.drop(columns="last"), meaning, currency, remarks)


def _accounts(customers: AnyTable, purchases: Purchases, as_of: dt.date, measure: str) -> pd.DataFrame:
    """Return one row per account with its manager and what it bought, the largest first."""
    on_file = _managers(customers).rename("account_manager").reset_index().assign(on_file=1)
    accounts = on_file.merge(_last_year(purchases, as_of), on="customer_id", how="outer", validate="one_to_one")
    accounts["account_manager"] = accounts.account_manager.fillna(NOT_ON_FILE)
    accounts = accounts.fillna({"on_file": 0, "purchases": 0, **({measure: 0.0} if measure == "value" else {})})
    accounts = accounts.astype({"on_file": "int64", "purchases": "int64"})
    accounts["active"] = (accounts.purchases > 0).astype("int64")
    return accounts.sort_values([measure, "customer_id"], ascending=[False, True], ignore_index=True)


def _share_remarks(frame: pd.DataFrame, meaning: str, total: float) -> tuple[str, ...]:
    what = meaning or "purchases"
    remarks = []
    if not meaning:
        remarks.append("The records carry no money: shares are of the number of purchases.")
    if total <= 0:
        remarks.append(f"The {what} of the last 12 months sum to {total:,.0f}: shares of that mean nothing.")
    if (frame.largest_share > 1).any():
        remarks.append("A largest account above 100% is more than its manager's sum: others lose money.")
    return tuple(remarks)


def _orphaned(frame: pd.DataFrame, measure: str, currency: str) -> str:
    """Return what is orphaned when the manager with the most leaves."""
    people = frame[~frame.account_manager.isin([NO_MANAGER, NOT_ON_FILE])]
    if people.empty:
        return f"None of {_plural(int(frame.accounts.sum()), 'accounts')} has an account manager"
    first = people.iloc[0]
    active = _plural(int(first.active_accounts), "active accounts")
    if pd.isna(first.share):
        return f"{first.account_manager} looks after {active}; {measure} in total is not positive"
    money = f"{first['value']:,.0f} {currency}".strip() + ", " if "value" in frame else ""
    what = f"the last 12 months' {measure}"
    return f"{first.share:.0%} of {what} hangs on {first.account_manager} ({money}{active})"
