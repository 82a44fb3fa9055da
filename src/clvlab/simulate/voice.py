"""The tables of what customers say: complaints and surveys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clvlab.simulate import columns as col
from clvlab.simulate.calendar import Ints
from clvlab.simulate.customers import Flags
from clvlab.simulate.shipments import PARTIES
from clvlab.simulate.surveys import ITEMS, SCALE
from clvlab.simulate.world import World

CATEGORIES = ("late delivery", "damage", "refused order", "cancelled order", "billing")


def complaints_table(world: World) -> pa.Table:
    """Complaints about orders; handled badly means not resolved within 7 days."""
    rng, made, calendar = world.rng["complaints"], world.made, world.calendar
    orders = made.orders
    about = np.flatnonzero(orders.complained)
    u = rng.random((6, len(about)))
    category = np.select(
        [orders.damaged[about], orders.late[about], orders.refused[about], orders.cancelled[about]],
        [1, 0, 2, 3], 4,
    )  # fmt: skip
    since = np.select(
        [category == 1, category == 0, category >= 3],
        [made.delivered[about], made.due[about], made.booked[about] + 30.0],
        made.booked[about],
    )
    opened = since + 1.0 + 40.0 * u[0] ** 2
    keep = opened < world.end * col.HOURS
    about, u, category, opened = about[keep], u[:, keep], category[keep], opened[keep]
    order = np.argsort(opened, kind="stable")
    about, u, category, opened = about[order], u[:, order], category[order], opened[order]
    badly = orders.handled_badly[about]
    response = opened + np.where(badly, 20 + 90 * u[1], 0.3 + 18 * u[1] ** 2)
    resolved = opened + np.where(badly, 24 * (8 + 27 * u[2]), 20 + 140 * u[2] ** 1.5)
    party = np.where(category == 4, 0, np.maximum(made.party[about], 0))
    upheld = (party <= 2) & (u[3] < 0.9)
    end = world.end * col.HOURS
    open_still = resolved >= end
    severity = np.clip(np.floor(1 + 4 * u[4] ** 1.6 + (category == 1) + orders.urgent[about]), 1, 5)
    return pa.table(
        {
            "complaint_id": col.codes("Q", np.arange(1, len(about) + 1), 5),
            "customer_id": col.customer_codes(orders.customer[about]),
            "opened_at": col.times(calendar, opened),
            "shipment_id": col.codes("S", about + 1, 7),
            "first_response_at": col.times(calendar, response, response >= end),
            "resolved_at": col.times(calendar, resolved, open_still),
            "category": col.words(CATEGORIES, category),
            "severity": col.wholes(severity),
            "upheld": col.flags(upheld, open_still),
            "responsible_party": col.words(PARTIES, np.where(open_still, -1, party)),
        }
    )


def surveys_table(world: World) -> pa.Table:
    """Invitations twice a year to shippers and some consignees; four rows per answer, one when unanswered.

    The row of item `overall` carries satisfaction, recommendation and intention; the other items carry
    expectation and perception only.
    """
    all_rows = world.surveys.answers
    side = all_rows["consignee"].astype(int)
    top = np.where(side == 1, 5.0, float(SCALE))  # consignees answer on a scale to 5

    def score(name: str, low: float, blank: Flags | None = None) -> pa.Array:
        raw = np.round(all_rows[name] * top / SCALE)
        missing = np.isnan(raw) if blank is None else np.isnan(raw) | blank
        return col.wholes(np.nan_to_num(np.clip(raw, low, top)), missing)

    silent = np.isinf(all_rows["answered"])
    answered: Ints = np.where(silent, 0, all_rows["answered"]).astype(np.int64)
    return pa.table(
        {
            "customer_id": col.customer_codes(all_rows["who"].astype(np.int64)),
            "sent_on": col.dates(world.calendar, all_rows["sent"]),
            "answered_on": col.dates(world.calendar, answered, silent),
            "respondent_role": col.words(("shipper", "consignee"), side),
            "touchpoint": col.words(("account review", "delivery"), side),
            "item": col.words(ITEMS, all_rows["item"].astype(int)),
            "expectation": score("expectation", 1),
            "perception": score("perception", 1),
            "overall": score("overall", 1),
            "recommend": score("recommend", 0, side == 1),
            "renew_intention": score("renew", 1, side == 1),
            "rival_perception": score("rival", 1, side == 1),
            "scale_max": col.wholes(top),
        }
    )
