"""Classes by stage of life: from lead to long-standing customer, dormant, lost and returned, and how they move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.features.leads import NOT_WON, OPEN, WON, lead_moves, lead_outcomes
from clvlab.features.ledger import Ledger
from clvlab.features.lifecycle import (
    BEFORE,
    DORMANT,
    LONG_STANDING,
    LOST,
    NEW,
    POSSIBLE,
    PROSPECT,
    RETAINED,
    RETURNED,
    SATISFIED,
    Stages,
    lifecycle_months,
)
from clvlab.periods import period_index, period_start
from clvlab.refusal import Refused
from clvlab.results import Table
from clvlab.tiers.classes import markov
from clvlab.tiers.classes.labelled import Classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The move in each state that a customer makes, and no calendar.
ACTS = {
    NEW: SATISFIED, SATISFIED: DORMANT, RETAINED: DORMANT, LONG_STANDING: DORMANT, DORMANT: RETURNED, LOST: RETURNED,
    RETURNED: SATISFIED,
}  # fmt: skip
_AS_OUTCOME = {OPEN: PROSPECT, WON: NEW, NOT_WON: NOT_WON}
_SURE = 0.05


@dataclass(frozen=True, repr=False, eq=False)
class Lifecycle(Classes):
    """Customers by stage of life, and how they move from month to month.

    ``values`` holds ``months`` since the stay, or the silence, began; missing for who never ordered.

    Parameters
    ----------
    moves
        From each whole month to the next: state, months, following and n; leads included.
    months
        How many whole months the records hold.
    seed
        Of the draws behind intervals.
    """

    moves: pd.DataFrame = field(default_factory=pd.DataFrame)
    months: int = 0
    seed: int = 1

    def transitions(self) -> Table:
        """Return the month-by-month table: state, following, count, probability with its 90% interval."""
        frame = markov.transitions(self.moves, POSSIBLE)
        title = f"From month to month, over {self.months} whole months (90% intervals)"
        return Table(frame, title, 3, ("probability", "lower", "upper"), fold=False)

    def months_until_lost(self) -> Table:
        """Return the expected months until a customer who enters a state is lost, and where they are spent.

        Returns
        -------
        Table
            state, months with its 90% interval, and the months spent in each state on the way, named by it.

        Raises
        ------
        Refused
            When nobody was seen to become lost.
        """
        found = markov.expected_months(self.moves, _OF_CUSTOMERS, LOST, self.seed)
        whole = found[found["visited"] == "all"].set_index("state").drop(columns="visited")
        parts = found.pivot_table(index="state", columns="visited", values="months")[list(whole.index)]
        frame = whole.join(parts.add_prefix("in ")).reset_index()
        return Table(frame, "Expected months until lost, for who enters a state (90% intervals)", 1, fold=False)

    def returning(self, months: int = 12) -> Table:
        """Return the probability that a customer comes back after dormancy, within so many months.

        Returns
        -------
        Table
            state, probability with its 90% interval; and, of the dormant, ``before_lost``: of coming back before they
            count as lost. Of the lost there is none "ever": with any chance a month a chain returns in the end.

        Raises
        ------
        Refused
            When nobody was seen dormant, and for less than a month.
        """
        if not months >= 1:
            raise Refused(f"months = {months} is no time to come back in; give 1 or more.")
        table = markov.transitions(self.moves, _OF_CUSTOMERS).set_index(["state", "following"])["count"]
        if table[DORMANT].sum() == 0:
            raise Refused("Nobody was seen dormant, so nothing tells who comes back; it needs longer records.")
        asleep = {state: _OF_CUSTOMERS[state] for state in (DORMANT, LOST)}
        frame = markov.reaching(self.moves, asleep, RETURNED, months, self.seed)
        leaves = table[DORMANT, LOST] + table[DORMANT, RETURNED]
        back = table[DORMANT, RETURNED] / leaves if leaves else float("nan")
        frame["before_lost"] = [back if state == DORMANT else float("nan") for state in frame["state"]]
        percent = ("probability", "lower", "upper", "before_lost")
        return Table(frame, f"Back within {months} months (90% intervals)", 3, percent, fold=False)

    def time_matters(self) -> Table:
        """Return the test of whether the time already spent in a state changes what customers do next."""
        frame = markov.time_matters(self.moves, ACTS)
        percent = tuple(f"{name}{end}" for name in ("early", "late") for end in ("", "_lower", "_upper"))
        return Table(frame, "Does the time already spent in a state matter? Chance of the move in a month", 3, percent)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the month-by-month table."""
        from clvlab.tiers.classes.moving_plots import draw_transitions

        return draw_transitions(self, ax)


_OF_CUSTOMERS = {state: following for state, following in POSSIBLE.items() if state != PROSPECT}


def lifecycle(
    ledger: Ledger, stages: Stages | None = None, records_begin: str | dt.date | None = None, seed: int = 1
) -> Lifecycle:
    """Class customers by their stage of life today, and count how they moved from month to month.

    Parameters
    ----------
    ledger
        The records up to a day. Customers on file without an order are prospects, and so are leads of kind "new".
    stages
        The numbers of the rules.
    records_begin
        Since when orders are recorded, when that is before the first of them.
    seed
        Of the draws behind intervals.

    Returns
    -------
    Lifecycle

    Raises
    ------
    Refused
        As :func:`clvlab.features.lifecycle.lifecycle_months` does.

    Notes
    -----
    The rules are those of :func:`clvlab.features.lifecycle.lifecycle_months`. Expected times treat moves as a Markov
    chain: what comes next hangs on the state alone. It does not, quite: states last as long as the rules say, and
    :meth:`Lifecycle.time_matters` tests the rest. Mean stays and shares of moves are still those counted, so the times
    hold for a customer who enters a state, if business goes on as in these records; not for one midway through.

    Examples
    --------
    >>> import ibis
    >>> days = pd.to_datetime(["2024-01-10", "2024-02-10", "2024-06-11"])
    >>> shipments = ibis.memtable({"customer_id": ["a", "a", "b"], "booked_at": days})
    >>> ledger = Ledger({"shipments": shipments}, dt.date(2024, 6, 30))
    >>> lifecycle(ledger, records_begin="2020-01-01").labels.to_dict()
    {'a': 'dormant', 'b': 'new'}
    """
    stages, until = stages or Stages(), ledger.as_of
    found = lifecycle_months(ledger, stages, records_begin)
    labels, values = found.today["state"], found.today[["months"]].astype(float)
    never = ledger.customers[ledger.orders.count().to_numpy() == 0]
    labels = pd.concat([labels, pd.Series(PROSPECT, never)])
    values = pd.concat([values, pd.DataFrame({"months": np.nan}, never)])
    moves, remarks = found.moves, []
    try:
        of_leads, remark = _leads(ledger.tables.get("leads"), until)
        moves = pd.concat([of_leads, moves], ignore_index=True)
        remarks.append(remark)
    except Refused as refusal:
        remarks.append(f"Leads are not followed: {refusal}")
    if found.known_before:
        began = f"{plural(found.known_before, 'customers')} known before the records begin, nothing tells since when"
        remarks.append(f"{began}: the stage of that stay is not known and no move of theirs counts until it ends.")
    remarks.append(_whether_it_holds(moves))
    return Lifecycle(
        f"Stages of life on {until}", labels, _rules(stages, labels), values, None, "", tuple(remarks), moves,
        found.months, seed,
    )  # fmt: skip


def _leads(leads: ir.Table | None, until: dt.date) -> tuple[pd.DataFrame, str]:
    """Return the moves of leads for new customers, and how many stand open."""
    if leads is None or "kind" not in leads.columns:
        raise Refused("it needs the table leads with won_on and kind.")
    outcomes = lead_outcomes(leads.filter(leads.kind == "new"), until)
    month = period_index(until, "month")
    whole = month if period_start(month + 1, "month") - until == dt.timedelta(days=1) else month - 1
    moves = lead_moves(outcomes, whole)
    moves = moves.assign(state=PROSPECT, following=moves["outcome"].map(_AS_OUTCOME)).drop(columns="outcome")
    still = int((outcomes["outcome"] == OPEN).sum())
    # Of late, only those won are closed: the share is that of leads old enough to be given up.
    old = outcomes[outcomes["given_up_on"] <= pd.Timestamp(until)]
    won = f"{(old['outcome'] == WON).mean():.0%} of {len(old):,} older ones were won" if len(old) else "none is older"
    return moves, f"{still:,} leads for new customers stand open besides, without a customer number yet; {won}."


def _rules(stages: Stages, labels: pd.Series) -> Mapping[str, str]:
    """Return what each state means; customers known before only where there are any."""
    rules = {
        PROSPECT: "in the customer file, without an order yet",
        NEW: "ordered for the first time, and in no later month yet",
        SATISFIED: f"ordered again in a later month; the stay is younger than {stages.retained_after} months",
        RETAINED: f"{stages.retained_after} months or more without dormancy",
        LONG_STANDING: f"{stages.long_standing_after} months or more without dormancy",
        DORMANT: f"no order for {stages.dormant_after} months or more",
        LOST: f"no order for {stages.lost_after} months or more",
        RETURNED: "ordered again after dormancy, and in no later month yet",
        BEFORE: "there since before the records begin, nothing tells for how long",
    }
    return rules if (labels == BEFORE).any() else {name: rule for name, rule in rules.items() if name != BEFORE}


def _whether_it_holds(moves: pd.DataFrame) -> str:
    """Say in which states the time already spent there changes what comes next."""
    tested = markov.time_matters(moves, ACTS)
    tested = tested[tested["p_value"].notna()]
    if tested.empty:
        return "Too few moves to test whether the time already spent in a state matters; expected times take it not to."
    matters = tested[tested["p_value"] < _SURE / len(tested)]["state"].tolist()
    where = f"matters when {', '.join(matters)}" if matters else "shows no effect"
    return (
        f"The time already spent in a state {where} (of {len(tested)} states tested): expected times are those of"
        " customers who enter a state, not of those midway."
    )
