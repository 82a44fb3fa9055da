"""What customers will buy and be worth: models of purchases, renewals and spend."""

from clvlab.clv.checking.backtest import backtest
from clvlab.clv.models.beta_geometric import BGNBD, MBGNBD
from clvlab.clv.models.bgbb import BGBB
from clvlab.clv.models.margins import ContributionMargin
from clvlab.clv.models.pareto_nbd import ParetoNBD
from clvlab.clv.models.renewals import BetaDiscreteWeibull, ShiftedBetaGeometric
from clvlab.clv.models.spend import GammaGamma

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
