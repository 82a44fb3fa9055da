"""What changed between two snapshots: figures, tiers, and names on the watch list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clvlab.reporting.snapshots import BEFORE, NOW, Snapshot, before, read

if TYPE_CHECKING:
    import pandas as pd

    from clvlab.results import Headline

# Who stands among the first so many is on the list: the calls of a month.
ON_THE_LIST = 30


class Change(NamedTuple):
    """One figure on two days; ``before`` is None where it was not told then, or told in other terms."""

    now: Headline
    before: Headline | None

    @property
    def difference(self) -> float | None:
        """What it grew by, of the figures as they are shown; None where there is nothing to subtract."""
        if self.before is None:
            return None
        now, before = self.now.value, self.before.value
        if isinstance(now, str) or isinstance(before, str) or now is None or before is None:
            return None
        return round(now, self.now.decimals) - round(before, self.now.decimals)

    @property
    def within_interval(self) -> bool | None:
        """Whether it still lies in the interval it had before: then it may not have moved at all; None without one."""
        if self.difference is None or self.before is None or self.before.lower is None or self.before.upper is None:
            return None
        return self.before.lower <= float(self.now.value or 0.0) <= self.before.upper


@dataclass(frozen=True)
class Changes:
    """Two snapshots of the same records' customers, one after the other.

    Attributes
    ----------
    before, after
        The snapshots.
    """

    before: Snapshot
    after: Snapshot

    @property
    def figures(self) -> list[Change]:
        """Every figure of the later snapshot beside the same one, name and unit, of the earlier."""
        earlier = {(headline.name, headline.unit): headline for headline in self.before.headlines}
        return [Change(headline, earlier.get((headline.name, headline.unit))) for headline in self.after.headlines]

    @property
    def other_method(self) -> bool:
        """Whether assumptions or the package changed in between, so that a part of the changes is theirs."""
        return self.before.method != self.after.method

    @property
    def other_records(self) -> bool:
        """Whether the records were others when the earlier snapshot was made."""
        return self.before.records != self.after.records

    @cached_property
    def _beside(self) -> pd.DataFrame:
        """Both snapshots' customers, what was before with ``_before``; names are today's."""
        earlier = self.before.customers.drop(columns="name").set_index("customer_id").add_suffix("_before")
        return self.after.customers.set_index("customer_id").join(earlier, how="left").reset_index()

    @property
    def new_customers(self) -> int:
        """How many customers were not known before."""
        return int((~self.after.customers["customer_id"].isin(self.before.customers["customer_id"])).sum())

    def moves(self) -> pd.DataFrame:
        """Return customers who changed tier at a review since, those of the highest value first.

        Returns
        -------
        DataFrame
            ``customer_id``, ``name``, ``tier_before``, ``tier``, ``up`` (into a better one), ``points_before`` and
            ``points`` (when each of the two was got, on today's scales), ``value``, ``value_lower``, ``value_upper``.
        """
        rows = self._in_another_tier
        rows = rows[self._moved].assign(points_before=rows["points_left"])
        rows = rows.assign(up=rows["tier_place"] < rows["tier_place_before"])
        rows = rows.sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
        columns = ["customer_id", "name", "tier_before", "tier", "up", "points_before", "points"]
        return rows[[*columns, "value", "value_lower", "value_upper"]]

    @property
    def retold(self) -> int:
        """How many are in another tier without having moved: cuts were learnt anew, or the records restated."""
        return int((~self._moved).sum())

    @property
    def _in_another_tier(self) -> pd.DataFrame:
        rows = self._beside.dropna(subset=["since", "since_before"])
        return rows[rows["tier"] != rows["tier_before"]]

    @property
    def _moved(self) -> pd.Series:
        rows, reviewed = self._in_another_tier, self.before.customers["since"].dropna().max()
        return rows["since"] > reviewed

    def move_counts(self) -> pd.DataFrame:
        """Return how many customers went from which tier to which: from best to last, those who stayed included."""
        import pandas as pd

        rows = self._beside.dropna(subset=["tier", "tier_before"])
        known = pd.concat([self.before.customers, self.after.customers]).dropna(subset=["tier"])
        order = known.sort_values("tier_place", kind="stable")["tier"].unique()
        return pd.crosstab(rows["tier_before"], rows["tier"]).reindex(index=order, columns=order, fill_value=0)

    def new_on_list(self) -> pd.DataFrame:
        """Return who is now among the first 30 of the watch list and was not before, the first to call first.

        Returns
        -------
        DataFrame
            ``watch_place``, ``customer_id``, ``name``, ``at_stake`` with ``_lower`` and ``_upper``, ``likely_cause``,
            ``watch_place_before`` (missing for who stood nowhere on it).
        """
        rows = self._beside
        rows = rows[(rows["watch_place"] <= ON_THE_LIST) & ~(rows["watch_place_before"] <= ON_THE_LIST)]
        columns = ["watch_place", "customer_id", "name", "at_stake", "at_stake_lower", "at_stake_upper", "likely_cause"]
        rows = rows.sort_values("watch_place", ignore_index=True)[[*columns, "watch_place_before"]]
        return rows.astype({"watch_place": "Int64", "watch_place_before": "Int64"})

    @property
    def had_list(self) -> bool:
        """Whether both days have a watch list."""
        return all(one.customers["watch_place"].notna().any() for one in (self.before, self.after))

    @property
    def had_tiers(self) -> bool:
        """Whether both days have tiers."""
        return all(one.customers["tier"].notna().any() for one in (self.before, self.after))


class Compared(NamedTuple):
    """What changed since the month before, and apart from it what that month's figures are on today's records.

    ``restated`` goes from what was reported then to the same day read from today's records; None when no batch was run
    then, and ``changes`` starts from today's records.
    """

    changes: Changes
    restated: Changes | None


def compared(place: Path) -> Compared | None:
    """Return what changed, from the snapshots in a folder and its neighbours; None when there was no month before.

    Raises
    ------
    Refused
        When a snapshot is damaged.
    """
    if not (place / BEFORE).is_dir():
        return None
    now, on_these_records, reported = read(place / NOW), read(place / BEFORE), before(place)
    if reported is None or reported.as_of != on_these_records.as_of:
        return Compared(Changes(on_these_records, now), None)
    return Compared(Changes(reported, now), Changes(reported, on_these_records))
