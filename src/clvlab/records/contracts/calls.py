"""One row per note of an analyst or account manager on what came of a call, or on how likely a customer leaves."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

CALLS = Contract(
    name="calls",
    one_row="what one person noted of a customer on a day",
    key=("customer_id", "noted_on", "noted_by"),
    event="noted_on",
    columns=(
        Column("customer_id", "text", "of whom", required=True,
               identifies="code of a customer", serves=("churn", "retention")),
        Column("noted_on", "date", "day it was noted", required=True, serves=("churn", "retention")),
        Column("noted_by", "text", "who noted it", identifies="manager", serves=("churn", "retention")),
        Column("outcome", "text", "what came of the call",
               choices=("stays", "undecided", "leaves", "already left", "not reached", "complaint opened"),
               serves=("churn", "retention")),
        Column("probability", "number", "own judgement of the probability that the customer leaves within the"
               " watch list's horizon; shown beside the model's, never in its place", unit="share",
               at_least=0, at_most=1, serves=("churn", "retention")),
        Column("valid_until", "date", "last day on which that judgement counts; blank: until the next",
               serves=("churn", "retention")),
        Column("reason", "text", "what it rests on, in words", serves=("churn", "retention")),
    ),
    rules=(not_before("valid_until", "noted_on"),),
)  # fmt: skip
