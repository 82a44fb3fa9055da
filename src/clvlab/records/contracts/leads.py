"""One row per sales lead."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import not_before

LEADS = Contract(
    name="leads",
    one_row="a sales lead",
    key=("lead_id",),
    event="opened_on",
    columns=(
        Column("lead_id", "text", "the lead's number", required=True, serves=("records",)),
        Column("opened_on", "date", "day it was opened", required=True, serves=("retention",)),
        Column("kind", "text", "whom it would win", choices=("new", "cross-sell", "renewal"),
               serves=("retention", "rules_of_thumb")),
        Column("channel", "text", "where it came from", serves=("retention",)),
        Column("cost", "number", "cost of pursuing it", unit="currency", at_least=0,
               serves=("retention", "rules_of_thumb")),
        Column("quoted_price", "number", "price quoted", unit="currency", at_least=0, serves=("retention",)),
        Column("referred_by", "text", "customer_id of who referred them",
               identifies="code of a customer", serves=("retention",)),
        Column("rival", "text", "who else was asked", identifies="rival", serves=("retention",)),
        Column("trigger", "text", "what set it off", serves=("retention",)),
        Column("won_on", "date", "day it was won; blank when it was not", known=("won_on",),
               serves=("retention", "rules_of_thumb")),
        Column("customer_id", "text", "the customer it is about or became", known=("won_on",),
               until_known=True, identifies="code of a customer", serves=("retention",)),
    ),
    rules=(not_before("won_on", "opened_on"),),
)  # fmt: skip
