"""One row per customer in a campaign."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

CAMPAIGNS = Contract(
    name="campaigns",
    one_row="a customer in a campaign",
    key=("campaign_id", "customer_id"),
    event="started_on",
    columns=(
        Column("campaign_id", "text", "the campaign's code", required=True, serves=("retention",)),
        Column("customer_id", "text", "who was in it", required=True,
               identifies="code of a customer", serves=("retention", "clv")),
        Column("started_on", "date", "day it began for this customer", required=True, serves=("retention", "clv")),
        Column("arm", "text", "what the customer got, e.g. treatment or control", required=True,
               serves=("retention",)),
        Column("offer", "text", "offer made", serves=("retention",)),
        Column("cost", "number", "cost of the action", unit="currency", at_least=0, serves=("retention", "clv")),
        Column("randomised", "flag", "whether the arm was drawn by lot", serves=("retention",)),
        Column("accepted_on", "date", "day the offer was accepted", known=("accepted_on",),
               serves=("retention",)),
    ),
    rules=(not_before("accepted_on", "started_on"),),
)  # fmt: skip
