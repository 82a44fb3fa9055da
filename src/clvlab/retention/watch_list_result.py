"""The watch list as it is read: ranked accounts, those that stand apart, and the figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from clvlab.features.customer_file.shared import plural
from clvlab.results import Remarked, Table, format_cell
from clvlab.retention.in_words import plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Why an account stands apart from the ranking, and what that means for whoever reads the list.
NO_LOSS = "no margin to lose"
LIKELY_GONE = "more likely gone than not"
NOTED_LEFT = "noted as already left"
UNKNOWN = "probability or margin not known"
_MEANING = {
    NO_LOSS: "losing them would cost nothing; look at price or service level before calling",
    LIKELY_GONE: "winning them back is another matter than keeping them",
    NOTED_LEFT: "by the last outcome of a call",
    UNKNOWN: "they can't be ranked",
}
_LISTED = [
    "customer_id", "name", "account_manager", "at_stake", "at_stake_lower", "at_stake_upper", "probability", "margin",
    "already_gone", "likely_cause", "first_driver", "fact", "next_order_expected_on", "last_call",
]  # fmt: skip
_SEEN = 0.005  # a probability below this would show as 0%


class WatchList(Remarked):
    """Accounts ranked by margin at stake, those without a place in the ranking apart.

    Attributes
    ----------
    frame
        All accounts, see :meth:`to_frame`.
    as_of, months, margin_months, currency
        The last day known, within how many months an account may leave, and over how many its margin counts, in which
        currency.
    doubts
        What speaks against the margins, in sentences.
    """

    percent = ("probability", "probability_lower", "probability_upper", "already_gone", "override_probability")
    decimals = 0

    def __init__(
        self,
        frame: pd.DataFrame,
        as_of: dt.date,
        months: float,
        margin_months: float,
        currency: str,
        doubts: Sequence[str] = (),
    ) -> None:
        self.frame, self.as_of, self.currency = frame, as_of, currency
        self.months, self.margin_months, self.doubts = months, margin_months, doubts
        money = f", {currency}" if currency else ""
        self.title = (
            f"Whom to call first, {as_of}: margin at stake (of {margin_months:g} months{money}) of accounts that may "
            f"leave within {months:g} months"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the ranked accounts, the most at stake first.

        Returns
        -------
        DataFrame
            customer_id, name, account_manager, ``probability`` (to leave within the horizon, of an account still
            there), ``already_gone``, ``margin`` (if it stays), ``at_stake`` (still there x to leave x margin), each but
            already_gone with ``_lower`` and ``_upper``, its 90% interval; first_driver, second_driver, likely_cause,
            fact, silence, next_order_expected_on, partners_lost, last_call, override (in words), override_probability.
            Texts stand on one line and begin with nothing that a spreadsheet takes for a formula.
        """
        return self.frame[self.frame["apart"] == ""].drop(columns="apart").reset_index(drop=True)

    def of(self, customers: pd.Index) -> WatchList:
        """Return the list of some customers, in the same order."""
        own = self.frame[self.frame["customer_id"].isin(customers)]
        return WatchList(own, self.as_of, self.months, self.margin_months, self.currency, self.doubts)

    def apart(self) -> Table:
        """Return the accounts without a place in the ranking, by reason, those with the highest margin first."""
        columns = ["customer_id", "name", "account_manager", "apart", "probability", "already_gone", "margin"]
        found = self.frame.loc[self.frame["apart"] != "", columns].rename(columns={"apart": "why"})
        found = found.sort_values(["why", "margin", "customer_id"], ascending=[True, False, True], ignore_index=True)
        return Table(found, "Accounts that stand apart", 0, self.percent)

    @property
    def remarks(self) -> tuple[str, ...]:  # type: ignore[override]
        """How many accounts stand apart and why, and what a reader has to know about the figures."""
        counts = self.frame["apart"].value_counts()
        ranked = self.to_frame()
        apart = [
            f"{plural(int(counts[why]), 'accounts')} apart, {why}: {meaning}."
            for why, meaning in _MEANING.items()
            if why in counts
        ]
        judged = int(ranked["override"].notna().sum())
        noted = []
        if judged:
            noted = [
                f"Our people's own judgement stands beside the model's for {plural(judged, 'accounts')}; it moves none."
            ]
        how = "Intervals of the margin at stake hold 90% when probability and margin err independently of each other."
        return (*self.doubts, *apart, *noted, how)

    def list(self) -> Table:
        """Return the ranked accounts, as the list to take along."""
        return Table(self.to_frame()[_LISTED], self.title, 0, self.percent, list_name="watch_list")  # not shown

    def top(self, n: int = 10) -> Table:
        """Return the first ``n`` accounts as a table to be read before calling."""
        read = [_read(row, self.as_of) for row in self.to_frame().head(n).to_dict("records")]
        frame = pd.DataFrame(read, columns=["account", "at stake", "what to know before calling"])
        return Table(frame, self.title, 0, fold=False)

    def _in_short(self) -> Table:
        return self.top()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each account's probability to leave against its margin, those with most at stake named."""
        from clvlab.retention.plots import draw_at_stake

        return draw_at_stake(self, ax)


def _read(row: dict[Any, Any], as_of: dt.date) -> tuple[str, str, str]:
    """Return one account as texts: who it is, what is at stake, what to know."""
    texts = {name: value for name, value in row.items() if isinstance(value, str) and value}
    amount, low, high = (format_cell(row[name], 0) for name in ("at_stake", "at_stake_lower", "at_stake_upper"))
    chance, least, most = (f"{row[f'probability{end}']:.0%}" for end in ("", "_lower", "_upper"))
    gone = f"; {row['already_gone']:.0%} gone already" if row["already_gone"] >= _SEEN else ""
    know = [*([_sentence(texts["fact"])] if "fact" in texts else []), f"Likely cause: {texts['likely_cause']}"]
    know += [_sentence(texts[name]) for name in ("first_driver", "second_driver", "silence") if name in texts]
    if pd.notna(row["next_order_expected_on"]):
        overdue = " and is overdue" if row["next_order_expected_on"].date() <= as_of else ""
        know.append(f"Next order expected on {format_cell(row['next_order_expected_on'], 0)}{overdue}")
    for what, name in (("Partners lost", "partners_lost"), ("Last call", "last_call"), ("Our view", "override")):
        know += [f"{what}: {texts[name]}"] if name in texts else []
    name, code = texts["name"], plain_text(row["customer_id"])
    return (
        f"{name if name == code else f'{name} ({code})'}, {texts['account_manager']}",
        f"{amount} ({low} to {high}); {chance} ({least} to {most}) to leave{gone}",
        ". ".join(know),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
