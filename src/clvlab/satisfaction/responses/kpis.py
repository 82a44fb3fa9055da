"""The service indicators whose effect on customers is asked for, and the covariates that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Known before the month, apart from service: in this order as far as the leavings carry them.
TERMS = ("contract_running", "contract_term_ends")
CONFOUNDERS = (
    *TERMS, "tenure_years", "neglect", "price_notices", "enquiries_late", "campaign", "partners_lost",
    "ties_structural", "ties_social", "referred", "credit_grade", "industry_risk",
)  # fmt: skip
FELT_MONTHS, COUNTED_MONTHS = 6, 3


@dataclass(frozen=True)
class Kpi:
    """One indicator.

    Attributes
    ----------
    name, label
        Its field name and what it is, in words.
    covariate
        The panel's covariate: of counts its name, of shares its beginning (``late_delivery`` of ``..._mean``).
    beside
        Failures held fixed beside it, of leaving: what comes with its own (the same carrier), not by it.
    counted
        Whether the covariate counts what failed in three months (complaints settled late), not the share of orders
        felt over six.
    """

    name: str
    label: str
    covariate: str
    beside: tuple[str, ...] = ()
    counted: bool = False

    @property
    def column(self) -> str:
        """The column whose effect is the indicator's."""
        return self.covariate if self.counted else f"{self.covariate}_mean"

    @property
    def held(self) -> tuple[str, ...]:
        """Columns held fixed: a lasting change moves all months alike, so the last stays where it is to the mean."""
        return self.beside if self.counted else (f"{self.covariate}_recent", *self.beside)

    @property
    def months(self) -> int:
        """After how many months a lasting change is felt in full."""
        return COUNTED_MONTHS if self.counted else FELT_MONTHS


KPIS: tuple[Kpi, ...] = (
    Kpi("orders_without_failure", "orders without any failure", "failures"),
    Kpi("on_time_delivery", "on-time delivery", "late_delivery", ("damaged_mean", "not_carried_out_mean")),
    Kpi("cargo_damage_frequency", "undamaged delivery", "damaged", ("late_delivery_mean", "not_carried_out_mean")),
    Kpi("order_completion", "order completion", "not_carried_out", ("late_delivery_mean", "damaged_mean")),
    # Late dispatch makes deliveries late: they are its consequence, and not held fixed.
    Kpi("on_time_dispatch", "on-time dispatch", "late_dispatch", ("not_carried_out_mean",)),
    Kpi(
        "pod_return_on_time", "proof-of-delivery return on time", "pod_late",
        ("late_delivery_mean", "damaged_mean", "not_carried_out_mean"),
    ),
    Kpi(
        "complaints_settled_in_time", "complaints settled within 7 days", "complaints_slow",
        ("complaints", "failures_mean"), counted=True,
    ),
    Kpi(
        "enquiries_answered_in_time", "enquiries answered within a day", "enquiries_late",
        ("failures_mean",), counted=True,
    ),
)  # fmt: skip
BY_NAME = {one.name: one for one in KPIS}
# Kinds of failure of an order: what one of them does tells what another may do.
KINDS_OF_FAILURE = ("on_time_delivery", "cargo_damage_frequency", "order_completion")


def in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows by ``kpi`` as they are shown: as what goes well, whatever the indicator counts.

    Examples
    --------
    >>> import pandas as pd
    >>> in_words(pd.DataFrame({"kpi": ["cargo_damage_frequency"], "today": [0.99]}))
                      kpi  today
    0  undamaged delivery   0.99
    """
    return frame.assign(kpi=frame["kpi"].map(lambda kpi: BY_NAME[kpi].label))
