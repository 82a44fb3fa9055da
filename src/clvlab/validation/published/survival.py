"""Survival curves and hazard models: what textbooks and R's survival package print."""

from __future__ import annotations

import pandas as pd

from clvlab import churn
from clvlab.validation.check import CURVES, HAZARDS, Check
from clvlab.validation.published.printed import printed_checks

# Freireich et al. (1963), Blood 21: weeks in remission of 21 children on 6-MP and 21 on placebo; those still in
# remission when last seen apart.
_RELAPSED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
_IN_REMISSION = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
_PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
# Curve by week on 6-MP, log-rank test and Cox model of both: R's survival 3.5-3 (data as MASS::gehan).
_SURVIVAL = {6: "0.857", 7: "0.807", 10: "0.753", 13: "0.690", 16: "0.627", 22: "0.538", 23: "0.448"}
# Rossi, Berk & Lenihan (1980), 432 released prisoners: coxph as in Fox (2002), "Cox proportional-hazards regression
# for survival data", the companion to applied regression: coefficient, standard error.
_PRISONERS = {
    "fin": ("-0.3794", "0.1914"), "age": ("-0.0574", "0.0220"), "race": ("0.3139", "0.3080"),
    "wexp": ("-0.1498", "0.2122"), "mar": ("-0.4337", "0.3819"), "paro": ("-0.0849", "0.1958"),
    "prio": ("0.0915", "0.0286"),
}  # fmt: skip
# Crowley & Hu (1977), 103 patients of the Stanford programme, before and after the transplant: coxph with late entry,
# R's survival 3.5-3.
_HEARTS = {"age": "0.0272", "year": "-0.1463", "surgery": "-0.6372", "transplant": "-0.0103"}


def checks() -> list[Check]:
    """Return every printed figure of curves and hazard models, beside ours.

    Examples
    --------
    >>> checks()[0].checked, checks()[0].figure, checks()[0].expected
    ('Kaplan-Meier, remission on 6-MP: share at week 6', '0.857', '0.857')
    """
    return [*_remission(), *_prisoners(), *_transplants()]


def _remission() -> list[Check]:
    weeks, event = [*_RELAPSED, *_IN_REMISSION], [1] * len(_RELAPSED) + [0] * len(_IN_REMISSION)
    spells = pd.DataFrame({"duration": [*weeks, *_PLACEBO], "event": [*event, *[1] * len(_PLACEBO)]})
    spells["customer_id"], spells["placebo"] = range(len(spells)), (spells.index >= len(weeks)).astype(int)
    at = churn.survival_curve(spells[spells["placebo"] == 0]).at(list(_SURVIVAL))["survival"]
    curve = {f"share at week {week}": (text, value) for (week, text), value in zip(_SURVIVAL.items(), at, strict=True)}
    test = {"chi-squared, 6-MP against placebo": ("16.79", churn.log_rank(spells, by="placebo").chi_squared)}
    fit = churn.cox(spells, ["placebo"])
    cox = {"coefficient": ("1.572", fit.params_.iloc[0]), "standard error": ("0.412", fit.standard_errors_.iloc[0])}
    source = "R's survival, Freireich et al. (1963)"
    return [
        *printed_checks(CURVES, "Kaplan-Meier, remission on 6-MP", source, curve),
        *printed_checks(CURVES, "log-rank test", source, test),
        *printed_checks(HAZARDS, "Cox, placebo against 6-MP", source, cox),
    ]


def _prisoners() -> list[Check]:
    from lifelines.datasets import load_rossi

    fit = churn.cox(load_rossi().rename(columns={"week": "duration", "arrest": "event"}), list(_PRISONERS))
    printed = {
        f"{what} of {name}": (text, float(ours[name]))
        for what, place, ours in (("coefficient", 0, fit.params_), ("standard error", 1, fit.standard_errors_))
        for name, text in ((name, texts[place]) for name, texts in _PRISONERS.items())
    }
    return printed_checks(HAZARDS, "Cox, 432 released prisoners", "R's survival, Fox (2002)", printed)


def _transplants() -> list[Check]:
    from lifelines.datasets import load_stanford_heart_transplants

    names = {"start": "entry", "stop": "duration", "id": "customer_id"}
    fit = churn.cox(load_stanford_heart_transplants().rename(columns=names), list(_HEARTS))
    printed = {f"coefficient of {name}": (text, float(fit.params_[name])) for name, text in _HEARTS.items()}
    return printed_checks(
        HAZARDS, "Cox with late entry, 103 heart patients", "R's survival, Crowley & Hu (1977)", printed
    )
