"""What customers will buy and be worth: models of purchases, renewals and spend."""

from clvlab.clv.backtest import backtest
from clvlab.clv.beta_geometric import BGNBD, MBGNBD
from clvlab.clv.bgbb import BGBB
from clvlab.clv.contracts import BetaDiscreteWeibull, ShiftedBetaGeometric
from clvlab.clv.margins import ContributionMargin
from clvlab.clv.pareto_nbd import ParetoNBD
from clvlab.clv.spend import GammaGamma

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "BetaDiscreteWeibull",
    "ContributionMargin",
    "GammaGamma",
    "ParetoNBD",
    "ShiftedBetaGeometric",
    "backtest",
]
