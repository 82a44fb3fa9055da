"""What each customer did: Ibis expressions over records (summaries, KPIs, concentration, activity)."""

from clvlab.features.activity import activity_by_month
from clvlab.features.cohorts import cohorts
from clvlab.features.concentration import concentration
from clvlab.features.delays import late_by_responsible_party
from clvlab.features.histories import purchase_histories
from clvlab.features.kpis import kpis
from clvlab.features.rfv import recency_frequency_value
from clvlab.features.transactions import transaction_summary
from clvlab.features.values import value_summary

__all__ = [
    "activity_by_month",
    "cohorts",
    "concentration",
    "kpis",
    "late_by_responsible_party",
    "purchase_histories",
    "recency_frequency_value",
    "transaction_summary",
    "value_summary",
]
