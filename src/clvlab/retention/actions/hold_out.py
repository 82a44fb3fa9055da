"""A test by lot: how many accounts to hold back, the least effect it can show, and the lots themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clvlab.refusal import Refused
from clvlab.results import Stated, Table
from clvlab.retention.actions.power import POWER, customers_needed, detectable
from clvlab.retention.arms import CONTROL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
# An effect as small as this share of those who would leave is worth asking how many customers would show it.
_WORTH_SHOWING = 0.1
TREATMENT = "treatment"
# Accounts change places with about so many neighbours before they are drawn.
_NEIGHBOURS = 10


class HoldOut(Stated):
    """What a test by lot on these accounts can show, by the share held back.

    Attributes
    ----------
    frame
        See :meth:`to_frame`.
    accounts
        customer_id, name, account_manager, probability, profit (expected, of acting), group: who may be drawn.
    leaves, months
        Share of them expected to leave when nobody acts, and within how many months.
    alike
        Intra-cluster correlation of leaving by account manager.

    Examples
    --------
    >>> accounts = pd.DataFrame({"customer_id": range(400), "name": "x", "account_manager": "m", "probability": 0.2,
    ...                          "profit": 10.0, "group": "spot"})
    >>> hold_out(accounts, 6, "CNY").finding.partition(":")[0]
    'With 400 accounts, half held back, a test shows an effect of 8.9 of 100 or more'
    """

    percent = ("held_back_share", "detectable", "detectable_by_manager")
    decimals = 1

    def __init__(
        self, frame: pd.DataFrame, accounts: pd.DataFrame, leaves: float, months: float, alike: float, currency: str
    ) -> None:
        self.frame, self.accounts, self.leaves, self.months, self.alike = frame, accounts, leaves, months, alike
        self.title = (
            f"What a test by lot shows with {POWER:.0%} probability, within {months:g} months; cost, {currency}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per share held back.

        Returns
        -------
        DataFrame
            held_back_share, held_back and acted_on (accounts), ``detectable`` (least reduction of the share that leaves
            that the test shows), ``detectable_by_manager`` (the same with lots by account manager; missing where
            managers are not known), ``profit_forgone`` (expected, of not acting on those held back, before anything
            is known).
        """
        return self.frame

    @property
    def finding(self) -> str:
        """What the largest test can show, in one sentence."""
        best = self.frame.loc[self.frame["held_back_share"].idxmax()]
        if np.isnan(best["detectable"]):
            return f"With {len(self.accounts):,} accounts a test by lot shows nothing, not even that acting keeps all"
        return (
            f"With {len(self.accounts):,} accounts, half held back, a test shows an effect of"
            f" {100 * best['detectable']:.1f} of 100 or more: {best['detectable'] / self.leaves:.0%} of those who would"
            " leave must stay"
        )

    @property
    def remarks(self) -> tuple[str, ...]:  # type: ignore[override]
        """How many customers a small effect would take, and how to draw."""
        reduction = _WORTH_SHOWING * self.leaves
        said = []
        if 0 < reduction < self.leaves < 1:
            needed = customers_needed(self.leaves, reduction)
            said.append(
                f"To show that acting keeps {_WORTH_SHOWING:.0%} of those who would leave takes {needed:,} customers,"
                " half of them held back, or as many over several rounds of the same test."
            )
        if not np.isnan(self.alike):
            said.append(
                f"Leaving is alike within a manager's accounts by a correlation of {self.alike:.3f}, so that lots drawn"
                " by manager instead of by account show only larger effects."
            )
        return (*said, "Decide before the draw whom to compare and when; compare the arms as drawn, contacted or not.")

    def lots(self, share: float = 0.5, seed: int = 1) -> Table:
        """Return the arm of each account: the list by which the test is run.

        Parameters
        ----------
        share
            Share of the accounts held back as control.
        seed
            Of the draw.

        Raises
        ------
        Refused
            For a share that is not between 0 and 1.
        """
        drawn = draw_lots(self.accounts, share, seed)
        columns = ["customer_id", "name", "account_manager", "group", "arm"]
        title = f"Lots: {int((drawn['arm'] == CONTROL).sum()):,} of {len(drawn):,} accounts held back"
        return Table(drawn[columns], title, list_name="lots")  # not shown

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the least effect shown against the share held back."""
        from clvlab.retention.actions.plots import draw_hold_out

        return draw_hold_out(self, ax)


def hold_out(
    accounts: pd.DataFrame, months: float, currency: str, inflation: float = float("nan"),
    alike: float = float("nan"), shares: Sequence[float] = SHARES,
) -> HoldOut:  # fmt: skip
    """Return what a test by lot on some accounts can show.

    Parameters
    ----------
    accounts
        customer_id, name, account_manager, probability (to leave within ``months``), profit (expected, of acting),
        group.
    months
        How long the test runs.
    currency
        Of the profit.
    inflation, alike
        From :func:`clvlab.retention.actions.power.design_effect`; missing where managers are not known.
    shares
        Shares to be held back.

    Raises
    ------
    Refused
        Without two accounts, and for shares outside 0 to 1.

    Examples
    --------
    >>> accounts = pd.DataFrame({"customer_id": range(400), "name": "x", "account_manager": "m", "probability": 0.2,
    ...                          "profit": 10.0, "group": "spot"})
    >>> hold_out(accounts, 6, "CNY", shares=[0.5]).to_frame()[["held_back", "acted_on", "profit_forgone"]]
       held_back  acted_on  profit_forgone
    0        200       200          2000.0
    """
    if len(accounts) < 2:
        raise Refused("A test by lot needs two accounts or more.")
    if not all(0 < share < 1 for share in shares):
        raise Refused(f"Shares held back are {list(shares)}; give shares between 0 and 1.")
    leaves, worth = float(accounts["probability"].mean()), float(accounts["profit"].clip(lower=0).mean())
    rows = []
    for share in shares:
        held = max(1, round(share * len(accounts)))
        acted = len(accounts) - held
        # Where lots go by manager, an account counts for as much less as the variance is inflated.
        by_manager = detectable(leaves, *(round(n / inflation) for n in (acted, held))) if inflation >= 1 else np.nan
        rows.append((share, held, acted, detectable(leaves, acted, held), by_manager, worth * held))
    columns = ["held_back_share", "held_back", "acted_on", "detectable", "detectable_by_manager", "profit_forgone"]
    return HoldOut(pd.DataFrame(rows, columns=columns), accounts, leaves, months, alike, currency)


def draw_lots(accounts: pd.DataFrame, share: float, seed: int = 1) -> pd.DataFrame:
    """Draw who is held back: within each group, among accounts of about the same margin at stake.

    Parameters
    ----------
    accounts
        customer_id, group, profit.
    share
        Share held back.
    seed
        Of the draw.

    Returns
    -------
    DataFrame
        ``accounts`` with ``arm``: control or treatment. Accounts are put in order by group and profit, shuffled among
        neighbours, and held back at even steps from a random start: large accounts do not fall into one arm by chance.

    Raises
    ------
    Refused
        For a share that is not between 0 and 1.

    Examples
    --------
    >>> accounts = pd.DataFrame({"customer_id": range(10), "group": "spot", "profit": 10.0})
    >>> draw_lots(accounts, 0.5, seed=1)["arm"].value_counts().to_dict()
    {'control': 5, 'treatment': 5}
    """
    if not 0 < share < 1:
        raise Refused(f"A share of {share} cannot be held back; give one between 0 and 1.")
    ordered = accounts.sort_values(["group", "profit", "customer_id"], ascending=[True, False, True])
    rng = np.random.default_rng(seed)
    ordered = ordered.iloc[np.argsort(np.arange(len(ordered)) + rng.uniform(0, _NEIGHBOURS, len(ordered)))]
    # Every account has the same probability, and any run of accounts the share wanted.
    passed = np.floor(rng.random() + share * np.arange(len(ordered) + 1))
    return ordered.assign(arm=np.where(np.diff(passed) > 0, CONTROL, TREATMENT)).reset_index(drop=True)
