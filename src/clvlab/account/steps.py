"""What to do next with an account: a short list, each step with the money behind it and the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from clvlab.account.reading import one_line
from clvlab.features.customer_file.shared import NO_MANAGER, plural
from clvlab.results import Note, Result, Table, format_cell
from clvlab.tiers.playbook.action_result import FIX, INVEST

NONE = float("nan")
# What the list "fix" calls the money behind an account that is under-served; else it loses money.
AT_STAKE = "value at stake"


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes
    ----------
    what, why
        In words.
    money, lower, upper
        The money behind it, with its 90% interval; missing where there is none.
    money_is
        What that money is.
    cost
        What doing it costs; missing where it is not known.
    """

    what: str
    why: str
    money: float = NONE
    lower: float = NONE
    upper: float = NONE
    money_is: str = ""
    cost: float = NONE


class Steps(Table):
    """Steps as they are read: the money of each with its interval in one cell."""

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        return pd.DataFrame(
            {
                "do": frame["do"],
                "money": [_in_words(row) for row in frame.to_dict("records")],
                "what it is": frame["money_is"],
                "cost": frame["cost"],
                "why": frame["why"],
            }
        )


def _in_words(row: Mapping[Any, Any]) -> str:
    """Return the money of a step with its interval."""
    amount, low, high = (format_cell(row[name], 0) for name in ("money", "lower", "upper"))
    return amount if pd.isna(row["lower"]) else f"{amount} ({low} to {high})"


def ranked(steps: Iterable[Step], currency: str, remarks: tuple[str, ...] = ()) -> Result:
    """Return steps as a list, those with the most money behind them first.

    Parameters
    ----------
    steps
        In any order.
    currency
        Of the money.
    remarks
        What has to be said beside them.

    Returns
    -------
    Result
        A table: step, ``do``, money with lower and upper, money_is, cost, why; one sentence where there is nothing to
        do.

    Examples
    --------
    >>> ranked([], "CNY")
    Nothing in these figures calls for a step of its own: keep what was agreed and look again next month.
    """
    frame = pd.DataFrame([asdict(step) for step in steps])
    if frame.empty:
        return Note(
            "Nothing in these figures calls for a step of its own: keep what was agreed and look again next month."
        )
    frame = frame.sort_values("money", ascending=False, kind="stable", na_position="last", ignore_index=True)
    frame = frame.rename(columns={"what": "do"})[["do", "money", "lower", "upper", "money_is", "cost", "why"]]
    title = "What to do next, the most money behind it first" + (f", {currency}" if currency else "")
    return Steps(frame, title, 0, fold=False, list_name="next_steps", remarks=remarks)


def listed(row: Mapping[str, Any], costs: Mapping[str, Any]) -> Step:
    """Return the step that the list invest, fix or let go asks for.

    Parameters
    ----------
    row
        The account's row of :meth:`clvlab.tiers.playbook.action_result.ActionLists.to_frame`.
    costs
        ``cultivation_cost``, in the money of invest already, and ``cost_to_close``, where known.
    """
    what, cost = "Let go, or keep at dearer terms only", NONE
    if row["list"] == INVEST:
        what, cost = "Invest: go for the business that could be won", _number(costs.get("cultivation_cost"))
    elif row["list"] == FIX and row["money_is"] == AT_STAKE:
        what, cost = "Fix the service: give what the tier is entitled to", _number(costs.get("cost_to_close"))
    elif row["list"] == FIX:
        what = "Fix the loss, by price or cost to serve"
    return Step(what, str(row["reason"]), *money_of(row, "money"), str(row["money_is"]), cost)


def overdue(invoices: pd.DataFrame, as_of: dt.date) -> list[Step]:
    """Return the claim on invoices that are past their due day.

    Examples
    --------
    >>> invoices = pd.DataFrame({"amount": [100.0], "due_on": pd.to_datetime(["2025-12-01"]), "paid_on": [pd.NaT]})
    >>> [(step.what, step.money) for step in overdue(invoices, dt.date(2025, 12, 31))]
    [('Collect 1 overdue invoice', 100.0)]
    """
    if not {"due_on", "amount"} <= set(invoices.columns):
        return []
    today = pd.Timestamp(as_of)
    unpaid = invoices["paid_on"].isna() if "paid_on" in invoices else pd.Series(False, invoices.index)
    late = invoices[unpaid & (invoices["due_on"] < today) & (invoices["amount"] > 0)]
    if late.empty:
        return []
    days = (today - late["due_on"].min()).days
    why = f"The oldest is {plural(days, 'days')} past its due day."
    disputed = int(late["disputed"].eq(True).sum()) if "disputed" in late else 0
    if disputed:
        why += f" Disputed, to be settled first: {disputed:,}."
    return [
        Step(
            f"Collect {plural(len(late), 'overdue invoices')}", why, float(late["amount"].sum()), money_is="owed to us"
        )
    ]


def beyond(row: Mapping[str, Any]) -> list[Step]:
    """Return the saving where a losing account gets more than it is entitled to; ``row`` is empty where it does not."""
    if "costs_beyond" not in row:
        return []
    why = f"Gets beyond chance more than its tier is entitled to: {row['gaps']}."
    return [Step("Give no more than is due", why, _number(row["costs_beyond"]), money_is="saved a year")]


def on_file(file: Mapping[str, Any], has_managers: bool, spend_is_stale: bool) -> list[Step]:
    """Return what to put right in the customer file.

    Examples
    --------
    >>> [step.what for step in on_file({}, has_managers=True, spend_is_stale=False)]
    ['Name an account manager']
    """
    found = []
    if has_managers and one_line(file.get("account_manager")) in ("", NO_MANAGER):
        found.append(Step("Name an account manager", "Nobody is named as responsible for this account."))
    if spend_is_stale:
        found.append(Step("Ask for today's logistics spend", "It pays us more than the spend on file."))
    return found


def money_of(row: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    """Return an amount with its interval; missing where it is not known."""
    return _number(row.get(name)), _number(row.get(f"{name}_lower")), _number(row.get(f"{name}_upper"))


def _number(amount: object) -> float:
    return NONE if amount is None else float(amount)  # type: ignore[arg-type]
