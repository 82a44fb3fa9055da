"""One row per answer or unanswered invitation."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before, within_scale

_ANSWERED = ("answered_on",)
_SCORES = ("expectation", "perception", "overall", "recommend", "renew_intention", "rival_perception")

SURVEYS = Contract(
    name="surveys",
    one_row="an answer or an unanswered invitation",
    key=(),
    event="sent_on",
    columns=(
        Column("customer_id", "text", "who was asked", required=True,
               identifies="code of a customer", serves=("satisfaction",)),
        Column("sent_on", "date", "day the invitation went out", required=True, serves=("satisfaction",)),
        Column("answered_on", "date", "day of the answer; blank when there was none", known=_ANSWERED,
               serves=("satisfaction",)),
        Column("respondent_role", "text", "side the respondent stands on", serves=("satisfaction",)),
        Column("touchpoint", "text", "part of the service asked about", serves=("satisfaction",)),
        Column("item", "text", "question asked", serves=("satisfaction",)),
        Column("expectation", "number", "service expected", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction",)),
        Column("perception", "number", "service received", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction",)),
        Column("overall", "number", "satisfaction on the whole", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction", "churn")),
        Column("recommend", "number", "would recommend the provider", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction", "tiers")),
        Column("renew_intention", "number", "would renew", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction", "tiers")),
        Column("rival_perception", "number", "service received from a rival", unit="score", at_least=0, known=_ANSWERED,
               serves=("satisfaction",)),
        Column("scale_max", "number", "highest score of the scale, which begins at 0 or 1", unit="score",
               at_least=1, serves=("satisfaction",)),
    ),
    rules=(not_before("answered_on", "sent_on"), *(within_scale(score) for score in _SCORES)),
)  # fmt: skip
