"""Grading customers: classes of the field, scorecards, tiers, and what each tier is entitled to."""

from clvlab.tiers.classes.abc import abc_classes, volume_classes
from clvlab.tiers.classes.eighty_twenty import eighty_twenty
from clvlab.tiers.classes.lifecycle import lifecycle
from clvlab.tiers.classes.loyalty import loyalty
from clvlab.tiers.classes.pyramid import profit_pyramid
from clvlab.tiers.classes.quadrants import quadrants
from clvlab.tiers.classes.usage import usage_classes
from clvlab.tiers.classes.value_classes import value_classes
from clvlab.tiers.evidence.entitlement_effect import entitlement_effect
from clvlab.tiers.evidence.prediction import predicts
from clvlab.tiers.grading.objective_weights import critic_weights, entropy_weights
from clvlab.tiers.grading.pairwise import judged_weights
from clvlab.tiers.grading.scheme import learn_scheme
from clvlab.tiers.grading.scorecard import scorecard
from clvlab.tiers.grading.topsis import topsis
from clvlab.tiers.grading.weights import combined_weights, given_weights

__all__ = [
    "abc_classes",
    "combined_weights",
    "critic_weights",
    "eighty_twenty",
    "entitlement_effect",
    "entropy_weights",
    "given_weights",
    "judged_weights",
    "learn_scheme",
    "lifecycle",
    "loyalty",
    "predicts",
    "profit_pyramid",
    "quadrants",
    "scorecard",
    "topsis",
    "usage_classes",
    "value_classes",
    "volume_classes",
]
