"""Who leaves, when and why: survival analysis of spells.

Spells are rows of ``customer_id``, ``entry``, ``duration`` (age at exit), ``event`` (0 or 1) and, where an estimator
asks for them, ``cause`` and covariates: as ``study.churn.spells`` holds them, or of your own.
"""

from clvlab.churn.checking.leakage import check_leakage, leakage_effect
from clvlab.churn.curves.cumulative_hazard import cumulative_hazard
from clvlab.churn.curves.incidence import cumulative_incidence
from clvlab.churn.curves.log_rank import log_rank
from clvlab.churn.curves.restricted_mean import restricted_mean
from clvlab.churn.curves.survival import survival_curve
from clvlab.churn.definitions import compare_definitions
from clvlab.churn.hazards.aft.model import aft
from clvlab.churn.hazards.cox.causes import cause_specific
from clvlab.churn.hazards.cox.model import cox
from clvlab.churn.hazards.monthly.model import monthly_hazard
from clvlab.churn.returns import absences, returns
from clvlab.churn.win_back import win_back

__all__ = [
    "absences",
    "aft",
    "cause_specific",
    "check_leakage",
    "compare_definitions",
    "cox",
    "cumulative_hazard",
    "cumulative_incidence",
    "leakage_effect",
    "log_rank",
    "monthly_hazard",
    "restricted_mean",
    "returns",
    "survival_curve",
    "win_back",
]
