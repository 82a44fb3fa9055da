"""Satisfaction: how it is measured, and what drives it."""

from clvlab.satisfaction.answers import answers
from clvlab.satisfaction.drivers.asymmetry import asymmetry
from clvlab.satisfaction.drivers.drivers import drivers
from clvlab.satisfaction.drivers.importance import importance_of_kpis, importance_performance
from clvlab.satisfaction.drivers.response import satisfaction_response
from clvlab.satisfaction.drivers.slopes import slopes_around
from clvlab.satisfaction.known_before import known_before
from clvlab.satisfaction.measures.gaps import gaps
from clvlab.satisfaction.measures.nonresponse import nonresponse
from clvlab.satisfaction.measures.reliability import reliability

__all__ = [
    "answers",
    "asymmetry",
    "drivers",
    "gaps",
    "importance_of_kpis",
    "importance_performance",
    "known_before",
    "nonresponse",
    "reliability",
    "satisfaction_response",
    "slopes_around",
]
