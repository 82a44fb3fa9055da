"""One row per shipment or order."""

from clvlab.records.contract import Column, Contract
from clvlab.records.rules import (
    day_and_month_in_order,
    event_day_and_month_in_order,
    not_above,
    not_before,
)

_DELIVERED = ("delivered_at", "delivery_due_at")
_SERVICE = ("portfolio", "satisfaction", "service_level")

SHIPMENTS = Contract(
    name="shipments",
    one_row="a shipment or order",
    key=("shipment_id",),
    event="booked_at",
    columns=(
        Column("shipment_id", "text", "the shipment's or order's code", required=True, serves=("records",)),
        Column("customer_id", "text", "who ordered it", required=True,
               identifies="code of a customer", serves=("portfolio", "records", "customer_base", "clv")),
        Column("booked_at", "time", "when it was ordered", required=True,
               serves=("portfolio", "records", "customer_base", "churn", "clv")),
        Column("consignee_id", "text", "customer_id of who receives it",
               identifies="code of a customer", serves=("churn",)),
        Column("carrier_id", "text", "who carries it",
               identifies="code of a carrier", serves=("portfolio", "service_level")),
        Column("service", "text", "service ordered", serves=("tiers", "clv")),
        Column("service_category", "text", "basic transport and storage, or value added",
               choices=("basic", "value-added"), serves=("tiers",)),
        Column("origin", "text", "place of loading", identifies="place", serves=("records", "service_level")),
        Column("destination", "text", "place of unloading", identifies="place", serves=("service_level",)),
        Column("distance_km", "number", "distance by road", unit="km", at_least=0, serves=("tiers",)),
        Column("dispatch_due_at", "time", "when it should leave", serves=_SERVICE),
        Column("dispatched_at", "time", "when it left", known=("dispatched_at",), serves=_SERVICE),
        Column("arrived_at", "time", "when it reached the destination depot", known=("arrived_at",),
               serves=_SERVICE),
        Column("delivery_due_at", "time", "when it should be delivered", serves=_SERVICE),
        Column("delivered_at", "time", "when it was delivered", known=("delivered_at",), serves=_SERVICE),
        Column("pod_due_at", "time", "when the proof of delivery should be back", serves=_SERVICE),
        Column("pod_returned_at", "time", "when the proof of delivery was back", known=("pod_returned_at",),
               serves=_SERVICE),
        Column("revenue", "number", "price charged before rebate, without tax", unit="currency",
               serves=("portfolio", "records", "customer_base", "clv", "tiers")),
        Column("direct_cost", "number", "cost of moving it", unit="currency", at_least=0, known=_DELIVERED,
               serves=("portfolio", "records", "customer_base", "clv", "tiers")),
        Column("rebate", "number", "rebate granted", unit="currency", at_least=0, known=_DELIVERED,
               serves=("portfolio", "records", "customer_base", "clv", "tiers")),
        Column("claim_paid", "number", "claim paid to the customer", unit="currency", at_least=0,
               known=_DELIVERED, serves=("portfolio", "records", "customer_base", "clv", "tiers")),
        Column("weight", "number", "chargeable weight", unit="kg", at_least=0, serves=("tiers", "churn")),
        Column("pieces", "whole", "pieces handed over", unit="pieces", at_least=0, serves=_SERVICE),
        Column("damaged_pieces", "whole", "pieces damaged", unit="pieces", at_least=0, known=_DELIVERED,
               serves=_SERVICE),
        Column("urgent", "flag", "ordered as urgent", serves=_SERVICE),
        Column("completed", "flag", "carried out as ordered", known=_DELIVERED, serves=_SERVICE),
        Column("refused", "flag", "turned down by the provider for want of capacity",
               serves=("portfolio", "customer_base", "service_level", "clv")),
        Column("responsible_party", "text", "who caused the failure, if there was one", known=_DELIVERED,
               choices=("own", "carrier", "customs", "customer", "consignee"), serves=_SERVICE),
    ),
    rules=(
        # The first rule that a value breaks counts: a swapped date is named as such, not as an early one.
        event_day_and_month_in_order("booked_at", "arrived_at"),
        event_day_and_month_in_order("booked_at", "delivered_at"),
        *(
            day_and_month_in_order(column, "booked_at")
            for column in ("dispatch_due_at", "dispatched_at", "arrived_at", "delivery_due_at", "delivered_at")
        ),
        not_before("delivered_at", "booked_at"),
        not_before("arrived_at", "booked_at"),
        not_before("delivery_due_at", "booked_at"),
        # Urgent trips often leave first and are keyed in afterwards: a day is given.
        not_before("dispatched_at", "booked_at", days=1),
        not_before("dispatch_due_at", "booked_at", days=1),
        not_before("arrived_at", "dispatched_at"),
        not_before("delivered_at", "dispatched_at"),
        not_before("pod_returned_at", "delivered_at"),
        not_above("damaged_pieces", "pieces"),
    ),
)  # fmt: skip
