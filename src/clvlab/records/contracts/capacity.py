"""One row per service or lane and date: what was available and what was asked for."""

from clvlab.records.contract import Column, Contract

CAPACITY = Contract(
    name="capacity",
    one_row="capacity of a service or lane on a date",
    key=("date", "service", "lane"),
    event="date",
    columns=(
        Column("date", "date", "day, or first day of the period", required=True, serves=("service_level",)),
        Column("service", "text", "service", required=True, serves=("service_level",)),
        Column("lane", "text", "lane; blank for the whole service", identifies="lane", serves=("service_level",)),
        Column("available", "number", "shipments that could be carried", unit="shipments", at_least=0,
               serves=("service_level",)),
        Column("booked", "number", "shipments booked", unit="shipments", at_least=0, serves=("service_level",)),
        Column("refused", "number", "shipments turned down", unit="shipments", at_least=0,
               serves=("service_level",)),
    ),
)  # fmt: skip
