"""What customers without a running contract will buy: a purchase model's view of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

    from clvlab.clv.models.histories import Array
    from clvlab.clv.models.outlook import Outlook
    from clvlab.clv.models.purchases import PurchaseFit
    from clvlab.clv.models.stays import Stays


@dataclass(frozen=True)
class Spot:
    """Customers who buy when they like, as a stream of purchases.

    Attributes
    ----------
    fit
        A fitted purchase model.
    table
        One row per customer, as the model reads it; its index. Sorted by history, draws are fastest.
    """

    fit: PurchaseFit
    table: pd.DataFrame
    tie: ClassVar[str] = "spot"

    def probability_alive(self) -> pd.Series:
        """Return each customer's probability of still being one."""
        return self.fit.probability_alive(self.table)

    def discounted_purchases(self, outlook: Outlook) -> tuple[pd.Series, float]:
        """Return discounted expected purchases per customer, and the relative error of the quadrature."""
        return self.fit.discounted_purchases(self.table, outlook)

    def newcomer(self, outlook: Outlook) -> float:
        """Return discounted purchases, after the first, of a customer who has just made it."""
        import pandas as pd

        new = pd.DataFrame([dict.fromkeys(self.table.columns, 0.0)])
        return float(self.fit.discounted_purchases(new, outlook)[0].iloc[0])

    def next_purchase(self, chance: float) -> pd.Series:
        """Return the periods until the next purchase has come with some chance, if the customer is still there."""
        return self.fit.next_purchase(self.table, chance)

    def parameter_draws(self, n: int, rng: np.random.Generator) -> list[Array]:
        """Return n draws of the parameters."""
        return list(self.fit.estimate.draws(n, rng))

    def prepared(self, rows: slice) -> Callable[[Array, np.random.Generator], list[Stays]]:
        """Return what draws the stays of some customers, from parameters and a generator."""
        draw = self.fit.prepared_stays(self.table.iloc[rows])
        return lambda parameters, rng: [draw(parameters, rng)]
