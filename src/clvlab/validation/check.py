"""One check of a model: what was looked at, of which kind it is, what came out, and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from clvlab.results import Table

if TYPE_CHECKING:
    import pandas as pd

YES, NO, NOT_CHECKED = "yes", "no", "not checked"
# The kinds of checks, in the order in which they are shown: the first three on simulated markets or printed examples,
# calibration there and on these records, the last two on these records.
PUBLISHED = "published figures"
RECOVERY = "recovery of true values"
COVERAGE = "coverage of intervals"
CALIBRATION = "calibration"
BACKTESTS = "backtests on these records"
DATA = "checks of the records"
KINDS = (PUBLISHED, RECOVERY, COVERAGE, CALIBRATION, BACKTESTS, DATA)
# The models, in the order in which they are shown.
PURCHASES = "purchase models"
RENEWALS = "contract renewals"
MARGINS = "margins per purchase"
VALUES = "customer values"
CURVES = "survival curves"
HAZARDS = "hazard models"
LEAVING = "probabilities to leave"
LATENT = "latent leaving"
EFFECTS = "service effects"
SATISFACTION = "satisfaction logit"
ALLOCATION = "best level and budget"
PROFITS = "profit by account"
TIERS = "what tiers predict"
CAMPAIGNS = "effects of campaigns"
ACTING = "whom acting pays for"
MODELS = (
    PURCHASES, RENEWALS, MARGINS, VALUES, CURVES, HAZARDS, LEAVING, LATENT, EFFECTS, SATISFACTION, ALLOCATION, PROFITS,
    TIERS, CAMPAIGNS, ACTING,
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes
    ----------
    model
        Which model or estimator, one of ``MODELS``; of data checks the table or what they are about.
    checked
        What was looked at.
    kind
        One of ``KINDS``.
    figure, expected
        What came out and what should have, as they are shown; of what is not checked a dash, and why not.
    within
        ``"yes"``, ``"no"`` or ``"not checked"``.
    where
        Where it can be seen.

    Examples
    --------
    >>> Check(VALUES, "bias", RECOVERY, "2%", "-5% to 5%", YES, "evidence clv_market").within
    'yes'
    """

    model: str
    checked: str
    kind: str
    figure: str
    expected: str
    within: str
    where: str


def judged(within: bool) -> str:
    """Return the word for a figure that is within what was expected, or is not.

    Examples
    --------
    >>> judged(1 < 2)
    'yes'
    """
    return YES if within else NO


def verdict(checks: Sequence[Check]) -> str:
    """Return whether all that was checked is within what was expected.

    Examples
    --------
    >>> verdict([])
    'not checked'
    """
    found = {check.within for check in checks}
    return NO if NO in found else YES if YES in found else NOT_CHECKED


def counted(checks: Sequence[Check]) -> str:
    """Return how many of the checks made are within; a dash where none was made.

    Examples
    --------
    >>> counted([])
    '–'
    >>> counted([Check(VALUES, "bias", RECOVERY, "2%", "-5% to 5%", YES, "evidence clv_market")])
    '1 of 1'
    """
    made = [check for check in checks if check.within != NOT_CHECKED]
    return f"{sum(check.within == YES for check in made)} of {len(made)}" if made else "–"


def decisive(checks: Sequence[Check]) -> Check:
    """Return the check a verdict rests on: the first of those furthest from what was expected, failures before all.

    Examples
    --------
    >>> bad = Check(VALUES, "spread", RECOVERY, "9%", "-5% to 5%", NO, "evidence clv_market")
    >>> decisive([Check(VALUES, "bias", RECOVERY, "2%", "-5% to 5%", YES, "evidence clv_market"), bad]).checked
    'spread'
    """
    return min(checks, key=lambda check: (NO, YES, NOT_CHECKED).index(check.within))


def frame_of(checks: Sequence[Check]) -> pd.DataFrame:
    """Return one row per check, columns as :class:`Check` names them.

    Examples
    --------
    >>> found = Check(VALUES, "bias", RECOVERY, "2%", "-5% to 5%", YES, "evidence clv_market")
    >>> frame_of([found]).loc[0, "within"]
    'yes'
    """
    import pandas as pd

    return pd.DataFrame([asdict(check) for check in checks], columns=list(Check.__dataclass_fields__))


def listed(checks: Sequence[Check], title: str) -> Table:
    """Return checks as a table, those that fail first.

    Examples
    --------
    >>> listed([], "Nothing was checked")
    Nothing was checked: none.
    """
    ordered = sorted(checks, key=lambda check: (NO, NOT_CHECKED, YES).index(check.within))
    return Table(frame_of(ordered), title)
